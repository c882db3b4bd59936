"""Every quantized layer against QKeras' own results, from live models, `.keras` and `.h5` files.

TensorFlow is imported once a module, by the fixture `tf` of conftest.py.
"""

import numpy as np
import pytest
from importers.keras_kit import check, data, sequential

from hlsexplore.design import Design
from hlsexplore.emulate import emulate
from hlsexplore.importers import read_model

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")


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
