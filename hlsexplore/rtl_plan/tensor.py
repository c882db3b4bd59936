"""Tensors between the modules of a design: what each wire can hold."""

from dataclasses import dataclass
from math import prod

from hlsexplore.fixed import Fixed
from hlsexplore.rtl_plan.netlist.net import bits_of

Range = tuple[int, int]
"""Lowest and highest value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """The elements of a tensor on a bus, all in one width.

    Attributes:
        shape: Shape without the batch axis.
        fraction: Fraction bits of the raw integers.
        ranges: Lowest and highest raw integer of each element, row-major.
        arrival_ns: How long after the clock edge the elements are stable.
        is_held: Whether the elements stay until the next ones come; else they are there for one cycle.
    """

    shape: tuple[int, ...]
    fraction: int
    ranges: tuple[Range, ...]
    arrival_ns: float = 0.0
    is_held: bool = False

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def low(self) -> int:
        """Lowest raw integer of all elements."""
        return min(low for low, _ in self.ranges)

    @property
    def high(self) -> int:
        """Highest raw integer of all elements."""
        return max(high for _, high in self.ranges)

    @property
    def signed(self) -> bool:
        """Whether elements are two's complement on the bus."""
        return self.low < 0

    @property
    def width(self) -> int:
        """Bits of an element on the bus."""
        return bits_of(self.low, self.high)


def full_tensor(shape: tuple[int, ...], type_: Fixed) -> Tensor:
    """Return a tensor whose elements can hold every value of a type, bit pattern for bit pattern."""
    low = -(1 << (type_.width - 1)) if type_.signed else 0
    return Tensor(shape=shape, fraction=type_.fraction, ranges=((low, type_.max_raw),) * prod(shape))
