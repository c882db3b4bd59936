"""Bits that are always 0 cost nothing: elements without bits, and the low bits of coarse ones."""

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.element_types import ElementTypes, quantize_elements
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input, Merge, MergeFunction, Quantize
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.zeros import output_zeros
from hlsexplore.rtl_plan.plan import plan
from hlsexplore.rtl_plan.tensor import BusTensor, any_position, repeated

TYPES = ElementTypes(signed=[True, False, True, False], integer=[3, 2, 1, 0], fraction=[0, 4, -2, 1])


def graph(*behind: Node, types: ElementTypes = TYPES, outputs: tuple[str, ...] = ("q",)) -> Graph:
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4,)),
        Node(name="q", op=Quantize(types=types), inputs=("x",), shape=(4,)),
    )
    return Graph(name="m", nodes=(*nodes, *behind), outputs=outputs)


def test_a_cast_knows_the_range_and_the_zero_bits_of_each_element() -> None:
    tensor = plan(hx.Design.default(graph())).tensors["q"]
    assert tensor.fraction == 4
    assert tensor.ranges == ((-64, 48), (0, 63), (0, 0), (0, 8))
    assert tensor.zeros == (4, 0, 0, 3)
    assert tensor.num_bits == 3 + 6 + 0 + 1
    assert tensor.width == 7


def test_zero_bits_pass_through_relu_and_merges() -> None:
    relu = Node(name="r", op=Activation(function=Function.RELU), inputs=("q",), shape=(4,))
    both = Node(name="m", op=Merge(function=MergeFunction.ADD), inputs=("q", "r"), shape=(4,))
    design = hx.Design.default(graph(relu, both, outputs=("m",)))
    design = design.with_layer("r", result="ufixed<7,3>").with_layer("m", result="fixed<9,5>")
    tensors = plan(design).tensors
    assert tensors["r"].zeros == (4, 0, 0, 3) and tensors["r"].ranges[0] == (0, 48)
    assert tensors["m"].zeros == (4, 0, 0, 3)


def test_elements_without_bits_need_no_logic() -> None:
    kernel = np.arange(1, 17).reshape(4, 4)
    dense = Node(name="d", op=Dense(kernel=kernel.astype(float)), inputs=("q",), shape=(4,))
    none = ElementTypes(signed=[False] * 4, integer=[0] * 4, fraction=[0] * 4)
    logic = {}
    for name, types in (("some", TYPES), ("none", none)):
        design = hx.Design.default(graph(dense, types=types, outputs=("d",)))
        design = design.with_layer("d", weight="ufixed<5,5>", result="fixed<16,12>")
        logic[name] = plan(design).layers[-1].body.net
    assert {cell.code for cell in logic["none"].cells} == {"const"}
    assert sorted(cell.data for cell in logic["some"].cells if cell.code == "input") == [(0, 4), (1, 0), (3, 3)]
    raw = quantize_elements(np.random.default_rng(0).uniform(-9, 9, (50, 4)), TYPES)
    np.testing.assert_array_equal(logic["some"].evaluate(raw).astype(int), raw @ kernel)


@pytest.mark.parametrize("bits", [1, 3, 5])
def test_a_shift_back_drops_only_zeros(bits: int) -> None:
    net = Net()
    value = net.shift(net.input(0, -5, 9, zeros=3), -bits)
    net.outputs = [value]
    x = np.arange(-5, 10)[:, None] << 3
    np.testing.assert_array_equal(net.evaluate(x)[:, 0].astype(int), x[:, 0] >> bits)
    assert output_zeros(net) == (max(3 - bits, 0),)


def test_any_position_keeps_the_zero_bits_that_all_positions_share() -> None:
    spans, zeros = ((0, 8), (-4, 4), (0, 0), (-8, 0)), (3, 2, 0, 3)
    tensor = BusTensor(shape=(2, 2), fraction=0, ranges=spans, zeros=zeros)
    one = any_position(tensor, 2)
    assert (one.ranges, one.zeros) == (((0, 8), (-8, 4)), (3, 2))
    assert repeated(one, 3).zeros == (3, 2) * 3
    with pytest.raises(ValueError, match="4 elements with ranges, but 1 with zeros"):
        BusTensor(shape=(4,), fraction=0, ranges=spans, zeros=(1,))
