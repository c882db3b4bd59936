"""Sums of many terms as balanced trees of adders."""

from heapq import heapify, heappop, heappush
from typing import NamedTuple

from hlsexplore.structure.netlist import Net, Value


class Term(NamedTuple):
    """One summand, (value << shift), subtracted when negative."""

    value: Value
    shift: int = 0
    negative: bool = False


def sum_terms(net: Net, terms: list[Term], depths: dict[Value, int] | None = None) -> Value:
    """Add a tree that sums terms, shallow ones and narrow ones first.

    Args:
        net: Net that grows.
        terms: Summands; none gives the constant 0.
        depths: Adders before each value, for values that are late; 0 when left out.
    """
    known = depths or {}
    heap = [(known.get(term.value, 0), _top_bit(net, term), order, term) for order, term in enumerate(terms)]
    heapify(heap)
    order = len(heap)
    while len(heap) > 1:
        depth_a, _, _, a = heappop(heap)
        depth_b, _, _, b = heappop(heap)
        joined = add_terms(net, a, b)
        heappush(heap, (max(depth_a, depth_b) + 1, _top_bit(net, joined), order, joined))
        order += 1
    return plain(net, heap[0][3]) if heap else net.const(0)


def add_terms(net: Net, a: Term, b: Term) -> Term:
    """Join two terms by one adder; two negative ones give a negative term."""
    if a.negative == b.negative:
        return Term(net.add(a.value, b.value, a.shift, b.shift), 0, a.negative)
    if a.negative:
        a, b = b, a
    return Term(net.add(a.value, b.value, a.shift, b.shift, subtract=True))


def plain(net: Net, term: Term) -> Value:
    """Return a term's value with its shift and sign applied."""
    value = net.negate(term.value) if term.negative else term.value
    return net.shift(value, term.shift)


def _top_bit(net: Net, term: Term) -> int:
    return net.cells[term.value].width + term.shift
