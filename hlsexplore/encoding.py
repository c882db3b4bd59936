"""Scales that stay outside of the hardware: how real input data becomes integers, and what integers of results mean.

Networks that Brevitas trained quantise with real scales. Their hardware computes with the integers alone; the first
scale is applied to the data before it comes in, the last one to the results that go out (docs/ir.md, section Scales).
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from hlsexplore.errors import ConfigError
from hlsexplore.fixed import RealArray


class WholeRounding(StrEnum):
    """How quantizers of models round to integers."""

    HALF_EVEN = "half_even"
    FLOOR = "floor"
    CEIL = "ceil"
    TOWARD_ZERO = "toward_zero"
    AWAY_FROM_ZERO = "away_from_zero"
    HALF_UP = "half_up"
    HALF_AWAY = "half_away"
    HALF_TOWARD = "half_toward"


_ROUND: dict[WholeRounding, Callable[[Any], Any]] = {
    WholeRounding.HALF_EVEN: np.rint,
    WholeRounding.FLOOR: np.floor,
    WholeRounding.CEIL: np.ceil,
    WholeRounding.TOWARD_ZERO: np.trunc,
    WholeRounding.AWAY_FROM_ZERO: lambda x: np.sign(x) * np.ceil(np.abs(x)),
    WholeRounding.HALF_UP: lambda x: np.floor(x + x.dtype.type(0.5)),
    WholeRounding.HALF_AWAY: lambda x: np.sign(x) * np.floor(np.abs(x) + x.dtype.type(0.5)),
    WholeRounding.HALF_TOWARD: lambda x: np.sign(x) * np.ceil(np.abs(x) - x.dtype.type(0.5)),
}


def round_whole(values: Any, rounding: WholeRounding) -> Any:
    """Round floats to whole numbers, in their own precision.

    Examples:
        >>> round_whole(np.array([-1.5, 0.5, 2.5]), WholeRounding.HALF_AWAY).tolist()
        [-2.0, 1.0, 3.0]
    """
    return _ROUND[rounding](values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoding:
    """How real data becomes an input of the hardware, in float32 as the model's framework does it.

    x is first multiplied by `factor` and `summand` is added. Then y = x / scale + zero, clipped and rounded, and the
    input is (y - zero) * step. With two values only it is `step` where x is 0 or above, else -`step`.

    Attributes:
        scale: What one integer stands for, broadcastable to the input's shape; above 0.
        zero: Zero points, whole numbers of the same form.
        low: Least y.
        high: Largest y.
        rounding: How y is rounded.
        is_bipolar: Whether there are two values only.
        step: What one integer is in the hardware: 1, or the scale where that is a power of two.
        factor: Factors, broadcastable to the input's shape.
        summand: Summands of the same form.
    """

    scale: RealArray
    zero: RealArray
    low: float
    high: float
    rounding: WholeRounding = WholeRounding.HALF_EVEN
    is_bipolar: bool = False
    step: float = 1.0
    factor: RealArray
    summand: RealArray

    def __post_init__(self) -> None:
        """Check the fields.

        Raises:
            ConfigError: If a scale is not above 0, a zero point no whole number, or a value not finite.
        """
        arrays = (self.scale, self.zero, self.factor, self.summand)
        if not all(np.isfinite(array).all() for array in arrays) or not (self.scale > 0).all() or self.step <= 0:
            raise ConfigError("the scale of an input is not above 0, or not finite.")
        if (self.zero != np.rint(self.zero)).any() or self.low > self.high:
            raise ConfigError("the zero point of an input is no whole number, or its limits are none.")
        object.__setattr__(self, "rounding", WholeRounding(self.rounding))
        for array in arrays:
            array.flags.writeable = False

    def encode(self, x: RealArray) -> RealArray:
        """Return the values that the hardware reads.

        Args:
            x: Real data, shape (samples, *shape).
        """
        with np.errstate(over="ignore"):
            y = np.asarray(x * self.factor + self.summand, dtype=np.float32)
            if self.is_bipolar:
                return np.where(y >= 0, self.step, -self.step)
            z = y / self.scale.astype(np.float32) + self.zero.astype(np.float32)
        y = round_whole(np.clip(z, np.float32(self.low), np.float32(self.high)), self.rounding)
        whole: RealArray = (y.astype(np.float64) - self.zero) * self.step
        return whole

    @property
    def limits(self) -> tuple[float, float]:
        """Least and largest value that the hardware reads."""
        if self.is_bipolar:
            return -self.step, self.step
        return (self.low - float(self.zero.max())) * self.step, (self.high - float(self.zero.min())) * self.step

    def content(self) -> Hashable:
        """Return all of it as plain values, for content hashes."""
        arrays = (self.scale, self.zero, self.factor, self.summand)
        plain = (self.low, self.high, str(self.rounding), self.is_bipolar, self.step)
        return (*((item.shape, tuple(item.ravel().tolist())) for item in arrays), *plain)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, in the form that `from_dict` reads."""
        arrays = {name: getattr(self, name).tolist() for name in ("scale", "zero", "factor", "summand")}
        plain = {"low": self.low, "high": self.high, "rounding": str(self.rounding)}
        return {**arrays, **plain, "is_bipolar": self.is_bipolar, "step": self.step}

    @classmethod
    def from_dict(cls, data: Any) -> "Encoding":
        """Read what `to_dict` returned.

        Raises:
            KeyError, TypeError, ValueError: If it is something else.
        """
        arrays = {name: np.array(data[name], dtype=np.float64) for name in ("scale", "zero", "factor", "summand")}
        return cls(
            **arrays,
            low=float(data["low"]),
            high=float(data["high"]),
            rounding=WholeRounding(data["rounding"]),
            is_bipolar=bool(data["is_bipolar"]),
            step=float(data["step"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AffineUnit:
    """What the values of a tensor stand for: value * scale + offset.

    Attributes:
        scale: Factors, broadcastable to the tensor's shape without the batch axis.
        offset: Summands of the same form.
    """

    scale: RealArray
    offset: RealArray

    def __post_init__(self) -> None:
        """Check that all numbers are finite.

        Raises:
            ConfigError: If one is not.
        """
        if not np.isfinite(self.scale).all() or not np.isfinite(self.offset).all():
            raise ConfigError("the scale of a result is not finite.")
        self.scale.flags.writeable = self.offset.flags.writeable = False

    def decode(self, values: RealArray) -> RealArray:
        """Return what values of the hardware, shape (samples, *shape), stand for."""
        real: RealArray = values * self.scale + self.offset
        return real

    def content(self) -> Hashable:
        """Return all of it as plain values, for content hashes."""
        return tuple((item.shape, tuple(item.ravel().tolist())) for item in (self.scale, self.offset))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, in the form that `from_dict` reads."""
        return {"scale": self.scale.tolist(), "offset": self.offset.tolist()}

    @classmethod
    def from_dict(cls, data: Any) -> "AffineUnit":
        """Read what `to_dict` returned.

        Raises:
            KeyError, TypeError, ValueError: If it is something else.
        """
        return cls(**{name: np.array(data[name], dtype=np.float64) for name in ("scale", "offset")})


def decoded(values: RealArray, unit: AffineUnit | None) -> RealArray:
    """Return what values stand for; without a unit themselves."""
    return values if unit is None else unit.decode(values)
