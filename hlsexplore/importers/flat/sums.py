"""Sums of two tensors of integers whose scales differ, right before a quantizer: two multipliers, proven together.

round((s1 * v1 + s2 * v2 + offset) / s) becomes floor(A1 * v1 + A2 * v2 + B). For each value of the tensor with fewer of
them the rest is a monotone step function of the other one, so that its thresholds are conditions on B (see fit.py).
"""

from dataclasses import dataclass, replace

import numpy as np

from hlsexplore.fixed import Fixed, Overflow, RealArray, Rounding
from hlsexplore.importers.flat.fit import (
    MAX_FRACTION,
    MAX_PRODUCT,
    MAX_THRESHOLDS,
    Problem,
    Whole,
    borders,
    roundest,
    turned,
)
from hlsexplore.importers.flat.requantize import after_quantizer, by_channel, exact_type
from hlsexplore.importers.flat.scales import plain, quantize
from hlsexplore.importers.flat.sketch import Draft, FakeQuant
from hlsexplore.importers.flat.track import Linear, Track, grid_type, per_channel
from hlsexplore.importers.flat.work import Work
from hlsexplore.ops import Affine, Merge, MergeFunction, Requantize

MAX_VALUES = 1 << 12
"""Most values of the tensor that has fewer of them, each of which is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SumFit:
    """Factors of both tensors and a summand for each channel, in units of 2**-fraction."""

    first: Whole
    second: Whole
    summand: Whole
    fraction: int


def quantized_sum(work: Work, draft: Draft, quant: FakeQuant) -> Track:
    """Append what a quantizer of a sum becomes: of integers if that is proven, else of real numbers.

    Args:
        work: The network so far, in which the sum waits.
        draft: The quantizer.
        quant: Its op.
    """
    name = draft.inputs[0]
    found = _of_integers(work, draft, quant, work.sums[name])
    if found is not None:
        return found
    if not work.tracks[name].node:
        merge = work.drafts[name]
        if isinstance(merge.op, FakeQuant):
            raise ValueError("a sum is no quantizer")
        work.tracks[name] = plain(work, merge, merge.op)
    return quantize(work, draft, quant)


def _of_integers(work: Work, draft: Draft, quant: FakeQuant, tracks: tuple[Track, Track]) -> Track | None:
    """Append a sum of integers and its quantizer; None if nothing was proven."""
    shape = draft.shape
    pairs = [by_channel(track) for track in tracks]
    arrays = (quant.scale, quant.zero, quant.out_scale, quant.out_zero)
    if any(is_flat for _, is_flat in pairs) or any(per_channel(item, shape) is None for item in arrays):
        return None
    fewer, other = sorted((track for track, _ in pairs), key=_num_values)
    found = _fit(fewer, other, quant, shape[-1])
    if found is None:
        return None
    after = after_quantizer(replace(fewer, node="", pending=()), quant)
    parts = (
        _scaled(work, draft, fewer, found.first, np.zeros_like(found.summand), found.fraction),
        _scaled(work, draft, other, found.second, found.summand, found.fraction),
    )
    low, high = (sum(part.limits[index] for part in parts) for index in (0, 1))
    total = grid_type(low, high, 2.0**-found.fraction)
    add = Merge(function=MergeFunction.ADD)
    sources = tuple(part.node for part in parts)
    name = work.add(f"{draft.base}_sum", add, sources, shape, draft.source, {"result": total})
    least, most = after.limits
    op = Requantize(
        kernel=np.full(shape[-1], after.step),
        bias=np.zeros(shape[-1]),
        low=float(least.min()) * after.step,
        high=float(most.max()) * after.step,
        proven=True,
    )
    types = {
        "weight": exact_type(op.kernel),
        "bias": Fixed(1, 1),
        "result": after.type.with_modes(Rounding.TRN, Overflow.SAT),
    }
    name = work.add(draft.base, op, (name,), shape, draft.source, types, after.unit)
    return replace(after, node=name, shape=shape)


def _num_values(track: Track) -> float:
    low, high = track.limits
    return float((high - low).max())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One tensor times its factors.

    Attributes:
        node: Name of the node.
        limits: Least and largest value of all channels, in units of the last fraction bit.
    """

    node: str
    limits: tuple[float, float]


def _scaled(work: Work, draft: Draft, track: Track, factor: Whole, summand: Whole, fraction: int) -> _Part:
    """Append one tensor times its factors."""
    low, high = track.limits
    ends = factor * low, factor * high
    least, most = np.minimum(*ends) + summand, np.maximum(*ends) + summand
    kernel = np.ldexp(factor.astype(np.float64), -fraction) / track.step
    bias = np.ldexp(summand.astype(np.float64), -fraction)
    limits = float(least.min()), float(most.max())
    result = grid_type(*limits, 2.0**-fraction)
    types = {"weight": exact_type(kernel), "bias": exact_type(bias), "result": result}
    op = Affine(kernel=kernel, bias=bias)
    name = work.add(f"{draft.base}_part", op, (track.node,), draft.shape, draft.source, types)
    return _Part(node=name, limits=limits)


def _fit(fewer: Track, other: Track, quant: FakeQuant, channels: int) -> SumFit | None:
    """Find the least fraction bits with which rounded factors give all results."""
    for is_single in (True, False):
        problem = _problem(fewer, other, quant, channels, is_single)
        found = None if problem is None else _least(problem, fewer, other, quant, channels)
        if found is not None:
            return found
    return None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sum:
    """The step function of the second tensor for each value of the first one: problems side by side.

    Attributes:
        problem: One column for each value of the first tensor and channel.
        values: Value of the first tensor of each column, shape (values * channels,).
    """

    problem: Problem
    values: Whole


def _problem(fewer: Track, other: Track, quant: FakeQuant, channels: int, is_single: bool) -> _Sum | None:
    lows, highs, least, most = (
        np.broadcast_to(end, (channels,)).astype(np.int64) for track in (fewer, other) for end in track.limits
    )
    count = int((highs - lows).max()) + 1
    limits = quant.limits
    if not all(np.isfinite(item).all() for item in limits):
        return None
    span = int(limits[1].max() - limits[0].min())
    if count > MAX_VALUES or count * span * channels > MAX_THRESHOLDS:
        return None
    values = np.minimum(lows + np.arange(count, dtype=np.int64)[:, None], highs)
    known = fewer.real(values * fewer.step)[:, None, :]  # (values, 1, channels)

    def function(found: RealArray) -> RealArray:
        real = other.real(found.reshape(-1, count, channels).transpose(1, 0, 2) * other.step)
        whole = np.broadcast_to(quant.integers(known + real, is_single), real.shape)
        return np.asarray(whole.transpose(1, 0, 2).reshape(found.shape))

    return _Sum(
        problem=Problem(
            function=function,
            lows=np.tile(least, count),
            highs=np.tile(most, count),
            least=int(limits[0].min()),
            most=int(limits[1].max()),
        ),
        values=values.reshape(-1),
    )


def _least(found: _Sum, fewer: Track, other: Track, quant: FakeQuant, channels: int) -> SumFit | None:
    """Round the real factors to more and more bits until a summand fulfils all conditions."""
    ratios = [_ratio(track, quant, channels) for track in (fewer, other)]
    columns = len(found.values) // channels
    is_rising = ratios[1] >= 0
    known = borders(turned(found.problem, np.tile(is_rising, columns)))
    reach = max(
        float(np.abs(found.values).max()), float(np.abs(known.at).max()), float(np.abs(known.before).max()), 1.0
    )
    largest = max(float(np.abs(item).max()) for item in ratios)
    for bits in range(MAX_FRACTION + 1):
        if np.ldexp(largest + 1e-9, bits) * reach * 2 >= MAX_PRODUCT:
            return None
        first, second = (np.rint(np.ldexp(item, bits)).astype(np.int64) for item in ratios)
        base = np.tile(first, columns) * found.values
        slope = np.tile(np.abs(second), columns)
        low = ((known.reached << bits) - slope * known.at - base).max(axis=0).reshape(columns, channels).max(axis=0)
        high = ((known.missed << bits) - 1 - slope * known.before - base).min(axis=0)
        high = high.reshape(columns, channels).min(axis=0)
        if (low <= high).all():  # also proves it: the conditions are all that is asked for
            return SumFit(first=first, second=second, summand=roundest(low, high), fraction=bits)
    return None


def _ratio(track: Track, quant: FakeQuant, channels: int) -> RealArray:
    """Return how many steps of the result one step of a tensor is."""
    linear = track.linear or Linear(scale=np.array(1.0), offset=np.array(0.0))
    ratio: RealArray = np.array(np.broadcast_to(linear.scale * track.step / quant.scale, (channels,)))
    return ratio
