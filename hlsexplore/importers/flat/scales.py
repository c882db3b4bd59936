"""Quantised networks: integers travel, scales stay symbolic until the next quantizer (docs/ir.md, section Scales).

Every tensor is a `Track`: values of a node, and what must still be done to them to give the model's own tensor.
Products, sums, poolings and moves pass scales on; a quantizer ends them in one `Requantize`; what cannot pass a scale
on (softmax, recurrent layers) makes it a layer of its own.
"""

from dataclasses import replace
from math import prod

import numpy as np

from hlsexplore.importers.flat.requantize import UNKNOWN_DOUBT, Made, requantized
from hlsexplore.importers.flat.sketch import Draft, FakeQuant
from hlsexplore.importers.flat.steps import stepped
from hlsexplore.importers.flat.track import Apply, Linear, Track, is_rising, per_channel
from hlsexplore.importers.flat.work import Work
from hlsexplore.importers.layer import ImportedTensor
from hlsexplore.ops import Activation, Affine, Clip, Function, Input, Op, PRelu, Requantize, Reshape


def quantize(work: Work, draft: Draft, quant: FakeQuant) -> Track:
    """Append what a quantizer becomes.

    Args:
        work: The network so far.
        draft: The quantizer.
        quant: Its op.
    """
    track = work.tracks[draft.inputs[0]]
    made = requantized(track, quant)
    if made is None or made.doubt is not None:
        found = stepped(work, draft, quant, track)
        if found is not None:
            return found
    if made is None:
        track = settle(work, track)
        made = requantized(track, quant)
    if made is None:
        track = real(work, track)
        made = requantized(track, quant)
    if made is None:
        raise ValueError("a tensor without functions is always quantised")
    return _append(work, draft, track, made)


def _append(work: Work, draft: Draft, track: Track, made: Made) -> Track:
    """Append a quantizer's op, around it the reshapes that it needs."""
    name, shape, after = track.node, track.shape, made.track
    if made.is_flat:
        name = work.add(f"{draft.base}_flat", Reshape(), (name,), (prod(shape),), draft.source)
    flat = (prod(shape),) if made.is_flat else shape
    unit = None if made.is_flat else after.unit
    name = work.add(draft.base, made.op, (name,), flat, draft.source, made.types, unit)
    if made.doubt is not None:
        work.notes.append(_doubt(name, made))
    if made.is_constant:
        work.notes.append(f"layer {name!r}: its quantizer gives the same integer for every input that can reach it.")
    if made.is_flat:
        name = work.add(f"{draft.base}_shaped", Reshape(), (name,), shape, draft.source)
    return replace(after, node=name, shape=shape)


def _doubt(name: str, made: Made) -> str:
    """Say how far the integers of a quantizer may be off."""
    start = (
        f"layer {name!r}: its integers are not proven to be the model's, since {made.doubt}. They may differ by one "
    )
    if not isinstance(made.op, Requantize) or made.op.doubt == UNKNOWN_DOUBT:
        return f"{start}where types of the layers before, or float32's rounding, move a value across a border."
    return f"{start}for inputs within {made.op.doubt:.2g} steps of a border between two integers."


def settle(work: Work, track: Track) -> Track:
    """Return a tensor with nothing but a scale and an offset pending: functions become layers.

    A ReLU of integers with a scale alone is a ReLU of the integers.
    """
    if track.linear is not None:
        return track
    key = (track.node, tuple(map(id, track.pending)))
    if key not in work.settled:
        first = track.pending[0]
        if isinstance(first, Apply):
            work.settled[key] = _settled_function(work, track, Linear(scale=np.array(1.0), offset=np.array(0.0)))
        else:
            work.settled[key] = _settled_function(work, track, first)
    return work.settled[key]


def _settled_function(work: Work, track: Track, first: Linear) -> Track:
    """Make the first pending function a layer, of the integers if that is the same, and settle the rest."""
    rest = track.pending[1:] if track.pending[0] is first else track.pending
    head, *others = rest
    node = work.nodes[track.node]
    if (
        isinstance(head, Apply)
        and head.is_relu
        and track.is_exact
        and (first.scale > 0).all()
        and not first.offset.any()
    ):
        low, high = track.limits
        raised = replace(track, low=np.maximum(low, 0.0), high=np.maximum(high, 0.0), pending=())
        name = work.add(f"{node.name}_relu", head.op, (track.node,), track.shape, node.source, {"result": raised.type})
        found = replace(raised, node=name).then(first)
    else:
        source = real(work, replace(track, pending=(first,)))
        if not isinstance(head, Apply):
            raise ValueError("scales of scales are one")
        name = work.add(f"{node.name}_{head.name}", head.op, (source.node,), track.shape, node.source)
        found = Track(node=name, shape=track.shape)
    for item in others:
        found = found.then(item)
    return settle(work, found)


def real(work: Work, track: Track) -> Track:
    """Return a tensor with nothing pending: its scale becomes a layer, and values are real numbers from there on."""
    track = settle(work, track)
    linear = track.linear
    if linear is None or not track.pending:
        return track
    key = (track.node, tuple(map(id, track.pending)))
    if key not in work.settled:
        work.settled[key] = _scaled(work, track, linear)
    return work.settled[key]


def _scaled(work: Work, track: Track, linear: Linear) -> Track:
    """Append the layer of a scale, as a vector where it differs between positions."""
    node = work.nodes[track.node]
    channels = track.shape[-1]
    arrays = [np.broadcast_to(item, track.shape) for item in (linear.scale, linear.offset)]
    rows = [item.reshape(-1, channels) for item in arrays]
    is_flat = any((item != item[0]).any() for item in rows)
    kernel, bias = (np.array(item.reshape(-1) if is_flat else item[0], dtype=np.float64) for item in rows)
    name, shape = track.node, track.shape
    if is_flat:
        shape = (prod(shape),)
        name = work.add(f"{node.name}_flat", Reshape(), (name,), shape, node.source)
    name = work.add(f"{node.name}_scale", Affine(kernel=kernel, bias=bias), (name,), shape, node.source)
    if is_flat:
        name = work.add(f"{node.name}_scaled", Reshape(), (name,), track.shape, node.source)
    return Track(node=name, shape=track.shape)


def plain(work: Work, draft: Draft, op: Op) -> Track:
    """Append an op of real values as it is."""
    sources = tuple(real(work, work.tracks[name]).node for name in draft.inputs)
    name = work.add(draft.base, op, sources, draft.shape, draft.source)
    return Track(node=name, shape=draft.shape)


def scaled(work: Work, draft: Draft, op: Affine) -> Track:
    """Note a scale and an offset of integers; of other values it is a layer."""
    track = work.tracks[draft.inputs[0]]
    if not track.is_exact and not track.pending:
        return plain(work, draft, op)
    return track.then(Linear(scale=op.kernel, offset=op.bias))


def applied(work: Work, draft: Draft, op: Activation | Clip | PRelu) -> Track:
    """Note a rising function of integers; any other one is a layer."""
    track = work.tracks[draft.inputs[0]]
    slopes = per_channel(op.kernel, track.shape) if isinstance(op, PRelu) else None
    own = op if slopes is None else PRelu(kernel=slopes)
    if track.is_exact and is_rising(op) and (slopes is not None or not isinstance(op, PRelu)):
        return track.then(Apply(op=own))
    return plain(work, draft, op)


def entry(work: Work, draft: Draft) -> Track:
    """Append an input that is read as it comes; its values are on a grid if the source says so."""
    track = Track(node="", shape=draft.shape)
    if draft.known is not None:
        low, high = np.array(draft.known.low), np.array(draft.known.high)
        track = replace(track, low=low, high=high, step=draft.known.step)
    types = {"result": track.type} if track.is_exact else {}
    return replace(track, node=work.add(draft.base, Input(), (), draft.shape, draft.source, types))


def returned(work: Work, tensor: ImportedTensor) -> str:
    """Return the node of an output, with the scale that stays outside of the hardware as its unit."""
    track = settle(work, work.tracks[tensor.node])
    node = work.nodes[track.node]
    unit = track.unit
    is_taken = any(work.tracks[name].node == node.name for name in work.outputs if name != tensor.node)
    readers = any(node.name in other.inputs for other in work.nodes.values())
    same = (node.unit is None and unit is None) or (
        node.unit is not None and unit is not None and node.unit.content() == unit.content()
    )
    if same:
        return node.name
    if is_taken or readers or isinstance(node.op, Input):
        types = {"result": track.type} if track.is_exact else {}
        linear = Activation(function=Function.LINEAR)
        name = work.add(f"{node.name}_output", linear, (node.name,), track.shape, node.source, types)
        node = work.nodes[name]
    work.nodes[node.name] = replace(node, unit=unit)
    return node.name
