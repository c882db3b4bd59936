"""One synthesis of a project at a time, within its time, from files that are files."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from hlsexplore.errors import ConfigError, ToolError
from hlsexplore.support.locks import held
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.stored import load_report
from hlsexplore_hls.reports.vivado import parse_utilization
from hlsexplore_hls.tools.synthesize import synthesize

MOCKS = Path(__file__).parents[2] / "mock_tools"


def install(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a Python program be Vivado."""
    file = folder / "fake_vivado"
    file.write_text(f"#!{sys.executable}\nimport os, sys, time\n{code}\n")
    file.chmod(0o755)
    monkeypatch.setenv("HLSEXPLORE_VIVADO", str(file))


def test_second_synthesis_of_a_project_with_the_same_tool_is_refused(
    rtl_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, (MOCKS / "vivado_tool.py").read_text(), monkeypatch)
    folder = rtl_project.path / "build" / "vivado"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("{}")
    with held(folder / ".lock"):
        with pytest.raises(ToolError) as error:
            synthesize(rtl_project, "vivado")
        assert (folder / "report.json").exists(), "the other run's"
    assert str(error.value) == (
        f"the project {str(rtl_project.path)!r} is being synthesized with 'vivado' by another process. Wait for its end, "
        "or export the design to another folder."
    )
    assert synthesize(rtl_project, "vivado").total.lut == 300
    assert sorted(path.name for path in folder.iterdir()) == ["report.json", "result"]


def test_project_that_cannot_be_written_to_is_one_error_before_the_tool_starts(rtl_project: Project) -> None:
    (rtl_project.path / "build").write_text("a file")
    with pytest.raises(ToolError) as error:
        synthesize(rtl_project, "yosys")
    assert str(error.value) == (
        f"the tool 'yosys' cannot write to {str(rtl_project.path / 'build' / 'yosys')!r}: Not a directory. "
        "Copy the project to a folder that you may write to."
    )


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan"), float("inf"), "5"])
def test_time_limit_must_be_above_zero(rtl_project: Project, timeout_s: float) -> None:
    with pytest.raises(ConfigError) as error:
        synthesize(rtl_project, "yosys", timeout_s=timeout_s)
    assert str(error.value) == f"timeout_s must be a number of seconds above 0, not {timeout_s!r}."


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os.mkfifo('utilization.rpt')", "it is no regular file"),
        ("os.symlink('/dev/zero', 'utilization.rpt')", "it is no regular file"),
        ("os.symlink('utilization.rpt', 'utilization.rpt')", "Too many levels of symbolic links"),
        ("os.mkdir('utilization.rpt')", "it is a folder"),
    ],
)
def test_report_that_is_no_regular_file_is_an_error_at_once(
    rtl_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    install(tmp_path, f"{code}; print('HLSEXPLORE DONE')", monkeypatch)
    start = time.monotonic()
    with pytest.raises(ToolError) as error:
        synthesize(rtl_project, "vivado", timeout_s=60)
    report = rtl_project.path / "build" / "vivado" / "failed" / "utilization.rpt"
    assert str(error.value) == f"the report {str(report)!r} cannot be read: {reason}."
    assert time.monotonic() - start < 30 and load_report(rtl_project, "vivado") is None
    assert os.path.lexists(report.parent / "run.log"), "what can be kept is kept, across disks too"


def test_time_limit_covers_several_programs_and_reading_together(
    rtl_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first program takes most of the time; only what is left remains for the second."""
    pytest.importorskip("pyosys")
    fake = tmp_path / "nextpnr"
    fake.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    fake.chmod(0o755)
    monkeypatch.setenv("HLSEXPLORE_NEXTPNR", str(fake))
    start = time.monotonic()
    with pytest.raises(ToolError, match=r"did not finish within 8 s and was stopped"):
        synthesize(rtl_project, "nextpnr", timeout_s=8)
    assert 8 <= time.monotonic() - start < 13


def test_cancel_reaches_the_reading_of_reports(
    rtl_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hlsexplore.errors import CancelledError
    from hlsexplore_hls.reports.folder import read_reports
    from hlsexplore_hls.tools.deadline import Deadline

    cancel = threading.Event()
    cancel.set()
    data = Path(__file__).parents[2] / "data"
    folder = next(path for path in sorted(data.rglob("vitis_hls_2024_1")) if path.is_dir())
    with pytest.raises(CancelledError):
        read_reports(folder, check=lambda: Deadline(cancel=cancel).check("vitis_hls"))


def test_hostile_report_is_refused_in_time() -> None:
    """A pattern that tries every split of a long line would take hours."""
    text = "| Design State :" + " " * 200_000 + "!\n"
    start = time.monotonic()
    with pytest.raises(ToolError, match="is no utilization report of Vivado"):
        parse_utilization(text)
    assert time.monotonic() - start < 10
