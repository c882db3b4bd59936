"""Small Verilog projects and a cache of their own for each test."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hlsexplore.fixed import Fixed
from hlsexplore.target import Target
from hlsexplore_hls.ports import Port
from hlsexplore_hls.project import Project

TOP = """
module net_top (input clk, input [31:0] x, output [23:0] y);
  wire [47:0] a;
  wire [23:0] b;
  net_fc first (.clk(clk), .x(x), .y(a));
  net_relu half_0 (.clk(clk), .x(a[23:0]), .y(b));
  reg [23:0] late;
  always @(posedge clk) late <= b;
  assign y = late;
endmodule
"""
FC = """
module net_fc (input clk, input signed [31:0] x, output reg signed [47:0] y);
  wire signed [15:0] x0 = x[15:0];
  wire signed [15:0] x1 = x[31:16];
  wire signed [15:0] sum = x0 + x1;
  wire signed [15:0] difference = x1 - x0;
  always @(posedge clk) y <= {sum, difference, x0};
endmodule
"""
RELU = """
module net_relu (input clk, input [23:0] x, output reg [23:0] y);
  always @(posedge clk) y <= x[23] ? 24'd0 : x;
endmodule
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(folder))
    monkeypatch.delenv("HLSEXPLORE_YOSYS", raising=False)
    return folder


@pytest.fixture(autouse=True)
def work(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where tools work in a test; nothing stays there, however the test's tools end."""
    folder = tmp_path_factory.mktemp("work")
    monkeypatch.setenv("HLSEXPLORE_WORK", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def verilog() -> dict[str, str]:
    return {"rtl/net_top.v": TOP, "rtl/net_fc.v": FC, "rtl/net_relu.v": RELU}


@pytest.fixture
def rtl_project(tmp_path: Path, verilog: dict[str, str]) -> Project:
    folder = tmp_path / "project"
    for name, text in verilog.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    port = Port(name="in", identifier="n_in", shape=(2,), type=Fixed.parse("fixed<16,6>"))
    return Project(
        path=folder,
        flow="rtl",
        model="net",
        design_key="k" * 64,
        target=Target(),
        top="net_top",
        interface="plain",
        latency_cycles=3,
        ii_cycles=1,
        inputs=(port,),
        outputs=(port,),
        layers={"fc 1": "fc", "fc 1 relu": "net_relu"},
        files={name: hashlib.sha256(text.encode()).hexdigest() for name, text in verilog.items()},
        extra={"layers": {"fc 1": {"module": "net_fc", "latency_cycles": 1, "ii_cycles": 1}}},
    )
