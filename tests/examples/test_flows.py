"""The bundled examples through every flow that accepts them, as exported: a few samples, exactly equal to the emulator."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from agreement.cpp_runner import is_available as has_cpp
from agreement.rtl_runner import is_available as has_rtl

from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.examples import NAMES, load
from hlsexplore.layer_config import knobs
from hlsexplore.op_facts import matmul_shape
from hlsexplore.ops import Recurrent
from hlsexplore.reuse import legal_reuse
from hlsexplore.target import Target
from hlsexplore_hls import export

SAMPLES = 5
LEAST_MULTIPLIERS = 16
"""Of a layer: what a small FPGA would have, and quick to simulate."""
QUICK_IN_XLS = ("shuttle", "shuttle_branched")
"""XLS compiles the others for ten seconds to a minute."""
REFUSED = {("vowels_gru", "xls"): "layer 'qgru_1': the XLS flow has no gru layer"}
"""(example, flow) -> how the sentence begins with which the flow refuses it."""


def shared(design: Design) -> Design:
    """Return a design whose layers share multipliers."""
    changes: dict[str, dict[str, int]] = {}
    for node in design.graph.layers:
        shape = matmul_shape(node.op)
        if shape is not None and not isinstance(node.op, Recurrent) and "reuse" in knobs(node):
            fits = [n for n in legal_reuse(node) if n <= shape[0] and shape[0] * shape[1] // n >= LEAST_MULTIPLIERS]
            changes[node.name] = {"reuse": max(fits, default=1)}
    return design.with_layers(changes)


def check(name: str, variant: str, flow: str, io: str, folder: Path, shares: bool) -> None:
    example = load(name, variant)
    design = Design.default(example.graph, target=Target(io=io))
    refused = REFUSED.get((name, flow))
    try:
        project = export(shared(design) if shares else design, folder / "out", flow=flow, golden_x=example.x[:SAMPLES])
    except NoModelError as error:
        assert refused is not None and str(error).startswith(refused)
        return
    assert refused is None
    assert project.simulate().differing == 0


@pytest.mark.skipif(not has_cpp(), reason="needs a C++ compiler and the package da4ml")
@pytest.mark.parametrize("io", ["parallel", "stream"])
@pytest.mark.parametrize("name", NAMES)
def test_cpp_of_an_example_equals_the_emulator(name: str, io: str, tmp_path: Path) -> None:
    check(name, "qkeras", "vitis", io, tmp_path, shares=False)


@pytest.mark.skipif(not has_rtl(), reason="needs verilator and a C++ compiler")
@pytest.mark.parametrize("io", ["parallel", "stream"])
@pytest.mark.parametrize("name", NAMES)
def test_rtl_of_an_example_equals_the_emulator(name: str, io: str, tmp_path: Path) -> None:
    check(name, "qkeras", "rtl", io, tmp_path, shares=True)


@pytest.mark.skipif(not has_rtl() or find_spec("xls") is None, reason="needs xls-python, verilator and a C++ compiler")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK_IN_XLS or (name, "xls") in REFUSED else pytest.mark.slow)
        for name in NAMES
    ],
)
def test_xls_of_an_example_equals_the_emulator(name: str, tmp_path: Path) -> None:
    check(name, "qkeras", "xls", "parallel", tmp_path, shares=True)


@pytest.mark.slow
@pytest.mark.parametrize("io", ["parallel", "stream"])
@pytest.mark.parametrize("flow", ["vitis", "rtl"])
@pytest.mark.parametrize("name", NAMES)
def test_default_design_of_the_float_model_equals_the_emulator(name: str, flow: str, io: str, tmp_path: Path) -> None:
    check(name, "keras", flow, io, tmp_path, shares=flow == "rtl")
