"""The types that hold every result of a layer exactly, for every input of given types: nothing is rounded."""

from collections.abc import Mapping, Sequence
from functools import reduce
from math import ceil, isfinite, log2
from typing import assert_never

import numpy as np

from hlsexplore.defaults.bounds import accum_type, holding
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import Fixed, Overflow, quantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.op_facts import element_types
from hlsexplore.ops import (
    TABLE_FUNCTIONS,
    Activation,
    Affine,
    Clip,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    Function,
    Input,
    LayerNorm,
    Lookup,
    Merge,
    MergeFunction,
    Pad,
    Permute,
    Pool,
    PRelu,
    Quantize,
    Recurrent,
    Requantize,
    Reshape,
    Softmax,
    Upsample,
)

MAX_EXACT = 48
"""Widest result that is kept exact: what one DSP block adds up (UltraScale user guide UG579, 48-bit adder)."""
LEAST_SWISH = 1 / 14
"""x * clip(alpha * x + 1/2, 0, 1) is at least -1 / (16 * alpha); the slope's rounding has room in this."""
AVERAGE_BITS = 10
"""Fraction bits that the quotient of an average keeps beyond those of its inputs."""


def exact_type(graph: Graph, node: Node, inputs: Sequence[Fixed], types: Mapping[str, Fixed]) -> Fixed | None:
    """Return the narrowest signed type that holds every result of a layer.

    Args:
        graph: The network.
        node: The layer.
        inputs: Types of what it reads.
        types: Types of its weights.

    Returns:
        The type; for an average over a count that is no power of two the type of its sum with `AVERAGE_BITS` more; None
        for layers whose results no such type describes: functions by table, softmax, normalisations, recurrent layers.
    """
    op = node.op
    match op:
        case Dense() | Conv() | DepthwiseConv():
            return accum_type(node, types["weight"], types.get("bias"), inputs[0])
        case Affine():
            return _affine(op, inputs[0], types)
        case Activation():
            return None if op.function in TABLE_FUNCTIONS else _activation(op, inputs[0], types)
        case Clip():
            return _clipped(op, inputs[0], types)
        case PRelu():
            slopes = to_real(quantize(op.kernel, types["weight"]), types["weight"])
            return _sloped(inputs[0], types["weight"], float(slopes.min()), float(slopes.max()))
        case Pool():
            return pool_accum(op, inputs[0], AVERAGE_BITS) if op.average else inputs[0]
        case Merge():
            return _merged(op.function, inputs)
        case Concatenate():
            return _union(inputs)
        case Quantize():
            return op.types.hull()
        case Dot():
            count = graph.input_shapes(node)[0][-1]
            ends = [value * count for value in _products(inputs[0], inputs[1])]
            return holding(ends, inputs[0].fraction + inputs[1].fraction)
        case Requantize():
            fraction = max(types["weight"].fraction + inputs[0].fraction, types["bias"].fraction)
            return holding([op.low, op.high], fraction).with_modes(overflow=Overflow.SAT)  # it clips what it has cast
        case Input() | Lookup() | LayerNorm() | Recurrent() | Softmax():
            return None
        case Reshape() | Permute() | Pad() | Crop() | Upsample():
            return inputs[0]
        case _:
            assert_never(op)


def given_result(node: Node) -> Fixed | None:
    """Return the type that the model itself casts a layer's results to, or None."""
    elements = element_types(node.op)
    if "result" in node.types:
        return node.types["result"]
    if elements is not None:
        return elements.hull()
    return node.op.type if isinstance(node.op, Lookup) else None


def cast_at_once(graph: Graph, node: Node) -> Fixed | None:
    """Return the type that the model casts a layer's results to: itself, or in all that reads them; None if none."""
    given = given_result(node)
    if given is not None or node.name in graph.outputs:
        return given
    casts = {reader.types.get("result") for reader in graph.consumers(node.name) if reader.kind == "linear"}
    readers = graph.consumers(node.name)
    return next(iter(casts)) if len(casts) == 1 and all(reader.kind == "linear" for reader in readers) else None


def rounding_step(node: Node) -> float | None:
    """Return the step to which the model rounds a layer's exact results (a table: what it reads), or None."""
    if isinstance(node.op, Lookup):
        return node.op.source.step
    given = given_result(node)
    return given.step if given is not None and has_exact_type(node) else None


def has_exact_type(node: Node) -> bool:
    """Whether a type describes every result of a layer, so that a quantizer behind it can round the true value."""
    op = node.op
    if isinstance(op, Activation):
        return op.function not in TABLE_FUNCTIONS
    return not isinstance(op, Input | Softmax | LayerNorm | Lookup | Recurrent)


def pool_accum(op: Pool, source: Fixed, spare: int = 0) -> Fixed:
    """Return the type in which a pooling computes: of its maximum, or of the sum of a window and of its average.

    Args:
        op: The pooling.
        source: Type of what it reads.
        spare: More fraction bits of an average that is no fixed-point number, beyond those of the number of elements.
    """
    if not op.average:
        return Fixed(source.width, source.integer, source.signed)
    count = op.size[0] * op.size[1]
    bits = ceil(log2(count))
    is_exact = count == 1 << bits and op.padding == ((0, 0), (0, 0))
    fraction = bits if is_exact else bits + spare
    return Fixed(source.width + bits + fraction, source.integer + bits, source.signed)


def _affine(op: Affine, source: Fixed, types: Mapping[str, Fixed]) -> Fixed:
    weight, bias = types["weight"], types["bias"]
    kernel, offset = to_real(quantize(op.kernel, weight), weight), to_real(quantize(op.bias, bias), bias)
    ends = np.array([kernel * end + offset for end in _ends(source)])
    fraction = max(weight.fraction + source.fraction, bias.fraction)
    return holding([float(ends.min()), float(ends.max())], fraction)


def _activation(op: Activation, source: Fixed, types: Mapping[str, Fixed]) -> Fixed:
    low, high = _ends(source)
    match op.function:
        case Function.RELU:
            top = high if op.max_value is None else min(op.max_value, high)
            return holding([0.0, top], max(source.fraction, _fraction(op.max_value or 0.0)))
        case Function.LEAKY_RELU:
            slope = float(to_real(quantize(np.float64(op.alpha), types["weight"]), types["weight"]))
            return _sloped(source, types["weight"], slope, slope)
        case Function.HARD_SIGMOID:
            return holding([0.0, 1.0], max(source.fraction + types["weight"].fraction, 1))
        case Function.HARD_SWISH:
            low = max(low, -LEAST_SWISH / op.alpha) if op.alpha > 0.0 else low
            return holding([low, high], source.fraction + max(source.fraction + types["weight"].fraction, 1))
        case Function.HARD_TANH:
            return holding([max(low, -1.0), min(high, 1.0)], max(source.fraction, 0))
        case Function.BINARY_TANH | Function.TERNARY_TANH:
            return holding([-1.0, 1.0], 0)
        case Function.LINEAR | Function.THRESHOLDED_RELU:
            return holding([low, high], source.fraction)
        case _:
            raise NoModelError(f"no type holds every result of {op.function.value!r} exactly.")


def _clipped(op: Clip, source: Fixed, types: Mapping[str, Fixed]) -> Fixed:
    low, high = _ends(source)
    ends, fractions = [min(high, op.high), op.floor], [source.fraction, _fraction(op.high) if isfinite(op.high) else 0]
    if op.slope:
        ends.append(op.floor + op.slope * (low - op.low))
        fractions += [source.fraction + types["weight"].fraction, types["bias"].fraction]
    else:
        fractions.append(_fraction(op.floor))
    if not isfinite(op.low):
        return holding([low, min(high, op.high)], max(fractions[:2]))
    return holding([*ends, min(max(low, op.low), high)], max(fractions))


def _fraction(value: float) -> int:
    """Return the fraction bits of a number, up to 24."""
    return next((bits for bits in range(24) if value * 2.0**bits == round(value * 2.0**bits)), 24)


def _sloped(source: Fixed, weight: Fixed, least: float, most: float) -> Fixed:
    """Return the type of x where it is positive, else x times a slope."""
    low, high = _ends(source)
    return holding([high, low * least, low * most], source.fraction + max(weight.fraction, 0))


def _merged(function: MergeFunction, inputs: Sequence[Fixed]) -> Fixed:
    lows, highs = zip(*(_ends(source) for source in inputs), strict=True)
    fraction = max(source.fraction for source in inputs)
    match function:
        case MergeFunction.ADD:
            return holding([sum(lows), sum(highs)], fraction)
        case MergeFunction.SUBTRACT:
            return holding([lows[0] - sum(highs[1:]), highs[0] - sum(lows[1:])], fraction)
        case MergeFunction.MULTIPLY:
            return reduce(lambda a, b: holding(_products(a, b), a.fraction + b.fraction), inputs)
        case MergeFunction.AVERAGE:
            bits = ceil(log2(len(inputs)))
            extra = bits if len(inputs) == 1 << bits else bits + AVERAGE_BITS
            return holding([min(lows), max(highs)], fraction + extra)
        case MergeFunction.MAXIMUM | MergeFunction.MINIMUM:
            return _union(inputs)
        case _:
            assert_never(function)


def _union(inputs: Sequence[Fixed]) -> Fixed:
    """Smallest type that holds the values of all types."""
    signed = any(source.signed for source in inputs)
    integer = max(source.integer + int(signed and not source.signed) for source in inputs)
    return Fixed(max(integer + max(source.fraction for source in inputs), 1), integer, signed)


def _ends(type_: Fixed) -> tuple[float, float]:
    return min(type_.low, 0.0), max(type_.high, 0.0)


def _products(a: Fixed, b: Fixed) -> list[float]:
    return [x * y for x in _ends(a) for y in _ends(b)]


def settled(graph: Graph) -> frozenset[str]:
    """Return the nodes whose values the model itself rounds before anything else than exact layers reads them.

    Between a layer and the quantizers behind it there may be moves, additions, normalisations and whatever else
    has an exact type; outputs of the network are no quantizers.
    """
    found: set[str] = set()
    for node in reversed(graph.nodes):
        readers = graph.consumers(node.name)
        is_rounded = [
            rounding_step(item) is not None or (has_exact_type(item) and item.name in found) for item in readers
        ]
        if readers and node.name not in graph.outputs and all(is_rounded):
            found.add(node.name)
    return frozenset(found)
