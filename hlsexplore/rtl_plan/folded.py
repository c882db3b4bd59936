"""Matrix products that reuse multipliers: weights from memories, one step of the accumulation a cycle.

A product of n_in x n_out weights that takes `steps` cycles has groups * slots lanes. In each step, lane (group, slot)
multiplies the input of its group with its weight. A slot serves `turns` outputs one after another; its accumulator
starts again for each of them.

Where the order of accumulation cannot change a result, the lanes of a slot form chains of at most `MAX_CHAIN`: each
adds its product to the sum of the lane before, a cycle later, as the adders and registers inside DSP blocks do, and
its operands come that many cycles later. Elsewhere the products are cast and accumulated one by one in logic.

Weights of at most `LUT_WEIGHT_BITS` bits are multiplied in LUTs, others where the layer's `multiplier` says so: two
digits of two bits each choose a multiple of the input, so that four bits of a weight are one adder; further ones join
the fours, a level a cycle. No lanes are chained then; an adder tree joins the products of a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hlsexplore.fixed import Fixed, Rounding
from hlsexplore.rtl_plan.lower.matmul import MatrixProduct, Ranges, is_order_free, partial_sums
from hlsexplore.rtl_plan.netlist.casts import cast, folded_offset, overflow, rounded
from hlsexplore.rtl_plan.netlist.cells import CellCode, Value, bits_of
from hlsexplore.rtl_plan.netlist.needs import needed
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.schedule import NetSchedule, schedule
from hlsexplore.rtl_plan.netlist.sums import Term, sum_terms
from hlsexplore.rtl_plan.netlist.timing import Fabric

BLOCK_ROM_STEPS = 256
"""From this many steps on, weights live in block ROMs: a distributed ROM then needs 4 LUTs a bit or more."""
MAX_CHAIN = 4
"""Lanes in a chain: longer ones save one adder of logic for each cycle that they add."""
LUT_WEIGHT_BITS = 4
"""Most bits, sign included, of weights that are multiplied in LUTs. Such a product takes 16, 20, 28 or 37 LUT for an
input of 6, 8, 12 or 16 bits (measured, eight products of one input), a quarter or less of the LUTs that parts have for
each DSP block (141 in xcvu13p to 242 in xc7z020). One more bit needs a second adder. The table is in docs/rtl.md."""

Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Folded:
    """The parts of a folded product.

    Attributes:
        product: The product.
        steps: Reuse factor.
        groups: Inputs multiplied at once.
        slots: Accumulators.
        turns: Outputs that a slot computes one after another: output = slot * turns + turn.
        rows: Input row of each step and group; the same for each turn.
        chain: Lanes in a chain; 1 when each product goes its own way.
        lanes: Range of each lane's product, by group and slot.
        sums: Range of each chain's sum, by chain and slot; empty when `chain` is 1.
        front: Products (or sums of chains) -> summands of all slots; pipelined. Input index = chain * slots + slot.
        front_schedule: Its cycles.
        summands: Summands of each slot, as positions in `front.outputs`.
        loop: One step: inputs are the start value or accumulator of each slot, then the summands.
        loop_registered: Whether the summands are registered before the loop.
        starts: Value from which each output's accumulation starts.
        end: Accumulators -> results.
        end_schedule: Its cycles.
        multiply_cycles: Cycles from the operands of a product to its register.
        in_blocks: Multipliers that are made of DSP blocks, the first ones by group and slot; the others of LUTs.
        late: Cycles by which weights come later than inputs: where the multiples of an input take a cycle.
        weight_bits: Bits of a weight in its memory.
        is_block_rom: Whether weights live in block ROMs.
        is_held: Whether the inputs stay until the next ones come, so that the module does not have to keep them.
        beats: Beats in which the input comes, each with its own steps.
    """

    product: MatrixProduct
    steps: int
    groups: int
    slots: int
    turns: int
    rows: tuple[tuple[int, ...], ...]
    chain: int
    lanes: tuple[tuple[Range, ...], ...]
    sums: tuple[tuple[Range, ...], ...]
    front: Net
    front_schedule: NetSchedule
    summands: tuple[tuple[int, ...], ...]
    loop: Net
    loop_registered: bool
    starts: tuple[int, ...]
    end: Net
    end_schedule: NetSchedule
    multiply_cycles: int
    in_blocks: int
    late: int
    weight_bits: int
    is_block_rom: bool
    is_held: bool
    beats: int = 1

    @property
    def num_multipliers(self) -> int:
        """Variable multipliers."""
        return self.groups * self.slots

    @property
    def is_soft(self) -> bool:
        """Whether some products are made of LUTs, and none are chained."""
        return self.in_blocks < self.num_multipliers

    @property
    def steps_per_turn(self) -> int:
        """Steps that one output takes."""
        return self.steps // self.turns

    @property
    def chain_cycles(self) -> int:
        """Cycles between the first and the last product of a chain."""
        return self.chain - 1

    @property
    def step_latency_cycles(self) -> int:
        """Cycles from a step's counter value to the accumulator that holds it."""
        summed = self.chain_cycles + self.front_schedule.latency_cycles + self.loop_registered
        return 1 + self.multiply_cycles + summed + 1

    @property
    def latency_cycles(self) -> int:
        """Cycles from the inputs to the outputs."""
        waited = 0 if self.is_held else 1
        stored = 1 if self.turns > 1 else 0
        return waited + self.steps - 1 + self.step_latency_cycles + self.end_schedule.latency_cycles + stored

    def delay(self, group: int) -> int:
        """Cycles by which the operands of a group come later than those of group 0."""
        return group % self.chain

    def output(self, slot: int, turn: int) -> int:
        """Column that a slot computes in a turn."""
        return slot * self.turns + turn

    def weight(self, step: int, group: int, slot: int) -> int:
        """Raw weight of a lane in a step."""
        turn, step_of_turn = divmod(step, self.steps_per_turn)
        return int(self.product.weight[self.rows[step_of_turn][group], self.output(slot, turn)])


def fold(
    product: MatrixProduct,
    ranges: Ranges,
    reuse: int,
    is_interleaved: bool,
    is_held: bool,
    timing: tuple[Fabric, float],
    most_in_blocks: int | None = None,
) -> Folded:
    """Plan a folded product.

    Args:
        product: The product; its order must be the one of `fold_order`.
        ranges: Range of each input.
        reuse: Steps; a legal reuse factor of the matrix.
        is_interleaved: Whether step r takes inputs r, r + reuse, ... (resource strategy) or neighbours.
        is_held: Whether the inputs stay until the next ones come.
        timing: Delays, and the time between two registers.
        most_in_blocks: Most multipliers that are made of DSP blocks; None: all, or none where weights are narrow.
    """
    (n_in, n_out), turns = product.weight.shape, max(1, reuse // len(product.weight))
    rows = _rows(n_in, reuse // turns, is_interleaved)
    groups, slots = len(rows[0]), n_out // turns
    columns = [range(slot * turns, (slot + 1) * turns) for slot in range(slots)]
    lowest, highest = int(product.weight.min()), int(product.weight.max())
    weight_bits = bits_of(min(lowest, 0), max(highest, 0))
    soft = (in_blocks := lanes_in_blocks(groups * slots, (lowest, highest), most_in_blocks)) < groups * slots
    accum = _accumulate(product, ranges, columns)
    chain = min(MAX_CHAIN, groups) if accum.is_exact and not soft else 1
    sums = _chain_sums(lanes := _lane_ranges(accum.inner, ranges, rows, columns), chain)
    front, summands = _front(accum.inner, sums or lanes, accum.free)
    planned = schedule(front, *timing, timing[0].dsp_add_ns if chain > 1 else 0.0)
    late, cycles = _multiply_cycles(lanes if soft else (), weight_bits + (lowest >= 0), in_blocks, timing)
    loop = _loop(accum.inner, accum.ranges, (front, summands), accum.free)
    depth = schedule(loop, timing[0], float("inf"), planned.arrival_ns)
    return Folded(
        product=product,
        steps=reuse,
        groups=groups,
        slots=slots,
        turns=turns,
        rows=rows,
        chain=chain,
        lanes=lanes,
        sums=sums,
        front=front,
        front_schedule=planned,
        summands=summands,
        loop=loop,
        loop_registered=planned.arrival_ns > 0 and depth.arrival_ns > timing[1],
        starts=accum.inner.bias,
        end=accum.end,
        end_schedule=schedule(accum.end, *timing),
        multiply_cycles=cycles,
        in_blocks=in_blocks,
        late=late,
        weight_bits=weight_bits,
        is_block_rom=reuse >= BLOCK_ROM_STEPS,
        is_held=is_held,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Accumulation:
    """How a folded product accumulates.

    Attributes:
        inner: The product as it is accumulated: without low bits that stay zero, and with the rounding in its start.
        free: Of each slot, whether the order of its sums does not matter.
        is_exact: Whether no product is cast before it is added, in any slot.
        ranges: Range of each slot's accumulator.
        end: Casts of the accumulators to the results.
    """

    inner: MatrixProduct
    free: tuple[bool, ...]
    is_exact: bool
    ranges: list[Range]
    end: Net


def _accumulate(product: MatrixProduct, ranges: Ranges, columns: Sequence[range]) -> _Accumulation:
    """Plan the accumulators of a folded product; `columns` are the outputs of each slot."""
    free = tuple(all(is_order_free(ranges, product, column) for column in own) for own in columns)
    is_exact = product.dropped <= 0 and all(free)
    inner, low_bits = _without_zeros(product, columns) if is_exact else (product, [0] * len(columns))
    wraps = [_wraps(inner, ranges, own) for own in columns]
    inner, rounding = _rounded_start(inner, product.result) if is_exact and not any(wraps) else (inner, None)
    accumulators = _accumulators(inner, ranges, columns, [a and not b for a, b in zip(free, wraps, strict=True)])
    end = _end(accumulators, product, inner, low_bits, rounding)
    if all(free):
        # Bits above those that the results depend on would keep each other alive through the accumulator's loop.
        accumulators = _trimmed(accumulators, end)
        end = _end(accumulators, product, inner, low_bits, rounding)
    return _Accumulation(inner=inner, free=free, is_exact=is_exact, ranges=accumulators, end=end)


def is_soft(lowest: int, highest: int) -> bool:
    """Tell whether products with weights of a range are made of LUTs.

    Examples:
        >>> is_soft(-8, 7), is_soft(-8, 8), is_soft(0, 7)
        (True, False, True)
    """
    return bits_of(min(lowest, -1), highest) <= LUT_WEIGHT_BITS


def _dsp_cycles(fabric: Fabric, budget_ns: float) -> int:
    # One register behind the multiplier is inside the block; a second one would take the place of the adder's register.
    return 1 if fabric.dsp_register_ns <= budget_ns else 2


def _multiply_cycles(
    soft: Sequence[Sequence[Range]], weight_bits: int, in_blocks: int, timing: tuple[Fabric, float]
) -> tuple[int, int]:
    """Return by how many cycles weights come later, and the cycles of a product; `soft` lanes have some of LUTs."""
    in_dsp = _dsp_cycles(*timing)
    if not soft:
        return 0, in_dsp
    late, in_luts = soft_cycles(widest_lane(soft), weight_bits, *timing)
    return late, late + max(in_luts, in_dsp if in_blocks else 1)


def lanes_in_blocks(lanes: int, weights: tuple[int, int], most: int | None) -> int:
    """Return how many multipliers are made of DSP blocks.

    Args:
        lanes: All multipliers.
        weights: Lowest and highest weight.
        most: Most of them; None: all, or none where weights are narrow.

    Examples:
        >>> lanes_in_blocks(8, (-8, 7), None), lanes_in_blocks(8, (-128, 127), None), lanes_in_blocks(8, (-8, 7), 3)
        (0, 8, 3)
    """
    if most is None:
        return 0 if is_soft(*weights) else lanes
    return min(lanes, most)


def widest_lane(lanes: Sequence[Sequence[Range]]) -> int:
    """Return the bits of the widest product."""
    return max(bits_of(*lane) for of_slots in lanes for lane in of_slots)


def soft_cycles(width: int, weight_bits: int, fabric: Fabric, budget_ns: float) -> tuple[int, int]:
    """Return the cycles of the multiples of an input before a product in LUTs, 0 or 1, and of what follows.

    Four bits of a weight are a multiplexer and an adder, behind another one for 3 * x; the fours are joined a level a
    cycle.

    Args:
        width: Bits of the widest product.
        weight_bits: Bits of a weight, sign included.
        fabric: Delays.
        budget_ns: Time between two registers.
    """
    adders = 2 if weight_bits >= LUT_WEIGHT_BITS else 1
    delay = adders * (fabric.carry_ns + fabric.carry_bit_ns * width) + fabric.lut_ns
    return int(delay > budget_ns), 1 + join_levels(weight_bits)


def join_levels(weight_bits: int) -> int:
    """Return the levels of adders that join the fours of a weight's bits.

    Examples:
        >>> [join_levels(bits) for bits in (4, 5, 8, 9, 16, 17)]
        [0, 1, 1, 2, 2, 3]
    """
    return (-(-weight_bits // LUT_WEIGHT_BITS) - 1).bit_length()


def _rows(n_in: int, steps: int, is_interleaved: bool) -> tuple[tuple[int, ...], ...]:
    groups = n_in // steps
    if is_interleaved:
        return tuple(tuple(step + steps * group for group in range(groups)) for step in range(steps))
    return tuple(tuple(step * groups + group for group in range(groups)) for step in range(steps))


def fold_order(n_in: int, reuse: int, is_interleaved: bool) -> tuple[int, ...]:
    """Return the rows in the order in which a folded product accumulates them.

    Examples:
        >>> fold_order(4, 2, True)
        (0, 2, 1, 3)
    """
    steps = reuse if reuse <= n_in else n_in
    return tuple(row for rows in _rows(n_in, steps, is_interleaved) for row in rows)


def _without_zeros(product: MatrixProduct, columns: Sequence[range]) -> tuple[MatrixProduct, list[int]]:
    """Return a product whose accumulator has no bits below those of the products, and the low bits of each start."""
    spare = -product.dropped
    low = [[product.bias[column] & ((1 << spare) - 1) for column in own] for own in columns]
    if spare == 0 or product.accum.width <= spare or any(len(set(values)) > 1 for values in low):
        return product, [0] * len(columns)
    accum = product.accum
    width = accum.width - spare
    narrow = replace(accum, width=width, integer=width - product.product_fraction)
    return replace(product, accum=narrow, bias=tuple(value >> spare for value in product.bias)), [own[0] for own in low]


def _lane_ranges(
    product: MatrixProduct, ranges: Ranges, rows: Sequence[Sequence[int]], columns: Sequence[range]
) -> tuple[tuple[Range, ...], ...]:
    """Return the range of each lane's exact product, by group and slot."""
    found: list[tuple[Range, ...]] = []
    for group in range(len(rows[0])):
        of_slots: list[Range] = []
        for own in columns:
            ends = [0]
            for step in rows:
                row = step[group]
                ends += [end * int(product.weight[row, column]) for end in ranges[row] for column in own]
            of_slots.append((min(ends), max(ends)))
        found.append(tuple(of_slots))
    return tuple(found)


def _chain_sums(lanes: Sequence[Sequence[Range]], chain: int) -> tuple[tuple[Range, ...], ...]:
    """Return the range of each chain's sum, by chain and slot."""
    if chain == 1:
        return ()
    found: list[tuple[Range, ...]] = []
    for first in range(0, len(lanes), chain):
        own = lanes[first : first + chain]
        slots = range(len(lanes[0]))
        found.append(tuple((sum(lane[slot][0] for lane in own), sum(lane[slot][1] for lane in own)) for slot in slots))
    return tuple(found)


def _front(
    product: MatrixProduct, sources: Sequence[Sequence[Range]], free: Sequence[bool]
) -> tuple[Net, tuple[tuple[int, ...], ...]]:
    """Plan the logic between the multipliers (or chains) and the accumulators."""
    net = Net()
    found: list[tuple[int, ...]] = []
    for slot, is_free in enumerate(free):
        own = [net.input(index * len(free) + slot, *source[slot]) for index, source in enumerate(sources)]
        casted = [rounded(net, value, product.dropped, product.accum.rounding) for value in own]
        if is_free:
            summands = [sum_terms(net, [Term(value) for value in casted])]
        else:
            summands = [overflow(net, value, product.accum) for value in casted]
        found.append(tuple(range(len(net.outputs), len(net.outputs) + len(summands))))
        net.outputs += summands
    return net, tuple(found)


def _wraps(product: MatrixProduct, ranges: Ranges, columns: Sequence[int]) -> bool:
    """Tell whether a partial sum of these outputs can leave the accumulator's range."""
    found = [partial_sums(ranges, product, column) for column in columns]
    low, high = min(item[0] for item in found), max(item[1] for item in found)
    return low < product.accum.min_raw or high > product.accum.max_raw


def _rounded_start(product: MatrixProduct, result: Fixed) -> tuple[MatrixProduct, Rounding | None]:
    """Put the constant that rounds the result into the start values, so that no adder is needed at the end.

    Args:
        product: The product, its accumulator maybe without low bits that are zero until the end.
        result: Type of the results.

    Returns:
        The product, and the rounding that is left to do: truncation, or None for the result's own.
    """
    bits = product.accum.fraction - result.fraction
    offset = folded_offset(bits, result.rounding)
    if not offset:
        return product, None
    return replace(product, bias=tuple(value + offset for value in product.bias)), Rounding.TRN


def _accumulators(
    product: MatrixProduct, ranges: Ranges, columns: Sequence[range], is_bounded: Sequence[bool]
) -> list[Range]:
    """Return the range of each slot's accumulator: of all partial sums, or of the type where these leave it."""
    found: list[Range] = []
    for own, bounded in zip(columns, is_bounded, strict=True):
        sums = [partial_sums(ranges, product, column) for column in own]
        found.append((min(s[0] for s in sums), max(s[1] for s in sums)) if bounded else _full(product.accum))
    return found


def _trimmed(accumulators: Sequence[Range], end: Net) -> list[Range]:
    """Return ranges of the low bits that the results depend on; sums then wrap in them."""
    need = needed(end)
    bits = {cell.data[0]: need[number] for number, cell in enumerate(end.cells) if cell.code is CellCode.INPUT}
    found: list[Range] = []
    for slot, (low, high) in enumerate(accumulators):
        kept = bits[slot]
        # A result that reads no bit at all is a constant that follows from the range; keep the range then.
        if not kept or kept >= bits_of(low, high):
            found.append((low, high))
        else:
            found.append((-(1 << (kept - 1)), (1 << (kept - 1)) - 1) if low < 0 else (0, (1 << kept) - 1))
    return found


def _loop(
    product: MatrixProduct,
    accumulators: Sequence[Range],
    front: tuple[Net, tuple[tuple[int, ...], ...]],
    free: Sequence[bool],
) -> Net:
    """Plan one step of all slots."""
    loop = Net()
    net, summands = front
    for slot, positions in enumerate(summands):
        low, high = accumulators[slot]
        # The summands come first, so that the accumulator with its multiplexer is each adder's second operand.
        cells = [net.cells[net.outputs[position]] for position in positions]
        own = [
            loop.input(len(free) + position, cell.low, cell.high)
            for position, cell in zip(positions, cells, strict=True)
        ]
        total = loop.input(slot, low, high)
        for summand in own:
            total = loop.add(summand, total)
            total = total if free[slot] else overflow(loop, total, product.accum)
        loop.outputs.append(_keep(loop, total, low, high) if free[slot] else total)
    return loop


def _end(
    accumulators: Sequence[Range],
    product: MatrixProduct,
    inner: MatrixProduct,
    low_bits: Sequence[int],
    rounding: Rounding | None,
) -> Net:
    """Plan the cast of the accumulators to the results."""
    end = Net()
    spare = product.accum.fraction - inner.accum.fraction
    for slot, low in enumerate(low_bits):
        value: Value = end.input(slot, *accumulators[slot])
        value = end.add(value, end.const(low), shift_a=spare) if spare else value
        result = product.result if rounding is None else product.result.with_modes(rounding=rounding)
        end.outputs.append(cast(end, value, product.accum.fraction, result))
    return end


def _keep(net: Net, value: Value, low: int, high: int) -> Value:
    """Keep the low bits that hold [low, high]: the value does not leave this range, or wraps in it."""
    cell = net.cells[value]
    if low <= cell.low and cell.high <= high:
        return value
    return net.slice(value, 0, bits_of(low, high), low < 0)


def _full(type_: Fixed) -> Range:
    return (-(1 << (type_.width - 1)) if type_.signed else 0), type_.max_raw
