"""The network while it is built: our ops with the model's quantizers still as ops and grids of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod

from hlsexplore.errors import ModelError
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Shape
from hlsexplore.importers.layer import MAX_ELEMENTS, Tensor
from hlsexplore.ops import Op


class QuantRounding(StrEnum):
    """How a quantizer rounds; two of them have no equal in `ap_fixed`."""

    HALF_EVEN = "half_even"
    FLOOR = "floor"
    CEIL = "ceil"
    TOWARD_ZERO = "toward_zero"
    AWAY_FROM_ZERO = "away_from_zero"
    HALF_AWAY = "half_away"
    HALF_TOWARD = "half_toward"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FakeQuant:
    """A quantizer of a tensor as frameworks compute it: real values in, real values of a grid out.

    y = clip(x / scale + zero, low, high), rounded; the result is (y - zero) * scale.

    Attributes:
        scale: One factor, or one for each channel (last axis).
        zero: The zero point, an integer, of the same form.
        low: Least integer.
        high: Largest integer.
        rounding: How y is rounded.
        is_bipolar: Whether there are two values only, scale for x >= 0 and -scale else.
        shift: Bits that are cut off behind the first rounding (Trunc); the result is then on the grid scale * 2**shift.
        shift_rounding: How they are cut off.
    """

    scale: RealArray
    zero: RealArray
    low: float
    high: float
    rounding: QuantRounding = QuantRounding.HALF_EVEN
    is_bipolar: bool = False
    shift: int = 0
    shift_rounding: QuantRounding = QuantRounding.FLOOR


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
    """

    name: str
    base: str
    op: Op | FakeQuant
    inputs: tuple[str, ...]
    shape: Shape
    source: str
    grids: Mapping[str, Grid] = field(default_factory=dict)


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
    moves: dict[tuple[str, tuple[int, ...], Shape], Tensor] = field(default_factory=dict)

    def add(
        self,
        name: str,
        op: Op | FakeQuant,
        inputs: tuple[Tensor, ...],
        shape: Shape,
        source: str,
        grids: Mapping[str, Grid] | None = None,
    ) -> Tensor:
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
        return Tensor(node=unique, shape=shape)

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
