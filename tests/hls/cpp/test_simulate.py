"""Compiled projects: branches, interfaces, misuse, the test bench, the cache, other compilers."""

import shutil
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from agreement.cpp_runner import is_available, run_designs
from agreement.networks import branched, cnn, mlp

from hlsexplore.emulate.run import raw_outputs
from hlsexplore.errors import CancelledError, ToolError
from hlsexplore.support.progress import Event
from hlsexplore_hls import Project, export
from hlsexplore_hls.cpp.compiler import find_headers, own_headers

pytestmark = pytest.mark.skipif(not is_available(), reason="needs a C++ compiler and the package da4ml")


def inputs_of(design) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(8)
    return tuple(rng.uniform(-8, 8, (40, *node.shape)) for node in design.graph.inputs)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return export(mlp(), tmp_path_factory.mktemp("project") / "out", golden_x=inputs_of(mlp())[0])


def test_images_branches_inputs_and_outputs_equal_the_emulator(tmp_path: Path) -> None:
    designs = [branched("parallel"), branched("stream"), cnn("parallel"), cnn("stream")]
    designs.append(cnn("parallel").with_layer("conv", strategy="latency", reuse=1, parallel=4))
    items = [(design, x if len(x := inputs_of(design)) > 1 else x[0]) for design in designs]
    for (design, x), outputs in zip(items, run_designs(items, tmp_path), strict=True):
        for ours, theirs in zip(raw_outputs(design, x), outputs, strict=True):
            np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize(("io", "interface"), [("stream", "kernel"), ("parallel", "axi_stream")])
def test_wrappers_carry_the_same_integers(io: str, interface: str, tmp_path: Path) -> None:
    design = branched(io)
    project = export(design, tmp_path / "out", interface=interface, golden_x=inputs_of(design))
    assert project.top == f"branched_{'kernel' if interface == 'kernel' else 'axi'}"
    assert project.simulate().differing == 0


def test_hostile_names_compile(tmp_path: Path) -> None:
    names = ('x"; $(touch y)', "*/ int main() { /*", "a\nb\\", "int", "EOF")
    design = mlp(name='m"; exec rm', names=names)
    assert export(design, tmp_path / "out", golden_x=inputs_of(design)[0]).simulate().differing == 0


def test_test_bench_accepts_the_golden_vectors_and_finds_a_wrong_one(small: Project, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small.path, tmp_path / "out"))
    program = tmp_path / "testbench"
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("needs g++ or clang++")
    flags = ["-std=c++11", "-w", "-O0", f"-I{find_headers()}", f"-I{own_headers()}"]
    sources = ["tb/testbench.cpp", f"src/{small.top}.cpp"]
    subprocess.run([compiler, *flags, *sources, "-o", program], cwd=folder, check=True, timeout=120)
    good = subprocess.run([program], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert (good.returncode, good.stdout) == (0, "40 samples, 0 differing integers\n")
    golden = folder / "tb" / "golden_outputs.dat"
    first, rest = golden.read_text().split(" ", 1)
    golden.write_text(f"{int(first) + 1} {rest}")
    bad = subprocess.run([program, "7"], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert (bad.returncode, bad.stdout) == (1, "7 samples, 1 differing integers\n")
    assert "sample 0, softmax[0]" in bad.stderr


def test_second_simulation_compiles_nothing(small: Project) -> None:
    small.simulate()
    events: list[Event] = []
    small.simulate(on_event=events.append)
    assert [event.text for event in events if event.kind == "stage"] == ["run 40 samples"]


def test_broken_source_is_one_clear_error_with_the_compilers_words(small: Project, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small.path, tmp_path / "out"))
    file = folder / "src" / f"{small.top}.cpp"
    file.write_text(file.read_text() + "\nthis is no C++\n")
    with pytest.raises(ToolError, match="failed with exit code 1.*\n(.*\n)*.*this"):
        Project.load(folder).simulate()


def test_crash_of_the_simulation_is_an_error_not_the_end(small: Project, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small.path, tmp_path / "out"))
    file = folder / "sim" / "main.cpp"
    file.write_text(
        file.read_text().replace(
            "int main(int argc, char **argv) {", "int main(int argc, char **argv) {\nstd::abort();"
        )
    )
    with pytest.raises(ToolError, match="'C\\+\\+ simulation' was ended by SIGABRT"):
        Project.load(folder).simulate()


def test_cancelled_simulation_raises(small: Project) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        small.simulate(cancel=cancel)


def test_unread_stream_is_reported_by_name(tmp_path: Path) -> None:
    design = mlp("stream")
    project = export(design, tmp_path / "out", golden_x=inputs_of(design)[0])
    top = project.path / "src" / "mlp.cpp"
    call = "nnet::activate<nnet::relu, config::relu>(fc1, relu);"
    assert call in top.read_text()
    top.write_text(
        top.read_text().replace(call, f"{call} relu.write(relu.read()); relu.write(nnet::array<type::relu, 6>());")
    )
    with pytest.raises(ToolError, match="stream 'relu' still holds data at the end"):
        Project.load(project.path).simulate()


def test_missing_headers_and_compilers_say_the_way_out(
    small: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HLSEXPLORE_AP_TYPES", str(tmp_path))
    with pytest.raises(ToolError, match=r"HLSEXPLORE_AP_TYPES is set to .*, a folder without 'ap_fixed.h'"):
        small.simulate()
    monkeypatch.delenv("HLSEXPLORE_AP_TYPES")
    monkeypatch.setenv("HLSEXPLORE_CXX", "no-such-compiler")
    with pytest.raises(ToolError, match="HLSEXPLORE_CXX is set to 'no-such-compiler', which is no program"):
        small.simulate()


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ziglang") is None, reason="needs the package ziglang")
def test_compiler_from_pip_computes_the_same(small: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLSEXPLORE_CXX", f"{sys.executable} -m ziglang c++")
    result = small.simulate()
    assert result.differing == 0
    assert "zig" in result.tool
