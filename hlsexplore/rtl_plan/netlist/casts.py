"""Casts between fixed-point types as cells: first round, then overflow (docs/ir.md, section Types)."""

from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.rtl_plan.netlist.cells import Value
from hlsexplore.rtl_plan.netlist.net import Net


def cast(net: Net, value: Value, fraction: int, type_: Fixed) -> Value:
    """Cast a value with a number of fraction bits to a type; the result has the type's fraction bits."""
    dropped = fraction - type_.fraction
    return overflow(net, rounded(net, value, dropped, type_.rounding), type_)


def rounded(net: Net, value: Value, bits: int, rounding: Rounding) -> Value:
    """Drop `bits` fraction bits by a rounding mode, or add zeros when `bits` is negative."""
    if bits <= 0:
        return net.shift(value, -bits)
    low = net.shift(value, -bits)
    if rounding is Rounding.TRN:
        return low
    cell = net.cells[value]
    if rounding is Rounding.TRN_ZERO and cell.low >= 0:
        return low
    return net.add(low, net.round_bit(value, bits, rounding))


def overflow(net: Net, value: Value, type_: Fixed) -> Value:
    """Bring a value that is on a type's grid into its range."""
    match type_.overflow:
        case Overflow.WRAP:
            return net.slice(value, 0, type_.width, type_.signed)
        case Overflow.SAT | Overflow.SAT_SYM:
            return net.clip(value, type_.min_raw, type_.max_raw)
        case Overflow.SAT_ZERO:
            return net.zero_outside(value, type_.min_raw, type_.max_raw)


def folded_offset(bits: int, rounding: Rounding) -> int | None:
    """Return the constant whose addition before a floor rounds by a mode, or None when there is none.

    A layer that adds a bias anyway then rounds without another adder.
    """
    if bits <= 0 or rounding is Rounding.TRN:
        return 0
    if rounding is Rounding.RND:
        return 1 << (bits - 1)
    if rounding is Rounding.RND_MIN_INF:
        return (1 << (bits - 1)) - 1
    return None
