"""Types that hold every result exactly, and designs in which nothing is rounded between the model's quantizers."""

import numpy as np
import pytest
from every_op import every_layer
from hypothesis import given, settings
from hypothesis import strategies as st

from hlsexplore.defaults.exact import MAX_EXACT, cast_at_once, exact_type, has_exact_type, settled
from hlsexplore.design import Design
from hlsexplore.emulate import emulate, emulate_raw, float_forward
from hlsexplore.fixed import Fixed, Overflow, Rounding, quantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import (
    MOVES,
    WEIGHT_FIELDS,
    Activation,
    Affine,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Function,
    Input,
    Merge,
    MergeFunction,
    Pool,
    Quantize,
    Reshape,
    Softmax,
    Upsample,
    weights,
)

LAYERS = every_layer(np.random.default_rng(0))
SOURCES = st.builds(
    Fixed, st.integers(2, 9), st.integers(-2, 6), st.booleans(), st.just(Rounding.RND), st.just(Overflow.SAT)
)


def one_layer(index: int, source: Fixed) -> Design:
    """A layer behind quantizers, with weights of prescribed types, and another quantizer behind it."""
    op, shapes, shape = LAYERS[index]
    inputs = [
        Node(name=f"x{k}", op=Input(), inputs=(), shape=item, types={"result": source}) for k, item in enumerate(shapes)
    ]
    types = {key: Fixed(6, 3, rounding=Rounding.RND, overflow=Overflow.SAT) for key in weights(op)}
    layer = Node(name="y", op=op, inputs=tuple(node.name for node in inputs), shape=shape, types=types)
    cast = Node(
        name="q",
        op=Activation(function=Function.LINEAR),
        inputs=("y",),
        shape=shape,
        types={"result": Fixed(5, 3, rounding="RND_CONV", overflow="SAT")},
    )
    return Design.default(Graph(name="one", nodes=(*inputs, layer, cast), outputs=("q",)))


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([i for i, (op, _, _) in enumerate(LAYERS) if not isinstance(op, Quantize)]),
    SOURCES,
    st.integers(0, 99),
)
def test_the_exact_type_of_every_op_changes_no_value(index, source, seed) -> None:
    design = one_layer(index, source)
    node = design.graph["y"]
    if not has_exact_type(node) or node.kind in ("dot",):
        return
    rng = np.random.default_rng(seed)
    x = tuple(
        to_real(rng.integers(source.min_raw, source.max_raw + 1, (40, *item.shape)), source)
        for item in design.graph.inputs
    )
    wide = design if isinstance(node.op, MOVES) else design.with_layer("y", result=Fixed(90, 45))
    seen = Graph(name="seen", nodes=design.graph.nodes[:-1], outputs=("y",))
    ours, theirs = (
        emulate(Design(graph=seen, target=item.target, layers={n.name: item.layers[n.name] for n in seen}), x)
        for item in (design, wide)
    )
    np.testing.assert_array_equal(ours, theirs)
    type_ = exact_type(design.graph, node, design.input_types("y"), design.layers["y"].types)
    assert type_.low <= ours.min() and ours.max() <= type_.high


W, ACT = Fixed(6, 1), Fixed(6, 2, False, Rounding.RND_CONV, Overflow.SAT)


def on_grid(rng: np.random.Generator, *shape):
    return to_real(quantize(rng.normal(0, 0.4, shape), W), W)


class Built:
    """Networks of prescribed weights and activations with float layers between them."""

    def __init__(self, shape=(8, 8, 2)) -> None:
        self.rng = np.random.default_rng(3)
        self.nodes = [Node(name="x", op=Input(), inputs=(), shape=shape)]
        self.quantize("in", "x", Fixed(8, 4, True, Rounding.RND_CONV, Overflow.SAT))

    def add(self, name, op, shape, *inputs, **types):
        inputs = inputs or (self.nodes[-1].name,)
        self.nodes.append(Node(name=name, op=op, inputs=inputs, shape=shape, types=types))
        return name

    @property
    def shape(self):
        return self.nodes[-1].shape

    def quantize(self, name, source=None, type_=ACT):
        op = Activation(function=Function.RELU if not type_.signed else Function.LINEAR)
        return self.add(name, op, self.shape, *([source] if source else []), result=type_)

    def conv(self, name, filters, *inputs):
        channels = self.shape[-1]
        op = Conv(
            kernel=on_grid(self.rng, 3, 3, channels, filters), bias=on_grid(self.rng, filters), padding=((1, 1), (1, 1))
        )
        return self.add(name, op, (*self.shape[:2], filters), *inputs, weight=W, bias=W)

    def norm(self, name, *inputs):
        channels = self.shape[-1]
        op = Affine(kernel=self.rng.uniform(0.3, 1.7, channels), bias=self.rng.normal(0, 0.3, channels))
        return self.add(name, op, self.shape, *inputs)

    def dense(self, name, units):
        self.add(f"{name}_flat", Reshape(), (int(np.prod(self.shape)),))
        op = Dense(kernel=on_grid(self.rng, self.shape[0], units), bias=on_grid(self.rng, units))
        return self.add(name, op, (units,), weight=W, bias=W)

    def graph(self) -> Graph:
        return Graph(name="built", nodes=tuple(self.nodes), outputs=(self.nodes[-1].name,))


def normed(built) -> None:
    built.conv("c", 4)
    built.norm("n")


def pooled(built) -> None:
    built.conv("c", 4)
    built.add("p", Pool(average=False, size=(2, 2), stride=(2, 2)), (4, 4, 4))
    built.norm("n")


def averaged(built) -> None:
    built.conv("c", 4)
    built.add("p", Pool(average=True, size=(2, 2), stride=(2, 2)), (4, 4, 4))


def averaged_by_nine(built) -> None:
    built.conv("c", 4)
    built.add("p", Pool(average=True, size=(3, 3), stride=(2, 2)), (3, 3, 4))
    built.norm("n")


def upsampled(built) -> None:
    built.conv("c", 3)
    built.add("u", Upsample(size=(2, 2)), (16, 16, 3))
    built.norm("n")


def depthwise(built) -> None:
    built.add("d", DepthwiseConv(kernel=on_grid(built.rng, 3, 3, 2, 2), padding=((1, 1), (1, 1))), (8, 8, 4), weight=W)
    built.norm("n")


def separable(built) -> None:
    built.add("d", DepthwiseConv(kernel=on_grid(built.rng, 3, 3, 2, 1), padding=((1, 1), (1, 1))), (8, 8, 2), weight=W)
    built.add("c", Conv(kernel=on_grid(built.rng, 1, 1, 2, 4)), (8, 8, 4), weight=W)
    built.norm("n")


def residual(built) -> None:
    first = built.quantize("a", built.norm("n1", built.conv("c1", 4)))
    second = built.norm("n2", built.conv("c2", 4))
    built.add("s", Merge(function=MergeFunction.ADD), (8, 8, 4), first, second)


def joined(built) -> None:
    first = built.norm("n1", built.conv("c1", 4))
    built.add("j", Concatenate(axis=2), (8, 8, 6), first, "in")
    built.add("m", Pool(average=False, size=(2, 2), stride=(2, 2)), (4, 4, 6))


def leaky(built) -> None:
    built.conv("c", 4)
    built.add("l", Activation(function=Function.LEAKY_RELU, alpha=0.125), (8, 8, 4))


def multiplied(built) -> None:
    first = built.quantize("a", built.conv("c1", 4))
    second = built.quantize("b", built.conv("c2", 4))
    built.add("m", Merge(function=MergeFunction.MULTIPLY), (8, 8, 4), first, second)
    built.norm("n")


PARTS = (
    normed,
    pooled,
    averaged,
    averaged_by_nine,
    upsampled,
    depthwise,
    separable,
    residual,
    joined,
    leaky,
    multiplied,
)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("is_on_grid", [True, False])
def test_nothing_is_rounded_between_the_models_quantizers(part, is_on_grid: bool) -> None:
    built = Built()
    part(built)
    built.quantize("q")
    built.dense("out", 5)
    graph = built.graph()
    x = built.rng.normal(0, 1.5, (300, 8, 8, 2))
    x = np.round(x * 16) / 16 if is_on_grid else x
    design = Design.default(graph)
    assert (emulate(design, x) != float_forward(graph, x)).mean() < 0.002
    assert max(design.result_type(node.name).width for node in graph) <= MAX_EXACT


def test_an_input_that_the_model_quantises_at_once_has_that_type() -> None:
    built = Built()
    built.conv("c", 2)
    graph = built.graph()
    assert cast_at_once(graph, graph["x"]) == graph["in"].types["result"]
    assert Design.default(graph).result_type("x") == graph["in"].types["result"]
    assert Design.default(graph, data=np.full((3, 8, 8, 2), 100.0)).result_type("x") == graph["in"].types["result"]
    both = Built()
    both.add("n", Affine(kernel=np.ones(2), bias=np.zeros(2)), (8, 8, 2), "x")
    assert cast_at_once(both.graph(), both.graph()["x"]) is None


def test_what_would_need_more_bits_than_the_limit_is_rounded_to_it() -> None:
    built = Built(shape=(4,))
    wide = Fixed(24, 12)
    rng = np.random.default_rng(0)
    kernel = to_real(quantize(rng.normal(0, 100, (4, 4)), wide), wide)
    for name in ("d1", "d2"):
        built.add(name, Dense(kernel=kernel), (4,), weight=wide)
    built.quantize("q", type_=Fixed(8, 8, True, Rounding.RND, Overflow.SAT))
    graph = built.graph()
    design = Design.default(graph)
    assert [str(design.result_type(name)) for name in ("d1", "d2")] == ["fixed<29,13>", "fixed<48,22,RND,SAT>"]
    x = rng.normal(0, 1e-4, (100, 4))
    assert emulate_raw(design, x).shape == (100, 4)


def test_settled_are_the_nodes_whose_every_reader_ends_in_a_quantizer() -> None:
    built = Built()
    residual(built)
    built.quantize("q")
    built.dense("out", 5)
    built.add("soft", Softmax(), (5,))
    assert settled(built.graph()) == {"x", "in", "c1", "n1", "c2", "n2", "a", "s"}


def test_weight_fields_of_every_op_are_known() -> None:
    assert set(WEIGHT_FIELDS) == {"weight", "bias", "recurrent_weight", "recurrent_bias"}
