"""Products of narrow integers: equal to Python's integers for every span, and to the wider ways for every geometry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import fixed_types

from hlsexplore.design import Design
from hlsexplore.emulate.carrier import Span, dtype_for
from hlsexplore.emulate.narrow import plan_narrow
from hlsexplore.emulate.plan import plan_design
from hlsexplore.emulate.product import plan_product
from hlsexplore.fixed import Fixed, requantize
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Conv, Function, Input, Pool

pytest.importorskip("numba")
import hlsexplore.emulate.narrow_kernels  # noqa: F401  (loaded kernels are used for small blocks too)

results = fixed_types(st.integers(2, 31), st.integers(-2, 12))


@settings(max_examples=60, deadline=None)
@given(results, st.integers(2, 24), st.integers(2, 16), st.booleans(), st.integers(0, 2**32 - 1))
def test_narrow_product_equals_python_integers(result, input_width, weight_width, signed, seed) -> None:
    rng = np.random.default_rng(seed)
    rows, n_in, n_out = (int(rng.integers(1, most)) for most in (140, 40, 70))
    source = Span.of(Fixed(input_width, input_width - 6, signed=signed))
    weight = rng.integers(-(1 << weight_width - 1), 1 << weight_width - 1, (n_in, n_out)) >> rng.integers(0, 8)
    bias = rng.integers(-(1 << 12), 1 << 12, n_out)
    product = plan_product(weight, 5, bias, 8, source, None)
    epilogue = None if product.narrow is None else product.narrow.epilogue(result, bool(seed % 2))
    if product.narrow is None or epilogue is None:
        return
    x = rng.integers(source.low, source.high + 1, (rows, n_in)) >> rng.choice([0, 8])  # small ones have no high part
    x[: seed % 3] = source.low
    x[rows - seed % 2 :] = source.high
    sums = (x.astype(object) @ weight.astype(object)) * 2**3 + bias.astype(object) * 2**6
    expected = requantize(sums, 14, result)
    expected = np.maximum(expected, 0) if seed % 2 else expected
    ours = product.narrow.apply(x.astype(dtype_for(source.magnitude)), epilogue)
    np.testing.assert_array_equal(ours.astype(np.int64), expected.astype(np.int64))
    assert epilogue.span.low <= ours.min(initial=0) <= ours.max(initial=0) <= max(epilogue.span.high, 0)


def test_inputs_above_16_bits_are_cut_and_wider_operands_refused() -> None:
    bias = np.zeros(4, np.int64)
    for input_width, weight, cut in (
        (16, 100, 0),
        (17, 100, 16),
        (20, 100, 16),
        (20, 30000, 14),
        (20, 40000, None),
        (32, 100, None),
    ):
        source, kernel = Span.of(Fixed(input_width, 6)), np.full((8, 4), weight)
        product = plan_narrow(kernel, bias, source, Span(10, -(1 << 30), 1 << 30))
        assert (None if product is None else product.cut) == cut


@settings(max_examples=60, deadline=None)
@given(results, st.integers(4, 20), st.integers(0, 2**32 - 1))
def test_convolution_with_relu_and_pooling_equals_the_layers_one_by_one(result, input_width, seed) -> None:
    rng = np.random.default_rng(seed)
    rows, columns, channels = (int(v) for v in rng.integers(1, 4, 3))
    op = Conv(
        kernel=rng.normal(0, 1, (rows, columns, channels, int(rng.choice([1, 7, 8, 13, 16, 35])))),
        bias=None if rng.integers(2) else rng.normal(0, 1, 1),
        stride=tuple(map(int, rng.integers(1, 3, 2))),
        dilation=tuple(map(int, rng.integers(1, 3, 2))),
        padding=tuple(tuple(map(int, pair)) for pair in rng.integers(0, 3, (2, 2))),
    )
    if op.bias is not None:
        op = Conv(
            kernel=op.kernel,
            bias=rng.normal(0, 1, op.kernel.shape[3]),
            stride=op.stride,
            dilation=op.dilation,
            padding=op.padding,
        )
    shape = (int(rng.integers(8, 13)), int(rng.integers(8, 22)), channels)
    size = [
        (shape[i] + sum(op.padding[i]) - (op.kernel.shape[i] - 1) * op.dilation[i] - 1) // op.stride[i] + 1
        for i in (0, 1)
    ]
    pool = Pool(average=False, size=tuple(map(int, rng.integers(1, 4, 2))), stride=(1, 1))
    pool = Pool(average=False, size=pool.size, stride=pool.size)
    filters = op.kernel.shape[3]
    nodes = [
        Node(name="x", op=Input(), inputs=(), shape=shape),
        Node(name="y", op=op, inputs=("x",), shape=(*size, filters)),
        Node(name="r", op=Activation(function=Function.RELU), inputs=("y",), shape=(*size, filters)),
    ]
    if rng.integers(2):
        del nodes[2]
    pooled = tuple(n // s for n, s in zip(size, pool.size, strict=True))
    if min(pooled) == 0:
        return
    nodes.append(Node(name="p", op=pool, inputs=(nodes[-1].name,), shape=(*pooled, filters)))
    design = Design.default(Graph(name="pooled", nodes=tuple(nodes), outputs=("p",)))
    design = design.with_input(type=Fixed(input_width, input_width - 6)).with_layer("y", weight="fixed<10,3>")
    design = design.with_layers({node.name: {"result": result} for node in nodes[1:]}).with_layer("p", accum=result)
    plan = plan_design(design)
    source = plan.inputs["x"].cast(rng.normal(0, 3 * 2.0 ** (input_width - 10), (3, *shape)))
    apart = dict(plan.run({"x": source}))
    merged = dict(plan.run({"x": source}, is_fused=True))
    np.testing.assert_array_equal(merged["p"].astype(object), apart["p"].astype(object))
    probed = {}
    for node in nodes[1:]:
        inputs = [apart[name] if name != "x" else source for name in node.inputs]
        probed[node.name] = plan.steps[node.name].run(inputs, lambda *seen: None)
        np.testing.assert_array_equal(apart[node.name].astype(object), probed[node.name].astype(object))
