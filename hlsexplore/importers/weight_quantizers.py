"""QKeras quantizers applied to weights, in numpy float32 as QKeras computes them (qkeras 0.9 and qkeras-v3 1.2).

A quantised array is `grid * scale`: `grid` lies on a fixed-point grid, `scale` is 1, a number, or one number for each
channel (last axis). A scale of powers of two is folded into the grid and its type; any other stays apart, for an
`Affine` that follows the layer.
"""

from dataclasses import dataclass
from math import frexp, log2

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError, UnsupportedError
from hlsexplore.fixed import Fixed, RealArray, least_type, quantize, to_real
from hlsexplore.importers.quantizers import QKerasQuantizer

Float32 = NDArray[np.float32]
EPSILON = np.float32(1e-7)
"""`keras.backend.epsilon()`."""
LOG2 = np.float32(np.log(2.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizedWeight:
    """A quantised weight array.

    Attributes:
        values: Values on the grid of `type`, without `scale`.
        type: The type that holds them exactly; None if no fixed-point type does.
        scale: Factors that are no powers of two, broadcastable to `values`; None if there are none.
    """

    values: RealArray
    type: Fixed | None
    scale: RealArray | None = None

    @property
    def real(self) -> RealArray:
        """The quantised values themselves, scale included."""
        return self.values if self.scale is None else self.values * self.scale


def quantize_weight(quantizer: QKerasQuantizer | None, values: RealArray, where: str) -> QuantizedWeight:
    """Quantise a weight array the way QKeras does at inference.

    Args:
        quantizer: The quantizer; None leaves the values as they are, without a type.
        values: Weights, any shape; channels on the last axis.
        where: Layer and option, for messages.

    Raises:
        UnsupportedError: If the quantizer makes no fixed-point values.
    """
    if quantizer is None:
        return QuantizedWeight(values=values, type=None)
    for key in ("alpha", "post_training_scale"):
        option = quantizer.options.get(key)
        if not isinstance(option, str | None) and not _broadcasts(np.shape(option), values.shape):
            raise UnsupportedError(
                [f"{where}: {key} of shape {np.shape(option)} does not fit weights of shape {values.shape}."]
            )
    x = values.astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        match quantizer.name:
            case "quantized_bits":
                grid, type_, scale = _quantized_bits(quantizer, x)
            case "quantized_linear":
                grid, type_, scale = _quantized_linear(quantizer, x)
            case "binary" | "stochastic_binary":
                grid, type_, scale = _binary(quantizer, x)
            case "ternary" | "stochastic_ternary":
                grid, type_, scale = _ternary(quantizer, x)
            case "quantized_po2" | "quantized_relu_po2" if not quantizer.options.get("negative_slope"):
                powers = _power_of_two(quantizer, x)
                return QuantizedWeight(values=powers, type=covering_type(powers))
            case "quantized_tanh" | "quantized_sigmoid" | "quantized_relu" if (
                is_plain_cast(quantizer) and quantizer.bound is None
            ):
                type_ = cast_type(quantizer)
                function = {"quantized_tanh": _hard_tanh, "quantized_sigmoid": _hard_sigmoid}.get(
                    quantizer.name, _identity
                )
                return QuantizedWeight(
                    values=to_real(quantize(function(x), type_), type_), type=type_.with_modes("TRN", "WRAP")
                )
            case _:
                raise UnsupportedError(
                    [f"{where}: {quantizer} makes no fixed-point weights. Use quantized_bits, ternary or binary."]
                )
    return _combine(grid.astype(np.float64), type_, np.asarray(scale, dtype=np.float64))


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an array is one number, or one for each channel of another."""
    return all(size == 1 for size in shape) or (
        len(shape) <= len(target) and shape[-1] == target[-1] and all(size == 1 for size in shape[:-1])
    )


def is_plain_cast(quantizer: QKerasQuantizer) -> bool:
    """Whether an activation quantizer is a piecewise linear function followed by one cast."""
    options = quantizer.options
    match quantizer.name:
        case "quantized_relu":
            return not options["use_sigmoid"] and not options["negative_slope"]
        case "quantized_tanh":
            return not options["use_real_tanh"]
        case "quantized_sigmoid":
            return not options["use_real_sigmoid"] and not options["symmetric"]
    return False


def cast_type(quantizer: QKerasQuantizer) -> Fixed:
    """Return the type whose cast does the rounding and clipping of a quantizer without scale.

    `quantized_bits(6,0)` is fixed<6,1,RND_CONV,SAT>, `quantized_relu(6)` is ufixed<6,0,RND_CONV,SAT>.
    """
    bits = quantizer.bits
    overflow = "SAT_SYM" if quantizer.options.get("symmetric") else "SAT"
    match quantizer.name:
        case "quantized_relu":
            signed = bool(quantizer.options["negative_slope"])
            base = Fixed(bits, quantizer.integer + signed, signed=signed)
        case "quantized_tanh":
            base = Fixed(bits, 1)
        case "quantized_sigmoid":
            base = Fixed(bits, 0, signed=False)
        case _:
            base = Fixed(bits, quantizer.integer + quantizer.is_signed, signed=quantizer.is_signed)
    return base.with_modes("RND_CONV", overflow if base.signed else "SAT")


def covering_type(values: RealArray) -> Fixed | None:
    """Return the narrowest signed type that holds all values exactly; None if it would exceed the widest one.

    Examples:
        >>> covering_type(np.array([0.25, -2.0]))
        Fixed.parse('fixed<4,2>')
    """
    if not values.any():
        return Fixed(1, 1)
    try:
        least = least_type(values)
        return least if least.signed else Fixed(least.width + 1, least.integer + 1)
    except ConfigError:
        return None


def _combine(grid: RealArray, type_: Fixed | None, scale: RealArray) -> QuantizedWeight:
    """Fold a scale of powers of two into the grid; keep any other apart."""
    if type_ is None:
        type_ = covering_type(grid)
    if (scale == 1).all():
        return QuantizedWeight(values=grid, type=type_)
    factors = np.broadcast_to(scale, grid.shape)
    used = np.unique(factors[grid != 0])
    if not used.size:
        return QuantizedWeight(values=np.zeros_like(grid), type=type_)
    if not all(frexp(abs(float(value)))[0] == 0.5 for value in used):
        # where a whole channel is zero its scale does not matter
        return QuantizedWeight(values=grid, type=type_, scale=np.where(np.isfinite(scale), scale, 1.0))
    values = np.where(grid == 0, 0.0, grid * factors)
    if type_ is None or (used < 0).any():
        return QuantizedWeight(values=values, type=covering_type(values))
    exponents = [int(log2(float(value))) for value in used]
    spread, top = max(exponents) - min(exponents), max(exponents)
    return QuantizedWeight(values=values, type=Fixed(type_.width + spread, type_.integer + top, signed=type_.signed))


def _quantized_bits(quantizer: QKerasQuantizer, x: Float32) -> tuple[Float32, Fixed | None, Float32]:
    """`quantized_bits.__call__`: with alpha 'auto*' a symmetric grid scaled to each channel, else a plain cast."""
    bits, integer, signed = quantizer.bits, quantizer.integer, quantizer.is_signed
    if isinstance(quantizer.alpha, str):
        return _quantized_bits_auto(quantizer, x)
    scale = np.float32(1) if quantizer.alpha is None else quantizer.alpha.astype(np.float32)
    if bits - signed == 0:
        return np.where(x < 0, np.float32(-1), np.float32(1)), Fixed(2, 2), np.asarray(scale)
    type_ = cast_type(quantizer)
    grid = to_real(quantize(x, type_), type_).astype(np.float32)
    return grid, Fixed(bits, integer + signed, signed=signed), np.asarray(scale)


def _quantized_bits_auto(quantizer: QKerasQuantizer, x: Float32) -> tuple[Float32, Fixed | None, Float32]:
    bits, integer, signed = quantizer.bits, quantizer.integer, quantizer.is_signed
    m, m_i = np.float32(2.0 ** (bits - signed)), np.float32(2.0**integer)
    half = np.float32(2 ** (bits - 1) - 1)
    x = x / m_i

    def integers(scale: Float32) -> Float32:
        v = np.floor(np.abs(x) / scale + np.float32(0.5))
        return np.asarray(np.sign(x) * np.where(v < half, v, half))

    if quantizer.options["post_training_scale"] is not None:
        scale = np.asarray(quantizer.options["post_training_scale"], dtype=np.float32) / m
    else:
        axes = tuple(range(x.ndim - 1)) if x.ndim > 1 else (0,)
        scale = np.max(np.abs(x), axis=axes, keepdims=True) * np.float32(2) / np.float32(half * 2)
        if quantizer.alpha == "auto_po2":
            scale = _nearest_power(scale)
            for _ in range(5):
                scale = _nearest_power(_least_squares(x, integers(scale)))
    grid = np.nan_to_num(integers(scale)) * (m_i / m)
    type_ = Fixed(bits, integer + 1) if signed else None
    return grid, type_, scale * m


def _quantized_linear(quantizer: QKerasQuantizer, x: Float32) -> tuple[Float32, Fixed | None, Float32]:
    """`quantized_linear.__call__`: scale, clip, round."""
    bits, integer, signed = quantizer.bits, quantizer.integer, quantizer.is_signed
    unit = np.float32(2.0 ** (integer - bits + signed))
    is_sign = bits == 1 and signed
    top = np.float32(2.0 ** (bits - signed))
    low = np.float32(-0.5) if is_sign else np.float32(signed * (-top + int(quantizer.options["symmetric"])))
    high = np.float32(0.5) if is_sign else top - np.float32(1)
    shift = np.float32(0.5 if is_sign else 0.0)

    def integers(scale: Float32) -> Float32:
        return np.asarray(np.round(np.clip(x / scale, low, high) - shift) + shift)

    if isinstance(quantizer.alpha, str):
        axes = tuple(range(max(x.ndim - 1, 0)))
        data = (
            np.max(np.abs(x), axis=axes, keepdims=True) * np.float32(2)
            if signed
            else np.max(x, axis=axes, keepdims=True)
        )
        scale = np.maximum(data / (high - low), EPSILON)
        if quantizer.alpha == "auto_po2":
            scale = _nearest_power(scale)
            for _ in range(1 if is_sign else 5):
                new = _nearest_power(_least_squares(x, integers(scale)))
                if (new == scale).all():
                    break
                scale = new
    else:
        scale = np.asarray(unit if quantizer.alpha is None else quantizer.alpha.astype(np.float32) * unit)
    type_ = None if is_sign else Fixed(bits, integer + signed, signed=signed)
    return integers(scale) * unit, type_, scale / unit


def _binary(quantizer: QKerasQuantizer, x: Float32) -> tuple[Float32, Fixed | None, Float32]:
    """`binary.__call__`: the sign, 0 counting as positive, times a least-squares scale."""
    sign = np.where(x < 0, np.float32(-1), np.float32(1))
    is_01 = bool(quantizer.options.get("use_01"))
    grid = (sign + np.float32(1)) / np.float32(2) if is_01 else sign
    return grid, Fixed(1, 1, signed=False) if is_01 else Fixed(2, 2), _scale(quantizer, x, grid)


def _ternary(quantizer: QKerasQuantizer, x: Float32) -> tuple[Float32, Fixed | None, Float32]:
    """`ternary.__call__`: the sign outside a dead band; with alpha 'auto*' band and scale are iterated."""
    if not isinstance(quantizer.alpha, str):
        threshold = quantizer.options["threshold"]
        band = np.float32(0.33 if threshold is None else threshold)
        grid = np.where(np.abs(x) >= band, np.sign(x), np.float32(0))
        return grid, Fixed(2, 2), _scale(quantizer, x, grid)
    axes = tuple(range(x.ndim - 1)) if x.ndim > 1 else None
    scale = np.float32(2) * np.max(np.abs(x), axis=axes, keepdims=True) / np.float32(3)
    if quantizer.alpha == "auto_po2":
        scale = _nearest_power(scale)
    grid = np.zeros_like(x)
    for _ in range(int(quantizer.options["number_of_unrolls"])):
        rounded = scale * np.round(x / scale)
        grid = np.where(np.abs(rounded) >= scale / np.float32(2), np.sign(x), np.float32(0))
        scale = _scale(quantizer, x, grid)
    return grid, Fixed(2, 2), np.nan_to_num(scale)


def _scale(quantizer: QKerasQuantizer, x: Float32, grid: Float32) -> Float32:
    """`_get_least_squares_scale`."""
    match quantizer.alpha:
        case None:
            return np.asarray(1, dtype=np.float32)
        case "auto":
            return _least_squares(x, grid)
        case "auto_po2":
            return _nearest_power(_least_squares(x, grid))
        case alpha:
            return np.asarray(alpha, dtype=np.float32)


def _least_squares(x: Float32, grid: Float32) -> Float32:
    """Scale that brings `grid` nearest to `x`, for each channel (for each element of a vector, as in QKeras)."""
    if x.ndim > 1:
        axes = tuple(range(x.ndim - 1))
        products = np.mean(x * grid, axis=axes, keepdims=True)
        squares = np.mean(grid * grid, axis=axes, keepdims=True)
    else:
        products, squares = x * grid, grid * grid
    return np.asarray(products / (squares + EPSILON))


def _nearest_power(scale: Float32) -> Float32:
    """Round a scale to a power of two in the logarithm."""
    return np.asarray(np.exp2(np.round(np.log(scale + EPSILON) / LOG2)), dtype=np.float32)


def _power_of_two(quantizer: QKerasQuantizer, x: Float32) -> RealArray:
    """`quantized_po2.__call__`: the sign times the nearest power of two in the logarithm.

    `quantized_relu_po2` has no sign: negative values become the smallest power.
    """
    options = quantizer.options
    limit = options["max_value"]
    is_signed = quantizer.name == "quantized_po2"
    bits = quantizer.bits - is_signed - (1 if limit is None or limit > 1 else 0)
    low, high = -(2.0**bits), 2.0**bits - 1
    factor = 1.0
    magnitude = np.abs(x) if is_signed else np.maximum(x, np.float32(0))
    inside = np.where(magnitude < EPSILON, EPSILON, magnitude)
    if limit is not None:
        inside = np.minimum(inside, np.float32(limit))
    if options["quadratic_approximation"]:
        factor, high, inside = 2.0, 2 * (high // 2), np.sqrt(inside)
    exponent = np.log(inside) / LOG2
    exponent = np.floor(exponent) if options["log2_rounding"] == "floor" else np.round(exponent)
    exponent = np.where(magnitude < EPSILON, low, factor * np.clip(exponent, low, high))
    sign = np.where(x < 0, -1.0, 1.0) if is_signed else np.ones(x.shape)
    return np.asarray(sign * np.exp2(exponent.astype(np.float64)))


def _hard_tanh(x: Float32) -> RealArray:
    return np.clip(x.astype(np.float64), -1.0, 1.0)


def _hard_sigmoid(x: Float32) -> RealArray:
    return np.clip(0.5 * x.astype(np.float64) + 0.5, 0.0, 1.0)


def _identity(x: Float32) -> RealArray:
    return x.astype(np.float64)
