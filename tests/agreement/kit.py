"""What agreement cases are made of: random types, weights on the grid, one-layer designs."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, Overflow, Rounding, quantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import WEIGHT_FIELDS, Input, Op, weights
from hlsexplore.reference.samples import check_inputs
from hlsexplore.target import Target

ROUNDINGS = tuple(Rounding)
OVERFLOWS = tuple(Overflow)
NUM_SAMPLES = 300

Built = tuple[Design, np.ndarray | tuple[np.ndarray, ...]]


@dataclass(frozen=True)
class Case:
    """A design and its data, built when it is needed.

    Attributes:
        name: Unique name; also seeds the random numbers.
        build: Makes the design and the inputs from a generator.
        differs: Why hls4ml computes something else on purpose, or does not support it; empty if it must agree.
        is_slow: Whether it runs only with `-m slow`.
    """

    name: str
    build: Callable[[np.random.Generator], Built]
    differs: str = ""
    is_slow: bool = False

    def make(self) -> Built:
        """Build the design and the inputs, the same ones each time."""
        return _make(self)


@lru_cache(maxsize=512)
def _make(case: Case) -> Built:
    return case.build(np.random.default_rng(zlib.crc32(case.name.encode())))


def mismatches(name: str, ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray], other: str) -> list[str]:
    """Describe each output that is not the same: how many raw integers differ, by how much, and the first five pairs.

    Args:
        name: Whose outputs they are.
        ours: Raw integers of the emulator.
        theirs: Those of the other executor.
        other: Its name.
    """
    problems = []
    for mine, its in zip(ours, theirs, strict=True):
        if mine.shape != its.shape:
            problems.append(f"{name}: the shapes are {mine.shape} in the emulator and {its.shape} in {other}")
            continue
        differ = mine != its
        if differ.any():
            gap = int(np.abs(mine - its).max())
            pairs = list(zip(mine[differ][:5].tolist(), its[differ][:5].tolist(), strict=True))
            problems.append(
                f"{name}: {differ.sum()} of {mine.size} integers differ by up to {gap}, (emulator, {other}): {pairs}"
            )
    return problems


def random_type(
    rng: np.random.Generator,
    width: tuple[int, int] = (4, 16),
    integer: tuple[int, int] = (1, 6),
    is_signed: bool = True,
    rounding: Rounding | None = None,
    overflow: Overflow | None = None,
) -> Fixed:
    """Draw a type; modes are drawn too unless given."""
    return Fixed(
        int(rng.integers(width[0], width[1] + 1)),
        int(rng.integers(integer[0], integer[1] + 1)),
        signed=is_signed,
        rounding=rounding or ROUNDINGS[rng.integers(len(ROUNDINGS))],
        overflow=overflow or OVERFLOWS[rng.integers(len(OVERFLOWS))],
    )


def input_raws(design: Design, x: object) -> list[np.ndarray]:
    """Return the raw integers of all inputs, encoded before they come in where the model does that."""
    found = []
    for name, array in check_inputs(design.graph, x).items():
        encoding = design.graph[name].op.encoding
        found.append(quantize(array if encoding is None else encoding.encode(array), design.result_type(name)))
    return found


def on_grid(values: np.ndarray, type_: Fixed) -> np.ndarray:
    """Round weights to a type's grid, so that every executor casts the same values."""
    return to_real(quantize(values, type_), type_)


def single(
    op: Op, shape: tuple[int, ...], out_shape: tuple[int, ...], types: dict[str, Fixed | str], **knobs
) -> Design:
    """Make a design of one layer named `layer` after an input `x`.

    Args:
        op: The op; its weights are rounded to the grid of their types.
        shape: Input shape.
        out_shape: Output shape.
        types: Types by tensor key, and `input` for the input.
        **knobs: Knobs of the layer; `io` goes to the target.
    """
    return chain([("layer", op, out_shape, types | knobs)], shape, types["input"])


def chain(
    layers: list[tuple[str, Op, tuple[int, ...], dict[str, object]]], shape: tuple[int, ...], input_type: Fixed | str
) -> Design:
    """Make a design of layers in a row: (name, op, output shape, types and knobs), as in `single`."""
    io = "parallel"
    nodes = [Node(name="x", op=Input(), inputs=(), shape=shape)]
    changes: dict[str, dict[str, object]] = {"x": {"result": input_type}}
    for name, op, out_shape, settings in layers:
        settings = dict(settings)
        settings.pop("input", None)
        io = settings.pop("io", io)
        nodes.append(Node(name=name, op=grid_op(op, settings), inputs=(nodes[-1].name,), shape=out_shape))
        if settings:
            changes[name] = settings
    graph = Graph(name="case", nodes=tuple(nodes), outputs=(nodes[-1].name,))
    design = Design.default(graph, target=Target(io=io))
    return design.with_layers(changes)


def grid_op(op: Op, types: dict[str, object]) -> Op:
    """Return the op with its weights rounded to the grid of their types."""
    rounded = {
        WEIGHT_FIELDS[key]: on_grid(values, Fixed.parse(types[key]))
        for key, values in weights(op).items()
        if key in types
    }
    return replace(op, **rounded) if rounded else op


def uniform(rng: np.random.Generator, type_: Fixed, shape: tuple[int, ...], count: int = NUM_SAMPLES) -> np.ndarray:
    """Draw inputs over a little more than a type's range, off its grid."""
    reach = 1.2 * max(abs(type_.low), abs(type_.high))
    return rng.uniform(-reach, reach, (count, *shape))
