"""Layers in this project's own RTL, as Yosys maps them: the third level beside the two HLS tools."""

from dataclasses import replace
from math import ceil, log2

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.constants import csd_digits
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost, free, is_rounding, is_saturating, relu_bits, unknown
from hlsexplore.estimate.record import ELEMENTWISE_OPS, MOVE_OPS, POOLING_OPS, TABLE_OPS, Image, LayerRecord
from hlsexplore.estimate.rtl.folded import rtl_folded
from hlsexplore.estimate.rtl.matrix import rtl_unrolled
from hlsexplore.estimate.rtl.pooling import rtl_pooling
from hlsexplore.estimate.rtl.stream import rtl_stream
from hlsexplore.estimate.rtl.timing import rtl_fabric
from hlsexplore.estimate.technology import Technology, block_rams
from hlsexplore.fixed import Fixed
from hlsexplore.op_facts import PARTS, Part
from hlsexplore.ops import Function
from hlsexplore.rtl_plan.count.blocks import BLOCKS, Blocks
from hlsexplore.rtl_plan.count.layers import MERGED_MASK_BITS, bram_blocks
from hlsexplore.rtl_plan.netlist.timing import BLOCK_TABLE_ENTRIES, Fabric

WIRES = MOVE_OPS | {"concatenate", "permute", "crop", "upsample", "zeropad", "quantizer"}
HELD_SHARE = 0.5
"""LUT that hold an element of a ReLU: 1 before layers that share multipliers, else 0."""
ROUNDING_LUT, SATURATING_LUT = 0.5, 0.85
"""LUT for each bit of an element that is rounded, and that saturates (429 casts of 38 HGQ2 networks)."""
JOINS = frozenset({"add", "subtract", "average", "maximum", "minimum", "multiply"})


def rtl_cost(layer: LayerRecord, tech: Technology, io: str, budget_ns: float, table: Coefficients) -> Cost:
    """Estimate one layer of the RTL flow; an op without RTL is unknown.

    Args:
        layer: The layer.
        tech: Device family, and the family whose cells are counted.
        io: `parallel` or `stream`.
        budget_ns: Time between two registers.
        table: Fitted coefficients.
    """
    if io == "stream" and layer.op not in WIRES:
        return rtl_stream(layer, lambda one: rtl_cost(one, tech, "parallel", budget_ns, table))
    fabric, blocks = rtl_fabric(tech.family), BLOCKS[tech.cells]
    if layer.op == "dense":
        if layer.constants is None or (layer.pixels > 1 and layer.reuse > 1):
            return unknown(layer.op)
        return _product(layer, fabric, blocks, budget_ns, table)
    if layer.op in ("conv1d", "conv2d", "depthwise_conv2d") and layer.image is not None and layer.constants is not None:
        return _convolution(layer, layer.image, fabric, blocks, budget_ns, table)
    if layer.op in POOLING_OPS and layer.image is not None:
        bits = _mean_bits(layer, (layer.input or DEFAULT_TYPE).width)
        return rtl_pooling(layer, layer.image.window, bits, fabric, budget_ns)
    if layer.op in WIRES:
        return free("wiring")
    if layer.op == "softmax":
        return _softmax(layer, fabric, blocks, budget_ns, table)
    if layer.op in TABLE_OPS:
        return _table(layer, table)
    if layer.op == "batchnorm" and layer.constants is None:
        return unknown(layer.op)
    if layer.op == "relu":
        return _relu(layer)
    if layer.op == "linear":
        return _cast(layer)
    if layer.op in ELEMENTWISE_OPS | JOINS | {"batchnorm"}:
        return _elements(layer, blocks, table)
    return unknown(layer.op)


def _product(layer: LayerRecord, fabric: Fabric, blocks: Blocks, budget_ns: float, table: Coefficients) -> Cost:
    """A product with a constant matrix: multipliers that are shared, or shifts and adders."""
    if layer.reuse > 1:
        return rtl_folded(layer, fabric, blocks, budget_ns)
    return rtl_unrolled(layer, fabric, budget_ns, table)


def _convolution(
    layer: LayerRecord, image: Image, fabric: Fabric, blocks: Blocks, budget_ns: float, table: Coefficients
) -> Cost:
    """A product at each position at once, or at some positions after another over a held image that slides."""
    if layer.reuse == 1 and layer.parallel >= layer.pixels:
        return rtl_unrolled(layer, fabric, budget_ns, table)
    here = replace(layer, op="dense", pixels=1, channels=layer.n_out, is_held=True)
    core = _product(here, fabric, blocks, budget_ns, table)
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


def _relu(layer: LayerRecord) -> Cost:
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
        latency_min=1.0,
        latency_max=1.0,
        rules=frozenset({"bram18", "dsp", "ii"}),
    )


def _mean_bits(layer: LayerRecord, width: int) -> float:
    """Bits of an element on average; those of its type where elements have no types of their own."""
    return width if layer.input_bits is None else sum(layer.input_bits) / len(layer.input_bits)


def _cast(layer: LayerRecord) -> Cost:
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
        rules=frozenset({"bram18", "dsp", "ii"}),
    )


def _elements(layer: LayerRecord, blocks: Blocks, table: Coefficients) -> Cost:
    source, target = layer.input or DEFAULT_TYPE, layer.result or layer.input or DEFAULT_TYPE
    coefficients = table.of("rtl_element", "yosys")
    element = _element_bits(layer, source, target, blocks)
    if element is None:
        return unknown(layer.op)
    bits, dsp = element
    return Cost(
        model="rtl_element",
        lut=coefficients["lut"] * layer.elements * bits,
        ff=coefficients["ff"] * layer.elements * target.width,
        dsp=float(dsp * layer.elements),
        bram18=0.0,
        latency_min=1.0,
        latency_max=1.0,
        rules=frozenset({"bram18", "dsp", "ii"}),
    )


def _element_bits(layer: LayerRecord, source: Fixed, target: Fixed, blocks: Blocks) -> tuple[float, int] | None:
    """LUT of one element before the fitted factor, and its DSP blocks; None for a function without a formula."""
    bits = _mean_bits(layer, source.width)
    width = min(bits, float(target.width))
    cast = (target.width if is_rounding(source, target) else 0) + (width if is_saturating(source, target) else 0)
    op = layer.op
    if op == "thresholded_relu":
        return width - 1 + cast, 0
    if op == "multiply":
        is_wide = 2 * bits >= blocks.product_bits
        return cast, blocks.count(ceil(bits), ceil(bits)) if is_wide else 0
    if op in ("add", "subtract", "average"):
        return max(len(layer.sources) - 1, 1) * (bits + 1) + cast, 0
    if op in ("binary_tanh", "ternary_tanh"):
        return 3.0, 0
    if op not in _FORMULA_OPS:
        return None
    digits = 0.0
    if layer.constants is not None:
        weight = layer.constants.weight
        digits = float(csd_digits(weight).mean())
    product = max(digits - 1, 0) * (bits + 2)
    is_line = op in ("batchnorm", "hard_sigmoid", "hard_swish") or (op == "clip" and digits > 0)
    adds_bias = bits + 2 if is_line else 0
    compares = 2 * width * (op in ("maximum", "minimum", "clip"))
    factor = max(source.fraction + (layer.weight or source).fraction, 1) + 2  # between 0 and 1, and a sign
    is_wide = op == "hard_swish" and source.width + factor >= blocks.product_bits
    dsp = blocks.count(source.width, factor) if is_wide else 0
    return product + adds_bias + compares + width + cast, dsp


_FORMULA_OPS = frozenset(
    {"leaky_relu", "prelu", "hard_sigmoid", "hard_swish", "hard_tanh", "clip", "maximum", "minimum", "batchnorm"}
)
"""Functions of a product with a constant, an adder, comparisons and a choice, as far as they have them."""


def _table(layer: LayerRecord, table: Coefficients) -> Cost:
    """A table in a block ROM for each element, one LUT a bit where few entries can be reached."""
    source, target = layer.input or DEFAULT_TYPE, layer.result or layer.input or DEFAULT_TYPE
    coefficients = table.of("rtl_table", "yosys")
    reachable = min(layer.table_size, 1 << min(source.width, 30))
    in_block = reachable > BLOCK_TABLE_ENTRIES
    blocks = block_rams(layer.table_size, target.width) if in_block else 0
    lut = coefficients["lut"] * source.width + (0 if in_block else target.width)
    if layer.op in PARTS:
        entry = layer.table or DEFAULT_TYPE
        blocks = block_rams(layer.table_size, entry.width) if in_block else 0
        lut += _part_lut(layer, source, target, entry)
    return Cost(
        model="rtl_table",
        lut=layer.elements * lut,
        ff=coefficients["ff"] * layer.elements * target.width,
        dsp=0.0,
        bram18=float(layer.elements * blocks),
        latency_min=2.0,
        latency_max=2.0,
        rules=frozenset({"dsp", "ii"}),
    )


def _part_lut(layer: LayerRecord, source: Fixed, target: Fixed, entry: Fixed) -> float:
    """LUT of an element to round an index to the nearest entry, and to add a part of the input, with one cast."""
    index = float(layer.table_size.bit_length())
    if PARTS[Function(layer.op)] is Part.NOTHING:
        return index
    fraction, integer = max(source.fraction, entry.fraction), max(source.integer, entry.integer) + 1
    total = Fixed(fraction + integer, integer)
    cast = target.width * (is_rounding(total, target) + is_saturating(total, target))
    return index + total.width + cast


def _softmax(layer: LayerRecord, fabric: Fabric, blocks: Blocks, budget_ns: float, table: Coefficients) -> Cost:
    source = layer.input or DEFAULT_TYPE
    coefficients = table.of("rtl_softmax", "yosys")
    size = max(layer.channels, 1)
    groups = max(layer.elements // size, 1)
    level = fabric.carry_ns + fabric.carry_bit_ns * 18
    cycles = 3 + ceil(2 * log2(size) * min(1.0, level / budget_ns)) if size > 1 else 3
    if layer.implementation == "argmax":
        lut = groups * size * (2.0 * source.width + 2)
        cycles = ceil(log2(size) * min(1.0, level / budget_ns)) if size > 1 else 0
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
    cost = Cost(
        model="rtl_softmax",
        lut=groups * size * (coefficients["lut"] + coefficients["lut_bit"] * source.width),
        ff=groups * size * coefficients["ff"],
        dsp=float(groups * size * blocks.count(bits, bits)),
        bram18=float(groups * rams * (1 + (size if reachable > BLOCK_TABLE_ENTRIES else 0))),
        latency_min=float(cycles),
        latency_max=float(cycles),
        rules=frozenset({"dsp", "ii"}),
    )
    return replace(cost, notes=("one exponential table in a block memory for each element, and one of reciprocals",))
