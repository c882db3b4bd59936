"""Arithmetic as a netlist of integer cells with exact ranges: what the RTL generator writes and the estimator counts.

A cell's value is an integer; its range (low, high) is exact or wider, never narrower, so widths follow from it. Where
the binary point lies is known to whoever builds the net.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import Rounding
from hlsexplore.rtl_plan.netlist.cells import CellCode, NetCell, Value, make_cell, objects, round_up
from hlsexplore.rtl_plan.netlist.evaluate import evaluate


class Net:
    """A growing netlist. It is mutable because cells are appended; equal cells are stored once.

    Attributes:
        cells: Every cell, each after its arguments.
        outputs: The cells that leave the net, in order.
    """

    __slots__ = ("__weakref__", "_basis", "_forms", "_known", "cells", "outputs")

    def __init__(self) -> None:
        """Make an empty net."""
        self.cells: list[NetCell] = []
        self.outputs: list[Value] = []
        self._known: dict[tuple[CellCode, tuple[Value, ...], tuple[Any, ...]], Value] = {}
        self._basis: tuple[NDArray[Any], NDArray[Any]] | None = None
        self._forms: dict[Value, NDArray[Any]] = {}

    @contextmanager
    def linear(self, inputs: Sequence[Value]) -> Iterator[None]:
        """Within this context, sums of `inputs` get their exact range, from their coefficients.

        Without it, the range of 8 * x - x would be taken from the ranges of 8 * x and x, and be too wide. A form has
        a coefficient for each input and one for the constant 1; the basis is low + high and high - low of each.
        """
        size = len(inputs) + 1
        cells = [self.cells[value] for value in inputs]
        sums, spans = [cell.low + cell.high for cell in cells], [cell.high - cell.low for cell in cells]
        self._basis = objects([*sums, 2]), objects([*spans, 0])
        self._forms = {value: _unit(size, index) for index, value in enumerate(inputs)}
        try:
            yield
        finally:
            self._basis, self._forms = None, {}

    def input(self, index: int, low: int, high: int, zeros: int = 0) -> Value:
        """Add element `index` of the input tensors, with its range and the number of low bits that are always 0."""
        return self.shift(self._cell(CellCode.INPUT, (), (index, zeros), low >> zeros, high >> zeros), zeros)

    def const(self, value: int) -> Value:
        """Add a constant."""
        return self._cell(CellCode.CONST, (), (int(value),), int(value), int(value))

    def add(self, a: Value, b: Value, shift_a: int = 0, shift_b: int = 0, subtract: bool = False) -> Value:
        """Add (a << shift_a) + (b << shift_b), or their difference; shifts are not negative."""
        a, shift_a = self.unshifted(a, shift_a)
        b, shift_b = self.unshifted(b, shift_b)
        common = min(shift_a, shift_b)
        if common:
            return self.shift(self.add(a, b, shift_a - common, shift_b - common, subtract), common)
        x, y = self.cells[a], self.cells[b]
        if y.low == y.high == 0:
            return self.shift(a, shift_a)
        if x.low == x.high == 0 and not subtract:
            return self.shift(b, shift_b)
        if not subtract and self._rank(b, shift_b) < self._rank(a, shift_a):
            a, b, shift_a, shift_b, x, y = b, a, shift_b, shift_a, y, x
        low_y, high_y = (y.low << shift_b, y.high << shift_b)
        if subtract:
            low_y, high_y = -high_y, -low_y
        low, high = (x.low << shift_a) + low_y, (x.high << shift_a) + high_y
        code, data = CellCode.ADD, (shift_a, shift_b, subtract)
        if not subtract and not shift_a and x.low >= 0 and x.width <= shift_b:
            code = CellCode.JOIN
        first, second = self._form(a), self._form(b)
        if first is None or second is None:
            return self._cell(code, (a, b), data, low, high)
        scaled = second << shift_b
        form = (first << shift_a) + (-scaled if subtract else scaled)
        added = self._cell(code, (a, b), data, *self._linear_range(form))
        self._forms[added] = form
        return added

    def unsigned(self, a: Value) -> tuple[Value, int]:
        """Return a value that is never negative and the offset to add to get `a`: its top bit inverted, or itself."""
        cell = self.cells[a]
        if cell.low >= 0:
            return a, 0
        offset = 1 << (cell.width - 1)
        flipped = self._invert(a, offset, cell.low + offset, cell.high + offset)
        form = self._form(a)
        if form is not None:
            self._forms[flipped] = form + offset * _unit(len(form), len(form) - 1)
        return flipped, -offset

    def flip_source(self, a: Value) -> tuple[Value, int]:
        """Return the signed value and the offset that `unsigned` made a value from, or the value itself and 0."""
        cell = self.cells[a]
        if cell.code is CellCode.INVERT and self.cells[cell.args[0]].low < 0:
            return cell.args[0], int(cell.data[0])
        return a, 0

    def complement(self, a: Value) -> tuple[Value, int]:
        """Return b and c with a = c - b: all bits of the unsigned `a` inverted."""
        cell = self.cells[a]
        ones = (1 << cell.width) - 1
        inverted = self._invert(a, ones, ones - cell.high, ones - cell.low)
        form = self._form(a)
        if form is not None:
            self._forms[inverted] = ones * _unit(len(form), len(form) - 1) - form
        return inverted, ones

    def negate(self, a: Value) -> Value:
        """Add -a; a difference is computed the other way round instead."""
        source, bits = self.unshifted(a, 0)
        cell = self.cells[source]
        if cell.code is CellCode.ADD and cell.data[2]:
            return self.shift(self.add(cell.args[1], cell.args[0], cell.data[1], cell.data[0], subtract=True), bits)
        return self.add(self.const(0), a, subtract=True)

    def shift(self, a: Value, bits: int) -> Value:
        """Shift left, or right with floor when `bits` is negative."""
        if bits == 0:
            return a
        cell = self.cells[a]
        if cell.code is CellCode.SHIFT and (bits > 0) == (cell.data[0] > 0):
            return self.shift(cell.args[0], bits + cell.data[0])
        low, high = (cell.low << bits, cell.high << bits) if bits > 0 else (cell.low >> -bits, cell.high >> -bits)
        shifted = self._cell(CellCode.SHIFT, (a,), (bits,), low, high)
        form = self._form(a)
        if form is not None and (bits > 0 or not (form & ((1 << -bits) - 1)).any()):
            self._forms[shifted] = form << bits if bits > 0 else form >> -bits
        return shifted

    def slice(self, a: Value, first: int, width: int, signed: bool) -> Value:
        """Take `width` bits from bit `first` on, as two's complement when signed."""
        cell = self.cells[a]
        low, high = cell.low >> first, cell.high >> first
        floor, top = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
        if floor <= low and high <= top:
            return self.shift(a, -first)
        if cell.low == cell.high:
            kept = low & ((1 << width) - 1)
            return self.const(kept - (1 << width) if signed and kept >> (width - 1) else kept)
        return self._cell(CellCode.SLICE, (a,), (first, width, signed), floor, top)

    def round_bit(self, a: Value, bits: int, rounding: Rounding) -> Value:
        """Add the bit to add to floor(a / 2**bits) for a rounding mode."""
        cell = self.cells[a]
        if cell.low == cell.high:
            return self.const(round_up(cell.low, bits, rounding))
        return self._cell(CellCode.ROUND, (a,), (bits, rounding), 0, 1)

    def clip(self, a: Value, low: int, high: int) -> Value:
        """Limit to [low, high]."""
        cell = self.cells[a]
        if low <= cell.low and cell.high <= high:
            return a
        return self._cell(
            CellCode.CLIP, (a,), (low, high), min(max(cell.low, low), high), min(max(cell.high, low), high)
        )

    def zero_outside(self, a: Value, low: int, high: int) -> Value:
        """Replace values outside [low, high] by 0."""
        cell = self.cells[a]
        if low <= cell.low and cell.high <= high:
            return a
        kept_low, kept_high = max(cell.low, low), min(cell.high, high)
        return self._cell(CellCode.ZERO_OUTSIDE, (a,), (low, high), min(kept_low, 0), max(kept_high, 0))

    def relu(self, a: Value) -> Value:
        """Add max(a, 0)."""
        a, zeros = self.unshifted(a)
        if zeros:
            return self.shift(self.relu(a), zeros)
        cell = self.cells[a]
        if cell.low >= 0:
            return a
        if cell.high <= 0:
            return self.const(0)
        return self._cell(CellCode.RELU, (a,), (), 0, cell.high)

    def max(self, a: Value, b: Value) -> Value:
        """Add the larger one."""
        (a, b), zeros = self._common(a, b)
        if zeros:
            return self.shift(self.max(a, b), zeros)
        x, y = self.cells[a], self.cells[b]
        if x.low >= y.high:
            return a
        if y.low >= x.high:
            return b
        return self._cell(CellCode.MAX, (a, b), (), max(x.low, y.low), max(x.high, y.high))

    def min(self, a: Value, b: Value) -> Value:
        """Add the smaller one."""
        (a, b), zeros = self._common(a, b)
        if zeros:
            return self.shift(self.min(a, b), zeros)
        x, y = self.cells[a], self.cells[b]
        if x.high <= y.low:
            return a
        if y.high <= x.low:
            return b
        return self._cell(CellCode.MIN, (a, b), (), min(x.low, y.low), min(x.high, y.high))

    def less(self, a: Value, b: Value) -> Value:
        """Add the bit a < b."""
        (a, b), _ = self._common(a, b)
        x, y = self.cells[a], self.cells[b]
        if x.high < y.low:
            return self.const(1)
        if x.low >= y.high:
            return self.const(0)
        return self._cell(CellCode.LESS, (a, b), (), 0, 1)

    def mux(self, select: Value, a: Value, b: Value) -> Value:
        """Add a when `select` is 1, else b."""
        chosen = self.cells[select]
        if chosen.low == chosen.high or a == b:
            return a if chosen.low else b
        x, y = self.cells[a], self.cells[b]
        return self._cell(CellCode.MUX, (select, a, b), (), min(x.low, y.low), max(x.high, y.high))

    def both(self, a: Value, b: Value) -> Value:
        """Add the bit a and b."""
        for one, other in ((a, b), (b, a)):
            cell = self.cells[one]
            if cell.low == cell.high:
                return other if cell.low else one
        return self._cell(CellCode.AND, (a, b), (), 0, 1)

    def inverse(self, a: Value) -> Value:
        """Add the bit not a."""
        cell = self.cells[a]
        if cell.low == cell.high:
            return self.const(1 - cell.low)
        return self._cell(CellCode.NOT, (a,), (), 0, 1)

    def multiply(self, a: Value, b: Value) -> Value:
        """Add the product of two variable values."""
        (a, first), (b, second) = self.unshifted(a), self.unshifted(b)
        if first or second:
            return self.shift(self.multiply(a, b), first + second)
        x, y = self.cells[a], self.cells[b]
        corners = [p * q for p in (x.low, x.high) for q in (y.low, y.high)]
        return self._cell(CellCode.MUL, (a, b), (), min(corners), max(corners))

    def rom(self, a: Value, table: Sequence[int]) -> Value:
        """Look the unsigned a up in a table with at least high + 1 entries."""
        cell = self.cells[a]
        entries = tuple(table[: cell.high + 1])
        used = entries[cell.low :]
        return self._cell(CellCode.ROM, (a,), entries, min(used), max(used))

    def _invert(self, a: Value, mask: int, low: int, high: int) -> Value:
        return self._cell(CellCode.INVERT, (a,), (mask, self.cells[a].width), low, high)

    def _rank(self, a: Value, shift: int) -> tuple[int, bool, int]:
        """Order of an adder's operands: the carry chain's own one is not shifted and not inverted."""
        return shift, self.cells[a].code is CellCode.INVERT, a

    def _form(self, a: Value) -> NDArray[Any] | None:
        """Return the linear form of a value within `linear`, if it has one."""
        if self._basis is None:
            return None
        cell = self.cells[a]
        if cell.code is CellCode.CONST:
            size = len(self._basis[0])
            return cell.low * _unit(size, size - 1)
        return self._forms.get(a)

    def _linear_range(self, form: NDArray[Any]) -> tuple[int, int]:
        """Return the range of a linear form of the basis."""
        sums, spans = self._basis if self._basis is not None else (form, form)
        middle, reach = int(form @ sums), int(np.abs(form) @ spans)
        return (middle - reach) // 2, (middle + reach) // 2

    def _common(self, a: Value, b: Value) -> tuple[tuple[Value, Value], int]:
        """Return two values without the low bits that are 0 in both, and how many those are."""
        (inner_a, zeros_a), (inner_b, zeros_b) = self.unshifted(a), self.unshifted(b)
        zeros = min(
            zeros_a if self.cells[a].low or self.cells[a].high else zeros_b,
            zeros_b if self.cells[b].low or self.cells[b].high else zeros_a,
        )
        if not zeros:
            return (a, b), 0
        return (self.shift(inner_a, zeros_a - zeros), self.shift(inner_b, zeros_b - zeros)), zeros

    def unshifted(self, a: Value, bits: int = 0) -> tuple[Value, int]:
        """Return a value and a left shift that give a << bits with as few shift cells as possible."""
        cell = self.cells[a]
        if cell.code is CellCode.SHIFT and cell.data[0] > 0:
            return cell.args[0], bits + cell.data[0]
        if cell.code is CellCode.CONST and cell.low:
            zeros = (cell.low & -cell.low).bit_length() - 1
            return self.const(cell.low >> zeros), bits + zeros
        return a, bits

    def _cell(self, code: CellCode, args: tuple[Value, ...], data: tuple[Any, ...], low: int, high: int) -> Value:
        if low == high and code not in (CellCode.CONST, CellCode.INPUT):
            return self.const(low)
        key = (code, args, data)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self.cells)
            self.cells.append(make_cell(code, args, data, low, high))
        return found

    def evaluate(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Run the net in numpy.

        Args:
            inputs: Integers, shape (samples, inputs).

        Returns:
            Python integers in an object array, shape (samples, outputs).
        """
        return evaluate(self.cells, self.outputs, inputs)


def _unit(size: int, index: int) -> NDArray[Any]:
    form = np.zeros(size, dtype=object)
    form[index] = 1
    return form
