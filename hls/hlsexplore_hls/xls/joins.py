"""Layers that join tensors, as DSLX (docs/ir.md, section Merges)."""

from math import prod
from typing import assert_never

import numpy as np

from hlsexplore.fixed import Fixed, Rounding, quantize
from hlsexplore.ops import Concatenate, Dot, Merge, MergeFunction
from hlsexplore_hls.xls.code import (
    DslxCall,
    DslxCode,
    DslxValue,
    element,
    extended,
    extreme,
    extreme_function,
    function,
    lifted,
    multiplied,
    parameter,
    summed,
)
from hlsexplore_hls.xls.layer import DslxLayer
from hlsexplore_hls.xls.products import accumulated
from hlsexplore_hls.xls.text import type_of

RECIPROCAL = Fixed(18, 0, signed=False, rounding=Rounding.RND)
"""Type of 1/n in an average of n tensors (docs/ir.md, section Merges)."""


def merge(layer: DslxLayer, op: Merge) -> list[DslxCall]:
    """Write an elementwise function of several tensors: full precision from left to right, one cast."""
    result, sources = layer.result, layer.sources
    names = [f"x{i}" for i in range(len(sources))]
    values = [element(name, type_) for name, type_ in zip(names, sources, strict=True)]
    total = _merged(layer.code, op.function, values)
    parameters = [parameter(name, type_, None) for name, type_ in zip(names, sources, strict=True)]
    name = str(op.function)
    layer.code.add(name, function(name, parameters, type_of(result), [layer.code.cast(total, result, "result")]))
    return [
        DslxCall(function=name, arguments=((i,),) * len(names), outputs=(i,), is_scalar=True)
        for i in range(prod(layer.node.shape))
    ]


def _merged(code: DslxCode, kind: MergeFunction, values: list[DslxValue]) -> DslxValue:
    total = values[0]
    match kind:
        case MergeFunction.MULTIPLY:
            for value in values[1:]:
                total = multiplied(total, value)
        case MergeFunction.MAXIMUM | MergeFunction.MINIMUM:
            is_maximum, fraction = kind is MergeFunction.MAXIMUM, max(value.fraction for value in values)
            same = [lifted(value, fraction) for value in values]
            bits = max(value.bits for value in same)
            code.add("larger" if is_maximum else "smaller", extreme_function(bits, is_maximum))
            same = [DslxValue(text=extended(value, bits), bits=bits, fraction=fraction) for value in same]
            total = DslxValue(text=extreme(same, is_maximum), bits=bits, fraction=fraction)
        case MergeFunction.ADD | MergeFunction.SUBTRACT | MergeFunction.AVERAGE:
            for value in values[1:]:
                total = summed(total, value, "-" if kind is MergeFunction.SUBTRACT else "+")
            if kind is MergeFunction.AVERAGE:
                scaled = code.times(total, int(quantize(np.float64(1.0 / len(values)), RECIPROCAL)))
                total = DslxValue(text=scaled.text, bits=scaled.bits, fraction=total.fraction + RECIPROCAL.fraction)
        case _:
            assert_never(kind)
    return total


def concatenate(layer: DslxLayer, op: Concatenate) -> list[DslxCall]:
    """Write a concatenation: each element is cast to the result."""
    result, sources = layer.result, layer.sources
    shapes = layer.shapes
    owners = np.concatenate([np.full(shape, i) for i, shape in enumerate(shapes)], axis=op.axis).ravel().tolist()
    places = [np.arange(prod(shape)).reshape(shape) for shape in shapes]
    elements = np.concatenate(places, axis=op.axis).ravel().tolist()
    names = [
        layer.code.add(
            f"input_{i}",
            function(
                f"input_{i}",
                [parameter("x", source, None)],
                type_of(result),
                [layer.code.cast(element("x", source), result, "result")],
            ),
        )
        for i, source in enumerate(sources)
    ]
    return [
        DslxCall(
            function=names[owner],
            arguments=tuple((place,) if i == owner else () for i in range(len(sources))),
            outputs=(output,),
            is_scalar=True,
        )
        for output, (owner, place) in enumerate(zip(owners, elements, strict=True))
    ]


def dot(layer: DslxLayer, op: Dot) -> list[DslxCall]:
    """Write an inner product: each product is cast to the accumulator, then added."""
    first, second = layer.sources
    accum, result = layer.config.types["accum"], layer.result
    count = prod(layer.shapes[0])
    terms = [
        layer.code.cast(multiplied(element(f"a[u32:{i}]", first), element(f"b[u32:{i}]", second)), accum, "accum")
        for i in range(count)
    ]
    lines = [
        *accumulated(layer.code, "y", 0, terms, accum),
        f"[{layer.code.cast(element('y', accum), result, 'result')}]",
    ]
    parameters = [parameter("a", first, count), parameter("b", second, count)]
    layer.code.add("inner_product", function("inner_product", parameters, f"{type_of(result)}[1]", lines))
    return [DslxCall(function="inner_product", arguments=(tuple(range(count)),) * 2, outputs=(0,))]
