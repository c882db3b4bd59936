"""Drafts that are part of their neighbour: a ReLU before a quantizer, a constant that is added behind a product."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hlsexplore.encoding import round_whole
from hlsexplore.importers.flat.sketch import Draft, FakeQuant
from hlsexplore.importers.flat.track import is_rising
from hlsexplore.ops import Activation, Affine, Clip, Conv, Dense, DepthwiseConv, Function

Drafts = Mapping[str, Draft]


def absorbed(drafts: Drafts, outputs: frozenset[str]) -> dict[str, Draft]:
    """Return drafts of which some are part of their neighbours now.

    Args:
        drafts: The drafts by name, in topological order.
        outputs: Names of those that are outputs.
    """
    found = _used({name: _limited(drafts, draft) for name, draft in drafts.items()}, outputs)
    return _used(_with_biases(found, outputs), outputs)


def _limited(drafts: Drafts, draft: Draft) -> Draft:
    """Let a quantizer read what a ReLU or a clip before it reads, and clip itself: rounding never crosses a border."""
    op = draft.op
    while isinstance(op, FakeQuant) and not op.is_bipolar and not op.cut and op.zero.size == op.scale.size == 1:
        before = drafts[draft.inputs[0]]
        limits = _clip(before)
        if limits is None:
            break
        scale, zero = (item.astype(np.float32).reshape(-1)[0] for item in (op.scale, op.zero))
        with np.errstate(over="ignore"):
            low, high = (float(round_whole(np.float32(limit) / scale + zero, op.rounding)) for limit in limits)
        op = replace(op, low=min(max(op.low, low), op.high), high=max(min(op.high, high), op.low))
        draft = replace(draft, op=op, inputs=before.inputs)
    return draft


def _clip(draft: Draft) -> tuple[float, float] | None:
    """Return the limits of a draft that only clips."""
    op = draft.op
    if isinstance(op, Clip) and is_rising(op):
        return op.low, op.high
    if not isinstance(op, Activation):
        return None
    if op.function is Function.RELU:
        return 0.0, np.inf if op.max_value is None else op.max_value
    return (-1.0, 1.0) if op.function is Function.HARD_TANH else None


def _with_biases(drafts: Drafts, outputs: frozenset[str]) -> dict[str, Draft]:
    """Give products the constant that is added behind them alone."""
    num_readers: dict[str, int] = {}
    for draft in drafts.values():
        for name in draft.inputs:
            num_readers[name] = num_readers.get(name, 0) + 1
    found: dict[str, Draft] = {}
    for draft in drafts.values():
        op = draft.op
        before = found.get(draft.inputs[0]) if draft.inputs else None
        is_alone = before is not None and num_readers[before.name] == 1 and before.name not in outputs
        if isinstance(op, Affine) and is_alone and before is not None and (op.kernel == 1).all():
            product = before.op
            if isinstance(product, Dense | Conv | DepthwiseConv) and product.bias is None:
                grids = {**before.grids, **draft.grids}
                made = replace(before, name=draft.name, op=replace(product, bias=op.bias), grids=grids)
                found[draft.name] = made
                continue
        found[draft.name] = draft
    return found


def _used(drafts: Drafts, outputs: frozenset[str]) -> dict[str, Draft]:
    """Return the drafts that outputs depend on, and all inputs."""
    wanted: set[str] = set()
    stack = list(outputs)
    while stack:
        name = stack.pop()
        if name not in wanted:
            wanted.add(name)
            stack += drafts[name].inputs
    return {name: draft for name, draft in drafts.items() if name in wanted or not draft.inputs}
