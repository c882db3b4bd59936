"""Types of inputs whose first readers cast them: data cast to such a type is cast behind it as the data itself.

Frameworks feed real numbers to the quantizers of the first layers. A design has a bus with one type before them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.graph import Node
from hlsexplore.ops import MOVES, Activation, Concatenate, Function, Input, Lookup, Permute, Pool, Quantize, Reshape

FLOAT32_BITS = 25
"""Fraction bits that a cast of float32 data needs beyond its own, where it must tell a tie from what is just beside it.

A float32 number of at least half a step of the cast has its last bit at most 24 places below that half step; a smaller
one is beside no tie but 0.
"""
EXTRA_BITS: Mapping[Rounding, int] = {Rounding.TRN: 0, Rounding.RND: 1}
"""Fraction bits beyond those of a cast, after which a floor changes nothing that it does; else `FLOAT32_BITS`."""
BY_SIGN = frozenset({Rounding.TRN_ZERO, Rounding.RND_ZERO, Rounding.RND_INF})
"""Roundings that look at the sign, which a value that wraps early may lose."""
SPARE_INTEGER = 8
"""Integer bits beyond the largest cast, where neither to wrap nor to saturate early is right for all readers."""


def prescribe_inputs(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Give every input that is cast by all of its first readers a type from which they cast as from the data.

    Args:
        nodes: Nodes in topological order.
    """
    readers: dict[str, list[Node]] = {}
    for node in nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    return tuple(_prescribed(node, readers) if isinstance(node.op, Input) else node for node in nodes)


def _prescribed(node: Node, readers: Mapping[str, Sequence[Node]]) -> Node:
    casts = _casts(node, readers)
    if not casts or "result" in node.types:
        return node
    own = _own_types(node, readers)
    is_chosen = any(_chooses(reader) for reader in readers[node.name])
    return replace(node, op=Input(types=own), types={**node.types, "result": bus_type(casts, is_chosen)})


def bus_type(casts: Sequence[ElementTypes], is_chosen: bool = False) -> Fixed:
    """Return a type from which all of some casts give what they give from float32 data.

    Where some wrap and others saturate, or values that wrap are compared or rounded by their sign before, this holds
    for data within 2**8 times the largest range.

    Args:
        casts: Types of the elements to which data is cast, at least one.
        is_chosen: Whether values are compared before they are cast.

    Examples:
        >>> str(bus_type([ElementTypes(signed=[True, False], integer=[2, 2], fraction=[3, 1], rounding="RND")]))
        'fixed<7,3>'
    """
    hulls = [types.hull() for types in casts]
    wraps = {hull.overflow is Overflow.WRAP for hull in hulls}
    looks = is_chosen or any(hull.rounding in BY_SIGN for hull in hulls)
    is_split = len(wraps) > 1 or (looks and True in wraps)
    if all(types.is_uniform for types in casts) and len(set(hulls)) == 1 and not is_split:
        return hulls[0]
    is_signed = is_split or any(hull.signed for hull in hulls)
    integer = max(hull.integer + (is_signed and not hull.signed) for hull in hulls)
    fraction = max(hull.fraction + EXTRA_BITS.get(hull.rounding, FLOAT32_BITS) for hull in hulls)
    integer += SPARE_INTEGER if is_split else 0
    overflow = Overflow.SAT if is_split or False in wraps else Overflow.WRAP
    width = max(integer + fraction, 1)
    return Fixed(width, width - fraction, is_signed, Rounding.TRN, overflow)


def _casts(node: Node, readers: Mapping[str, Sequence[Node]]) -> list[ElementTypes]:
    """Return the casts that a node's values meet first; empty if some are not cast before something is computed."""
    found: list[ElementTypes] = []
    for reader in readers.get(node.name, ()):
        if isinstance(reader.op, Quantize):
            found.append(reader.op.types)
            continue
        if isinstance(reader.op, Lookup):
            found.append(ElementTypes.uniform(reader.op.source))
            continue
        is_linear = isinstance(reader.op, Activation) and reader.op.function is Function.LINEAR
        if is_linear and "result" in reader.types:
            found.append(ElementTypes.uniform(reader.types["result"]))
            continue
        behind = _casts(reader, readers) if _chooses(reader) or isinstance(reader.op, (*MOVES, Concatenate)) else []
        if not behind:
            return []
        found += behind
    return found


def _chooses(node: Node) -> bool:
    """Whether every result of a node is the largest of some of its inputs' values."""
    op = node.op
    if isinstance(op, Activation):
        return op.function is Function.RELU and op.max_value is None
    return isinstance(op, Pool) and not op.average


def _own_types(node: Node, readers: Mapping[str, Sequence[Node]]) -> ElementTypes | None:
    """Return the types of single elements to which all readers cast alike, or None."""
    found: list[ElementTypes] = []
    for reader in readers.get(node.name, ()):
        types: ElementTypes | None = None
        if isinstance(reader.op, Quantize):
            types = reader.op.types.broadcast_to(node.shape)
        elif isinstance(reader.op, Reshape | Permute):
            behind = _own_types(reader, readers)
            types = None if behind is None else _moved_back(reader, behind, node)
        if types is None:
            return None
        found.append(types)
    return found[0] if found and all(types == found[0] for types in found) else None


def _moved_back(reader: Node, types: ElementTypes, node: Node) -> ElementTypes:
    """Return the types of the elements before they are moved."""
    if isinstance(reader.op, Permute):
        back = tuple(int(axis) for axis in np.argsort(reader.op.axes))
        return types.moved(lambda array: array.transpose(back))
    return types.moved(lambda array: array.reshape(node.shape))
