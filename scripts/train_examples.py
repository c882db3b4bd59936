"""Trains the bundled examples and writes their model files, with fixed seeds.

Run it from a checkout with the extra `train` installed: python scripts/train_examples.py [NAME ...]
It takes some minutes and writes to hlsexplore/examples/models/.
"""

import argparse
import io
import json
import logging
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import qkeras
import tensorflow as tf
from keras import layers

from hlsexplore.examples.catalog import FOLDER, RECIPES, VARIANTS
from hlsexplore.examples.packaged import VOWELS_FILE, VOWELS_STEP, read_vowels

SEED = 7
BITS = 6
ZIP_DATE = (2026, 1, 1, 0, 0, 0)

log = logging.getLogger("train_examples")


def mlp(name: str, shape: tuple[int, ...], hidden: tuple[int, ...], num_classes: int) -> keras.Model:
    """Build Dense layers with ReLU, then softmax."""
    x = inputs = keras.Input(shape, name="features")
    for index, units in enumerate(hidden, start=1):
        x = layers.Dense(units, activation="relu", name=f"fc{index}")(x)
    x = layers.Dense(num_classes, name="output")(x)
    return keras.Model(inputs, layers.Softmax(name="softmax")(x), name=name)


def quantized_mlp(name: str, shape: tuple[int, ...], hidden: tuple[int, ...], num_classes: int) -> keras.Model:
    """Build the same network with 6-bit weights, biases and activations."""
    x = inputs = keras.Input(shape, name="features")
    for index, units in enumerate(hidden, start=1):
        x = qkeras.QDense(units, name=f"fc{index}", **weights())(x)
        x = qkeras.QActivation(f"quantized_relu({BITS},2)", name=f"relu{index}")(x)
    x = qkeras.QDense(num_classes, name="output", **weights())(x)
    return keras.Model(inputs, layers.Softmax(name="softmax")(x), name=name)


def weights() -> dict[str, Any]:
    """Quantizers of kernel and bias."""
    quantizer = f"quantized_bits({BITS},0,alpha=1)"
    return {"kernel_quantizer": quantizer, "bias_quantizer": quantizer}


def cnn(name: str) -> keras.Model:
    """Build a CNN for 8x8 images, with batch normalisation."""
    x = inputs = keras.Input((8, 8, 1), name="image")
    for index, (filters, size) in enumerate(((8, 3), (16, 2)), start=1):
        x = layers.Conv2D(filters, size, name=f"conv{index}")(x)
        x = layers.BatchNormalization(name=f"norm{index}")(x)
        x = layers.ReLU(name=f"relu{index}")(x)
        if index == 1:
            x = layers.MaxPooling2D(2, name="pool1")(x)
    x = layers.Dense(32, activation="relu", name="fc1")(layers.Flatten(name="flatten")(x))
    x = layers.Dense(10, name="output")(x)
    return keras.Model(inputs, layers.Softmax(name="softmax")(x), name=name)


def quantized_cnn(name: str) -> keras.Model:
    """Build the same network without normalisation, with 6 bits."""
    x = inputs = keras.Input((8, 8, 1), name="image")
    for index, (filters, size) in enumerate(((8, 3), (16, 2)), start=1):
        x = qkeras.QConv2D(filters, size, name=f"conv{index}", **weights())(x)
        x = qkeras.QActivation(f"quantized_relu({BITS},2)", name=f"relu{index}")(x)
        if index == 1:
            x = layers.MaxPooling2D(2, name="pool1")(x)
    x = qkeras.QDense(32, name="fc1", **weights())(layers.Flatten(name="flatten")(x))
    x = qkeras.QActivation(f"quantized_relu({BITS},2)", name="relu3")(x)
    x = qkeras.QDense(10, name="output", **weights())(x)
    return keras.Model(inputs, layers.Softmax(name="softmax")(x), name=name)


def cnn1d(name: str, is_quantized: bool) -> keras.Model:
    """Build a one-dimensional CNN for sequences of 25 steps."""
    x = inputs = keras.Input((25, 12), name="steps")
    for index in (1, 2):
        if is_quantized:
            x = qkeras.QConv1D(16, 3, name=f"conv{index}", **weights())(x)
            x = qkeras.QActivation(f"quantized_relu({BITS},2)", name=f"relu{index}")(x)
        else:
            x = layers.Conv1D(16, 3, activation="relu", name=f"conv{index}")(x)
        x = layers.MaxPooling1D(2, name=f"pool{index}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = qkeras.QDense(9, name="output", **weights())(x) if is_quantized else layers.Dense(9, name="output")(x)
    return keras.Model(inputs, layers.Softmax(name="softmax")(x), name=name)


def gru(name: str, is_quantized: bool) -> keras.Model:
    """Build a GRU for sequences of 25 steps."""
    x = inputs = keras.Input((25, 12), name="steps")
    if is_quantized:
        quantizer = f"quantized_bits({BITS},0,alpha=1)"
        functions = {"activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": True}
        x = qkeras.QGRU(16, name="gru", recurrent_quantizer=quantizer, **functions, **weights())(x)
        x = qkeras.QDense(9, name="output", **weights())(x)
    else:
        x = layers.Dense(9, name="output")(layers.GRU(16, name="gru")(x))
    return keras.Model(inputs, layers.Softmax(name="softmax")(x), name=name)


def branched(name: str, is_quantized: bool) -> keras.Model:
    """Build a network with two branches, a residual sum and a concatenation."""

    def dense(units: int, layer: str, x: Any) -> Any:
        if not is_quantized:
            return layers.Dense(units, activation="relu", name=layer)(x)
        x = qkeras.QDense(units, name=layer, **weights())(x)
        return qkeras.QActivation(f"quantized_relu({BITS},2)", name=f"{layer}_relu")(x)

    inputs = keras.Input((9,), name="features")
    trunk = dense(32, "trunk", inputs)
    left, right = dense(16, "left", trunk), dense(16, "right", trunk)
    total = layers.Add(name="sum")([dense(16, "deep", left), left])
    x = dense(16, "head", layers.Concatenate(name="join")([total, right]))
    x = qkeras.QDense(2, name="output", **weights())(x) if is_quantized else layers.Dense(2, name="output")(x)
    return keras.Model(inputs, layers.Softmax(name="softmax")(x), name=name)


Build = Callable[[], keras.Model]

BUILDERS: dict[tuple[str, str], Build] = {
    ("shuttle", "keras"): lambda: mlp("shuttle", (9,), (64, 32, 32), 2),
    ("shuttle", "qkeras"): lambda: quantized_mlp("shuttle_qkeras", (9,), (64, 32, 32), 2),
    ("digits", "keras"): lambda: mlp("digits", (64,), (64, 32, 32), 10),
    ("digits", "qkeras"): lambda: quantized_mlp("digits_qkeras", (64,), (64, 32, 32), 10),
    ("jets", "keras"): lambda: mlp("jets", (16,), (64, 32, 32), 5),
    ("jets", "qkeras"): lambda: quantized_mlp("jets_qkeras", (16,), (64, 32, 32), 5),
    ("digits_cnn", "keras"): lambda: cnn("digits_cnn"),
    ("digits_cnn", "qkeras"): lambda: quantized_cnn("digits_cnn_qkeras"),
    ("vowels_cnn", "keras"): lambda: cnn1d("vowels_cnn", False),
    ("vowels_cnn", "qkeras"): lambda: cnn1d("vowels_cnn_qkeras", True),
    ("vowels_gru", "keras"): lambda: gru("vowels_gru", False),
    ("vowels_gru", "qkeras"): lambda: gru("vowels_gru_qkeras", True),
    ("shuttle_branched", "keras"): lambda: branched("shuttle_branched", False),
    ("shuttle_branched", "qkeras"): lambda: branched("shuttle_branched_qkeras", True),
}
EPOCHS = {
    "shuttle": (15, 256),
    "digits": (80, 32),
    "jets": (15, 256),
    "digits_cnn": (60, 32),
    "vowels_cnn": (80, 16),
    "vowels_gru": (120, 16),
    "shuttle_branched": (15, 256),
}
"""Epochs and batch size of each example."""


def train(name: str, variant: str) -> dict[str, float]:
    """Train one example and write its file.

    Returns:
        Figures of the evaluation.
    """
    keras.utils.set_random_seed(SEED)
    data = read_vowels() if name.startswith("vowels") else RECIPES[name].data()
    model = BUILDERS[name, variant]()
    epochs, batch = EPOCHS[name]
    steps = epochs * -(-len(data.x_train) // batch)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(data.x_train.astype(np.float32), data.y_train, batch_size=batch, epochs=epochs, verbose=0)
    y = model.predict(data.x.astype(np.float32), batch_size=4096, verbose=0)
    accuracy = float((y.argmax(axis=-1) == data.labels).mean())
    if name.startswith("vowels"):
        stored = np.round(data.x / VOWELS_STEP).astype(np.int16)
        np.savez_compressed(VOWELS_FILE, x=stored, labels=data.labels.astype(np.int8))
    plain = BUILDERS[name, variant]()
    plain.set_weights(model.get_weights())
    save(plain, FOLDER / f"{name}_{variant}.keras")
    return {"accuracy": accuracy, "samples": len(data.labels), "parameters": model.count_params()}


def save(model: keras.Model, path: Path) -> None:
    """Write a model as a small `.keras` file whose bytes do not depend on the time."""
    raw = path.with_suffix(".tmp.keras")
    model.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            data = source.read(name)
            if name == "metadata.json":
                data = json.dumps({"keras_version": keras.__version__, "date_saved": "2026-01-01@00:00:00"}).encode()
            target.writestr(zipfile.ZipInfo(name, ZIP_DATE), io.BytesIO(data).getvalue(), zipfile.ZIP_DEFLATED)
    raw.unlink()


def main() -> None:
    """Train the examples named on the command line, or all of them."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description="Train the bundled examples.")
    parser.add_argument("names", nargs="*", choices=[*RECIPES, []], help="examples to train; all when none is given")
    names = parser.parse_args().names or list(RECIPES)
    tf.config.experimental.enable_op_determinism()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names:
        for variant in VARIANTS:
            log.info("%s %s %s", name, variant, json.dumps(train(name, variant)))


if __name__ == "__main__":
    main()
