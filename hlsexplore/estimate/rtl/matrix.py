"""Products with a constant matrix at reuse 1 in this project's own RTL, as Yosys maps it.

They are graphs of shared shift-adds (`hlsexplore.rtl_plan.netlist.cmvm`). Planning one takes up to some seconds, so its
size is estimated from the digits of the weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, exp, log, log2

import numpy as np

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.constants import Constants, Integers, bit_length, csd_digits
from hlsexplore.estimate.cost import Cost
from hlsexplore.estimate.hls.matrix import constants_of, types_of
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.fixed import Overflow
from hlsexplore.rtl_plan.netlist.timing import Fabric

DEPTH_SLOPE, DEPTH_OFFSET = 1.35, 0.6
"""Adders on the longest path of an adder graph over log2 of the digits of the largest sum (391 planned layers)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdderGraph:
    """What an unrolled product consists of.

    Attributes:
        digits: Signed digits of all weights.
        largest: Digits of the output with the most.
        inputs: Inputs with a weight.
        outputs: Outputs with a weight.
        nonzeros: Weights that are not zero.
        constants: Products of an input with a constant that need adders, equal ones once.
        magnitudes: Different magnitudes of the weights of each input, summed.
        weight_bits: Bits of the largest magnitude.
    """

    digits: int
    largest: int
    inputs: int
    outputs: int
    nonzeros: int
    constants: int
    magnitudes: int
    weight_bits: int


@lru_cache(maxsize=1024)
def graph_of(constants: Constants) -> AdderGraph:
    """Count what the adder graph of a matrix has to add."""
    raw = constants.weight
    digits, size = csd_digits(raw), np.abs(raw)
    odd = size // np.maximum(size & -size, 1)
    return AdderGraph(
        digits=int(digits.sum()),
        largest=int(digits.sum(axis=0).max(initial=0)),
        inputs=int((raw != 0).any(axis=1).sum()),
        outputs=int((raw != 0).any(axis=0).sum()),
        nonzeros=int((raw != 0).sum()),
        constants=_distinct(odd, 1),
        magnitudes=_distinct(size, 0),
        weight_bits=int(bit_length(raw).max(initial=0)),
    )


def _distinct(values: Integers, floor: int) -> int:
    """Count the different values above a floor in each row, summed."""
    ordered = np.sort(values, axis=1)
    new = np.diff(ordered, axis=1, prepend=floor) != 0
    return int((new & (ordered > floor)).sum())


def varying(layer: LayerRecord) -> tuple[Constants, float]:
    """Return the weights of inputs that are not always 0, and the bits of an input, as its digits weigh them."""
    constants, source = constants_of(layer), types_of(layer)[0]
    if layer.input_bits is None or len(layer.input_bits) != constants.weight.shape[0]:
        return constants, float(source.width)
    bits = np.array(layer.input_bits)
    kept = _without_rows(constants, tuple((bits == 0).tolist()))
    digits = csd_digits(kept.weight).sum(axis=1)
    return kept, float((digits * bits).sum() / max(digits.sum(), 1)) or float(source.width)


@lru_cache(maxsize=1024)
def _without_rows(constants: Constants, are_zero: tuple[bool, ...]) -> Constants:
    """Return constants whose named rows are 0."""
    return Constants.of(np.where(np.array(are_zero)[:, None], 0, constants.weight), constants.bias)


def unrolled_features(layer: LayerRecord, graph: AdderGraph, width: float) -> dict[str, float]:
    """Return the logarithms, and a few shares, whose weighted sum is the logarithm of the LUT.

    Args:
        layer: The layer.
        graph: What there is to add.
        width: Bits of an input, on average.
    """
    source, weight, accum = types_of(layer)
    signed = source.signed and not layer.is_rectified
    found = {
        "constant": 1.0,
        "digits": log(graph.digits),
        "digits_squared": log(graph.digits) ** 2,
        "width": log(width - (source.signed and not signed) + 2),
        "signed": float(signed),
        "terms": log(graph.digits / graph.outputs),
        "outputs": log(graph.outputs),
        "inputs": log(graph.inputs),
        "constants": log(graph.constants + 1),
    }
    dropped = max(source.fraction + weight.fraction - accum.fraction, 0)
    if not dropped:
        return found
    return found | {
        "nonzeros": log(graph.nonzeros),
        "weight_bits": log(graph.weight_bits + 1),
        "trimmed": _trimmed(layer, graph),
        "dropped": dropped / source.width,
        "magnitudes": log(max(graph.magnitudes, 1)),
    }


def _trimmed(layer: LayerRecord, graph: AdderGraph) -> float:
    """Return the share of the exact sum's bits that the result does not depend on."""
    source, _, accum = types_of(layer)
    result = layer.result or accum
    exact = source.width + graph.weight_bits + log2(max(graph.largest, 1))
    kept = min(float(accum.width), exact)
    if result.overflow is Overflow.WRAP:
        kept = min(kept, result.width + accum.fraction - result.fraction)
    return max(exact - kept, 0.0) / exact


def adders_in_cycle(width: float, graph: AdderGraph, fabric: Fabric, budget_ns: float) -> float:
    """Return how many adders, one behind the other, fit a cycle: bits of their chains are passed once (`Arrival`)."""
    bits = fabric.carry_bit_ns * (width + log2(graph.largest + 1))
    return max((budget_ns - bits) / fabric.carry_ns, 0.5)


def unrolled_stages(width: float, graph: AdderGraph, fabric: Fabric, budget_ns: float) -> tuple[int, float]:
    """Return register stages, the depth of the adder graph over the adders that fit a cycle, and the ns after them."""
    depth = DEPTH_SLOPE * log2(graph.largest + 1) + DEPTH_OFFSET
    fitting = max(1, int(adders_in_cycle(width, graph, fabric, budget_ns)))
    stages = max(ceil(depth / fitting) - 1, 0)
    bits = fabric.carry_bit_ns * (width + log2(graph.largest + 1))
    return stages, (depth - fitting * stages) * fabric.carry_ns + bits


def register_features(
    lut: float, features: Mapping[str, float], graph: AdderGraph, fabric: Fabric, budget_ns: float
) -> dict[str, float]:
    """Return what the logarithm of the flip-flops is a weighted sum of.

    Args:
        lut: Lookup tables.
        features: What they follow from (`unrolled_features`).
        graph: What there is to add.
        fabric: Delays.
        budget_ns: Time between two registers.
    """
    depth = log2(graph.largest + 1)
    pace, levels = -log(adders_in_cycle(exp(features["width"]), graph, fabric, budget_ns)), log(depth + 0.5)
    return {
        "constant": 1.0,
        "lut": log(max(lut, 1.0)),
        "outputs": features["outputs"],
        "inputs": features["inputs"],
        "width": features["width"],
        "terms": features["terms"],
        "signed": features["signed"],
        "pace": pace,
        "pace_squared": pace**2,
        "levels": levels,
        "pace_levels": pace * levels,
    }


def rtl_unrolled(layer: LayerRecord, fabric: Fabric, budget_ns: float, table: Coefficients) -> Cost:
    """Estimate a product at reuse 1, at every position; its cycles follow from the plan alone and are fitted here."""
    constants, width = varying(layer)
    graph = graph_of(constants)
    rules = frozenset({"dsp", "bram18", "ii"})
    if not graph.digits:
        return Cost(
            model="rtl_unrolled", lut=0.0, ff=0.0, dsp=0.0, bram18=0.0, latency_min=0.0, latency_max=0.0, rules=rules
        )
    features = unrolled_features(layer, graph, width)
    model = "rtl_cut" if "dropped" in features else "rtl_unrolled"
    lut = _power(table, model, features)
    stages, delay = unrolled_stages(width, graph, fabric, budget_ns)
    ff = _power(table, "rtl_registers", register_features(lut, features, graph, fabric, budget_ns)) if stages else 0.0
    return Cost(
        model=model,
        lut=layer.pixels * lut,
        ff=layer.pixels * ff,
        dsp=0.0,
        bram18=0.0,
        latency_min=float(stages),
        latency_max=float(stages),
        delay_ns=delay,
        rules=rules,
    )


def _power(table: Coefficients, model: str, features: Mapping[str, float]) -> float:
    coefficients = table.of(model, "yosys")
    return exp(sum(coefficients[name] * value for name, value in features.items()))
