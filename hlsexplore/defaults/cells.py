"""Default types inside recurrent cells: from the model's quantizers, the ranges of the functions and the weights."""

from collections.abc import Mapping
from itertools import product
from math import ceil, log2

from hlsexplore.defaults.bounds import SPARE_WIDTH, accum_type, holding
from hlsexplore.defaults.tables import table_type
from hlsexplore.fixed import Fixed, Overflow
from hlsexplore.graph import Node
from hlsexplore.ops import TABLE_FUNCTIONS, Cell, Function, Recurrent, tensor_keys

_BOUNDED = {
    Function.TANH: (1, True),
    Function.SOFTSIGN: (1, True),
    Function.SIGMOID: (0, False),
    Function.HARD_SIGMOID: (1, False),
    Function.HARD_TANH: (2, True),
    Function.BINARY_TANH: (2, True),
    Function.TERNARY_TANH: (2, True),
}
"""Integer bits and sign of the values of a function; tables of tanh, softsign and sigmoid never reach 1."""


def recurrent_types(
    node: Node,
    *,
    num_steps: int,
    types: Mapping[str, Fixed],
    source: Fixed,
    usual: Fixed,
    integers: Mapping[str, int],
    fraction: int,
    is_settled: bool,
) -> dict[str, Fixed]:
    """Return the types of a recurrent layer beside those of its weights.

    Types that the model's quantizers prescribe are kept, and what follows from them is exact: the result of a layer
    whose functions (and, in a GRU, states) are quantised holds every value, within the usual width if nobody
    requantises it.

    Args:
        node: The layer.
        num_steps: Steps of its sequence.
        types: Types of its weights.
        source: Type of its input.
        usual: Usual width and modes.
        integers: Integer bits that the values of `result`, `activation` and `state` need, sign included.
        fraction: Fraction bits that readers notice.
        is_settled: Whether every reader casts the result to a type that the model prescribes.
    """
    op, given = node.op, node.types
    if not isinstance(op, Recurrent):
        return {}
    found: dict[str, Fixed] = {}
    for key, function in (("activation", op.activation), ("gate", op.recurrent_activation)):
        if key in given:
            found[key] = given[key]
        elif function in _BOUNDED:
            integer, is_signed = _BOUNDED[function]
            found[key] = Fixed(usual.width, integer, is_signed, usual.rounding, Overflow.SAT)
        else:
            found[key] = _fit(usual, integers.get(key, integers["result"]), fraction)
    exact = _exact_result(op, given)
    bits = _reach_bits(op)
    reach = integers["result"] if bits is None else min(bits, integers["result"])
    found["result"] = _fit(usual, reach, fraction) if exact is None else _within(exact, usual, is_settled)
    found |= {key: given.get(key, found["result"]) for key in ("hidden", "memory")}
    found["state"] = _exact_state(op, given) or found["result"]
    if op.cell is Cell.LSTM and "memory" not in given:
        most = integers["state"] if bits is None else min(bits + ceil(log2(num_steps)), integers["state"])
        found["state"] = _fit(usual, most, fraction)
    found["accum"] = cell_accum(node, {**types, **found}, source)
    found["table"] = cell_table(op)
    return {key: found.get(key, found["accum"]) for key in tensor_keys(op) if key in _INNER}


_INNER = ("accum", "table", "activation", "gate", "state", "hidden", "memory", "result")


def cell_table(op: Recurrent) -> Fixed:
    """Return the type of a cell's tables."""
    functions = {op.activation: op.alpha, op.recurrent_activation: op.recurrent_alpha}
    return table_type({name: alpha for name, alpha in functions.items() if name in TABLE_FUNCTIONS})


def _reach_bits(op: Recurrent) -> int | None:
    """Return the integer bits, sign included, of a hidden state that functions bound; None where nothing does."""
    gates = (Function.SIGMOID, Function.HARD_SIGMOID)
    if op.activation not in _BOUNDED or (op.cell is not Cell.SIMPLE_RNN and op.recurrent_activation not in gates):
        return None
    integer, is_signed = _BOUNDED[op.activation]
    return integer + int(not is_signed)


def _fit(usual: Fixed, integer: int, fraction: int) -> Fixed:
    """Return a saturating type with these integer bits, of the usual width or wider where readers notice more."""
    width = min(max(usual.width, integer + fraction), usual.width + SPARE_WIDTH)
    return Fixed(width, integer, True, usual.rounding, Overflow.SAT)


def _within(exact: Fixed, type_: Fixed, is_requantized: bool) -> Fixed:
    """Return the exact type, or where it is too wide one with its integer bits."""
    if is_requantized or exact.width <= type_.width:
        return exact
    return Fixed(type_.width, exact.integer, exact.signed, type_.rounding, Overflow.SAT)


def _exact_result(op: Recurrent, given: Mapping[str, Fixed]) -> Fixed | None:
    """Return the type that holds every hidden state; None where a tensor that it depends on is not prescribed."""
    act, gate, hidden = given.get("activation"), given.get("gate"), given.get("hidden")
    if op.cell is Cell.SIMPLE_RNN or act is None or gate is None:
        return act if op.cell is Cell.SIMPLE_RNN else None
    if op.cell is Cell.LSTM:
        return _saturating(_products(gate, act), gate.fraction + act.fraction)
    if hidden is None:
        return None
    rest = (1.0 - gate.low, 1.0 - gate.high)
    new = [a * b for a, b in product(_ends(act), rest)]
    old = _products(gate, hidden)
    fraction = max(gate.fraction, 0) + max(act.fraction, hidden.fraction)
    return _saturating([min(new) + min(old), max(new) + max(old)], fraction)


def _exact_state(op: Recurrent, given: Mapping[str, Fixed]) -> Fixed | None:
    """Return the type that holds every memory of an LSTM, or every masked state of a GRU; None as above."""
    act, gate, hidden, memory = (given.get(key) for key in ("activation", "gate", "hidden", "memory"))
    if op.cell is Cell.LSTM and act is not None and gate is not None and memory is not None:
        new, old = _products(gate, act), _products(gate, memory)
        fraction = gate.fraction + max(act.fraction, memory.fraction)
        return _saturating([min(new) + min(old), max(new) + max(old)], fraction)
    if op.cell is Cell.GRU and gate is not None and hidden is not None:
        return _saturating(_products(gate, hidden), gate.fraction + hidden.fraction)
    return None


def _products(a: Fixed, b: Fixed) -> list[float]:
    return [x * y for x, y in product(_ends(a), _ends(b))]


def _ends(type_: Fixed) -> tuple[float, float]:
    return min(type_.low, 0.0), max(type_.high, 0.0)


def _saturating(values: list[float], fraction: int) -> Fixed:
    return holding(values, fraction).with_modes(overflow=Overflow.SAT)


def cell_accum(node: Node, types: Mapping[str, Fixed], source: Fixed) -> Fixed:
    """Return the accumulator of a recurrent layer that holds the sum of both products for every input and state.

    Args:
        node: The layer.
        types: Its other types.
        source: Type of its input.
    """
    op = node.op
    fed = types["hidden" if isinstance(op, Recurrent) and op.quantizes_state else "result"]
    pairs = [("weight", "bias", source), ("recurrent_weight", "recurrent_bias", fed)]
    if "state" in tensor_keys(op) and node.kind == "gru":
        pairs.append(("recurrent_weight", "recurrent_bias", types["state"]))
    parts = [accum_type(node, types[kernel], types.get(bias), reads, kernel, bias) for kernel, bias, reads in pairs]
    integer = max(*(part.integer + 1 for part in parts), 2)
    return Fixed(integer + max(*(part.fraction for part in parts), 0), integer)
