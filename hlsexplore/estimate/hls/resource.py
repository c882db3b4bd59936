"""Products whose weights come from a memory: the resource strategy with reuse above 1."""

from dataclasses import dataclass
from math import ceil, floor, log2

from hlsexplore.estimate.constants import bit_length
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.hls.matrix import types_of
from hlsexplore.estimate.kinds import RECURRENT_OPS, Kind
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import MEMORY_BITS_IN_LUT, Speed, Technology, block_rams
from hlsexplore.fixed import Overflow

MAX_MUX_INPUTS = 256
"""Inputs that a multiplexer of Vivado HLS has at most.

The code of hls4ml's encoded convolutions indexes the whole window, so each multiplier chooses among all inputs up to
this many (273 LUT each of 64, 160 and 256 multipliers with 80 inputs); wider windows are shifted instead."""
MAX_PARTITIONED = 1024
"""Elements up to which an array becomes registers (UG902, config_array_partition); a longer one is a memory."""
SHIFTED_INPUT_LUT = 10.0
"""LUT of an input that is loaded and shifted, not chosen: reuse of n_in or more (20 layers of 6 repositories)."""
WIDE_DEPTH = 2.0
"""More cycles of a product that takes several DSP blocks (7 loops of 32 x 32 bits)."""
LONG_CYCLE_NS = 6.0
"""Time from which a multiplication and an addition of 7 series fit a cycle."""
MERGED_DEPTH = 5.0
"""Cycles beside the reuse where products are merged with their sums into DSPs (2 loops of one design)."""
COPIED_FROM, WORDS_FROM = 2023.0, 2023.15
"""Versions of Vitis HLS between which the weights of a cycle are not made one word of a memory."""
MAX_PORT_BITS, PORT_LUT, PORT_FF, PORT_DEPTH = 512, 6.0, 7.4, 8.0
"""Bits up to which a shift grows that picks the input of a product out of the port of the design, its LUT and FF a bit,
and its cycles on 7 series: 710, 1,521 and 3,216 LUT for 128, 256 and 1,024 bits and more. Two layers of two designs
have one for each product that an output sums, and no multiplexers."""
MERGED_SHARE = 0.85
"""Share of the accumulating adders that Vivado HLS merges on Virtex-7 and Kintex-7 (7,230 of 8,530 adders)."""


@dataclass(frozen=True, slots=True)
class ResourceBlock:
    """Multipliers and memory of a layer.

    Attributes:
        size: Multipliers: ceil(n_in * n_out / reuse).
        bits: Bits of a weight in the memory word.
        last_bits: Bits of the last weight of a word, which is cut to its range.
        wraps: Whether a multiplier serves several outputs (reuse above n_in).
        outputs_each: Outputs that a multiplier serves.
        products_each: Products of a cycle that one output sums.
    """

    size: int
    bits: int
    last_bits: int
    wraps: bool
    outputs_each: float
    products_each: int

    @property
    def word(self) -> int:
        """Bits of a memory word."""
        return (self.size - 1) * self.bits + self.last_bits


def block_of(layer: LayerRecord) -> ResourceBlock:
    """Lay a layer out."""
    bits, last = block_widths(layer)
    wraps = layer.reuse > layer.n_in
    return ResourceBlock(
        size=ceil(layer.n_in * layer.n_out / layer.reuse),
        bits=bits,
        last_bits=last,
        wraps=wraps,
        outputs_each=layer.reuse / layer.n_in if wraps else 1.0,
        products_each=1 if wraps else max(1, round(layer.n_in / layer.reuse)),
    )


def block_widths(layer: LayerRecord) -> tuple[int, int]:
    """Bits of a weight in the memory word: of all blocks but the last, and of the last, which is cut to its range."""
    bits = (layer.weight or DEFAULT_TYPE).width
    if layer.constants is None:
        return bits, bits
    last = layer.constants.weight.T.reshape(-1)[-layer.reuse :]
    negative = int((bit_length(-last[last < 0] - 1) + 1).max(initial=1))
    positive = int((bit_length(last[last > 0]) + 1).max(initial=1))
    return bits, min(bits, max(negative, positive))


def resource(layer: LayerRecord, p: Pricing) -> Cost:
    """Estimate a block of multipliers fed from a weight memory.

    With n_in * n_out weights and reuse R the block has ceil(n_in * n_out / R) multipliers; a memory word holds a weight
    for each. Up to R = n_in each output has its own multipliers, beyond it a multiplier serves R / n_in outputs.
    """
    block, tech = block_of(layer), p.tech
    dsp, soft = _multipliers(layer, block, tech)
    saturating = types_of(layer)[2].overflow is not Overflow.WRAP
    depth = _depth(block, soft, soft and dsp > 0, saturating, tech, p.budget_ns)
    depth += WIDE_DEPTH * (dsp > block.size and not saturating and tech.speed is Speed.SLOW)
    is_packed = p.reads_port and not tech.is_vitis and not _is_window(layer) and 2 < layer.reuse < layer.n_in
    muxes, mux_lut = (0, 0.0) if is_packed else _muxes(layer, block, p)
    lut, ff = _lut(layer, block, soft, p) + muxes * mux_lut, _registers(layer, block, soft, p)
    if is_packed:
        shift = block.products_each * min(layer.n_in * types_of(layer)[0].width, MAX_PORT_BITS)
        lut, ff, depth = lut + PORT_LUT * shift, ff + PORT_FF * shift, depth + PORT_DEPTH * (tech.speed is Speed.SLOW)
    return Cost(
        model="resource",
        lut=lut,
        ff=ff,
        dsp=float(dsp),
        bram18=float(_memory(layer, block, p.tech)),
        latency_min=layer.reuse + depth,
        latency_max=layer.reuse + depth + 1,
        ii=float(layer.reuse),
        muxes=float(muxes),
        mux_lut=mux_lut,
        rules=frozenset({"dsp", "bram18", "ii", "latency_min", "latency_max"}),
        notes=() if layer.constants is not None else ("weights unknown",),
    )


def _model(block: ResourceBlock) -> str:
    """Name of the coefficients: the tools' code differs for multipliers that serve several outputs."""
    return "resource_many" if block.wraps else "resource"


def _multipliers(layer: LayerRecord, block: ResourceBlock, tech: Technology) -> tuple[int, bool]:
    """DSP blocks, and whether the multipliers are LUTs.

    Where no bit of a product is dropped, both tools merge narrow products with their additions into DSPs on 7 series
    (Vitis HLS: ten layers of two designs of one repository).
    """
    source, weight, accum = types_of(layer)
    last = block.bits if _is_copied(tech) else block.last_bits
    sizes = ((block.bits, block.size - 1), (last, 1))
    dsp = sum(count * tech.multiplier_dsp(source.width, bits) for bits, count in sizes if bits >= _least_bits(tech))
    soft = dsp == 0
    exact = source.fraction + weight.fraction <= accum.fraction
    if soft and exact and tech.speed is Speed.SLOW:
        return (block.size if block.wraps else layer.n_out * ceil(block.products_each / 2)), True
    return dsp, soft


def _least_bits(tech: Technology) -> int:
    """Narrowest weights from a memory that Vitis HLS multiplies in a DSP: 8 bit do, 6 bit do not (31 designs)."""
    return 7 if tech.is_vitis else 0


def _is_copied(tech: Technology) -> bool:
    """Whether the weights stay a memory of single weights, with a copy for two multipliers.

    hls4ml leaves it to Vitis HLS to make words of them. 2023.1 does not (three products of one design), 2023.2 and
    2024.1 do, and before them hls4ml asked for it.
    """
    return tech.is_vitis and COPIED_FROM <= tech.version < WORDS_FROM


def _memory(layer: LayerRecord, block: ResourceBlock, tech: Technology) -> int:
    """Blocks of the weight memory and of the output index; small memories are LUTs."""
    bram, words = 0, layer.n_in * layer.n_out
    if _is_copied(tech):
        bram += ceil(block.size / 2) * block_rams(words, block.bits) if words * block.bits >= MEMORY_BITS_IN_LUT else 0
    elif block.word * layer.reuse >= MEMORY_BITS_IN_LUT:
        bram += block_rams(layer.reuse, block.word)
    index = ceil(log2(block.outputs_each)) if block.outputs_each > 1 else 0
    if index * layer.reuse >= MEMORY_BITS_IN_LUT:
        bram += block_rams(layer.reuse, index)
    return bram


def _muxes(layer: LayerRecord, block: ResourceBlock, p: Pricing) -> tuple[int, float]:
    """Multiplexers of many inputs in Vivado HLS, and LUT of each.

    A multiplier that serves several outputs chooses its accumulator, one with reuse below n_in its input: among all of
    them in a stream, elsewhere among twice the reuse (three products of 128 and 256 inputs at reuse 32 have the price
    of 64; 52 products before could not tell). Where the reuse is n_in, one multiplexer serves all. Windows of more than
    256 inputs are shifted instead, and so are those of convolutions, except in the encoded variant, which indexes them.
    """
    tech = p.tech
    if tech.is_vitis:
        return 0, 0.0
    if block.wraps:
        if block.outputs_each > 2 and layer.n_out <= MAX_MUX_INPUTS:
            return block.size, tech.mux(layer.n_out)
        return (0 if p.is_flat else 1), tech.mux(min(layer.n_in, MAX_MUX_INPUTS))
    if layer.reuse == 2:  # a choice of two
        return 0, 0.0
    if _is_window(layer) or layer.n_in > MAX_MUX_INPUTS:
        return 0, 0.0
    choices = layer.n_in if p.is_stream else min(2 * layer.reuse, layer.n_in)
    inputs = 1 << (choices - 1).bit_length()
    return (1 if layer.reuse == layer.n_in else block.size), tech.mux(inputs)


def _is_window(layer: LayerRecord) -> bool:
    """Whether the inputs are a window that is shifted, not chosen from."""
    return layer.op not in (Kind.DENSE, *RECURRENT_OPS) and layer.implementation != "encoded"


def _lut(layer: LayerRecord, block: ResourceBlock, soft: bool, p: Pricing) -> float:
    """LUT of multipliers, accumulators, input choice; multiplexers of many inputs come on top.

    A layer that is the whole design chooses its input from a port, by shifting it (`port`; 103 single layers).
    """
    source, _, accum = types_of(layer)
    tech, coefficients = p.tech, p.of(_model(block))
    is_shifted = _is_window(layer) or layer.reuse == layer.n_in
    lut = coefficients["constant"]
    if layer.n_in <= MAX_PARTITIONED:
        shifts = is_shifted and layer.reuse >= layer.n_in and not tech.is_vitis
        lut += (SHIFTED_INPUT_LUT if shifts else coefficients["input"]) * layer.n_in
    lut += coefficients["port"] * (block.wraps and p.is_flat)
    lut += (coefficients["output"] + coefficients["output_bit"] * block.bits) * layer.n_out * accum.width / 16
    if soft or tech.is_vitis:
        lut += block.size * (tech.soft_multiplier(max(source.width, block.bits)) if soft else tech.dsp_lut())
    accumulate = tech.adder(accum.width)
    if tech.is_quick and not tech.is_vitis:
        accumulate = MERGED_SHARE * tech.chained_adder(accum.width) + (1 - MERGED_SHARE) * accumulate
    if accum.overflow is not Overflow.WRAP:
        accumulate += coefficients["saturate"] * accum.width
    if block.wraps and tech.is_vitis:
        return lut + coefficients["block"] * block.size
    if block.wraps and block.outputs_each > 2:
        return lut + block.size * accumulate
    if block.wraps:
        return lut + coefficients["two"] * block.size * accum.width
    lut += block.size * accumulate
    groups = block.products_each if layer.reuse != layer.n_in or tech.is_vitis else 0
    return lut + groups * (tech.mux(layer.reuse) if tech.is_vitis else (layer.reuse - 1) * source.width)


def _registers(layer: LayerRecord, block: ResourceBlock, soft: bool, p: Pricing) -> float:
    source, _, accum = types_of(layer)
    tech, coefficients = p.tech, p.of(_model(block))
    ff = coefficients["ff_constant"] + coefficients["ff_output"] * layer.n_out * accum.width
    ff += coefficients["ff_input"] * layer.n_in * source.width
    if block.wraps and block.outputs_each <= 2 and tech.speed is not Speed.SLOW and not tech.is_vitis:
        return ff if soft else ff + block.word
    if accum.overflow is not Overflow.WRAP:
        return ff + coefficients["ff_saturate"] * block.size * accum.width
    if soft and tech.speed is not Speed.SLOW:
        return ff + 2.2 * block.size
    merged = 0.3 if soft and tech.speed is Speed.SLOW else 1.0
    return ff + coefficients["ff_block"] * merged * block.size * accum.width


def _depth(
    block: ResourceBlock, soft: bool, merged: bool, saturating: bool, tech: Technology, budget_ns: float
) -> float:
    """Cycles beside the reuse: reading the weights, multiplying, adding up.

    Fast devices take one, with the lean library none for sums of up to two products (three loops of two networks; sums
    of four, and products that serve several outputs, take one there too). On 7 series below 6 ns a multiplication takes
    four with its sum, each doubling of the summands one more, multipliers of LUTs two less (18 of 20 loops of three
    repositories, 2019.1 to 2020.1), products merged with their sums into DSPs always five (2 loops); at 10 ns two are
    enough. Saturating sums are not cut into cycles at all (8 loops of two designs).
    """
    if saturating:
        return 2.0
    levels = floor(log2(block.products_each))
    if tech.speed is Speed.SLOW and budget_ns > LONG_CYCLE_NS:
        return 2.0 + levels // 3
    if merged and not block.wraps:
        return MERGED_DEPTH
    if tech.speed is Speed.SLOW:
        return max(4.0, 3.0 + levels) - (2.0 if soft else 0.0)
    if tech.is_lean and not block.wraps and block.products_each <= 2:
        return 0.0
    return 0.0 if soft and block.wraps and block.outputs_each <= 2 and not tech.is_vitis else 1.0
