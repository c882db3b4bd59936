"""From integers of one scale to integers of another, exactly: what becomes of a quantizer behind integers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from hlsexplore.encoding import WholeRounding
from hlsexplore.fixed import Fixed, Overflow, RealArray, Rounding, least_type
from hlsexplore.graph import Shape
from hlsexplore.importers.flat.fit import MAX_FRACTION, Problem, fit
from hlsexplore.importers.flat.sketch import FakeQuant
from hlsexplore.importers.flat.track import EQUAL, Linear, Track, exponent, grid_type, is_power, per_channel
from hlsexplore.ops import Activation, Function, Op, Requantize

ROUNDINGS = {
    WholeRounding.HALF_EVEN: Rounding.RND_CONV,
    WholeRounding.FLOOR: Rounding.TRN,
    WholeRounding.TOWARD_ZERO: Rounding.TRN_ZERO,
    WholeRounding.HALF_UP: Rounding.RND,
    WholeRounding.HALF_AWAY: Rounding.RND_INF,
    WholeRounding.HALF_TOWARD: Rounding.RND_ZERO,
}
"""Roundings that `ap_fixed` has too."""
_SHIFTABLE = frozenset({WholeRounding.FLOOR, WholeRounding.HALF_UP})
"""Roundings that a whole zero point does not change."""
MAX_EXACT = 24
"""Fraction bits up to which a factor is taken as it is, without looking for a shorter one."""
SHORT_BITS = 8
"""Fraction bits of a ratio of two scales that is no accident: of an average, of the same scale twice."""
DOUBTFUL_BITS = 24
"""Bits of a factor that is not proven."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
    """What a quantizer becomes.

    Attributes:
        op: The op.
        types: Types that it prescribes.
        track: The tensor behind it; its node is still to be named.
        is_flat: Whether the op needs its input as a vector, because scales differ between positions.
        doubt: Why its integers are not proven to be the model's, or None if they are.
        is_constant: Whether every input that can reach it gives the same integer.
    """

    op: Op
    types: dict[str, Fixed]
    track: Track
    is_flat: bool = False
    doubt: str | None = None
    is_constant: bool = False


def requantized(track: Track, quant: FakeQuant) -> Made | None:
    """Return what a quantizer becomes behind a tensor.

    Args:
        track: The tensor that it reads.
        quant: The quantizer.

    Returns:
        The op; None if functions are pending that no multiplier gives, so that they must be computed first.
    """
    after = after_quantizer(track, quant)
    shifted = _shift(track, quant, after)
    if shifted is not None:
        return shifted
    if not track.is_exact:
        return _unproven(track, quant, after, NO_GRID)
    work, is_flat = by_channel(track)
    own = flattened(quant, track) if is_flat else quant
    problem = step_function(work, own)
    ends = problem.function(np.stack([problem.lows, problem.highs]).astype(np.float64))
    is_constant = bool((ends == ends.reshape(-1)[0]).all())
    exact = _exact(work, own, after)
    if exact is not None:
        return replace(exact, is_flat=is_flat, is_constant=is_constant)
    found = fit(problem)
    if found is not None:
        made = built(work, after, found.factor / work.step, found.summand, Rounding.TRN, proven=True)
        return replace(made, is_flat=is_flat, is_constant=is_constant)
    if work.linear is None:
        return None
    reason = f"no factor of {MAX_FRACTION} fraction bits or less gives all {problem.num_thresholds} borders"
    return replace(_unproven(work, own, after, reason), is_flat=is_flat)


def flattened(quant: FakeQuant, track: Track) -> FakeQuant:
    """Return a quantizer of a tensor as that of the same tensor as a vector."""
    scale, zero, out_scale, out_zero = (
        np.broadcast_to(item, track.shape).reshape(-1)
        for item in (quant.scale, quant.zero, quant.out_scale, quant.out_zero)
    )
    return replace(quant, scale=scale, zero=zero, out_scale=out_scale, out_zero=out_zero)


def after_quantizer(track: Track, quant: FakeQuant) -> Track:
    """Return the tensor behind a quantizer: on the grid of its scale if that is a power of two, else integers."""
    low, high = quant.limits
    if not np.isfinite(low).all() or not np.isfinite(high).all():  # Trunc of the first version has no limits
        low, high = _reached(track, quant)
    step = float(quant.out_scale.reshape(-1)[0])
    if is_power(quant.out_scale) and (quant.out_scale == step).all():
        return Track(node="", shape=track.shape, low=low, high=high, step=step)
    pending = (Linear(scale=quant.out_scale, offset=np.array(0.0)),)
    return Track(node="", shape=track.shape, low=low, high=high, pending=pending)


def _reached(track: Track, quant: FakeQuant) -> tuple[RealArray, RealArray]:
    """Return the least and largest integer that inputs on a grid can give."""
    low, high = track.limits
    ends = [quant.integers(track.real(end * track.step)) for end in (low, high)]
    return np.minimum(*ends), np.maximum(*ends)


def _shift(track: Track, quant: FakeQuant, after: Track) -> Made | None:
    """Return a plain cast where scales are powers of two: nothing but a shift, rounding and clipping."""
    ops = [item for item in track.pending if not isinstance(item, Linear)]
    is_relu = len(track.pending) == len(ops) == 1 and ops[0].is_relu
    if track.pending and not is_relu:
        return None
    rounding = ROUNDINGS.get(quant.rounding)
    is_plain = not quant.is_bipolar and not quant.cut and not quant.zero.any() and rounding is not None
    if not is_plain or after.pending or quant.scale.size > 1:
        return None
    type_ = grid_type(quant.low, quant.high, after.step).with_modes(rounding, Overflow.SAT)
    if (type_.min_raw, type_.max_raw) != (quant.low, quant.high):
        type_ = type_.with_modes(rounding, Overflow.SAT_SYM)
    if (type_.min_raw, type_.max_raw) != (quant.low, quant.high):
        return None
    op = Activation(function=Function.RELU if is_relu else Function.LINEAR)
    return Made(op=op, types={"result": type_}, track=after, doubt=None if track.is_exact else NO_GRID)


def by_channel(track: Track) -> tuple[Track, bool]:
    """Return the tensor with scales and limits by channel; as a vector where they differ between positions."""
    arrays = [array for item in track.pending for array in item.arrays]
    if all(per_channel(array, track.shape) is not None for array in arrays):
        low, high = track.limits
        widened = replace(track, low=_end(low, track.shape, np.min), high=_end(high, track.shape, np.max))
        return _mapped(widened, lambda array: np.asarray(per_channel(array, track.shape))), False
    flat = _mapped(track, lambda array: np.broadcast_to(array, track.shape).reshape(-1))
    return replace(flat, shape=(prod(track.shape),)), True


def _end(limits: RealArray, shape: Shape, extreme: Callable[..., RealArray]) -> RealArray:
    """Return limits of channels that hold at all positions."""
    if per_channel(limits, shape) is not None:
        return limits
    return extreme(np.broadcast_to(limits, shape).reshape(-1, shape[-1]), axis=0)


def _mapped(track: Track, move: Callable[[RealArray], RealArray]) -> Track:
    pending = tuple(item.moved(move) for item in track.pending)
    low, high = track.limits
    return replace(track, low=move(low), high=move(high), pending=pending)


def step_function(track: Track, quant: FakeQuant, is_single: bool = True) -> Problem:
    """Return the step function from values in units of the step to integers, in float32 or float64."""
    channels = track.shape[-1]
    low, high = track.limits
    least, most = quant.limits
    if not np.isfinite(least).all() or not np.isfinite(most).all():
        least, most = _reached(track, quant)

    def function(values: RealArray) -> RealArray:
        return np.broadcast_to(quant.integers(track.real(values * track.step), is_single), values.shape)

    return Problem(
        function=function,
        lows=np.broadcast_to(low, (channels,)).astype(np.int64),
        highs=np.broadcast_to(high, (channels,)).astype(np.int64),
        least=int(least.min()),
        most=int(most.max()),
    )


def _exact(track: Track, quant: FakeQuant, after: Track) -> Made | None:
    """Return factor and summand as they are where fixed point holds them, so that ties are ties too."""
    linear, rounding = track.linear, ROUNDINGS.get(quant.rounding)
    if linear is None or rounding is None or quant.is_bipolar:
        return None
    factor, summand = _snapped(linear.scale / quant.scale), linear.offset / quant.scale + quant.zero
    if quant.cut:  # the first rounding must find whole numbers
        if any((item != np.rint(item)).any() for item in (factor * track.step, summand)):
            return None
        factor, summand = factor / 2.0**quant.cut, summand / 2.0**quant.cut
    if quant.zero.any() and quant.rounding not in _SHIFTABLE and (quant.zero % 2).any():
        return None
    if quant.zero.any() and quant.rounding not in _SHIFTABLE | {WholeRounding.HALF_EVEN}:
        return None
    summand = summand - quant.out_zero
    scale = 2.0**MAX_EXACT
    if any((item * scale != np.rint(item * scale)).any() for item in (factor, summand)):
        return None
    return built(track, after, factor, summand, rounding, proven=True)


def _snapped(factor: RealArray) -> RealArray:
    """Return ratios of scales that float32's rounding alone keeps from being short as the short ones that they are."""
    short = np.rint(factor * 2.0**SHORT_BITS) / 2.0**SHORT_BITS
    is_short = np.abs(short - factor) <= EQUAL * np.abs(factor)
    return short if is_short.all() else factor


def built(
    source: Track,
    after: Track,
    factor: RealArray,
    summand: RealArray,
    rounding: Rounding,
    proven: bool,
    doubt: float = 0.0,
) -> Made:
    """Return a Requantize that multiplies values by factors and gives integers, or multiples of the step behind."""
    channels = source.shape[-1]
    kernel = np.array(np.broadcast_to(factor * after.step, (channels,)), dtype=np.float64)
    bias = np.array(np.broadcast_to(summand * after.step, (channels,)), dtype=np.float64)
    low, high = after.limits
    limits = {"low": float(low.min()) * after.step, "high": float(high.max()) * after.step}
    op = Requantize(kernel=kernel, bias=bias, **limits, proven=proven, doubt=doubt)
    result = after.type.with_modes(rounding, Overflow.SAT)
    return Made(op=op, types={"weight": exact_type(kernel), "bias": exact_type(bias), "result": result}, track=after)


def exact_type(values: RealArray) -> Fixed:
    """Return the least type that holds values exactly, a signed one for zeros alone.

    Examples:
        >>> exact_type(np.array([0.75, -2.0]))
        Fixed.parse('fixed<4,2>')
    """
    return least_type(values) if values.any() else Fixed(1, 1)


def _unproven(track: Track, quant: FakeQuant, after: Track, reason: str) -> Made:
    """Return the nearest factors of some bits, and how near to a border an input may be misjudged."""
    linear = track.linear
    if linear is None:
        raise ValueError("functions are pending")
    cut = 2.0**quant.cut
    factor = linear.scale / quant.scale / cut
    summand = (linear.offset / quant.scale + quant.zero) / cut - quant.out_zero
    rounding = ROUNDINGS.get(quant.rounding, Rounding.RND)
    if quant.is_bipolar:  # -1 or 1: the sign, with no result between
        factor, summand, rounding = factor * 2.0**DOUBTFUL_BITS, summand * 2.0**DOUBTFUL_BITS + 0.5, Rounding.RND
    kernel, bias = (_shortened(np.asarray(item)) for item in (factor, summand))
    doubt = UNKNOWN_DOUBT
    if track.is_exact:
        reach = np.maximum(*(np.abs(end) for end in track.limits)) * track.step
        doubt = float((np.abs(kernel - factor) * reach + np.abs(bias - summand)).max())
    exact = built(track, after, factor, summand, rounding, proven=False, doubt=doubt)
    short = built(track, after, kernel, bias, rounding, proven=False).types
    # Rounding gives the short factors from the exact ones: cutting bits off would give 16 for 19.9999997.
    nearest = {key: short[key].with_modes(Rounding.RND, Overflow.SAT) for key in ("weight", "bias")}
    return replace(exact, types=short | nearest, doubt=reason)


NO_GRID = "it reads values that are on no grid"
"""Why nothing can be proven of a quantizer."""
UNKNOWN_DOUBT = 0.5
"""Distance to a border, in steps, below which anything may happen: the whole step."""


def _shortened(values: RealArray) -> RealArray:
    """Round values to some bits below the largest one."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0:
        return values
    fraction = DOUBTFUL_BITS - exponent(largest)
    short: RealArray = np.ldexp(np.rint(np.ldexp(values, fraction)), -fraction)
    return short
