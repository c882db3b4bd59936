"""The C++ of softmax."""

import numpy as np

from hlsexplore.fixed import quantize
from hlsexplore.layer_config import SoftmaxMode
from hlsexplore.ops import Softmax
from hlsexplore.tables import softmax_tables
from hlsexplore_hls.cpp.code import LayerCode, constant, cpp_type, raw_constant, rom, rom_type, typedef
from hlsexplore_hls.cpp.op_context import OpContext


def softmax(context: OpContext, op: Softmax) -> LayerCode:
    """Return the C++ of a softmax over the last axis."""
    node, config, types = context.node, context.config, context.config.types
    classes, positions = node.shape[-1], context.num_positions
    common = (constant("num_in", classes), constant("num_positions", positions))
    summary = f"{classes} classes" + (f" at {positions} positions" if positions > 1 else "")
    if config.softmax is SoftmaxMode.ARGMAX:
        one = int(quantize(np.float64(1.0), types["result"]))
        members = (*common, raw_constant("one_raw", one))
        return LayerCode(
            header=context.header("softmax"),
            function="nnet::argmax",
            summary=summary,
            members=members,
            ii_cycles=positions,
        )
    is_stable = config.softmax is SoftmaxMode.STABLE
    tables = softmax_tables(
        context.types[0],
        types["exp_table"],
        types["inv_input"],
        types["inv_table"],
        config.table_size,
        is_stable,
        config.exp_integer,
    )
    return LayerCode(
        header=context.header("softmax"),
        function="nnet::softmax",
        template=("nnet::stable_norm" if is_stable else "nnet::latency_norm",),
        summary=summary,
        members=(
            *common,
            constant("exp_bits", tables.exp_bits),
            constant("inverse_bits", tables.inverse_bits),
            typedef("norm_t", cpp_type(tables.norm)),
            typedef("exp_table_t", cpp_type(types["exp_table"])),
            typedef("accum_t", cpp_type(types["accum"])),
            typedef("inv_input_t", cpp_type(types["inv_input"])),
            typedef("inv_table_t", cpp_type(types["inv_table"])),
            typedef("exp_rom", rom_type(types["exp_table"])),
            typedef("inv_rom", rom_type(types["inv_table"])),
        ),
        roms=(
            rom(node.name, "exp_table", tables.exp, types["exp_table"]),
            rom(node.name, "inv_table", tables.inverse, types["inv_table"]),
        ),
        ii_cycles=positions,
    )
