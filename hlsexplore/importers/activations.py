"""Activation functions and activation quantizers of Keras and QKeras."""

from dataclasses import replace
from math import inf
from typing import Any

import numpy as np

from hlsexplore.fixed import Fixed
from hlsexplore.importers.composed import COMPOSED
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.importers.options import Options
from hlsexplore.importers.quantizers import QKerasQuantizer, looks_like_quantizer, parse_quantizer
from hlsexplore.importers.structure import class_of
from hlsexplore.importers.weight_quantizers import cast_type, is_plain_cast
from hlsexplore.ops import Activation, Affine, Clip, Function, PRelu, Softmax

KERAS3_HARD_SIGMOID = 1 / 6
"""Slope of Keras 3's hard_sigmoid."""
KERAS2_HARD_SIGMOID = 0.2
"""Slope of Keras 2's hard_sigmoid."""
QKERAS_HARD_SIGMOID = 0.5
"""Slope of QKeras' hard_sigmoid."""
QKERAS_SMOOTH_SIGMOID = 0.1875
"""Slope of QKeras' smooth_sigmoid."""

PLAIN = {
    "relu": Activation(function=Function.RELU),
    "relu6": Activation(function=Function.RELU, max_value=6.0),
    "leaky_relu": Activation(function=Function.LEAKY_RELU, alpha=0.2),
    "elu": Activation(function=Function.ELU, alpha=1.0),
    "selu": Activation(function=Function.SELU),
    "softplus": Activation(function=Function.SOFTPLUS),
    "softsign": Activation(function=Function.SOFTSIGN),
    "soft_sign": Activation(function=Function.SOFTSIGN),
    "sigmoid": Activation(function=Function.SIGMOID),
    "tanh": Activation(function=Function.TANH),
    "hard_tanh": Activation(function=Function.HARD_TANH),
    "celu": Activation(function=Function.ELU, alpha=1.0),
    "silu": Activation(function=Function.SILU),
    "swish": Activation(function=Function.SILU),
    "gelu": Activation(function=Function.GELU),
    "mish": Activation(function=Function.MISH),
    "sparse_plus": Activation(function=Function.SPARSE_PLUS),
    "sparse_sigmoid": Activation(function=Function.HARD_SIGMOID, alpha=0.5),
    "log_sigmoid": Activation(function=Function.LOG_SIGMOID),
    "tanh_shrink": Activation(function=Function.TANH_SHRINK),
    "exponential": Activation(function=Function.EXPONENTIAL),
    "hard_silu": Activation(function=Function.HARD_SWISH, alpha=KERAS3_HARD_SIGMOID),
    "hard_swish": Activation(function=Function.HARD_SWISH, alpha=KERAS3_HARD_SIGMOID),
}
"""Functions of keras.activations that need no option."""

ADVICE = {
    "squareplus": "Train with 'softplus' instead.",
    "glu": "Use two Dense layers, one with 'sigmoid', and Multiply.",
    "sparsemax": "Use 'softmax'; the largest class is the same.",
    "log_softmax": "Use 'softmax'; the largest class is the same.",
    "binary_tanh": "Use QActivation('binary(alpha=1)'), which also takes 0 to +1.",
}


def activation_name(spec: Any) -> str | None:
    """Return the name of a plain activation function from a configuration; None if it names none.

    Args:
        spec: A text, or a serialised function or layer.
    """
    if isinstance(spec, str):
        return spec
    if isinstance(spec, dict) and spec.get("class_name") in ("function", "Activation"):
        config = spec.get("config")
        if isinstance(config, dict):
            config = config.get("activation")
        module = str(spec.get("module") or "")
        is_known = module.split(".")[0] in ("", "builtins", "keras", "qkeras", "tf_keras", "tensorflow")
        return config if isinstance(config, str) and is_known else None
    return None


def plain_activation(layer: ImportedLayer, spec: Any) -> Activation | None:
    """Return the op of an activation function without quantizer; None if it is linear.

    Raises:
        UnsupportedError: If the function is unknown or has no op.
    """
    name = "linear" if spec is None else activation_name(spec)
    if name is None:
        raise layer.refuse("its activation is a Python function of your own.", "Use an activation of Keras or QKeras.")
    if name == "linear":
        return None
    if name == "hard_sigmoid":
        slope = KERAS2_HARD_SIGMOID if layer.is_keras2 else KERAS3_HARD_SIGMOID
        return Activation(function=Function.HARD_SIGMOID, alpha=QKERAS_HARD_SIGMOID if layer.is_quantized else slope)
    if name == "smooth_sigmoid" and layer.is_quantized:
        return Activation(function=Function.HARD_SIGMOID, alpha=QKERAS_SMOOTH_SIGMOID)
    if name not in PLAIN:
        known = ", ".join((*PLAIN, *COMPOSED, "hard_sigmoid", "softmax", "linear"))
        raise layer.refuse(
            f"the activation {name[:60]!r} is not supported.", ADVICE.get(name, f"Supported ones: {known}.")
        )
    return PLAIN[name]


def apply_activation(layer: ImportedLayer, x: ImportedTensor, spec: Any, is_own: bool = False) -> ImportedTensor:
    """Append the nodes of an activation option.

    Args:
        layer: The layer.
        x: Its input.
        spec: The option: a text, or a serialised function, quantizer or layer.
        is_own: Whether the layer is nothing but this activation; the first node then gets its name.
    """
    if _is_layer(spec):
        wrapped = replace(layer, cls=class_of(spec, layer.source)[0], config=Options(spec["config"]))
        y = ACTIVATION_LAYERS[wrapped.cls](wrapped if is_own else wrapped.renamed(wrapped.cls.lower()), (x,))
        wrapped.require_all_read()
        return y
    if looks_like_quantizer(spec):
        quantizer = parse_quantizer(spec, layer.where("activation"))
        return x if quantizer is None else apply_quantizer(layer, x, quantizer, is_own)
    if activation_name(spec) == "softmax":
        return layer.add(Softmax(), (x,), x.shape, "" if is_own else "softmax")
    composed = COMPOSED.get(activation_name(spec) or "")
    if composed is not None:
        return composed(layer if is_own else layer.renamed(activation_name(spec) or ""), x)
    op = plain_activation(layer, spec)
    if op is None:
        return layer.add(Activation(function=Function.LINEAR), (x,), x.shape) if is_own else x
    return layer.add(op, (x,), x.shape, "" if is_own else op.function.value)


def apply_quantizer(
    layer: ImportedLayer, x: ImportedTensor, quantizer: QKerasQuantizer, is_own: bool = False
) -> ImportedTensor:
    """Append the nodes of an activation quantizer: a function whose result has the quantizer's type.

    Raises:
        UnsupportedError: If its values depend on the batch, or lie on no fixed-point grid.
    """
    for index, (op, type_) in enumerate(quantizer_steps(layer, quantizer)):
        suffix = "" if is_own and index == 0 else (op.function.value if isinstance(op, Activation) else "scale")
        if isinstance(op, Affine):
            channels = x.shape[-1]
            op = Affine(kernel=np.full(channels, op.kernel[0]), bias=np.full(channels, op.bias[0]))
        x = layer.add(op, (x,), x.shape, suffix, {"result": type_})
    return x


def quantizer_steps(layer: ImportedLayer, quantizer: QKerasQuantizer) -> list[tuple[Activation | Affine, Fixed | None]]:
    """Return the functions that make up an activation quantizer, each with its result's type.

    Raises:
        UnsupportedError: If its values depend on the batch, or lie on no fixed-point grid.
    """
    where, alpha = f"the quantizer {quantizer}", quantizer.alpha
    if isinstance(alpha, str):
        raise layer.refuse(f"{where} scales activations by the batch at hand.", "Give it alpha=1.")
    scale = 1.0 if alpha is None else float(np.asarray(alpha).ravel()[0])
    if alpha is not None and np.asarray(alpha).size != 1:
        raise layer.refuse(
            f"{where} has one scale for each channel.", "Give it alpha=1 and add a BatchNormalization layer."
        )
    return _steps(layer, quantizer, scale)


def _steps(
    layer: ImportedLayer, quantizer: QKerasQuantizer, scale: float
) -> list[tuple[Activation | Affine, Fixed | None]]:
    options, where = quantizer.options, f"the quantizer {quantizer}"
    sign = Activation(function=Function.BINARY_TANH)
    match quantizer.name:
        case "quantized_bits" if quantizer.bits - quantizer.is_signed == 0:
            return [(sign, Fixed(2, 2)), *_scaled(scale)]
        case "quantized_bits":
            return [(Activation(function=Function.LINEAR), cast_type(quantizer)), *_scaled(scale)]
        case "quantized_linear" if quantizer.bits == 1 and quantizer.is_signed:
            return [(sign, Fixed(2, 2)), *_scaled(scale * 2.0 ** (quantizer.integer - 1))]
        case "quantized_linear":
            exponent = np.log2(abs(scale))
            if scale < 0 or exponent != round(exponent):
                raise layer.refuse(f"{where} has a scale that is no power of two.", "Give it alpha=1.")
            type_ = cast_type(quantizer)
            return [(Activation(function=Function.LINEAR), _shifted(type_, int(exponent)))]
        case "binary" | "stochastic_binary" if options.get("use_01"):
            bit = Fixed(1, 1, signed=False) if scale == 1 else None
            return [(sign, Fixed(2, 2)), (_affine(scale / 2, scale / 2), bit)]
        case "binary" | "stochastic_binary":
            return [(sign, Fixed(2, 2)), *_scaled(scale)]
        case "ternary" | "stochastic_ternary":
            threshold = float(np.float32(0.33 if options["threshold"] is None else options["threshold"]))
            return [(Activation(function=Function.TERNARY_TANH, alpha=threshold), Fixed(2, 2)), *_scaled(scale)]
        case "quantized_relu" if options["negative_slope"] and not options["use_sigmoid"]:
            return _leaky(layer, quantizer)
        case "quantized_relu" if is_plain_cast(quantizer):
            return [(Activation(function=Function.RELU, max_value=_bound(layer, quantizer)), cast_type(quantizer))]
        case "quantized_tanh":
            function = Function.TANH if options["use_real_tanh"] else Function.HARD_TANH
            return [(Activation(function=function), cast_type(quantizer))]
        case "quantized_sigmoid":
            op = Activation(function=Function.HARD_SIGMOID, alpha=QKERAS_HARD_SIGMOID)
            op = Activation(function=Function.SIGMOID) if options["use_real_sigmoid"] else op
            return [(op, cast_type(quantizer)), *_floor(quantizer)]
    raise layer.refuse(
        f"{where} is not supported for activations.",
        "Use quantized_relu, quantized_bits, quantized_tanh, binary or ternary.",
    )


def _bound(layer: ImportedLayer, quantizer: QKerasQuantizer) -> float | None:
    """Return where `quantized_relu` stops below the end of its type, or None."""
    bound, type_ = quantizer.bound, cast_type(quantizer)
    if bound is None or bound >= type_.max_raw * type_.step:
        return None
    if bound / type_.step != round(bound / type_.step):
        raise layer.refuse(
            f"the quantizer {quantizer} has a bound between two of its values.", f"Use a multiple of {type_.step:g}."
        )
    return bound


def _floor(quantizer: QKerasQuantizer) -> list[tuple[Activation | Affine, Fixed | None]]:
    """`symmetric` of quantized_sigmoid: its least value is that many steps, made by a ReLU between two offsets."""
    type_ = cast_type(quantizer)
    least = float(quantizer.options["symmetric"]) * type_.step
    if not least:
        return []
    return [
        (_affine(1.0, -least), Fixed(type_.width + 1, type_.integer + 1)),
        (Activation(function=Function.RELU), type_),
        (_affine(1.0, least), type_),
    ]


def _leaky(layer: ImportedLayer, quantizer: QKerasQuantizer) -> list[tuple[Activation | Affine, Fixed | None]]:
    """`quantized_relu` with a slope: negative values saturate at -slope * 2**integer, above the type's lowest value.

    The floor is made by a ReLU between two exact offsets.
    """
    slope = float(quantizer.options["negative_slope"])
    type_ = cast_type(quantizer)
    if _bound(layer, quantizer) is not None:
        raise layer.refuse(f"the quantizer {quantizer} has a slope and a bound.", "Leave relu_upper_bound out.")
    floor = slope * 2.0**quantizer.integer
    leaky = (Activation(function=Function.LEAKY_RELU, alpha=slope), type_)
    if slope >= 1:
        return [leaky]
    if floor < type_.step:
        raise layer.refuse(
            f"the quantizer {quantizer} has a slope below its resolution.", "Use a larger slope or more bits."
        )
    wide = Fixed(type_.width + 1, type_.integer + 1)
    raised = Fixed(type_.width, type_.integer, signed=False)
    return [
        leaky,
        (_affine(1.0, floor), wide),
        (Activation(function=Function.RELU), raised),
        (_affine(1.0, -floor), type_),
    ]


def _scaled(scale: float) -> list[tuple[Affine, Fixed | None]]:
    return [] if scale == 1 else [(_affine(scale, 0.0), None)]


def _affine(kernel: float, bias: float) -> Affine:
    return Affine(kernel=np.array([kernel]), bias=np.array([bias]))


def _shifted(type_: Fixed, bits: int) -> Fixed:
    return Fixed(type_.width, type_.integer + bits, signed=type_.signed).with_modes(type_.rounding, type_.overflow)


def _is_layer(spec: Any) -> bool:
    if not isinstance(spec, dict) or not isinstance(spec.get("config"), dict):
        return False
    return str(spec.get("class_name")) in ACTIVATION_LAYERS


def activation(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Activation and QActivation."""
    return apply_activation(layer, only(layer, inputs), layer.config.get("activation"), is_own=True)


def relu(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert ReLU: with an upper clip, a slope, a threshold, or several of them."""
    x = only(layer, inputs)
    limit = None if layer.config.get("max_value") is None else layer.number("max_value")
    slope = layer.number("negative_slope", 0.0) if layer.config.get("negative_slope") is not None else 0.0
    threshold = layer.number("threshold", 0.0) if layer.config.get("threshold") is not None else 0.0
    if limit is not None and limit <= 0:
        raise layer.refuse(f"a ReLU with max_value={limit:g} has no positive values.", "Use a positive max_value.")
    if (slope != 0) + (threshold != 0) + (limit is not None) > 1:
        _thresholded(layer, threshold)
        high = inf if limit is None else limit
        return layer.add(Clip(low=threshold, high=high, floor=0.0, slope=slope), (x,), x.shape)
    op = Activation(function=Function.RELU, max_value=limit)
    if slope:
        op = Activation(function=Function.LEAKY_RELU, alpha=slope)
    elif threshold:
        op = _thresholded(layer, threshold)
    return layer.add(op, (x,), x.shape)


def _thresholded(layer: ImportedLayer, threshold: float) -> Activation:
    if threshold < 0:
        raise layer.refuse(f"the threshold {threshold:g} is negative.", "Use a threshold of 0 or above.")
    return Activation(function=Function.THRESHOLDED_RELU, alpha=threshold)


def leaky_relu(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert LeakyReLU (`negative_slope` in Keras 3, `alpha` in Keras 2)."""
    x = only(layer, inputs)
    key = "negative_slope" if "negative_slope" in layer.config else "alpha"
    return layer.add(Activation(function=Function.LEAKY_RELU, alpha=layer.number(key, 0.3)), (x,), x.shape)


def elu(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert ELU."""
    x = only(layer, inputs)
    return layer.add(Activation(function=Function.ELU, alpha=layer.number("alpha", 1.0)), (x,), x.shape)


def thresholded_relu(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Keras 2's ThresholdedReLU."""
    x = only(layer, inputs)
    return layer.add(_thresholded(layer, layer.number("theta", 1.0)), (x,), x.shape)


def prelu(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert PReLU; shared axes have size 1 in the slopes."""
    x = only(layer, inputs)
    shared = layer.config.get("shared_axes") or []
    if not isinstance(shared, list | tuple) or not all(
        isinstance(axis, int) and 1 <= axis <= len(x.shape) for axis in shared
    ):
        raise layer.damaged("shared_axes", "a list of axes")
    shape = tuple(1 if axis + 1 in shared else size for axis, size in enumerate(x.shape))
    return layer.add(PRelu(kernel=layer.weight("alpha", 0, shape)), (x,), x.shape)


def softmax(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Softmax over the last axis."""
    x = only(layer, inputs)
    axis = layer.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis not in (-1, len(x.shape)):
        raise layer.refuse(
            f"a softmax over axis {axis} is not supported.", "Move the classes to the last axis with Permute."
        )
    return layer.add(Softmax(), (x,), x.shape)


ACTIVATION_LAYERS = {
    "Activation": activation,
    "QActivation": activation,
    "ReLU": relu,
    "LeakyReLU": leaky_relu,
    "ELU": elu,
    "ThresholdedReLU": thresholded_relu,
    "PReLU": prelu,
    "Softmax": softmax,
}
"""Converters of layers that apply one function."""
