"""Files around the Verilog: test bench, wrapper, constraints, script and diagram."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from agreement.icarus import icarus, needs_icarus

from hlsexplore.design import Design
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input
from hlsexplore_hls import export
from hlsexplore_hls.project import Project
from hlsexplore_hls.rtl.packing import pack, unpack
from hlsexplore_hls.rtl.verilator import Bus, Model, simulate_models


def design(name: str = "fc") -> Design:
    rng = np.random.default_rng(6)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6,)),
        Node(
            name=name,
            op=Dense(kernel=rng.normal(0, 0.4, (6, 3)), bias=rng.normal(0, 0.1, 3)),
            inputs=("x",),
            shape=(3,),
        ),
        Node(name="act", op=Activation(function=Function.RELU), inputs=(name,), shape=(3,)),
    )
    made = Design.default(Graph(name="net", nodes=nodes, outputs=("act",)), type="fixed<7,3>")
    return made.with_layer(name, reuse=3, strategy="resource")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return export(design(), tmp_path / "project", flow="rtl", golden_x=np.random.default_rng(1).normal(0, 2, (50, 6)))


@needs_icarus
def test_bench_passes_on_what_was_exported(project: Project) -> None:
    assert icarus(project).splitlines()[0] == "PASSED: 50 samples"


@needs_icarus
def test_bench_fails_when_a_golden_value_is_broken(project: Project) -> None:
    file = project.path / "tb" / "y0.mem"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([f"{int(lines[0], 16) ^ 1:016x}", *lines[1:]]) + "\n")
    assert "FAILED: 1 of the outputs differ" in icarus(project)


@needs_icarus
def test_bench_fails_when_the_verilog_is_broken(project: Project) -> None:
    file = project.path / "rtl" / f"{project.top}.v"
    file.write_text(file.read_text().replace("out_valid <= act_valid", "out_valid <= 1'b0"))
    assert "FAILED: no output for" in icarus(project)


def test_every_verilog_file_has_the_time_scale(project: Project) -> None:
    # IEEE 1800, 3.14.2.3: an error in slang where some design elements have a time scale and others have none.
    files = sorted(project.path.rglob("*.v"))
    assert {file.parent.name for file in files} == {"rtl", "tb", "axis"}
    for file in files:
        lines = file.read_text().splitlines()
        assert lines[0] == "`timescale 1ns / 1ps" and not any("timescale" in line for line in lines[1:])


STALLING = """
module shell (
  input wire clk, input wire rst, input wire in_valid, output wire in_ready, input wire [{in_bits}:0] in_data,
  output wire out_valid, output wire [{out_bits}:0] out_data
);
  reg [3:0] phase;
  always @(posedge clk) phase <= rst ? 4'd0 : phase + 4'd1;
  wire valid, ready = phase == 4'd5 || phase > 4'd12;
  {top}_axis axis (.aclk(clk), .aresetn(~rst), .s_axis_tvalid(in_valid), .s_axis_tready(in_ready),
    .s_axis_tdata(in_data), .m_axis_tvalid(valid), .m_axis_tready(ready), .m_axis_tdata(out_data));
  assign out_valid = valid & ready;
endmodule
"""


def test_wrapper_loses_nothing_when_the_receiver_stalls(project: Project, tmp_path: Path) -> None:
    (raw,), (expected,) = project.golden()
    in_bits, out_bits = -(-6 * 7 // 8) * 8, -(-3 * 7 // 8) * 8
    names = [*project.extra["sources"], f"axis/{project.top}_axis.v"]
    sources = {name: (project.path / name).read_text() for name in names}
    sources["shell.v"] = STALLING.format(in_bits=in_bits - 1, out_bits=out_bits - 1, top=project.top)
    model = Model(
        sources=sources,
        top="shell",
        inputs=(Bus(port="in_data", bits=in_bits),),
        outputs=(Bus(port="out_data", bits=out_bits),),
        words=[pack(raw, 7)],
        limit_cycles=1000,
    )
    (measured,) = simulate_models([model], tmp_path / "sim")
    np.testing.assert_array_equal(unpack(measured.words[0], 3, project.outputs[0].type), expected)


def test_constraint_and_script_name_the_top_and_the_target(project: Project) -> None:
    assert (project.path / "constraints" / f"{project.top}.xdc").read_text() == (
        "create_clock -name clk -period 5.000 [get_ports clk]\n"
    )
    script = (project.path / "vivado.tcl").read_text()
    assert f"synth_design -top {project.top} -part xcvu13p-flga2577-2-e -mode out_of_context" in script


def test_diagram_is_xml_that_shows_every_layer_and_its_module(tmp_path: Path) -> None:
    project = export(design('<fc> & "x"'), tmp_path / "named", flow="rtl")
    root = ElementTree.fromstring((project.path / "diagram.svg").read_text())
    texts = [item.text for item in root.iter("{http://www.w3.org/2000/svg}text")]
    assert '<fc> & "x" (dense)' in texts and "act (relu)" in texts
    assert {layer["module"] for layer in project.extra["layers"].values()} <= set(texts)
