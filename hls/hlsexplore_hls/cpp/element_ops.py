"""The C++ of elementwise layers: activations, tables, batch normalisation, merges."""

from dataclasses import replace
from math import isfinite

import numpy as np

from hlsexplore.coverage import AVERAGE_OF_MANY
from hlsexplore.emulate.carrier import Span
from hlsexplore.emulate.merge import RECIPROCAL
from hlsexplore.emulate.piecewise import raw_limit
from hlsexplore.fixed import Fixed, quantize
from hlsexplore.op_facts import limits_raw
from hlsexplore.ops import Activation, Affine, Clip, Merge, MergeFunction, PRelu, Requantize
from hlsexplore_hls.cpp.code import LayerCode, Rom, constant, cpp_type, raw_constant, rom, rom_type, typedef
from hlsexplore_hls.cpp.functions import FunctionContext, function_code
from hlsexplore_hls.cpp.joins import MAX_JOINED
from hlsexplore_hls.cpp.op_context import OpContext, lane_members


def activation(context: OpContext, op: Activation) -> LayerCode:
    """Return the C++ of an elementwise function."""
    types = context.config.types
    code = function_code(
        FunctionContext(
            layer=context, op=op, source=context.types[0], result=types["result"], weight=types.get("weight")
        )
    )
    lanes, cycles = lane_members(context)
    roms: tuple[Rom, ...] = ()
    if code.table is not None and code.table_type is not None:
        roms = (rom(context.node.name, "table", code.table, code.table_type),)
    return LayerCode(
        header=context.header("table", "activation_stream") if roms else context.header("activation"),
        function="nnet::look_up" if roms else "nnet::activate",
        template=(f"nnet::{code.functor}",),
        summary=f"{context.node.num_elements} elements",
        members=(*lanes, *code.members),
        roms=roms,
        ii_cycles=cycles,
    )


def clip(context: OpContext, op: Clip) -> LayerCode:
    """Return the C++ of bounds with a constant or a line below."""
    source, types, (lanes, cycles) = context.types[0], context.config.types, lane_members(context)
    span = Span.of(source)
    below = [raw_constant("floor_raw", _raw(op.floor, types["result"]))]
    if op.slope:
        parts = (("slope", op.slope, types["weight"]), ("offset", op.offset, types["bias"]))
        below = [typedef(f"{name}_t", cpp_type(type_)) for name, _, type_ in parts]
        below += [raw_constant(f"{name}_raw", _raw(value, type_)) for name, value, type_ in parts]
    return LayerCode(
        header=context.header("activation"),
        function="nnet::activate",
        template=("nnet::clip_line" if op.slope else "nnet::clip",),
        summary=f"{context.node.num_elements} elements",
        members=(
            *lanes,
            # One bit more than the input, for a bound below all of its values.
            typedef("bound_t", cpp_type(Fixed(source.width + 1, source.integer + 1))),
            raw_constant("low_raw", raw_limit(op.low, span)),
            raw_constant("high_raw", raw_limit(op.high, span)),
            raw_constant("ceiling_raw", _raw(op.high, types["result"]) if isfinite(op.high) else 0),
            *below,
        ),
        ii_cycles=cycles,
    )


def _raw(value: float, type_: Fixed) -> int:
    return int(quantize(np.float64(value), type_))


def affine(context: OpContext, op: Affine | Requantize) -> LayerCode:
    """Return the C++ of a scale and offset of each channel."""
    types, raw, (lanes, cycles) = context.config.types, context.raw, lane_members(context)
    return LayerCode(
        header=context.header("affine", "activation_stream"),
        function="nnet::affine",
        summary=f"{raw['weight'].size} channels at {context.num_positions} positions",
        members=(
            *lanes,
            constant("num_weights", raw["weight"].size),
            typedef("weight_t", cpp_type(types["weight"])),
            typedef("bias_t", cpp_type(types["bias"])),
            typedef("weight_rom", rom_type(types["weight"])),
            typedef("bias_rom", rom_type(types["bias"])),
        ),
        roms=tuple(rom(context.node.name, key, raw[key], types[key]) for key in ("weight", "bias")),
        ii_cycles=cycles,
    )


def requantize(context: OpContext, op: Requantize) -> LayerCode:
    """Return the C++ of a scale and offset of each channel, and a clip."""
    type_ = context.config.types["result"]
    low, high = limits_raw(op, type_)
    code = affine(context, op)
    if (low, high) == (type_.min_raw, type_.max_raw):
        return code
    limits = (raw_constant("low_raw", low), raw_constant("high_raw", high))
    return replace(code, function="nnet::requantize", members=(*code.members, *limits))


def prelu(context: OpContext, op: PRelu) -> LayerCode:
    """Return the C++ of a PReLU: a slope for each channel, or for each element where they differ."""
    type_, (lanes, cycles) = context.config.types["weight"], lane_members(context)
    full = np.broadcast_to(context.raw["weight"], context.node.shape)
    rows = full.reshape(-1, context.node.shape[-1])
    slopes = rows[0] if (rows == rows[0]).all() else full.ravel()
    return LayerCode(
        header=context.header("affine", "activation_stream"),
        function="nnet::prelu",
        summary=f"{context.node.num_elements} elements, {slopes.size} slopes",
        members=(
            *lanes,
            constant("num_weights", slopes.size),
            typedef("weight_t", cpp_type(type_)),
            typedef("weight_rom", rom_type(type_)),
        ),
        roms=(rom(context.node.name, "weight", slopes, type_),),
        ii_cycles=cycles,
    )


_JOINS = {
    MergeFunction.ADD: "sum",
    MergeFunction.AVERAGE: "sum",
    MergeFunction.SUBTRACT: "difference",
    MergeFunction.MULTIPLY: "product",
    MergeFunction.MAXIMUM: "maximum",
    MergeFunction.MINIMUM: "minimum",
}


def merge(context: OpContext, op: Merge) -> LayerCode:
    """Return the C++ of an elementwise function of several tensors."""
    count, (lanes, cycles) = len(context.shapes), lane_members(context)
    if count > MAX_JOINED:
        raise AVERAGE_OF_MANY.error(context.node, io=context.design.target.io.value, count=count)
    is_average = op.function is MergeFunction.AVERAGE
    scale = (
        typedef("scale_t", cpp_type(RECIPROCAL)),
        raw_constant("scale_raw", int(quantize(np.float64(1.0 / count), RECIPROCAL))),
    )
    return LayerCode(
        header=context.header("merge"),
        function="nnet::merge",
        template=(f"nnet::{_JOINS[op.function]}", "nnet::scale" if is_average else "nnet::keep"),
        summary=f"{count} tensors of {context.node.num_elements} elements",
        members=(*lanes, *(scale if is_average else ())),
        ii_cycles=cycles,
    )
