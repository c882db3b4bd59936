"""The one door of all importers: a model is recognised by its content, and what is not read is named for what it is."""

import io
import os
import pickle
import zipfile
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.errors import ModelError
from hlsexplore.importers import inspect_model, read_model
from hlsexplore.importers.read import LIVE_READERS, READERS


def archive(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    return buffer.getvalue()


def varint(number) -> bytes:
    return bytes([number & 127 | 128, number >> 7]) if number > 127 else bytes([number])


FOREIGN = {
    "a TensorFlow SavedModel": b"\x08\x01\x12" + varint(5000) + b"\n" * 100,
    "an hls4ml configuration": b"# mine\nBackend: Vitis\nHLSConfig:\n  Model: {}\n",
    "a TensorFlow Lite model": b"\x1c\x00\x00\x00TFL3" + bytes(100),
    "a program that PyTorch before 2.7 exported, whose weights are pickles": archive(
        "serialized_exported_program.json", "serialized_state_dict.pt"
    ),
    "a compiled PyTorch package (AOTInductor), which holds no network": archive(
        "net/archive_format", "net/data/aotinductor/model/x.so"
    ),
    "a TorchScript archive, which holds code that is never executed": archive(
        "net/data.pkl", "net/constants.pkl", "net/code/__torch__.py"
    ),
    "a PyTorch pickle (torch.save), which is Python code that is never executed": archive(
        "net/data.pkl", "net/version"
    ),
    "an archive of numpy arrays (.npz), no model": archive("x.npy", "y.npy"),
    "a Python pickle, which is Python code that is never executed": pickle.dumps({"w": [1.0]}),
    "a compressed archive (.gz)": b"\x1f\x8b\x08\x00" + bytes(100),
    "a safetensors file, weights without the model's structure": b"\x40"
    + bytes(7)
    + b'{"w":{"dtype":"F32"}}'
    + bytes(60),
    "a Git LFS pointer, not the model itself": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "a web page, not the model itself": b"\n<!DOCTYPE html>\n<html></html>",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_formats_are_named_for_what_they_are(tmp_path: Path, name) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(FOREIGN[name])
    with pytest.raises(ModelError) as caught:
        read_model(path)
    text = str(caught.value)
    assert text.startswith(f"'m.keras' is {name}. ")
    assert text.endswith((".", '"NAME.pt2")'))
    assert "damaged" not in text


def test_foreign_folders_are_named_for_what_they_are(tmp_path: Path) -> None:
    for member, name in (
        ("saved_model.pb", "a TensorFlow SavedModel"),
        ("hls4ml_config.yml", "half an hls4ml project"),
    ):
        folder = tmp_path / member.split(".")[0]
        folder.mkdir()
        (folder / member).write_bytes(b"x")
        with pytest.raises(ModelError, match=f"^'{folder.name}' is {name}[.:] "):
            read_model(folder)


def test_checkpoints_of_tensorflow_are_named_by_their_files(tmp_path: Path) -> None:
    for name in ("w.index", "w.data-00000-of-00001", "checkpoint"):
        (tmp_path / name).write_bytes(b"\x00")
        with pytest.raises(
            ModelError, match=f"^'{name}' is a TensorFlow checkpoint, weights without the model's struct"
        ):
            read_model(tmp_path / name)
    with pytest.raises(ModelError, match="is a TensorFlow checkpoint"):
        read_model(tmp_path)


def test_the_name_of_a_file_does_not_matter(tmp_path: Path, craft: SimpleNamespace) -> None:
    config, groups = craft.dense_net()
    expected = read_model(craft.write_keras(tmp_path / "m.keras", config, groups)).digest
    for name in ("m.h5", "m.onnx", "m"):
        assert read_model(craft.write_keras(tmp_path / name, config, groups)).digest == expected


def test_pipes_are_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    os.mkfifo(path)
    with pytest.raises(ModelError, match="is a device, pipe or socket. Give a regular file."):
        read_model(path)


def test_weights_beside_a_model_that_holds_its_own_are_refused(tmp_path: Path, craft: SimpleNamespace) -> None:
    path = craft.write_keras(tmp_path / "m.keras", *craft.dense_net())
    with pytest.raises(
        ModelError, match=r"'m\.keras' is a Keras archive \(\.keras\), which holds its own weights\. Leave"
    ):
        read_model(path, path)
    with pytest.raises(ModelError, match="the file of weights '.*none' does not exist"):
        read_model(path, tmp_path / "none")
    with pytest.raises(ModelError, match="weights is the path of a file, not 'int'"):
        read_model(path, 3)


def test_objects_that_are_no_models_are_refused() -> None:
    project = type("ModelGraph", (), {"__module__": "hls4ml.model.graph"})()
    with pytest.raises(ModelError, match="the ModelGraph cannot be used: hls4ml's models are not read"):
        read_model(project)
    layer = type("Dense", (), {"__module__": "keras.src.layers"})()
    with pytest.raises(ModelError, match=r"a 'Dense' is no whole model\. Wrap it: keras\.Model\(inputs, outputs\)\."):
        read_model(layer)


def test_oversized_files_are_refused_before_they_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hlsexplore.importers.content.MAX_FILE_BYTES", 100)
    path = tmp_path / "m.keras"
    path.write_bytes(bytes(101))
    with pytest.raises(ModelError, match="has 101 bytes; more than 100 are not read"):
        read_model(path)


def test_batch_normalisations_of_every_format_are_fused_at_the_door(tmp_path: Path, craft: SimpleNamespace) -> None:
    layers = [
        craft.inputs(3),
        craft.layer("Dense", "fc", "x", units=2, use_bias=False),
        craft.layer("BatchNormalization", "bn", "fc"),
    ]
    ones = [np.full(2, value) for value in (1.0, 2.0, 3.0, 4.0)]
    groups = {"dense": [np.ones((3, 2))], "batch_normalization": ones}
    path = craft.write_keras(tmp_path / "m.keras", craft.functional(layers), groups)
    assert [node.name for node in inspect_model(path, fuse_batchnorm=False).graph.nodes] == ["x", "fc", "bn"]
    graph = read_model(path)
    assert len(graph.nodes) == 2
    x = np.array([[1.0, 2.0, 3.0]])
    expected = (6.0 - 3.0) / np.sqrt(4.0 + 1e-3) + 2.0
    assert np.allclose(hx.predict(graph, x), expected, rtol=1e-12)


def test_readers_have_names_of_their_own() -> None:
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)
    assert {"keras", "tf_keras", "onnx", "torch"} <= LIVE_READERS.keys()


def test_an_example_is_for_modules_that_do_not_say_what_they_read() -> None:
    model = type("Model", (), {"__module__": "keras.src.models"})()
    with pytest.raises(
        ModelError, match="a live Keras, QKeras or HGQ2 model knows what it reads. Leave the example out."
    ):
        read_model(model, example=np.zeros((1, 3)))


def test_hdf5_without_a_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(3)
    with pytest.raises(ModelError, match="'m.h5' is an HDF5 file without a Keras model. Save the whole model"):
        read_model(path)
