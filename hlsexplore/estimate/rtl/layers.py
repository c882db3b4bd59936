"""Layers in this project's own RTL, as Yosys maps them: the third level beside the two HLS tools."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import ceil, log2
from types import MappingProxyType

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.constants import csd_digits
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost, free, is_rounding, is_saturating, relu_bits, unknown
from hlsexplore.estimate.kinds import ADDED_PARTS, MOVE_OPS, POOLING_OPS, TABLE_OPS, Kind
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.rtl.delays import cast_ns, element_ns, softmax_cycles
from hlsexplore.estimate.rtl.folded import rtl_folded
from hlsexplore.estimate.rtl.matrix import rtl_unrolled
from hlsexplore.estimate.rtl.pooling import rtl_pooling
from hlsexplore.estimate.rtl.stream import rtl_stream
from hlsexplore.estimate.rtl.timing import rtl_fabric
from hlsexplore.estimate.technology import block_rams
from hlsexplore.fixed import Fixed
from hlsexplore.op_facts import Part
from hlsexplore.rtl_plan.count.blocks import BLOCKS, Blocks
from hlsexplore.rtl_plan.count.layers import MERGED_MASK_BITS, bram_blocks
from hlsexplore.rtl_plan.netlist.timing import BLOCK_TABLE_ENTRIES, Fabric

WIRES = MOVE_OPS | {Kind.CONCATENATE, Kind.PERMUTE, Kind.CROP, Kind.UPSAMPLE, Kind.ZEROPAD, Kind.QUANTIZER}
HELD_SHARE = 0.5
"""LUT that hold an element of a ReLU: 1 before layers that share multipliers, else 0."""
SIGN_LUT = 3.0
"""LUT of an element whose result is one of two or three constants."""
ROUNDING_LUT, SATURATING_LUT = 0.5, 0.85
"""LUT for each bit of an element that is rounded, and that saturates (429 casts of 38 HGQ2 networks)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RtlPricing:
    """What all layers of a design in our RTL are priced with.

    Attributes:
        fabric: Delays that registers are placed by.
        blocks: Cells that are counted.
        budget_ns: Time between two registers.
        table: Fitted coefficients.
    """

    fabric: Fabric
    blocks: Blocks
    budget_ns: float
    table: Coefficients

    def of(self, model: str) -> Mapping[str, float]:
        """Return the coefficients of a model."""
        return self.table.of(model, "yosys")


def rtl_cost(layer: LayerRecord, p: Pricing) -> Cost:
    """Estimate one layer of the RTL flow; a kind without a row of `RTL_MODELS` is unknown.

    Args:
        layer: The layer.
        p: Family, interface and clock.
    """
    own = RtlPricing(
        fabric=rtl_fabric(p.tech.family), blocks=BLOCKS[p.tech.cells], budget_ns=p.budget_ns, table=p.table
    )
    if p.is_stream and layer.op not in WIRES:
        return rtl_stream(layer, lambda one: _whole(one, own))
    return _whole(layer, own)


def _whole(layer: LayerRecord, p: RtlPricing) -> Cost:
    """The cost of a layer whose whole tensor is there at once."""
    model = RTL_MODELS.get(layer.op)
    return unknown(layer.called) if model is None else model(layer, p)


def _dense(layer: LayerRecord, p: RtlPricing) -> Cost:
    if layer.constants is None or (layer.pixels > 1 and layer.reuse > 1):
        return unknown(layer.called)
    return _product(layer, p)


def _product(layer: LayerRecord, p: RtlPricing) -> Cost:
    """A product with a constant matrix: multipliers that are shared, or shifts and adders."""
    if layer.reuse > 1:
        return rtl_folded(layer, p.fabric, p.blocks, p.budget_ns)
    return rtl_unrolled(layer, p.fabric, p.budget_ns, p.table)


def _convolution(layer: LayerRecord, p: RtlPricing) -> Cost:
    """A product at each position at once, or at some positions after another over a held image that slides."""
    image = layer.image
    if image is None or layer.constants is None:
        return unknown(layer.called)
    if layer.reuse == 1 and layer.parallel >= layer.pixels:
        return rtl_unrolled(layer, p.fabric, p.budget_ns, p.table)
    core = _product(replace(layer, op=Kind.DENSE, pixels=1, channels=layer.n_out, is_held=True), p)
    source, target = layer.input or DEFAULT_TYPE, layer.result or layer.input or DEFAULT_TYPE
    held = image.padded_pixels * image.in_channels * (source.width - (source.signed and layer.is_rectified))
    steps = ceil(layer.pixels / max(layer.parallel, 1))
    counters = 4 * max(steps - 1, 1).bit_length()
    cycles = 2.0 + (steps - 1) * layer.reuse + (core.latency_max or 0.0)
    return Cost(
        model="rtl_convolution",
        lut=layer.parallel * (core.lut or 0.0) + held * (1 + (image.out_width > layer.parallel)) + counters,
        ff=layer.parallel * (core.ff or 0.0) + held + layer.elements * target.width + counters,
        dsp=layer.parallel * (core.dsp or 0.0),
        bram18=layer.parallel * (core.bram18 or 0.0),
        latency_min=cycles,
        latency_max=cycles,
        ii=float(steps * layer.reuse),
        rules=frozenset({"dsp", "bram18", "ii"}),
    )


def _pooling(layer: LayerRecord, p: RtlPricing) -> Cost:
    if layer.image is None:
        return unknown(layer.called)
    bits = _mean_bits(layer, (layer.input or DEFAULT_TYPE).width)
    return rtl_pooling(layer, layer.image.window, bits, p.fabric, p.budget_ns)


def _wires(layer: LayerRecord, p: RtlPricing) -> Cost:
    return free("wiring")


def _relu(layer: LayerRecord, p: RtlPricing) -> Cost:
    """Registers whose reset masks negative values; with a narrower result also its rounding and saturation."""
    source, target = layer.input or DEFAULT_TYPE, layer.result or layer.input or DEFAULT_TYPE
    bits = relu_bits(source, target)
    # Where the output is held for steps, each element's reset is one gate; that depends on the layers behind.
    lut = HELD_SHARE
    if is_rounding(source, target):
        lut += 2.0
    if is_saturating(source, target):
        lut += bits + ceil((max(source.integer - target.integer, 0) + 1) / 5) + ceil(source.width / MERGED_MASK_BITS)
    return Cost(
        model="rtl_relu",
        lut=layer.elements * lut,
        ff=layer.elements * bits + 1.0,
        dsp=0.0,
        bram18=0.0,
        latency_min=0.0,
        latency_max=0.0,
        delay_ns=p.fabric.lut_ns + cast_ns(source, target, p.fabric),
        rules=frozenset({"bram18", "dsp", "ii"}),
    )


def _mean_bits(layer: LayerRecord, width: int) -> float:
    """Bits of an element on average; those of its type where elements have no types of their own."""
    return width if layer.input_bits is None else sum(layer.input_bits) / len(layer.input_bits)


def _cast(layer: LayerRecord, p: RtlPricing) -> Cost:
    """A cast of each element: an adder where it rounds, a choice where it saturates; no registers of its own."""
    source, target = layer.input or DEFAULT_TYPE, layer.result or layer.input or DEFAULT_TYPE
    bits = _mean_bits(layer, target.width)
    lut = ROUNDING_LUT * is_rounding(source, target) + SATURATING_LUT * is_saturating(source, target)
    return Cost(
        model="rtl_cast",
        lut=lut * layer.elements * bits,
        ff=0.0,
        dsp=0.0,
        bram18=0.0,
        latency_min=0.0,
        latency_max=0.0,
        delay_ns=cast_ns(source, target, p.fabric),
        rules=frozenset({"bram18", "dsp", "ii"}),
    )


def _elements(layer: LayerRecord, p: RtlPricing) -> Cost:
    source, target = layer.input or DEFAULT_TYPE, layer.result or layer.input or DEFAULT_TYPE
    if layer.op not in ELEMENT_LUT or (layer.op == Kind.BATCHNORM and layer.constants is None):
        return unknown(layer.called)
    coefficients = p.of("rtl_element")
    lut, dsp = element_lut(layer, source, target, p.blocks)
    return Cost(
        model="rtl_element",
        lut=coefficients["lut"] * layer.elements * lut,
        ff=coefficients["ff"] * layer.elements * target.width,
        dsp=float(dsp * layer.elements),
        bram18=0.0,
        latency_min=0.0,
        latency_max=0.0,
        delay_ns=element_ns(layer, source, target, p.fabric),
        rules=frozenset({"bram18", "dsp", "ii"}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Element:
    """One element that is computed by itself.

    Attributes:
        layer: Its layer.
        source: Type of the input.
        target: Type of the result.
        blocks: Cells that are counted.
        bits: Bits of the input, on average.
        width: Bits of the input that the result has too.
        cast: LUT of the cast of the result.
    """

    layer: LayerRecord
    source: Fixed
    target: Fixed
    blocks: Blocks
    bits: float
    width: float
    cast: float


def element_lut(layer: LayerRecord, source: Fixed, target: Fixed, blocks: Blocks) -> tuple[float, int]:
    """Return the LUT of one element before the fitted factor, and its DSP blocks.

    Args:
        layer: A layer of a kind of `ELEMENT_LUT`.
        source: Type of its input.
        target: Type of its result.
        blocks: Cells that are counted.
    """
    bits = _mean_bits(layer, source.width)
    width = min(bits, float(target.width))
    cast = (target.width if is_rounding(source, target) else 0) + (width if is_saturating(source, target) else 0)
    element = _Element(layer=layer, source=source, target=target, blocks=blocks, bits=bits, width=width, cast=cast)
    return ELEMENT_LUT[layer.op](element)


def _threshold(e: _Element) -> tuple[float, int]:
    return e.width - 1 + e.cast, 0


def _factors(e: _Element) -> tuple[float, int]:
    """A product of two tensors, in DSP blocks where it is wide."""
    return e.cast, e.blocks.count(ceil(e.bits), ceil(e.bits)) if 2 * e.bits >= e.blocks.product_bits else 0


def _sum(e: _Element) -> tuple[float, int]:
    return max(len(e.layer.sources) - 1, 1) * (e.bits + 1) + e.cast, 0


def _sign(e: _Element) -> tuple[float, int]:
    return SIGN_LUT, 0


def _chosen(e: _Element) -> tuple[float, int]:
    """A product with a constant, as far as there is one, and a choice."""
    return _slope_lut(e) + e.width + e.cast, 0


def _line(e: _Element) -> tuple[float, int]:
    """A product with a constant, an offset and a choice."""
    return _slope_lut(e) + (e.bits + 2) + e.width + e.cast, 0


def _compared(e: _Element) -> tuple[float, int]:
    return _slope_lut(e) + 2 * e.width + e.width + e.cast, 0


def _bounded(e: _Element) -> tuple[float, int]:
    """Two comparisons and choices, and a line below the bounds where that has a slope."""
    offset = e.bits + 2 if _digits(e.layer) > 0 else 0
    return _slope_lut(e) + offset + 2 * e.width + e.width + e.cast, 0


def _hard_swish(e: _Element) -> tuple[float, int]:
    """A hard sigmoid, and its product with the input."""
    factor = max(e.source.fraction + (e.layer.weight or e.source).fraction, 1) + 2  # between 0 and 1, and a sign
    is_wide = e.source.width + factor >= e.blocks.product_bits
    return _line(e)[0], e.blocks.count(e.source.width, factor) if is_wide else 0


def _digits(layer: LayerRecord) -> float:
    """Signed digits of the constants, on average."""
    return 0.0 if layer.constants is None else float(csd_digits(layer.constants.weight).mean())


def _slope_lut(e: _Element) -> float:
    """LUT of a product with a constant: an adder for each digit but the first."""
    return max(_digits(e.layer) - 1, 0) * (e.bits + 2)


ELEMENT_LUT: Mapping[Kind, Callable[[_Element], tuple[float, int]]] = MappingProxyType(
    {
        Kind.THRESHOLDED_RELU: _threshold,
        Kind.MULTIPLY: _factors,
        Kind.ADD: _sum,
        Kind.SUBTRACT: _sum,
        Kind.AVERAGE: _sum,
        Kind.BINARY_TANH: _sign,
        Kind.TERNARY_TANH: _sign,
        Kind.LEAKY_RELU: _chosen,
        Kind.PRELU: _chosen,
        Kind.HARD_TANH: _chosen,
        Kind.MAXIMUM: _compared,
        Kind.MINIMUM: _compared,
        Kind.CLIP: _bounded,
        Kind.HARD_SIGMOID: _line,
        Kind.BATCHNORM: _line,
        Kind.HARD_SWISH: _hard_swish,
    }
)
"""LUT and DSP blocks of an element of each kind without a table; a kind that is not here is unknown."""


def _table(layer: LayerRecord, p: RtlPricing) -> Cost:
    """A table in a block ROM for each element, one LUT a bit where few entries can be reached."""
    source, target = layer.input or DEFAULT_TYPE, layer.result or layer.input or DEFAULT_TYPE
    coefficients = p.of("rtl_table")
    reachable = min(layer.table_size, 1 << min(source.width, 30))
    in_block = reachable > BLOCK_TABLE_ENTRIES
    blocks = block_rams(layer.table_size, target.width) if in_block else 0
    lut = coefficients["lut"] * source.width + (0 if in_block else target.width)
    if layer.op in ADDED_PARTS:
        entry = layer.table or DEFAULT_TYPE
        blocks = block_rams(layer.table_size, entry.width) if in_block else 0
        lut += _part_lut(layer, source, target, entry)
    return Cost(
        model="rtl_table",
        lut=layer.elements * lut,
        ff=coefficients["ff"] * layer.elements * target.width,
        dsp=0.0,
        bram18=float(layer.elements * blocks),
        latency_min=float(in_block),
        latency_max=float(in_block),
        delay_ns=p.fabric.rom_ns if in_block else 2 * p.fabric.lut_ns,
        rules=frozenset({"dsp", "ii"}),
    )


def _part_lut(layer: LayerRecord, source: Fixed, target: Fixed, entry: Fixed) -> float:
    """LUT of an element to round an index to the nearest entry, and to add a part of the input, with one cast."""
    index = float(layer.table_size.bit_length())
    if ADDED_PARTS[layer.op] is Part.NOTHING:
        return index
    fraction, integer = max(source.fraction, entry.fraction), max(source.integer, entry.integer) + 1
    total = Fixed(fraction + integer, integer)
    cast = target.width * (is_rounding(total, target) + is_saturating(total, target))
    return index + total.width + cast


def _softmax(layer: LayerRecord, p: RtlPricing) -> Cost:
    source = layer.input or DEFAULT_TYPE
    coefficients = p.of("rtl_softmax")
    size = max(layer.channels, 1)
    groups = max(layer.elements // size, 1)
    if layer.implementation == "argmax":
        lut = groups * size * (2.0 * source.width + 2)
        level = p.fabric.carry_ns + p.fabric.carry_bit_ns * 18
        cycles = ceil(log2(size) * min(1.0, level / p.budget_ns)) if size > 1 else 0
        return Cost(
            model="rtl_softmax",
            lut=lut,
            ff=groups * size * source.width * float(cycles > 0),
            dsp=0.0,
            bram18=0.0,
            latency_min=float(cycles),
            latency_max=float(cycles),
            rules=frozenset({"dsp", "bram18", "ii"}),
        )
    reachable = min(layer.table_size, 1 << min(source.width, 30))
    entry = layer.table or DEFAULT_TYPE
    bits, rams = entry.width + (not entry.signed), bram_blocks(entry.width, layer.table_size)
    waits, sums = softmax_cycles(layer, p.fabric, p.budget_ns)
    cost = Cost(
        model="rtl_softmax",
        lut=groups * size * (coefficients["lut"] + coefficients["lut_bit"] * source.width),
        ff=groups * size * (source.width * waits + coefficients["ff"] * sums),
        dsp=float(groups * size * p.blocks.count(bits, bits)),
        bram18=float(groups * rams * (1 + (size if reachable > BLOCK_TABLE_ENTRIES else 0))),
        latency_min=float(waits + sums),
        latency_max=float(waits + sums),
        rules=frozenset({"dsp", "ii"}),
    )
    return replace(cost, notes=("one exponential table in a block memory for each element, and one of reciprocals",))


RtlModel = Callable[[LayerRecord, RtlPricing], Cost]
RTL_MODELS: Mapping[Kind, RtlModel] = MappingProxyType(
    {
        Kind.DENSE: _dense,
        **dict.fromkeys((Kind.CONV1D, Kind.CONV2D, Kind.DEPTHWISE_CONV2D), _convolution),
        **dict.fromkeys(POOLING_OPS, _pooling),
        **dict.fromkeys(WIRES, _wires),
        Kind.SOFTMAX: _softmax,
        **dict.fromkeys(TABLE_OPS, _table),
        **dict.fromkeys(ELEMENT_LUT, _elements),
        Kind.RELU: _relu,
        Kind.LINEAR: _cast,
    }
)
"""The model of each kind of layer in our RTL; a kind that is not here is unknown."""
