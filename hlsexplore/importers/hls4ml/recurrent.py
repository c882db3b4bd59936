"""Recurrent layers of hls4ml's C++: stacks of Vivado and Vitis, both directions, and cells of Altera's back ends."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hlsexplore.errors import ModelError
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Shape
from hlsexplore.importers.hls4ml.build import CallStep
from hlsexplore.importers.hls4ml.products import matrix, product_knobs
from hlsexplore.op_facts import GATES
from hlsexplore.ops import Cell, Concatenate, Function, Recurrent


def recurrent(cell: Cell) -> Callable[[CallStep], None]:
    """Return the converter of a layer with one array for the weights of all gates."""

    def convert(step: CallStep) -> None:
        if len(step.call.arguments) not in (5, 6):
            raise ModelError("it takes initial states from other layers, which is not read.")
        _add(step, cell, step.call.arguments[1])

    return convert


def _add(step: CallStep, cell: Cell, output: str, is_backward: bool = False) -> Shape:
    n_in, units, steps = step.number("n_in"), step.number("n_state"), step.number("n_sequence")
    source = step.build.read(step.call.arguments[0], (steps, n_in))
    wide = GATES[cell] * units
    arrays = [
        matrix(step, 2, n_in, wide, "mult_config1."),
        matrix(step, 3, units, wide, "mult_config2."),
        step.array(4, wide, "the bias"),
        step.array(5, wide, "the recurrent bias") if len(step.call.arguments) > 5 else np.zeros(wide),
    ]
    if step.word("pytorch_order") == "true" and cell is Cell.GRU:
        arrays = [_keras_order(values, units) for values in arrays]
    kernel, recurrent_kernel, bias, recurrent_bias = arrays
    op = Recurrent(
        cell=cell,
        kernel=kernel,
        recurrent_kernel=recurrent_kernel,
        bias=bias,
        recurrent_bias=recurrent_bias,
        activation=Function(step.word("using activation") or "tanh"),
        recurrent_activation=Function(step.word("using activation_recr") or "sigmoid"),
        return_sequences=step.number("n_sequence_out", 1) > 1,
        go_backwards=is_backward,
    )
    names = {key: f"{key}_t" for key in ("weight", "bias", "recurrent_weight", "recurrent_bias", "accum")}
    types = step.types(**names) | step.result
    accum = types.get("accum")
    if accum is not None:
        types |= {"activation": accum, "gate": accum, "state": accum}
    table = step.type(step.call.config.get("ACT_CONFIG_T.table_t"))
    if table is not None:
        types["table"] = table
    shape = (steps, units) if op.return_sequences else (units,)
    knobs = product_knobs(step, "mult_config1.") | {"table_size": step.number("ACT_CONFIG_T.table_size", 1024)}
    step.add(op, shape, (source,), output, types, **knobs)
    return shape


def _keras_order(values: RealArray, units: int) -> RealArray:
    """Put PyTorch's gates r, z, n of a GRU in the order z, r, n."""
    reset, update, new = (values[..., units * i : units * (i + 1)] for i in range(3))
    return np.concatenate((update, reset, new), axis=-1)


def bidirectional(step: CallStep) -> None:
    """Add a layer for each direction, and join what they return."""
    arguments, config = step.call.arguments, step.call.config
    if len(arguments) != 10:
        raise ModelError("its directions take other arguments than hls4ml writes; write it again with hls4ml.")
    outputs, shapes = [], []
    for index, (word, key) in enumerate((("FORWARD_CONFIG", "forward"), ("BACKWARD_CONFIG", "backward"))):
        kind = config.get(f"using RNNfunc_{key}", "")
        cell = Cell.GRU if "gru" in kind else Cell.LSTM
        own = {name.removeprefix(f"{word}."): value for name, value in config.items() if name.startswith(f"{word}.")}
        own |= {name: config[name] for name in ("n_sequence", "n_sequence_out") if name in config}
        output = f"{arguments[1]}_{key}"
        call = replace(
            step.call,
            layer=f"{step.call.layer}_{key}",
            config=own,
            arguments=(arguments[0], output, *arguments[2 + 4 * index : 6 + 4 * index]),
        )
        shapes.append(_add(CallStep(call=call, build=step.build), cell, output, is_backward=index == 1))
        outputs.append(output)
    sources = tuple(step.build.read(output) for output in outputs)
    joined = (*shapes[0][:-1], shapes[0][-1] + shapes[1][-1])
    step.add(Concatenate(axis=len(joined) - 1), joined, sources, arguments[1], step.result)


def lstm_by_gates(step: CallStep) -> None:
    """Add an LSTM of Altera's back ends, which have an array for each gate and no recurrent bias.

    Raises:
        ModelError: If it has other arguments.
    """
    source, output, *names = step.call.arguments
    if len(names) != 12:
        raise ModelError("it takes initial states from other layers, which is not read.")
    n_in, units = step.number("n_in"), step.number("n_state")
    sizes = {0: units * n_in, 1: units * units, 2: units}
    joined = {
        f"{step.call.layer}:{part}": np.concatenate(
            [step.array(2 + 4 * part + gate, size, "the weights") for gate in range(4)]
        )
        for part, size in sizes.items()
    }
    call = replace(step.call, arguments=(source, output, *joined))
    stored = step.build.network.arrays
    network = replace(step.build.network, arrays=lambda name: joined[name] if name in joined else stored(name))
    step.build.network, before = network, step.build.network
    try:
        _add(CallStep(call=call, build=step.build), Cell.LSTM, output)
    finally:
        step.build.network = before
