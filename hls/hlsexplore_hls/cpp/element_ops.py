"""The C++ of elementwise layers: activations, tables, batch normalisation, merges."""

from fractions import Fraction
from math import ceil, floor

import numpy as np

from hlsexplore.emulate.merge import RECIPROCAL
from hlsexplore.emulate.pointwise import SELU_RAW, SELU_TYPE
from hlsexplore.fixed import Fixed, quantize
from hlsexplore.ops import Activation, Function, Merge, MergeFunction, PRelu
from hlsexplore.tables import NEGATIVE_RANGE, activation_table, half_range
from hlsexplore_hls.cpp.code import LayerCode, constant, cpp_type, raw_constant, rom, rom_type, typedef
from hlsexplore_hls.cpp.op_context import OpContext, OpGenerator, lane_members, unsupported

MAX_MERGED = 4
"""Tensors that one call of the library joins."""


def activation(context: OpContext) -> LayerCode:
    """Return the C++ of an elementwise function."""
    generator = _FUNCTIONS.get(_op(context).function)
    if generator is None:
        raise unsupported(context)
    return generator(context)


def _op(context: OpContext) -> Activation:
    op = context.node.op
    if not isinstance(op, Activation):
        raise unsupported(context)
    return op


def _direct(context: OpContext, functor: str, members: tuple[str, ...] = ()) -> LayerCode:
    """Return the call of a function without a table."""
    lanes, cycles = lane_members(context)
    return LayerCode(
        header=context.header("activation"),
        function="nnet::activate",
        template=(f"nnet::{functor}",),
        summary=f"{context.node.num_elements} elements",
        members=(*lanes, *members),
        ii_cycles=cycles,
    )


def _linear(context: OpContext) -> LayerCode:
    return _direct(context, "linear")


def _relu(context: OpContext) -> LayerCode:
    top, source = _op(context).max_value, context.types[0]
    if top is None:
        return _direct(context, "relu")
    limit = floor(Fraction(top) * Fraction(2) ** source.fraction)
    if limit >= source.max_raw:
        return _direct(context, "relu")
    if limit < 0:
        raise unsupported(context, f"a negative max_value ({top:g})")
    ceiling = int(quantize(np.float64(top), context.config.types["result"]))
    return _direct(context, "clipped_relu", (raw_constant("limit_raw", limit), raw_constant("ceiling_raw", ceiling)))


def _weight_constant(context: OpContext, name: str) -> tuple[str, str]:
    """Return the function's parameter in the weight type."""
    type_ = context.config.types["weight"]
    raw = int(quantize(np.float64(_op(context).alpha), type_))
    return typedef(f"{name}_t", cpp_type(type_)), raw_constant(f"{name}_raw", raw)


def _leaky_relu(context: OpContext) -> LayerCode:
    return _direct(context, "leaky_relu", _weight_constant(context, "slope"))


def _thresholded_relu(context: OpContext) -> LayerCode:
    return _direct(context, "thresholded_relu", _weight_constant(context, "threshold"))


def _hard_sigmoid(context: OpContext) -> LayerCode:
    return _direct(context, "hard_sigmoid", _weight_constant(context, "slope"))


def _hard_tanh(context: OpContext) -> LayerCode:
    return _direct(context, "hard_tanh")


def _signs(context: OpContext) -> tuple[str, str]:
    result = context.config.types["result"]
    return (
        raw_constant("one_raw", int(quantize(np.float64(1.0), result))),
        raw_constant("minus_one_raw", int(quantize(np.float64(-1.0), result))),
    )


def _binary_tanh(context: OpContext) -> LayerCode:
    return _direct(context, "binary_tanh", _signs(context))


def _ternary_tanh(context: OpContext) -> LayerCode:
    fraction = context.types[0].fraction
    limit = ceil(Fraction(_op(context).alpha) * Fraction(2) ** fraction)
    # A limit that no input reaches is as good as any larger one.
    limit = min(max(limit, 0), 1 << context.types[0].width)
    width = limit.bit_length() + 1
    members = (
        *_signs(context),
        typedef("limit_t", cpp_type(Fixed(width, width - fraction))),
        raw_constant("limit_raw", limit),
    )
    return _direct(context, "ternary_tanh", members)


def _table(context: OpContext, functor: str, shift: int, members: tuple[str, ...] = ()) -> LayerCode:
    op, config, type_ = _op(context), context.config, context.config.types["table"]
    alpha = op.alpha if op.function is Function.ELU else 1.0
    lanes, cycles = lane_members(context)
    return LayerCode(
        header=context.header("table", "activation_stream"),
        function="nnet::look_up",
        template=(f"nnet::{functor}",),
        summary=f"{context.node.num_elements} elements by a table of {config.table_size}",
        members=(
            *lanes,
            constant("table_bits", config.table_size.bit_length() - 1),
            constant("shift", shift, "int"),
            typedef("table_t", cpp_type(type_)),
            typedef("table_rom", rom_type(type_)),
            *members,
        ),
        roms=(rom(context.node.name, "table", activation_table(op.function, config.table_size, type_, alpha), type_),),
        ii_cycles=cycles,
    )


def _signed_table(context: OpContext) -> LayerCode:
    bits = context.config.table_size.bit_length() - 1
    return _table(context, "signed_table", bits - (2 * half_range(_op(context).function)).bit_length() + 1)


def _elu(context: OpContext) -> LayerCode:
    return _table(context, "elu", _negative_shift(context))


def _selu(context: OpContext) -> LayerCode:
    members = (typedef("scale_t", cpp_type(SELU_TYPE)), raw_constant("scale_raw", SELU_RAW))
    return _table(context, "selu", _negative_shift(context), members)


def _negative_shift(context: OpContext) -> int:
    return context.config.table_size.bit_length() - NEGATIVE_RANGE.bit_length()


def affine(context: OpContext) -> LayerCode:
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


def prelu(context: OpContext) -> LayerCode:
    """Return the C++ of a PReLU: a slope for each channel, or for each element where they differ."""
    op, type_, (lanes, cycles) = context.node.op, context.config.types["weight"], lane_members(context)
    if not isinstance(op, PRelu):
        raise unsupported(context)
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


def merge(context: OpContext) -> LayerCode:
    """Return the C++ of an elementwise function of several tensors."""
    op, count, (lanes, cycles) = context.node.op, len(context.shapes), lane_members(context)
    if not isinstance(op, Merge) or not 2 <= count <= MAX_MERGED:
        raise unsupported(context, f"{count} inputs")
    if any(shape != context.node.shape for shape in context.shapes):
        raise unsupported(context, "inputs of different shapes")
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


_FUNCTIONS: dict[Function, OpGenerator] = {
    Function.LINEAR: _linear,
    Function.RELU: _relu,
    Function.LEAKY_RELU: _leaky_relu,
    Function.THRESHOLDED_RELU: _thresholded_relu,
    Function.HARD_SIGMOID: _hard_sigmoid,
    Function.HARD_TANH: _hard_tanh,
    Function.BINARY_TANH: _binary_tanh,
    Function.TERNARY_TANH: _ternary_tanh,
    Function.SIGMOID: _signed_table,
    Function.TANH: _signed_table,
    Function.SOFTPLUS: _signed_table,
    Function.SOFTSIGN: _signed_table,
    Function.ELU: _elu,
    Function.SELU: _selu,
}
