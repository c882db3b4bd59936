"""What tests of the command line share: a model made by hand, and ways to run commands."""

import io
import json
import sys
import zipfile
from typing import Any

import h5py
import numpy as np
import pytest

from hlsexplore.cli import main

SHAPE, CLASSES = 6, 4


def dense(name, previous, units) -> dict[str, Any]:
    history = {"shape": None, "dtype": "float32", "keras_history": [previous, 0, 0]}
    inbound = [{"args": [{"class_name": "__keras_tensor__", "config": history}], "kwargs": {}}]
    config = {"name": name, "units": units, "use_bias": True, "activation": "linear"}
    return {"module": "keras.layers", "class_name": "Dense", "config": config, "name": name, "inbound_nodes": inbound}


def write_model(path, names=("fc1", "fc2"), kernel=None, cls="Dense", has_two_outputs: bool = False):
    """A `.keras` file of two layers, SHAPE -> 8 -> CLASSES, made by hand: no TensorFlow needed."""
    first = {"module": "keras.layers", "class_name": "InputLayer", "name": "x", "inbound_nodes": []}
    layers = [first | {"config": {"name": "x", "batch_shape": [None, SHAPE]}}]
    layers += [dense(names[0], "x", 8) | {"class_name": cls}, dense(names[1], names[0], CLASSES)]
    config = {"name": "net", "layers": layers, "input_layers": ["x", 0, 0], "output_layers": [names[1], 0, 0]}
    if has_two_outputs:
        config["output_layers"] = [[name, 0, 0] for name in names]
    rng = np.random.default_rng(5)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for group, size in (("dense", (SHAPE, 8)), ("dense_1", (8, CLASSES))):
            variables = file.create_group(f"layers/{group}/vars")
            values = rng.normal(0, 0.5, size)
            if kernel is not None and group == "dense":
                values[0, 0] = kernel
            variables.create_dataset("0", data=values.astype("f4"))
            variables.create_dataset("1", data=rng.normal(0, 0.1, size[1]).astype("f4"))
    with zipfile.ZipFile(path, "w") as archive:
        document = {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}
        archive.writestr("config.json", json.dumps(document))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("model.weights.h5", buffer.getvalue())
    return path


def run(capsys: pytest.CaptureFixture[str], *argv):
    """Run a command; its exit code, stdout and stderr."""
    code = main([str(item) for item in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def run_json(capsys: pytest.CaptureFixture[str], *argv, code: int = 0):
    found, out, err = run(capsys, *argv, "--json")
    assert found == code, err
    return json.loads(out)


def command(*argv) -> list[Any]:
    return [sys.executable, "-m", "hlsexplore", *map(str, argv)]
