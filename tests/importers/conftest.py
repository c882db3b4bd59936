"""Hand-made model files in the layouts that Keras writes, so that most tests need no TensorFlow."""

import io
import json
import os
import warnings
import zipfile
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest


def layer(cls, name, previous=None, module: str = "keras.layers", registered=None, **config) -> dict[str, Any]:
    """One layer of a functional model in Keras 3's form."""
    args = [] if previous is None else [{"args": [tensor(previous)], "kwargs": {}}]
    return {
        "module": module,
        "class_name": cls,
        "config": {"name": name, **config},
        "registered_name": registered,
        "name": name,
        "inbound_nodes": args,
    }


def tensor(name, call: int = 0, shape=None) -> dict[str, Any]:
    history = {"shape": shape, "dtype": "float32", "keras_history": [name, call, 0]}
    return {"class_name": "__keras_tensor__", "config": history}


def functional(layers, inputs=None, outputs=None, name: str = "net") -> dict[str, Any]:
    first, last = layers[0]["name"], layers[-1]["name"]
    config = {
        "name": name,
        "layers": layers,
        "input_layers": inputs or [first, 0, 0],
        "output_layers": outputs or [last, 0, 0],
    }
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}


def inputs(*shape, name: str = "x") -> dict[str, Any]:
    return layer("InputLayer", name, batch_shape=[None, *shape])


def hdf5(groups):
    """Bytes of a weights file: `layers/NAME/vars/0` from {group: [arrays]}; a name with `|` sets the stored name."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for key, arrays in groups.items():
            group, _, stored = key.partition("|")
            variables = file.create_group(f"layers/{group}/vars")
            if stored:
                variables.attrs["name"] = stored
            for index, values in enumerate(arrays):
                variables.create_dataset(str(index), data=np.asarray(values))
    return buffer.getvalue()


def write_keras(path, config, groups=None, weights=None, members=None):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("model.weights.h5", hdf5(groups or {}) if weights is None else weights)
        for name, data in (members or {}).items():
            archive.writestr(name, data)
    return path


def write_h5(path, config, weights, version: str = "2.15.0"):
    """An `.h5` file: weights as {layer: {name: array}}."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = version
        top = file.create_group("model_weights")
        for name, arrays in weights.items():
            group = top.create_group(name)
            group.attrs["weight_names"] = [key.encode() for key in arrays]
            for key, values in arrays.items():
                group.create_dataset(key, data=np.asarray(values))
    return path


def dense_net(
    units: int = 2, size: int = 3, name: str = "fc", **options
) -> tuple[dict[str, Any], dict[str, list[np.ndarray]]]:
    """A network of one Dense layer and its weights."""
    rng = np.random.default_rng(0)
    config = functional([inputs(size), layer("Dense", name, "x", units=units, use_bias=True, **options)])
    return config, {"dense": [rng.normal(size=(size, units)).astype("f4"), rng.normal(size=units).astype("f4")]}


@pytest.fixture
def craft() -> SimpleNamespace:
    return SimpleNamespace(
        layer=layer,
        tensor=tensor,
        functional=functional,
        inputs=inputs,
        hdf5=hdf5,
        write_keras=write_keras,
        write_h5=write_h5,
        dense_net=dense_net,
    )


@pytest.fixture(scope="module")
def tf() -> SimpleNamespace:
    """Keras, its layers, and QKeras."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
        import qkeras
    return SimpleNamespace(keras=keras, L=keras.layers, q=qkeras, ops=keras.ops)
