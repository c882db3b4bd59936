"""Softmax and layer normalisation as DSLX (docs/ir.md, sections Softmax and LayerNorm)."""

from math import prod

import numpy as np

from hlsexplore.fixed import Fixed, Overflow, Rounding, quantize, requantize
from hlsexplore.layer_config import SoftmaxMode
from hlsexplore.ops import LayerNorm, Softmax
from hlsexplore.tables import inverse_root_table, softmax_tables, variance_reach
from hlsexplore_hls.xls.code import (
    DslxCall,
    DslxCode,
    DslxValue,
    element,
    extreme,
    extreme_function,
    function,
    multiplied,
    parameter,
    summed,
)
from hlsexplore_hls.xls.elementwise import lookup
from hlsexplore_hls.xls.layer import DslxLayer
from hlsexplore_hls.xls.products import accumulated
from hlsexplore_hls.xls.text import number, signed_bits, type_of


def softmax(layer: DslxLayer, op: Softmax) -> list[DslxCall]:
    """Write a softmax over the last axis."""
    is_argmax = layer.config.softmax is SoftmaxMode.ARGMAX
    lines = _argmax(layer) if is_argmax else _tables(layer)
    return _rows(layer, "argmax" if is_argmax else "softmax", lines)


def _rows(layer: DslxLayer, name: str, lines: list[str]) -> list[DslxCall]:
    """Use a function at each position of the other axes."""
    (source,), result, count = layer.sources, layer.result, layer.node.shape[-1]
    layer.code.add(name, function(name, [parameter("x", source, count)], f"{type_of(result)}[{count}]", lines))
    places = [tuple(range(first, first + count)) for first in range(0, prod(layer.node.shape), count)]
    return [DslxCall(function=name, arguments=(place,), outputs=place) for place in places]


def _largest(code: DslxCode, source: Fixed, count: int) -> str:
    code.add("larger", extreme_function(signed_bits(source), True))
    return extreme([element(f"x[u32:{i}]", source) for i in range(count)], True)


def _argmax(layer: DslxLayer) -> list[str]:
    """Write a one-hot vector: 1 for the first largest value."""
    (source,), result, count = layer.sources, layer.result, layer.node.shape[-1]
    one = f"{type_of(result)}:{int(quantize(np.float64(1.0), result))}"
    lines = [f"let top = {_largest(layer.code, source, count)};", "let seen = false;"]
    for i in range(count):
        value = element(f"x[u32:{i}]", source).text
        lines += [f"let wins{i} = {value} == top && !seen;", f"let seen = seen || wins{i};"]
    outputs = [f"if wins{i} {{ {one} }} else {{ {type_of(result)}:0 }}" for i in range(count)]
    return [*lines, f"[{', '.join(outputs)}]"]


def _top_bits(name: str, type_: Fixed, bits: int) -> str:
    """Write the top bits of raw integers as a table index; negative integers count in two's complement."""
    return f"(({name} as uN[{type_.width}]) >> u32:{type_.width - bits}) as uN[{bits}]"


def _tables(layer: DslxLayer) -> list[str]:
    (source,), config, count = layer.sources, layer.config, layer.node.shape[-1]
    types, is_stable, result = config.types, config.softmax is SoftmaxMode.STABLE, layer.result
    exp_type, accum, sum_type, inverse_type = (types[key] for key in ("exp_table", "accum", "inv_input", "inv_table"))
    tables = softmax_tables(source, exp_type, sum_type, inverse_type, config.table_size, is_stable, config.exp_integer)
    entries = requantize(tables.exp, exp_type.fraction, accum).tolist()
    exponential = layer.code.table("EXP", entries, type_of(accum))
    inverse = layer.code.table("INVERSE", tables.inverse.tolist(), type_of(inverse_type))
    lines = []
    if is_stable:
        lines.append(f"let top = {_largest(layer.code, source, count)};")
        top = DslxValue(text="top", bits=signed_bits(source), fraction=source.fraction)
    for i in range(count):
        x = element(f"x[u32:{i}]", source)
        distance = layer.code.cast(summed(top, x, "-"), tables.norm, "distance") if is_stable else f"x[u32:{i}]"
        lines.append(f"let d{i} = {distance};")
        lines.append(f"let e{i} = {exponential}[{_top_bits(f'd{i}', tables.norm, tables.exp_bits)}];")
    lines.append(f"let sum = {_tree(layer.code, [f'e{i}' for i in range(count)], accum)};")
    lines.append(f"let sum = {layer.code.cast(element('sum', accum), sum_type, 'inverse_input')};")
    lines.append(f"let inverse = {inverse}[{_top_bits('sum', sum_type, tables.inverse_bits)}];")
    factor = element("inverse", inverse_type)
    outputs = [layer.code.cast(multiplied(element(f"e{i}", accum), factor), result, "result") for i in range(count)]
    return [*lines, f"[{', '.join(outputs)}]"]


def _tree(code: DslxCode, terms: list[str], accum: Fixed) -> str:
    """Add terms by a balanced tree whose every node is cast; the left side has the larger power of two."""
    if len(terms) == 1:
        return terms[0]
    left = 1 << ((len(terms) - 1).bit_length() - 1)
    a, b = _tree(code, terms[:left], accum), _tree(code, terms[left:], accum)
    return code.cast(summed(element(a, accum), element(b, accum)), accum, "sum")


def layer_norm(layer: DslxLayer, op: LayerNorm) -> list[DslxCall]:
    """Write mean, variance, a table of 1 / sqrt, scale and offset over the last axis."""
    (source,), config = layer.sources, layer.config
    types, accum, count, size = config.types, config.types["accum"], layer.node.shape[-1], config.table_size
    raw, reach, bits = layer.raw, variance_reach(accum), size.bit_length() - 1
    entries = inverse_root_table(size, reach, op.epsilon, types["table"])
    index = Fixed(bits, bits, signed=False, rounding=Rounding.TRN_ZERO, overflow=Overflow.SAT)
    inverse = int(quantize(np.float64(1.0 / count), accum))
    lines = [f"let a{i} = {layer.code.cast(element(f'x[u32:{i}]', source), accum, 'accum')};" for i in range(count)]
    lines += _mean(layer.code, "mean", [f"a{i}" for i in range(count)], inverse, accum)
    mean = element("mean", accum)
    for i in range(count):
        lines.append(f"let d{i} = {layer.code.cast(summed(element(f'a{i}', accum), mean, '-'), accum, 'difference')};")
        square = multiplied(element(f"d{i}", accum), element(f"d{i}", accum))
        lines.append(f"let q{i} = {layer.code.cast(square, accum, 'square')};")
    lines += _mean(layer.code, "variance", [f"q{i}" for i in range(count)], inverse, accum)
    variance = element("variance", accum)
    place = DslxValue(text=variance.text, bits=variance.bits, fraction=accum.fraction + reach - bits)
    lines.append(f"let root = {lookup(layer.code, 'ROOT', entries, type_of(types['table']), place, index)};")
    outputs = []
    for i in range(count):
        normal = multiplied(element(f"d{i}", accum), element("root", types["table"]))
        scale = _constant(int(raw["weight"][i]), types["weight"])
        total = summed(multiplied(normal, scale), _constant(int(raw["bias"][i]), types["bias"]))
        outputs.append(layer.code.cast(total, layer.result, "result"))
    return _rows(layer, "normalised", [*lines, f"[{', '.join(outputs)}]"])


def _constant(raw: int, type_: Fixed) -> DslxValue:
    bits = signed_bits(type_)
    return DslxValue(text=number(raw, bits), bits=bits, fraction=type_.fraction)


def _mean(code: DslxCode, name: str, terms: list[str], inverse: int, accum: Fixed) -> list[str]:
    """Write the sum of terms times the rounded reciprocal of their number."""
    product = multiplied(element(name, accum), _constant(inverse, accum))
    return [*accumulated(code, name, 0, terms, accum), f"let {name} = {code.cast(product, accum, 'mean')};"]
