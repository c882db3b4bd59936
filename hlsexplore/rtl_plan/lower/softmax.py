"""Softmax as cells: tables, a tree of sums, products; or the one-hot vector of argmax (docs/ir.md, section Softmax)."""

from collections.abc import Sequence

from hlsexplore.fixed import Fixed, quantize, requantize
from hlsexplore.layer_config import SoftmaxMode
from hlsexplore.ops import Softmax
from hlsexplore.rtl_plan.lower.layer import LoweredLayer
from hlsexplore.rtl_plan.netlist.casts import cast
from hlsexplore.rtl_plan.netlist.cells import Value
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.tables import softmax_tables


def lower_softmax(layer: LoweredLayer, op: Softmax) -> list[Value]:
    """Add a softmax over the last axis, at each position of the other axes."""
    size = layer.node.shape[-1]
    one = argmax_outputs if layer.config.softmax is SoftmaxMode.ARGMAX else _table_outputs
    outputs: list[Value] = []
    for first in range(0, len(layer.values[0]), size):
        outputs += one(layer, layer.values[0][first : first + size])
    return outputs


def argmax_outputs(layer: LoweredLayer, values: Sequence[Value]) -> list[Value]:
    """Add a one-hot vector: 1 for the first largest value, else 0."""
    net = layer.net
    one, zero = net.const(int(quantize(1.0, layer.result))), net.const(0)
    return [net.mux(flag, one, zero) for flag in _tournament(net, values)[1]]


def _tournament(net: Net, values: Sequence[Value]) -> tuple[Value, list[Value]]:
    """Add the largest value and a bit for each value that tells whether it is the first largest."""
    if len(values) == 1:
        return values[0], [net.const(1)]
    middle = (len(values) + 1) // 2
    best_left, left = _tournament(net, values[:middle])
    best_right, right = _tournament(net, values[middle:])
    right_wins = net.less(best_left, best_right)
    left_wins = net.inverse(right_wins)
    flags = [net.both(flag, left_wins) for flag in left] + [net.both(flag, right_wins) for flag in right]
    return net.mux(right_wins, best_right, best_left), flags


def _table_outputs(layer: LoweredLayer, values: Sequence[Value]) -> list[Value]:
    net, types = layer.net, layer.config.types
    is_stable = layer.config.softmax is SoftmaxMode.STABLE
    source = layer.design.input_types(layer.node.name)[0]
    exp_type, accum, sum_type, inverse_type = (types[key] for key in ("exp_table", "accum", "inv_input", "inv_table"))
    tables = softmax_tables(
        source, exp_type, sum_type, inverse_type, layer.config.table_size, is_stable, layer.config.exp_integer
    )
    entries = requantize(tables.exp, exp_type.fraction, accum).tolist()
    if is_stable:
        top = largest(net, values)
        spreads = [cast(net, net.add(top, value, subtract=True), layer.fraction, tables.norm) for value in values]
    else:
        spreads = list(values)
    terms = [net.rom(_top_bits(net, spread, tables.norm, tables.exp_bits), entries) for spread in spreads]
    total = cast(net, tree_sum(net, terms, accum), accum.fraction, sum_type)
    inverse = net.rom(_top_bits(net, total, sum_type, tables.inverse_bits), tables.inverse.tolist())
    fraction = accum.fraction + inverse_type.fraction
    return [layer.finish(net.multiply(term, inverse), fraction) for term in terms]


def largest(net: Net, values: Sequence[Value]) -> Value:
    """Add a balanced tree of maxima."""
    if len(values) == 1:
        return values[0]
    middle = (len(values) + 1) // 2
    return net.max(largest(net, values[:middle]), largest(net, values[middle:]))


def _top_bits(net: Net, value: Value, type_: Fixed, bits: int) -> Value:
    """Return the top bits of a raw integer as a table index; negative integers count in two's complement."""
    drop = type_.width - bits
    cell = net.cells[value]
    if cell.low >= 0:
        return net.shift(value, -drop)
    return net.slice(value, drop, bits, signed=False)


def tree_sum(net: Net, terms: Sequence[Value], accum: Fixed) -> Value:
    """Add terms by a balanced tree whose every node is cast; the left side has the larger power of two."""
    if len(terms) == 1:
        return terms[0]
    left = 1 << ((len(terms) - 1).bit_length() - 1)
    total = net.add(tree_sum(net, terms[:left], accum), tree_sum(net, terms[left:], accum))
    return cast(net, total, accum.fraction, accum)
