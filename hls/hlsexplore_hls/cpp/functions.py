"""Elementwise functions in C++: functor, constants and table of each (nnet/activation.h, nnet/table.h)."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np

from hlsexplore.fixed import Fixed, RawArray, quantize
from hlsexplore.op_facts import PARTS
from hlsexplore.ops import TABLE_FUNCTIONS, Activation, Function
from hlsexplore.tables import NEGATIVE_RANGE, SELU_RAW, SELU_TYPE, activation_table, half_range
from hlsexplore_hls.cpp.code import constant, cpp_type, raw_constant, rom_type, typedef
from hlsexplore_hls.cpp.op_context import OpContext, unsupported


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FunctionCode:
    """An elementwise function in C++.

    Attributes:
        functor: Its name in namespace `nnet`.
        members: Its constants.
        table: Raw entries of its table, or None.
        table_type: Type of the entries, or None.
    """

    functor: str
    members: tuple[str, ...] = ()
    table: RawArray | None = None
    table_type: Fixed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionContext:
    """What the C++ of a function depends on: the layer, the function, the types that it maps, and that of its slope."""

    layer: OpContext
    op: Activation
    source: Fixed
    result: Fixed
    weight: Fixed | None


def function_code(context: FunctionContext) -> FunctionCode:
    """Return the C++ of a function.

    Raises:
        NoModelError: If there is none.
    """
    if context.op.function in TABLE_FUNCTIONS:
        return _table(context)
    found = _DIRECT.get(context.op.function)
    if found is None:
        raise unsupported(context.layer, f"the function {context.op.function.value!r}")
    return found(context)


def _relu(context: FunctionContext) -> FunctionCode:
    top, source = context.op.max_value, context.source
    if top is None:
        return FunctionCode(functor="relu")
    limit = floor(Fraction(top) * Fraction(2) ** source.fraction)
    if limit >= source.max_raw:
        return FunctionCode(functor="relu")
    ceiling = int(quantize(np.float64(top), context.result))
    members = (raw_constant("limit_raw", limit), raw_constant("ceiling_raw", ceiling))
    return FunctionCode(functor="clipped_relu", members=members)


def _with_weight(functor: str, name: str) -> Callable[[FunctionContext], FunctionCode]:
    """Return a generator of a function with one parameter in the weight type."""

    def generate(context: FunctionContext) -> FunctionCode:
        type_ = context.weight
        if type_ is None:
            raise unsupported(context.layer, "a slope without a type")
        raw = int(quantize(np.float64(context.op.alpha), type_))
        members = (typedef(f"{name}_t", cpp_type(type_)), raw_constant(f"{name}_raw", raw))
        return FunctionCode(functor=functor, members=members)

    return generate


def _signs(context: FunctionContext) -> tuple[str, str]:
    return (
        raw_constant("one_raw", int(quantize(np.float64(1.0), context.result))),
        raw_constant("minus_one_raw", int(quantize(np.float64(-1.0), context.result))),
    )


def _ternary_tanh(context: FunctionContext) -> FunctionCode:
    fraction = context.source.fraction
    limit = ceil(Fraction(context.op.alpha) * Fraction(2) ** fraction)
    # A limit that no input reaches is as good as any larger one.
    limit = min(max(limit, 0), 1 << context.source.width)
    width = limit.bit_length() + 1
    members = (
        *_signs(context),
        typedef("limit_t", cpp_type(Fixed(width, width - fraction))),
        raw_constant("limit_raw", limit),
    )
    return FunctionCode(functor="ternary_tanh", members=members)


def _table(context: FunctionContext) -> FunctionCode:
    config, function = context.layer.config, context.op.function
    type_, bits = config.types["table"], config.table_size.bit_length() - 1
    members: tuple[str, ...] = ()
    if function in (Function.ELU, Function.SELU):
        functor, reach = function.value, NEGATIVE_RANGE
    else:
        functor = f"{PARTS[function]}_part_table" if function in PARTS else "signed_table"
        reach = 2 * half_range(function)
    if function is Function.SELU:
        members = (typedef("scale_t", cpp_type(SELU_TYPE)), raw_constant("scale_raw", SELU_RAW))
    alpha = context.op.alpha if function is Function.ELU else 1.0
    return FunctionCode(
        functor=functor,
        members=(
            constant("table_bits", bits),
            constant("shift", bits - (reach.bit_length() - 1), "int"),
            typedef("table_t", cpp_type(type_)),
            typedef("table_rom", rom_type(type_)),
            *members,
        ),
        table=activation_table(function, config.table_size, type_, alpha),
        table_type=type_,
    )


_DIRECT: dict[Function, Callable[[FunctionContext], FunctionCode]] = {
    Function.LINEAR: lambda context: FunctionCode(functor="linear"),
    Function.RELU: _relu,
    Function.LEAKY_RELU: _with_weight("leaky_relu", "slope"),
    Function.THRESHOLDED_RELU: _with_weight("thresholded_relu", "threshold"),
    Function.HARD_SIGMOID: _with_weight("hard_sigmoid", "slope"),
    Function.HARD_SWISH: _with_weight("hard_swish", "slope"),
    Function.HARD_TANH: lambda context: FunctionCode(functor="hard_tanh"),
    Function.BINARY_TANH: lambda context: FunctionCode(functor="binary_tanh", members=_signs(context)),
    Function.TERNARY_TANH: _ternary_tanh,
}
