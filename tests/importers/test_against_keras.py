"""Every supported layer against Keras' own results, from live models, `.keras` and `.h5` files.

TensorFlow is imported once a module, by the fixture `tf` of conftest.py.
"""

import numpy as np
import pytest
from importers.keras_kit import check, data, fill, sequential

from hlsexplore.emulate import float_forward
from hlsexplore.errors import UnsupportedError
from hlsexplore.importers import inspect_model, read_model

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")

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
    "transposed1d": lambda t: sequential(t, (5, 3), t.L.Conv1DTranspose(2, 5, strides=3, activation="relu")),
    "transposed1d_gaps": lambda t: sequential(t, (5, 3), t.L.Conv1DTranspose(2, 2, strides=3)),
    "transposed2d_same": lambda t: sequential(
        t,
        (3, 4, 2),
        t.L.Conv2DTranspose(3, (3, 4), strides=(2, 3), padding="same"),
        t.L.BatchNormalization(),
        t.L.ReLU(),
    ),
    "transposed2d_extra": lambda t: sequential(
        t, (3, 4, 2), t.L.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=1, use_bias=False)
    ),
    "transposed2d_dilated": lambda t: sequential(t, (4, 3, 2), t.L.Conv2DTranspose(3, 2, dilation_rate=2)),
    "transposed2d_softmax": lambda t: sequential(
        t, (2, 3, 2), t.L.Conv2DTranspose(3, 2, strides=2, activation="softmax")
    ),
    "einsum": lambda t: sequential(t, (4, 6), t.L.EinsumDense("abc,cd->abd", output_shape=(None, 3), bias_axes="d")),
    "einsum_axes": lambda t: sequential(
        t, (4, 6), t.L.EinsumDense("abc,bcd->abd", output_shape=(4, 3), bias_axes="bd", activation="relu")
    ),
    "einsum_heads": lambda t: sequential(t, (4, 6), t.L.EinsumDense("...c,cde->...de", (2, 3), bias_axes="de")),
    "depthwise1d": lambda t: sequential(t, (9, 3), t.L.DepthwiseConv1D(3, depth_multiplier=2, padding="same")),
    "depthwise2d": lambda t: sequential(
        t, (7, 7, 3), t.L.DepthwiseConv2D(3, strides=2, depth_multiplier=2), t.L.BatchNormalization()
    ),
    "depthwise2d_same": lambda t: sequential(t, (7, 6, 3), t.L.DepthwiseConv2D((2, 3), padding="same", use_bias=False)),
    "conv1d_dilated_same": lambda t: sequential(t, (11, 3), t.L.Conv1D(4, 3, dilation_rate=3, padding="same")),
    "conv2d_in_groups": lambda t: sequential(t, (6, 7, 6), t.L.Conv2D(8, 3, groups=2, strides=2, activation="relu")),
    "conv1d_in_groups": lambda t: sequential(t, (9, 6), t.L.Conv1D(6, 3, groups=3, use_bias=False)),
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
    "bilinear": lambda t: sequential(t, (4, 3, 2), t.L.UpSampling2D((2, 3), interpolation="bilinear")),
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
    "lstm_silu": lambda t: sequential(t, (5, 3), t.L.LSTM(4, activation="silu")),
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
_NAMES = [
    *("selu", "softplus", "softsign", "sigmoid", "hard_sigmoid", "hard_silu", "tanh", "hard_tanh", "relu", "linear"),
    *("silu", "swish", "gelu", "mish", "celu", "sparse_plus", "sparse_sigmoid", "log_sigmoid", "tanh_shrink"),
    *("soft_shrink", "hard_shrink", "exponential"),
]
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


def transformer(k, layers):
    x = k.Input((5, 6))
    y = layers.MultiHeadAttention(2, 3, dropout=0.1)(x, x)
    y = layers.LayerNormalization()(layers.Add()([x, y]))
    z = layers.MultiHeadAttention(3, 2, value_dim=4, output_shape=5, use_bias=False)(y, x)
    return x, layers.Dense(2)(layers.GlobalAveragePooling1D()(z))


def cross_attention(k, layers):
    query, key, value = k.Input((3, 4)), k.Input((5, 4)), k.Input((5, 2))
    y = layers.Attention()([query, value, key])
    z = layers.MultiHeadAttention(1, 2)(query, value, key=key)
    return [query, key, value], layers.Concatenate()([y, z])


def repeated(k, layers):
    a, b = k.Input((4, 3, 2)), k.Input((2,))
    row, column = layers.GlobalAveragePooling2D(keepdims=True)(a), layers.Dense(2)(a[:, :1])
    x = layers.Add()([a, row, column])
    x = layers.Multiply()([x, layers.Dense(1)(a), b])
    return [a, b], [layers.Maximum()([b, x]) - row, row + column]


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


def smooth_functions(k, layers):
    a = k.Input((9,))
    parts = [
        k.ops.silu(a),
        k.ops.gelu(a),
        k.ops.gelu(a, approximate=False),
        k.ops.celu(a, alpha=0.4),
        k.ops.celu(a),
        k.ops.soft_shrink(a, threshold=0.3),
        k.ops.hard_shrink(a, threshold=0.2),
        k.ops.threshold(a, 0.1, -0.4),
        k.ops.log_sigmoid(a),
        k.ops.tanh_shrink(a),
        k.ops.sparse_plus(a),
        k.ops.sparse_sigmoid(a),
        k.ops.exp(a),
        layers.Dense(9, activation="soft_shrink")(a),
        layers.Conv1D(3, 2, activation="gelu", padding="same")(layers.Reshape((9, 1))(a)),
    ]
    parts[-1] = layers.Flatten()(parts[-1])
    return a, layers.Dense(3)(layers.Concatenate()(parts))


FUNCTIONAL = [
    merges,
    transformer,
    cross_attention,
    repeated,
    dots,
    operators,
    functions,
    smooth_functions,
    several_outputs,
    residual,
    shared_layer,
    nested,
    nested_twice,
]


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


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (lambda t: [t.L.ReLU(max_value=0.0)], "a ReLU with max_value=0 has no positive values"),
        (lambda t: [t.L.Dense(3, activation="squareplus")], "the activation 'squareplus' is not supported"),
        (lambda t: [t.L.Dense(3, activation=lambda x: x)], "its activation is a Python function of your own"),
        (lambda t: [t.L.Dense(3, activation=t.keras.ops.square)], "the activation 'square' is not supported"),
        (
            lambda t: [t.L.Reshape((6, 1)), t.L.Conv1DTranspose(2, 2, data_format="channels_first")],
            "the layout channels_first is not supported",
        ),
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
            lambda t: [t.L.Reshape((2, 3, 1)), t.L.UpSampling2D(2, interpolation="bicubic")],
            "the interpolation 'bicubic' is not supported. Use 'nearest' or 'bilinear'.",
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


def test_a_sum_that_mixes_samples_is_refused(tf):
    a, b = tf.keras.Input((4, 2)), tf.keras.Input((2,))
    with pytest.raises(UnsupportedError, match=r"add of \(4, 2\) and \(2,\) mixes samples with other axes\. Reshape"):
        read_model(tf.keras.Model([a, b], a + b))


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
