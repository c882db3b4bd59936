"""Recurrent layers of ONNX (RNN, LSTM, GRU), which PyTorch's are brought to."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.importers.flat.context import Converter, FlatContext, Result
from hlsexplore.importers.flat.graph import BATCH, FlatGraph
from hlsexplore.importers.flat.sketch import Sketch
from hlsexplore.importers.flat.value import SAMPLES, Atoms, FlatValue
from hlsexplore.importers.layer import ImportedTensor
from hlsexplore.ops import Cell, Concatenate, Function, Recurrent, Reshape

_CELLS = {"RNN": (Cell.SIMPLE_RNN, 1), "LSTM": (Cell.LSTM, 4), "GRU": (Cell.GRU, 3)}
_ORDERS = {"RNN": (0,), "LSTM": (0, 2, 3, 1), "GRU": (0, 1, 2)}
"""Which of ONNX' gates (LSTM i, o, f, c; GRU z, r, h) each gate of ours (LSTM i, f, c, o) is."""
_FUNCTIONS = {
    "tanh": (Function.TANH, 0.0),
    "sigmoid": (Function.SIGMOID, 0.0),
    "relu": (Function.RELU, 0.0),
    "hardsigmoid": (Function.HARD_SIGMOID, 0.2),
    "softsign": (Function.SOFTSIGN, 0.0),
    "affine": (Function.LINEAR, 0.0),
}
_DEFAULTS = {"RNN": ("tanh",), "LSTM": ("sigmoid", "tanh", "tanh"), "GRU": ("sigmoid", "tanh")}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Layer:
    """Weights of one direction, in our order of gates.

    Attributes:
        op: The layer, which returns the whole sequence.
        suffix: What to add to the layer's name.
    """

    op: Recurrent
    suffix: str


def samples_of_sequences(graph: FlatGraph) -> FlatGraph:
    """Let the second axis count the samples of an input of fixed size that a recurrent layer reads, steps first.

    Args:
        graph: The flat graph, in which the first axis of inputs of fixed size counts samples.
    """
    read = {node.inputs[0] for node in graph.nodes if node.op in _CELLS and not node.options.get("layout", 0)}
    inputs = tuple(
        replace(item, shape=(item.batch, BATCH, item.shape[2]), batch=item.shape[1])
        if item.name in read and len(item.shape) == 3 and item.shape[0] == BATCH and item.batch is not None
        else item
        for item in graph.inputs
    )
    return replace(graph, inputs=inputs)


def recurrent(context: FlatContext) -> Result:
    """Convert RNN, LSTM or GRU: Y (steps, directions, samples, units), Y_h and Y_c (directions, samples, units)."""
    value = context.value(0)
    layout = context.integer("layout", 0)
    axes = value.axes if layout == 0 else (value.axes[1], value.axes[0], *value.axes[2:])
    if len(axes) != 3 or axes[1] != (SAMPLES,):
        raise context.refuse(
            "its input has no axes (steps, samples, features).", "Give it sequences with a batch axis of their own."
        )
    _check(context, prod(value.size(atom) for atom in axes[0]))
    tensor = context.arrange(value, [axes[0], axes[2]])
    layers = _layers(context, tensor.shape[1])
    whole = len(context.node.outputs) > 0 and bool(context.node.outputs[0])
    sequence = _joined(context, tensor, layers, is_sequence=True) if whole else None
    final = None
    if len(context.node.outputs) > 1 and context.node.outputs[1]:
        final = _joined(context, tensor, layers, is_sequence=False)
    if layout == 1:
        sequence = sequence and sequence.with_axes([sequence.axes[i] for i in (2, 0, 1, 3)])
        final = final and final.with_axes([final.axes[i] for i in (1, 0, 2)])
    return (sequence, final, None)


def _check(context: FlatContext, num_steps: int) -> None:
    """Refuse what has no equal: states from outside, sequences of several lengths, peepholes, clips.

    Raises:
        UnsupportedError: If the layer has one of them.
    """
    if context.has(4):
        lengths = context.real(4, "sequence lengths")
        if (lengths != num_steps).any():
            raise context.refuse("its sequences have several lengths.", "Use sequences of one length.")
    for index, what in ((5, "initial state"), (6, "initial memory")):
        if context.has(index):
            state = context.constant(index, what).values
            if state.size and (state.min() != 0 or state.max() != 0):
                raise context.refuse(f"its {what} is not 0.", "Start from zeros.")
            sizes = (*state.shape[-1:], *context.real(2, "recurrent weight").shape[-1:])
            if len(set(sizes)) != 1:
                raise context.refuse(
                    f"its {what} and its weights have {' and '.join(map(str, sizes))} units, as PyTorch exports an "
                    "LSTM with projections.",
                    "Use one without proj_size.",
                )
    if context.has(7) and np.any(context.real(7, "peepholes")):
        raise context.refuse("peepholes are not supported.", "Use an LSTM without them.")
    if context.number("clip", 0.0) > 0 or context.flag("input_forget", False):
        raise context.refuse("clipped or coupled gates are not supported.", "Use the plain layer.")


def _layers(context: FlatContext, features: int) -> list[_Layer]:
    """Read the weights of each direction."""
    kind = context.node.op
    cell, gates = _CELLS[kind]
    direction = context.text("direction", "forward")
    directions = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}.get(direction)
    if directions is None:
        raise context.damaged(f"'direction' is {direction!r}")
    kernel, state = context.real(1, "weight"), context.real(2, "recurrent weight")
    units = state.shape[-1] if state.ndim == 3 else 0
    count, width = len(directions), gates * units
    bias = context.real(3, "bias") if context.has(3) else np.zeros((count, 2 * width))
    shapes = (kernel.shape, state.shape, bias.shape)
    if shapes != ((count, width, features), (count, width, units), (count, 2 * width)):
        raise context.damaged(f"its weights have the shapes {shapes}, which do not fit {features} features")
    functions = _activations(context, count)
    resets_after = context.flag("linear_before_reset", False)
    layers = []
    for index, is_backward in enumerate(directions):
        recurrent_bias = bias[index, width:]
        own = bias[index, :width]
        if not (cell is Cell.GRU and resets_after):
            own, recurrent_bias = own + recurrent_bias, np.zeros(width)
        (gate, gate_alpha), (function, alpha) = functions[index]
        op = Recurrent(
            cell=cell,
            kernel=_gates(kernel[index], kind, units).T.copy(),
            recurrent_kernel=_gates(state[index], kind, units).T.copy(),
            bias=_gates(own, kind, units),
            recurrent_bias=_gates(recurrent_bias, kind, units),
            activation=function,
            recurrent_activation=gate,
            alpha=alpha,
            recurrent_alpha=gate_alpha,
            reset_after=cell is Cell.GRU and resets_after,
            return_sequences=True,
            go_backwards=is_backward,
        )
        layers.append(_Layer(op=op, suffix="" if count == 1 else "backward" if is_backward else "forward"))
    return layers


def _gates(values: RealArray, kind: str, units: int) -> RealArray:
    """Bring the gates, in the first axis, to our order."""
    parts = [values[index * units : (index + 1) * units] for index in _ORDERS[kind]]
    return np.concatenate(parts)


def _activations(context: FlatContext, count: int) -> list[tuple[tuple[Function, float], tuple[Function, float]]]:
    """Return the functions of gates and of the candidate, for each direction."""
    kind = context.node.op
    given = context.node.options.get("activations") or _DEFAULTS[kind] * count
    slopes = list(context.node.options.get("activation_alpha") or ())
    found = []
    size = len(_DEFAULTS[kind])
    for index in range(count):
        names = [str(name).lower() for name in given[index * size : (index + 1) * size]]
        pairs = []
        for name in names:
            if name not in _FUNCTIONS or (name == "affine" and context.node.options.get("activation_alpha")):
                raise context.refuse(f"the function {name!r} is not supported in cells.", "Use Tanh, Sigmoid or Relu.")
            function, alpha = _FUNCTIONS[name]
            if name == "hardsigmoid" and slopes:
                alpha = float(slopes.pop(0))
            pairs.append((function, alpha))
        if len(pairs) != size or (kind == "LSTM" and pairs[1] != pairs[2]):
            raise context.refuse(f"the functions {names} are not supported together.", "Use the usual functions.")
        found.append((pairs[0], pairs[0]) if kind == "RNN" else (pairs[0], pairs[1]))
    return found


def _joined(context: FlatContext, tensor: ImportedTensor, layers: list[_Layer], is_sequence: bool) -> FlatValue:
    """Append the layers of all directions and join what they return."""
    made = [_append(context, tensor, layer, is_sequence) for layer in layers]
    steps: tuple[Atoms, ...] = ((0,),) if is_sequence else ()
    axis = len(steps)
    if len(made) == 1:
        return FlatValue(tensor=made[0], axes=(*steps, (), (SAMPLES,), (axis,)))
    shape = (*made[0].shape[:-1], 2 * made[0].shape[-1])
    both = context.add(Concatenate(axis=axis), tuple(made), shape, "both" if is_sequence else "last")
    split = context.add(Reshape(), (both,), (*shape[:-1], 2, shape[-1] // 2), "directions")
    return FlatValue(tensor=split, axes=(*steps, (axis,), (SAMPLES,), (axis + 1,)))


def _append(context: FlatContext, tensor: ImportedTensor, layer: _Layer, is_sequence: bool) -> ImportedTensor:
    units = layer.op.recurrent_kernel.shape[0]
    op = layer.op if is_sequence else replace(layer.op, return_sequences=False)
    shape = (tensor.shape[0], units) if is_sequence else (units,)
    return context.add(op, (tensor,), shape, layer.suffix)


def last_step(sketch: Sketch, tensor: ImportedTensor, step: int) -> ImportedTensor | None:
    """Return what a recurrent layer puts out last, if a step of its sequence is that; None else.

    Args:
        sketch: Gets the layer that returns its last output only.
        tensor: A stored tensor.
        step: Which element of its first axis is wanted.
    """
    draft = sketch.drafts[tensor.node]
    op = draft.op
    if not isinstance(op, Recurrent) or not op.return_sequences or len(tensor.shape) != 2:
        return None
    if step != (0 if op.go_backwards else tensor.shape[0] - 1):
        return None
    source = ImportedTensor(node=draft.inputs[0], shape=sketch.drafts[draft.inputs[0]].shape)
    shorter = replace(op, return_sequences=False)
    return sketch.add(draft.base, shorter, (source,), (tensor.shape[1],), draft.source)


RECURRENT: dict[str, Converter] = {"RNN": recurrent, "LSTM": recurrent, "GRU": recurrent}
"""Converters of recurrent layers."""
