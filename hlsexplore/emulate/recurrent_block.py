"""GRUs of 16-bit integers, all steps of a block of samples in one compiled pass.

What a gate's function makes of each accumulator is a table, so that any function takes one look. Needs numba.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.emulate.carrier import Carrier, Span, as_carrier, dtype_for, rounding_terms
from hlsexplore.emulate.narrow import INT16_BOUND, INT32_BOUND, ROWS, hold_numbers
from hlsexplore.emulate.narrow_rounded import RoundedProduct
from hlsexplore.fixed import Fixed

LANES = 16
"""Units of a gate are padded to a multiple of this."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GruBlock:
    """A planned GRU whose reset gate works on the product of its state.

    Attributes:
        products: Weights of the inputs' and of the state's product, and how their products are rounded.
        biases: Sum of both biases, and those of the state's product, for each row of a chunk.
        tables: Results of the gates and of the activation for each accumulator.
        numbers: As `recurrent_kernels.gru` reads them.
        units: Units.
        is_reversed: Whether the last step comes first.
        is_sequence: Whether the states after all steps are the result, else the last one.
        span: Span of the result.
    """

    products: tuple[Any, Any]
    biases: tuple[NDArray[np.int16], NDArray[np.int16]]
    tables: tuple[NDArray[np.int16], NDArray[np.int16]]
    numbers: Any
    units: int
    is_reversed: bool
    is_sequence: bool
    span: Span

    def apply(self, x: Carrier) -> Carrier:
        """Compute a block.

        Args:
            x: Integers in floats, shape (samples, steps, channels).

        Returns:
            Integers of the span, shape (samples, units), with sequences (samples, steps, units).
        """
        from hlsexplore.emulate import recurrent_kernels

        out = np.empty((len(x), x.shape[1] if self.is_sequence else 1, self.units), dtype_for(self.span.magnitude))
        recurrent_kernels.gru(
            np.ascontiguousarray(x), self.is_reversed, self.products, self.biases, self.tables, self.numbers, out
        )
        return out if self.is_sequence else out[:, 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class GruParts:
    """What a GRU's plan says.

    Attributes:
        products: Products of the inputs and of the state.
        functions: The gates' function and the activation, on accumulators.
        spans: Spans of their results.
        hidden: Span of the state, of type `result`.
        result: Type of the state and of the result.
    """

    products: tuple[RoundedProduct, RoundedProduct]
    functions: tuple[Callable[[Carrier], Carrier], Callable[[Carrier], Carrier]]
    spans: tuple[Span, Span]
    hidden: Span
    result: Fixed


def plan_gru(parts: GruParts, is_reversed: bool, is_sequence: bool) -> GruBlock | None:
    """Plan a GRU, or return None where 16 bits of a state or 32 bits of a sum do not do.

    Args:
        parts: Its parts.
        is_reversed: Whether the last step comes first.
        is_sequence: Whether the states after all steps are the result.
    """
    of_input, of_state = parts.products
    gate, act = parts.spans
    accum, units = of_state.accum, of_state.weight.shape[0]
    if max(span.magnitude for span in (gate, act, parts.hidden)) > INT16_BOUND or parts.hidden.high >= INT16_BOUND:
        return None
    if gate.high >= INT16_BOUND or act.high >= INT16_BOUND or gate.fraction < 0:
        return None
    fraction = max(act.fraction, parts.hidden.fraction)
    lift_new, lift_old = fraction - act.fraction, fraction - parts.hidden.fraction
    one = 1 << gate.fraction
    rest = max(one - gate.low, gate.high - one, one)
    terms = hold_numbers(parts.result, bits := fraction + gate.fraction - parts.result.fraction, is_rectified=False)
    sums = (act.magnitude * rest << lift_new) + (parts.hidden.magnitude * gate.magnitude << lift_old)
    reset = (1 << accum.width - 1) * gate.magnitude
    if terms is None or 2 * max(sums, reset, one) >= INT32_BOUND or gate.fraction > 30:
        return None
    wide = -(-units // LANES) * LANES
    x_product, x_bias = _arranged(of_input, of_input.weight.shape[0], units, wide)
    h_product, h_bias = _arranged(of_state, wide, units, wide)
    numbers = (
        32 - accum.width,
        (rounding_terms(accum.rounding, gate.fraction)[0], gate.fraction),
        (one, lift_new, lift_old),
        (rounding_terms(parts.result.rounding, bits)[0], bits, *terms),
    )
    return GruBlock(
        products=(x_product, h_product),
        biases=(x_bias + h_bias, h_bias),
        tables=(_table(parts.functions[0], accum), _table(parts.functions[1], accum)),
        numbers=_int32(numbers),
        units=units,
        is_reversed=is_reversed,
        is_sequence=is_sequence,
        span=Span.of(parts.result),
    )


def _int32(numbers: Any) -> Any:
    """Return nested tuples of numbers as int32."""
    return tuple(map(_int32, numbers)) if isinstance(numbers, tuple) else np.int32(numbers)


def _arranged(product: RoundedProduct, rows: int, units: int, wide: int) -> tuple[Any, NDArray[np.int16]]:
    """Return packed weights padded to some rows, with each gate padded to `wide` columns, and the biases by row."""
    n_in = product.weight.shape[0]
    weight, bias = np.zeros((rows, 3 * wide), np.int16), np.zeros(3 * wide, np.int16)
    for g in range(3):
        weight[:n_in, g * wide : g * wide + units] = product.weight[:, g * units : (g + 1) * units]
        bias[g * wide : g * wide + units] = product.bias[g * units : (g + 1) * units]
    padded, offset = replace(product, weight=weight, bias=bias).packed
    return (padded, (product.bits, product.signed)), np.repeat(offset, ROWS, axis=0).ravel()


def _table(function: Callable[[Carrier], Carrier], accum: Fixed) -> NDArray[np.int16]:
    """Return what a function makes of each accumulator, by its lowest bits."""
    raw = np.arange(1 << accum.width)
    signed = np.where(raw >> accum.width - 1 > 0, raw - (1 << accum.width), raw)
    values: NDArray[np.int16] = function(as_carrier(signed, 1 << accum.width)[:, None]).ravel().astype(np.int16)
    return values
