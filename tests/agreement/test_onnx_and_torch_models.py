"""Networks that PyTorch and Brevitas wrote, designed by default: emulator, C++ and RTL give the same integers."""

from pathlib import Path

import numpy as np
import pytest
from agreement import cpp_runner, rtl_runner
from agreement.kit import mismatches

from hlsexplore.design import Design
from hlsexplore.emulate.run import raw_outputs
from hlsexplore.importers import read_model
from hlsexplore.target import Target

FOLDER = Path(__file__).parents[1] / "data"
TORCH = sorted(f"torch/{path.name}" for path in (FOLDER / "torch").glob("*.pt2") if "_core" not in path.name)
BREVITAS = sorted(f"brevitas/{path.name}" for path in (FOLDER / "brevitas").glob("*.onnx") if "_qcdq" not in path.name)
QUICK = ("torch/mlp.pt2", "brevitas/mlp.onnx", "brevitas/integer_bias.onnx")
SAMPLES = 12

needs_cpp = pytest.mark.skipif(not cpp_runner.is_available(), reason="needs a C++ compiler and the package da4ml")
needs_rtl = pytest.mark.skipif(not rtl_runner.is_available(), reason="needs verilator and a C++ compiler")


def item(name, io="parallel"):
    """Return the default design of a network and some of its data."""
    path = FOLDER / name
    x = np.load(path.with_suffix(".npz"))["x"]
    return Design.default(read_model(path), target=Target(io=io)), x[:: len(x) // SAMPLES].astype(float)


def check_cpp(names, folder, io="parallel"):
    items = [item(name, io) for name in names]
    found = cpp_runner.run_designs(items, folder)
    return [
        problem
        for name, (design, x), outputs in zip(names, items, found, strict=True)
        for problem in mismatches(name, raw_outputs(design, x), outputs, "C++")
    ]


def check_rtl(names, folder):
    items = [item(name) for name in names]
    found = rtl_runner.run_designs(items, folder)
    return [
        problem
        for name, (design, x), (outputs, planned, measured) in zip(names, items, found, strict=True)
        for problem in [
            *mismatches(name, raw_outputs(design, x), outputs, "RTL"),
            *([] if planned == measured else [f"{name}: planned {planned}, measured {measured}"]),
        ]
    ]


@needs_cpp
def test_cpp_of_default_designs_equals_the_emulator(tmp_path):
    assert check_cpp((*QUICK, "torch/blocks.pt2"), tmp_path) == []


@needs_rtl
def test_rtl_of_default_designs_equals_the_emulator(tmp_path):
    assert check_rtl(QUICK, tmp_path) == []


@needs_cpp
@pytest.mark.slow
@pytest.mark.parametrize("io", ["parallel", "stream"])
@pytest.mark.parametrize("names", [TORCH, BREVITAS], ids=["torch", "brevitas"])
def test_cpp_of_every_default_design_equals_the_emulator(names, io, tmp_path):
    assert check_cpp(names, tmp_path, io) == []


@needs_rtl
@pytest.mark.slow
@pytest.mark.parametrize("name", [*TORCH, *BREVITAS])
def test_rtl_of_every_default_design_equals_the_emulator(name, tmp_path):
    assert check_rtl([name], tmp_path) == []
