"""Writes the model files of Keras 2 with QKeras 0.9 that the importer's tests read, and what Keras makes of them.

Needs tf_keras, and QKeras 0.9 unpacked in a folder of its own:
    pip install --no-deps --target FOLDER qkeras==0.9.0
    TF_USE_LEGACY_KERAS=1 PYTHONPATH=FOLDER python scripts/make_legacy_models.py tests/data/models
"""

import os
import sys
from pathlib import Path
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import qkeras
import tf_keras as keras
from tf_keras import layers

SEED = 5
BITS = "quantized_bits(6,0,alpha=1)"


def functional() -> Any:
    """Nested models, merges, quantizers as text and as objects, a shared layer."""
    inputs = keras.Input((16,), name="features")
    x = qkeras.QDense(8, kernel_quantizer=BITS, bias_quantizer=qkeras.quantized_bits(6, 0, 1), name="q1")(inputs)
    x = qkeras.QActivation("quantized_relu(6)", name="qa")(x)
    x = qkeras.QActivation(qkeras.quantized_bits(6, 0, 1), name="qb")(x)
    x = qkeras.QDense(
        8, kernel_quantizer=qkeras.binary(alpha="auto"), activation=qkeras.quantized_relu(4, 3), name="q2"
    )(x)
    x = layers.BatchNormalization(name="bn")(x)
    inner_in = keras.Input((8,))
    y = layers.Dense(8, activation="relu", name="d")(inner_in)
    y = layers.BatchNormalization(name="bn")(y)
    inner = keras.Model(inner_in, layers.Dense(4, name="e")(y), name="inner")
    other = layers.Dense(4, activation="hard_sigmoid", name="other")
    x = layers.Add(name="sum")([inner(x), other(x), inner(layers.ReLU(max_value=2.0)(x))])
    return keras.Model(inputs, layers.Softmax(name="softmax")(x), name="functional")


def sequence() -> Any:
    """A sequence network."""
    return keras.Sequential(
        [
            keras.Input((10, 4)),
            qkeras.QConv1D(4, 3, kernel_quantizer="ternary()", name="c1"),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True, recurrent_activation="hard_sigmoid")),
            layers.TimeDistributed(layers.Dense(5)),
            layers.Dropout(0.1),
            layers.GRU(3),
            layers.Dense(2, activation="softmax"),
        ],
        name="sequence",
    )


def image() -> Any:
    """An image network with the layers that Keras 3 dropped or renamed."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            qkeras.QConv2DBatchnorm(4, 3, kernel_quantizer="quantized_bits(4,1,alpha=1)"),
            layers.SeparableConv2D(4, 3),
            layers.PReLU(),
            layers.LeakyReLU(alpha=0.2),
            layers.ELU(),
            layers.ThresholdedReLU(0.1),
            qkeras.QDepthwiseConv2D(3, depthwise_quantizer="quantized_bits(4,0)"),
            layers.DepthwiseConv2D(2),
            layers.Flatten(),
            qkeras.QBatchNormalization(
                gamma_quantizer="quantized_bits(4,0)", beta_quantizer=None, mean_quantizer=None, variance_quantizer=None
            ),
            layers.LayerNormalization(),
        ],
        name="image",
    )


def main() -> None:
    """Write the files to the folder named on the command line."""
    folder = Path(sys.argv[1])
    for build in (functional, sequence, image):
        model, rng = build(), np.random.default_rng(SEED)
        for variable in model.variables:
            shape = tuple(variable.shape)
            values = rng.uniform(0.5, 1.5, shape) if "variance" in variable.name else rng.normal(0, 0.5, shape)
            if variable.dtype.is_floating:
                variable.assign(values)
        x = (np.round(rng.normal(0, 1, (8, *model.input_shape[1:])) * 16) / 16).astype(np.float32)
        name = f"keras2_{build.__name__}"
        model.save(folder / f"{name}.h5", include_optimizer=False)
        model.save(folder / f"{name}.keras")
        np.savez_compressed(folder / f"{name}.npz", x=x, y=model(x, training=False).numpy())


if __name__ == "__main__":
    main()
