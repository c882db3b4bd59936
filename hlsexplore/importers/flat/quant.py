"""Quantizers: those of QONNX (Quant, IntQuant, BipolarQuant, Trunc), and QuantizeLinear with DequantizeLinear."""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from types import MappingProxyType

import numpy as np

from hlsexplore.encoding import WholeRounding, round_whole
from hlsexplore.fixed import RealArray
from hlsexplore.importers.flat import pointwise
from hlsexplore.importers.flat.context import Converter, FlatContext, Item
from hlsexplore.importers.flat.fold import bounded
from hlsexplore.importers.flat.joins import arithmetic
from hlsexplore.importers.flat.layout import channels_last
from hlsexplore.importers.flat.sketch import FakeQuant, Grid
from hlsexplore.importers.flat.value import Coded, Constant, FlatValue, Masked

MAX_BITS = 32
"""Most bits of a quantizer; more are no exact integers in float32."""

ROUNDINGS: Mapping[str, WholeRounding] = MappingProxyType(
    {
        "ROUND": WholeRounding.HALF_EVEN,
        "HALF_EVEN": WholeRounding.HALF_EVEN,
        "FLOOR": WholeRounding.FLOOR,
        "CEIL": WholeRounding.CEIL,
        "DOWN": WholeRounding.TOWARD_ZERO,
        "ROUND_TO_ZERO": WholeRounding.TOWARD_ZERO,
        "UP": WholeRounding.AWAY_FROM_ZERO,
        "HALF_UP": WholeRounding.HALF_AWAY,
        "HALF_DOWN": WholeRounding.HALF_TOWARD,
    }
)
"""QONNX' names of roundings, as qonnx 1.0 computes them: its HALF_UP has ties away from zero. ROUND_TO_ZERO is what
Brevitas 0.13 writes for DOWN."""


def quant(context: FlatContext) -> Item:
    """Convert Quant and IntQuant."""
    scale, zero = context.real(1, "scale"), context.real(2, "zero point")
    bits, signed = _bits(context, 3, "bit width"), context.flag("signed", True)
    _check(context, scale, zero)
    if bits == 1 and signed:
        return _applied(context, scale, zero, (-1.0, 1.0), WholeRounding.HALF_EVEN, is_bipolar=True)
    limits = _limits(bits, signed, context.flag("narrow", False))
    return _applied(context, scale, zero, limits, _rounding(context, "ROUND"))


def bipolar(context: FlatContext) -> Item:
    """Convert BipolarQuant: scale for x >= 0, else -scale."""
    scale = context.real(1, "scale")
    _check(context, scale, np.array(0.0))
    return _applied(context, scale, np.array(0.0), (-1.0, 1.0), WholeRounding.HALF_EVEN, is_bipolar=True)


def _bits(context: FlatContext, index: int, what: str) -> int:
    """Read a bit width.

    Raises:
        UnsupportedError: If it is no whole number that is the same for all elements.
    """
    values = context.real(index, what).reshape(-1)
    bits = float(values[0]) if values.size else 0.0
    if not (values == bits).all() or not isfinite(bits) or bits != int(bits) or not 1 <= bits <= MAX_BITS:
        shown = ", ".join(f"{value:g}" for value in values[:4])
        raise context.refuse(f"its {what} is {shown}.", f"Use one whole number from 1 to {MAX_BITS} for all elements.")
    return int(bits)


def _check(context: FlatContext, scale: RealArray, zero: RealArray) -> None:
    """Check that scales and zero points are usable.

    Raises:
        UnsupportedError: If they are not.
    """
    if not scale.size or not np.isfinite(scale).all() or not (scale > 0).all():
        raise context.refuse("a scale is 0, negative or not finite.", "Train with positive scales.")
    if not np.isfinite(zero).all() or (zero != np.rint(zero)).any():
        raise context.refuse("a zero point is no whole number.", "Use whole zero points.")


def _rounding(context: FlatContext, default: str) -> WholeRounding:
    name = context.text("rounding_mode", default).upper()
    if name not in ROUNDINGS:
        raise context.refuse(f"the rounding {name[:40]!r} is unknown.", f"Use one of {', '.join(ROUNDINGS)}.")
    return ROUNDINGS[name]


def _limits(bits: int, signed: bool, narrow: bool) -> tuple[float, float]:
    """Return the least and largest integer of a quantizer."""
    if signed:
        return -(2.0 ** (bits - 1)) + narrow, 2.0 ** (bits - 1) - 1
    return 0.0, 2.0**bits - 1 - narrow


def _applied(
    context: FlatContext,
    scale: RealArray,
    zero: RealArray,
    limits: tuple[float, float],
    rounding: WholeRounding,
    is_bipolar: bool = False,
) -> Item:
    """Quantise a constant now, or append the quantizer of data."""
    item = context.item(0)
    if isinstance(item, Constant):
        return _constant(item, scale, zero, limits, rounding, is_bipolar)
    if not isinstance(item, FlatValue):
        raise context.refuse("it reads integers.", "Put DequantizeLinear before it.")
    tensor, axes, (steps, zeros) = channels_last(context, item, (scale, zero))
    op = FakeQuant(
        scale=steps,
        zero=zeros,
        low=limits[0],
        high=limits[1],
        rounding=rounding,
        is_bipolar=is_bipolar,
        out_scale=steps,
        out_zero=zeros,
    )
    return FlatValue(tensor=context.add(op, (tensor,), tensor.shape), axes=axes)


def _constant(
    item: Constant,
    scale: RealArray,
    zero: RealArray,
    limits: tuple[float, float],
    rounding: WholeRounding,
    is_bipolar: bool,
) -> Constant:
    """Quantise a constant in float32, as the frameworks do."""
    bounded(np.broadcast_shapes(item.values.shape, scale.shape, zero.shape))
    steps, zeros = scale.astype(np.float32), zero.astype(np.float32)
    if is_bipolar:
        whole = np.where(item.values / steps + zeros >= 0, 1.0, -1.0)
    else:
        y = np.asarray(item.values, dtype=np.float32) / steps + zeros
        y = round_whole(np.clip(y, np.float32(limits[0]), np.float32(limits[1])), rounding)
        whole = y.astype(np.float64) - zero
    full = np.broadcast_to(scale, whole.shape)
    return Constant(values=whole * full, grid=Grid(integers=whole, scale=full))


def trunc(context: FlatContext) -> Item:
    """Convert Trunc: five inputs in its first version, six in the second, which also has an output scale."""
    scale, zero = context.real(1, "scale"), context.real(2, "zero point")
    _check(context, scale, zero)
    in_bits = _bits(context, 3, "input bit width")
    is_second = context.has(5)
    out_bits = _bits(context, 5 if is_second else 4, "output bit width")
    limits, out_scale, cut = (-np.inf, np.inf), scale, in_bits - out_bits
    if is_second:
        out_scale = context.real(4, "output scale")
        _check(context, out_scale, zero)
        shifts = np.round(np.log2(out_scale / scale))
        if (shifts != shifts.reshape(-1)[0]).any():
            raise context.refuse("its channels lose different numbers of bits.", "Use one output scale.")
        cut = int(shifts.reshape(-1)[0])
        limits = _limits(out_bits, context.flag("signed", True), context.flag("narrow", False))
    out_zero = zero / 2.0**cut if is_second else zero
    if cut < 0 or (out_zero != np.rint(out_zero)).any():
        raise context.refuse(f"it cuts off {cut} bits of a value with a zero point.", "Use a zero point of 0.")
    value = context.value(0)
    arrays = (scale, zero, out_scale, out_zero)
    tensor, axes, (steps, zeros, out_steps, out_zeros) = channels_last(context, value, arrays)
    op = FakeQuant(
        scale=steps,
        zero=zeros,
        low=limits[0],
        high=limits[1],
        rounding=_rounding(context, "FLOOR"),
        cut=cut,
        out_scale=out_steps,
        out_zero=out_zeros,
    )
    return FlatValue(tensor=context.add(op, (tensor,), tensor.shape), axes=axes)


def quantize_linear(context: FlatContext) -> Item:
    """Convert QuantizeLinear; a constant becomes integers, data waits for DequantizeLinear."""
    item, zero = context.item(0), context.constant(2, "zero point") if context.has(2) else None
    kind = np.dtype(np.uint8) if zero is None else zero.values.dtype
    if kind.kind not in "iu" or (zero is None and context.flag("output_dtype", False) and context.given("low") is None):
        raise context.refuse("it makes floating-point numbers of few bits.", "Use integers of 2 to 32 bits.")
    info = np.iinfo(kind)
    low, high = context.number("low", float(info.min)), context.number("high", float(info.max))
    scale, zeros = _along(context, context.real(1, "scale")), np.array(0.0)
    if zero is not None:
        zeros = _along(context, zero.real)
    _check(context, scale, zeros)
    if isinstance(item, Constant):
        bounded(np.broadcast_shapes(item.values.shape, scale.shape, zeros.shape))
        y = np.rint(np.asarray(item.values, dtype=np.float32) / scale.astype(np.float32)).astype(np.float64)
        return Constant(values=np.clip(y + zeros, low, high).astype(np.int64))
    return Coded(value=context.value(0), scale=scale, zero=zeros, low=low, high=high)


def _along(context: FlatContext, values: RealArray) -> RealArray:
    """Bring scales of one axis to the source's shape."""
    if context.flag("block_size", False):
        raise context.refuse("scales of blocks are not supported.", "Use a scale for each channel.")
    if values.ndim != 1 or values.size == 1:
        return values.reshape(()) if values.size == 1 else values
    item = context.item(0)
    inner = item.value if isinstance(item, Coded | Masked) else item
    count = len(inner.axes) if isinstance(inner, FlatValue) else inner.values.ndim
    axis = context.axis(context.integer("axis", 1), count)
    return values.reshape((1,) * axis + (-1,) + (1,) * (count - axis - 1))


def clip(context: FlatContext) -> Item:
    """Convert Clip: of data, or of integers, as quantizers of less than 8 bits are written."""
    item = context.item(0)
    if not isinstance(item, Coded):
        return pointwise.clip(context)
    low, high = context.number("min", item.low, 1), context.number("max", item.high, 2)
    return replace(item, low=max(low, item.low), high=min(high, item.high))


def cast(context: FlatContext) -> Item:
    """Convert Cast: of data, or of integers to a type that holds them all, as PyTorch writes it behind a quantizer."""
    item = context.item(0)
    bits = _WHOLE.get(context.integer("to", 1))
    if not isinstance(item, Coded) or bits is None:
        return pointwise.cast(context)
    low, high = _limits(abs(bits), bits < 0, False)
    if item.low < low or item.high > high:
        raise context.refuse("it cuts integers off.", "Leave it out.")
    return item


_WHOLE = {2: 8, 3: -8, 4: 16, 5: -16, 6: -32, 7: -64}
"""Bits of integers by their number in TensorProto.DataType, negative for signed ones."""


def dequantize_linear(context: FlatContext) -> Item:
    """Convert DequantizeLinear of a constant, or of what QuantizeLinear made of data."""
    item = context.item(0)
    scale = _along(context, context.real(1, "scale"))
    zero = _along(context, context.real(2, "zero point")) if context.has(2) else np.array(0.0)
    _check(context, scale, zero)
    if isinstance(item, Constant):
        bounded(np.broadcast_shapes(item.values.shape, scale.shape, zero.shape))
        whole = item.real - zero
        full = np.broadcast_to(scale, whole.shape)
        return Constant(values=whole * full, grid=Grid(integers=whole, scale=full))
    if isinstance(item, Masked):
        raise context.refuse("it reads scores that a mask hides in part.", "Let only a Softmax read them.")
    if isinstance(item, FlatValue):  # integers that come into the network
        shifted = arithmetic(replace(context, items=(item, Constant(values=zero))), "Sub")
        return arithmetic(replace(context, items=(shifted, Constant(values=scale))), "Mul")
    if not np.array_equal(item.scale, scale) or not np.array_equal(item.zero, zero):
        raise context.refuse("its scale differs from that of QuantizeLinear.", "Use one scale for both.")
    limits = (item.low - float(zero.reshape(-1)[0]), item.high - float(zero.reshape(-1)[0]))
    if zero.size > 1 and (zero != zero.reshape(-1)[0]).any():
        raise context.refuse("its channels have different zero points.", "Use one zero point.")
    # ONNX adds the zero point behind the rounding: the same as no zero point and shifted limits.
    inner = replace(context, items=(item.value, *context.items[1:]))
    return _applied(inner, scale, np.zeros_like(scale), limits, WholeRounding.HALF_EVEN)


def whole_numbers(context: FlatContext, coded: Coded) -> FlatValue:
    """Return the integers that QuantizeLinear makes of data, as an output of the network."""
    zero = float(coded.zero.reshape(-1)[0])
    if (coded.zero != zero).any():
        raise context.refuse("its channels have different zero points.", "Use one zero point.")
    tensor, axes, (steps,) = channels_last(context, coded.value, (coded.scale,))
    op = FakeQuant(
        scale=steps,
        zero=np.zeros_like(steps),
        low=coded.low - zero,
        high=coded.high - zero,
        out_scale=np.ones_like(steps),
        out_zero=np.full_like(steps, -zero),
    )
    return FlatValue(tensor=context.add(op, (tensor,), tensor.shape), axes=axes)


QUANTIZERS: dict[str, Converter] = {
    "Quant": quant,
    "IntQuant": quant,
    "BipolarQuant": bipolar,
    "Trunc": trunc,
    "QuantizeLinear": quantize_linear,
    "DequantizeLinear": dequantize_linear,
    "Clip": clip,
    "Cast": cast,
}
"""Converters of quantizers, and of what may stand in the middle of one."""
