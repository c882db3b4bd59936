"""Quantizers behind integers that no one multiplier gives: behind a tanh, with a rounding of its own, with ties.

Such a quantizer still is a step function of an integer. It becomes, whichever comes first:

- a table, where all channels are alike and the integers have few bits;
- a sum of two multipliers with every second step each: half to even is ceil(x / 2 - 1/4) + floor(x / 2 + 1/4);
- the multiplier of exact arithmetic, where float32's own rounding is what none gives;
- a sum of two or three multipliers with neighbouring steps each: both sides of a leaky ReLU, or of a rounding toward 0;
- a comparison with the threshold of each step, and the number of those that are reached.

All of them give the model's integer for every input that can reach them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from hlsexplore.fixed import Fixed, Overflow, RealArray, Rounding
from hlsexplore.graph import Shape
from hlsexplore.importers.flat.fit import (
    MAX_REACH,
    MAX_THRESHOLDS,
    MultiplierFit,
    Problem,
    directions,
    fit,
    thresholds,
    turned,
)
from hlsexplore.importers.flat.requantize import (
    after_quantizer,
    built,
    by_channel,
    exact_type,
    flattened,
    step_function,
)
from hlsexplore.importers.flat.sketch import Draft, FakeQuant
from hlsexplore.importers.flat.track import Track
from hlsexplore.importers.flat.work import Work
from hlsexplore.ops import Conv, Dense, Lookup, Merge, MergeFunction, Op, Requantize, Reshape

SHORT_TABLE, LONG_TABLE = 8, 12
"""Bits of integers up to which a table is the least logic, and up to which it is taken where nothing else fits."""
MAX_PARTS = 3
"""Most multipliers of one sum; more cost more than comparisons."""
MAX_COMPARISONS = 1 << 14
"""Most comparisons of one layer."""
MAX_WEIGHTS = 1 << 20
"""Most weights, nearly all of them 0, of the layers that copy integers to comparisons and count."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Place:
    """Where layers go.

    Attributes:
        work: The network so far.
        draft: The quantizer.
        node: The integers, scales by channel.
        shape: Their shape.
        before: What they stand for.
        after: What the results stand for, in the shape that the quantizer has.
    """

    work: Work
    draft: Draft
    node: str
    shape: Shape
    before: Track
    after: Track

    def add(self, suffix: str, op: Op, inputs: tuple[str, ...], channels: int, types: dict[str, Fixed]) -> str:
        """Append a layer; the last one, without a suffix, has the unit of the results."""
        is_last = not suffix and self.shape == self.after.shape
        name = f"{self.draft.base}_{suffix}" if suffix else self.draft.base
        shape = (*self.shape[:-1], channels)
        return self.work.add(name, op, inputs, shape, self.draft.source, types, self.after.unit if is_last else None)


Recipe = Callable[[_Place], str]
"""Appends layers and returns the name of the last one."""


def stepped(work: Work, draft: Draft, quant: FakeQuant, track: Track) -> Track | None:
    """Append what a quantizer behind integers becomes where no one multiplier gives it.

    Args:
        work: The network so far.
        draft: The quantizer.
        quant: Its op.
        track: The tensor that it reads.

    Returns:
        The tensor behind it; None if its input is on no grid, or it would take too much.
    """
    if not track.is_exact:
        return None
    before, is_flat = by_channel(track)
    own = flattened(quant, track) if is_flat else quant
    problem = step_function(before, own)
    reach = int(max(np.abs(problem.lows).max(), np.abs(problem.highs).max()))
    if reach > MAX_REACH or problem.num_thresholds > MAX_THRESHOLDS:
        return None
    after = replace(after_quantizer(track, quant), shape=track.shape)
    shape = before.shape if is_flat else track.shape
    recipe = (
        _table(problem, before, after, SHORT_TABLE)
        or _sum(_halves(problem))
        or _rounded(before, own)
        or _sum(_ranges(problem))
        or _comparisons(problem, before, shape)
        or _table(problem, before, after, LONG_TABLE)
    )
    if recipe is None:
        return None
    node = track.node
    if is_flat:
        node = work.add(f"{draft.base}_flat", Reshape(), (node,), shape, draft.source)
    name = recipe(_Place(work=work, draft=draft, node=node, shape=shape, before=before, after=after))
    if shape != track.shape:
        name = work.add(f"{draft.base}_shaped", Reshape(), (name,), track.shape, draft.source, unit=after.unit)
    return replace(after, node=name)


def _table(problem: Problem, before: Track, after: Track, bits: int) -> Recipe | None:
    """Return a table of all results, if it is the same for all channels."""
    source = before.type
    if source.width > bits:
        return None
    low, high = int(problem.lows.min()), int(problem.highs.max())
    values = np.arange(low, high + 1, dtype=np.int64)
    inside = np.clip(values[:, None], problem.lows, problem.highs)
    found = problem.function(inside.astype(np.float64)).astype(np.int64)
    is_own = (inside == values[:, None]) & (found != found[:, :1])
    if is_own.any():
        return None
    addresses = np.arange(1 << source.width, dtype=np.int64)
    signed = np.where(source.signed & (addresses > source.max_raw), addresses - (1 << source.width), addresses)
    entries = found[np.clip(signed, low, high) - low, 0]
    op = Lookup(source=source, entries=entries, type=after.type)
    return lambda place: place.add("", op, (place.node,), place.shape[-1], {})


def _rounded(before: Track, quant: FakeQuant) -> Recipe | None:
    """Return the multiplier of exact arithmetic: float32's own errors may be what no multiplier gives."""
    found = fit(step_function(before, quant, is_single=False)) if before.linear is not None else None
    if found is None:
        return None

    def append(place: _Place) -> str:
        factor = found.factor / before.step
        made = built(before, place.after, factor, found.summand, Rounding.TRN, proven=True)
        return place.add("", made.op, (place.node,), place.shape[-1], made.types)

    return append


def _sum(parts: list[tuple[Problem, MultiplierFit]] | None) -> Recipe | None:
    """Return the sum of some multipliers."""
    if parts is None:
        return None

    def append(place: _Place) -> str:
        names = tuple(_part(place, part, fitted) for part, fitted in parts)
        add = Merge(function=MergeFunction.ADD)
        return place.add("", add, names, place.shape[-1], {"result": place.after.type})

    return append


def _part(place: _Place, problem: Problem, found: MultiplierFit) -> str:
    """Append the multiplier of some of the steps."""
    low, high = np.array(float(problem.least)), np.array(float(problem.most))
    result = Track(node="", shape=place.shape, low=low, high=high, step=place.after.step)
    factor = found.factor / place.before.step
    made = built(place.before, result, factor, found.summand, Rounding.TRN, proven=True)
    return place.add("part", made.op, (place.node,), place.shape[-1], made.types)


def _within_reach(problem: Problem) -> Problem:
    """Return the problem between the least and the largest result that inputs give."""
    ends = problem.function(np.stack([problem.lows, problem.highs]).astype(np.float64))
    return replace(problem, least=int(ends.min()), most=int(ends.max()))


def _halves(problem: Problem) -> list[tuple[Problem, MultiplierFit]] | None:
    """Return multipliers of every second step each, as roundings half to even need them."""
    problem = _within_reach(problem)

    def half(rounded: Callable[[RealArray], RealArray]) -> Problem:
        least, most = (int(rounded(np.array(end / 2))) for end in (problem.least, problem.most))
        return replace(problem, function=lambda v: rounded(problem.function(v) / 2), least=least, most=most)

    return _fitted([half(np.ceil), half(np.floor)])


def _fitted(problems: list[Problem]) -> list[tuple[Problem, MultiplierFit]] | None:
    found: list[tuple[Problem, MultiplierFit]] = []
    for problem in problems:
        fitted = fit(problem)
        if fitted is None:
            return None
        found.append((problem, fitted))
    return found


def _ranges(problem: Problem) -> list[tuple[Problem, MultiplierFit]] | None:
    """Return multipliers of neighbouring steps each, as many steps as one can take."""
    problem = _within_reach(problem)
    found: list[tuple[Problem, MultiplierFit]] = []
    low = problem.least
    while low < problem.most:
        if len(found) == MAX_PARTS:
            return None
        high, part = _longest(problem, low, is_first=not found)
        found.append(part)
        low = high
    return found or None


def _longest(problem: Problem, low: int, is_first: bool) -> tuple[int, tuple[Problem, MultiplierFit]]:
    """Return the last result that one multiplier reaches from a first one, and the multiplier."""

    def tried(high: int) -> tuple[Problem, MultiplierFit] | None:
        start = 0 if is_first else low  # the sum counts from the first part's own least result

        def function(values: RealArray) -> RealArray:
            return np.clip(problem.function(values), low, high) - start

        part = replace(problem, function=function, least=low - start, most=high - start)
        fitted = fit(part)
        return None if fitted is None else (part, fitted)

    good, bad = low + 1, problem.most + 1
    best = tried(good)
    if best is None:
        raise ValueError("one threshold is always a multiplier and a summand")
    trial = problem.most
    while good < trial < bad:
        found = tried(trial)
        if found is None:
            bad = trial
        else:
            good, best = trial, found
        trial = (good + bad) // 2
    return good, best


def _comparisons(problem: Problem, before: Track, shape: Shape) -> Recipe | None:
    """Return a comparison for each threshold of each channel, and the number of those that are reached."""
    channels = len(problem.lows)
    rising = directions(problem)
    at, exists = thresholds(turned(problem, rising))
    count = len(at)
    size = count * channels * channels
    if not count or count * prod(shape) > MAX_COMPARISONS or size > MAX_WEIGHTS:
        return None
    starts, ends = problem.function(np.stack([problem.lows, problem.highs]).astype(np.float64))
    first: RealArray = np.where(rising, starts, ends)
    sign = np.where(rising, 1.0, -1.0)
    kernel = np.where(exists, sign, 0.0).reshape(-1) / before.step
    bias = np.where(exists, 1.0 - at, 0.0).reshape(-1)
    copy = np.tile(np.eye(channels), (1, count))
    compare = Requantize(kernel=kernel, bias=bias, low=0.0, high=1.0, proven=True)
    bit = Fixed(1, 1, signed=False).with_modes(Rounding.TRN, Overflow.SAT)

    def append(place: _Place) -> str:
        step, total = place.after.step, place.after.type
        wide, one = count * channels, Fixed(1, 1, signed=False)
        weight = copy.T * step
        types = {"weight": one, "result": place.before.type}
        name = place.add("copies", _product(copy, None, place.shape), (place.node,), wide, types)
        types = {"weight": exact_type(kernel), "bias": exact_type(bias), "result": bit}
        name = place.add("compare", compare, (name,), wide, types)
        op = _product(weight, first * step, place.shape)
        types = {"weight": exact_type(weight), "bias": exact_type(first * step), "result": total}
        return place.add("", op, (name,), channels, types)

    return append


def _product(kernel: RealArray, bias: RealArray | None, shape: Shape) -> Op:
    """Return the product of all positions with one matrix."""
    if len(shape) == 3:
        return Conv(kernel=kernel.reshape(1, 1, *kernel.shape), bias=bias, rank=2)
    return Dense(kernel=kernel, bias=bias)
