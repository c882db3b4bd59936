"""Products with a constant matrix in this project's own RTL, as Yosys maps it.

The structure is known (`hlsexplore.structure`): reuse 1 is a graph of shared shift-adds, other reuse factors are chains
of multipliers fed from memories. Planning it takes seconds, so its size is estimated from the digits of the weights.
"""

from dataclasses import dataclass
from math import ceil, exp, log, log2

import numpy as np

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.constants import Integers, bit_length, csd_digits
from hlsexplore.estimate.cost import Cost
from hlsexplore.estimate.matrix import constants_of, types_of
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import block_rams
from hlsexplore.structure.folded import BLOCK_ROM_STEPS, MAX_CHAIN
from hlsexplore.structure.timing import Fabric

DSP_PRODUCT_BITS = 9
"""Narrowest product that Yosys puts into a DSP block (57 of 62 folded layers exact)."""
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lanes:
    """The multipliers of a folded product.

    Attributes:
        bits: Width of each multiplier's products, shape (groups, slots); 0 where all weights are zero.
        steps: Steps of an output.
        turns: Outputs that a slot computes one after another.
        weight_bits: Bits of a weight in memory.
        chain: Multipliers in a chain.
    """

    bits: Integers
    steps: int
    turns: int
    weight_bits: int
    chain: int

    @property
    def groups(self) -> int:
        """Inputs multiplied at once."""
        return int(self.bits.shape[0])

    @property
    def slots(self) -> int:
        """Accumulators."""
        return int(self.bits.shape[1])

    @property
    def sums(self) -> int:
        """Chains that a slot adds up."""
        return -(-self.groups // self.chain)


def lanes_of(layer: LayerRecord) -> Lanes:
    """Arrange the weights of a folded layer into multipliers, as `hlsexplore.structure.folded` does."""
    source, weight, accum = types_of(layer)
    raw = constants_of(layer).weight
    n_in, n_out = raw.shape
    turns = max(1, layer.reuse // n_in)
    steps = max(1, min(layer.reuse, n_in))
    groups, slots = n_in // steps, n_out // turns
    if layer.strategy == "resource" and layer.reuse <= n_in:
        lanes = raw[: groups * steps, : slots * turns].reshape(groups, steps, slots, turns).transpose(0, 2, 1, 3)
    else:
        lanes = raw[: groups * steps, : slots * turns].reshape(steps, groups, slots, turns).transpose(1, 2, 0, 3)
    flat = lanes.reshape(groups, slots, -1)
    low, high = flat.min(axis=-1), flat.max(axis=-1)
    top = 1 << min(source.width - source.signed, 40)
    least = np.minimum(low * top, -high * top if source.signed else 0)
    most = np.maximum(high * top, -low * top if source.signed else 0)
    exact = source.fraction + weight.fraction <= accum.fraction
    return Lanes(
        bits=_range_bits(least, most),
        steps=steps,
        turns=turns,
        weight_bits=int(_range_bits(raw.min(initial=0), raw.max(initial=0))),
        chain=min(MAX_CHAIN, groups) if exact else 1,
    )


def _range_bits(low: Integers, high: Integers) -> Integers:
    """Bits that hold every integer from low to high, low at most 0."""
    low, high = np.asarray(np.minimum(low, 0)), np.asarray(np.maximum(high, 0))
    bits = np.maximum(bit_length(high), bit_length(-low - 1))
    return np.where(low < 0, bits + 1, bits)


def folded_features(layer: LayerRecord, lanes: Lanes) -> tuple[dict[str, float], dict[str, float]]:
    """Return what the LUT and the FF of a folded product are sums of."""
    source, _, accum = types_of(layer)
    used = lanes.bits > 0
    count, mean = int(used.sum()), float(lanes.bits.mean())
    is_cut = lanes.chain == 1 and lanes.groups > 1
    width = min(accum.width, mean + log2(max(2, lanes.steps * lanes.groups)))
    memory = 0 if layer.reuse >= BLOCK_ROM_STEPS else count * lanes.weight_bits
    soft = lanes.bits[used & (lanes.bits < DSP_PRODUCT_BITS)].sum() * lanes.weight_bits
    gaps = 0.0 if is_cut else min(lanes.bits.size - count, count) * mean
    more = lanes.slots * max(lanes.sums - 1, 0) * (mean + 2) * (not is_cut)
    lut = {
        "select": float(lanes.groups * source.width * ceil(lanes.steps / 4) * (lanes.steps > 1)),
        "memory": float(memory * ceil(layer.reuse / 64)),
        "multiply": float(soft),
        "single": lanes.slots * width * (lanes.sums == 1),
        "several": lanes.slots * width * (lanes.sums > 1),
        "gaps": gaps,
        "chained": count * mean * (lanes.chain > 1),
        "control": log2(layer.reuse),
    }
    ff = {
        "held": float(layer.n_in * source.width) * (0.3 if layer.sources else 1.0),
        "accumulator": lanes.slots * width,
        "sums": more,
        "results": float(layer.n_out * (layer.result or accum).width) * (lanes.turns > 1),
        "cut": count * mean * is_cut,
        "gaps": gaps,
    }
    return lut, ff


def rtl_folded(layer: LayerRecord, fabric: Fabric, budget_ns: float, table: Coefficients) -> Cost:
    """Estimate a product that shares multipliers."""
    lanes = lanes_of(layer)
    lut, ff = folded_features(layer, lanes)
    lut_price, ff_price = table.of("rtl_folded", "yosys"), table.of("rtl_folded_ff", "yosys")
    cycles = _folded_cycles(layer, lanes, fabric, budget_ns)
    blocks = 0
    if layer.reuse >= BLOCK_ROM_STEPS:
        for delay in range(lanes.chain):
            own = len(range(delay, lanes.groups, lanes.chain)) * lanes.slots * lanes.weight_bits
            blocks += block_rams(layer.reuse, own)
    return Cost(
        model="rtl_folded",
        lut=sum(lut_price[name] * value for name, value in lut.items()),
        ff=sum(ff_price[name] * value for name, value in ff.items()),
        dsp=float((lanes.bits >= DSP_PRODUCT_BITS).sum()),
        bram18=float(blocks),
        latency_min=cycles,
        latency_max=cycles,
        ii=float(layer.reuse),
        rules=frozenset({"dsp", "bram18", "ii"}),
    )


def _folded_cycles(layer: LayerRecord, lanes: Lanes, fabric: Fabric, budget_ns: float) -> float:
    """Return the cycles from the inputs to the outputs: steps, registers of multipliers, chain, sums, accumulator."""
    accum = types_of(layer)[2]
    mean = float(lanes.bits.mean())
    levels = ceil(log2(lanes.sums)) if lanes.sums > 1 else 0
    now, front = fabric.dsp_add_ns if lanes.chain > 1 else 0.0, 0
    for level in range(levels):
        adder = fabric.carry_ns + fabric.carry_bit_ns * (mean + 2 + level)
        if now > 0 and now + adder > budget_ns:
            front, now = front + 1, 0.0
        now += adder
    loop = fabric.carry_ns + fabric.carry_bit_ns * accum.width
    registered = now > 0 and now + loop > budget_ns
    waited = 0 if layer.sources else 1
    multiply = 1 if fabric.dsp_ns <= budget_ns else 2
    return float(waited + layer.reuse - 1 + 1 + multiply + lanes.chain - 1 + front + registered + 1 + (lanes.turns > 1))
