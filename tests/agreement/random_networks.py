"""Random networks of every op: any shapes, types, knobs, names and branches that the product takes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod

import numpy as np
from agreement.draws import FUNCTIONS
from agreement.kit import Built, grid_op

from hlsexplore.design import Design
from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import knobs
from hlsexplore.ops import (
    Activation,
    Affine,
    Cell,
    Clip,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    Function,
    Input,
    LayerNorm,
    Lookup,
    Merge,
    MergeFunction,
    Op,
    Pad,
    Permute,
    Pool,
    PRelu,
    Quantize,
    Recurrent,
    Reshape,
    Softmax,
    Upsample,
    tensor_keys,
)
from hlsexplore.reuse import legal_reuse
from hlsexplore.target import Target

SAMPLES = 12
MAX_ELEMENTS = 60
"""Elements of a tensor, so that every flow is quick."""
ROUNDINGS, OVERFLOWS = tuple(Rounding), tuple(Overflow)
NAMES = (
    "in_x",
    "x_valid",
    "out_y",
    "int",
    "reg",
    "EOF",
    "a b",
    "層",
    "x" * 60,
    "X",
    "_",
    "1",
    "main",
    "accum_t",
    "clk",
)
Shape = tuple[int, ...]
Made = tuple[Op, Shape] | None
"""An op and the shape of its result; None where the shape of its input does not fit."""


def any_type(rng: np.random.Generator, is_small: bool = False) -> Fixed:
    """Draw a type: mostly ordinary, at times a single bit, no fraction, no integer part, or neither."""
    width = int(rng.choice([1, 2, 3, 5, 8, 11, 14] if is_small else [1, 2, 4, 6, 9, 13, 18, 25]))
    integer = int(rng.integers(0, width + 1)) if rng.random() < 0.75 else int(rng.integers(-5, width + 6))
    signed = bool(rng.integers(4))
    return Fixed(
        width, integer, signed, ROUNDINGS[rng.integers(len(ROUNDINGS))], OVERFLOWS[rng.integers(len(OVERFLOWS))]
    )


def weights_of(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Draw weights, some of them 0."""
    return rng.normal(0, 1, shape) * (rng.random(shape) < 0.8)


def _dense(rng: np.random.Generator, shape: Shape) -> Made:
    count = int(rng.integers(1, 6))
    bias = weights_of(rng, count) if rng.integers(3) else None
    return Dense(kernel=weights_of(rng, shape[-1], count), bias=bias), (*shape[:-1], count)


Window = tuple[tuple[int, int], tuple[int, int], tuple[tuple[int, int], tuple[int, int]], Shape]
"""Size, stride and padding of a window, and the positions of its result."""


def drawn_window(rng: np.random.Generator, positions: Shape, max_stride: int) -> Window:
    """Draw a window that fits an image of one or two axes; one of one axis has height 1."""
    rank, image = len(positions), (1,) * (2 - len(positions)) + positions
    size, stride, padding, out = [], [], [], []
    for axis, length in enumerate(image):
        is_flat = rank == 1 and axis == 0
        own = 1 if is_flat else int(rng.integers(1, min(3, length) + 1))
        step = 1 if is_flat else int(rng.integers(1, max_stride + 1))
        pad = (0, 0) if is_flat or rng.integers(2) else (int(rng.integers(0, own)), int(rng.integers(0, own)))
        size.append(own)
        stride.append(step)
        padding.append(pad)
        out.append((length + sum(pad) - own) // step + 1)
    return (size[0], size[1]), (stride[0], stride[1]), (padding[0], padding[1]), tuple(out[2 - rank :])


def _window(rng: np.random.Generator, shape: Shape) -> tuple[dict[str, object], tuple[int, int], Shape] | None:
    """Draw options of a window; return them, its size and the positions of its result."""
    if len(shape) not in (2, 3):
        return None
    size, stride, padding, out = drawn_window(rng, shape[:-1], 3)
    return {"stride": stride, "padding": padding, "rank": len(shape) - 1}, size, out


def _conv(rng: np.random.Generator, shape: Shape) -> Made:
    window = _window(rng, shape)
    if window is None:
        return None
    options, size, out = window
    channels = shape[-1]
    if rng.integers(3) == 0:
        multiplier = int(rng.integers(1, 3))
        op: Op = DepthwiseConv(kernel=weights_of(rng, *size, channels, multiplier), **options)
        return op, (*out, channels * multiplier)
    filters = int(rng.integers(1, 4))
    bias = weights_of(rng, filters) if rng.integers(2) else None
    return Conv(kernel=weights_of(rng, *size, channels, filters), bias=bias, **options), (*out, filters)


def _pool(rng: np.random.Generator, shape: Shape) -> Made:
    window = _window(rng, shape)
    if window is None:
        return None
    options, size, out = window
    average = bool(rng.integers(2))
    if rng.integers(3) == 0:
        rank = len(shape) - 1
        whole = (1, *shape[:-1]) if rank == 1 else shape[:-1]
        return Pool(average=average, size=whole, stride=whole, rank=rank, is_global=True), shape[-1:]
    return Pool(average=average, size=size, **options), (*out, shape[-1])


def _activation(rng: np.random.Generator, shape: Shape) -> Made:
    name = str(rng.choice(list(FUNCTIONS)))
    return Activation(function=Function(name.removesuffix("6")), **FUNCTIONS[name]), shape


def _clip(rng: np.random.Generator, shape: Shape) -> Made:
    low, high, floor = (float(value) for value in rng.normal([-1, 2, 0], 2))
    return Clip(low=low, high=high, floor=floor, slope=float(rng.normal()) if rng.integers(2) else 0.0), shape


def _own(rng: np.random.Generator, shape: Shape) -> Made:
    """Draw what belongs to a model: types of channels, or a table."""
    count = shape[-1:]
    if rng.integers(2):
        widths = {"integer": rng.integers(-2, 4, count), "fraction": rng.integers(-2, 5, count)}
        return Quantize(types=ElementTypes(signed=rng.random(count) < 0.6, **widths)), shape
    source, type_ = Fixed(int(rng.integers(1, 6)), int(rng.integers(0, 4))), any_type(rng, is_small=True)
    return Lookup(
        source=source, entries=rng.integers(type_.min_raw, type_.max_raw + 1, 1 << source.width), type=type_
    ), shape


def _channelwise(rng: np.random.Generator, shape: Shape) -> Made:
    channels = shape[-1]
    kind = int(rng.integers(3))
    if kind == 0:
        return Affine(kernel=weights_of(rng, channels), bias=weights_of(rng, channels)), shape
    if kind == 1:
        return PRelu(kernel=weights_of(rng, channels)), shape
    return LayerNorm(kernel=weights_of(rng, channels), bias=weights_of(rng, channels), epsilon=1e-3), shape


def _softmax(rng: np.random.Generator, shape: Shape) -> Made:
    return Softmax(), shape


def _recurrent(rng: np.random.Generator, shape: Shape) -> Made:
    if len(shape) != 2:
        return None
    kind, units = tuple(Cell)[rng.integers(3)], int(rng.integers(1, 3))
    gates = {Cell.SIMPLE_RNN: 1, Cell.LSTM: 4, Cell.GRU: 3}[kind]
    is_sequence = bool(rng.integers(2))
    op = Recurrent(
        cell=kind,
        kernel=weights_of(rng, shape[1], gates * units),
        recurrent_kernel=weights_of(rng, units, gates * units),
        bias=weights_of(rng, gates * units),
        recurrent_bias=weights_of(rng, gates * units) * (kind is Cell.GRU),
        activation=Function(str(rng.choice(["tanh", "relu", "hard_tanh", "softsign"]))),
        recurrent_activation=Function(str(rng.choice(["sigmoid", "hard_sigmoid"]))),
        recurrent_alpha=0.2,
        reset_after=bool(rng.integers(2)),
        return_sequences=is_sequence,
        quantizes_state=bool(rng.integers(2)),
    )
    return op, (shape[0], units) if is_sequence else (units,)


def _move(rng: np.random.Generator, shape: Shape) -> Made:
    kind = int(rng.integers(5))
    if kind == 0 or len(shape) == 1:
        total = prod(shape)
        parts = [size for size in range(1, total + 1) if total % size == 0]
        first = int(rng.choice(parts))
        choices: list[Shape] = [(total,), (first, total // first), (1, total), (1, 1, total), (total, 1)]
        choices += [(first, 1, total // first), (1, first, total // first)]
        return Reshape(), choices[rng.integers(len(choices))]
    rank = len(shape) - 1
    flat: tuple = ((0, 0),) * (2 - rank)
    *image, channels = shape
    if kind == 1:
        axes = tuple(rng.permutation(len(shape)).tolist())
        return Permute(axes=axes), tuple(shape[axis] for axis in axes)
    pads = tuple((int(rng.integers(3)), int(rng.integers(3))) for _ in image)
    if kind == 2:
        return Pad(padding=(*flat, *pads), rank=rank), (
            *(n + sum(p) for n, p in zip(image, pads, strict=True)),
            channels,
        )
    if kind == 3 and all(n > sum(p) for n, p in zip(image, pads, strict=True)):
        return Crop(cropping=(*flat, *pads), rank=rank), (
            *(n - sum(p) for n, p in zip(image, pads, strict=True)),
            channels,
        )
    times = tuple(int(rng.integers(1, 3)) for _ in image)
    return Upsample(size=((1, *times) if rank == 1 else times), rank=rank), (
        *(n * t for n, t in zip(image, times, strict=True)),
        channels,
    )


MAKERS: tuple[Callable[[np.random.Generator, Shape], Made], ...] = (
    _dense,
    _dense,
    _conv,
    _conv,
    _pool,
    _activation,
    _activation,
    _clip,
    _own,
    _channelwise,
    _softmax,
    _recurrent,
    _move,
    _move,
)


@dataclass
class Growing:
    """A network that grows; mutable because layers are added one by one."""

    rng: np.random.Generator
    nodes: list[Node] = field(default_factory=list)

    def name(self) -> str:
        """Draw a name: at times one that clashes with words of the languages or of the generators."""
        wanted = str(self.rng.choice(NAMES)) if self.rng.random() < 0.25 else f"n{len(self.nodes)}"
        return wanted if all(node.name != wanted for node in self.nodes) else f"n{len(self.nodes)}"

    def add(self, op: Op, inputs: tuple[str, ...], shape: Shape) -> None:
        """Add a node, if its tensor is small."""
        if 0 < prod(shape) <= MAX_ELEMENTS and min(shape) > 0:
            self.nodes.append(Node(name=self.name(), op=op, inputs=inputs, shape=shape))

    def source(self) -> Node:
        """Choose a tensor to read: mostly the newest."""
        return self.nodes[-1] if self.rng.random() < 0.8 else self.nodes[self.rng.integers(len(self.nodes))]

    def join(self) -> None:
        """Join tensors that fit."""
        rng, first = self.rng, self.source()
        same = [node for node in self.nodes if node.shape == first.shape]
        others = [same[rng.integers(len(same))] for _ in range(int(rng.integers(1, 3)))]
        names = (first.name, *(node.name for node in others))
        if rng.integers(3) == 0 and len(first.shape) == 1:
            self.add(Dot(), names[:2], (1,))
        elif rng.integers(2):
            function = tuple(MergeFunction)[rng.integers(len(MergeFunction))]
            self.add(Merge(function=function), names, first.shape)
        else:
            axis = int(rng.integers(len(first.shape)))
            size = first.shape[axis] * len(names)
            self.add(Concatenate(axis=axis), names, (*first.shape[:axis], size, *first.shape[axis + 1 :]))

    def step(self) -> None:
        """Add a random layer, if one fits."""
        if self.rng.random() < 0.2:
            self.join()
            return
        source = self.source()
        made = MAKERS[self.rng.integers(len(MAKERS))](self.rng, source.shape)
        if made is not None:
            self.add(made[0], (source.name,), made[1])


def settings_of(rng: np.random.Generator, node: Node) -> dict[str, object]:
    """Draw types and knobs of a layer."""
    found: dict[str, object] = {
        key: any_type(rng, is_small=key in ("weight", "bias", "recurrent_weight", "recurrent_bias"))
        for key in tensor_keys(node.op)
    }
    if isinstance(node.op, LayerNorm):
        found["accum"] = Fixed(int(rng.integers(4, 16)), int(rng.integers(1, 5)))
    has = knobs(node)
    if "reuse" in has and not isinstance(node.op, Recurrent):
        found["reuse"] = int(rng.choice(legal_reuse(node)))
    if "strategy" in has:
        found["strategy"] = str(rng.choice(["latency", "resource"]))
    if "parallel" in has:
        positions = prod(node.shape[:-1])
        found["parallel"] = int(rng.choice([n for n in range(1, positions + 1) if positions % n == 0]))
    if "table_size" in has:
        found["table_size"] = int(rng.choice([2, 8, 64]))
    if "softmax" in has:
        found["softmax"] = str(rng.choice(["stable", "latency", "argmax"]))
    return found


def network(rng: np.random.Generator, io: str) -> Built:
    """Make a random network with its data.

    Args:
        rng: The generator.
        io: How tensors travel; on streams positions come one by one.
    """
    growing = Growing(rng)
    shapes: list[Shape] = [(4,), (1,), (3, 2), (1, 5), (1, 1, 4), (4, 3, 2), (1, 4, 1), (5, 1)]
    for index in range(1 + int(rng.integers(4) == 0)):
        growing.nodes.append(Node(name="xw"[index], op=Input(), inputs=(), shape=shapes[rng.integers(len(shapes))]))
    while len(growing.nodes) < 4 or rng.random() < 0.7:
        growing.step()
    nodes = growing.nodes
    unread = [node.name for node in nodes if not any(node.name in other.inputs for other in nodes)]
    extra = [nodes[rng.integers(len(nodes))].name] if rng.integers(3) == 0 else []
    graph = Graph(name="net", nodes=tuple(nodes), outputs=tuple(dict.fromkeys([*unread, *extra])))
    design = Design.default(graph, target=Target(io=io, clock_ns=float(rng.choice([2.0, 5.0, 20.0]))))
    changes: dict[str, dict[str, object]] = {}
    for node in nodes:
        settings = settings_of(rng, node)
        if io == "stream":
            settings.pop("parallel", None)
        if settings and (isinstance(node.op, Input) or rng.random() < 0.85):
            changes[node.name] = settings
    design = design.with_layers(changes)
    on_grid = tuple(
        Node(name=n.name, op=grid_op(n.op, dict(design.layers[n.name].types)), inputs=n.inputs, shape=n.shape)
        for n in nodes
    )
    graph = Graph(name="net", nodes=on_grid, outputs=graph.outputs)
    design = Design(graph=graph, target=design.target, layers=design.layers)
    data = tuple(
        rng.uniform(-1.3, 1.3, (SAMPLES, *node.shape)) * max(abs(type_.low), abs(type_.high))
        for node in graph.inputs
        for type_ in [design.result_type(node.name)]
    )
    return design, data if len(data) > 1 else data[0]
