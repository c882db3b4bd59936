"""Recurrent layers of Keras and QKeras, and Bidirectional."""

from dataclasses import replace
from typing import Any

import numpy as np

from hlsexplore.fixed import Fixed
from hlsexplore.importers.activations import plain_activation, quantizer_steps
from hlsexplore.importers.dense import quantized
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.importers.options import Options
from hlsexplore.importers.quantizers import looks_like_quantizer, parse_quantizer
from hlsexplore.importers.structure import class_of
from hlsexplore.ops import Activation, Cell, Concatenate, Function, Merge, MergeFunction, Recurrent

_CELLS = {"SimpleRNN": (Cell.SIMPLE_RNN, 1), "LSTM": (Cell.LSTM, 4), "GRU": (Cell.GRU, 3)}
_MERGES = {"sum": MergeFunction.ADD, "mul": MergeFunction.MULTIPLY, "ave": MergeFunction.AVERAGE}


def recurrent(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert SimpleRNN, LSTM, GRU, QSimpleRNN, QLSTM and QGRU."""
    x = only(layer, inputs)
    if layer.flag("go_backwards", False) and layer.flag("return_sequences", False):
        raise layer.refuse(
            "go_backwards=True with return_sequences=True is not supported.", "Use Bidirectional, or reverse the data."
        )
    return _recurrent(layer, x)


def _recurrent(layer: ImportedLayer, x: ImportedTensor, suffix: str = "") -> ImportedTensor:
    """Append the node of a recurrent layer."""
    if len(x.shape) != 2:
        raise layer.damaged("name", f"an input of shape (steps, features), but it reads one of shape {x.shape}")
    for key in ("stateful", "return_state", "time_major"):
        if layer.flag(key, False):
            raise layer.refuse(f"{key}=True is not supported.", f"Use {key}=False.")
    cell, gates = _CELLS[layer.cls.removeprefix("Q")]
    units = layer.integer("units")
    width = gates * units
    reset_after = cell is Cell.GRU and layer.flag("reset_after", not layer.is_quantized)
    kernel = quantized(
        layer, "kernel_quantizer", layer.weight("kernel", 0, (x.shape[1], width), "cell"), is_kernel=True
    )
    state = layer.weight("recurrent_kernel", 1, (units, width), "cell")
    recurrent_kernel = quantized(layer, "recurrent_quantizer", state, is_kernel=True)
    biases = np.zeros((2, width))
    bias_type = None
    if layer.flag("use_bias", True):
        shape = (2, width) if reset_after else (width,)
        bias = quantized(layer, "bias_quantizer", layer.weight("bias", 2, shape, "cell"))
        biases[: 2 if reset_after else 1] = bias.real
        bias_type = bias.type if bias.scale is None else None
    activation, activation_type = _function(layer, "activation", "tanh")
    gate, gate_type = activation, None
    if cell is not Cell.SIMPLE_RNN:
        gate, gate_type = _function(layer, "recurrent_activation", "sigmoid")
    state_type = _state_type(layer)
    sequences = layer.flag("return_sequences", False)
    op = Recurrent(
        cell=cell,
        kernel=kernel.real,
        recurrent_kernel=recurrent_kernel.real,
        bias=biases[0],
        recurrent_bias=biases[1],
        activation=activation.function,
        recurrent_activation=gate.function,
        reset_after=reset_after,
        return_sequences=sequences,
        go_backwards=layer.flag("go_backwards", False),
        alpha=activation.alpha,
        recurrent_alpha=gate.alpha,
        quantizes_state=state_type is not None,
    )
    types = {
        "weight": kernel.type if kernel.scale is None else None,
        "recurrent_weight": recurrent_kernel.type if recurrent_kernel.scale is None else None,
        "bias": bias_type,
        "recurrent_bias": bias_type if reset_after else None,
        "activation": activation_type,
        "gate": gate_type,
        "hidden": state_type,
        "memory": state_type if cell is Cell.LSTM else None,
    }
    return layer.add(op, (x,), (x.shape[0], units) if sequences else (units,), suffix, types)


def _function(layer: ImportedLayer, key: str, default: str) -> tuple[Activation, Fixed | None]:
    """Return the function that an option names, and the type of its values if it is a quantizer.

    Raises:
        UnsupportedError: If it has an upper clip, or is a quantizer that takes more than one function.
    """
    spec: Any = layer.config.get(key, default)
    if looks_like_quantizer(spec):
        quantizer = parse_quantizer(spec, layer.where(key))
        steps = [] if quantizer is None else quantizer_steps(layer, quantizer)
        if len(steps) == 1 and isinstance(steps[0][0], Activation):
            return steps[0][0], steps[0][1]
        raise layer.refuse(
            f"the {key} {quantizer} has a scale or slope, which cells do not support.",
            "Use quantized_tanh, quantized_sigmoid, quantized_bits, quantized_relu, or binary or ternary with alpha=1.",
        )
    op = plain_activation(layer, spec)
    if op is None:
        return Activation(function=Function.LINEAR), None
    if op.max_value is not None:
        raise layer.refuse(f"the {key} has an upper clip, which cells do not support.", "Use 'relu' or 'tanh'.")
    return op, None


def _state_type(layer: ImportedLayer) -> Fixed | None:
    """Return the type of the states that a step reads, or None without a state quantizer.

    Raises:
        UnsupportedError: If the quantizer is more than a cast.
    """
    key = "state_quantizer"
    quantizer = parse_quantizer(layer.config.get(key), layer.where(key))
    if quantizer is None:
        return None
    steps = quantizer_steps(layer, quantizer)
    op, type_ = steps[0]
    if len(steps) != 1 or not isinstance(op, Activation) or op.function is not Function.LINEAR:
        raise layer.refuse(f"the {key} {quantizer} is more than a cast.", "Use quantized_bits with alpha=1.")
    return type_


def bidirectional(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Bidirectional: a layer that reads forwards, one that reads backwards, and a merge."""
    x = only(layer, inputs)
    forward = _wrapped(layer, "layer", "forward_layer", 0)
    backward = _wrapped(layer, "backward_layer" if layer.config.get("backward_layer") else "layer", "backward_layer", 1)
    if not layer.config.get("backward_layer"):
        turned = not backward.flag("go_backwards", False)
        backward = replace(backward, config=backward.config.changed(go_backwards=turned))
    if forward.flag("go_backwards", False) or not backward.flag("go_backwards", False):
        raise layer.refuse(
            "its layers read in other than the usual directions.", "Use keras.layers.Bidirectional(layer)."
        )
    pair = (_recurrent(forward, x, "forward"), _recurrent(backward, x, "backward"))
    forward.require_all_read()
    backward.require_all_read()
    mode = layer.config.get("merge_mode", "concat")
    shape = pair[0].shape
    if pair[1].shape != shape:
        raise layer.refuse(f"its layers make the shapes {shape} and {pair[1].shape}.", "Use layers of equal size.")
    if mode == "concat":
        return layer.add(Concatenate(axis=len(shape) - 1), pair, (*shape[:-1], 2 * shape[-1]))
    if not isinstance(mode, str) or mode not in _MERGES:
        raise layer.refuse(f"merge_mode={mode!r} is not supported.", "Use 'concat', 'sum', 'mul' or 'ave'.")
    return layer.add(Merge(function=_MERGES[mode]), pair, shape)


def _wrapped(layer: ImportedLayer, key: str, component: str, ordinal: int) -> ImportedLayer:
    """Return a wrapped recurrent layer under the wrapper's name.

    Raises:
        UnsupportedError: If it is no SimpleRNN, LSTM or GRU.
    """
    item = layer.config.get(key)
    if not isinstance(item, dict) or not isinstance(item.get("config"), dict):
        raise layer.damaged(key, "a layer")
    cls, package, _ = class_of(item, layer.source)
    if package not in ("", "qkeras") or cls.removeprefix("Q") not in _CELLS:
        raise layer.refuse(f"it wraps a layer of class {cls!r}.", "Wrap a SimpleRNN, LSTM or GRU.")
    return replace(layer, cls=cls, config=Options(item["config"]), component=component, ordinal=ordinal)
