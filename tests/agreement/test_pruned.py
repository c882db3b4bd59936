"""Pruned networks through C++, RTL and XLS: raw integers, exactly equal to those of a network with zeros."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from agreement import cpp_runner, rtl_runner
from agreement.kit import Built, Case, mismatches, uniform

from hlsexplore.design import Design
from hlsexplore.emulate import emulate_raw
from hlsexplore.emulate.run import raw_outputs
from hlsexplore.fixed import Fixed, quantize
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Conv, Dense, Function, Input, Reshape
from hlsexplore_hls.xls.jit import run_jit

SOURCE = Fixed.parse("fixed<7,3>")
CHANGES = {
    "weights": {"conv": {"density": 0.5}, "fc": {"density": 0.25}},
    "neurons": {"conv": {"density": 0.5, "pattern": "neurons"}, "fc": {"density": 0.6, "pattern": "neurons"}},
    "multipliers": {
        "conv": {"density": 0.5, "pattern": "multipliers", "reuse": 6, "strategy": "resource"},
        "fc": {"density": 0.4, "pattern": "multipliers", "reuse": 8},
    },
    "words": {"fc": {"density": 0.5, "pattern": "words", "reuse": 32, "strategy": "resource"}},
    "mask": {"fc": {"mask": {"weight": np.arange(160).reshape(32, 5) % 3 == 0, "bias": [True, False] * 2 + [True]}}},
}


def built(name: str, rng: np.random.Generator) -> Built:
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(5, 5, 3)),
        Node(
            name="conv",
            op=Conv(kernel=rng.normal(0, 0.5, (2, 2, 3, 2)), bias=rng.normal(0, 1, 2)),
            inputs=("x",),
            shape=(4, 4, 2),
        ),
        Node(name="relu", op=Activation(function=Function.RELU), inputs=("conv",), shape=(4, 4, 2)),
        Node(name="flat", op=Reshape(), inputs=("relu",), shape=(32,)),
        Node(
            name="fc",
            op=Dense(kernel=rng.normal(0, 0.5, (32, 5)), bias=rng.normal(0, 1, 5)),
            inputs=("flat",),
            shape=(5,),
        ),
    )
    graph = Graph(name="pruned", nodes=nodes, outputs=("fc",))
    design = Design.default(graph, type="fixed<9,4>").with_input(SOURCE).with_layers(CHANGES[name])
    return design, uniform(rng, SOURCE, (5, 5, 3), 40)


CASES = [Case(f"pruned_{name}", lambda rng, name=name: built(name, rng)) for name in CHANGES]


def zeroed(design: Design, name: str) -> np.ndarray:
    """The kernel with zeros, found anew from the meaning of each pattern."""
    config, kernel = design.layers[name], design.graph[name].op.kernel
    matrix = kernel.reshape(-1, kernel.shape[-1])
    rows, columns = matrix.shape
    lane = np.empty(matrix.shape, dtype=int)
    for row in range(rows):
        for column in range(columns):
            place = column * rows + row  # hls4ml transposes, then gives each multiplier `reuse` weights in a row
            neighbours = column * (rows // config.reuse) + row % max(rows // config.reuse, 1)
            lane[row, column] = place // config.reuse if config.strategy == "resource" else neighbours
    unit = {
        "weights": np.arange(matrix.size).reshape(matrix.shape),
        "neurons": np.tile(np.arange(columns), (rows, 1)),
        "multipliers": lane,
        "words": lane // (36 // config.types["weight"].width),
    }[str(config.pattern)]
    sizes = {group: float(np.mean(matrix[unit == group] ** 2)) for group in np.unique(unit)}
    best = sorted(sizes, key=sizes.get, reverse=True)[: max(1, int(config.density * len(sizes) + 0.5))]
    kept = np.where(np.isin(unit, best), matrix, 0.0).reshape(kernel.shape)
    return np.where(config.masks["weight"].kept, kept, 0.0) if config.masks else kept


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_emulator_computes_the_network_with_zeros(case: Case) -> None:
    design, x = case.make()
    nodes, changes = [], {}
    for node in design.graph:
        if node.name in ("conv", "fc"):
            config = design.layers[node.name]
            bias, kernel = node.op.bias, zeroed(design, node.name)
            if config.pattern == "neurons":
                bias = np.where(np.any(kernel.reshape(-1, kernel.shape[-1]) != 0, axis=0), bias, 0.0)
            if "bias" in config.masks:
                bias = np.where(config.masks["bias"].kept, bias, 0.0)
            assert 0 < np.count_nonzero(kernel) < kernel.size or config.density == 1
            node = replace(node, op=replace(node.op, kernel=kernel, bias=bias))
            changes[node.name] = replace(config, density=1.0, masks={})
        nodes.append(node)
    graph = Graph(name="zeros", nodes=tuple(nodes), outputs=design.graph.outputs)
    plain = Design(graph=graph, target=design.target, layers={**design.layers, **changes})
    np.testing.assert_array_equal(emulate_raw(design, x), emulate_raw(plain, x))
    assert (emulate_raw(design, x) != emulate_raw(design.with_layers(everything(design)), x)).any()


def everything(design: Design) -> dict[str, dict[str, object]]:
    return {name: {"density": 1.0, "mask": None} for name in ("conv", "fc") if name in design.layers}


@pytest.mark.skipif(not cpp_runner.is_available(), reason="needs a C++ compiler and the package da4ml")
def test_cpp_of_pruned_networks_equals_the_emulator(tmp_path: Path) -> None:
    made = [case.make() for case in CASES]
    problems: list[str] = []
    for case, (design, x), theirs in zip(CASES, made, cpp_runner.run_designs(made, tmp_path), strict=True):
        problems += mismatches(case.name, raw_outputs(design, x), theirs, "C++")
    assert not problems, "\n".join(problems)


@pytest.mark.skipif(not rtl_runner.is_available(), reason="needs verilator and a C++ compiler")
def test_rtl_of_pruned_networks_equals_the_emulator(tmp_path: Path) -> None:
    assert not (problems := rtl_runner.compare(CASES, tmp_path)), "\n".join(problems)


@pytest.mark.skipif(find_spec("xls") is None, reason="needs xls-python (pip install 'hlsexplore[xls]')")
def test_xls_of_a_pruned_network_equals_the_emulator() -> None:
    design, x = CASES[0].make()
    raws = [quantize(x, design.result_type("x"))]
    assert not (problems := mismatches("pruned", raw_outputs(design, x), run_jit(design, raws), "XLS")), problems
