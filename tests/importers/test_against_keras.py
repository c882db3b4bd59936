"""Every supported layer against Keras' and QKeras' own results, from live models, `.keras` and `.h5` files.

TensorFlow is imported once, by the fixture `tf`; besides this module only test_functions_against_keras.py needs it.
"""

import os
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from hlsexplore.design import Design
from hlsexplore.emulate import emulate, float_forward
from hlsexplore.errors import UnsupportedError
from hlsexplore.importers import inspect_model, read_model
from hlsexplore.layer_config import knobs
from hlsexplore.ops import tensor_keys

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")

SAMPLES = 16


@pytest.fixture(scope="module")
def tf():
    """Keras, its layers, and QKeras."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
        import qkeras
    return SimpleNamespace(keras=keras, L=keras.layers, q=qkeras, ops=keras.ops)


def fill(model, seed=3):
    """Random weights everywhere, moving statistics and biases included."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        shape, name = tuple(variable.shape), variable.name
        if np.issubdtype(np.dtype(str(variable.dtype)), np.floating):
            values = rng.uniform(0.5, 1.5, shape) if "variance" in name else rng.normal(0, 0.5, shape)
            variable.assign(values.astype("float32"))
    return model


def data(model, seed=5, grid=None):
    """Random inputs; multiples of `grid` if it is given, so that sums are exact in float32."""
    rng = np.random.default_rng(seed)
    values = [rng.normal(0, 1, (SAMPLES, *item.shape[1:])) for item in model.inputs]
    return [(np.round(item / grid) * grid if grid else item).astype("float32") for item in values]


def results(value):
    return [np.asarray(item) for item in (value if isinstance(value, list | tuple) else [value])]


def check(tf, model, tmp_path, exact=False):
    """Compare results, and that live model, `.keras` and `.h5` give one and the same graph."""
    x = data(model, grid=1 / 16 if exact else None)
    wanted = results(model(x if len(x) > 1 else x[0], training=False))
    graph = read_model(model)
    got = float_forward(graph, x[0].astype(float) if len(x) == 1 else tuple(item.astype(float) for item in x))
    for want, have in zip(wanted, results(got), strict=True):
        assert have.shape == want.shape
        if exact:
            np.testing.assert_array_equal(have.astype("float32"), want)
        else:
            np.testing.assert_allclose(have, want, rtol=2e-5, atol=2e-5 * max(1.0, float(np.abs(want).max())))
    check_emulator(graph, x, got)
    for name in ("m.keras", "m.h5"):
        path = tmp_path / name
        model.save(path)
        assert read_model(path).digest == graph.digest, name
    return graph


def check_emulator(graph, x, wanted):
    """Compare the emulator with wide types and large tables with the float reference; a table's step remains."""
    design = Design.default(graph, type="fixed<44,10>")
    wide = {"table": "fixed<32,10,RND,SAT>", "table_size": 1 << 16}
    for node in graph:
        keys = {*tensor_keys(node.op), *knobs(node)} - {*node.types}
        design = design.with_layer(node.name, **{key: value for key, value in wide.items() if key in keys})
    got = emulate(design, x[0].astype(float) if len(x) == 1 else tuple(item.astype(float) for item in x))
    has_table = any("table_size" in knobs(node) for node in graph)
    has_cell = any("activation" in tensor_keys(node.op) for node in graph)
    # A quantizer behind a table may round to the next value.
    step = max((node.types[key].step for node in graph for key in node.types if has_table or has_cell), default=0.0)
    for want, have in zip(results(wanted), results(got), strict=True):
        reach = max(1.0, float(np.abs(want).max()))
        bound = 5e-3 * reach if has_table else 1e-5 * reach
        assert np.abs(want - have).max() <= max(bound, 2 * step)


def sequential(tf, shape, *layers):
    return fill(tf.keras.Sequential([tf.keras.Input(shape), *layers]))


FLOAT = {
    "dense": lambda t: sequential(t, (6,), t.L.Dense(4, activation="relu"), t.L.Dense(3)),
    "dense_without_bias": lambda t: sequential(t, (6,), t.L.Dense(4, use_bias=False)),
    "dense_on_images": lambda t: sequential(t, (3, 4, 5), t.L.Dense(2, activation="tanh")),
    "batchnorm_fused": lambda t: sequential(t, (6,), t.L.Dense(4), t.L.BatchNormalization(), t.L.ReLU()),
    "batchnorm_alone": lambda t: sequential(t, (6,), t.L.BatchNormalization(epsilon=0.1), t.L.Dense(2)),
    "batchnorm_partial": lambda t: sequential(
        t, (6,), t.L.BatchNormalization(center=False), t.L.ReLU(), t.L.BatchNormalization(scale=False)
    ),
    "layernorm": lambda t: sequential(t, (3, 6), t.L.LayerNormalization(epsilon=1e-2), t.L.Dense(2)),
    "layernorm_partial": lambda t: sequential(t, (6,), t.L.LayerNormalization(center=False, scale=False)),
    "conv1d": lambda t: sequential(t, (12, 3), t.L.Conv1D(4, 3, activation="relu"), t.L.Conv1D(2, 2, strides=2)),
    "conv1d_same": lambda t: sequential(t, (11, 3), t.L.Conv1D(4, 4, strides=3, padding="same")),
    "conv1d_causal": lambda t: sequential(t, (11, 3), t.L.Conv1D(4, 3, dilation_rate=2, padding="causal")),
    "conv2d": lambda t: sequential(t, (8, 9, 3), t.L.Conv2D(4, (3, 2), strides=(2, 1)), t.L.BatchNormalization()),
    "conv2d_same": lambda t: sequential(t, (7, 8, 2), t.L.Conv2D(3, (3, 4), strides=(2, 3), padding="same")),
    "conv2d_dilated": lambda t: sequential(t, (9, 9, 2), t.L.Conv2D(3, 3, dilation_rate=(2, 3), padding="same")),
    "conv2d_grouped": lambda t: sequential(t, (6, 6, 3), t.L.Conv2D(6, 3, groups=3)),
    "depthwise1d": lambda t: sequential(t, (9, 3), t.L.DepthwiseConv1D(3, depth_multiplier=2, padding="same")),
    "depthwise2d": lambda t: sequential(
        t, (7, 7, 3), t.L.DepthwiseConv2D(3, strides=2, depth_multiplier=2), t.L.BatchNormalization()
    ),
    "depthwise2d_same": lambda t: sequential(t, (7, 6, 3), t.L.DepthwiseConv2D((2, 3), padding="same", use_bias=False)),
    "conv1d_dilated_same": lambda t: sequential(t, (11, 3), t.L.Conv1D(4, 3, dilation_rate=3, padding="same")),
    "conv2d_grouped_dilated": lambda t: sequential(t, (8, 8, 2), t.L.Conv2D(4, 3, groups=2, dilation_rate=2)),
    "depthwise2d_dilated": lambda t: sequential(
        t, (9, 8, 3), t.L.DepthwiseConv2D(3, dilation_rate=(2, 2), padding="same", activation="relu")
    ),
    "depthwise1d_dilated": lambda t: sequential(t, (12, 3), t.L.DepthwiseConv1D(3, dilation_rate=2)),
    "separable2d_dilated": lambda t: sequential(t, (9, 8, 3), t.L.SeparableConv2D(4, 3, dilation_rate=2)),
    "conv2d_softmax": lambda t: sequential(t, (5, 4, 2), t.L.Conv2D(3, 1, activation="softmax")),
    "separable1d": lambda t: sequential(t, (9, 3), t.L.SeparableConv1D(4, 3, strides=2, padding="same")),
    "separable2d": lambda t: sequential(
        t, (7, 7, 3), t.L.SeparableConv2D(4, 3, depth_multiplier=2, activation="relu"), t.L.BatchNormalization()
    ),
    "maxpool1d": lambda t: sequential(t, (9, 3), t.L.MaxPooling1D(2)),
    "maxpool1d_same": lambda t: sequential(t, (9, 3), t.L.MaxPooling1D(3, strides=2, padding="same")),
    "maxpool2d": lambda t: sequential(t, (8, 9, 3), t.L.MaxPooling2D((2, 3))),
    "maxpool2d_same": lambda t: sequential(t, (8, 9, 3), t.L.MaxPooling2D(3, strides=2, padding="same")),
    "averagepool1d": lambda t: sequential(t, (9, 3), t.L.AveragePooling1D(2, strides=1)),
    "averagepool2d": lambda t: sequential(t, (8, 9, 3), t.L.AveragePooling2D((3, 2))),
    "averagepool2d_same": lambda t: sequential(t, (8, 9, 3), t.L.AveragePooling2D(3, strides=2, padding="same")),
    "globalmax1d": lambda t: sequential(t, (9, 3), t.L.GlobalMaxPooling1D()),
    "globalmax2d_keepdims": lambda t: sequential(t, (8, 9, 3), t.L.GlobalMaxPooling2D(keepdims=True)),
    "globalmax1d_keepdims": lambda t: sequential(t, (9, 3), t.L.GlobalMaxPooling1D(keepdims=True)),
    "globalaverage1d_keepdims": lambda t: sequential(t, (9, 3), t.L.GlobalAveragePooling1D(keepdims=True)),
    "globalaverage2d_keepdims": lambda t: sequential(
        t, (8, 9, 3), t.L.GlobalAveragePooling2D(keepdims=True), t.L.Conv2D(2, 1)
    ),
    "averagepool1d_same": lambda t: sequential(t, (9, 3), t.L.AveragePooling1D(3, strides=2, padding="same")),
    "maxpool_sparse": lambda t: sequential(t, (11, 12, 2), t.L.MaxPooling2D(2, strides=(3, 4))),
    "globalaverage1d": lambda t: sequential(t, (9, 3), t.L.GlobalAveragePooling1D()),
    "globalaverage2d": lambda t: sequential(t, (8, 9, 3), t.L.GlobalAveragePooling2D(), t.L.Dense(2)),
    "flatten": lambda t: sequential(t, (3, 4, 2), t.L.Flatten(), t.L.Dense(3), t.L.Flatten()),
    "reshape": lambda t: sequential(t, (24,), t.L.Reshape((2, -1, 3)), t.L.Reshape((4, 6)), t.L.Reshape((24,))),
    "permute": lambda t: sequential(t, (3, 4, 2), t.L.Permute((2, 3, 1)), t.L.Flatten(), t.L.Dense(2)),
    "zeropadding1d": lambda t: sequential(t, (5, 2), t.L.ZeroPadding1D((1, 2)), t.L.Conv1D(2, 3)),
    "zeropadding2d": lambda t: sequential(t, (5, 4, 2), t.L.ZeroPadding2D(((1, 2), (0, 3)))),
    "zeropadding2d_short": lambda t: sequential(t, (5, 4, 2), t.L.ZeroPadding2D((1, 2)), t.L.ZeroPadding2D(1)),
    "cropping1d": lambda t: sequential(t, (7, 2), t.L.Cropping1D((1, 2))),
    "cropping2d": lambda t: sequential(t, (7, 6, 2), t.L.Cropping2D(((1, 2), (0, 3))), t.L.Cropping2D(1)),
    "upsampling1d": lambda t: sequential(t, (4, 2), t.L.UpSampling1D(3)),
    "upsampling2d": lambda t: sequential(t, (4, 3, 2), t.L.UpSampling2D((2, 3))),
    "dropouts": lambda t: sequential(
        t,
        (4, 3),
        t.L.Dropout(0.5),
        t.L.SpatialDropout1D(0.5),
        t.L.GaussianNoise(1.0),
        t.L.GaussianDropout(0.3),
        t.L.Dense(2),
    ),
    "relu_layer": lambda t: sequential(t, (8,), t.L.ReLU()),
    "relu6": lambda t: sequential(t, (8,), t.L.ReLU(max_value=0.7), t.L.Activation("relu6")),
    "relu_slope": lambda t: sequential(t, (8,), t.L.ReLU(negative_slope=0.3)),
    "relu_threshold": lambda t: sequential(t, (8,), t.L.ReLU(threshold=0.4)),
    "leaky_relu": lambda t: sequential(t, (8,), t.L.LeakyReLU(negative_slope=0.15), t.L.Activation("leaky_relu")),
    "prelu": lambda t: sequential(t, (3, 4), t.L.PReLU()),
    "prelu_shared": lambda t: sequential(t, (3, 4, 2), t.L.PReLU(shared_axes=[1, 2])),
    "prelu_one_axis": lambda t: sequential(t, (3, 4, 2), t.L.PReLU(shared_axes=[1]), t.L.Conv2D(2, 2)),
    "prelu_channels": lambda t: sequential(t, (3, 4, 2), t.L.PReLU(shared_axes=[3])),
    "elu": lambda t: sequential(t, (8,), t.L.ELU(alpha=0.7), t.L.Activation("elu")),
    "softmax": lambda t: sequential(t, (3, 8), t.L.Softmax(), t.L.Activation("softmax")),
    "dense_softmax": lambda t: sequential(t, (8,), t.L.Dense(5, activation="softmax")),
    "activation_as_layer": lambda t: sequential(t, (8,), t.L.Dense(5, activation=t.L.LeakyReLU(negative_slope=0.1))),
    "simplernn": lambda t: sequential(t, (5, 3), t.L.SimpleRNN(4)),
    "simplernn_relu": lambda t: sequential(t, (5, 3), t.L.SimpleRNN(4, activation="relu", return_sequences=True)),
    "lstm": lambda t: sequential(t, (5, 3), t.L.LSTM(4)),
    "lstm_sequences": lambda t: sequential(
        t, (5, 3), t.L.LSTM(4, return_sequences=True, recurrent_activation="hard_sigmoid", use_bias=False)
    ),
    "lstm_backwards": lambda t: sequential(t, (5, 3), t.L.LSTM(4, go_backwards=True)),
    "gru": lambda t: sequential(t, (5, 3), t.L.GRU(4)),
    "gru_sequences": lambda t: sequential(t, (5, 3), t.L.GRU(4, return_sequences=True, use_bias=False)),
    "gru_reset_before": lambda t: sequential(t, (5, 3), t.L.GRU(4, reset_after=False, activation="hard_tanh")),
    "bidirectional_concat": lambda t: sequential(t, (5, 3), t.L.Bidirectional(t.L.LSTM(4))),
    "bidirectional_sequences": lambda t: sequential(t, (5, 3), t.L.Bidirectional(t.L.GRU(4, return_sequences=True))),
    "bidirectional_sum": lambda t: sequential(
        t, (5, 3), t.L.Bidirectional(t.L.SimpleRNN(4, return_sequences=True), merge_mode="sum")
    ),
    "bidirectional_mul": lambda t: sequential(t, (5, 3), t.L.Bidirectional(t.L.GRU(4), merge_mode="mul")),
    "bidirectional_ave": lambda t: sequential(t, (5, 3), t.L.Bidirectional(t.L.LSTM(4), merge_mode="ave")),
    "bidirectional_rnn": lambda t: sequential(
        t, (5, 3), t.L.Bidirectional(t.L.SimpleRNN(4, activation="relu"), merge_mode="sum")
    ),
    "bidirectional_gru": lambda t: sequential(
        t, (5, 3), t.L.Bidirectional(t.L.GRU(4, reset_after=False, return_sequences=True)), t.L.Flatten(), t.L.Dense(2)
    ),
    "stacked_cells": lambda t: sequential(
        t,
        (5, 3),
        t.L.LSTM(4, return_sequences=True),
        t.L.TimeDistributed(t.L.Dense(3, "elu")),
        t.L.GRU(2),
        t.L.Dense(2),
    ),
    "gru_softsign": lambda t: sequential(
        t, (5, 3), t.L.GRU(4, activation="softsign", recurrent_activation="hard_sigmoid")
    ),
    "time_depthwise": lambda t: sequential(t, (3, 6, 5, 2), t.L.TimeDistributed(t.L.DepthwiseConv2D(3))),
    "time_separable": lambda t: sequential(t, (3, 7, 2), t.L.TimeDistributed(t.L.SeparableConv1D(3, 3))),
    "relu_of_all_options": lambda t: sequential(
        t, (40,), t.L.ReLU(max_value=1.5, negative_slope=0.25, threshold=0.5), t.L.Dense(2)
    ),
    "relu_of_slope_and_threshold": lambda t: sequential(t, (40,), t.L.ReLU(negative_slope=0.3, threshold=0.7)),
    "relu_of_limit_and_threshold": lambda t: sequential(t, (40,), t.L.ReLU(max_value=0.5, threshold=0.8)),
    "relu_of_limit_and_slope": lambda t: sequential(t, (40,), t.L.ReLU(max_value=1.0, negative_slope=0.5)),
    "time_dense": lambda t: sequential(t, (5, 3), t.L.TimeDistributed(t.L.Dense(4, activation="relu"))),
    "time_conv1d": lambda t: sequential(
        t, (4, 7, 3), t.L.TimeDistributed(t.L.Conv1D(4, 3, strides=2, padding="same", activation="relu"))
    ),
    "time_conv2d": lambda t: sequential(
        t, (3, 6, 5, 2), t.L.TimeDistributed(t.L.Conv2D(4, 3)), t.L.TimeDistributed(t.L.MaxPooling2D(2))
    ),
    "time_flatten": lambda t: sequential(
        t, (3, 4, 2), t.L.TimeDistributed(t.L.Flatten()), t.L.TimeDistributed(t.L.BatchNormalization())
    ),
    "time_pool": lambda t: sequential(t, (3, 4, 2), t.L.TimeDistributed(t.L.GlobalAveragePooling1D())),
}
"""Networks without quantizers, equal within float32 rounding."""
_NAMES = ("selu", "softplus", "softsign", "sigmoid", "hard_sigmoid", "hard_silu", "tanh", "hard_tanh", "relu", "linear")
for _name in _NAMES:
    FLOAT[f"activation_{_name}"] = lambda t, name=_name: sequential(t, (9,), t.L.Activation(name), t.L.Dense(2))


@pytest.mark.parametrize("name", FLOAT)
def test_layer_matches_keras(tf, tmp_path, name):
    check(tf, FLOAT[name](tf), tmp_path)


def functional(tf, build):
    inputs, outputs = build(tf.keras, tf.L)
    return fill(tf.keras.Model(inputs, outputs))


def merges(k, layers):
    a, b = k.Input((5,), name="a"), k.Input((5,), name="b")
    c = layers.Dense(5)(a)
    parts = [
        layers.Add()([a, b, c]),
        layers.Subtract()([a, b]),
        layers.Multiply()([a, c]),
        layers.Average()([a, b, c]),
        layers.Maximum()([a, b]),
        layers.Minimum()([b, c, a]),
    ]
    return [a, b], layers.Dense(3)(layers.Concatenate()(parts))


def dots(k, layers):
    a, b = k.Input((5,)), k.Input((5,))
    return [a, b], layers.Dense(2)(layers.Dot(axes=1)([a, layers.Dense(5)(b)]))


def operators(k, layers):
    a = k.Input((5,))
    b, c = layers.Dense(5)(a), layers.Dense(5)(a)
    return a, layers.Dense(2)((b + c) * c - a)


def functions(k, layers):
    a = k.Input((9,))
    parts = [
        k.ops.clip(a, -0.3, 0.8),
        k.ops.clip(layers.Dense(9)(a), x_min=0.1, x_max=0.9),
        k.ops.hard_silu(a),
        k.ops.relu6(a),
        k.ops.tanh(k.ops.relu(a)),
    ]
    return a, layers.Dense(3)(layers.Concatenate()(parts))


def several_outputs(k, layers):
    a = k.Input((4, 4, 2))
    x = layers.Conv2D(3, 2, activation="relu")(a)
    y = layers.Concatenate(axis=1)([x, layers.Conv2D(3, 2)(a)])
    return a, [layers.Flatten()(y), layers.GlobalAveragePooling2D()(x)]


def residual(k, layers):
    a = k.Input((6, 6, 3))
    x = layers.Conv2D(3, 3, padding="same")(a)
    x = layers.BatchNormalization()(x)
    x = layers.Add()([layers.Activation("relu")(x), a])
    return a, layers.Dense(2)(layers.Flatten()(x))


def shared_layer(k, layers):
    a, b = k.Input((5,)), k.Input((5,))
    dense, norm = layers.Dense(4, activation="relu"), layers.BatchNormalization()
    return [a, b], layers.Concatenate()([norm(dense(a)), norm(dense(b)), dense(a)])


def nested(k, layers):
    inner = k.Sequential(
        [k.Input((5,)), layers.Dense(4, activation="relu", name="d"), layers.BatchNormalization(name="n")]
    )
    i, j = k.Input((4,)), k.Input((4,))
    pair = k.Model([i, j], [layers.Add()([i, j]), layers.Dense(3, name="d")(j)], name="pair")
    a = k.Input((5,))
    h = inner(a)
    s, d = pair([h, layers.Dense(4, name="d")(a)])
    return a, [layers.Dense(2)(s), d]


def nested_twice(k, layers):
    deep = k.Sequential([k.Input((5,)), layers.Dense(5, name="d"), layers.ReLU(name="r")], name="deep")
    inner = k.Sequential([k.Input((5,)), deep, layers.Dense(5, name="d", activation="tanh")], name="inner")
    a = k.Input((5,))
    return a, layers.Add()([inner(inner(a)), deep(a)])


FUNCTIONAL = [merges, dots, operators, functions, several_outputs, residual, shared_layer, nested, nested_twice]


@pytest.mark.parametrize("build", FUNCTIONAL, ids=lambda build: build.__name__)
def test_functional_graph_matches_keras(tf, tmp_path, build):
    check(tf, functional(tf, build), tmp_path)


def test_unfused_batchnorm_matches_too(tf):
    model = FLOAT["conv2d"](tf)
    x = data(model)[0]
    graph = read_model(model, fuse_batchnorm=False)
    assert [node.kind for node in graph.layers] == ["conv2d", "affine"]
    assert [node.kind for node in read_model(model).layers] == ["conv2d"]
    np.testing.assert_allclose(float_forward(graph, x.astype(float)), model(x, training=False), rtol=2e-5, atol=2e-5)


def q(t, **quantizers):
    return {f"{key}_quantizer": value for key, value in quantizers.items()}


BITS = "quantized_bits(6,1,alpha=1)"
QUANTIZED = {
    "qdense": lambda t: sequential(
        t,
        (6,),
        t.q.QDense(8, **q(t, kernel=BITS, bias="quantized_bits(5,2,alpha=1)")),
        t.q.QActivation("quantized_relu(6,2)"),
        t.q.QDense(3, **q(t, kernel=BITS, bias=BITS)),
    ),
    "qdense_auto_po2": lambda t: sequential(
        t,
        (6,),
        t.q.QDense(8, **q(t, kernel="quantized_bits(4,0)", bias=BITS)),
        t.q.QActivation("quantized_bits(7,2,alpha=1)"),
    ),
    "qdense_ternary": lambda t: sequential(
        t,
        (6,),
        t.q.QDense(8, **q(t, kernel="ternary()", bias=BITS), activation="quantized_relu(4,1)"),
        t.q.QDense(3, **q(t, kernel=t.q.ternary(alpha=1, threshold=0.4), bias=BITS)),
    ),
    "qdense_binary": lambda t: sequential(
        t,
        (6,),
        t.q.QDense(8, **q(t, kernel="binary()", bias=BITS)),
        t.q.QDense(3, **q(t, kernel=t.q.binary(alpha=0.5))),
    ),
    "qdense_stochastic": lambda t: sequential(
        t,
        (6,),
        t.q.QDense(8, **q(t, kernel="stochastic_ternary('auto_po2')")),
        t.q.QActivation("quantized_bits(6,3,alpha=1)"),
        t.q.QDense(3, **q(t, kernel="stochastic_binary(alpha='auto_po2')")),
        t.q.QActivation("quantized_bits(6,3,alpha=1)"),
        t.q.QDense(3, **q(t, kernel=t.q.quantized_bits(5, 0, alpha=1, use_stochastic_rounding=True))),
    ),
    "qdense_linear": lambda t: sequential(
        t,
        (6,),
        t.q.QDense(8, **q(t, kernel=t.q.quantized_linear(5, 1, alpha=2.0), bias=t.q.quantized_linear(6, 1))),
        t.q.QActivation("quantized_bits(6,3,alpha=1)"),
        t.q.QDense(3, **q(t, kernel=t.q.quantized_linear(4, 0, alpha="auto_po2"))),
        t.q.QActivation("quantized_bits(6,3,alpha=1)"),
        t.q.QDense(3, **q(t, kernel=t.q.quantized_linear(1, 0, alpha=1.0))),
    ),
    "qdense_po2": lambda t: sequential(
        t, (6,), t.q.QDense(8, **q(t, kernel="quantized_po2(4)", bias="quantized_po2(5,2)"))
    ),
    "qdense_unsigned": lambda t: sequential(
        t, (6,), t.q.QDense(8, **q(t, kernel=t.q.quantized_bits(5, 1, keep_negative=False, alpha=1)))
    ),
    "qdense_symmetric": lambda t: sequential(t, (6,), t.q.QDense(8, **q(t, kernel="quantized_bits(3,0,1,alpha=1)"))),
    "qdense_one_bit": lambda t: sequential(t, (6,), t.q.QDense(8, **q(t, kernel="quantized_bits(1,0,alpha=1)"))),
    "qdense_function_weights": lambda t: sequential(
        t,
        (6,),
        t.q.QDense(8, **q(t, kernel="quantized_tanh(5)", bias="quantized_sigmoid(4)")),
        t.q.QDense(8, **q(t, kernel="quantized_relu(5,1)")),
    ),
    "qconv1d": lambda t: sequential(
        t,
        (9, 3),
        t.q.QConv1D(4, 3, **q(t, kernel=BITS, bias=BITS)),
        t.q.QActivation("quantized_relu(5,1)"),
        t.q.QConv1D(2, 2, padding="same", strides=2, **q(t, kernel="quantized_bits(4,0)")),
    ),
    "qconv2d": lambda t: sequential(
        t,
        (7, 7, 2),
        t.q.QConv2D(3, 3, padding="same", activation="quantized_relu(5,2)", **q(t, kernel=BITS, bias=BITS)),
        t.L.MaxPooling2D(2),
        t.L.Flatten(),
        t.q.QDense(2, **q(t, kernel=BITS)),
    ),
    "qdepthwise2d": lambda t: sequential(
        t, (7, 7, 2), t.q.QDepthwiseConv2D(3, depth_multiplier=2, **q(t, depthwise="quantized_bits(4,0)", bias=BITS))
    ),
    "qseparable1d": lambda t: sequential(
        t, (9, 3), t.q.QSeparableConv1D(4, 3, **q(t, depthwise=BITS, pointwise="ternary()", bias=BITS))
    ),
    "qseparable2d": lambda t: sequential(
        t,
        (7, 7, 2),
        t.q.QSeparableConv2D(4, 3, **q(t, depthwise=BITS, pointwise=BITS, bias=BITS), activation="quantized_relu(6,3)"),
    ),
    "qaverage": lambda t: sequential(
        t,
        (6, 6, 2),
        t.q.QAveragePooling2D(
            (2, 3), average_quantizer="quantized_bits(6,0,alpha=1)", activation="quantized_bits(6,1,alpha=1)"
        ),
    ),
    "qglobalaverage": lambda t: sequential(
        t,
        (6, 6, 2),
        t.q.QGlobalAveragePooling2D(average_quantizer="quantized_bits(9,0,alpha=1)", activation="quantized_relu(6)"),
    ),
}
"""Networks whose quantised weights and activations lie on grids, so that float32 sums are exact: equal to the bit."""
WEIGHTS = {f"{key}_quantizer": BITS for key in ("kernel", "recurrent", "bias")}
STATE = {"state_quantizer": "quantized_bits(5,1,alpha=1)", "recurrent_activation": "quantized_sigmoid(5)"}
CELLS = {
    "qsimplernn": lambda t: t.q.QSimpleRNN(4, return_sequences=True, **WEIGHTS),
    "qsimplernn_relu": lambda t: t.q.QSimpleRNN(4, activation="quantized_relu(6,2)", **WEIGHTS),
    "qsimplernn_state": lambda t: t.q.QSimpleRNN(4, state_quantizer="quantized_bits(4,0,alpha=1)", **WEIGHTS),
    "qsimplernn_ternary": lambda t: t.q.QSimpleRNN(4, activation="ternary(alpha=1)", **WEIGHTS),
    "qsimplernn_binary": lambda t: t.q.QSimpleRNN(4, activation="binary(alpha=1)", **WEIGHTS),
    "qlstm_state": lambda t: t.q.QLSTM(4, return_sequences=True, **STATE, **WEIGHTS),
    "qlstm_state_bits": lambda t: t.q.QLSTM(4, **STATE, activation="quantized_bits(6,0,alpha=1)", **WEIGHTS),
    "qlstm_symmetric": lambda t: t.q.QLSTM(
        4,
        state_quantizer="quantized_bits(5,1,1,alpha=1)",
        recurrent_activation="quantized_relu(4,0)",
        implementation=2,
        **WEIGHTS,
    ),
    "qgru_state": lambda t: t.q.QGRU(4, **STATE, **WEIGHTS),
    "qgru_state_reset_after": lambda t: t.q.QGRU(4, reset_after=True, return_sequences=True, **STATE, **WEIGHTS),
    "qgru_ternary_kernel": lambda t: t.q.QGRU(4, **STATE, **(WEIGHTS | {"kernel_quantizer": "ternary()"})),
    "qbidirectional_gru": lambda t: t.q.QBidirectional(t.q.QGRU(4, return_sequences=True, **STATE, **WEIGHTS)),
    "qbidirectional_sum": lambda t: t.q.QBidirectional(t.q.QSimpleRNN(4, **WEIGHTS), merge_mode="sum"),
}
"""QKeras cells whose functions and states are quantised, so that each step lies on a grid."""
QUANTIZED |= {name: lambda t, make=make: sequential(t, (5, 3), make(t)) for name, make in CELLS.items()}
for _spec in (
    "quantized_bits(5,1,alpha=1)",
    "quantized_bits(5,1,1,alpha=1.0)",
    "quantized_bits(4,1,keep_negative=False)",
    "quantized_bits(1,0,alpha=1)",
    "quantized_bits(5,1,alpha=0.5)",
    "quantized_relu(4)",
    "quantized_relu(5,2)",
    "quantized_relu(5,1,negative_slope=0.25)",
    "quantized_relu(6,2,0,0.5)",
    "quantized_tanh(5)",
    "quantized_tanh(4,0,1)",
    "quantized_sigmoid(5)",
    "binary(alpha=1)",
    "binary(1,alpha=1)",
    "binary(alpha=0.25)",
    "ternary(alpha=1)",
    "ternary(alpha=1.0,threshold=0.7)",
    "quantized_linear(5,1)",
    "quantized_linear(5,1,alpha=2.0)",
    "quantized_linear(1,1)",
    "stochastic_ternary(alpha=1,threshold=0.4)",
    "stochastic_binary(alpha=1)",
):
    QUANTIZED[f"act {_spec}"] = lambda t, spec=_spec: sequential(t, (40,), t.q.QActivation(spec))


@pytest.mark.parametrize("name", QUANTIZED)
def test_quantized_layer_equals_qkeras(tf, tmp_path, name):
    check(tf, QUANTIZED[name](tf), tmp_path, exact=True)


@pytest.mark.parametrize("name", CELLS)
def test_default_design_of_a_quantized_cell_equals_qkeras_exactly(tf, name):
    model = QUANTIZED[name](tf)
    x = data(model, grid=1 / 16)[0]
    design = Design.default(read_model(model))
    np.testing.assert_array_equal(emulate(design, x.astype(float)), np.asarray(model(x, training=False)))


SCALED = {
    "qdense_auto": lambda t: sequential(
        t, (6,), t.q.QDense(8, **q(t, kernel="quantized_bits(4,0,alpha='auto')", bias=BITS)), t.L.BatchNormalization()
    ),
    "qdense_ternary_auto": lambda t: sequential(
        t, (6,), t.q.QDense(8, **q(t, kernel="ternary(alpha='auto')", bias=BITS))
    ),
    "qdense_binary_auto": lambda t: sequential(t, (6,), t.q.QDense(8, **q(t, kernel="binary(alpha='auto')"))),
    "qdense_linear_auto": lambda t: sequential(
        t, (6,), t.q.QDense(8, **q(t, kernel=t.q.quantized_linear(4, 1, alpha="auto"), bias=BITS))
    ),
    "qdense_alpha_number": lambda t: sequential(t, (6,), t.q.QDense(8, **q(t, kernel="quantized_bits(4,0,alpha=0.3)"))),
    "qdense_bias_auto": lambda t: sequential(
        t, (6,), t.q.QDense(8, **q(t, kernel=BITS, bias="quantized_bits(4,0,alpha='auto')"))
    ),
    "qconv2d_auto": lambda t: sequential(
        t, (7, 7, 2), t.q.QConv2D(3, 3, **q(t, kernel="quantized_bits(4,0,alpha='auto')", bias=BITS))
    ),
    "qdepthwise_auto": lambda t: sequential(
        t, (7, 7, 3), t.q.QDepthwiseConv2D(3, depth_multiplier=2, **q(t, depthwise="quantized_bits(4,0,alpha='auto')"))
    ),
    "qseparable_auto": lambda t: sequential(
        t,
        (7, 7, 2),
        t.q.QSeparableConv2D(4, 3, **q(t, depthwise="binary(alpha='auto')", pointwise="ternary(alpha='auto')")),
    ),
    "qconv2dbatchnorm": lambda t: sequential(
        t,
        (7, 7, 2),
        t.q.QConv2DBatchnorm(3, 3, **q(t, kernel="quantized_bits(5,1,alpha=1)", bias="quantized_bits(8,3,alpha=1)")),
    ),
    "qconv2dbatchnorm_float": lambda t: sequential(t, (7, 7, 2), t.q.QConv2DBatchnorm(3, 3, use_bias=False)),
    "qdepthwisebatchnorm": lambda t: sequential(
        t,
        (7, 7, 2),
        t.q.QDepthwiseConv2DBatchnorm(3, depth_multiplier=2, **q(t, depthwise="quantized_bits(5,1,alpha=1)")),
    ),
    "qdensebatchnorm": lambda t: sequential(
        t,
        (6,),
        t.q.QDenseBatchnorm(5, **q(t, kernel="quantized_bits(5,1,alpha=1)", bias="quantized_bits(8,3,alpha=1)")),
    ),
    "qbatchnorm": lambda t: sequential(t, (6,), t.q.QDense(5, **q(t, kernel=BITS)), t.q.QBatchNormalization()),
    "qbatchnorm_bits": lambda t: sequential(
        t,
        (6,),
        t.q.QBatchNormalization(**q(t, gamma=BITS, beta=BITS, mean=BITS, variance=None)),
    ),
    "qbatchnorm_inverse": lambda t: sequential(
        t,
        (6,),
        t.q.QBatchNormalization(**q(t, gamma=None, variance=None, inverse="quantized_bits(8,2,alpha=1)")),
    ),
    "real_tanh": lambda t: sequential(t, (40,), t.q.QActivation("quantized_tanh(5,use_real_tanh=1)")),
    "real_sigmoid": lambda t: sequential(t, (40,), t.q.QActivation("quantized_sigmoid(5,use_real_sigmoid=1)")),
    "qhard_sigmoid": lambda t: sequential(t, (40,), t.q.QActivation("hard_sigmoid")),
    "qhard_tanh": lambda t: sequential(t, (40,), t.q.QActivation("hard_tanh")),
    "qsmooth_sigmoid": lambda t: sequential(t, (40,), t.q.QActivation("smooth_sigmoid")),
    "qsimplernn_tanh": lambda t: sequential(
        t, (5, 3), t.q.QSimpleRNN(4, activation="tanh", **q(t, kernel=BITS, recurrent=BITS, bias=BITS))
    ),
    "qlstm": lambda t: sequential(
        t,
        (5, 3),
        t.q.QLSTM(4, activation="tanh", return_sequences=True, **q(t, kernel=BITS, recurrent="ternary()", bias=BITS)),
    ),
    "qgru": lambda t: sequential(
        t,
        (5, 3),
        t.q.QGRU(
            4, activation="tanh", recurrent_activation="sigmoid", **q(t, kernel="quantized_bits(4,0)", recurrent=BITS)
        ),
    ),
    "qgru_reset_after": lambda t: sequential(
        t, (5, 3), t.q.QGRU(4, activation="hard_tanh", reset_after=True, **q(t, kernel=BITS, recurrent=BITS, bias=BITS))
    ),
    "qlstm_defaults": lambda t: sequential(t, (5, 3), t.q.QLSTM(4, **q(t, kernel=BITS, recurrent=BITS, bias=BITS))),
    "qgru_defaults": lambda t: sequential(t, (5, 3), t.q.QGRU(4, **q(t, kernel=BITS, recurrent=BITS, bias=BITS))),
    "qlstm_real_functions": lambda t: sequential(
        t,
        (5, 3),
        t.q.QLSTM(
            4,
            activation="quantized_tanh(8,use_real_tanh=1)",
            recurrent_activation="quantized_sigmoid(8,use_real_sigmoid=1)",
            **q(t, kernel=BITS, recurrent=BITS, bias=BITS),
        ),
    ),
    "qbidirectional": lambda t: sequential(
        t, (5, 3), t.q.QBidirectional(t.q.QLSTM(4, activation="tanh", **q(t, kernel=BITS, recurrent=BITS, bias=BITS)))
    ),
    "time_qdense": lambda t: sequential(t, (5, 3), t.L.TimeDistributed(t.q.QDense(4, **q(t, kernel=BITS)))),
    "time_qpool": lambda t: sequential(
        t,
        (3, 6, 4, 2),
        t.L.TimeDistributed(t.q.QAveragePooling2D((3, 2), average_quantizer=t.q.quantized_bits(8, 0, alpha=1))),
        t.L.TimeDistributed(t.q.QGlobalAveragePooling2D(average_quantizer=t.q.quantized_bits(8, 0, alpha=1))),
    ),
}
"""Networks with real scales or functions, equal within float32 rounding."""


@pytest.mark.parametrize("name", SCALED)
def test_scaled_quantized_layer_matches_qkeras(tf, tmp_path, name):
    check(tf, SCALED[name](tf), tmp_path)


def test_scale_that_is_no_power_of_two_becomes_an_affine_behind_the_layer(tf):
    graph = read_model(SCALED["qdense_auto"](tf), fuse_batchnorm=False)
    assert [node.kind for node in graph.layers] == ["dense", "affine", "affine"]
    dense, scale = graph.layers[0], graph.layers[1]
    assert str(dense.types["weight"]) == "fixed<4,1>"
    assert dense.op.bias is None
    assert str(scale.types["bias"]) == "fixed<6,2>"
    np.testing.assert_array_equal(dense.op.kernel * 8, np.round(dense.op.kernel * 8))
    assert [node.kind for node in read_model(SCALED["qdense_auto"](tf)).layers] == ["dense", "affine"]


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (lambda t: [t.L.ReLU(max_value=0.0)], "a ReLU with max_value=0 has no positive values"),
        (lambda t: [t.L.Dense(3, activation="gelu")], "the activation 'gelu' is not supported"),
        (lambda t: [t.L.Dense(3, activation=lambda x: x)], "its activation is a Python function of your own"),
        (lambda t: [t.L.Dense(3, activation=t.keras.ops.square)], "the activation 'square' is not supported"),
        (lambda t: [t.L.Reshape((2, 3, 1)), t.L.Conv2DTranspose(2, 2)], "transposed convolutions are not supported"),
        (
            lambda t: [t.L.Reshape((2, 3)), t.L.LSTM(2, return_sequences=True, go_backwards=True)],
            "go_backwards=True with",
        ),
        (lambda t: [t.L.Reshape((2, 3)), t.L.LSTM(2, stateful=False, return_state=True)], "return_state=True"),
        (
            lambda t: [t.L.Reshape((2, 3)), t.q.QLSTM(2, activation="quantized_relu(4,1,negative_slope=0.25)")],
            "has a scale or slope, which cells do not support",
        ),
        (
            lambda t: [t.L.Reshape((2, 3)), t.q.QGRU(2, recurrent_activation="binary(alpha=0.5)")],
            "has a scale or slope, which cells do not support",
        ),
        (
            lambda t: [t.L.Reshape((2, 3)), t.q.QGRU(2, state_quantizer="quantized_relu(4)")],
            "is more than a cast",
        ),
        (
            lambda t: [t.L.Reshape((2, 3)), t.q.QGRU(2, state_quantizer="quantized_bits(4,0,alpha='auto')")],
            "scales activations by the batch at hand",
        ),
        (lambda t: [t.L.Reshape((2, 3)), t.L.Softmax(axis=1)], "a softmax over axis 1"),
        (
            lambda t: [t.L.Reshape((2, 3, 1)), t.L.UpSampling2D(2, interpolation="bilinear")],
            "the interpolation 'bilinear' is not supported. Use 'nearest'.",
        ),
        (lambda t: [t.L.Reshape((2, 3)), t.L.LSTM(2, activation="relu6")], "has an upper clip"),
        (
            lambda t: [t.L.Reshape((6, 1)), t.L.TimeDistributed(t.L.Reshape((1, 1)))],
            "it wraps a layer of class 'Reshape'",
        ),
        (lambda t: [t.L.Reshape((2, 3)), t.L.BatchNormalization(axis=1)], "a normalisation over axis 1"),
        (lambda t: [t.q.QActivation("quantized_bits(4,0,alpha='auto')")], "scales activations by the batch at hand"),
        (lambda t: [t.q.QActivation("quantized_po2(4)")], "is not supported for activations"),
        (lambda t: [t.q.QActivation("bernoulli()")], "is not supported for activations"),
        (lambda t: [t.q.QActivation("binary_tanh")], r"Use QActivation\('binary\(alpha=1\)'\)"),
        (lambda t: [t.q.QDense(3, kernel_quantizer="quantized_ulaw(4)")], "makes no fixed-point weights"),
        (lambda t: [t.L.Reshape((2, 3)), t.L.MultiHeadAttention(2, 2)], "attention is not supported"),
    ],
)
def test_unsupported_option_is_refused_with_a_way_out(tf, build, problem):
    layers = build(tf)
    inputs = tf.keras.Input((6,))
    x = inputs
    for layer in layers:
        x = layer(x, x) if "Attention" in type(layer).__name__ else layer(x)
    model = tf.keras.Model(inputs, x[0] if isinstance(x, list | tuple) else x)
    with pytest.raises(UnsupportedError, match=problem) as caught:
        read_model(model)
    assert len(caught.value.problems) == 1
    assert inspect_model(model).problems == caught.value.problems


def test_inputs_of_different_shapes_are_refused(tf):
    a, b = tf.keras.Input((4, 4, 2)), tf.keras.Input((1, 1, 2))
    with pytest.raises(UnsupportedError, match=r"its inputs have different shapes: \(4, 4, 2\), \(1, 1, 2\)"):
        read_model(tf.keras.Model([a, b], tf.L.Multiply()([a, b])))


def test_channels_first_is_refused(tf):
    model = tf.keras.Sequential([tf.keras.Input((2, 5, 5)), tf.L.MaxPooling2D(2, data_format="channels_first")])
    with pytest.raises(UnsupportedError, match="the layout channels_first is not supported"):
        read_model(model)


def test_live_model_without_structure_is_one_clear_error(tf):
    class Mine(tf.keras.Model):
        def call(self, x):
            return x

    from hlsexplore.errors import ModelError

    with pytest.raises(ModelError, match="expected a Sequential or Functional model|cannot describe its structure"):
        read_model(Mine())
