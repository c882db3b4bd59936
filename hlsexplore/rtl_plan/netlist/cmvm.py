"""A constant matrix times a vector as shared shift-adds."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from hlsexplore.fixed import RawArray
from hlsexplore.rtl_plan.netlist.net import Net, Value
from hlsexplore.rtl_plan.netlist.sums import Term, add_terms, join_terms, plain, scaled, unsigned_term


class Solver(Protocol):
    """Adds the cells of x @ matrix to a net and returns the outputs, one for each column, as terms."""

    def __call__(self, net: Net, inputs: Sequence[Value], matrix: RawArray) -> list[Term]:
        """Add the cells."""
        ...


def multiply_matrix(
    net: Net, inputs: Sequence[Value], matrix: RawArray, constants: Sequence[int], shift: int = 0
) -> list[Value]:
    """Add ((x @ matrix) << shift) + constants with the best solver that is installed and fits.

    Args:
        net: Net that grows.
        inputs: The vector, one value for each row.
        matrix: Raw weights, shape (n_in, n_out).
        constants: Added to each output.
        shift: Zeros below the products; not negative.
    """
    inputs, matrix = _without_zeros(net, inputs, matrix)
    with net.linear(inputs):
        terms = _solver(matrix)(net, inputs, matrix)
        pairs = zip(terms, constants, strict=True)
        return [_finished(net, scaled(term, shift), constant) for term, constant in pairs]


def _without_zeros(net: Net, inputs: Sequence[Value], matrix: RawArray) -> tuple[Sequence[Value], RawArray]:
    """Take the low bits that are always 0 out of the inputs, and into the weights where these stay exact in float32."""
    pairs = [net.unshifted(value) for value in inputs]
    scales = np.array([1 << zeros for _, zeros in pairs], dtype=object)
    scaled_matrix = matrix * scales[:, None]
    if not any(zeros for _, zeros in pairs) or int(np.abs(scaled_matrix).max(initial=0)).bit_length() > MAX_DA4ML_BITS:
        return inputs, matrix
    return [value for value, _ in pairs], scaled_matrix.astype(np.int64)


def _finished(net: Net, term: Term, constant: int) -> Value:
    """Return an output; a solver may leave a factor of two too much in it, with a negative shift."""
    if term.shift >= 0:
        return plain(net, term, constant)
    return net.shift(plain(net, term._replace(shift=0), constant << -term.shift), term.shift)


def solver_name(matrix: RawArray) -> str:
    """Name of the solver that `multiply_matrix` takes for a matrix."""
    return "da4ml" if _solver(matrix) is da4ml_products else "shared"


def csd_digits(number: int) -> list[tuple[int, bool]]:
    """Split a number into signed digits, no two adjacent: [(position, is negative), ...], lowest first.

    Examples:
        >>> csd_digits(7)
        [(0, True), (3, False)]
    """
    digits: list[tuple[int, bool]] = []
    position = 0
    while number:
        if number & 1:
            negative = number & 3 == 3
            digits.append((position, negative))
            number += 1 if negative else -1
        number >>= 1
        position += 1
    return digits


def shared_products(net: Net, inputs: Sequence[Value], matrix: RawArray) -> list[Term]:
    """Add products with every distinct odd constant of a row once, then a tree for each column."""
    n_in, n_out = matrix.shape
    columns: list[list[Term]] = [[] for _ in range(n_out)]
    for row in range(n_in):
        known = constant_products(net, inputs[row], {abs(int(weight)) for weight in matrix[row]})
        for column in range(n_out):
            weight = int(matrix[row, column])
            if weight:
                columns[column].append(scaled(known[abs(weight)], negative=weight < 0))
    return [join_terms(net, terms) for terms in columns]


def constant_products(net: Net, value: Value, constants: set[int]) -> dict[int, Term]:
    """Add value * c for positive constants c."""
    found: dict[int, Term] = {}
    for constant in sorted(constants - {0}):
        shift = (constant & -constant).bit_length() - 1
        terms = [Term(value, position, negative) for position, negative in csd_digits(constant >> shift)]
        found[constant] = scaled(join_terms(net, terms), shift)
    return found


MAX_DA4ML_BITS = 24
"""Weights and inputs of da4ml are float32: integers up to 2**24 are exact."""


def da4ml_products(net: Net, inputs: Sequence[Value], matrix: RawArray) -> list[Term]:
    """Add the adder graph that da4ml's solver finds (da4ml.cmvm, LGPL-3.0, distributed arithmetic with sharing)."""
    ranges = tuple((net.cells[value].low, net.cells[value].high) for value in inputs)
    kernel = np.ascontiguousarray(matrix, dtype=np.float32)
    terms = [unsigned_term(net, Term(value)) for value in inputs]
    for solution in _solutions(kernel.tobytes(), kernel.shape, ranges):
        terms = _replay(net, terms, solution)
    return terms


@lru_cache(maxsize=256)
def _solutions(kernel: bytes, shape: tuple[int, ...], ranges: tuple[tuple[int, int], ...]) -> tuple[Any, ...]:
    """Solve a matrix once, however many positions or designs use it with inputs of the same ranges."""
    from da4ml.cmvm import solve

    matrix = np.frombuffer(kernel, dtype=np.float32).reshape(shape).copy()
    intervals = [(float(low), float(high), 1.0) for low, high in ranges]
    # The search over decompositions takes 5 times longer and gains under 1 % of the LUTs, at twice the depth.
    pipeline = solve(matrix, method0="mc", qintervals=intervals, decompose_dc=-1, search_all_decompose_dc=False)
    return tuple(pipeline.solutions)


def _replay(net: Net, inputs: list[Term], solution: Any) -> list[Term]:
    """Add one stage of a da4ml solution; terms may have negative shifts in between."""
    terms: list[Term] = []
    for op in solution.ops:
        if op.opcode == -1:
            terms.append(scaled(inputs[op.id0], solution.inp_shifts[op.id0]))
            continue
        a, b = terms[op.id0], scaled(terms[op.id1], op.data, op.opcode == 1)
        common = min(a.shift, b.shift)
        joined = add_terms(net, a._replace(shift=a.shift - common), b._replace(shift=b.shift - common))
        terms.append(joined._replace(shift=joined.shift + common))
    found = zip(solution.out_idxs, solution.out_shifts, solution.out_negs, strict=True)
    zero = Term(net.const(0))
    return [zero if index < 0 else scaled(terms[index], shift, bool(negative)) for index, shift, negative in found]


def _solver(matrix: RawArray) -> Solver:
    magnitude = int(np.abs(matrix).max(initial=0))
    if magnitude.bit_length() <= MAX_DA4ML_BITS and _has_da4ml():
        return da4ml_products
    return shared_products


def _has_da4ml() -> bool:
    from importlib.util import find_spec

    return find_spec("da4ml") is not None
