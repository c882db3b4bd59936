"""Recurrent layers: two matrix products, gate functions from tables and the state, repeated for each step."""

from dataclasses import replace

from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.hls.products import matrix_cost
from hlsexplore.estimate.hls.tables import table_cost
from hlsexplore.estimate.kinds import Kind
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import LayerRecord

_ADDERS = {Kind.GRU: 5, Kind.LSTM: 3, Kind.SIMPLE_RNN: 1}
_PRODUCTS = {Kind.GRU: 3, Kind.LSTM: 3, Kind.SIMPLE_RNN: 0}
_TANH = {Kind.GRU: 1, Kind.LSTM: 1, Kind.SIMPLE_RNN: 1}
"""Elementwise adders, products and tables of tanh of a state element in one step."""
SHIFT_LUT = 2171.0
"""LUT of a shift that picks an input element of a step out of the whole tensor, in a dataflow region (5 designs)."""
SHIFT_SHARE = 3.6
"""Shifts of an input element where a step takes more than its latency: two, with masks and choices (2 designs)."""


def recurrent_cost(layer: LayerRecord, p: Pricing) -> Cost:
    """Estimate a recurrent layer; the hardware of one step serves all steps.

    A step lasts the longer product, the table of the gates and `step` cycles for tanh, products and sums (16 on
    Virtex-7 and 8 on UltraScale+ at reuse 1, 37 to 39 at reuse 30; 6 designs); the loop over the steps adds `loop` to
    each in a dataflow region, one in a flat pipeline. The last cycle of a loop over shared multipliers is the first of
    what follows (two networks).
    """
    state = layer.result or DEFAULT_TYPE
    units, gates = max(layer.units, 1), max(1, layer.n_out // max(layer.units, 1))
    inputs, states = _products(layer, units, p)
    inner = replace(p, io="parallel")
    sigmoids = max(gates - _TANH.get(layer.op, 1), 0) * units
    functions = [
        table_cost(replace(layer, op=op, channels=count, pixels=1), inner)
        for op, count in ((Kind.SIGMOID, sigmoids), (Kind.TANH, _TANH.get(layer.op, 1) * units))
    ]
    coefficients = p.of("recurrent")
    products = _PRODUCTS[layer.op] * units
    blocks = p.tech.multiplier_dsp(state.width, state.width)
    extra = products * (p.tech.dsp_lut() if blocks else p.tech.soft_multiplier(state.width))
    extra += _ADDERS[layer.op] * units * p.tech.adder(state.width) + coefficients["state"] * units
    shifts = 0.0
    if p.io == "dataflow" and not p.tech.is_vitis:
        shifts = SHIFT_LUT * layer.n_in * (SHIFT_SHARE if layer.reuse > 1 else 1.0)
    rest = (functions[0].latency_max or 0) + coefficients["step"] + coefficients["loop"] * (p.io == "dataflow")
    rest += (p.io == "parallel") - (layer.reuse > 1 and layer.strategy == "resource")
    least, most = (
        layer.steps * (max(getattr(inputs, key) or 0, getattr(states, key) or 0) + rest) + 1
        for key in ("latency_min", "latency_max")
    )
    known = inputs.lut is not None and states.lut is not None
    parts = (inputs, states, *functions)
    ff = sum(part.ff or 0.0 for part in parts) + coefficients["ff"] * units * state.width
    lut = coefficients["scale"] * (sum(part.lut or 0.0 for part in parts) + extra) + shifts
    return Cost(
        model="recurrent",
        lut=lut if known else None,
        ff=ff if known else None,
        dsp=sum(part.dsp or 0.0 for part in parts) + products * blocks if known else None,
        bram18=sum(part.bram18 or 0.0 for part in parts) if known else None,
        latency_min=float(least),
        latency_max=float(most),
        ii=float(most) + (p.io == "dataflow" and not p.tech.is_vitis),
        muxes=inputs.muxes + states.muxes,
        mux_lut=max(inputs.mux_lut, states.mux_lut),
        shift_lut=shifts,
        notes=inputs.notes,
    )


def _products(layer: LayerRecord, units: int, p: Pricing) -> tuple[Cost, Cost]:
    """The product of a step's input and that of the state; each has a reuse of its own."""
    inputs = matrix_cost(layer, p)
    reuse = min(layer.recurrent_reuse or layer.reuse, units * layer.n_out)
    state = layer.result or DEFAULT_TYPE
    return inputs, matrix_cost(replace(layer, n_in=units, constants=layer.recurrent, input=state, reuse=reuse), p)
