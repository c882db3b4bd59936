"""The network while it is built: our ops with the model's quantizers still as ops and grids of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from hlsexplore.encoding import WholeRounding, round_whole
from hlsexplore.errors import ModelError
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Shape
from hlsexplore.importers.flat.graph import KnownRange
from hlsexplore.importers.layer import MAX_ELEMENTS, ImportedTensor
from hlsexplore.ops import Op


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FakeQuant:
    """A quantizer of a tensor as frameworks compute it: real values in, real values of a grid out.

    y = x / scale + zero, clipped and rounded; the result is (y - zero) * scale. With `cut` bits cut off, y is first
    rounded to the grid and divided by 2**cut, and the result is (y - out_zero) * out_scale.

    Attributes:
        scale: Factors, shape () or (channels,) of the last axis; above 0.
        zero: Zero points, whole numbers of the same form.
        low: Least y.
        high: Largest y.
        rounding: How y is rounded.
        is_bipolar: Whether there are two values only, scale for x >= 0 and -scale else.
        cut: Bits that are cut off.
        out_scale: What one step of the result stands for.
        out_zero: Zero points of the result.
    """

    scale: RealArray
    zero: RealArray
    low: float
    high: float
    rounding: WholeRounding = WholeRounding.HALF_EVEN
    is_bipolar: bool = False
    cut: int = 0
    out_scale: RealArray
    out_zero: RealArray

    def integers(self, x: RealArray, is_single: bool = True) -> RealArray:
        """Return the integers behind the results, zero points taken off.

        Args:
            x: Real values, the channels last.
            is_single: Whether to compute in float32, as frameworks do it; else in float64.
        """
        if self.is_bipolar:
            return np.where(x >= 0, 1.0, -1.0)
        precision: Any = np.float32 if is_single else np.float64
        y: Any = np.asarray(x, dtype=precision) / self.scale.astype(precision) + self.zero.astype(precision)
        if self.cut:
            y = np.rint(y) / precision(2.0**self.cut)
        y = round_whole(np.clip(y, precision(self.low), precision(self.high)), self.rounding)
        whole: RealArray = y.astype(np.float64) - self.out_zero
        return whole

    @property
    def limits(self) -> tuple[RealArray, RealArray]:
        """Least and largest integer behind the results, in the form of `scale`."""
        if self.is_bipolar:
            return np.array(-1.0), np.array(1.0)
        return self.low - self.out_zero, self.high - self.out_zero


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """The integers behind a quantised weight.

    Attributes:
        integers: Integers (zero points taken off), the shape of the weight.
        scale: What one step stands for, the shape of the weight.
    """

    integers: RealArray
    scale: RealArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """A node of the network to be.

    Attributes:
        name: Its name while the network is built, unique.
        base: The name that it would have if no other one took it.
        op: What it computes, in real numbers.
        inputs: Names of the drafts that it reads.
        shape: Its shape without the batch axis.
        source: Name and class in the source.
        grids: Grids of its weights by tensor key (`weight`, `bias`), where the model quantises them.
        known: What the source says of an input's values, or None.
    """

    name: str
    base: str
    op: Op | FakeQuant
    inputs: tuple[str, ...]
    shape: Shape
    source: str
    grids: Mapping[str, Grid] = field(default_factory=dict)
    known: KnownRange | None = None


@dataclass(slots=True, kw_only=True)
class Sketch:
    """Collects drafts. Mutable because converters append to it one after another.

    Attributes:
        drafts: The drafts so far by name, in topological order.
        taken: Names in use.
        moves: Transposes and reshapes that ops needed, by tensor, axes and shape, so that each is done once.
    """

    drafts: dict[str, Draft] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    moves: dict[tuple[str, tuple[int, ...], Shape], ImportedTensor] = field(default_factory=dict)

    def add(
        self,
        name: str,
        op: Op | FakeQuant,
        inputs: tuple[ImportedTensor, ...],
        shape: Shape,
        source: str,
        grids: Mapping[str, Grid] | None = None,
    ) -> ImportedTensor:
        """Append a draft under its name, or the next free one.

        Raises:
            ModelError: If its output is empty or absurdly large.
        """
        if not shape or any(size < 1 for size in shape):
            raise ModelError(f"{source}: its output would have the shape {shape}. The input is too small for it.")
        if prod(shape) > MAX_ELEMENTS:
            raise ModelError(f"{source}: its output of shape {shape} has more than {MAX_ELEMENTS} elements.")
        unique = self.unique(name)
        names = tuple(tensor.node for tensor in inputs)
        self.drafts[unique] = Draft(
            name=unique, base=name, op=op, inputs=names, shape=shape, source=source, grids=grids or {}
        )
        return ImportedTensor(node=unique, shape=shape)

    def unique(self, name: str) -> str:
        """Return a name that is not taken yet, and take it."""
        return free_name(name, self.taken)


def free_name(name: str, taken: set[str]) -> str:
    """Return a name that is not taken yet, numbered if need be, and take it."""
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name}_{count}"
    taken.add(candidate)
    return candidate
