"""Tensors between the modules of a design: what each wire can hold."""

from dataclasses import dataclass, replace
from math import prod

from hlsexplore.design import Design
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node
from hlsexplore.layer_config import own_types
from hlsexplore.rtl_plan.netlist.cells import bits_of
from hlsexplore.rtl_plan.netlist.zeros import ALL, trailing_zeros

Range = tuple[int, int]
"""Lowest and highest value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusTensor:
    """The elements of a tensor on a bus, all in one width.

    Attributes:
        shape: Shape without the batch axis.
        fraction: Fraction bits of the raw integers.
        ranges: Lowest and highest raw integer of each element, row-major.
        zeros: Low bits of each element that are always 0; empty where none are known.
        arrival_ns: How long after the clock edge the elements are stable.
        is_held: Whether the elements stay until the next ones come; else they are there for one cycle.
    """

    shape: tuple[int, ...]
    fraction: int
    ranges: tuple[Range, ...]
    zeros: tuple[int, ...] = ()
    arrival_ns: float = 0.0
    is_held: bool = False

    def __post_init__(self) -> None:
        """Check that each element has its own numbers."""
        if self.zeros and len(self.zeros) != len(self.ranges):
            raise ValueError(f"{len(self.ranges)} elements with ranges, but {len(self.zeros)} with zeros")

    @property
    def known_zeros(self) -> tuple[int, ...]:
        """Low bits of each element that are known to be 0."""
        return self.zeros or (0,) * len(self.ranges)

    @property
    def num_bits(self) -> int:
        """Bits of all elements that are not known to be constant."""
        pairs = zip(self.ranges, self.known_zeros, strict=True)
        return sum(bits_of(low >> zeros, high >> zeros) for (low, high), zeros in pairs if low != high)

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


def full_tensor(shape: tuple[int, ...], type_: Fixed) -> BusTensor:
    """Return a tensor whose elements can hold every value of a type, bit pattern for bit pattern."""
    low = -(1 << (type_.width - 1)) if type_.signed else 0
    return BusTensor(shape=shape, fraction=type_.fraction, ranges=((low, type_.max_raw),) * prod(shape))


def input_tensor(design: Design, node: Node) -> BusTensor:
    """Return the tensor of an input, whose elements may have been cast to types of their own, then to one type.

    Args:
        design: The design.
        node: The input.
    """
    type_, types = design.result_type(node.name), own_types(node, design.layers[node.name])
    if types is None:
        return full_tensor(node.shape, type_)
    lift = type_.fraction - types.hull().fraction
    low, high, zeros = types.limits(node.shape)
    if lift < 0 or int(low.min()) << lift < type_.min_raw or type_.max_raw < int(high.max()) << lift:
        return full_tensor(node.shape, type_)
    return BusTensor(
        shape=node.shape,
        fraction=type_.fraction,
        ranges=tuple((int(a) << lift, int(b) << lift) for a, b in zip(low.ravel(), high.ravel(), strict=True)),
        zeros=tuple(int(count) + lift for count in zeros.ravel()),
    )


def any_position(tensor: BusTensor, channels: int) -> BusTensor:
    """Return the tensor of one position of a tensor, whatever the position.

    Args:
        tensor: All positions, channels last.
        channels: Elements of a position.
    """
    columns = [tensor.ranges[channel::channels] for channel in range(channels)]
    ranges = tuple((min(low for low, _ in column), max(high for _, high in column)) for column in columns)
    return replace(tensor, shape=(channels,), ranges=ranges, zeros=_common_zeros(tensor, channels))


def with_zero(tensor: BusTensor) -> BusTensor:
    """Return a tensor whose elements can also be 0."""
    return replace(tensor, ranges=tuple((min(low, 0), max(high, 0)) for low, high in tensor.ranges))


def repeated(tensor: BusTensor, count: int) -> BusTensor:
    """Return a vector of a tensor's elements, `count` times one after another."""
    return replace(tensor, shape=(tensor.size * count,), ranges=tensor.ranges * count, zeros=tensor.zeros * count)


def _common_zeros(tensor: BusTensor, channels: int) -> tuple[int, ...]:
    """Count the low bits of each channel that are 0 at every position."""
    if not tensor.zeros:
        return ()
    rows = list(zip(tensor.ranges, tensor.zeros, strict=True))
    found = []
    for channel in range(channels):
        some = [trailing_zeros(low) if low == high else zeros for (low, high), zeros in rows[channel::channels]]
        found.append(min(some) if min(some) < ALL else 0)
    return tuple(found)
