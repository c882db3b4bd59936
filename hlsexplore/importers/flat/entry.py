"""Quantizers right behind an input: the data is quantised before it comes in, exactly as the framework does it."""

import numpy as np

from hlsexplore.encoding import Encoding
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Node
from hlsexplore.importers.flat.sketch import Draft, FakeQuant
from hlsexplore.importers.flat.track import Linear, Track, grid_type, is_power
from hlsexplore.importers.flat.work import Work
from hlsexplore.ops import Affine, Input, Permute, Reshape
from hlsexplore.reference.moves import mover


def encoded(work: Work, draft: Draft) -> bool:
    """Append an input together with the quantizer that alone reads it, behind scales and transposes.

    Args:
        work: The network so far.
        draft: The input.

    Returns:
        Whether there is such a quantizer.
    """
    chain = _chain(work, draft)
    if chain is None:
        return False
    *between, last = chain
    quant = last.op
    if not isinstance(quant, FakeQuant):
        return False
    encoding = _encoding(draft, between, quant)
    low, high = encoding.limits
    type_ = grid_type(low / encoding.step, high / encoding.step, encoding.step)
    name = work.add(draft.base, Input(encoding=encoding), (), draft.shape, draft.source, {"result": type_})
    for item in between:
        if isinstance(item.op, Permute | Reshape):
            name = work.add(item.base, item.op, (name,), item.shape, item.source)
        work.tracks[item.name] = Track(node=name, shape=item.shape)
    work.tracks[draft.name] = Track(node=name, shape=draft.shape)
    low_, high_ = quant.limits
    track = Track(node=name, shape=last.shape, low=low_, high=high_, step=encoding.step)
    if encoding.step == 1.0 and not (quant.scale == 1.0).all():
        track = track.then(Linear(scale=quant.scale, offset=np.array(0.0)))
    work.tracks[last.name] = track
    return True


def _chain(work: Work, draft: Draft) -> list[Draft] | None:
    """Return the drafts from behind an input to the first quantizer, each the only reader of the one before."""
    found: list[Draft] = []
    current = draft
    while current.name not in work.outputs:
        readers = work.readers(current.name)
        if len(readers) != 1 or len(readers[0].inputs) != 1:
            return None
        current = readers[0]
        found.append(current)
        if isinstance(current.op, FakeQuant):
            return found if np.array_equal(current.op.scale, current.op.out_scale) else None
        if not isinstance(current.op, Affine | Permute | Reshape):
            return None
    return None


def _encoding(draft: Draft, between: list[Draft], quant: FakeQuant) -> Encoding:
    """Return how data becomes integers: scales and quantizer in the layout of the input."""
    places = np.arange(int(np.prod(draft.shape))).reshape(draft.shape)
    factor, summand = np.ones(1), np.zeros(1)

    def at_input(values: RealArray) -> RealArray:
        if values.size == 1:
            return values.reshape(1)
        moved = np.empty(places.size)
        moved[places.reshape(-1)] = np.broadcast_to(values, places.shape).reshape(-1)
        return moved.reshape(draft.shape)

    for item in between:
        if isinstance(item.op, Affine):
            scale, offset = at_input(_short(item.op.kernel)), at_input(_short(item.op.bias))
            factor, summand = factor * scale, summand * scale + offset
        else:
            node = Node(name="", op=item.op, inputs=(), shape=item.shape)  # type: ignore[arg-type]
            places = mover(node)(places[None])[0]
    scale, zero = at_input(quant.scale), at_input(quant.zero)
    is_shift = is_power(scale) and bool((scale == scale.reshape(-1)[0]).all())
    return Encoding(
        scale=scale,
        zero=zero,
        low=quant.low,
        high=quant.high,
        rounding=quant.rounding,
        is_bipolar=quant.is_bipolar,
        step=float(scale.reshape(-1)[0]) if is_shift else 1.0,
        factor=factor,
        summand=summand,
    )


def _short(values: RealArray) -> RealArray:
    """Return one value for equal ones."""
    return values[:1] if (values == values[0]).all() else values
