"""Layer normalisation as cells (docs/ir.md, section LayerNorm)."""

from collections.abc import Mapping, Sequence

from hlsexplore.fixed import Fixed, Overflow, RawArray, Rounding, quantize
from hlsexplore.ops import LayerNorm
from hlsexplore.rtl_plan.lower.layer import LoweredLayer
from hlsexplore.rtl_plan.lower.matmul import signed_products
from hlsexplore.rtl_plan.lower.spatial import accumulated
from hlsexplore.rtl_plan.netlist.casts import cast
from hlsexplore.rtl_plan.netlist.cells import Value
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.tables import inverse_root_table, variance_reach
from hlsexplore.weights import raw_weights


def lower_layer_norm(layer: LoweredLayer, op: LayerNorm) -> list[Value]:
    """Add a normalisation over the last axis, at each position of the other axes."""
    size = layer.node.shape[-1]
    raw = raw_weights(layer.design, layer.node.name)
    outputs: list[Value] = []
    for first in range(0, len(layer.values[0]), size):
        outputs += _normalised(layer, op, raw, layer.values[0][first : first + size])
    return outputs


def _normalised(
    layer: LoweredLayer, op: LayerNorm, raw: Mapping[str, RawArray], values: Sequence[Value]
) -> list[Value]:
    net, types, entries = layer.net, layer.config.types, layer.config.table_size
    accum, table, weight, bias = (types[key] for key in ("accum", "table", "weight", "bias"))
    inverse = int(quantize(1.0 / len(values), accum))
    early = [cast(net, value, layer.fraction, accum) for value in values]
    mean = _mean(net, early, inverse, accum)
    spread = [cast(net, net.add(value, mean, subtract=True), accum.fraction, accum) for value in early]
    squares = [cast(net, net.multiply(value, value), 2 * accum.fraction, accum) for value in spread]
    variance = _mean(net, squares, inverse, accum)
    bits, reach = entries.bit_length() - 1, variance_reach(accum)
    index_type = Fixed(bits, bits, signed=False, rounding=Rounding.TRN_ZERO, overflow=Overflow.SAT)
    index = cast(net, variance, accum.fraction + reach - bits, index_type)
    root = net.rom(index, inverse_root_table(entries, reach, op.epsilon, table).tolist())
    scaled = accum.fraction + table.fraction + weight.fraction
    fraction = max(scaled, bias.fraction)
    outputs: list[Value] = []
    for channel, value in enumerate(spread):
        scale, offset = int(raw["weight"][channel]), int(raw["bias"][channel])
        normal = net.multiply(value, root)
        product = signed_products(net, normal, {scale})[scale] if scale else net.const(0)
        total = net.add(net.shift(product, fraction - scaled), net.const(offset << (fraction - bias.fraction)))
        outputs.append(layer.finish(total, fraction))
    return outputs


def _mean(net: Net, values: Sequence[Value], inverse: int, accum: Fixed) -> Value:
    """Add cast(sum * 1/n), the sum cast after each term."""
    total = accumulated(net, values, accum.fraction, accum)
    product = signed_products(net, total, {inverse})[inverse] if inverse else net.const(0)
    return cast(net, product, 2 * accum.fraction, accum)
