"""Products in LUTs.

A weight of at most four bits is lo + 4 * hi, with lo in 0..3 and hi in -2..1. Both digits choose a multiple of the
input, a LUT each bit, and one adder joins them; the second LUT of a bit is that adder's own. All slots of a group share
the multiple 3 * x. Of a wider weight, each four bits make such a sum, and adders with registers join them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hlsexplore.rtl_plan.folded import LUT_WEIGHT_BITS
from hlsexplore_hls.rtl.nets import extended, join, literal, select, vector


def multiples(name: str, operand: str, width: int, weight_bits: int, is_late: bool) -> tuple[list[str], list[str]]:
    """Write the multiples of an input: `NAME_one`, `NAME_two` and, for four bits, `NAME_three`.

    Args:
        name: Name of the input.
        operand: Its value in `width` bits.
        width: Bits of the widest product.
        weight_bits: Bits of the weights, sign included.
        is_late: Whether registers hold the multiples for a second cycle.

    Returns:
        Declarations and clocked statements.
    """
    kind = "reg" if is_late else "wire"
    values = {"one": operand}
    if weight_bits > 3:
        values["three"] = f"{name}_own + {{{name}_own[{width - 2}:0], 1'b0}}" if width > 1 else f"{name}_own"
    lines = [f"  wire {vector(width)}{name}_own = {operand};"] if weight_bits > 3 else []
    clocked: list[str] = []
    for multiple, text in values.items():
        lines.append(f"  {kind} {vector(width)}{name}_{multiple}{'' if is_late else f' = {text}'};")
        clocked += [f"    {name}_{multiple} <= {text};"] if is_late else []
    doubled = f"{{{name}_one[{width - 2}:0], 1'b0}}" if width > 1 else "1'b0"
    return [*lines, f"  wire {vector(width)}{name}_two = {doubled};"], clocked


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiplied:
    """An input whose multiples `multiples` wrote.

    Attributes:
        name: Its name.
        width: Bits of its multiples.
        bits: Its own bits.
        is_signed: Whether it can be negative.
    """

    name: str
    width: int
    bits: int
    is_signed: bool


def product_text(name: str, source: Multiplied, weight: Sequence[str], width: int) -> tuple[list[str], list[str], str]:
    """Write a product whose adders behind the first level have registers.

    Args:
        name: Name of the product.
        source: What is multiplied.
        weight: Bits of the weight, lowest first, the sign last.
        width: Bits of the product, which wraps in them.

    Returns:
        Declarations, clocked statements, and the text of the product.
    """
    if len(weight) <= LUT_WEIGHT_BITS:
        lines, text = soft_product(name, source.name, source.width, weight, width)
        return lines, [], text
    lines, clocked = [], []
    parts: list[tuple[str, int, int]] = []
    for first in range(0, len(weight), LUT_WEIGHT_BITS):
        own, room = weight[first : first + LUT_WEIGHT_BITS], width - first
        if room < 1:
            break
        if first + LUT_WEIGHT_BITS < len(weight):
            bits = min(room, source.bits + LUT_WEIGHT_BITS)
            texts, text = _unsigned_product(f"{name}_{first}", source, own, bits)
        else:
            bits = room
            texts, text = soft_product(f"{name}_{first}", source.name, source.width, own, bits)
        lines += texts
        parts.append((text, first, bits))
    level = 0
    while (1 << level) < -(-len(weight) // LUT_WEIGHT_BITS):
        kept = [f"{name}_part{level}_{index}" for index in range(len(parts))]
        lines += [f"  reg {vector(bits)}{part};" for part, (_, _, bits) in zip(kept, parts, strict=True)]
        clocked += [f"    {part} <= {text};" for part, (text, _, _) in zip(kept, parts, strict=True)]
        named = [(part, first, bits) for part, (_, first, bits) in zip(kept, parts, strict=True)]
        parts = [_joined(source, named[index : index + 2], width) for index in range(0, len(named), 2)]
        level += 1
    return lines, clocked, parts[0][0]


def _joined(source: Multiplied, parts: Sequence[tuple[str, int, int]], width: int) -> tuple[str, int, int]:
    """Add two parts of a product: their text, first bit and bits; one alone stays."""
    if len(parts) == 1:
        return parts[0]
    (low, first, low_bits), (high, second, high_bits) = parts
    distance, room = second - first, width - first
    bits = min(room, distance + high_bits)
    grown = join(extended(low, low_bits, source.is_signed, distance, bits - distance))
    return f"{{{grown} + {high}, {select(low, low_bits, 0, distance)}}}", first, bits


def _unsigned_product(name: str, source: Multiplied, weight: Sequence[str], width: int) -> tuple[list[str], str]:
    """Write the product with four bits of a weight that are not its top ones."""
    low, size = _low(source.name, source.width, weight[:2], width), width - 2
    if size < 1:
        return [], low
    high = _low(source.name, source.width, weight[2:], size)
    lines = [f"  wire {vector(width)}{name}_low = {low};", f"  wire {vector(size)}{name}_high = {high};"]
    lines.append(f"  wire {vector(size)}{name}_sum = {name}_low[{width - 1}:2] + {name}_high;")
    return lines, f"{{{name}_sum, {name}_low[1:0]}}"


def soft_product(name: str, multiple: str, widest: int, weight: Sequence[str], width: int) -> tuple[list[str], str]:
    """Write a product.

    Args:
        name: Name of the product.
        multiple: Name of the input whose multiples `multiples` wrote.
        widest: Their bits.
        weight: Bits of the weight, lowest first, the sign last; at most four.
        width: Bits of the product, which wraps in them.

    Returns:
        Declarations, and the text of the product.
    """
    digits = list(weight) if len(weight) > 1 else [weight[0], weight[0]]
    first, (middle, top) = len(digits) - 2, digits[-2:]
    if width <= first:
        return [], _low(multiple, widest, digits, width)
    size = width - first
    one, two = (select(f"{multiple}_{which}", widest, 0, size) for which in ("one", "two"))
    high = f"{top} ? ({middle} ? ~{one} : ~{two}) : ({middle} ? {one} : {literal(0, size)})"
    lines = [f"  wire {vector(size)}{name}_high = {high};"]
    if not first:
        carry = f"{{{literal(0, size - 1)}, {top}}}" if size > 1 else top
        return lines, f"{name}_high + {carry}"
    lines.append(f"  wire {vector(width)}{name}_low = {_low(multiple, widest, digits, width)};")
    low = f"{name}_low[{width - 1}:{first}]"
    # The lowest bit only makes the carry that a negative digit needs.
    lines.append(f"  wire {vector(size + 1)}{name}_sum = {{{low}, 1'b1}} + {{{name}_high, {top}}};")
    return lines, f"{{{name}_sum[{size}:1], {name}_low[{first - 1}:0]}}"


def _low(multiple: str, widest: int, digits: Sequence[str], width: int) -> str:
    """Write the multiple that the lower digit chooses."""
    one, nothing = select(f"{multiple}_one", widest, 0, width), literal(0, width)
    if len(digits) == 3:
        return f"{digits[0]} ? {one} : {nothing}"
    two, three = (select(f"{multiple}_{which}", widest, 0, width) for which in ("two", "three"))
    return f"{digits[1]} ? ({digits[0]} ? {three} : {two}) : ({digits[0]} ? {one} : {nothing})"
