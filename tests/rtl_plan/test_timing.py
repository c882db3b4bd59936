"""Arrival times of bits, against a model of every bit."""

import numpy as np
import pytest

from hlsexplore.rtl_plan.netlist.cells import CellCode
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.schedule import schedule
from hlsexplore.rtl_plan.netlist.timing import AT_ONCE, SERIES7, ULTRASCALE, Arrival, Fabric, arrival


def random_sums(seed: int) -> Net:
    """Return sums and differences of earlier values at random places, with shifts to the right between them."""
    rng = np.random.default_rng(seed)
    net = Net()
    values = [net.input(i, *(0, 2 ** int(rng.integers(1, 9)) - 1)) for i in range(4)]
    values += [net.input(4 + i, -(2 ** int(rng.integers(1, 9))), 5) for i in range(3)]
    for _ in range(40):
        a, b = (values[int(i)] for i in rng.integers(max(len(values) - 6, 0), len(values), 2))
        if rng.random() < 0.15:
            values.append(net.shift(a, -int(rng.integers(1, 4))))
        else:
            shifts = [int(bits) for bits in rng.integers(0, 6, 2)]
            values.append(net.add(a, b, *shifts, subtract=bool(rng.random() < 0.2)))
    net.outputs = [values[-1]]
    return net


def bits_ns(net: Net, fabric: Fabric) -> list[list[float]]:
    """Return when each bit of each value is stable, if all inputs come at 0."""
    found: list[list[float]] = []

    def at(value: int, place: int) -> float:
        own = found[value]
        if place < 0 or (place >= len(own) and net.cells[value].low >= 0):
            return 0.0
        return own[min(place, len(own) - 1)]

    for cell in net.cells:
        if cell.code is CellCode.ADD:
            (a, b), (shift_a, shift_b, _) = cell.args, cell.data
            times = [max(at(a, place - shift_a), at(b, place - shift_b)) for place in range(cell.width)]
            first, chain = max(shift_a, shift_b), 0.0
            for place in range(first, cell.width):
                chain = max(chain, times[place]) + fabric.carry_bit_ns
                times[place] = chain + fabric.carry_ns
            found.append(times)
        elif cell.code is CellCode.SHIFT:
            found.append([at(cell.args[0], place - cell.data[0]) for place in range(cell.width)])
        elif cell.code is CellCode.JOIN:
            low, high = cell.args
            bits = cell.data[1]
            found.append([max(at(low, place), at(high, place - bits)) for place in range(cell.width)])
        else:
            assert cell.code in (CellCode.INPUT, CellCode.CONST), cell.code
            found.append([0.0] * cell.width)
    return found


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("fabric", [SERIES7, ULTRASCALE], ids=lambda fabric: fabric.name)
def test_no_bit_is_later_than_its_value_is_said_to_be(seed: int, fabric: Fabric) -> None:
    net = random_sums(seed)
    truth = bits_ns(net, fabric)
    times: list[Arrival] = []
    for cell, bits in zip(net.cells, truth, strict=True):
        ready = [times[arg] for arg in cell.args]
        at = arrival(cell, [net.cells[arg] for arg in cell.args], ready, fabric) if cell.args else AT_ONCE
        times.append(at)
        for place, time in enumerate(bits):
            assert time <= max(at.first, at.last - fabric.carry_bit_ns * (cell.width - 1 - place)) + 1e-9
    assert schedule(net, fabric, 1e9).arrival_ns == times[net.outputs[0]].last


def test_two_adders_pass_the_bits_of_their_chains_once() -> None:
    net = Net()
    a, b, c = (net.input(index, 0, 2**16 - 1) for index in range(3))
    net.outputs = [net.add(net.add(a, b), c)]
    # 18 bits: the second chain is one longer than the first.
    wanted = 2 * SERIES7.carry_ns + 19 * SERIES7.carry_bit_ns
    assert schedule(net, SERIES7, 1e9).arrival_ns == pytest.approx(wanted, abs=1e-12)
    assert schedule(net, SERIES7, wanted + 1e-6).latency_cycles == 0
    assert schedule(net, SERIES7, wanted - 1e-6).latency_cycles == 1
