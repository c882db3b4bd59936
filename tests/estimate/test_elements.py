"""Bits of single elements through layers, and what estimates make of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.element_types import ElementTypes
from hlsexplore.estimate import Choice, estimate_columns
from hlsexplore.estimate.coefficients import shipped
from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.convert import record_of
from hlsexplore.estimate.element_bits import with_element_bits
from hlsexplore.estimate.elements import elements_of
from hlsexplore.estimate.estimator import costs_of
from hlsexplore.estimate.record import DesignRecord, LayerRecord
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import (
    Activation,
    Concatenate,
    Crop,
    Dense,
    Function,
    Input,
    Merge,
    MergeFunction,
    Permute,
    Pool,
    Quantize,
    Reshape,
    Upsample,
)

MODELS = Path(__file__).parents[1] / "data" / "models" / "hgq2"
A = ElementTypes(signed=[True, False, True, False], integer=[2, 1, 0, 3], fraction=[3, 2, 0, -1])
"""Elements of 5, 3, 0 and 2 bits."""
B = ElementTypes(signed=[False, False, True, True], integer=[1, 0, 4, 1], fraction=[1, 0, 0, 1])
"""Elements of 2, 0, 4 and 2 bits."""


def network(*nodes: Node) -> Graph:
    """Return a graph in which `a` and `b` have elements of A and B."""
    shape = (4,)
    first = (
        Node(name="x", op=Input(), inputs=(), shape=shape),
        Node(name="a", op=Quantize(types=A), inputs=("x",), shape=shape),
        Node(name="b", op=Quantize(types=B), inputs=("x",), shape=shape),
    )
    return Graph(name="elements", nodes=(*first, *nodes), outputs=(nodes[-1].name,))


def bits(*nodes: Node) -> list[int]:
    """Return the bits of the last node's elements."""
    graph = network(*nodes)
    found = elements_of(hx.Design.default(graph), nodes[-1].name)
    assert found is not None and found.bits.shape == nodes[-1].shape
    return list(found.bits.ravel().tolist())


def test_a_relu_passes_bits_on_without_the_sign() -> None:
    relu = Node(name="y", op=Activation(function=Function.RELU), inputs=("a",), shape=(4,))
    assert bits(relu) == [4, 3, 0, 2]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        # a: -2 to 1.875 by 1/8, 0 to 1.75 by 1/4, 0, 0 to 6 by 2; b: 0 to 1.5 by 1/2, 0, -8 to 7, -1 to 0.5 by 1/2
        (MergeFunction.ADD, [6, 3, 4, 6]),
        (MergeFunction.SUBTRACT, [6, 3, 4, 6]),
        (MergeFunction.MAXIMUM, [5, 3, 4, 5]),
        (MergeFunction.MULTIPLY, [7, 0, 0, 4]),
    ],
)
def test_merges_hold_what_both_bring_and_zeros_add_nothing(function: MergeFunction, expected: list[int]) -> None:
    found = bits(Node(name="y", op=Merge(function=function), inputs=("a", "b"), shape=(4,)))
    assert found == expected


def test_moves_and_concatenations_keep_the_bits_of_each_element() -> None:
    joined = Node(name="c", op=Concatenate(axis=0), inputs=("a", "b"), shape=(8,))
    rows = Node(name="r", op=Reshape(), inputs=("c",), shape=(2, 4))
    turned = Node(name="t", op=Permute(axes=(1, 0)), inputs=("r",), shape=(4, 2))
    cut = Node(name="k", op=Crop(cropping=((0, 0), (1, 1)), rank=1), inputs=("t",), shape=(2, 2))
    each = Node(name="u", op=Upsample(size=(1, 2), rank=1), inputs=("k",), shape=(4, 2))
    assert bits(joined) == [5, 3, 0, 2, 2, 0, 4, 2]
    assert bits(joined, rows, turned) == [5, 2, 3, 0, 0, 4, 2, 2]
    assert bits(joined, rows, turned, cut, each) == [3, 0, 3, 0, 0, 4, 0, 4]


def test_the_largest_of_a_window_has_the_bits_of_its_channel() -> None:
    image = Node(name="i", op=Reshape(), inputs=("a",), shape=(2, 2))
    pool = Pool(average=False, size=(1, 2), stride=(1, 2), rank=1)
    assert bits(image, Node(name="p", op=pool, inputs=("i",), shape=(1, 2))) == [5, 5]


def test_a_tensor_of_one_type_beside_one_of_several_has_its_bits() -> None:
    plain = Node(name="r", op=Activation(function=Function.RELU), inputs=("x",), shape=(4,), types={"result": UNIFORM})
    joined = Node(name="c", op=Concatenate(axis=0), inputs=("a", "r"), shape=(8,))
    assert bits(plain, joined) == [5, 3, 0, 2, 6, 6, 6, 6]


UNIFORM = hx.Fixed.parse("ufixed<6,3>")


def test_of_tensors_of_one_type_nothing_is_known() -> None:
    dense = Node(name="y", op=Dense(kernel=np.ones((4, 3))), inputs=("a",), shape=(3,))
    assert elements_of(hx.Design.default(network(dense)), "y") is None
    assert elements_of(hx.Design.default(network(dense)), "x") is None


def test_a_cast_is_priced_by_what_it_leaves_and_a_product_by_what_it_reads() -> None:
    dense = Node(name="y", op=Dense(kernel=np.ones((4, 3))), inputs=("a",), shape=(3,))
    layers = {layer.name: layer.input_bits for layer in record_of(hx.Design.default(network(dense))).layers}
    assert layers == {"a": (5, 3, 0, 2), "b": (2, 0, 4, 2), "y": (5, 3, 0, 2)}


@pytest.mark.parametrize("tool", ["vitis_hls", "vivado_hls", "yosys"])
@pytest.mark.parametrize("name", ["merges", "modes"])
def test_elements_cost_less_than_their_hull(name: str, tool: str) -> None:
    design = hx.Design.default(hx.read_model(MODELS / f"{name}.keras"), target=hx.Target(tool=tool))
    hulls = design.with_layers(
        {node.name: {"granularity": "uniform"} for node in design.graph.layers if isinstance(node.op, Quantize)}
    )
    assert hx.estimate(design).total.lut < 0.9 * hx.estimate(hulls).total.lut


@pytest.mark.parametrize("name", ["merges", "modes"])
def test_the_quick_estimate_of_the_rtl_is_near_its_plan(name: str) -> None:
    design = hx.Design.default(hx.read_model(MODELS / f"{name}.keras"), target=hx.Target(tool="yosys"))
    quick, planned = hx.estimate(design).total, hx.estimate(design, level="plan").total
    assert planned.lut / 1.45 < quick.lut < 1.45 * planned.lut
    assert abs(quick.latency_cycles_max - planned.latency_cycles_max) <= 1


@pytest.mark.parametrize("tool", ["vitis_hls", "yosys"])
@pytest.mark.parametrize(("key", "values"), [("trim", (0, 1, 2)), ("granularity", ("element", "uniform"))])
def test_sweeps_over_the_types_of_elements_agree_with_single_designs(tool: str, key: str, values: tuple[str]) -> None:
    kernel = np.arange(12.0).reshape(4, 3)
    types = ElementTypes(signed=np.zeros((4, 3), bool), integer=np.full((4, 3), 4), fraction=np.zeros((4, 3), int))
    dense = Node(
        name="y", op=Dense(kernel=kernel, types=types), inputs=("a",), shape=(3,), types={"weight": Fixed(5, 5)}
    )
    design = hx.Design.default(network(dense), target=hx.Target(tool=tool))
    for layer in ("a", "y"):
        choices = [Choice(layer=layer, key=key, values=values)]
        columns = estimate_columns(design, choices, np.arange(len(values))[:, None])
        single = [hx.estimate(design.with_layer(layer, **{key: value})).total.lut for value in values]
        assert len(set(single)) > 1 or (layer, key) == ("y", "granularity")
        assert columns["lut"] == pytest.approx(single)


def test_a_multiplier_takes_the_zeros_below_an_element() -> None:
    """12 bits with four zeros below them are a DSP's operand as 16 are; sums have the bits alone."""
    weight = Constants.of(np.full((4, 1), 181))
    types = {"input": Fixed(16, 6), "weight": Fixed(10, 3), "accum": Fixed(28, 9), "result": Fixed(28, 9)}
    layer = LayerRecord(name="d", op="dense", n_in=4, n_out=1, channels=1, constants=weight, **types)
    design = DesignRecord(layers=(), tool="vitis_hls", version="2024.1", family="virtexuplus")
    narrow, zeros = with_element_bits(layer, [8] * 4), with_element_bits(layer, [8] * 4, [12, 12, 8, 8])
    own, wide = (costs_of(replace(design, layers=(item,)), shipped())[0] for item in (narrow, zeros))
    assert (own.dsp, wide.dsp) == (0, 2)
    assert own.ff == wide.ff
