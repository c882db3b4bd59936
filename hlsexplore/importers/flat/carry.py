"""How products, sums, poolings and moves of integers pass scales on."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from hlsexplore.errors import ModelError
from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.graph import Node
from hlsexplore.handlers import Handlers
from hlsexplore.importers.flat.requantize import exact_type
from hlsexplore.importers.flat.scales import plain, real, settle
from hlsexplore.importers.flat.sketch import Draft, FakeQuant, Grid
from hlsexplore.importers.flat.track import ONE, ZERO, Linear, Track, alike, is_idle, is_power, per_channel
from hlsexplore.importers.flat.work import Work
from hlsexplore.ops import (
    Affine,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Merge,
    MergeFunction,
    Op,
    Pad,
    Permute,
    Pool,
    Reshape,
    Upsample,
)
from hlsexplore.reference.moves import mover

BIAS_ERROR = 1e-3
"""Largest distance of a quantised bias from a whole number of steps: the error of float32's product of two scales."""
MAX_SPREAD = 2.0**8
"""Largest ratio of scales of channels that are all powers of two, up to which weights carry them."""

Product = Dense | Conv | DepthwiseConv


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Weight:
    """A weight on a grid.

    Attributes:
        values: What the node multiplies by: integers, or multiples of a power of two.
        step: That power of two.
        scale: What is left of the scale, shape () or (outputs,).
    """

    values: RealArray
    step: float
    scale: RealArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """An op through which scales are carried.

    Attributes:
        work: The network so far.
        draft: What the op becomes.
    """

    work: Work
    draft: Draft


def product(at: Carried, op: Product) -> Track:
    """Append a product of constant weights with integers, or with real values."""
    work, draft = at.work, at.draft
    track = settle(work, work.tracks[draft.inputs[0]])
    linear = track.linear or Linear(scale=ONE, offset=ZERO)
    weight = _weight(op, draft.grids.get("weight"))
    scale, shift = _input_scale(op, linear.scale, track), _shift(op, linear.offset, track)
    if weight is None or scale is None or shift is None:
        return _folded(work, draft, op, track, linear)
    types = {"weight": exact_type(weight.values)}
    made = replace(op, kernel=weight.values, bias=None)
    out = Linear(scale=scale * weight.scale, offset=shift)
    if not track.is_exact:
        if is_idle(out):
            return _real(work, draft, replace(op, kernel=weight.values), track, types)
        name = work.add(draft.base, made, (track.node,), draft.shape, draft.source, types)
        found = Track(node=name, shape=draft.shape)
        return _biased_outside(found.then(out), op)
    low, high = _limits(op, track, weight)
    after = Track(node="", shape=draft.shape, low=low, high=high, step=track.step * weight.step)
    made, types, after, rest = _with_bias(made, types, after, out.scale, op, draft.grids.get("bias"))
    types["result"] = after.type
    unit = after.then(out).unit
    name = work.add(draft.base, made, (track.node,), draft.shape, draft.source, types, unit)
    found = replace(after, node=name).then(out)
    return found if rest is None else found.then(Linear(scale=ONE, offset=rest))


def _weight(op: Product, grid: Grid | None) -> _Weight | None:
    """Return the integers of a weight and a scale for each output; None if it has none, or scales of inputs."""
    if grid is None:
        return None
    outputs = 2 if isinstance(op, DepthwiseConv) else 1
    shape = grid.integers.shape
    used = np.where(grid.integers != 0, grid.scale, np.nan).reshape(-1, *shape[-outputs:])
    with np.errstate(all="ignore"):
        empty = np.isnan(used).all(axis=0)
        first = np.where(empty, 1.0, np.nanmax(np.where(empty, 1.0, used), axis=0))
        last = np.where(empty, 1.0, np.nanmin(np.where(empty, 1.0, used), axis=0))
    if not alike(first, last):
        return None
    scale = first.reshape(-1)
    if is_power(scale) and float(scale.max() / scale.min()) <= MAX_SPREAD:
        return _Weight(values=grid.integers * first, step=float(scale.min()), scale=ONE)
    one = (scale == scale[0]).all()
    return _Weight(values=np.array(grid.integers), step=1.0, scale=scale[0].reshape(()) if one else scale)


def _input_scale(op: Product, scale: RealArray, track: Track) -> RealArray | None:
    """Return the scale of the inputs as one of the outputs; None if it differs between inputs of one sum."""
    if (scale == scale.reshape(-1)[0]).all():
        return np.array(scale.reshape(-1)[0])
    channels = per_channel(scale, track.shape)
    if isinstance(op, DepthwiseConv) and channels is not None:
        return np.repeat(channels, op.kernel.shape[3])
    return None


def _shift(op: Product, offset: RealArray, track: Track) -> RealArray | None:
    """Return what an offset of the inputs adds to the outputs; None if that differs between positions."""
    if not offset.any():
        return ZERO
    channels = per_channel(offset, track.shape)
    if channels is None or (not isinstance(op, Dense) and op.padding != ((0, 0), (0, 0))):
        return None
    # kernels end in (inputs, outputs), those of each channel in (channels, multiplier)
    axes = tuple(range(op.kernel.ndim - (2 if isinstance(op, DepthwiseConv) else 1)))
    kernel = op.kernel * (channels.reshape(-1, 1) if channels.size > 1 else channels)
    shift: RealArray = kernel.sum(axis=axes).reshape(-1)
    return shift


def _real(work: Work, draft: Draft, op: Product, track: Track, types: dict[str, Fixed]) -> Track:
    """Append a product of real values with weights that are multiples of a power of two."""
    if op.bias is not None and "bias" in draft.grids and is_power(draft.grids["bias"].scale):
        types = {**types, "bias": exact_type(op.bias)}
    return Track(node=work.add(draft.base, op, (track.node,), draft.shape, draft.source, types), shape=draft.shape)


def _limits(op: Product, track: Track, weight: _Weight) -> tuple[RealArray, RealArray]:
    """Return the least and largest sum of each output, in units of the product of both steps."""
    whole = np.rint(weight.values / weight.step)
    channels = track.shape[-1]
    low, high = (np.broadcast_to(end, track.shape).reshape(-1, channels) for end in track.limits)
    least, most = low.min(axis=0), high.max(axis=0)
    if not isinstance(op, Dense) and op.padding != ((0, 0), (0, 0)):
        least, most = np.minimum(least, 0.0), np.maximum(most, 0.0)
    formula = {Dense: "i,io->o", Conv: "c,hwco->o", DepthwiseConv: "c,hwcm->cm"}[type(op)]
    positive, negative = np.maximum(whole, 0.0), np.minimum(whole, 0.0)

    def total(up: RealArray, down: RealArray) -> RealArray:
        found: RealArray = (np.einsum(formula, up, positive) + np.einsum(formula, down, negative)).reshape(-1)
        return found

    return total(least, most), total(most, least)


def _with_bias(
    made: Product, types: dict[str, Fixed], after: Track, scale: RealArray, op: Product, grid: Grid | None
) -> tuple[Product, dict[str, Fixed], Track, RealArray | None]:
    """Add the bias to a product where it is a whole number of steps of a power of two; else it stays pending.

    Returns:
        The op, its types, the tensor behind it, and what of the bias is still to be added, or None.
    """
    if op.bias is None:
        return made, types, after, None
    if grid is None:
        return made, types, after, op.bias if op.bias.any() else None
    steps = op.bias / (scale * after.step)
    step = after.step
    for _ in range(24):  # a bias may be on a finer grid than the products
        if (np.abs(steps - np.rint(steps)) <= BIAS_ERROR).all():
            break
        step, steps = step / 2, steps * 2
    else:
        return made, types, after, op.bias
    ratio = after.step / step
    whole = np.rint(steps)
    low, high = after.limits
    low, high = low * ratio, high * ratio
    bias = whole * step
    types = {**types, "bias": exact_type(bias)}
    moved = replace(after, low=low + whole, high=high + whole, step=step)
    return replace(made, bias=bias), types, moved, None


def _biased_outside(track: Track, op: Product) -> Track:
    return track if op.bias is None else track.then(Linear(scale=ONE, offset=op.bias))


def _folded(work: Work, draft: Draft, op: Product, track: Track, linear: Linear) -> Track:
    """Append a product with real weights, into which scale and offset of the inputs are folded."""
    scale, shift = per_channel(linear.scale, track.shape), _shift(op, linear.offset, track)
    if scale is None or shift is None:
        return plain(work, draft, op)
    bias = op.bias
    if shift.any():
        bias = shift if bias is None else bias + shift
    kernel = op.kernel * (scale.reshape(-1, 1) if scale.size > 1 else scale)
    name = work.add(draft.base, replace(op, kernel=kernel, bias=bias), (track.node,), draft.shape, draft.source)
    return Track(node=name, shape=draft.shape)


def pool(at: Carried, op: Pool) -> Track:
    """Append a pooling; an average of integers is their sum, and its count goes into the scale."""
    work, draft = at.work, at.draft
    track = work.tracks[draft.inputs[0]]
    if op.average:
        track = settle(work, track)
        counts_alike = op.padding == ((0, 0), (0, 0))
        if track.is_exact and counts_alike and track.linear is not None and _by_channel(track):
            return _summed(work, draft, op, track, track.linear)
        return plain(work, draft, op)
    if not track.is_exact or not _by_channel(track):
        return plain(work, draft, op)
    track = _rising(work, track)
    types = {"accum": track.type, "result": track.type}
    name = work.add(draft.base, op, (track.node,), draft.shape, draft.source, types, work.nodes[track.node].unit)
    low, high = (np.asarray(per_channel(end, track.shape)) for end in track.limits)
    return replace(track, node=name, shape=draft.shape, low=low, high=high)


def _by_channel(track: Track) -> bool:
    """Whether limits and scales are the same at all positions."""
    arrays = list(track.limits)
    arrays += [array for item in track.pending for array in item.arrays]
    return all(per_channel(array, track.shape) is not None for array in arrays)


def _rising(work: Work, track: Track) -> Track:
    """Turn the sign of channels with negative scales, so that the largest value stands for the largest result."""
    first = track.pending[0] if track.pending else None
    if not isinstance(first, Linear) or (first.scale >= 0).all():
        return track
    channels = track.shape[-1]
    sign = np.array(np.broadcast_to(np.where(first.scale < 0, -1.0, 1.0), (channels,)))
    low, high = (np.broadcast_to(end, track.shape) for end in track.limits)
    pair = (low * sign, high * sign)
    low, high = np.minimum(*pair), np.maximum(*pair)
    turned = replace(
        track, low=np.asarray(per_channel(low, track.shape)), high=np.asarray(per_channel(high, track.shape))
    )
    types = {"weight": exact_type(sign), "bias": Fixed(1, 1), "result": turned.type}
    node = work.nodes[track.node]
    op = Affine(kernel=sign, bias=np.zeros(channels))
    name = work.add(f"{node.name}_turned", op, (track.node,), track.shape, node.source, types)
    return replace(
        turned, node=name, pending=(Linear(scale=first.scale * sign, offset=first.offset), *track.pending[1:])
    )


def _summed(work: Work, draft: Draft, op: Pool, track: Track, linear: Linear) -> Track:
    """Append the sum of each window; where the count is a power of two and no scale pending, the average itself."""
    channels, count = track.shape[-1], prod(op.size)
    low, high = (np.asarray(per_channel(end, track.shape)) * count for end in track.limits)
    is_shift = not track.pending and is_power(np.array(float(count)))
    factor = 1.0 / count if is_shift else 1.0
    kernel = np.full((*op.size, channels, 1), factor)
    window = DepthwiseConv(kernel=kernel, stride=op.stride, rank=op.rank)
    shape = draft.shape
    if op.is_global:
        shape = (1, 1, channels) if op.rank == 2 else (1, channels)
    after = Track(node="", shape=draft.shape, low=low, high=high, step=track.step * factor)
    after = after.then(Linear(scale=linear.scale * (1.0 if is_shift else 1.0 / count), offset=linear.offset))
    types = {"weight": exact_type(kernel), "result": after.type}
    unit = None if op.is_global else after.unit
    name = work.add(draft.base, window, (track.node,), shape, draft.source, types, unit)
    if op.is_global:
        name = work.add(f"{draft.base}_flat", Reshape(), (name,), draft.shape, draft.source)
    return replace(after, node=name)


def merge(at: Carried, op: Merge) -> Track:
    """Append arithmetic of tensors: sums of one scale stay sums of integers, products multiply their scales."""
    work, draft = at.work, at.draft
    tracks = [settle(work, work.tracks[name]) for name in draft.inputs]
    linears = [track.linear for track in tracks]
    if not all(track.is_exact for track in tracks) or len(tracks) != 2:
        return plain(work, draft, op)
    first, second = (linear or Linear(scale=ONE, offset=ZERO) for linear in linears)
    match op.function:
        case MergeFunction.ADD | MergeFunction.SUBTRACT if alike(first.scale, second.scale):
            sign = 1.0 if op.function is MergeFunction.ADD else -1.0
            return _added(
                work, draft, op, tracks, Linear(scale=first.scale, offset=first.offset + sign * second.offset)
            )
        case MergeFunction.ADD | MergeFunction.SUBTRACT if _is_quantized(work, draft):
            turn = Linear(scale=np.array(1.0 if op.function is MergeFunction.ADD else -1.0), offset=ZERO)
            work.sums[draft.name] = (tracks[0], tracks[1].then(turn))
            return Track(node="", shape=draft.shape)
        case MergeFunction.MULTIPLY if not first.offset.any() and not second.offset.any():
            return _multiplied(work, draft, op, tracks, Linear(scale=first.scale * second.scale, offset=ZERO))
        case MergeFunction.MAXIMUM | MergeFunction.MINIMUM if _are_comparable(first, second):
            return _extreme(work, draft, op, tracks, first)
        case _:
            return plain(work, draft, op)


def _is_quantized(work: Work, draft: Draft) -> bool:
    """Whether quantizers are all that reads a tensor."""
    return draft.name not in work.outputs and all(isinstance(item.op, FakeQuant) for item in work.readers(draft.name))


def _are_comparable(first: Linear, second: Linear) -> bool:
    offsets = bool(np.allclose(first.offset, second.offset, rtol=1e-6, atol=0.0))
    return alike(first.scale, second.scale) and offsets and bool((first.scale > 0).all())


def _grid(tracks: list[Track]) -> tuple[float, list[tuple[RealArray, RealArray]]]:
    """Return the finest step, and all limits in units of it."""
    step = min(track.step for track in tracks)
    return step, [
        (low * (track.step / step), high * (track.step / step)) for track in tracks for low, high in (track.limits,)
    ]


def _joined(work: Work, draft: Draft, op: Op, tracks: list[Track], after: Track, linear: Linear) -> Track:
    """Append an op whose result is on a grid."""
    found = after.then(linear)
    sources = tuple(track.node for track in tracks)
    types = {"result": after.type}
    name = work.add(draft.base, op, sources, draft.shape, draft.source, types, found.unit)
    return replace(found, node=name)


def _added(work: Work, draft: Draft, op: Merge, tracks: list[Track], linear: Linear) -> Track:
    step, ((low, high), (other_low, other_high)) = _grid(tracks)
    if op.function is MergeFunction.SUBTRACT:
        other_low, other_high = -other_high, -other_low
    after = Track(node="", shape=draft.shape, low=low + other_low, high=high + other_high, step=step)
    return _joined(work, draft, op, tracks, after, linear)


def _multiplied(work: Work, draft: Draft, op: Merge, tracks: list[Track], linear: Linear) -> Track:
    (low, high), (other_low, other_high) = (track.limits for track in tracks)
    corners = [a * b for a in (low, high) for b in (other_low, other_high)]
    least, most = np.minimum.reduce(corners), np.maximum.reduce(corners)
    after = Track(node="", shape=draft.shape, low=least, high=most, step=tracks[0].step * tracks[1].step)
    return _joined(work, draft, op, tracks, after, linear)


def _extreme(work: Work, draft: Draft, op: Merge, tracks: list[Track], linear: Linear) -> Track:
    step, ((low, high), (other_low, other_high)) = _grid(tracks)
    choose = np.maximum if op.function is MergeFunction.MAXIMUM else np.minimum
    after = Track(node="", shape=draft.shape, low=choose(low, other_low), high=choose(high, other_high), step=step)
    return _joined(work, draft, op, tracks, after, linear)


def concatenate(at: Carried, op: Concatenate) -> Track:
    """Append a concatenation; each part keeps its own scale."""
    work, draft = at.work, at.draft
    tracks = [settle(work, work.tracks[name]) for name in draft.inputs]
    if not all(track.is_exact for track in tracks):
        return plain(work, draft, op)
    step, limits = _grid(tracks)

    def whole(arrays: list[RealArray]) -> RealArray:
        if all(array.size == 1 and array.reshape(-1)[0] == arrays[0].reshape(-1)[0] for array in arrays):
            return arrays[0].reshape(())
        full = [np.broadcast_to(array, track.shape) for array, track in zip(arrays, tracks, strict=True)]
        joined = np.concatenate(full, axis=op.axis)
        channels = per_channel(joined, draft.shape)
        return joined if channels is None else channels

    linears = [track.linear or Linear(scale=ONE, offset=ZERO) for track in tracks]
    linear = Linear(scale=whole([item.scale for item in linears]), offset=whole([item.offset for item in linears]))
    low, high = whole([pair[0] for pair in limits]), whole([pair[1] for pair in limits])
    after = Track(node="", shape=draft.shape, low=low, high=high, step=step)
    return _joined(work, draft, op, tracks, after, linear)


def move(at: Carried, op: Op) -> Track:
    """Append a move; scales that differ between elements move along."""
    work, draft = at.work, at.draft
    track = work.tracks[draft.inputs[0]]
    if isinstance(op, Pad) and track.pending:
        track = settle(work, track)
        if track.linear is None or track.linear.offset.any():  # a zero of the model is no zero of the integers
            track = real(work, track)
    name = work.add(draft.base, op, (track.node,), draft.shape, draft.source)
    node = Node(name=name, op=op, inputs=(), shape=draft.shape)

    def moved(array: RealArray) -> RealArray:
        if array.size == 1:
            return array.reshape(())
        full = mover(node)(np.broadcast_to(array, track.shape)[None])[0]
        channels = per_channel(full, draft.shape)
        return full if channels is None else channels

    pending = tuple(item.moved(moved) for item in track.pending)
    found = replace(track, node=name, shape=draft.shape, pending=pending)
    if not track.is_exact:
        return found
    low, high = (moved(end) for end in track.limits)
    if isinstance(op, Pad):
        low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
    return replace(found, low=low, high=high)


CARRIED = (
    Handlers[Carried, Track](refuse=lambda at, op: ModelError(f"layer {at.draft.name!r}: {op!r} passes no scales on."))
    .on(Dense, product)
    .on(Conv, product)
    .on(DepthwiseConv, product)
    .on(Pool, pool)
    .on(Merge, merge)
    .on(Concatenate, concatenate)
    .on(Reshape, move)
    .on(Permute, move)
    .on(Pad, move)
    .on(Crop, move)
    .on(Upsample, move)
)
"""How each op passes scales on; the others read real values."""
