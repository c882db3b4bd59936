"""Matrix products that reuse multipliers: weights from memories, one step of the accumulation a cycle."""

from collections.abc import Sequence
from dataclasses import dataclass

from hlsexplore.fixed import Fixed
from hlsexplore.structure.casts import cast, overflow, rounded
from hlsexplore.structure.matmul import Product, Ranges, is_order_free, partial_sums
from hlsexplore.structure.netlist import Net, bits_of
from hlsexplore.structure.schedule import Schedule, schedule
from hlsexplore.structure.sums import Term, sum_terms
from hlsexplore.structure.timing import Fabric

BLOCK_ROM_STEPS = 256
"""From this many steps on, weights live in block ROMs: a distributed ROM then needs 4 LUTs a bit or more."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Folded:
    """The parts of a product of n_in x n_out weights that takes `steps` cycles.

    In each step, lane (group, slot) multiplies the input of its group with its weight. A slot serves
    `outputs_per_slot` outputs one after another; its accumulator starts again for each of them.

    Attributes:
        product: The product.
        steps: Reuse factor.
        groups: Inputs multiplied at once.
        slots: Accumulators.
        outputs_per_slot: Outputs that a slot computes in turn: output = slot * outputs_per_slot + turn.
        rows: Input row of each step and group, [step][group]; the same for each turn.
        front: Products of all lanes -> summands of all slots; pipelined. Input index = group * slots + slot.
        front_schedule: Its cycles.
        chain: Summands of each slot, as positions in `front.outputs`.
        loop: One step: inputs are the start value or accumulator of each slot, then the summands.
        loop_registered: Whether the summands are registered before the loop.
        end: Accumulators -> results.
        end_schedule: Its cycles.
        multiply_cycles: Registers in and behind each multiplier.
        weight_bits: Bits of a weight in its memory.
        is_block_rom: Whether weights live in block ROMs.
    """

    product: Product
    steps: int
    groups: int
    slots: int
    outputs_per_slot: int
    rows: tuple[tuple[int, ...], ...]
    front: Net
    front_schedule: Schedule
    chain: tuple[tuple[int, ...], ...]
    loop: Net
    loop_registered: bool
    end: Net
    end_schedule: Schedule
    multiply_cycles: int
    weight_bits: int
    is_block_rom: bool

    @property
    def num_multipliers(self) -> int:
        """Variable multipliers."""
        return self.groups * self.slots

    @property
    def steps_per_turn(self) -> int:
        """Steps that one output takes."""
        return self.steps // self.outputs_per_slot

    @property
    def step_latency_cycles(self) -> int:
        """Cycles from a step's counter value to the accumulator that holds it."""
        return 1 + self.multiply_cycles + self.front_schedule.latency_cycles + self.loop_registered + 1

    @property
    def latency_cycles(self) -> int:
        """Cycles from the inputs to the outputs."""
        stored = 1 if self.outputs_per_slot > 1 else 0
        return 1 + (self.steps - 1) + self.step_latency_cycles + self.end_schedule.latency_cycles + stored

    def output(self, slot: int, turn: int) -> int:
        """Column that a slot computes in a turn."""
        return slot * self.outputs_per_slot + turn

    def weight(self, step: int, group: int, slot: int) -> int:
        """Raw weight of a lane in a step."""
        turn, step_of_turn = divmod(step, self.steps_per_turn)
        return int(self.product.weight[self.rows[step_of_turn][group], self.output(slot, turn)])


def fold(product: Product, ranges: Ranges, reuse: int, is_interleaved: bool, fabric: Fabric, budget_ns: float) -> Folded:
    """Plan a folded product.

    Args:
        product: The product; its order must be the one of `fold_order`.
        ranges: Range of each input.
        reuse: Steps; a legal reuse factor of the matrix.
        is_interleaved: Whether step r takes inputs r, r + reuse, ... (resource strategy) or neighbours.
        fabric: Delays.
        budget_ns: Time between two registers.
    """
    n_in, n_out = product.weight.shape
    turns = max(1, reuse // n_in)
    steps_per_turn = reuse // turns
    groups, slots = n_in // steps_per_turn, n_out // turns
    rows = _rows(n_in, steps_per_turn, is_interleaved)
    front, chain = _front(product, ranges, rows, slots, turns)
    planned = schedule(front, fabric, budget_ns)
    loop, end = _loop(product, ranges, front, chain, turns)
    depth = schedule(loop, fabric, float("inf"), planned.arrival_ns)
    lowest, highest = int(product.weight.min()), int(product.weight.max())
    return Folded(
        product=product,
        steps=reuse,
        groups=groups,
        slots=slots,
        outputs_per_slot=turns,
        rows=rows,
        front=front,
        front_schedule=planned,
        chain=chain,
        loop=loop,
        loop_registered=planned.arrival_ns > 0 and depth.arrival_ns > budget_ns,
        end=end,
        end_schedule=schedule(end, fabric, budget_ns),
        multiply_cycles=1 if fabric.dsp_ns <= budget_ns else 2,
        weight_bits=bits_of(min(lowest, 0), max(highest, 0)),
        is_block_rom=reuse >= BLOCK_ROM_STEPS,
    )


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


def _front(
    product: Product, ranges: Ranges, rows: Sequence[Sequence[int]], slots: int, turns: int
) -> tuple[Net, tuple[tuple[int, ...], ...]]:
    net = Net()
    chain: list[tuple[int, ...]] = []
    groups = len(rows[0])
    for slot in range(slots):
        columns = [slot * turns + turn for turn in range(turns)]
        lanes = []
        for group in range(groups):
            ends = [0]
            for step in rows:
                row = step[group]
                ends += [end * int(product.weight[row, column]) for end in ranges[row] for column in columns]
            exact = net.input(group * slots + slot, min(ends), max(ends))
            lanes.append(rounded(net, exact, product.dropped, product.accum.rounding))
        free = all(is_order_free(ranges, product, column) for column in columns)
        if free:
            summands = [sum_terms(net, [Term(lane) for lane in lanes])]
        else:
            summands = [overflow(net, lane, product.accum) for lane in lanes]
        chain.append(tuple(range(len(net.outputs), len(net.outputs) + len(summands))))
        net.outputs += summands
    return net, tuple(chain)


def _loop(
    product: Product, ranges: Ranges, front: Net, chain: Sequence[Sequence[int]], turns: int
) -> tuple[Net, Net]:
    """Plan one step of all slots, and the cast of the accumulators to the results."""
    accum = product.accum
    loop, end = Net(), Net()
    slots = len(chain)
    for slot, positions in enumerate(chain):
        columns = [slot * turns + turn for turn in range(turns)]
        free = all(is_order_free(ranges, product, column) for column in columns)
        low, high = _accumulator_range(product, ranges, columns) if free else _full(accum)
        # The summands come first, so that the accumulator with its multiplexer is each adder's second operand.
        summands = [
            loop.input(slots + position, front.cells[front.outputs[position]].low, front.cells[front.outputs[position]].high)
            for position in positions
        ]
        total = loop.input(slot, low, high)
        for summand in summands:
            total = loop.add(summand, total)
            total = total if free else overflow(loop, total, accum)
        loop.outputs.append(_keep(loop, total, low, high) if free else total)
        value = end.input(slot, low, high)
        end.outputs.append(cast(end, value, accum.fraction, product.result))
    return loop, end


def _keep(net: Net, value: int, low: int, high: int) -> int:
    """Keep the low bits that hold [low, high]: the value does not leave this range, or wraps in it."""
    cell = net.cells[value]
    if low <= cell.low and cell.high <= high:
        return value
    return net.slice(value, 0, bits_of(low, high), low < 0)


def _accumulator_range(product: Product, ranges: Ranges, columns: Sequence[int]) -> tuple[int, int]:
    accum = product.accum
    found = [partial_sums(ranges, product, column) for column in columns]
    low, high = min(item[0] for item in found), max(item[1] for item in found)
    if low < accum.min_raw or high > accum.max_raw:
        return _full(accum)
    return low, high


def _full(type_: Fixed) -> tuple[int, int]:
    return (-(1 << (type_.width - 1)) if type_.signed else 0), type_.max_raw
