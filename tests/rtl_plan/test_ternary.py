"""Sums of three operands: what they add, which sums become such, and the LUTs that are counted for them."""

import numpy as np
import pytest

from hlsexplore.rtl_plan.netlist.adders import Bits, adder_luts, net_bits
from hlsexplore.rtl_plan.netlist.cells import CellCode
from hlsexplore.rtl_plan.netlist.cmvm import multiply_matrix
from hlsexplore.rtl_plan.netlist.evaluate import evaluate
from hlsexplore.rtl_plan.netlist.needs import needed
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.schedule import NetSchedule, schedule, with_ternary
from hlsexplore.rtl_plan.netlist.ternary import ENDLESS, Operand, Ternary, ternary_luts
from hlsexplore.rtl_plan.netlist.timing import LATTICE, SERIES7

SAMPLES = 50


def product_net(seed: int) -> Net:
    """Return a product with a random matrix, its inputs of all kinds of ranges."""
    rng = np.random.default_rng(seed)
    n_in, n_out = (int(size) for size in rng.integers(4, 12, 2))
    net = Net()
    ranges = [(-int(rng.integers(0, 200)), int(rng.integers(1, 200))) for _ in range(n_in)]
    inputs = [net.input(index, low, high) for index, (low, high) in enumerate(ranges)]
    matrix = rng.integers(-100, 100, (n_in, n_out))
    constants = [int(value) for value in rng.integers(-5000, 5000, n_out)]
    net.outputs = [net.slice(value, 2, 12, True) for value in multiply_matrix(net, inputs, matrix, constants)]
    return net


def planned(net: Net, joins_late: bool) -> NetSchedule:
    """Return a schedule with a register behind every second adder or so."""
    return with_ternary(net, schedule(net, SERIES7, 4.0, joins_late=joins_late))


def added(joined: Ternary, width: int, bits: dict[int, int]) -> int:
    """Add the operands of a sum, given the bits of each value."""
    inside = (1 << width) - 1
    total = joined.carry << joined.first
    for part in joined.operands:
        own = (bits[part.value] & ((1 << part.width) - 1)) ^ part.inverted
        top = part.shift + part.width
        above = (-1 << top) & ((1 << (width if part.ones_end == ENDLESS else max(part.ones_end, top))) - 1)
        below = (1 << part.shift) - (1 << min(joined.first, part.shift)) if part.has_ones_below else 0
        total += (own << part.shift) + above + below
    return total & inside


@pytest.mark.parametrize("joins_late", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_three_operands_add_up_to_what_two_adders_did(seed: int, joins_late: bool) -> None:
    net = product_net(seed)
    found, need = planned(net, joins_late).ternary, needed(net)
    inputs = np.random.default_rng(seed).integers(-200, 201, (SAMPLES, 12))
    lows = np.array([cell.low for cell in net.cells if cell.code == "input"])
    highs = np.array([cell.high for cell in net.cells if cell.code == "input"])
    inputs = np.clip(inputs[:, : len(lows)], lows, highs)
    values = evaluate(net.cells, range(len(net.cells)), inputs)
    assert found
    for row in values:
        bits = {value: int(number) for value, number in enumerate(row)}
        for number, joined in found.items():
            assert added(joined, need[number], bits) == bits[number] & ((1 << need[number]) - 1)


@pytest.mark.parametrize("joins_late", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_only_sums_that_go_into_registers_take_three_operands(seed: int, joins_late: bool) -> None:
    net = product_net(seed)
    plan = planned(net, joins_late)
    inner = [joined.inner for joined in plan.ternary.values()]
    assert len(set(inner)) == len(inner)
    assert not set(inner) & set(plan.ternary)
    for number, joined in plan.ternary.items():
        assert plan.last_use[number] > plan.stages[number] == plan.stages[joined.inner] == plan.last_use[joined.inner]
        for reader, cell in enumerate(net.cells):
            if number in cell.args and cell.code is CellCode.ADD:
                assert plan.stages[reader] > plan.stages[number]


@pytest.mark.parametrize("seed", range(6))
def test_sums_that_are_in_time_take_three_operands_where_that_saves_luts(seed: int) -> None:
    net = product_net(seed)
    need, bits = needed(net), net_bits(net)
    for number, joined in planned(net, False).ternary.items():
        apart = sum(sum(adder_luts(net.cells[item], bits, need[item])) for item in (number, joined.inner))
        assert ternary_luts(joined, bits, need[number]) < apart


def test_adders_that_come_too_late_join_a_cycle_with_three_operands() -> None:
    nets = [product_net(seed) for seed in range(6)]
    late = [schedule(net, SERIES7, 4.0, joins_late=True) for net in nets]
    plain = [schedule(net, SERIES7, 4.0) for net in nets]
    assert any(plan.ternary for plan in late)
    assert all(one.latency_cycles <= other.latency_cycles for one, other in zip(late, plain, strict=True))
    for plan, other in zip(late, plain, strict=True):
        assert all(plan.stages[number] < other.stages[number] for number in plan.ternary)


def test_a_sum_of_three_bytes_takes_a_lut_a_bit_and_one_for_the_last_carry() -> None:
    byte, wide = Bits(variable=0xFF, ones=0), Bits(variable=0xFFF, ones=0)
    parts = (Operand(0, 0, 8), Operand(1, 0, 8), Operand(2, 0, 8))
    assert ternary_luts(Ternary(3, parts, 0, 0), [byte] * 3, 10) == 8
    longer = (parts[0], parts[1], Operand(2, 0, 12))
    assert ternary_luts(Ternary(3, longer, 0, 0), [byte, byte, wide], 13) == 9
    shifted = (parts[0], Operand(1, 2, 8), Operand(2, 2, 8))
    assert ternary_luts(Ternary(3, shifted, 2, 0), [byte] * 3, 12) == 8


def test_families_without_such_adders_have_none() -> None:
    assert SERIES7.has_ternary
    assert not LATTICE.has_ternary
