"""LUTs and flip-flops of products that are made of LUTs."""

from hlsexplore.rtl_plan.folded import LUT_WEIGHT_BITS, Folded, join_levels
from hlsexplore.rtl_plan.netlist.cells import bits_of


def soft_products(folded: Folded, source_bits: int) -> tuple[int, int]:
    """Count the LUTs and flip-flops of the products of a layer that are made of LUTs.

    Args:
        folded: The layer.
        source_bits: Bits of an input.
    """
    if _bits(folded) <= LUT_WEIGHT_BITS and not folded.in_blocks:
        return _narrow(folded, source_bits)
    lut = ff = 0
    for group, of_slots in enumerate(folded.lanes):
        own = [bits_of(*lane) for slot, lane in enumerate(of_slots) if group * folded.slots + slot >= folded.in_blocks]
        if own:
            lut, ff = lut + source_bits + 1, ff + (2 * source_bits + 1) * folded.late
        for width in own:
            one = wide_product(width, source_bits, _bits(folded), folded.multiply_cycles - folded.late)
            lut, ff = lut + one[0], ff + one[1]
    return lut, ff


def wide_product(width: int, source_bits: int, weight_bits: int, cycles: int) -> tuple[int, int]:
    """Count the LUTs and flip-flops of a product: for each four bits of a weight a choice and an adder, then the joins.

    Args:
        width: Bits of the product.
        source_bits: Bits of the input.
        weight_bits: Bits of the weight, sign included.
        cycles: Cycles of the product, without that of the multiples.
    """
    lut, ff = 0, width * (cycles - join_levels(weight_bits))
    parts: list[tuple[int, int]] = []
    for first in range(0, weight_bits, LUT_WEIGHT_BITS):
        room, is_top = width - first, first + LUT_WEIGHT_BITS >= weight_bits
        bits = room if is_top else min(room, source_bits + LUT_WEIGHT_BITS)
        if bits > 0:
            lut += min(bits, source_bits + 2) + max(bits - 2, 0)
            parts.append((first, bits))
    for _ in range(join_levels(weight_bits)):
        ff += sum(bits for _, bits in parts)
        pairs = [parts[index : index + 2] for index in range(0, len(parts), 2)]
        parts = [(pair[0][0], max(first + bits for first, bits in pair) - pair[0][0]) for pair in pairs]
        lut += sum(pair[1][1] for pair in pairs if len(pair) == 2)
    return lut, ff


def _bits(folded: Folded) -> int:
    """Bits of a weight, sign included."""
    return folded.weight_bits + (int(folded.product.weight.min()) >= 0)


def _narrow(folded: Folded, source_bits: int) -> tuple[int, int]:
    """Count the LUTs and registers of products in LUTs: equal ones of a group, and equal low digits, exist once."""
    late, bits = folded.late > 0, max(_bits(folded), 2)
    first, reach = bits - 2, source_bits + 2 if bits > 3 else source_bits
    lut = ff = 0
    for group, of_slots in enumerate(folded.lanes):
        lanes: dict[tuple[int, ...], int] = {}
        for slot, (low, high) in enumerate(of_slots):
            words = tuple(folded.weight(step, group, slot) for step in range(folded.steps))
            if any(words):
                lanes[words] = bits_of(low, high)
        lut += sum(max(width - first, 0) if first else min(width, source_bits + 1) for width in lanes.values())
        ff += sum(max(width - first, 0) for width in lanes.values())
        for place in range(first):
            masks = {tuple(word & ((2 << place) - 1) for word in words) for words in lanes}
            lut, ff = lut + len(masks - {(0,) * folded.steps}), ff + len(masks - {(0,) * folded.steps})
        digits: dict[tuple[int, ...], int] = {}
        for words, width in lanes.items():
            digit = tuple(word & ((1 << first) - 1) for word in words)
            digits[digit] = max(digits.get(digit, 0), width) if any(digit) else 0
        lut += sum(max(min(width, reach) - first, 0) for width in digits.values())
        lut += source_bits + 1 if bits > 3 else 0
        ff += source_bits + (source_bits + (source_bits + 1 if bits > 3 else 0) if late else 0)
    return lut, ff
