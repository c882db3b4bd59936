"""Bits of values at once against a bit by bit reference that follows the meaning of each view."""

import numpy as np
import pytest

from hlsexplore.rtl_plan.netlist.adders import adder_luts, net_bits
from hlsexplore.rtl_plan.netlist.cells import CellCode, Value
from hlsexplore.rtl_plan.netlist.net import Net

ABOVE = 6
"""Bits above a value that are looked at too: its sign or zeros."""


def bit(net: Net, value: Value, position: int) -> tuple[bool, bool]:
    """Whether a bit is variable, and whether it is inverted (variable) or one (constant)."""
    cell = net.cells[value]
    match cell.code:
        case CellCode.CONST:
            return False, bool(cell.low >> position & 1)
        case CellCode.SHIFT:
            place = position - cell.data[0]
            return bit(net, cell.args[0], place) if place >= 0 else (False, False)
        case CellCode.INVERT:
            if position >= min(cell.data[1], cell.width):
                return False, False
            variable, one = bit(net, cell.args[0], position)
            return variable, one ^ bool(cell.data[0] >> position & 1)
        case CellCode.SLICE:
            first, width, signed = cell.data
            if position >= width and not signed:
                return False, False
            return bit(net, cell.args[0], first + min(position, width - 1))
        case CellCode.JOIN:
            shift = cell.data[1]
            return bit(net, cell.args[0], position) if position < shift else bit(net, cell.args[1], position - shift)
        case _:
            return position < cell.width or cell.low < 0, False


def counted(net: Net, adder: Value, width: int) -> tuple[int, int]:
    """LUTs and inverters of an adder, bit by bit."""
    cell = net.cells[adder]
    shift_a, shift_b, subtract = cell.data
    luts = inverters = 0
    for position in range(0 if subtract and shift_a else max(shift_a, shift_b), width):
        operands = zip(cell.args, (shift_a, shift_b), strict=True)
        (x, x_one), (y, y_one) = (
            bit(net, value, position - shift) if position >= shift else (False, False) for value, shift in operands
        )
        luts += x and y
        inverters += x != y and x_one ^ y_one ^ subtract
    return luts, inverters


def random_net(rng: np.random.Generator) -> Net:
    """A net of adders over every kind of view, of values of either sign."""
    net = Net()
    values = []
    for index in range(4):
        low = -int(rng.integers(1, 200)) if rng.integers(2) else int(rng.integers(0, 4))
        values.append(net.input(index, low, int(rng.integers(4, 300))))
    values.append(net.const(int(rng.integers(-500, 500))))
    for _ in range(60):
        a, b = (values[int(index)] for index in rng.integers(0, len(values), 2))
        first, width = int(rng.integers(0, 5)), int(rng.integers(1, 12))
        match int(rng.integers(7)):
            case 0:
                values.append(net.shift(a, int(rng.integers(-5, 6))))
            case 1:
                values.append(net.unsigned(a)[0])
            case 2 if net.cells[a].low >= 0:
                values.append(net.complement(a)[0])
            case 3:
                values.append(net.slice(a, first, width, bool(rng.integers(2))))
            case 4 if net.cells[a].low >= 0:
                values.append(net.add(a, b, 0, net.cells[a].width + first))
            case _:
                values.append(net.add(a, b, *(int(bits) for bits in rng.integers(0, 5, 2)), bool(rng.integers(2))))
    return net


@pytest.mark.parametrize("seed", range(40))
def test_bits_of_a_value_at_once_are_those_found_one_by_one(seed: int) -> None:
    net = random_net(np.random.default_rng(seed))
    for value, found in enumerate(net_bits(net)):
        positions = range(net.cells[value].width + ABOVE)
        one_by_one = [bit(net, value, position) for position in positions]
        assert [(bool(found.variable >> at & 1), bool(found.ones >> at & 1)) for at in positions] == one_by_one


@pytest.mark.parametrize("seed", range(40))
def test_adders_take_the_luts_and_inverters_that_are_counted_bit_by_bit(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    net = random_net(rng)
    bits, adders = net_bits(net), [number for number, cell in enumerate(net.cells) if cell.code is CellCode.ADD]
    for adder in adders:
        for width in (net.cells[adder].width, int(rng.integers(0, net.cells[adder].width + 1))):
            assert adder_luts(net.cells[adder], bits, width) == counted(net, adder, width)
    assert adders
