"""Bits of single elements: from the types that a model gives them, through layers that move, choose or merge them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from hlsexplore.design import Design
from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node, Shape
from hlsexplore.layer_config import own_types
from hlsexplore.ops import (
    MOVES,
    Activation,
    Affine,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Function,
    Input,
    Merge,
    MergeFunction,
    Pool,
    Quantize,
    weights,
)
from hlsexplore.reference.moves import mover

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Elements:
    """What each element of a tensor holds; all arrays have the tensor's shape.

    Attributes:
        signed: Whether it can be negative.
        integer: Bits left of the binary point, the sign included.
        fraction: Bits right of it; integer + fraction of 0 or less is an element that is always 0.
    """

    signed: NDArray[np.bool_]
    integer: Integers
    fraction: Integers

    @classmethod
    def of(cls, types: ElementTypes, shape: Shape) -> "Elements":
        """Return what types of single elements hold."""
        full = types.broadcast_to(shape)
        return cls(signed=full.signed, integer=full.integer.astype(np.int64), fraction=full.fraction.astype(np.int64))

    @property
    def bits(self) -> Integers:
        """Bits of each element; 0 where it is always 0."""
        bits: Integers = np.maximum(self.integer + self.fraction, 0)
        return bits

    @property
    def ports(self) -> Integers:
        """Bits of each element and the zeros below them, down to the finest element's bits."""
        is_some = self.bits > 0
        finest = self.fraction.max(initial=np.iinfo(np.int16).min, where=is_some)
        ports: Integers = np.where(is_some, np.maximum(self.integer + finest, self.bits), 0)
        return ports

    def mapped(self, function: Callable[[NDArray[np.int64]], NDArray[np.int64]]) -> "Elements":
        """Return the elements with a function applied to each array; 0 bits are where the function fills in zeros."""
        signed = function(self.signed.astype(np.int64)) != 0
        return Elements(signed=signed, integer=function(self.integer), fraction=function(self.fraction))

    def within(self, type_: Fixed) -> "Elements":
        """Return what is left of the elements in a type."""
        is_some = self.bits > 0
        integer = np.where(is_some, np.minimum(self.integer, type_.integer), 0)
        return replace(self, integer=integer, fraction=np.where(is_some, np.minimum(self.fraction, type_.fraction), 0))


def elements_of(design: Design, name: str) -> Elements | None:
    """Return what each element of a tensor holds; None where all have one type or nothing is known of them.

    Args:
        design: The design.
        name: Node that computes the tensor.
    """
    node = design.graph[name]
    if isinstance(node.op, Input | Quantize):
        types = own_types(node, design.layers[name])
        return None if types is None else _varying(Elements.of(types, node.shape), design, node)
    if isinstance(node.op, Affine | Dense | Conv | DepthwiseConv):
        return _by_weights(design, node)
    if not isinstance(node.op, (*MOVES, Activation, Concatenate, Merge, Pool)):
        return None
    sources = [elements_of(design, source) for source in node.inputs]
    if all(item is None for item in sources):
        return None
    known = [
        Elements.of(ElementTypes.uniform(design.result_type(source)), design.graph[source].shape)
        if item is None
        else item
        for item, source in zip(sources, node.inputs, strict=True)
    ]
    found = _passed(node, known)
    return None if found is None else found.within(design.result_type(name))


def _varying(found: Elements, design: Design, node: Node) -> Elements:
    """Return the elements of a cast without those that it reads as constants."""
    source = elements_of(design, node.inputs[0]) if node.inputs else None
    return found if source is None else _living(source.bits > 0, found.signed, found.integer, found.fraction)


def _by_weights(design: Design, node: Node) -> Elements | None:
    """Return the elements of a product; those of channels without a weight in the model do not vary, in 0 bits."""
    lives = _living_channels(node)
    if lives.all():
        return None
    full = Elements.of(ElementTypes.uniform(design.result_type(node.name)), node.shape)
    return _living(np.broadcast_to(lives, node.shape), full.signed, full.integer, full.fraction)


@lru_cache(maxsize=1024)
def _living_channels(node: Node) -> NDArray[np.bool_]:
    """Tell which channels of a product have a weight in the model."""
    return np.asarray((weights(node.op)["weight"].reshape(-1, node.shape[-1]) != 0).any(axis=0))


def _passed(node: Node, sources: Sequence[Elements]) -> Elements | None:
    """Return what an op makes of its inputs' elements, before its result type."""
    first, op = sources[0], node.op
    match op:
        case Activation():
            return _function(op, first)
        case Concatenate():
            axis = op.axis
            return Elements(
                signed=np.concatenate([item.signed for item in sources], axis),
                integer=np.concatenate([item.integer for item in sources], axis),
                fraction=np.concatenate([item.fraction for item in sources], axis),
            )
        case Merge():
            return _merged(op.function, sources)
        case Pool():
            return _pooled(op, node.shape, first)
        case _:
            move = mover(node)
            return first.mapped(lambda array: np.asarray(move(array[None])[0]))


def _function(op: Activation, source: Elements) -> Elements | None:
    if op.function is Function.LINEAR:
        return source
    if op.function is not Function.RELU:
        return None
    return Elements(
        signed=np.zeros_like(source.signed), integer=source.integer - source.signed, fraction=source.fraction
    )


def _merged(function: MergeFunction, sources: Sequence[Elements]) -> Elements | None:
    """Return what sums, products and choices hold; what is always 0 adds nothing, and makes a product 0."""
    is_some = np.stack([item.bits > 0 for item in sources])
    signed = np.stack([item.signed & (item.bits > 0) for item in sources])
    value_bits = np.stack([item.integer - item.signed for item in sources])
    fraction = np.stack([item.fraction for item in sources])
    if function is MergeFunction.MULTIPLY:
        sign, lives = np.asarray(signed.any(axis=0)), np.asarray(is_some.all(axis=0))
        whole = value_bits.sum(axis=0) + (signed.sum(axis=0) > 1) + sign  # -2 * -2 takes one bit more
        return _living(lives, sign, whole, fraction.sum(axis=0))
    least = np.iinfo(np.int16).min
    top = np.where(is_some, value_bits, least).max(axis=0)
    if function in (MergeFunction.ADD, MergeFunction.SUBTRACT, MergeFunction.AVERAGE):
        top = top + np.ceil(np.log2(np.maximum(is_some.sum(axis=0), 1))).astype(np.int64)
    sign = np.asarray(signed.any(axis=0))
    if function is MergeFunction.SUBTRACT:
        sign = sign | is_some[1:].any(axis=0)
    finest = np.where(is_some, fraction, least).max(axis=0)
    if function is MergeFunction.AVERAGE:
        finest = finest + ceil(log2(len(sources)))
    return _living(np.asarray(is_some.any(axis=0)), sign, top + sign, finest)


def _living(lives: NDArray[np.bool_], signed: NDArray[np.bool_], integer: Integers, fraction: Integers) -> Elements:
    """Return elements of which some are always 0."""
    return Elements(signed=signed & lives, integer=np.where(lives, integer, 0), fraction=np.where(lives, fraction, 0))


def _pooled(op: Pool, shape: Shape, source: Elements) -> Elements | None:
    """Return what the largest values hold: those of a channel, whatever their positions."""
    if op.average:
        return None
    axes = tuple(range(source.integer.ndim - 1))
    lives = source.bits > 0
    least = np.iinfo(np.int16).min
    signed = np.asarray((source.signed & lives).any(axis=axes))
    whole = np.where(lives, source.integer - source.signed, least).max(axis=axes) + signed
    finest = np.where(lives, source.fraction, least).max(axis=axes)
    one = _living(np.asarray(lives.any(axis=axes)), signed, whole, finest)
    return one.mapped(lambda array: np.broadcast_to(array, shape).copy())
