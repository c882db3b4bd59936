"""Products that share multipliers, counted as `hlsexplore.rtl_plan` plans them but in one pass over the weights.

What the plan learns of the layers before (narrower ranges of inputs) is not known here: inputs take all values of
their type, or all that are not negative.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np

from hlsexplore.estimate.constants import Integers, bit_length
from hlsexplore.estimate.cost import Cost, is_saturating
from hlsexplore.estimate.hls.matrix import constants_of, types_of
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.fixed import Fixed, Overflow
from hlsexplore.rtl_plan.count.blocks import Blocks
from hlsexplore.rtl_plan.count.layers import (
    SHORT_ROM_STEPS,
    bram_blocks,
    is_whole_product,
    narrow_product_luts,
    net_logic,
    net_registers,
    operand_registers,
)
from hlsexplore.rtl_plan.count.soft import wide_product
from hlsexplore.rtl_plan.folded import BLOCK_ROM_STEPS, LUT_WEIGHT_BITS, MAX_CHAIN, lanes_in_blocks, soft_cycles
from hlsexplore.rtl_plan.netlist.cells import bits_of
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.schedule import schedule
from hlsexplore.rtl_plan.netlist.sums import Term, sum_terms
from hlsexplore.rtl_plan.netlist.timing import Fabric

PACKED_STEPS = 62
"""Steps whose bits fit one integer, so that equal columns of the weight memory are found."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lanes:
    """The multipliers of a folded product.

    Attributes:
        weight: Raw weights, shape (groups, slots, steps).
        bits: Width of each multiplier's products, shape (groups, slots); 0 where all weights are zero.
        spans: Lowest and highest product, each of shape (groups, slots).
        source_bits: Width of an input on its bus.
        is_signed: Whether inputs can be negative.
        sums: Width of each slot's accumulator, shape (slots,).
        steps: Steps of an output.
        turns: Outputs that a slot computes one after another.
        weight_bits: Bits of a weight in memory.
        chain: Multipliers in a chain.
        in_blocks: Multipliers that are made of DSP blocks, the first ones.
        dropped: Fraction bits that a product loses before it is added; negative when it gains zeros.
        is_exact: Whether products are added as they are.
        is_free: Whether the order of accumulation cannot change a result.
    """

    weight: Integers
    bits: Integers
    spans: tuple[Integers, Integers]
    source_bits: int
    is_signed: bool
    sums: Integers
    steps: int
    turns: int
    weight_bits: int
    chain: int
    in_blocks: int
    dropped: int
    is_exact: bool
    is_free: bool

    @property
    def is_soft(self) -> bool:
        """Whether some products are made of LUTs."""
        return self.in_blocks < self.bits.size

    @property
    def signed_bits(self) -> int:
        """Bits of a weight, sign included."""
        return self.weight_bits + (int(self.weight.min(initial=0)) >= 0)

    @property
    def groups(self) -> int:
        """Inputs multiplied at once."""
        return int(self.bits.shape[0])

    @property
    def slots(self) -> int:
        """Accumulators."""
        return int(self.bits.shape[1])

    @property
    def summands(self) -> int:
        """Chains that a slot adds up."""
        return -(-self.groups // self.chain)


def lanes_of(layer: LayerRecord, blocks: Blocks) -> Lanes:
    """Arrange the weights of a folded layer into multipliers, as `hlsexplore.rtl_plan.folded` does."""
    source, weight, accum = types_of(layer)
    raw = constants_of(layer).weight
    n_in, n_out = raw.shape
    turns = max(1, layer.reuse // n_in)
    steps = max(1, min(layer.reuse, n_in))
    groups, slots = n_in // steps, n_out // turns
    own = raw[: groups * steps, : slots * turns]
    if layer.strategy == "resource" and layer.reuse <= n_in:
        lanes = own.reshape(groups, steps, slots, turns).transpose(0, 2, 3, 1)
    else:
        lanes = own.reshape(steps, groups, slots, turns).transpose(1, 2, 3, 0)
    signed = source.signed and not layer.is_rectified
    most = (1 << min(source.width - source.signed, 40)) - (not signed)
    least = -most if signed else 0
    flat = lanes.reshape(groups, slots, -1)
    low, high = flat.min(axis=-1), flat.max(axis=-1)
    spans = (
        np.minimum(np.minimum(low * most, high * least), 0),
        np.maximum(np.maximum(high * most, low * least), 0),
    )
    dropped = source.fraction + weight.fraction - accum.fraction
    free, sums = _accumulators(lanes, (least, most), dropped, accum, layer.result or accum)
    exact = free and dropped <= 0
    lowest, highest = int(raw.min(initial=0)), int(raw.max(initial=0))
    each = blocks.count(bits_of(min(lowest, -1), highest), source.width + (not source.signed))
    in_blocks = lanes_in_blocks(groups * slots, (lowest, highest), _most_in_blocks(layer, each))
    return Lanes(
        weight=flat,
        bits=_range_bits(*spans),
        spans=spans,
        source_bits=source.width - (source.signed and not signed),
        is_signed=signed,
        sums=sums,
        steps=steps,
        turns=turns,
        weight_bits=bits_of(min(lowest, 0), max(highest, 0)),
        chain=min(MAX_CHAIN, groups) if exact and in_blocks == groups * slots else 1,
        in_blocks=in_blocks,
        dropped=dropped,
        is_exact=exact,
        is_free=free,
    )


def _most_in_blocks(layer: LayerRecord, each: int) -> int | None:
    """Return how many multipliers DSP blocks may make, of so many blocks each; None: chosen by the weights."""
    shares = layer.parallel * (2 if layer.recurrent is not None else 1)
    most: dict[str, int | None] = {"lut": 0, "dsp": 1 << 30, "mixed": layer.dsp_budget // (max(each, 1) * shares)}
    return most.get(layer.multiplier)


def _accumulators(
    lanes: Integers, span: tuple[int, int], dropped: int, accum: Fixed, result: Fixed
) -> tuple[bool, Integers]:
    """Tell whether sums may take any order, and return the bits of each slot's accumulator."""
    least, most = span
    positive, negative = np.maximum(lanes, 0).sum(axis=(0, 3)), np.minimum(lanes, 0).sum(axis=(0, 3))
    low, high = positive * least + negative * most, positive * most + negative * least
    bits = _range_bits(np.minimum(low, 0).min(axis=-1), np.maximum(high, 0).max(axis=-1))
    room = accum.width + min(dropped, 0)
    fits = bool((bits <= room).all())
    free = fits or accum.overflow is Overflow.WRAP
    if dropped > 0:
        bits = bits - dropped + 1
    kept = np.minimum(bits, max(room, 1))
    if result.overflow is Overflow.WRAP:
        # Bits above those of a wrapping result are not accumulated.
        kept = np.minimum(kept, max(result.width + accum.fraction - result.fraction + min(dropped, 0), 1))
    return free, np.maximum(kept, 1)


def _range_bits(low: Integers, high: Integers) -> Integers:
    """Bits that hold every integer from low to high."""
    low, high = np.asarray(np.minimum(low, 0)), np.asarray(np.maximum(high, 0))
    bits = np.maximum(bit_length(high), bit_length(-low - 1))
    return np.where(low < 0, bits + 1, bits)


def rtl_folded(layer: LayerRecord, fabric: Fabric, blocks: Blocks, budget_ns: float) -> Cost:
    """Estimate a product that shares multipliers."""
    lanes = lanes_of(layer, blocks)
    result = layer.result or types_of(layer)[2]
    front, is_late, multiply, late = _timing(lanes, fabric, blocks, budget_ns)
    step = 1 + multiply + lanes.chain - 1 + front.cycles + is_late + 1
    cycles = float((not layer.is_held) + layer.reuse - 1 + step + (lanes.turns > 1))
    memory_lut, memory_ff, memories = _memory(lanes, layer.reuse, blocks)
    groups, slots, n = lanes.groups, lanes.slots, lanes.source_bits
    sums = int(lanes.sums.sum())
    operands = lanes.weight_bits, n + (not lanes.is_signed)
    is_whole = is_whole_product(blocks, *operands) and not lanes.is_soft
    has_register = multiply == 1 and is_whole
    if groups == 1 and lanes.dropped <= 0 and has_register and not is_late:
        sums = 0
    lut = memory_lut + groups * n * blocks.mux_luts(lanes.steps) + sums * (1 if blocks.has_wide_luts else 2)
    ff = memory_ff + sums + (0 if layer.is_held else layer.n_in * n)
    outside = [operand_registers(group % lanes.chain, lanes.is_soft, blocks, n) for group in range(groups)]
    lut, ff = lut + sum(luts for luts, _ in outside), ff + sum(registers for _, registers in outside)
    lut += slots * front.lut
    ff += slots * (front.ff - (front.first_ff if has_register else 0))
    if not lanes.is_free:
        lut += 2 * sums * (lanes.summands - 1) + sums
    if is_late and (lanes.summands > 1 or not has_register):
        ff += slots * front.width * (1 if lanes.is_free else lanes.summands)
    if (multiply > 1 or not is_whole) and not lanes.is_soft and lanes.chain > 1:
        loose = round(float(lanes.bits.sum()) * (lanes.chain - 1) / lanes.chain)
        lut, ff = lut + loose, ff + loose
    dsp = 0
    if lanes.is_soft:
        soft = _soft(lanes, late, multiply - late)
        lut, ff = lut + soft[0], ff + soft[1]
    if lanes.in_blocks:
        made = np.arange(lanes.bits.size).reshape(lanes.bits.shape) < lanes.in_blocks
        wide = (lanes.bits >= blocks.product_bits) & made
        dsp = int(wide.sum()) * blocks.count(*operands)
        lut += int(wide.sum()) * blocks.join_luts(*operands)
        if not is_whole:
            ff += multiply * sum(blocks.loose_bits(*operands, int(bits)) for bits in lanes.bits[wide].tolist())
        narrow = lanes.bits[~wide & made & (lanes.bits > 1)]
        lut += sum(narrow_product_luts(int(bits), lanes.weight_bits) for bits in narrow.tolist())
    if lanes.turns > 1:
        ff += slots * lanes.turns * result.width
    lut += _casts(layer, result, slots)
    control = _control(lanes, layer.reuse, int(cycles), layer.is_held, multiply, late)
    return Cost(
        model="rtl_folded",
        lut=float(lut + control[0]),
        ff=float(ff + control[1]),
        dsp=float(dsp),
        bram18=float(memories),
        latency_min=cycles,
        latency_max=cycles,
        ii=float(layer.reuse),
        rules=frozenset({"lut", "ff", "dsp", "bram18", "latency_min", "latency_max", "ii"}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The adders between the products of a step and one accumulator.

    Attributes:
        cycles: Registers on the way.
        arrival_ns: When the sum is stable after the clock edge.
        lut: Lookup tables.
        ff: Flip-flops.
        first_ff: Those of them directly behind the products.
        width: Bits of the sum.
    """

    cycles: int
    arrival_ns: float
    lut: int
    ff: int
    first_ff: int
    width: int


@lru_cache(maxsize=4096)
def front_of(
    spans: tuple[tuple[int, int], ...], arrival_ns: float, fabric: Fabric, blocks: Blocks, budget_ns: float
) -> Front:
    """Plan the adder tree of one slot.

    Args:
        spans: Lowest and highest value of each summand.
        arrival_ns: When they are stable after the clock edge.
        fabric: Delays.
        blocks: Cells that are counted.
        budget_ns: Time between two registers.
    """
    net = Net()
    values = [net.input(index, *span) for index, span in enumerate(spans)]
    net.outputs = [sum_terms(net, [Term(value) for value in values])]
    planned = schedule(net, fabric, budget_ns, arrival_ns)
    ff, srl = net_registers(net, planned, blocks)
    return Front(
        cycles=planned.latency_cycles,
        arrival_ns=planned.arrival_ns,
        lut=net_logic(net, planned, blocks)[0] + srl,
        ff=ff,
        first_ff=sum(net.cells[value].width for value in values if planned.last_use[value] > 0),
        width=net.cells[net.outputs[0]].width,
    )


def _timing(lanes: Lanes, fabric: Fabric, blocks: Blocks, budget_ns: float) -> tuple[Front, bool, int, int]:
    """Return the adders of a slot, whether the loop has registers, a product's cycles, those that weights wait."""
    low, high = (
        np.add.reduceat(ends, np.arange(0, lanes.groups, lanes.chain), axis=0) >> max(lanes.dropped, 0)
        for ends in lanes.spans
    )
    slot = int((high - low).sum(axis=0).argmax())
    count = lanes.summands if lanes.is_free else 1
    spans = tuple(zip(low[:count, slot].tolist(), high[:count, slot].tolist(), strict=True))
    front = front_of(spans, fabric.dsp_add_ns if lanes.chain > 1 else 0.0, fabric, blocks, budget_ns)
    # The accumulator's adder has a bit for the carry.
    loop = fabric.carry_ns + fabric.carry_bit_ns * (int(lanes.sums.max(initial=1)) + 1)
    is_late = front.arrival_ns > 0 and front.arrival_ns + loop > budget_ns
    multiply = 1 if fabric.dsp_register_ns <= budget_ns else 2
    late = 0
    if lanes.is_soft:
        late, in_luts = soft_cycles(int(lanes.bits.max(initial=1)), lanes.signed_bits, fabric, budget_ns)
        multiply = late + max(in_luts, multiply if lanes.in_blocks else 1)
    return front, is_late, multiply, late


def _memory(lanes: Lanes, reuse: int, block: Blocks) -> tuple[int, int, int]:
    """Count LUTs, flip-flops and block RAMs of the weights; equal columns of bits exist once in a memory."""
    lut = ff = blocks = 0
    for delay in range(lanes.chain):
        own = lanes.weight[delay :: lanes.chain]
        if reuse >= BLOCK_ROM_STEPS:
            blocks += bram_blocks(own.shape[0] * own.shape[1] * lanes.weight_bits, reuse)
            continue
        bits = own.reshape(-1, own.shape[-1])[:, None, :] >> np.arange(lanes.weight_bits)[:, None] & 1
        columns = bits.reshape(-1, bits.shape[-1])
        if reuse <= PACKED_STEPS:
            words = np.unique(columns @ (np.int64(1) << np.arange(reuse, dtype=np.int64)))
            variable = int(((words != 0) & (words != (1 << reuse) - 1)).sum())
        else:
            filled = columns.sum(axis=-1)
            variable = int(((filled > 0) & (filled < reuse)).sum())
        lut += variable * block.rom_luts(reuse)
        ff += variable if lanes.is_soft or reuse > SHORT_ROM_STEPS or not block.holds_registers else 0
    return lut, ff, blocks


def _soft(lanes: Lanes, late: int, cycles: int) -> tuple[int, int]:
    """Count LUTs and flip-flops of the products in LUTs, of so many cycles without that of the multiples."""
    if lanes.signed_bits <= LUT_WEIGHT_BITS and not lanes.in_blocks:
        return _narrow(lanes, late > 0)
    n, widths = lanes.source_bits, lanes.bits.ravel()[lanes.in_blocks :]
    groups = lanes.groups - lanes.in_blocks // lanes.slots
    lut, ff = groups * (n + 1), groups * (2 * n + 1) * late
    for width, count in zip(*np.unique(widths[widths > 0], return_counts=True), strict=True):
        one = wide_product(int(width), n, lanes.signed_bits, cycles)
        lut, ff = lut + one[0] * int(count), ff + one[1] * int(count)
    return lut, ff


def _narrow(lanes: Lanes, is_late: bool) -> tuple[int, int]:
    """Count LUTs and flip-flops of products in LUTs; equal ones of a group, and equal low digits, exist once."""
    bits = max(lanes.weight_bits, 2)
    first, n = bits - 2, lanes.source_bits
    reach = n + 2 if bits > 3 else n
    lut = lanes.groups * (n + 1) * (bits > 3)
    ff = lanes.groups * (n * (1 + is_late) + (n + 1) * (is_late and bits > 3))
    for words, widths in zip(lanes.weight, lanes.bits, strict=True):
        own = _distinct(words, widths, bits)
        lut += int(np.maximum(own - first, 0).sum()) if first else int(np.minimum(own, n + 1).sum())
        ff += int(np.maximum(own - first, 0).sum())
        for place in range(first):
            count = _distinct(words & ((2 << place) - 1), widths, place + 1).size
            lut, ff = lut + count, ff + count
        if first:
            digits = _distinct(words & ((1 << first) - 1), widths, first)
            lut += int(np.maximum(np.minimum(digits, reach) - first, 0).sum())
    return lut, ff


def _distinct(words: Integers, widths: Integers, bits: int) -> Integers:
    """Return the widths of the lanes of a group that have a weight and differ from the ones before."""
    alive = words.any(axis=-1)
    if words.shape[-1] * bits > PACKED_STEPS:
        return widths[alive]
    packed = (words & ((1 << bits) - 1)) @ (np.int64(1) << (bits * np.arange(words.shape[-1], dtype=np.int64)))
    _, where = np.unique(packed[alive], return_index=True)
    return widths[alive][where]


def _casts(layer: LayerRecord, result: Fixed, slots: int) -> int:
    """Count LUTs that saturate the results."""
    accum = types_of(layer)[2]
    if not is_saturating(accum, result):
        return 0
    tested = max(accum.integer - result.integer, 0) + 1
    return slots * (result.width + 2 * ceil(tested / 5))


def _control(lanes: Lanes, reuse: int, cycles: int, is_held: bool, multiply: int, late: int) -> tuple[int, int]:
    bits = max(1, (reuse - 1).bit_length())
    delay = 1 + multiply + lanes.chain - 1
    done = cycles - reuse + is_held
    return 2 * bits + 3, bits * (lanes.chain + late) + delay + done + 2
