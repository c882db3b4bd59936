"""The C++ of layer normalisation."""

import numpy as np

from hlsexplore.fixed import quantize
from hlsexplore.ops import LayerNorm
from hlsexplore.tables import inverse_root_table, variance_reach
from hlsexplore_hls.cpp.code import LayerCode, constant, cpp_type, raw_constant, rom, rom_type, typedef
from hlsexplore_hls.cpp.op_context import OpContext


def layer_norm(context: OpContext, op: LayerNorm) -> LayerCode:
    """Return the C++ of a normalisation over the last axis."""
    config, types = context.config, context.config.types
    raw, accum, count = context.raw, types["accum"], context.node.shape[-1]
    bits, reach = config.table_size.bit_length() - 1, variance_reach(accum)
    inverse = int(quantize(np.float64(1.0 / count), accum))
    table = inverse_root_table(config.table_size, reach, op.epsilon, types["table"])
    return LayerCode(
        header=context.header("layer_norm"),
        function="nnet::layer_norm",
        summary=f"{count} elements at {context.num_positions} positions",
        members=(
            constant("num_in", count),
            constant("num_positions", context.num_positions),
            constant("table_bits", bits),
            constant("shift", bits - reach, "int"),
            raw_constant("inverse_raw", inverse),
            typedef("accum_t", cpp_type(accum)),
            *(typedef(f"{key}_t", cpp_type(types[key])) for key in ("weight", "bias", "table")),
            *(typedef(f"{key}_rom", rom_type(types[key])) for key in ("weight", "bias", "table")),
        ),
        roms=(
            rom(context.node.name, "weight", raw["weight"], types["weight"]),
            rom(context.node.name, "bias", raw["bias"], types["bias"]),
            rom(context.node.name, "table", table, types["table"]),
        ),
        ii_cycles=context.num_positions,
    )
