"""Multipliers that a design binds to DSP blocks or to LUTs, over what the HLS tool would choose."""

from dataclasses import replace
from math import ceil

from hlsexplore.estimate.cost import Cost
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import Technology


def with_multiplier(cost: Cost, layer: LayerRecord, tech: Technology) -> Cost:
    """Return the cost of a layer with its multipliers made as the design says.

    A multiplier of LUTs is priced a LUT for each pair of bits, as an array of adders takes; no report of such a binding
    is among the measured ones.

    Args:
        cost: What the layer takes where the tool chooses.
        layer: The layer.
        tech: Tool and family.
    """
    if layer.multiplier == "auto" or cost.dsp is None or cost.lut is None or None in (layer.weight, layer.input):
        return cost
    wide, narrow = _operands(layer)
    each = tech.multiplier_dsp(wide, narrow, forced=True)
    most = {"lut": 0.0, "mixed": float(layer.dsp_budget), "dsp": cost.dsp}[layer.multiplier]
    kept = min(cost.dsp, most // each * each)
    if layer.multiplier == "dsp" and not cost.dsp and layer.reuse > 1:
        kept = float(each * ceil(layer.n_in * layer.n_out / layer.reuse) * layer.parallel)
    moved = (cost.dsp - kept) / each
    lut = cost.lut + moved * (max(float(wide * narrow), tech.soft_multiplier(wide)) - tech.dsp_lut())
    rules = cost.rules - {"dsp"} if moved else cost.rules
    return replace(cost, dsp=kept, lut=max(lut, 0.0), rules=rules)


def _operands(layer: LayerRecord) -> tuple[int, int]:
    """Bits of the wider and of the narrower operand of a product."""
    widths = [type_.width for type_ in (layer.weight, layer.input) if type_ is not None]
    return max(widths), min(widths)
