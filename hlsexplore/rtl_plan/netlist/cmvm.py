"""A constant matrix times a vector as shared shift-adds."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import RawArray
from hlsexplore.rtl_plan.netlist.cells import Value
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.sums import Term, add_terms, join_terms, plain, scaled, unsigned_term
from hlsexplore.support.cancel import check_cancelled, run_compiled


class Solver(Protocol):
    """Adds the cells of x @ matrix to a net and returns the outputs, one for each column, as terms."""

    def __call__(self, net: Net, inputs: Sequence[Value], matrix: RawArray) -> list[Term]:
        """Add the cells."""
        ...


def multiply_matrix(
    net: Net, inputs: Sequence[Value], matrix: RawArray, constants: Sequence[int], shift: int = 0
) -> list[Value]:
    """Add ((x @ matrix) << shift) + constants with the best solver that can run and fits.

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
    """Take the low bits that are always 0 out of the inputs, and into the weights where these stay narrow enough."""
    pairs = [net.unshifted(value) for value in inputs]
    scales = np.array([1 << zeros for _, zeros in pairs], dtype=object)
    scaled_matrix = matrix * scales[:, None]
    if not any(zeros for _, zeros in pairs) or int(np.abs(scaled_matrix).max(initial=0)).bit_length() > MAX_WEIGHT_BITS:
        return inputs, matrix
    return [value for value, _ in pairs], scaled_matrix.astype(np.int64)


def _finished(net: Net, term: Term, constant: int) -> Value:
    """Return an output; a solver may leave a factor of two too much in it, with a negative shift."""
    if term.shift >= 0:
        return plain(net, term, constant)
    return net.shift(plain(net, term._replace(shift=0), constant << -term.shift), term.shift)


def solver_name(matrix: RawArray) -> str:
    """Name of the solver that `multiply_matrix` takes for a matrix."""
    return "search" if _solver(matrix) is searched_products else "shared"


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
        check_cancelled()
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


MAX_WEIGHT_BITS = 60
"""Weights whose signed digits fit 64-bit integers."""
SPARE_LEVELS = 1
"""Levels that the adders of a column may have beyond those of a balanced tree of its digits: sharing needs some."""
DEEPER = (0.2, 0.5, 1.2, 0.8)
"""Preferences for deep sums that are tried (`share`); which one saves most differs from matrix to matrix."""
MAX_TRIED = 1 << 14
"""Digits of a matrix up to which all preferences are tried; one twice as large tries half of them."""


class Sharing(NamedTuple):
    """An adder graph for a matrix. Its expressions are the rows and then the adders.

    Attributes:
        adders: (a, b, shift of b, is difference) of each expression behind the rows.
        depths: Adders before each expression, rows included.
        columns: What is left to add for each column: (expression, shift, is negative), ...
        cost: LUTs that it will take, for comparison.
    """

    adders: tuple[tuple[int, int, int, bool], ...]
    depths: tuple[int, ...]
    columns: tuple[tuple[tuple[int, int, bool], ...], ...]
    cost: float


def searched_products(net: Net, inputs: Sequence[Value], matrix: RawArray) -> list[Term]:
    """Add the adder graph of a search for the sums that columns share; each column ends in a balanced tree."""
    digits = np.ascontiguousarray(matrix, dtype=np.int64)
    spans = tuple(float(net.cells[value].high - net.cells[value].low) for value in inputs)
    sharing = find_sharing(digits.tobytes(), digits.shape, spans)
    terms = [unsigned_term(net, Term(value)) for value in inputs]
    for a, b, shift, is_difference in sharing.adders:
        check_cancelled()
        terms.append(add_terms(net, terms[a], scaled(terms[b], shift, is_difference)))
    depths: dict[Value, int] = {}
    for term, depth in zip(terms, sharing.depths, strict=True):
        depths[term.value] = max(depth, depths.get(term.value, 0))
    return [
        join_terms(net, [scaled(terms[index], shift, negative) for index, shift, negative in column], depths)
        for column in sharing.columns
    ]


@lru_cache(maxsize=256)
def find_sharing(kernel: bytes, shape: tuple[int, ...], spans: tuple[float, ...]) -> Sharing:
    """Search for the sums that the columns of a matrix share, once for all positions and designs that use it.

    Args:
        kernel: The matrix as the bytes of int64 in C order.
        shape: (n_in, n_out).
        spans: Largest minus smallest value of each input.
    """
    planes, used = digit_planes(np.frombuffer(kernel, dtype=np.int64).reshape(shape))
    tried = DEEPER[: max(1, min(len(DEEPER), len(DEEPER) * MAX_TRIED // max(1, int(used.sum()))))]
    return min((_search(planes.copy(), used, spans, deeper) for deeper in tried), key=lambda found: found.cost)


def _search(planes: NDArray[np.uint64], used: NDArray[np.int64], spans: tuple[float, ...], deeper: float) -> Sharing:
    """Search once, with a preference for deep sums; `planes` are used up, `used` are the digits of each column."""
    from hlsexplore.rtl_plan.netlist.sharing_kernel import share

    num_rows = len(spans)
    levels = np.ceil(np.log2(np.maximum(used, 1))).astype(np.int64) + SPARE_LEVELS
    depths, widths = np.zeros(len(planes), dtype=np.int64), np.zeros(len(planes))
    widths[:num_rows] = np.log2(np.array(spans) + 1.0)
    room = (1 << levels) - used
    adders = run_compiled(lambda stop: share(planes, (depths, widths), num_rows, room, deeper, stop))
    size = num_rows + len(adders)
    columns = _terms_of(planes[:size], len(used))
    overlaps = np.minimum(widths[adders[:, 0]], widths[adders[:, 1]] + adders[:, 2]) - adders[:, 2]
    left = sum(widths[index] + 1 for column in columns for index, _, _ in column)
    return Sharing(
        adders=tuple((a, b, shift, bool(opposite)) for a, b, shift, opposite in adders.tolist()),
        depths=tuple(depths[:size].tolist()),
        columns=tuple(tuple(column) for column in columns),
        cost=float(np.maximum(overlaps, 0).sum() + left),
    )


def digit_planes(matrix: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the canonical signed digits of a matrix as bit planes, with room for every sum that can be shared.

    Args:
        matrix: Weights, shape (n_in, n_out).

    Returns:
        The planes, shape (n_in and later sums, shifts, 2 for plus and minus, words of 64 columns), and the digits of
        each column.
    """
    n_in, n_out = matrix.shape
    num_shifts = int(np.abs(matrix).max(initial=0)).bit_length() + 1
    digits = np.zeros((num_shifts, n_in, n_out), dtype=np.int8)
    rest = matrix.copy()
    for shift in range(num_shifts):
        digits[shift] = np.where(rest & 1, 2 - (rest & 3), 0)
        rest = (rest - digits[shift]) >> 1
    used = np.count_nonzero(digits, axis=(0, 1))
    room = int(used.sum()) // 2
    planes = np.zeros((n_in + room, num_shifts, 2, -(-n_out // 64)), dtype=np.uint64)
    for column in range(n_out):
        bit = np.uint64(1 << column % 64)
        for sign, digit in enumerate((1, -1)):
            planes[:n_in, :, sign, column // 64] |= np.where(digit == digits[:, :, column].T, bit, np.uint64(0))
    return planes, used.astype(np.int64)


def _terms_of(planes: NDArray[np.uint64], num_columns: int) -> list[list[tuple[int, int, bool]]]:
    """List the digits of each column: (expression, shift, is negative)."""
    columns: list[list[tuple[int, int, bool]]] = [[] for _ in range(num_columns)]
    for expression, shift, sign, word in np.argwhere(planes).tolist():
        bits = int(planes[expression, shift, sign, word])
        while bits:
            columns[64 * word + (bits & -bits).bit_length() - 1].append((expression, shift, bool(sign)))
            bits &= bits - 1
    return columns


def _solver(matrix: RawArray) -> Solver:
    magnitude = int(np.abs(matrix).max(initial=0))
    return searched_products if magnitude.bit_length() <= MAX_WEIGHT_BITS and has_search() else shared_products


def has_search() -> bool:
    """Whether the search for shared sums can run; it is compiled by numba."""
    from importlib.util import find_spec

    return find_spec("numba") is not None
