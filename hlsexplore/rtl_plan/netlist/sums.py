"""Sums of many terms as balanced trees of adders."""

from heapq import heapify, heappop, heappush
from typing import NamedTuple

from hlsexplore.rtl_plan.netlist.cells import Value
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.support.cancel import check_cancelled


class Term(NamedTuple):
    """One summand: (value + offset) << shift, or (-value + offset) << shift when negative.

    Within a sum, values are never negative and constants are kept apart: an adder of unsigned operands needs no logic
    above its narrower operand, and a subtraction is an addition of inverted bits, which costs no more. The offsets
    meet in one constant at the end, the place of a bias.
    """

    value: Value
    shift: int = 0
    negative: bool = False
    offset: int = 0


def sum_terms(net: Net, terms: list[Term], constant: int = 0, depths: dict[Value, int] | None = None) -> Value:
    """Add a tree that sums terms and a constant, shallow and narrow ones first.

    Args:
        net: Net that grows.
        terms: Summands; may be none.
        constant: Added too.
        depths: Adders before each value, for values that are late; 0 when left out.
    """
    return plain(net, join_terms(net, terms, depths), constant)


def join_terms(net: Net, terms: list[Term], depths: dict[Value, int] | None = None) -> Term:
    """Add a tree that sums terms, and return the sum as a term."""
    if len(terms) == 1:
        return terms[0]
    known = depths or {}
    ready = [unsigned_term(net, term) for term in terms]
    levels = [known.get(term.value, 0) for term in terms]
    heap = [
        (level, _top_bit(net, term), order, term) for order, (level, term) in enumerate(zip(levels, ready, strict=True))
    ]
    heapify(heap)
    order = len(heap)
    while len(heap) > 1:
        check_cancelled()
        depth_a, _, _, a = heappop(heap)
        depth_b, _, _, b = heappop(heap)
        joined = add_terms(net, a, b)
        heappush(heap, (max(depth_a, depth_b) + 1, _top_bit(net, joined), order, joined))
        order += 1
    return heap[0][3] if heap else Term(net.const(0))


def unsigned_term(net: Net, term: Term) -> Term:
    """Return an equal term whose value is never negative, nor a shifted one."""
    inner, zeros = net.unshifted(term.value)
    if zeros and not term.offset & ((1 << zeros) - 1):
        term = Term(inner, term.shift + zeros, term.negative, term.offset >> zeros)
    value, offset = net.unsigned(term.value)
    return term._replace(value=value, offset=term.offset + (-offset if term.negative else offset))


def scaled(term: Term, shift: int = 0, negative: bool = False) -> Term:
    """Return a term shifted and, where asked, with the other sign."""
    offset = -term.offset if negative else term.offset
    return Term(term.value, term.shift + shift, term.negative ^ negative, offset)


def add_terms(net: Net, a: Term, b: Term) -> Term:
    """Join two terms, whose values are never negative and whose shifts are not either, by one adder."""
    offset = (a.offset << a.shift) + (b.offset << b.shift)
    if a.negative == b.negative:
        return Term(net.add(a.value, b.value, a.shift, b.shift), 0, a.negative, offset)
    if _outside(net, a, b) < _outside(net, b, a):
        a, b = b, a
    inverted, ones = net.complement(b.value)
    missing = ones << b.shift
    total = net.add(a.value, inverted, a.shift, b.shift)
    return Term(total, 0, a.negative, offset + (missing if a.negative else -missing))


def _outside(net: Net, a: Term, b: Term) -> tuple[int, int, Value]:
    """Rank inverting the first of two operands: bits of it that no bit of the other meets each need an inverter."""
    above = max(0, _top_bit(net, a) - _top_bit(net, b))
    return 2 * above + max(0, b.shift - a.shift), _top_bit(net, a), a.value


def plain(net: Net, term: Term, constant: int = 0) -> Value:
    """Return the value of a term plus a constant."""
    value, offset = term.value, term.offset
    signed, flipped = net.flip_source(value)
    if term.negative and (net.cells[value].low < 0 or not offset):
        value = net.negate(value)
    elif term.negative:
        value, ones = net.complement(value)
        offset -= ones
    elif flipped:
        value, offset = signed, offset + flipped
    return net.add(value, net.const((offset << term.shift) + constant), term.shift)


def _top_bit(net: Net, term: Term) -> int:
    return net.cells[term.value].width + term.shift
