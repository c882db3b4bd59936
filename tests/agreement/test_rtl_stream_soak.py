"""One hundred random networks on streams through the RTL flow, exactly equal to the emulator (`-m slow`)."""

from pathlib import Path

import numpy as np
import pytest
from agreement.kit import Case, grid_op, random_type, uniform
from agreement.random_networks import Window, drawn_window
from agreement.rtl_runner import is_available, is_refused
from agreement.test_rtl import compare

from hlsexplore.design import Design
from hlsexplore.fixed import Overflow
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import (
    Activation,
    Affine,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Function,
    Input,
    LayerNorm,
    Merge,
    MergeFunction,
    Op,
    Pad,
    Pool,
    Reshape,
    Softmax,
    Upsample,
)
from hlsexplore.reuse import legal_reuse
from hlsexplore.target import Target

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not is_available(), reason="needs verilator and a C++ compiler")]

NETWORKS = 100
BATCH = 20
SAMPLES = 25


class Builder:
    """A network that grows; mutable because layers are added one by one."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        source = random_type(rng, (3, 9), (1, 4), is_signed=bool(rng.integers(2)))
        self.rank = int(rng.integers(1, 3))
        size = tuple(int(rng.integers(4, 8)) for _ in range(self.rank))
        self.nodes = [Node(name="x", op=Input(), inputs=(), shape=(*size, int(rng.integers(1, 4))))]
        self.changes: dict[str, dict[str, object]] = {"x": {"result": source}}
        self.source = source

    @property
    def last(self) -> Node:
        return self.nodes[-1]

    def add(self, op: Op, shape: tuple[int, ...], settings: dict[str, object], inputs: tuple[str, ...] = ()) -> None:
        """Add a layer behind the last one, or behind some others."""
        name = f"n{len(self.nodes)}"
        self.nodes.append(Node(name=name, op=grid_op(op, settings), inputs=inputs or (self.last.name,), shape=shape))
        if settings:
            self.changes[name] = settings

    def matrix(self) -> dict[str, object]:
        """Draw the types of a matrix."""
        return {
            "weight": random_type(self.rng, (2, 7), (0, 2)),
            "bias": random_type(self.rng, (2, 7), (0, 2)),
            "accum": random_type(self.rng, (6, 20), (2, 8)),
            "result": random_type(self.rng, (3, 10), (1, 5)),
        }

    def reuse(self, op: Op, shape: tuple[int, ...]) -> dict[str, object]:
        """Draw a reuse."""
        legal = legal_reuse(Node(name="n", op=op, inputs=("x",), shape=shape))
        if isinstance(op, DepthwiseConv):
            legal = tuple(value for value in legal if value <= op.kernel.shape[0] * op.kernel.shape[1])
        return {"reuse": int(self.rng.choice(legal)), "strategy": str(self.rng.choice(["latency", "resource"]))}

    def window(self) -> Window:
        """Draw size, stride and padding of a window; return also the shape of its output without channels."""
        return drawn_window(self.rng, self.last.shape[:-1], 2)


def conv(builder: Builder) -> None:
    size, stride, padding, out = builder.window()
    rng, channels = builder.rng, builder.last.shape[-1]
    options = {"stride": stride, "padding": padding, "rank": builder.rank}
    if rng.integers(3) == 0:
        op: Op = DepthwiseConv(
            kernel=rng.normal(0, 0.7, (*size, channels, 1)), bias=rng.normal(0, 0.4, channels), **options
        )
        shape = (*out, channels)
    else:
        filters = int(rng.integers(1, 5))
        op = Conv(kernel=rng.normal(0, 0.6, (*size, channels, filters)), bias=rng.normal(0, 0.4, filters), **options)
        shape = (*out, filters)
    builder.add(op, shape, builder.matrix() | builder.reuse(op, shape))


def pool(builder: Builder) -> None:
    size, stride, padding, out = builder.window()
    op = Pool(average=bool(builder.rng.integers(2)), size=size, stride=stride, padding=padding, rank=builder.rank)
    types = {"accum": random_type(builder.rng, (6, 16), (2, 8)), "result": random_type(builder.rng, (4, 10), (2, 5))}
    builder.add(op, (*out, builder.last.shape[-1]), types)


def pointwise(builder: Builder) -> None:
    rng, channels = builder.rng, builder.last.shape[-1]
    kind, result = int(rng.integers(4)), {"result": random_type(rng, (3, 10), (1, 5))}
    if kind == 0:
        extra = {"weight": random_type(rng, (3, 8), (1, 3)), "bias": random_type(rng, (3, 8), (1, 3))}
        op: Op = Affine(kernel=rng.normal(0, 1, channels), bias=rng.normal(0, 1, channels))
        builder.add(op, builder.last.shape, result | extra)
    elif kind == 1:
        extra = {"table": random_type(rng, (4, 10), (2, 3)), "table_size": int(rng.choice([32, 128]))}
        builder.add(Activation(function=Function.TANH), builder.last.shape, result | extra)
    else:
        builder.add(Activation(function=Function.RELU), builder.last.shape, result)


def frame(builder: Builder) -> None:
    rng, rank = builder.rng, builder.rank
    *image, channels = builder.last.shape
    flat = ((0, 0),) if rank == 1 else ()
    kind = int(rng.integers(3))
    if kind == 0:
        pads = tuple((int(rng.integers(3)), int(rng.integers(3))) for _ in image)
        shape = tuple(size + sum(pad) for size, pad in zip(image, pads, strict=True))
        builder.add(Pad(padding=(*flat, *pads), rank=rank), (*shape, channels), {})
    elif kind == 1 and min(image) > 3:
        cuts = tuple((int(rng.integers(2)), int(rng.integers(2))) for _ in image)
        shape = tuple(size - sum(cut) for size, cut in zip(image, cuts, strict=True))
        builder.add(Crop(cropping=(*flat, *cuts), rank=rank), (*shape, channels), {})
    elif max(image) < 7:
        times = (1, 2) if rank == 1 else (2, 1)
        shape = tuple(size * time for size, time in zip(image, times[-rank:], strict=True))
        builder.add(Upsample(size=times, rank=rank), (*shape, channels), {})


def branch(builder: Builder) -> None:
    """Add a dense layer beside a shortcut, joined again."""
    rng, start = builder.rng, builder.last
    channels = start.shape[-1]
    op = Dense(kernel=rng.normal(0, 0.6, (channels, channels)), bias=rng.normal(0, 0.4, channels))
    builder.add(op, start.shape, builder.matrix() | builder.reuse(op, start.shape))
    if rng.integers(2):
        pointwise(builder)
    names = (builder.last.name, start.name)
    result = {"result": random_type(rng, (4, 10), (2, 5))}
    if rng.integers(2):
        function = MergeFunction(str(rng.choice(["add", "subtract", "maximum", "average"])))
        builder.add(Merge(function=function), start.shape, result, names)
        return
    axis = int(rng.integers(len(start.shape)))
    shape = tuple(size * (2 if place == axis else 1) for place, size in enumerate(start.shape))
    builder.add(Concatenate(axis=axis), shape, result, names)


def tail(builder: Builder) -> None:
    """Add the end: a global pooling or a flattening, dense layers, maybe a softmax or a normalisation."""
    rng, last = builder.rng, builder.last
    channels = last.shape[-1]
    if rng.integers(2):
        size = (1, *last.shape[:-1]) if builder.rank == 1 else last.shape[:-1]
        op: Op = Pool(average=bool(rng.integers(2)), size=size, stride=size, rank=builder.rank, is_global=True)
        types = {"accum": random_type(rng, (6, 16), (2, 8)), "result": random_type(rng, (4, 10), (2, 5))}
        builder.add(op, (channels,), types)
    elif last.num_elements <= 150:
        builder.add(Reshape(), (last.num_elements,), {})
    else:
        return
    for _ in range(int(rng.integers(1, 3))):
        n_in, count = builder.last.shape[-1], int(rng.integers(2, 6))
        op = Dense(kernel=rng.normal(0, 0.5, (n_in, count)), bias=rng.normal(0, 0.4, count))
        builder.add(op, (count,), builder.matrix() | builder.reuse(op, (count,)))
        if rng.integers(2):
            pointwise(builder)
    shape = builder.last.shape
    kind = int(rng.integers(4))
    if kind == 0:
        builder.add(Softmax(), shape, {"softmax": str(rng.choice(["stable", "latency", "argmax"])), "table_size": 64})
    elif kind == 1:
        norm = LayerNorm(kernel=rng.normal(1, 0.4, shape[0]), bias=rng.normal(0, 0.4, shape[0]))
        types = {"accum": random_type(rng, (10, 16), (2, 5), overflow=Overflow.SAT), "table_size": 64}
        builder.add(norm, shape, types | {"table": random_type(rng, (8, 14), (3, 6))})


def build(rng: np.random.Generator) -> tuple:
    """Make a random network of images or sequences."""
    builder = Builder(rng)
    for _ in range(int(rng.integers(1, 5))):
        (conv, conv, pool, pointwise, frame, branch)[int(rng.integers(6))](builder)
    tail(builder)
    if len(builder.nodes) == 1:
        pointwise(builder)
    outputs = {builder.last.name} | (
        {builder.nodes[-2].name} if rng.integers(4) == 0 and len(builder.nodes) > 2 else set()
    )
    graph = Graph(name="soak", nodes=tuple(builder.nodes), outputs=tuple(sorted(outputs)))
    design = Design.default(graph, target=Target(io="stream")).with_layers(builder.changes)
    return design, uniform(rng, builder.source, builder.nodes[0].shape, SAMPLES)


@pytest.mark.parametrize("first", range(0, NETWORKS, BATCH))
def test_random_networks_on_streams_are_exact_in_rtl(first: int, tmp_path: Path) -> None:
    cases = [Case(f"stream_soak_{index}", build) for index in range(first, first + BATCH)]
    assert not any(is_refused(case.make()[0]) for case in cases)
    assert not (problems := compare(cases, tmp_path)), "\n".join(problems)
