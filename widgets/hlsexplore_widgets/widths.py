"""How many bits single elements of a tensor have: what the strips under the bands show."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.design import Design
from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node
from hlsexplore.layer_config import own_types
from hlsexplore.ops import Op, weights
from hlsexplore.weights import pruned_op, quantized
from hlsexplore_widgets.protocol import ElementBits

NOUNS = {"result": "elements", "weight": "weights"}
"""Tensor key -> what its elements are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementWidths:
    """Widths of the elements of a tensor.

    Attributes:
        size: Number of elements.
        zeros: How many of them are always 0.
        counts: (bits, number of elements) of the others, in order of the bits.
    """

    size: int
    zeros: int
    counts: tuple[tuple[int, int], ...]

    @property
    def median(self) -> float:
        """Bits of the middle element of those that are not always 0."""
        return float(np.median(np.repeat(*np.array(self.counts).T))) if self.counts else 0.0


def widths(bits: NDArray[Any]) -> ElementWidths:
    """Count the elements of each width.

    Args:
        bits: Bits of each element, 0 where it is always 0.

    Examples:
        >>> widths(np.array([3, 0, 2, 3]))
        Widths(size=4, zeros=1, counts=((2, 1), (3, 2)))
    """
    found, numbers = np.unique(np.asarray(bits).ravel(), return_counts=True)
    counts = tuple((int(width), int(count)) for width, count in zip(found, numbers, strict=True) if width)
    return ElementWidths(size=int(np.size(bits)), zeros=int(np.sum(np.asarray(bits) == 0)), counts=counts)


def widths_of(design: Design, node: Node) -> dict[str, ElementWidths]:
    """Return the widths of a layer's elements that the model itself chose: tensor key -> widths.

    Results are those with types of their own, as the design trims them. Of weights that the model quantised, these are
    the bits that the design leaves, from the largest to the last 1, and one for the sign of negative ones.
    """
    found: dict[str, ElementWidths] = {}
    config = design.layers[node.name]
    types = own_types(node, config)
    if types is not None:
        found["result"] = _of_types(types, node.shape)
    if "weight" in node.types and "weight" in weights(node.op):
        found["weight"] = _of_weights(pruned_op(node.op, config), config.types["weight"])
    return found


@lru_cache(maxsize=1024)
def _of_types(types: ElementTypes, shape: tuple[int, ...]) -> ElementWidths:
    return widths(types.broadcast_to(shape).width)


@lru_cache(maxsize=1024)
def _of_weights(op: Op, type_: Fixed) -> ElementWidths:
    raw = np.asarray(quantized(weights(op)["weight"], type_), dtype=np.int64)
    size = np.abs(raw)
    odd = size // np.maximum(size & -size, 1)
    bits = np.where(size > 0, np.frexp(odd.astype(np.float64))[1], 0) + (raw < 0)
    return widths(bits)


def width_data(found: dict[str, ElementWidths]) -> dict[str, ElementBits]:
    """Return widths as the browser shows them: tensor key -> shares of each width, a short text and a sentence.

    Examples:
        >>> width_data({"result": widths(np.array([3, 0, 2, 3]))})["result"]["note"]
        '25 % 0, 2 to 3 bits, median 3'
    """
    return {key: _shown(item, NOUNS[key]) for key, item in found.items()}


def _shown(item: ElementWidths, noun: str) -> ElementBits:
    zeros = f"{100 * item.zeros / max(item.size, 1):.3g} %"
    bars = [(0, item.zeros / item.size)] if item.zeros else []
    bars += [(bits, count / item.size) for bits, count in item.counts]
    if not item.counts:
        return {"bars": bars, "note": "all 0", "text": f"{item.size:,} {noun}, all of them always 0"}
    least, most = item.counts[0][0], item.counts[-1][0]
    span = f"{least} to {most} bits, median {item.median:g}" if least < most else _plural(least)
    text = f"{item.size:,} {noun}: {f'{zeros} always 0, the others ' if item.zeros else ''}{span}"
    return {"bars": bars, "note": f"{zeros} 0, {span}" if item.zeros else span, "text": text}


def _plural(bits: int) -> str:
    return f"{bits} bit{'s' if bits > 1 else ''}"
