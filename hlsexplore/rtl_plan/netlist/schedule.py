"""Pipelining: which cell of a net computes in which clock cycle, and the registers between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hlsexplore.rtl_plan.netlist.cells import VIEWS, WIRES, CellCode, Value
from hlsexplore.rtl_plan.netlist.needs import live
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.ternary import Ternary, find_ternary, late_sums
from hlsexplore.rtl_plan.netlist.timing import AT_ONCE, Arrival, Fabric, arrival, chain_arrival, is_block_table


@dataclass(frozen=True, slots=True, kw_only=True)
class NetSchedule:
    """Cycles of the cells of a net.

    Attributes:
        stages: Cycle of each cell, counted from the inputs' cycle 0.
        latency_cycles: Cycle in which all outputs are there.
        arrival_ns: Delay after the clock edge of that cycle at which the last output is stable.
        last_use: Latest cycle in which each cell's value is read; its own cycle if it needs no register.
        ternary: Adders that take three operands.
    """

    stages: tuple[int, ...]
    latency_cycles: int
    arrival_ns: float
    last_use: tuple[int, ...]
    ternary: Mapping[Value, Ternary] = field(default_factory=dict)


def schedule(
    net: Net, fabric: Fabric, budget_ns: float, arrival_ns: float = 0.0, joins_late: bool = False
) -> NetSchedule:
    """Give each cell the earliest cycle that the budget allows.

    Args:
        net: The net; its outputs are aligned to one cycle.
        fabric: Delays.
        budget_ns: Time that cells may fill between two registers; a slower cell has a cycle of its own.
        arrival_ns: When the inputs are stable after the clock edge.
        joins_late: Whether an adder that comes too late for a cycle may take three operands instead, before registers.
    """
    stages: list[int] = []
    times: list[Arrival] = []
    ways = late_sums(net) if joins_late else (lambda number: [])
    ternary: dict[Value, Ternary] = {}
    for number, cell in enumerate(net.cells):
        if cell.code is CellCode.INPUT or not cell.args:
            stages.append(0)
            times.append(Arrival.at(arrival_ns if cell.code is CellCode.INPUT else 0.0))
            continue
        stage = max(stages[arg] for arg in cell.args)
        if is_block_table(cell):
            stages.append(stage + 1)
            times.append(Arrival.at(fabric.rom_ns))
            continue
        args = [net.cells[arg] for arg in cell.args]
        ready = [times[arg] if stages[arg] == stage else AT_ONCE for arg in cell.args]
        time = arrival(cell, args, ready, fabric)
        if time.last > budget_ns and max(at.last for at in ready) > 0 and cell.code not in WIRES:
            for joined in ways(number):
                if (
                    stages[joined.inner] == stage
                    and _joined_ns(net, number, joined, stages, times, fabric) <= budget_ns
                ):
                    ternary[number] = joined
            # What reads a sum of three operands has to wait for its register.
            if number in ternary:
                time = Arrival.at(budget_ns)
            else:
                stage, time = stage + 1, arrival(cell, args, [AT_ONCE] * len(args), fabric)
        stages.append(stage)
        times.append(time)
    latency, end = _end(net, stages, times)
    return NetSchedule(
        stages=tuple(stages),
        latency_cycles=latency,
        arrival_ns=end,
        last_use=_last_use(net, stages, latency),
        ternary=ternary,
    )


def registered(net: Net, planned: NetSchedule) -> NetSchedule:
    """Return a schedule whose outputs come out of registers, one cycle later."""
    latency = planned.latency_cycles + 1
    last = _last_use(net, planned.stages, latency)
    return replace(planned, latency_cycles=latency, arrival_ns=0.0, last_use=last)


def with_ternary(net: Net, planned: NetSchedule) -> NetSchedule:
    """Return a schedule in which adders take three operands where that saves LUTs."""
    found = find_ternary(net, planned.stages, planned.latency_cycles)
    return replace(planned, ternary={**found, **planned.ternary})


def _joined_ns(
    net: Net, number: Value, joined: Ternary, stages: Sequence[int], times: Sequence[Arrival], fabric: Fabric
) -> float:
    """Return when the last bit of a sum of three operands is stable."""
    parts = [
        (times[part.value] if stages[part.value] == stages[joined.inner] else AT_ONCE, part.width, part.shift)
        for part in joined.operands
    ]
    return fabric.lut_ns + chain_arrival(parts, joined.first, net.cells[number].width, fabric).last


def _end(net: Net, stages: Sequence[int], times: Sequence[Arrival]) -> tuple[int, float]:
    latency = max((stages[output] for output in net.outputs), default=0)
    return latency, max((times[output].last for output in net.outputs if stages[output] == latency), default=0.0)


def _last_use(net: Net, stages: Sequence[int], latency: int) -> tuple[int, ...]:
    last = list(stages)

    def use(value: Value, cycle: int) -> None:
        last[value] = max(last[value], cycle)

    for output in net.outputs:
        use(output, latency)
    alive = live(net)
    for number in range(len(net.cells) - 1, -1, -1):
        if not alive[number]:
            continue
        cell = net.cells[number]
        is_view = cell.code in VIEWS
        reads = last[number] if is_view else stages[number] - is_block_table(cell)
        for arg in cell.args:
            use(arg, reads)
    for number, cell in enumerate(net.cells):
        if cell.code is CellCode.CONST or cell.code in VIEWS:
            last[number] = stages[number]
    return tuple(last)
