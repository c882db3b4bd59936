"""Elementwise layers as DSLX: activations, slopes, affine maps (docs/ir.md, sections Affine and Activations)."""

from fractions import Fraction
from math import ceil, floor, isfinite, prod

import numpy as np

from hlsexplore.coverage import Executor, no_answer
from hlsexplore.fixed import Fixed, Overflow, RawArray, Rounding, quantize, requantize
from hlsexplore.op_facts import PARTS, Part, limits_raw
from hlsexplore.ops import Activation, Affine, Clip, Function, PRelu, Requantize
from hlsexplore.tables import NEGATIVE_RANGE, SELU_RAW, SELU_TYPE, activation_table, half_range
from hlsexplore_hls.xls.code import (
    DslxCall,
    DslxCode,
    DslxValue,
    element,
    extended,
    function,
    lifted,
    multiplied,
    parameter,
    summed,
)
from hlsexplore_hls.xls.layer import DslxLayer
from hlsexplore_hls.xls.text import number, type_of


def activation(layer: DslxLayer, op: Activation) -> list[DslxCall]:
    """Write an elementwise function."""
    (source,), result = layer.sources, layer.result
    x = element("x", source)
    match op.function:
        case Function.LINEAR:
            lines = [layer.code.cast(x, result, "result")]
        case Function.RELU:
            lines = _relu(layer.code, op, source, result)
        case Function.LEAKY_RELU:
            slope = int(quantize(np.float64(op.alpha), layer.config.types["weight"]))
            lines = _sloped(layer.code, source, result, slope, layer.config.types["weight"])
        case Function.SIGMOID | Function.TANH | Function.SOFTPLUS | Function.SOFTSIGN:
            lines = _table(layer, op)
        case Function.ELU | Function.SELU:
            lines = _negative_table(layer, op)
        case _ if op.function in PARTS:
            lines = _part_and_table(layer, op)
        case _:
            lines = _piecewise(layer, op)
    text = function(op.function.value, [parameter("x", source, None)], type_of(result), lines)
    name = layer.code.add(op.function.value, text)
    return each(name, prod(layer.node.shape))


def each(name: str, count: int) -> list[DslxCall]:
    """Apply a function to each element of the only input."""
    return [DslxCall(function=name, arguments=((i,),), outputs=(i,), is_scalar=True) for i in range(count)]


def prelu(layer: DslxLayer, op: PRelu) -> list[DslxCall]:
    """Write slopes below 0 that differ between elements."""
    (source,), result = layer.sources, layer.result
    weight = layer.config.types["weight"]
    slopes = np.broadcast_to(layer.raw["weight"], layer.node.shape).ravel().tolist()
    names = {
        slope: layer.code.add(
            f"slope_{index}",
            function(
                f"slope_{index}",
                [parameter("x", source, None)],
                type_of(result),
                _sloped(layer.code, source, result, slope, weight),
            ),
        )
        for index, slope in enumerate(sorted(set(slopes)))
    }
    return [
        DslxCall(function=names[slope], arguments=((i,),), outputs=(i,), is_scalar=True)
        for i, slope in enumerate(slopes)
    ]


def affine(layer: DslxLayer, op: Affine | Requantize) -> list[DslxCall]:
    """Write x * weight + bias, a function for each channel; a requantization also clips."""
    (source,), result = layer.sources, layer.result
    raw, types = layer.raw, layer.config.types
    limits = limits_raw(op, result) if isinstance(op, Requantize) else None
    names = []
    for channel, (scale, bias) in enumerate(zip(raw["weight"].tolist(), raw["bias"].tolist(), strict=True)):
        product = layer.code.times(element("x", source), scale)
        product = DslxValue(text=product.text, bits=product.bits, fraction=source.fraction + types["weight"].fraction)
        offset = _constant(bias, types["bias"].fraction)
        name = f"channel_{channel}"
        lines = [layer.code.cast(summed(product, offset), result, "result")]
        if limits is not None:
            low, high = (f"{type_of(result)}:{limit}" for limit in limits)
            lines = [
                f"let v = {lines[0]};",
                f"if v < {low} {{ {low} }} else if v > {high} {{ {high} }} else {{ v }}",
            ]
        names.append(layer.code.add(name, function(name, [parameter("x", source, None)], type_of(result), lines)))
    return [
        DslxCall(function=names[i % len(names)], arguments=((i,),), outputs=(i,), is_scalar=True)
        for i in range(prod(layer.node.shape))
    ]


def _constant(raw: int, fraction: int) -> DslxValue:
    bits = abs(raw).bit_length() + 1
    return DslxValue(text=number(raw, bits), bits=bits, fraction=fraction)


def _relu(code: DslxCode, op: Activation, source: Fixed, result: Fixed) -> list[str]:
    x = element("x", source)
    lines = []
    if source.signed:
        lines.append(f"let v = if x < {type_of(source)}:0 {{ {type_of(source)}:0 }} else {{ x }};")
        x = element("v", source)
    last = code.cast(x, result, "result")
    if op.max_value is not None:
        limit = floor(Fraction(op.max_value) * Fraction(2) ** source.fraction)
        if limit < source.max_raw:
            ceiling = f"{type_of(result)}:{int(quantize(np.float64(op.max_value), result))}"
            last = f"if x > {type_of(source)}:{limit} {{ {ceiling} }} else {{ {last} }}"
    return [*lines, last]


def _sloped(code: DslxCode, source: Fixed, result: Fixed, slope: int, weight: Fixed) -> list[str]:
    x = element("x", source)
    product = code.times(x, slope)
    low = DslxValue(text=product.text, bits=product.bits, fraction=source.fraction + weight.fraction)
    above, below = code.cast(x, result, "result"), code.cast(low, result, "result_below")
    return [f"if x > {type_of(source)}:0 {{ {above} }} else {{ {below} }}"]


def _piecewise(layer: DslxLayer, op: Activation) -> list[str]:
    (source,), result = layer.sources, layer.result
    x = element("x", source)
    one, minus, zero = (f"{type_of(result)}:{int(quantize(np.float64(value), result))}" for value in (1.0, -1.0, 0.0))
    weight = layer.config.types.get("weight")
    match op.function:
        case Function.THRESHOLDED_RELU if weight is not None:
            theta = Fraction(int(quantize(np.float64(op.alpha), weight))) / Fraction(2) ** weight.fraction
            above = _above(x, floor(theta * Fraction(2) ** source.fraction))
            return [f"if {above} {{ {layer.code.cast(x, result, 'result')} }} else {{ {zero} }}"]
        case Function.HARD_SIGMOID | Function.HARD_SWISH if weight is not None:
            total = summed(_times(layer.code, x, op.alpha, weight), DslxValue(text=number(1, 2), bits=2, fraction=1))
            lines, factor = _clipped(total, 0, 1)
            value = factor if op.function is Function.HARD_SIGMOID else multiplied(x, factor)
            return [*lines, layer.code.cast(value, result, "result")]
        case Function.HARD_TANH:
            lines, value = _clipped(lifted(x, max(source.fraction, 0)), -1, 1)
            return [*lines, layer.code.cast(value, result, "result")]
        case Function.BINARY_TANH:
            return [f"if {x.text} < {number(0, x.bits)} {{ {minus} }} else {{ {one} }}"]
        case Function.TERNARY_TANH:
            limit = ceil(Fraction(op.alpha) * Fraction(2) ** source.fraction)
            above, below = _above(x, max(limit - 1, 0)), _below(x, min(1 - limit, 0))
            return [f"if {below} {{ {minus} }} else if {above} {{ {one} }} else {{ {zero} }}"]
        case _:
            raise no_answer(Executor.XLS, layer.node)


def _above(x: DslxValue, limit: int) -> str:
    bits = max(x.bits, abs(limit).bit_length() + 1)
    return f"{extended(x, bits)} > {number(limit, bits)}"


def _below(x: DslxValue, limit: int) -> str:
    bits = max(x.bits, abs(limit).bit_length() + 1)
    return f"{extended(x, bits)} < {number(limit, bits)}"


def _times(code: DslxCode, x: DslxValue, slope: float, weight: Fixed) -> DslxValue:
    """Write the product with a constant in a type."""
    product = code.times(x, int(quantize(np.float64(slope), weight)))
    return DslxValue(text=product.text, bits=product.bits, fraction=x.fraction + weight.fraction)


def _clipped(value: DslxValue, low: int, high: int) -> tuple[list[str], DslxValue]:
    """Clip a value to whole numbers."""
    one = 1 << value.fraction
    bits = max(value.bits, one.bit_length() + 2)
    bottom, top = number(low * one, bits), number(high * one, bits)
    lines = [
        f"let v = {extended(value, bits)};",
        f"let c = if v < {bottom} {{ {bottom} }} else if v > {top} {{ {top} }} else {{ v }};",
    ]
    return lines, DslxValue(text="c", bits=bits, fraction=value.fraction)


def clip(layer: DslxLayer, op: Clip) -> list[DslxCall]:
    """Write bounds with a constant or a line below."""
    (source,), result = layer.sources, layer.result
    x, types = element("x", source), layer.config.types
    text = layer.code.cast(x, result, "result")
    if isfinite(op.high):
        ceiling = int(quantize(np.float64(op.high), result))
        text = f"if {_above(x, _limit(op.high, source))} {{ {type_of(result)}:{ceiling} }} else {{ {text} }}"
    if isfinite(op.low):
        below = f"{type_of(result)}:{int(quantize(np.float64(op.floor), result))}"
        if op.slope:
            offset = _constant(int(quantize(np.float64(op.offset), types["bias"])), types["bias"].fraction)
            below = layer.code.cast(
                summed(_times(layer.code, x, op.slope, types["weight"]), offset), result, "result_below"
            )
        text = f"if {_above(x, _limit(op.low, source))} {{ {text} }} else {{ {below} }}"
    name = layer.code.add("clip", function("clip", [parameter("x", source, None)], type_of(result), [text]))
    return each(name, prod(layer.node.shape))


def _limit(value: float, source: Fixed) -> int:
    return floor(Fraction(value) * Fraction(2) ** source.fraction)


def _table(layer: DslxLayer, op: Activation) -> list[str]:
    """Write a table over both signs."""
    (source,), config, result = layer.sources, layer.config, layer.result
    size, type_ = config.table_size, config.types["table"]
    entries = requantize(activation_table(op.function, size, type_), type_.fraction, result)
    bits = size.bit_length() - 1
    index = Fixed(bits, bits, rounding=Rounding.TRN_ZERO, overflow=Overflow.SAT)
    per_entry = (2 * half_range(op.function)).bit_length() - 1 - bits
    x = element("x", source)
    place = DslxValue(text=x.text, bits=x.bits, fraction=x.fraction + per_entry)
    # Entry 0 becomes that of x = 0, negative x are the upper half.
    return [lookup(layer.code, "TABLE", np.roll(entries, -size // 2), type_of(result), place, index)]


def _part_and_table(layer: DslxLayer, op: Activation) -> list[str]:
    """Write the nearest entry of a table over both signs, and a part of x that is added to it."""
    (source,), config, result = layer.sources, layer.config, layer.result
    size, type_ = config.table_size, config.types["table"]
    bits = size.bit_length() - 1
    index = Fixed(bits, bits, rounding=Rounding.RND, overflow=Overflow.SAT)
    per_entry = (2 * half_range(op.function)).bit_length() - 1 - bits
    x = element("x", source)
    place = DslxValue(text=x.text, bits=x.bits, fraction=x.fraction + per_entry)
    rotated = np.roll(activation_table(op.function, size, type_), -size // 2)
    lines = [f"let entry = {lookup(layer.code, 'TABLE', rotated, type_of(type_), place, index)};"]
    total, zero = element("entry", type_), number(0, x.bits)
    match PARTS[op.function]:
        case Part.NOTHING:
            return [*lines, layer.code.cast(total, result, "result")]
        case Part.POSITIVE:
            lines.append(f"let kept = if {x.text} < {zero} {{ {zero} }} else {{ {x.text} }};")
        case Part.NEGATIVE:
            lines.append(f"let kept = if {x.text} > {zero} {{ {zero} }} else {{ {x.text} }};")
        case Part.WHOLE:
            lines.append(f"let kept = {x.text};")
    kept = DslxValue(text="kept", bits=x.bits, fraction=x.fraction)
    return [*lines, layer.code.cast(summed(kept, total), result, "result")]


def lookup(code: DslxCode, name: str, entries: RawArray, type_: str, place: DslxValue, index: Fixed) -> str:
    """Write the entry of a table at a place, cast to an index in two's complement.

    Where a place has no more bits than the index, the table is written out by place; where it counts in several
    entries, with the entries that it can reach. So no bit of an address is the same for all places.

    Args:
        code: Gets the table.
        name: Name of the table.
        entries: Raw integers.
        type_: Their type.
        place: The place, in units of an entry.
        index: Type of the index, a power of two of it the number of entries.
    """
    mask = len(entries) - 1
    if place.bits <= index.width:
        places = np.arange(1 << place.bits)
        places = np.where(places >= 1 << (place.bits - 1), places - (1 << place.bits), places)
        table = code.table(name, entries[requantize(places, place.fraction, index) & mask].tolist(), type_)
        return f"{table}[{place.text} as uN[{place.bits}]]"
    if place.fraction >= 0:
        table = code.table(name, entries.tolist(), type_)
        return f"{table}[{code.cast(place, index, 'index')} as uN[{index.width}]]"
    coarse = -place.fraction
    high, low = index.max_raw >> coarse, -(-index.min_raw >> coarse)
    bits = max(high.bit_length() + (1 if index.signed else 0), 1)
    places = np.arange(1 << bits)
    if index.signed:
        places = np.where(places >= 1 << (bits - 1), places - (1 << bits), places)
    table = code.table(name, entries[np.minimum(places << coarse, index.max_raw) & mask].tolist(), type_)
    last, first = (f"{type_}:{int(entries[end & mask])}" for end in (index.max_raw, index.min_raw))
    return (
        f"if {place.text} > {number(high, place.bits)} {{ {last} }} "
        f"else if {place.text} < {number(low, place.bits)} {{ {first} }} "
        f"else {{ {table}[{place.text} as uN[{bits}]] }}"
    )


def _negative_table(layer: DslxLayer, op: Activation) -> list[str]:
    """Write ELU or SELU: a table for negative inputs, a product or nothing for the others."""
    (source,), config, result = layer.sources, layer.config, layer.result
    size, type_, is_selu = config.table_size, config.types["table"], op.function is Function.SELU
    raw = activation_table(op.function, size, type_, 1.0 if is_selu else op.alpha)
    bits = size.bit_length() - 1
    index = Fixed(bits, bits, signed=False, rounding=Rounding.TRN_ZERO, overflow=Overflow.SAT)
    x = element("x", source)
    depth = DslxValue(text="depth", bits=x.bits + 1, fraction=x.fraction + NEGATIVE_RANGE.bit_length() - 1 - bits)
    scale, fraction = (SELU_RAW, SELU_TYPE.fraction) if is_selu else (1, 0)
    product = layer.code.times(x, scale)
    above = layer.code.cast(
        DslxValue(text=product.text, bits=product.bits, fraction=x.fraction + fraction), result, "result"
    )
    zero = number(0, depth.bits)
    below = lookup(layer.code, "TABLE", requantize(raw, type_.fraction, result), type_of(result), depth, index)
    return [
        f"let v = {extended(x, depth.bits)};",
        f"let depth = if v < {zero} {{ -v }} else {{ {zero} }};",
        f"if v < {zero} {{ {below} }} else {{ {above} }}",
    ]
