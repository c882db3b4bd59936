"""Recurrent layers: two matrix products, gate functions from tables and the state, repeated for each step."""

from dataclasses import replace

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.hls.elementwise import table_cost
from hlsexplore.estimate.hls.products import matrix_cost
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import Technology

_ADDERS = {"gru": 5, "lstm": 3, "simple_rnn": 1}
_PRODUCTS = {"gru": 3, "lstm": 3, "simple_rnn": 0}
"""Elementwise adders and products of a state element in one step."""


def recurrent_cost(layer: LayerRecord, tech: Technology, budget_ns: float, table: Coefficients) -> Cost:
    """Estimate a recurrent layer; the hardware of one step serves all steps."""
    source, state = layer.input or DEFAULT_TYPE, layer.result or DEFAULT_TYPE
    units, gates = max(layer.units, 1), max(1, layer.n_out // max(layer.units, 1))
    inputs = matrix_cost(layer, tech, budget_ns, table)
    feedback = replace(
        layer, n_in=units, constants=layer.recurrent, input=state, reuse=min(layer.reuse, units * layer.n_out)
    )
    states = matrix_cost(feedback, tech, budget_ns, table)
    functions = table_cost(replace(layer, op="sigmoid", channels=gates * units, pixels=1), tech, "parallel", table)
    coefficients = table.of("recurrent", tech.name)
    products = _PRODUCTS[layer.op] * units
    blocks = tech.multiplier_dsp(state.width, state.width)
    extra = products * (tech.dsp_lut() if blocks else tech.soft_multiplier(state.width))
    extra += _ADDERS[layer.op] * units * tech.adder(state.width) + coefficients["state"] * units
    step = max(inputs.latency_max or 0, states.latency_max or 0) + (functions.latency_max or 0) + 4
    known = inputs.lut is not None and states.lut is not None
    lut = coefficients["scale"] * ((inputs.lut or 0) + (states.lut or 0) + (functions.lut or 0) + extra)
    ff = (
        (inputs.ff or 0)
        + (states.ff or 0)
        + (functions.ff or 0)
        + coefficients["ff"] * units * (state.width + source.width)
    )
    return Cost(
        model="recurrent",
        lut=lut if known else None,
        ff=ff if known else None,
        dsp=(inputs.dsp or 0) + (states.dsp or 0) + products * blocks if known else None,
        bram18=(inputs.bram18 or 0) + (states.bram18 or 0) + (functions.bram18 or 0) if known else None,
        latency_min=layer.steps * step,
        latency_max=layer.steps * step,
        ii=layer.steps * step,
        notes=(*inputs.notes, "recurrent: no measured design at hand"),
    )
