"""Products with a constant matrix at reuse 1 in this project's own RTL, as Yosys maps it.

They are graphs of shared shift-adds (`hlsexplore.structure.cmvm`). Planning one takes up to some seconds, so its size
is estimated from the digits of the weights.
"""

from dataclasses import dataclass
from math import exp, log, log2

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.constants import bit_length, csd_digits
from hlsexplore.estimate.cost import Cost
from hlsexplore.estimate.matrix import constants_of, types_of
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.structure.timing import Fabric

DEPTH_SLOPE, DEPTH_OFFSET = 1.2, 0.5
"""Adders on the longest path of an adder graph over log2 of the digits of the largest sum (94 layers)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """What an unrolled product consists of.

    Attributes:
        digits: Signed digits of all weights.
        largest: Digits of the output with the most.
        inputs: Inputs with a weight.
        outputs: Outputs with a weight.
        dropped: Fraction bits that each product loses before the sum, over the input's width.
        is_narrow: Whether the accumulator is narrower than the exact sum.
    """

    digits: int
    largest: int
    inputs: int
    outputs: int
    dropped: float
    is_narrow: bool


def graph_of(layer: LayerRecord) -> Graph:
    """Count what the adder graph of a layer has to add."""
    source, weight, accum = types_of(layer)
    raw = constants_of(layer).weight
    digits = csd_digits(raw)
    largest = int(digits.sum(axis=0).max(initial=0))
    exact = source.width + int(bit_length(raw).max(initial=0)) + log2(max(largest, 1))
    return Graph(
        digits=int(digits.sum()),
        largest=largest,
        inputs=int((raw != 0).any(axis=1).sum()),
        outputs=int((raw != 0).any(axis=0).sum()),
        dropped=max(source.fraction + weight.fraction - accum.fraction, 0) / source.width,
        is_narrow=accum.width < exact,
    )


def unrolled_features(layer: LayerRecord, graph: Graph) -> dict[str, float]:
    """Return the logarithms whose weighted sum is the logarithm of the LUT."""
    found = {
        "constant": 1.0,
        "digits": log(graph.digits),
        "width": log(types_of(layer)[0].width + 2),
        "terms": log(graph.digits / graph.outputs),
        "outputs": log(graph.outputs),
        "inputs": log(graph.inputs),
    }
    return found | {"dropped": graph.dropped, "narrow": float(graph.is_narrow)} if graph.dropped else found


def unrolled_stages(layer: LayerRecord, graph: Graph, fabric: Fabric, budget_ns: float) -> float:
    """Return register stages as a real number: the depth of the adder graph over the adders that fit a cycle."""
    depth = DEPTH_SLOPE * log2(graph.largest + 1) + DEPTH_OFFSET
    adder = fabric.carry_ns + fabric.carry_bit_ns * (types_of(layer)[0].width + 2)
    return depth / max(1, int(budget_ns / adder))


def rtl_unrolled(layer: LayerRecord, fabric: Fabric, budget_ns: float, table: Coefficients) -> Cost:
    """Estimate a product at reuse 1, at every position."""
    graph = graph_of(layer)
    rules = frozenset({"dsp", "bram18", "ii"})
    if not graph.digits:
        return Cost(
            model="rtl_unrolled", lut=0.0, ff=0.0, dsp=0.0, bram18=0.0, latency_min=0.0, latency_max=0.0, rules=rules
        )
    model = "rtl_cut" if graph.dropped else "rtl_unrolled"
    coefficients = table.of(model, "yosys")
    lut = exp(sum(coefficients[name] * value for name, value in unrolled_features(layer, graph).items()))
    stages = unrolled_stages(layer, graph, fabric, budget_ns)
    registers = table.of("rtl_registers", "yosys")
    ff = lut * registers["scale"] * (stages / log2(graph.largest + 2)) ** registers["power"] if round(stages) else 0.0
    return Cost(
        model=model,
        lut=layer.pixels * lut,
        ff=layer.pixels * ff,
        dsp=0.0,
        bram18=0.0,
        latency_min=float(round(stages)),
        latency_max=float(round(stages)),
        rules=rules,
    )
