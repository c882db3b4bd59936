"""What training computes is what the emulator computes, for every op and every mode that can be trained."""

import os
import warnings
from types import ModuleType

import numpy as np
import pytest

from hlsexplore.compress.trainable import check_trainable, logits_of
from hlsexplore.design import Design
from hlsexplore.emulate import emulate
from hlsexplore.emulate.carrier import to_float
from hlsexplore.emulate.plan import plan_design
from hlsexplore.errors import UnsupportedError
from hlsexplore.examples import load
from hlsexplore.fixed import Fixed, Overflow, Rounding, quantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import knobs
from hlsexplore.ops import (
    Activation,
    Affine,
    Cell,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Function,
    Input,
    LayerNorm,
    Merge,
    MergeFunction,
    Op,
    Pad,
    Permute,
    Pool,
    Recurrent,
    Reshape,
    Softmax,
    Upsample,
    weights,
)
from hlsexplore.task import find_goals
from hlsexplore.weights import pruned_op


@pytest.fixture(scope="module")
def network() -> ModuleType:
    """The module that needs TensorFlow."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import hlsexplore.compress.network as module
    return module


def graph_of(*layers: tuple[Op, tuple[int, ...]], inputs: tuple[tuple[int, ...], ...] = ((6, 5, 3),)) -> Graph:
    """A chain of layers after inputs; the first one reads all of them."""
    nodes = [Node(name=f"x{i}", op=Input(), inputs=(), shape=shape) for i, shape in enumerate(inputs)]
    before = tuple(node.name for node in nodes)
    for index, (op, shape) in enumerate(layers):
        nodes.append(Node(name=f"n{index}", op=op, inputs=before, shape=shape))
        before = (nodes[-1].name,)
    return Graph(name="net", nodes=tuple(nodes), outputs=before)


def trained_forward(network: ModuleType, design: Design, x: tuple[np.ndarray, ...]) -> np.ndarray:
    import tensorflow as tf

    outputs = design.graph.outputs
    dtype = network.float_type(design, outputs)
    plan = plan_design(design)
    inputs = {
        node.name: tf.constant(to_float(plan.inputs[node.name].cast(values), plan.spans[node.name].fraction), dtype)
        for node, values in zip(design.graph.inputs, x, strict=True)
    }
    values = {
        (node.name, key): tf.constant(array, dtype)
        for node in design.graph
        for key, array in weights(pruned_op(node.op, design.layers[node.name])).items()
    }
    return network.make_forward(design, outputs)(inputs, values)[0].numpy()


RNG = np.random.default_rng(3)


def kernel(*shape: int) -> np.ndarray:
    return RNG.normal(0, 0.6, shape)


CASES: dict[str, Graph] = {
    "dense": graph_of((Dense(kernel=kernel(3, 4), bias=kernel(4)), (6, 5, 4))),
    "conv": graph_of(
        (Conv(kernel=kernel(3, 2, 3, 4), bias=kernel(4), stride=(2, 1), padding=((1, 0), (0, 1))), (3, 5, 4))
    ),
    "conv1d": graph_of((Conv(kernel=kernel(1, 3, 3, 2), dilation=(1, 2), rank=1), (3, 2)), inputs=((7, 3),)),
    "depthwise": graph_of((DepthwiseConv(kernel=kernel(2, 2, 3, 2), bias=kernel(6)), (5, 4, 6))),
    "affine": graph_of((Affine(kernel=kernel(3), bias=kernel(3)), (6, 5, 3))),
    "max_pool": graph_of((Pool(average=False, size=(2, 2), stride=(2, 2), padding=((0, 0), (1, 0))), (3, 3, 3))),
    "average_pool": graph_of((Pool(average=True, size=(3, 2), stride=(3, 1), padding=((0, 0), (0, 1))), (2, 5, 3))),
    "global_pool": graph_of((Pool(average=True, size=(6, 5), stride=(6, 5), is_global=True), (1, 1, 3))),
    "relu": graph_of((Activation(function=Function.RELU), (6, 5, 3))),
    "relu6": graph_of((Activation(function=Function.RELU, max_value=2.3), (6, 5, 3))),
    "leaky_relu": graph_of((Activation(function=Function.LEAKY_RELU, alpha=0.3), (6, 5, 3))),
    "hard_sigmoid": graph_of((Activation(function=Function.HARD_SIGMOID, alpha=0.2), (6, 5, 3))),
    "hard_tanh": graph_of((Activation(function=Function.HARD_TANH), (6, 5, 3))),
    "sigmoid": graph_of((Activation(function=Function.SIGMOID), (6, 5, 3))),
    "tanh": graph_of((Activation(function=Function.TANH), (6, 5, 3))),
    "softplus": graph_of((Activation(function=Function.SOFTPLUS), (6, 5, 3))),
    "softsign": graph_of((Activation(function=Function.SOFTSIGN), (6, 5, 3))),
    "moves": graph_of(
        (Permute(axes=(1, 0, 2)), (5, 6, 3)),
        (Pad(padding=((1, 0), (0, 2))), (6, 8, 3)),
        (Crop(cropping=((0, 2), (1, 1))), (4, 6, 3)),
        (Upsample(size=(1, 2)), (4, 12, 3)),
        (Reshape(), (144,)),
        (Dense(kernel=kernel(144, 2)), (2,)),
    ),
    **{
        str(function): graph_of((Merge(function=function), (4, 3)), inputs=((4, 3), (4, 3), (4, 3)))
        for function in MergeFunction
        if function is not MergeFunction.SUBTRACT
    },
    "subtract": graph_of((Merge(function=MergeFunction.SUBTRACT), (4, 3)), inputs=((4, 3), (4, 3))),
    "concatenate": graph_of((Concatenate(axis=1), (4, 5)), inputs=((4, 3), (4, 2))),
}


@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.SAT, Overflow.SAT_ZERO, Overflow.SAT_SYM])
@pytest.mark.parametrize("name", CASES)
def test_training_computes_what_the_emulator_does(network: ModuleType, name: str, overflow: Overflow) -> None:
    graph = CASES[name]
    rng = np.random.default_rng([5, len(name), list(Overflow).index(overflow)])
    design = Design.default(graph, type="fixed<9,4>")
    for index, node in enumerate(graph.inputs):
        design = design.with_input(f"fixed<{8 - index},{3 + index},RND,SAT>", node.name)
    x = tuple(rng.uniform(-5, 5, (9, *node.shape)) for node in graph.inputs)
    for rounding in Rounding:
        changes: dict[str, dict[str, object]] = {}
        for node in graph.layers:
            own = design.layers[node.name].types
            result = Fixed(6, 2, signed=bool(rng.integers(2)), rounding=rounding, overflow=overflow)
            changes[node.name] = {"result": result} if "result" in own else {}
            if "weight" in own and not isinstance(node.op, Activation):
                changes[node.name]["weight"] = Fixed(5, 1, rounding=rounding, overflow=overflow)
            if isinstance(node.op, Pool) and node.op.average:
                changes[node.name]["accum"] = Fixed(16, 10)
        changed = design.with_layers(changes)
        wanted = emulate(changed, x if len(x) > 1 else x[0])
        np.testing.assert_array_equal(trained_forward(network, changed, x), wanted, err_msg=str(rounding))


def cell(kind: Cell, **options: object) -> Recurrent:
    rng = np.random.default_rng(9)
    gates = {Cell.SIMPLE_RNN: 1, Cell.LSTM: 4, Cell.GRU: 3}[kind] * 4
    return Recurrent(
        cell=kind,
        kernel=rng.normal(0, 0.7, (3, gates)),
        recurrent_kernel=rng.normal(0, 0.5, (4, gates)),
        bias=rng.normal(0, 0.3, gates),
        recurrent_bias=rng.normal(0, 0.3, gates),
        **options,
    )


HARD = {"recurrent_activation": Function.HARD_SIGMOID, "recurrent_alpha": 1 / 6}
CELLS = {
    "simple_rnn": cell(Cell.SIMPLE_RNN),
    "simple_rnn_relu": cell(Cell.SIMPLE_RNN, activation=Function.RELU, go_backwards=True),
    "lstm": cell(Cell.LSTM),
    "lstm_sequence": cell(Cell.LSTM, return_sequences=True, go_backwards=True, **HARD),
    "lstm_state": cell(Cell.LSTM, quantizes_state=True),
    "gru": cell(Cell.GRU),
    "gru_sequence": cell(Cell.GRU, return_sequences=True, activation=Function.HARD_TANH),
    "gru_reset_first": cell(Cell.GRU, reset_after=False, **HARD),
    "gru_state": cell(Cell.GRU, quantizes_state=True, go_backwards=True),
}


@pytest.mark.parametrize("type_", ["fixed<16,6>", "fixed<8,3>", "fixed<7,3,RND,SAT>", "fixed<6,2,RND_CONV,SAT_SYM>"])
@pytest.mark.parametrize("name", CELLS)
def test_recurrent_layers_are_the_emulators(network: ModuleType, name: str, type_: str) -> None:
    op = CELLS[name]
    graph = graph_of((op, (5, 4) if op.return_sequences else (4,)), inputs=((5, 3),))
    design = Design.default(graph, type=type_).with_layer("n0", weight="fixed<5,1>", recurrent_weight="fixed<5,2,RND>")
    if type_ == "fixed<8,3>":  # sums that wrap around, and a product of a gate that is rounded
        fraction = design.layers["n0"].types["accum"].fraction
        design = design.with_layer("n0", accum=Fixed(2 + fraction, 2), density=0.5)
    design = design.with_input("fixed<7,3,RND,SAT>")
    x = np.random.default_rng(4).uniform(-3, 3, (40, 5, 3))
    np.testing.assert_array_equal(trained_forward(network, design, (x,)), emulate(design, x))


def test_types_of_single_elements_are_refused_and_uniform_ones_are_exact(network: ModuleType) -> None:
    graph = load("jets", "hgq2").graph
    rng = np.random.default_rng(2)
    goals = find_goals(graph, 5, np.arange(5))
    design = Design.default(graph)
    with pytest.raises(UnsupportedError, match="Set granularity to 'uniform'"):
        check_trainable(design, goals)
    changes = {node.name: {"granularity": "uniform"} for node in graph if "granularity" in knobs(node)}
    uniform = design.with_layers(changes)
    check_trainable(uniform, goals)
    x = rng.normal(0, 2, (60, *graph.input_shape))
    np.testing.assert_array_equal(trained_forward(network, uniform, (x,)), emulate(uniform, x))


def test_dropped_weights_and_wide_types_are_exact_too(network: ModuleType) -> None:
    design = Design.default(CASES["conv"], type="fixed<24,6>").with_layer("n0", density=0.3, result="fixed<30,8>")
    x = np.random.default_rng(1).uniform(-5, 5, (9, 6, 5, 3))
    np.testing.assert_array_equal(trained_forward(network, design, (x,)), emulate(design, x))


def test_slopes_pass_casts_and_stop_where_they_saturate(network: ModuleType) -> None:
    import tensorflow as tf

    x = tf.constant([-9.0, -0.3, 0.3, 9.0])
    for text, wanted in (("fixed<4,2,RND,SAT>", [0, 1, 1, 0]), ("fixed<4,2>", [1, 1, 1, 1])):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = network.caster(Fixed.parse(text))(x)
        np.testing.assert_array_equal(
            y.numpy(), to_real(quantize(x.numpy().astype(float), Fixed.parse(text)), Fixed.parse(text))
        )
        np.testing.assert_array_equal(tape.gradient(y, x).numpy(), wanted)


def test_what_cannot_be_trained_is_named_layer_by_layer() -> None:
    graph = graph_of(
        (cell(Cell.GRU, recurrent_activation=Function.ELU), (4,)),
        (LayerNorm(kernel=np.ones(4), bias=np.zeros(4)), (4,)),
        (Softmax(), (4,)),
        inputs=((5, 3),),
    )
    goals = find_goals(graph, 4, np.arange(4))
    with pytest.raises(UnsupportedError) as error:
        check_trainable(Design.default(graph), goals)
    assert "layer 'n0': a gru layer with elu cannot be trained." in str(error.value)
    assert "layer 'n1': a layer_norm layer cannot be trained" in str(error.value)
    assert "softmax" not in str(error.value) and logits_of(graph, goals[0]) == "n1"
