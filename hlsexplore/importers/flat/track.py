"""Tensors of a quantised network while scales travel: integers in the hardware, and what stays symbolic behind them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hlsexplore.encoding import AffineUnit
from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.graph import Shape
from hlsexplore.ops import Activation, Clip, Function, PRelu
from hlsexplore.reference.forward import activate

ZERO, ONE = np.array(0.0), np.array(1.0)
EQUAL = 1e-6
"""Relative difference up to which two scales are one: float32 rounds products of scales by 1e-7."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linear:
    """x * scale + offset; both broadcastable to the tensor's shape."""

    scale: RealArray
    offset: RealArray

    @property
    def arrays(self) -> tuple[RealArray, ...]:
        """What may differ between elements."""
        return self.scale, self.offset

    def moved(self, move: Callable[[RealArray], RealArray]) -> "Linear":
        """Return it for a tensor whose elements were moved."""
        return Linear(scale=move(self.scale), offset=move(self.offset))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Apply:
    """A function that never falls."""

    op: Activation | Clip | PRelu

    def real(self, values: RealArray) -> RealArray:
        """Return the function of values, the channels last."""
        if isinstance(self.op, PRelu):
            slopes: RealArray = np.maximum(values, 0.0) + self.op.kernel * np.minimum(values, 0.0)
            return slopes
        return np.clip(values, self.op.low, self.op.high) if isinstance(self.op, Clip) else activate(self.op, values)

    @property
    def arrays(self) -> tuple[RealArray, ...]:
        """What may differ between elements."""
        return (self.op.kernel,) if isinstance(self.op, PRelu) else ()

    def moved(self, move: Callable[[RealArray], RealArray]) -> "Apply":
        """Return it for a tensor whose elements were moved."""
        return Apply(op=PRelu(kernel=move(self.op.kernel))) if isinstance(self.op, PRelu) else self

    @property
    def name(self) -> str:
        """Its name, for layers."""
        return str(self.op.function) if isinstance(self.op, Activation) else type(self.op).__name__.lower()

    @property
    def is_relu(self) -> bool:
        """Whether it is a ReLU without an upper limit."""
        return isinstance(self.op, Activation) and self.op.function is Function.RELU and self.op.max_value is None


Pending = Linear | Apply
RISING = frozenset(
    {
        Function.LINEAR,
        Function.RELU,
        Function.LEAKY_RELU,
        Function.THRESHOLDED_RELU,
        Function.SIGMOID,
        Function.HARD_SIGMOID,
        Function.TANH,
        Function.HARD_TANH,
        Function.SOFTPLUS,
        Function.SOFTSIGN,
        Function.ELU,
        Function.SELU,
    }
)
"""Functions that never fall (for slopes and scales of 0 or above)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """A tensor: a node of the network, and what must still be done to its values to give the real tensor.

    Attributes:
        node: Name of the node.
        shape: Its shape without the batch axis.
        pending: What is still to be done, in order.
        low: Least value in units of `step`, broadcastable to the shape; None where values are not on a grid.
        high: Largest value.
        step: Distance of neighbouring values, a power of two.
    """

    node: str
    shape: Shape
    pending: tuple[Pending, ...] = ()
    low: RealArray | None = None
    high: RealArray | None = None
    step: float = 1.0

    @property
    def is_exact(self) -> bool:
        """Whether its values are on a grid and within limits."""
        return self.low is not None

    @property
    def limits(self) -> tuple[RealArray, RealArray]:
        """Least and largest value in units of the step, of a tensor on a grid."""
        if self.low is None or self.high is None:
            raise ValueError(f"{self.node} is on no grid")
        return self.low, self.high

    @property
    def linear(self) -> Linear | None:
        """Scale and offset, if nothing else is to be done."""
        if any(isinstance(item, Apply) for item in self.pending):
            return None
        return next((item for item in self.pending if isinstance(item, Linear)), Linear(scale=ONE, offset=ZERO))

    def then(self, item: Pending) -> "Track":
        """Return it with one thing more to be done; scales of scales become one."""
        last = self.pending[-1] if self.pending else None
        if isinstance(item, Linear) and isinstance(last, Linear):
            merged = Linear(scale=last.scale * item.scale, offset=last.offset * item.scale + item.offset)
            return replace(self, pending=_without_idle((*self.pending[:-1], merged)))
        return replace(self, pending=_without_idle((*self.pending, item)))

    def real(self, values: RealArray) -> RealArray:
        """Return what values of the node stand for.

        Args:
            values: Values, shape (..., *shape) or broadcastable to it.
        """
        for item in self.pending:
            values = values * item.scale + item.offset if isinstance(item, Linear) else item.real(values)
        return values

    @property
    def unit(self) -> AffineUnit | None:
        """Scale and offset as the unit of the node's values; None if they are 1 and 0."""
        found = self.linear
        if found is None or not self.pending:
            return None
        return AffineUnit(scale=np.array(found.scale), offset=np.array(found.offset))

    @property
    def type(self) -> Fixed:
        """The least type that holds every value of a tensor on a grid."""
        low, high = self.limits
        return grid_type(float(low.min()), float(high.max()), self.step)


def is_rising(op: Activation | Clip | PRelu) -> bool:
    """Whether a function never falls."""
    if isinstance(op, PRelu):
        return bool((op.kernel >= 0).all())
    if isinstance(op, Clip):
        return (op.slope == 0 and op.floor == op.low) or op.low == -np.inf
    return op.function in RISING and op.alpha >= 0


def _without_idle(pending: tuple[Pending, ...]) -> tuple[Pending, ...]:
    return tuple(item for item in pending if isinstance(item, Apply) or not is_idle(item))


def is_idle(item: Linear) -> bool:
    """Whether a scale is 1 and an offset 0."""
    return bool((item.scale == 1).all() and (item.offset == 0).all())


def grid_type(low: float, high: float, step: float) -> Fixed:
    """Return the least type that holds multiples of a step.

    Args:
        low: Least multiple.
        high: Largest multiple.
        step: The step, a power of two.

    Examples:
        >>> grid_type(0, 15, 0.25), grid_type(-8, 7, 1.0)
        (Fixed.parse('ufixed<4,2>'), Fixed.parse('fixed<4,4>'))
    """
    fraction = -exponent(step)
    signed = low < 0
    bits = max(int(high).bit_length(), int(-low - 1).bit_length() if signed else 0)
    width = max(bits + signed, 1)
    return Fixed(width, width - fraction, signed=signed)


def exponent(step: float) -> int:
    """Return the exponent of a power of two."""
    return int(np.frexp(step)[1]) - 1


def is_power(values: RealArray) -> bool:
    """Whether all values are powers of two."""
    return bool((values > 0).all() and (np.frexp(values)[0] == 0.5).all())


def alike(first: RealArray, second: RealArray) -> bool:
    """Whether two scales are the same but for float32's rounding."""
    return bool(np.allclose(first, second, rtol=EQUAL, atol=0.0))


def per_channel(values: RealArray, shape: Shape) -> RealArray | None:
    """Return values that are the same at all positions, with shape () or (channels,); None if they are not.

    Args:
        values: Broadcastable to the shape.
        shape: Shape of the tensor, channels last.
    """
    if values.size == 1:
        return values.reshape(())
    rows = np.broadcast_to(values, shape).reshape(-1, shape[-1])
    if (rows == rows[0]).all():
        return np.array(rows[0])
    return None
