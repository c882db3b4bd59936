"""Pooling as DSLX (docs/ir.md, section Pooling)."""

from hlsexplore.fixed import Fixed, Overflow
from hlsexplore.ops import Pool
from hlsexplore.rtl_plan.lower.spatial import window_elements
from hlsexplore_hls.xls.code import (
    DslxCall,
    DslxCode,
    DslxValue,
    element,
    extreme,
    extreme_function,
    function,
    parameter,
    summed,
)
from hlsexplore_hls.xls.layer import DslxLayer
from hlsexplore_hls.xls.text import number, signed_bits, type_of


def pool(layer: DslxLayer, op: Pool) -> list[DslxCall]:
    """Write a pooling: a function for each number of elements that a window has without its padding."""
    (source,), result = layer.sources, layer.result
    accum = layer.config.types["accum"]
    shape = layer.shapes[0]
    taps = window_elements(shape, op.rank, op.size, op.stride, op.padding)
    windows = taps.transpose(0, 2, 1).reshape(-1, taps.shape[1]).tolist()
    calls = []
    write = _average if op.average else _maximum
    for output, window in enumerate(windows):
        elements = tuple(place for place in window if place >= 0)
        name = f"{'average' if op.average else 'maximum'}_of_{len(elements)}"
        if name not in layer.code.helpers:
            lines = write(layer.code, len(elements), source, accum, result)
            text = function(name, [parameter("x", source, len(elements))], f"{type_of(result)}[1]", lines)
            layer.code.add(name, text)
        calls.append(DslxCall(function=name, arguments=(elements,), outputs=(output,)))
    return calls


def _maximum(code: DslxCode, count: int, source: Fixed, accum: Fixed, result: Fixed) -> list[str]:
    bits = signed_bits(source)
    code.add("larger", extreme_function(bits, True))
    best = extreme([element(f"x[u32:{i}]", source) for i in range(count)], True)
    settled = code.requantize(DslxValue(text=best, bits=bits, fraction=source.fraction), accum, "accum")
    return [f"[{code.cast(settled, result, 'result')}]"]


def _average(code: DslxCode, count: int, source: Fixed, accum: Fixed, result: Fixed) -> list[str]:
    """Write the sum in the accumulator, then the division that truncates toward zero."""
    terms = [element(f"x[u32:{i}]", source) for i in range(count)]
    bits = signed_bits(accum)
    if accum.overflow is Overflow.WRAP and source.fraction <= accum.fraction:
        casts = [code.requantize(term, accum, "accum").text for term in terms]
        lines = [f"let total = {' + '.join(casts)};"]
        if not accum.signed:
            lines.append(f"let total = (total as uN[{accum.width}]) as sN[{bits}];")
    else:
        lines = [f"let total = {number(0, bits)};"]
        total = DslxValue(text="total", bits=bits, fraction=accum.fraction)
        lines += [f"let total = {code.requantize(summed(total, term), accum, 'sum').text};" for term in terms]
    if count > 1:
        wide = max(bits, count.bit_length() + 1)
        mean = DslxValue(text=f"((total as sN[{wide}]) / {number(count, wide)})", bits=wide, fraction=accum.fraction)
    else:
        mean = DslxValue(text="total", bits=bits, fraction=accum.fraction)
    return [*lines, f"[{code.cast(mean, result, 'result')}]"]
