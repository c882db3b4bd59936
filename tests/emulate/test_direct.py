"""Direct convolutions: equal to the matrix product over windows for every geometry and every cast."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import fixed_types

from hlsexplore.design import Design
from hlsexplore.emulate import direct, emulate_raw
from hlsexplore.emulate.carrier import Span
from hlsexplore.emulate.plan import plan_design
from hlsexplore.emulate.product import plan_product
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Conv, DepthwiseConv, Function, Input, Op

pytest.importorskip("numba")

results = fixed_types(st.integers(2, 34), st.integers(-2, 12))


def one_layer(op: Op, shape: tuple[int, ...]) -> Graph:
    """Build a network of one convolution."""
    size = []
    for i in (0, 1):
        reach = (op.kernel.shape[i] - 1) * op.dilation[i] + 1
        size.append((shape[i] + sum(op.padding[i]) - reach) // op.stride[i] + 1)
    filters = op.kernel.shape[3] * (op.kernel.shape[2] if isinstance(op, DepthwiseConv) else 1)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=shape),
        Node(name="y", op=op, inputs=("x",), shape=(*size, filters)),
    )
    return Graph(name="one", nodes=nodes, outputs=("y",))


@settings(max_examples=80, deadline=None)
@given(results, results, st.booleans(), st.integers(0, 2**32 - 1))
def test_direct_convolution_equals_the_matrix_product(result, accum, is_depthwise, seed) -> None:
    rng = np.random.default_rng(seed)
    pairs = rng.integers(1, 3, (2, 2))
    rows, columns, channels, filters = rng.integers(1, 4, 4)
    op = (DepthwiseConv if is_depthwise else Conv)(
        kernel=rng.normal(0, 1, (rows, columns, channels, filters)),
        bias=None if rng.integers(2) else rng.normal(0, 1, filters * (channels if is_depthwise else 1)),
        stride=tuple(map(int, pairs[0])),
        dilation=tuple(map(int, pairs[1])),
        padding=tuple(tuple(map(int, pair)) for pair in rng.integers(0, 3, (2, 2))),
    )
    shape = tuple(map(int, (*rng.integers(6, 9, 2), channels)))
    design = Design.default(one_layer(op, shape)).with_layer("y", result=result)
    if rng.integers(2):
        design = design.with_layer("y", accum=accum)
    x = rng.integers(-32768, 32768, (70, *shape)).astype(np.float32)
    step = plan_design(design).steps["y"]
    ours = step.run([x], None)
    np.testing.assert_array_equal(ours.astype(object), step.run([x], lambda *seen: None).astype(object))
    assert ours.shape == (70, *design.graph["y"].shape)


def test_direct_convolution_is_planned_while_32_bits_hold_every_sum() -> None:
    kernel = np.ones((3, 3, 2, 4))
    op, type_ = Conv(kernel=kernel), Fixed(16, 6)
    shapes = ((8, 8, 2), (6, 6, 4))
    for width, is_planned in ((16, True), (28, False)):
        source = Span.of(Fixed(width, 6))
        product = plan_product(kernel.reshape(18, 4).astype(np.int64), 0, None, 0, source, None)
        assert (direct.plan_direct(op, product, source, shapes, type_) is not None) == is_planned


def test_direct_convolution_of_no_samples_is_empty() -> None:
    graph = one_layer(Conv(kernel=np.ones((3, 3, 1, 2))), (5, 5, 1))
    assert emulate_raw(Design.default(graph), np.zeros((0, 5, 5, 1))).shape == (0, 3, 3, 2)


@pytest.mark.parametrize("is_read_twice", [False, True])
@pytest.mark.parametrize("result", ["fixed<12,6,RND,SAT>", "fixed<8,3>"])
@pytest.mark.parametrize("taps", [3, 1])  # one tap: a matrix product
def test_relu_merged_into_a_convolution_gives_the_same_numbers(result: str, is_read_twice: bool, taps: int) -> None:
    rng = np.random.default_rng(6)
    graph = one_layer(Conv(kernel=rng.normal(0, 1, (taps, taps, 2, 4))), (6, 6, 2))
    relu = Node(name="r", op=Activation(function=Function.RELU), inputs=("y",), shape=graph["y"].shape)
    outputs = ("r", "y") if is_read_twice else ("r",)
    graph = Graph(name="two", nodes=(*graph, relu), outputs=outputs)
    design = Design.default(graph).with_layer("y", weight="fixed<12,4>", result=result).with_layer("r", result=result)
    x = rng.normal(0, 3, (70, 6, 6, 2))
    plan = plan_design(design)
    assert plan.mergeable() == ({} if is_read_twice else {"y": "r"})
    source = plan.inputs["x"].cast(x)
    apart = dict(plan.run({"x": source}))
    merged = dict(plan.run({"x": source}, is_fused=True))
    for name in outputs:
        np.testing.assert_array_equal(merged[name], apart[name])
    np.testing.assert_array_equal(merged["r"], np.maximum(apart["y"], 0))
