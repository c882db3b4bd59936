"""Sums of three operands on one carry chain, where a family's LUTs have two outputs.

One output of a bit's LUT is the sum bit of the operands and of the carry-save bit from the bit below, the other one the
carry-save bit for the bit above; the chain adds the rest. Three operands so take about the LUTs of two. In a slice of
Xilinx, the second output and an unregistered sum would need the same wire (UG474, UG574: the `MUX` output), so only
sums that go right into registers are made this way.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hlsexplore.rtl_plan.netlist.adders import Bits, adder_luts, net_bits
from hlsexplore.rtl_plan.netlist.cells import VIEWS, CellCode, NetCell, Value
from hlsexplore.rtl_plan.netlist.needs import needed
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.timing import is_block_table

ENDLESS = -1
LEAST_BITS = 3
"""Shortest chain that is worth a module."""


class Operand(NamedTuple):
    """One of three summands.

    Attributes:
        value: Where its bits come from, the lowest ones.
        shift: Place of the lowest one in the sum.
        width: Bits that are taken.
        inverted: Those of them that are inverted.
        ones_end: Ones fill the places above up to this one, which is left out; `ENDLESS` without end, 0 for none.
        has_ones_below: Whether ones are below, as far as the chain reaches.
    """

    value: Value
    shift: int
    width: int
    inverted: int = 0
    ones_end: int = 0
    has_ones_below: bool = False


class Ternary(NamedTuple):
    """An adder that takes the two operands of an adder before it in place of that one's sum.

    Attributes:
        inner: The adder whose operands it takes.
        operands: All three.
        first: Lowest bit of the chain; below there is one operand.
        carry: What enters the chain.
    """

    inner: Value
    operands: tuple[Operand, Operand, Operand]
    first: int
    carry: int


def find_ternary(net: Net, stages: Sequence[int], latency_cycles: int) -> dict[Value, Ternary]:
    """Choose the adders that take three operands, by the LUTs that it saves; keys are the adders.

    Args:
        net: The net.
        stages: Cycle of each cell.
        latency_cycles: Cycle in which the outputs are read.
    """
    need, bits = needed(net), net_bits(net)
    readers, earliest = _readers(net, need, stages, latency_cycles)
    found: dict[Value, Ternary] = {}
    for number, cell in enumerate(net.cells):
        if not need[number] or not _is_plain_sum(net, cell) or earliest[number] <= stages[number]:
            continue
        alone = sum(adder_luts(cell, bits, need[number]))
        best = 0
        for place in (0, 1):
            inner = _inner(net, cell, place)
            if inner is None or readers[inner] != 1 or stages[inner] != stages[number]:
                continue
            joined = _joined(net, cell, place)
            if joined is None or need[number] - joined.first < LEAST_BITS:
                continue
            before = sum(adder_luts(net.cells[joined.inner], bits, need[joined.inner]))
            saved = before + alone - ternary_luts(joined, bits, need[number])
            if saved > best:
                best, found[number] = saved, joined
    return found


def late_sums(net: Net) -> Callable[[Value], list[Ternary]]:
    """Return a function that lists the ways in which an adder could take three operands before registers.

    It is asked for the few adders that come too late for their cycle. One whose sum must be there at once has none.
    """
    need = needed(net)
    readers, _ = _readers(net, need, [0] * len(net.cells), 0)
    logic = _read_at_once(net)

    def ways(number: Value) -> list[Ternary]:
        cell = net.cells[number]
        if not need[number] or number in logic or not _is_plain_sum(net, cell):
            return []
        inners = [(place, _inner(net, cell, place)) for place in (0, 1)]
        found = [_joined(net, cell, place) for place, inner in inners if inner is not None and readers[inner] == 1]
        return [joined for joined in found if joined is not None and need[number] - joined.first >= LEAST_BITS]

    return ways


def _read_at_once(net: Net) -> set[Value]:
    """Return what outputs and block tables read, through views: it need not go into registers of its own."""
    pending = [*net.outputs, *(arg for cell in net.cells if is_block_table(cell) for arg in cell.args)]
    found: set[Value] = set()
    while pending:
        item = pending.pop()
        if item not in found:
            found.add(item)
            pending += net.cells[item].args if net.cells[item].code in VIEWS else ()
    return found


def _is_plain_sum(net: Net, cell: NetCell) -> bool:
    """Whether a cell adds two values that are never negative."""
    return cell.code is CellCode.ADD and not cell.data[2] and all(net.cells[arg].low >= 0 for arg in cell.args)


def _inner(net: Net, cell: NetCell, place: int) -> Value | None:
    """Return the sum that is one operand of an adder, or whose complement is; None for any other operand."""
    value, _ = net.unshifted(cell.args[place], cell.data[place])
    inner = net.cells[value].args[0] if net.cells[value].code is CellCode.INVERT else value
    return inner if _is_plain_sum(net, net.cells[inner]) else None


def _joined(net: Net, cell: NetCell, place: int) -> Ternary | None:
    """Return an adder with the sum that is one operand of it taken apart (`_inner`), where that can be built."""
    value, shift = net.unshifted(cell.args[place], cell.data[place])
    inverted = net.cells[value].code is CellCode.INVERT
    inner = net.cells[value].args[0] if inverted else value
    base = net.cells[inner]
    if inverted and net.cells[value].data != ((1 << base.width) - 1, base.width):
        return None
    other = _operand(net, cell.args[1 - place], cell.data[1 - place])
    parts = [_operand(net, arg, shift + bits) for arg, bits in zip(base.args, base.data[:2], strict=True)]
    if any(net.cells[part.value].code is CellCode.CONST for part in (other, *parts)):
        return None
    first = sorted(part.shift for part in (other, *parts))[1]
    if inverted:
        # 2**n - 1 - (x + y) is the complement of x in n bits, plus that of y with ones without end, plus one.
        low, high = sorted(parts, key=lambda part: part.shift)
        end = shift + base.width
        parts = [_complement(low, end), _complement(high, ENDLESS)._replace(has_ones_below=True)]
    return Ternary(inner, (other, parts[0], parts[1]), first, int(inverted))


def _operand(net: Net, value: Value, shift: int) -> Operand:
    """Return a value that is never negative as an operand, without the inverters before it."""
    value, shift = net.unshifted(value, shift)
    cell = net.cells[value]
    if cell.code is not CellCode.INVERT:
        return Operand(value, shift, cell.width)
    width = min(cell.data[1], cell.width)
    return Operand(cell.args[0], shift, width, cell.data[0] & ((1 << width) - 1))


def _complement(part: Operand, end: int) -> Operand:
    """Return the complement of an operand in the places up to `end`."""
    return part._replace(inverted=part.inverted ^ ((1 << part.width) - 1), ones_end=end)


def operand_bits(part: Operand, known: Bits, first: int, width: int) -> Bits:
    """Return the bits of an operand from bit `first` of a sum to bit `width`, the first one lowest."""
    own = (1 << part.width) - 1
    variable, ones = known.variable & own, (known.ones & own) ^ part.inverted
    variable, ones = variable << part.shift, ones << part.shift
    top = part.shift + part.width
    if part.ones_end == ENDLESS or part.ones_end > top:
        ones |= (-1 << top) - (0 if part.ones_end == ENDLESS else -1 << part.ones_end)
    if part.has_ones_below:
        ones |= (1 << part.shift) - 1
    inside = (1 << (width - first)) - 1
    return Bits(variable >> first & inside, ones >> first & inside)


def ternary_luts(joined: Ternary, bits: Sequence[Bits], width: int) -> int:
    """Count the LUTs of a sum of three operands, inverters included.

    Args:
        joined: The sum.
        bits: The bits of every cell of the net.
        width: Bits of the sum that anything reads.
    """
    parts = [operand_bits(part, bits[part.value], joined.first, width) for part in joined.operands]
    below = [
        operand_bits(part._replace(has_ones_below=False), bits[part.value], 0, joined.first) for part in joined.operands
    ]
    luts = sum((part.variable & part.ones).bit_count() for part in below)
    saved: int | None = 0
    """Carry-save bit from the bit below, or None where it varies."""
    place = 0
    while place < width - joined.first:
        run = _run(parts, place, width - joined.first, saved)
        if run:
            luts, place = luts + run, place + run
            continue
        flags = [part.variable >> place & 1 for part in parts]
        varying = sum(flags)
        ones = sum(part.ones >> place & 1 for part, flag in zip(parts, flags, strict=True) if not flag)
        inverters = sum(part.ones >> place & 1 for part, flag in zip(parts, flags, strict=True) if flag)
        if saved == 0 and varying + ones <= 2:
            luts += 1 + (inverters == 2) if varying == 2 else int(varying == 1 and inverters != ones)
        elif varying >= 2:
            luts, saved = luts + 1, None
        else:
            flips = (inverters + ones + (saved or 0)) & 1
            luts += int(varying or flips) if saved is None else varying & flips
            saved = ones // 2 if not varying or ones != 1 else None
        place += 1
    return luts


def _run(parts: Sequence[Bits], place: int, end: int, saved: int | None) -> int:
    """Count the places from one on that take a LUT each and leave the carry-save bit as it varies."""
    if saved is not None:
        return 0
    a, b, c = (part.variable >> place for part in parts)
    single = ~(a & b | c & (a | b)) & ((1 << (end - place)) - 1)
    return (single & -single).bit_length() - 1 if single else end - place


def _readers(net: Net, need: Sequence[int], stages: Sequence[int], latency_cycles: int) -> tuple[list[int], list[int]]:
    """Count the cells and outputs that read each cell, through views, and return the earliest cycle of that."""
    readers, earliest = [0] * len(net.cells), [latency_cycles + 1] * len(net.cells)

    def read(value: Value, cycle: int) -> None:
        pending = [value]
        while pending:
            item = pending.pop()
            if net.cells[item].code in VIEWS:
                pending += net.cells[item].args
            else:
                readers[item] += 1
                earliest[item] = min(earliest[item], cycle)

    for number, cell in enumerate(net.cells):
        if need[number] and cell.code not in VIEWS:
            for arg in cell.args:
                read(arg, stages[number] - is_block_table(cell))
    for output in net.outputs:
        read(output, latency_cycles)
    return readers, earliest
