"""A streaming project: its files, test bench, AXI4-Stream wrapper, diagram and cycles."""

import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from agreement.icarus import icarus, needs_icarus
from agreement.networks import branched, cnn

from hlsexplore.errors import ToolError
from hlsexplore_hls import export
from hlsexplore_hls.project import Project
from hlsexplore_hls.rtl.packing import pack, unpack
from hlsexplore_hls.rtl.verilator import Bus, Model, simulate_models


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Project:
    x = np.random.default_rng(1).normal(0, 2, (12, 5, 4, 2))
    return export(cnn("stream"), tmp_path_factory.mktemp("stream") / "project", flow="rtl", golden_x=x)


@pytest.fixture
def project(exported: Project, tmp_path: Path) -> Project:
    shutil.copytree(exported.path, tmp_path / "project")
    return Project.load(tmp_path / "project")


@needs_icarus
def test_bench_passes_with_pauses_on_every_side(project: Project) -> None:
    assert icarus(project).splitlines()[0] == "PASSED: 12 samples"


@needs_icarus
def test_bench_fails_when_a_golden_value_is_broken(project: Project) -> None:
    file = project.path / "tb" / "y0.mem"
    first, *others = file.read_text().splitlines()
    file.write_text("\n".join([f"{int(first, 16) ^ 1:016x}", *others]) + "\n")
    assert "FAILED: 1 of the outputs differ" in icarus(project)


@needs_icarus
def test_bench_fails_when_the_verilog_locks_up(project: Project) -> None:
    file = project.path / "rtl" / f"{project.top}_pool.v"
    file.write_text(file.read_text().replace("assign promise = go & issue;", "assign promise = 1'b0;"))
    assert "FAILED: no output for" in icarus(project)


@needs_icarus
def test_bench_of_several_inputs_and_outputs_passes(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    x = tuple(rng.normal(0, 2, (9, 2, 3)) for _ in range(2))
    assert icarus(export(branched("stream"), tmp_path / "project", flow="rtl", golden_x=x)).startswith("PASSED: 9")


def test_project_simulates_exactly_with_the_planned_cycles(exported: Project) -> None:
    result = exported.simulate()
    assert result.differing == 0
    assert (result.latency_cycles, result.ii_cycles) == (exported.latency_cycles, exported.ii_cycles)


def test_simulation_notices_a_design_that_ignores_a_pausing_receiver(project: Project) -> None:
    file = project.path / "rtl" / f"{project.top}_dense.v"
    file.write_text(file.read_text().replace("wire leaves = out_valid & out_ready;", "wire leaves = out_valid;"))
    with pytest.raises(ToolError) as caught:
        project.simulate()
    assert "the values differ when senders and receivers pause" in str(caught.value)


SHELL = """
module shell (
  input wire clk, input wire rst, input wire in_x_valid, output wire in_x_ready, input wire [{in_bits}:0] in_x,
  output wire out_y_valid, input wire out_y_ready, output wire [{out_bits}:0] out_y
);
  {top}_axis axis (.aclk(clk), .aresetn(~rst), .s_axis_tvalid(in_x_valid), .s_axis_tready(in_x_ready),
    .s_axis_tdata(in_x), .m_axis_tvalid(out_y_valid), .m_axis_tready(out_y_ready), .m_axis_tdata(out_y[{last}:0]),
    .m_axis_tlast(out_y[{out_bits}]));
endmodule
"""


def test_wrapper_streams_whole_bytes_and_marks_the_last_beat(project: Project, tmp_path: Path) -> None:
    (raw,), (expected,) = project.golden()
    in_bits, out_bits = 24, 32
    names = [*project.extra["sources"], f"axis/{project.top}_axis.v"]
    sources = {name: (project.path / name).read_text() for name in names}
    sources["shell.v"] = SHELL.format(in_bits=in_bits - 1, out_bits=out_bits, last=out_bits - 1, top=project.top)
    model = Model(
        sources=sources,
        top="shell",
        inputs=(Bus(port="in_x", bits=in_bits, beats=20),),
        outputs=(Bus(port="out_y", bits=out_bits + 1, beats=1),),
        words=[pack(raw.reshape(-1, 2), 10)],
        limit_cycles=1000,
    )
    (measured,) = simulate_models([model], tmp_path / "sim")
    np.testing.assert_array_equal(unpack(measured.words[0], 3, project.outputs[0].type), expected)
    assert (measured.words[0][:, 1] == 1).all()


def test_manifest_tells_beats_and_cycles_of_each_layer(exported: Project) -> None:
    (image,), (result,) = exported.extra["inputs"], exported.extra["outputs"]
    assert (image["port"], image["bits"], image["beats"]) == ("in_image", 20, 20)
    assert (result["port"], result["bits"], result["beats"]) == ("out_dense", 30, 1)
    layers = exported.extra["layers"]
    assert list(layers) == ["conv", "relu", "pool", "flatten", "dense"]
    assert layers["conv"]["ii_cycles"] == exported.ii_cycles == 20 * 6 + 15
    assert {f"rtl/{layer['module']}.v" for layer in layers.values()} <= set(exported.files)


def test_diagram_shows_windows_lines_and_queues(exported: Project) -> None:
    root = ElementTree.fromstring((exported.path / "diagram.svg").read_text())
    texts = [item.text for item in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "stage 0: window 3 x 2, 2 x 3 pixels in registers; II 135" in texts
    assert "queue of 4" in texts
    assert {layer["module"] for layer in exported.extra["layers"].values()} <= set(texts)
