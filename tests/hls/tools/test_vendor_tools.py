"""The vendor's tools, played by programs that succeed, fail, hang, flood, fork, and leave partial or old reports."""

import json
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hlsexplore import Design, Graph
from hlsexplore.errors import CancelledError, ConfigError, ToolError
from hlsexplore.report import Figures, Report
from hlsexplore.support.progress import Event
from hlsexplore.target import Target
from hlsexplore_hls import Project, export
from hlsexplore_hls.reports.stored import load_report
from hlsexplore_hls.tools.bitfile import link_command, zynq_script
from hlsexplore_hls.tools.boards import BOARDS
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.runner import run
from hlsexplore_hls.tools.synthesize import synthesize
from hlsexplore_hls.tools.tcl import render, word
from hlsexplore_hls.tools.vitis import steps_of
from hlsexplore_hls.tools.vivado import constraints, script

Golden = Callable[[str, str], None]
MOCKS = Path(__file__).parents[2] / "mock_tools"
TOTAL = Figures(
    lut=16512,
    ff=2674,
    dsp=50,
    bram18=4,
    uram=0,
    latency_cycles_min=11,
    latency_cycles_max=12,
    ii_cycles=2,
    clock_ns=3.561,
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, small_graph: Graph) -> Project:
    return export(Design.default(small_graph), tmp_path_factory.mktemp("projects") / "vitis", flow="vitis")


@pytest.fixture
def project(exported: Project, tmp_path: Path) -> Project:
    shutil.copytree(exported.path, tmp_path / "project")
    return replace(exported, path=tmp_path / "project")


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH without the vendor's tools, but with a shell."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    for name in ("VITIS_HLS", "VITIS_RUN", "VIVADO_HLS", "VIVADO", "VPP", "REMOTE"):
        monkeypatch.delenv(f"HLSEXPLORE_{name}", raising=False)
    return folder


def install(folder: Path, name: str, mock: str) -> Path:
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys\n{(MOCKS / mock).read_text()}")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("tool", "program"), [("vitis_hls", "vitis_hls"), ("vitis_hls", "vitis-run"), ("vivado_hls", "vivado_hls")]
)
def test_hls_tool_gives_a_report_bound_to_the_design(
    project: Project, bin_folder: Path, tool: str, program: str
) -> None:
    install(bin_folder, program, "hls_tool.py")
    events: list[Event] = []
    report = project.synthesize(tool, on_event=events.append)
    assert (report.source, report.tool, report.design_key) == ("csynth", tool, project.design_key)
    assert report.tool_version == ("2019.2" if tool == "vivado_hls" else "2023.2")
    assert report.total == TOTAL
    assert report.layers["dense_1"].lut == 8169 and report.layers["relu"].lut == 490
    assert "The report does not tell which modules belong to the layer 'softmax'." in report.missing
    assert [event.text for event in events if event.kind == "stage"] == [f"{tool}: starting", "csynth", f"{tool}: done"]
    assert any("HLSEXPLORE STAGE csynth" in event.text for event in events if event.kind == "log")
    assert load_report(project, tool) == report
    folder = project.path / "build" / tool
    assert sorted(path.name for path in folder.iterdir()) == ["csynth.json", "report.json", "result"]
    assert (folder / "result" / "build/hls/solution1/syn/report" / f"{project.top}_csynth.xml").is_file()


def test_each_step_has_its_own_report(project: Project, bin_folder: Path) -> None:
    install(bin_folder, "vitis_hls", "hls_tool.py")
    events: list[Event] = []
    report = synthesize(project, "vitis_hls:cosim+vsynth+csim+export", on_event=events.append)
    assert report.source == "csynth"
    stages = [event for event in events if event.kind == "stage"][1:-1]
    assert [event.text for event in stages] == ["csim", "csynth", "cosim", "export", "vsynth"]
    fractions = [event.fraction for event in stages]
    assert fractions == sorted(fractions, key=float) and fractions[0] == 0.0
    folder = project.path / "build" / "vitis_hls"
    cosim, vsynth = (
        Report.from_dict(json.loads((folder / f"{step}.json").read_text())) for step in ("cosim", "vsynth")
    )
    assert cosim.total == Figures(latency_cycles_min=14, latency_cycles_max=15, ii_cycles=2)
    assert (cosim.source, cosim.design_key) == ("cosim", project.design_key)
    assert vsynth.total == Figures(lut=7945, ff=8073, dsp=12, bram18=5, uram=0, clock_ns=3.605)
    assert (vsynth.source, vsynth.tool, vsynth.tool_version) == ("vsynth", "vivado", "2023.2")


def test_missing_tool_says_what_works_without_it(project: Project, bin_folder: Path) -> None:
    with pytest.raises(ToolError) as error:
        project.synthesize("vitis_hls")
    assert str(error.value) == (
        "'vitis_hls' was not found. Put it on PATH or set HLSEXPLORE_VITIS_HLS. "
        "Without it, the tool 'yosys' can synthesize this design."
    )


def test_variable_names_the_tool(
    project: Project, bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(tmp_path, "vitis-run", "hls_tool.py")
    monkeypatch.setenv("HLSEXPLORE_VITIS_HLS", str(path))
    assert project.synthesize("vitis_hls").total == TOTAL
    monkeypatch.setenv("HLSEXPLORE_VITIS_HLS", str(tmp_path / "nowhere"))
    with pytest.raises(ToolError) as error:
        project.synthesize("vitis_hls")
    assert str(error.value) == (
        f"HLSEXPLORE_VITIS_HLS is set to {str(tmp_path / 'nowhere')!r}, which is no program. "
        "Set it to the file of 'vitis_hls'."
    )


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        (
            "fail",
            "step csynth: ERROR: [HLS 200-1715] Encountered problem during source synthesis. Its log is {log} and says:\n"
            "    ERROR: [HLS 207-3337] type 'unknown_t' does not provide a call operator (../src/net.cpp:12:5)",
        ),
        ("crash", "exit code -11. Its log is {log} and says:\n    ****** Vitis HLS - High-Level Synthesis"),
        ("lie", "step csynth: disk full. Its log is {log} and says:"),
        ("quiet_end", "it ended before its last step. Its log is {log} and says:"),
    ],
)
def test_failing_tool_is_one_clear_error(
    project: Project, bin_folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str, message: str
) -> None:
    install(bin_folder, "vitis_hls", "hls_tool.py")
    project.synthesize("vitis_hls")
    monkeypatch.setenv("MOCK_MODE", mode)
    with pytest.raises(ToolError) as error:
        project.synthesize("vitis_hls")
    log = project.path / "build" / "vitis_hls" / "failed" / "run.log"
    assert str(error.value).startswith("'vitis_hls' failed: " + message.format(log=repr(str(log))))
    assert "Vitis HLS" in log.read_text()
    assert load_report(project, "vitis_hls") is None, "the report of the earlier run is gone"
    assert not (project.path / "build" / "vitis_hls" / "csynth.json").exists()


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("partial", r"the report of C synthesis is damaged: .*\. Run the synthesis again\."),
        ("old", r"is older than this run: the tool left no report\. Run it again\."),
        ("no_report", r"has no report of C synthesis"),
    ],
)
def test_partial_old_or_missing_report_is_no_report(
    project: Project, bin_folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str, message: str
) -> None:
    install(bin_folder, "vitis_hls", "hls_tool.py")
    monkeypatch.setenv("MOCK_MODE", mode)
    with pytest.raises(ToolError, match=message):
        project.synthesize("vitis_hls")
    assert load_report(project, "vitis_hls") is None


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("no_cosim", "'vitis_hls' left no report of co-simulation. Run it again."),
        ("cosim_fails", "'vitis_hls' found in co-simulation that the RTL does not compute what the C++ does."),
    ],
)
def test_cosimulation_must_pass(
    project: Project, bin_folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str, message: str
) -> None:
    install(bin_folder, "vitis_hls", "hls_tool.py")
    monkeypatch.setenv("MOCK_MODE", mode)
    with pytest.raises(ToolError) as error:
        synthesize(project, "vitis_hls:cosim")
    assert str(error.value) == message


def test_hanging_tool_is_stopped_by_the_time_out(
    project: Project, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(bin_folder, "vitis_hls", "hls_tool.py")
    monkeypatch.setenv("MOCK_MODE", "hang")
    with pytest.raises(ToolError, match=r"'vitis_hls' did not finish within 0.5 s and was stopped"):
        project.synthesize("vitis_hls", timeout_s=0.5)


def test_flood_of_log_lines_does_not_reach_the_panel(
    project: Project, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(bin_folder, "vitis_hls", "hls_tool.py")
    monkeypatch.setenv("MOCK_MODE", "flood")
    events: list[Event] = []
    start = time.monotonic()
    assert project.synthesize("vitis_hls", on_event=events.append).total == TOTAL
    assert len(events) < 250 * (time.monotonic() - start + 2)
    assert [event.text for event in events if event.kind == "stage"][1] == "csynth"
    log = project.path / "build" / "vitis_hls" / "result" / "run.log"
    assert "design file number 199999" in log.read_text()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has a child subreaper")
def test_cancel_ends_the_grandchildren_and_leaves_no_folder(
    project: Project, bin_folder: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(bin_folder, "vitis_hls", "hls_tool.py")
    monkeypatch.setenv("MOCK_MODE", "fork")
    cancel = threading.Event()
    pids: list[int] = []

    def cancel_at_csynth(event: Event) -> None:
        if event.text == "csynth":
            while not (notes := [note for note in work.glob("*/run/grandchild") if note.read_text()]):
                time.sleep(0.01)
            note = notes[0]
            pids.append(int(note.read_text()))
            cancel.set()

    with pytest.raises(CancelledError):
        project.synthesize("vitis_hls", on_event=cancel_at_csynth, cancel=cancel)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    assert list((project.path / "build" / "vitis_hls").iterdir()) == []


def test_run_starts_from_the_files_alone(project: Project, bin_folder: Path) -> None:
    install(bin_folder, "vitis_hls", "hls_tool.py")
    stale = project.path / "build" / "hls" / "solution1" / "syn" / "report"
    stale.mkdir(parents=True)
    (stale / f"{project.top}_csynth.xml").write_text("<profile/>")
    assert project.synthesize("vitis_hls").total == TOTAL
    assert project.synthesize("vitis_hls").total == TOTAL
    names = {path.name for path in (project.path / "build" / "vitis_hls").iterdir()}
    assert names == {"csynth.json", "report.json", "result"}


def test_remote_prefix_gets_one_quoted_line(
    project: Project, bin_folder: Path, tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = install(tmp_path, "fake ssh", "remote.py")
    tool = install(tmp_path, "vitis_hls", "hls_tool.py")
    monkeypatch.setenv("HLSEXPLORE_REMOTE", f"'{remote}' -tt build01")
    monkeypatch.setenv("HLSEXPLORE_VITIS_HLS", str(tool))
    monkeypatch.setenv("MOCK_REMOTE_LOG", str(tmp_path / "line"))
    moved = replace(project, path=project.path.rename(tmp_path / "it's a folder; touch evil"))
    command = f"exec env 'HLSEXPLORE_BUILD=csim=0 synth=1 cosim=0 export=0 vsynth=0' {tool} -f build.tcl"
    assert moved.synthesize("vitis_hls").total == TOTAL
    line = (tmp_path / "line").read_text()
    assert re.fullmatch(rf"cd {work}/hlsexplore-work-\w+/run && {re.escape(command)}", line)
    assert not (tmp_path / "evil").exists() and not Path("/evil").exists()
    # Without the variable the folder is the project's own, which the other host sees, if no shell can misread its name.
    monkeypatch.delenv("HLSEXPLORE_WORK")
    with pytest.raises(ConfigError) as error:
        moved.synthesize("vitis_hls")
    assert str(error.value) == (
        f"the folder {str(moved.path / 'build' / 'vitis_hls')!r} is not handed to tools on another host: its name may mean "
        "something to a shell there. Set HLSEXPLORE_WORK to a folder that both hosts share, its path of letters, digits, "
        "'_', '-', '.' and '/' only."
    )
    plain = replace(project, path=moved.path.rename(tmp_path / "plain"))
    assert plain.synthesize("vitis_hls").total == TOTAL
    folder = f"{plain.path}/build/vitis_hls"
    assert re.fullmatch(
        rf"cd {folder}/hlsexplore-work-\w+/run && {re.escape(command)}", (tmp_path / "line").read_text()
    )
    assert {path.name for path in Path(folder).iterdir()} == {"csynth.json", "report.json", "result"}


def test_remote_prefix_with_open_quotes_is_an_error(
    project: Project, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HLSEXPLORE_REMOTE", "ssh 'build01")
    with pytest.raises(ConfigError) as error:
        project.synthesize("vitis_hls")
    assert str(error.value) == (
        "HLSEXPLORE_REMOTE cannot be read: No closing quotation. Write a command such as 'ssh -tt build01'."
    )


def test_steps_are_checked_and_ordered() -> None:
    assert steps_of("csynth") == ("csynth",)
    assert steps_of("") == ("csynth",)
    assert steps_of("export+cosim+csim") == ("csim", "csynth", "cosim", "export")
    with pytest.raises(ConfigError) as error:
        steps_of("cosin")
    assert str(error.value) == (
        "unknown step 'cosin'. An HLS tool has 'csim', 'csynth', 'cosim', 'export', 'vsynth'. Did you mean 'cosim'?"
    )


@pytest.mark.parametrize("variant", ["", ":impl"])
def test_vivado_synthesizes_verilog(rtl_project: Project, bin_folder: Path, variant: str) -> None:
    install(bin_folder, "vivado", "vivado_tool.py")
    events: list[Event] = []
    report = rtl_project.synthesize(f"vivado{variant}", on_event=events.append)
    assert (report.source, report.tool, report.tool_version) == ("vsynth", "vivado", "2023.2")
    assert report.design_key == rtl_project.design_key
    assert report.total == Figures(
        lut=300,
        ff=420,
        dsp=7,
        bram18=3,
        uram=0,
        latency_cycles_min=3,
        latency_cycles_max=3,
        ii_cycles=1,
        clock_ns=3.75,
    )
    assert {name: figures.lut for name, figures in report.layers.items()} == {"fc 1": 280, "fc 1 relu": 10}
    assert report.layers["fc 1"].bram18 == 3 and report.layers["fc 1"].latency_cycles_max == 1
    stages = [event.text for event in events if event.kind == "stage"]
    assert ("routing" in stages) == (variant == ":impl")


@pytest.mark.parametrize("name", ["utilization", "hierarchy", "timing"])
def test_vivado_without_a_report_is_an_error(
    rtl_project: Project, bin_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    install(bin_folder, "vivado", "vivado_tool.py")
    monkeypatch.setenv("MOCK_MODE", f"no_{name}")
    with pytest.raises(ToolError, match=rf"{name}\.rpt' cannot be read: No such file"):
        rtl_project.synthesize("vivado")


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("hang", "'vivado' did not finish within 2 s and was stopped"),
        ("old", "utilization.rpt' is older than this run"),
        ("partial", "is no utilization report of Vivado: it has no row of LUTs"),
        ("quiet_end", "'vivado' failed: it ended before its last step"),
    ],
)
def test_vivado_that_hangs_or_leaves_a_wrong_report_is_an_error(
    rtl_project: Project, bin_folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str, message: str
) -> None:
    install(bin_folder, "vivado", "vivado_tool.py")
    monkeypatch.setenv("MOCK_MODE", mode)
    with pytest.raises(ToolError, match=message):
        rtl_project.synthesize("vivado", timeout_s=2.0 if mode == "hang" else None)
    assert load_report(rtl_project, "vivado") is None
    assert [path.name for path in (rtl_project.path / "build" / "vivado").iterdir()] == ["failed"]


def test_vivado_failure_names_the_step(rtl_project: Project, bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(bin_folder, "vivado", "vivado_tool.py")
    monkeypatch.setenv("MOCK_MODE", "fail")
    with pytest.raises(ToolError, match=r"'vivado' failed: step synth: ERROR: \[Common 17-69\] Command failed"):
        rtl_project.synthesize("vivado")
    with pytest.raises(ConfigError, match="unknown variant 'imp'"):
        rtl_project.synthesize("vivado:imp")


def test_vivado_script_is_golden(rtl_project: Project, golden: Golden) -> None:
    golden("vsynth.tcl", script(rtl_project))
    golden("vsynth_impl.tcl", script(rtl_project, is_routed=True))
    assert constraints(rtl_project) == "create_clock -period 5.000 -name clk [get_ports clk]\n"


@pytest.mark.parametrize(
    "text", ["a b", "$x", "[exec ls]", "{", 'a"b', "a;b", "", "../x", "a/../../b", "-x", "a\nb", "é"]
)
def test_only_words_get_into_scripts(text: str, rtl_project: Project) -> None:
    with pytest.raises(ToolError, match="cannot be written into a script"):
        word(text)
    with pytest.raises(ToolError):
        script(replace(rtl_project, top=text))
    with pytest.raises(ToolError):
        render("vsynth.tcl.j2", top="top", part="x", sources=[text], is_routed=False)


def test_zynq_scripts_are_golden(rtl_project: Project, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLSEXPLORE_JOBS", "4")
    for name in ("pynq-z2", "zcu102"):
        golden(f"bitfile_{name}.tcl", zynq_script(rtl_project, BOARDS[name]))


def for_board(project: Project, name: str) -> Project:
    board = BOARDS[name]
    return replace(project, interface=board.interface, target=Target(part=board.part))


def test_bitfile_runs_hls_then_vivado(project: Project, bin_folder: Path) -> None:
    install(bin_folder, "vitis_hls", "hls_tool.py")
    install(bin_folder, "vivado", "vivado_tool.py")
    events: list[Event] = []
    report = for_board(project, "pynq-z2").synthesize("bitfile:pynq-z2", on_event=events.append)
    assert (report.source, report.tool, report.total.lut, report.total.clock_ns) == ("vsynth", "vivado", 300, 3.75)
    assert (project.path / "build" / "bitfile" / "result" / f"{project.top}.bit").is_file()
    stages = [event.text for event in events if event.kind == "stage"][1:-1]
    assert stages == ["csynth", "export", "block design", "connecting", "implementing", "reporting"]


@pytest.fixture
def kernel_project(small_graph: Graph, tmp_path: Path) -> Project:
    design = Design.default(small_graph, target=Target(part=BOARDS["alveo-u250"].part, clock_ns=4.0))
    return export(design, tmp_path / "kernel", flow="vitis", interface="kernel")


def test_alveo_links_the_exported_kernel_at_the_clock_of_the_design(kernel_project: Project, bin_folder: Path) -> None:
    install(bin_folder, "vitis_hls", "hls_tool.py")
    vpp = bin_folder / "v++"
    vpp.write_text('#!/bin/sh\necho "$@" > words\ncp "${10}" "$9"\n')
    vpp.chmod(0o755)
    project = kernel_project
    report = project.synthesize("bitfile:alveo-u250")
    assert (report.tool, report.total) == ("v++", Figures())
    words = (project.path / "build" / "bitfile" / "result" / "words").read_text().split()
    platform = "xilinx_u250_gen3x16_xdma_4_1_202210_1"
    assert words == [
        *("-l", "-t", "hw", "--platform", platform, "--kernel_frequency", "250"),
        *("-o", f"{project.top}.xclbin", f"build/{project.top}.xo"),
    ]
    assert not (project.path / "build" / "bitfile" / "result" / "bitfile.tcl").exists()


def test_another_platform_can_be_named(
    kernel_project: Project, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(bin_folder, "v++", "vivado_tool.py")
    monkeypatch.setenv("HLSEXPLORE_PLATFORM", "xilinx_u250_gen3x16_xdma_3_1_202020_1")
    assert "xilinx_u250_gen3x16_xdma_3_1_202020_1" in link_command(kernel_project, BOARDS["alveo-u250"]).words


@pytest.mark.parametrize("mode", ["fail", "silent", "old"])
def test_failing_link_of_a_kernel_is_one_clear_error(kernel_project: Project, bin_folder: Path, mode: str) -> None:
    install(bin_folder, "vitis_hls", "hls_tool.py")
    vpp = bin_folder / "v++"
    text = {
        "fail": 'echo "ERROR: [v++ 60-702] no platform"; exit 1',
        "silent": "true",
        "old": 'cp "${10}" "$9"; touch -d 2001-01-01 "$9"',
    }
    vpp.write_text(f"#!/bin/sh\n{text[mode]}\n")
    vpp.chmod(0o755)
    message = {"fail": "no platform", "silent": "xclbin' cannot be read", "old": "is older than this run"}[mode]
    with pytest.raises(ToolError, match=message):
        kernel_project.synthesize("bitfile:alveo-u250")
    names = {path.name for path in (kernel_project.path / "build" / "bitfile").iterdir()}
    assert names == {"failed"} and load_report(kernel_project, "bitfile") is None


def test_bitfile_checks_board_interface_and_part(project: Project, bin_folder: Path) -> None:
    with pytest.raises(ConfigError) as error:
        project.synthesize("bitfile:pynq-z1")
    assert str(error.value) == (
        "unknown board 'pynq-z1'. hlsexplore has 'pynq-z2', 'zcu102', 'alveo-u250'. Did you mean 'pynq-z2'?"
    )
    with pytest.raises(ConfigError) as error:
        project.synthesize("bitfile:pynq-z2")
    assert str(error.value) == (
        "the board 'pynq-z2' needs a project with the interface 'axi_stream', and this one has 'plain'. "
        "Export the design with interface='axi_stream'."
    )
    with pytest.raises(
        ConfigError, match=r"the design is for the part 'xcvu13p-flga2577-2-e', and the board 'zcu102' has"
    ):
        replace(project, interface="axi_stream").synthesize("bitfile:zcu102")


@pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")
@pytest.mark.parametrize("name", ["vsynth.tcl", "vsynth_impl.tcl", "bitfile_pynq-z2.tcl", "bitfile_zcu102.tcl"])
def test_script_runs_to_its_end_in_tcl(name: str, tmp_path: Path) -> None:
    """The vendor's commands are stubs here: this finds unbalanced braces and misspelt Tcl."""
    stubs = """
    proc get_bd_intf_pins {args} { return {in out} }
    proc get_property {what pin} {
      switch $what { MODE { return [expr {$pin eq "in" ? "Slave" : "Master"}] } VLNV { return x:axis_rtl:1.0 }
        PROGRESS { return 100% } default { return 4 } }
    }
    proc file {args} {}; proc unknown {args} { return {} }
    """
    (tmp_path / "run.tcl").write_text(stubs + (Path(__file__).parent / "golden" / name).read_text())
    done = run(["tclsh", "run.tcl"], cwd=tmp_path, limits=Limits.after(20), check=False)
    assert "HLSEXPLORE DONE" in done.tail, done.output
