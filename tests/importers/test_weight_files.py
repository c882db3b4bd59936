"""Where weights lie: the numbering of each version's `.keras` files, and architectures with their weights apart.

`*_shared.*` hold one network as Keras 2.12 to 2.14, tf_keras 2.21 and Keras 3.15 wrote it, with the outputs that they
computed: a layer that a nested model shares with the network around it, nested models with layers of equal names, one
without weights.
"""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.errors import ModelError
from hlsexplore.importers import inspect_model, read_model
from hlsexplore.importers.store import snake_case

FOLDER = Path(__file__).parents[1] / "data" / "models"


def check(graph, name) -> None:
    with np.load(FOLDER / f"{name}.npz") as stored:
        x, wanted = stored["x"], stored["y"]
    np.testing.assert_allclose(hx.predict(graph, x), wanted, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("version", ["keras212", "keras213", "keras214", "tfkeras", "keras3"])
def test_layers_are_found_however_the_version_numbers_them(version: str) -> None:
    check(read_model(FOLDER / f"{version}_shared.keras"), f"{version}_shared")


def test_layers_of_a_nested_model_may_have_slashes_in_their_names(tmp_path: Path) -> None:
    """As those of MobileNetV3 in Keras 2: `Conv` and `Conv/BatchNorm`, both in the group of the nested model."""
    rng = np.random.default_rng(0)
    names, sizes = ["Conv", "Conv/Dense", "a/Conv/Dense"], [4, 5, 2]
    shapes = [(3, 4), (4, 5), (5, 2)]
    inner = {**dense_json(names, sizes), "name": "nest"}
    inner["config"]["name"] = "nest"
    arrays = [(rng.normal(size=shape), rng.normal(size=shape[1])) for shape in shapes]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [inner]}}
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"], file.attrs["keras_version"] = json.dumps(config), "2.12.0"
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [b"nest"]
        group = weights.create_group("nest")
        group.attrs["weight_names"] = [f"{name}/{kind}:0".encode() for name in names for kind in ("kernel", "bias")]
        for name, (kernel, bias) in zip(names, arrays, strict=True):
            group[f"{name}/kernel:0"], group[f"{name}/bias:0"] = kernel, bias
    x = rng.normal(size=(6, 3))
    np.testing.assert_allclose(hx.predict(read_model(tmp_path / "m.h5"), x), through(arrays, x), rtol=1e-9)


def windows_file(source: Path, target: Path) -> Path:
    """Write the weights of a file as Keras 2 does under Windows: `layers\\dense/vars/0`, all groups at the top."""
    with h5py.File(source) as old, h5py.File(target, "w") as new:

        def copy(name: str, item: Any) -> None:
            if isinstance(item, h5py.Group) and name.split("/")[-1] != "vars" and "vars" in item:
                new.copy(item["vars"], new.create_group(name.replace("/", "\\")), "vars")

        old.visititems(copy)
    return target


@pytest.mark.parametrize("version", ["keras212", "keras213", "keras214", "tfkeras"])
def test_files_written_under_windows_are_read_as_any_other(version: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(FOLDER / f"{version}_shared.keras") as archive:
        archive.extractall(tmp_path)
    windows_file(tmp_path / "model.weights.h5", tmp_path / "windows.h5").replace(tmp_path / "model.weights.h5")
    with zipfile.ZipFile(tmp_path / "windows.keras", "w") as archive:
        for name in ("config.json", "metadata.json", "model.weights.h5"):
            archive.write(tmp_path / name, name)
    with h5py.File(tmp_path / "model.weights.h5") as file:
        assert any("\\" in name for name in file) and not {"layers", "_layer_checkpoint_dependencies"} & set(file)
    assert read_model(tmp_path / "windows.keras").digest == read_model(FOLDER / f"{version}_shared.keras").digest


@pytest.mark.parametrize("weights", [".weights.h5", "_named.h5", ".keras"])
def test_architecture_and_weights_apart_are_one_model(weights: str) -> None:
    graph = read_model(FOLDER / "keras213_shared.json", FOLDER / f"keras213_shared{weights}")
    check(graph, "keras213_shared")
    assert graph.digest == read_model(FOLDER / "keras213_shared.keras").digest


def test_layers_of_one_name_in_two_models_keep_their_own_weights() -> None:
    graph = read_model(FOLDER / "keras213_shared.keras", fuse_batchnorm=False)
    assert not np.array_equal(graph["left/in1"].op.kernel, graph["right/in1"].op.kernel[:4])
    assert np.array_equal(graph["shared"].op.kernel, graph["nest/shared"].op.kernel)


def dense_json(names, sizes, version=None, module: str = "keras.layers") -> dict[str, Any]:
    """An architecture of Dense layers, as `to_json` writes it."""
    layers = [
        {
            "module": module,
            "class_name": "Dense",
            "config": {"name": name, "units": units, **({"batch_input_shape": [None, 3]} if index == 0 else {})},
        }
        for index, (name, units) in enumerate(zip(names, sizes, strict=True))
    ]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    return {**config, "keras_version": version, "backend": "tensorflow"} if version else config


def named_file(path, names, arrays):
    """Weights as Keras 2 writes them: a group for each layer, under its name, in the model's order."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in names]
        for name, (kernel, bias) in zip(names, arrays, strict=True):
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()]
            group[f"{name}/kernel:0"], group[f"{name}/bias:0"] = kernel, bias
    return path


def two_layers() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    return [(rng.normal(size=shape), rng.normal(size=shape[1])) for shape in ((3, 3), (3, 3))]


def through(arrays, x):
    for kernel, bias in arrays:
        x = x @ kernel + bias
    return x


@pytest.mark.parametrize("stored", [["a", "b"], ["dense_7", "dense_8"]])
def test_named_weights_belong_to_layers_by_order_as_in_keras(tmp_path: Path, stored: list[str]) -> None:
    (tmp_path / "m.json").write_text(json.dumps(dense_json(["a", "b"], [3, 3], "2.2.4")))
    arrays = two_layers()
    graph = read_model(tmp_path / "m.json", named_file(tmp_path / "w.h5", stored, arrays))
    x = np.random.default_rng(1).normal(size=(4, 3))
    np.testing.assert_allclose(hx.predict(graph, x), through(arrays, x), rtol=1e-12)


def test_named_weights_in_another_order_belong_to_their_names(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps(dense_json(["a", "b"], [3, 3], "2.2.4")))
    arrays = two_layers()
    graph = read_model(tmp_path / "m.json", named_file(tmp_path / "w.h5", ["b", "a"], arrays[::-1]))
    x = np.random.default_rng(1).normal(size=(4, 3))
    np.testing.assert_allclose(hx.predict(graph, x), through(arrays, x), rtol=1e-12)


def test_architecture_that_was_written_as_a_text_is_read(tmp_path: Path) -> None:
    """`json.dump(model.to_json(), file)` writes the JSON text as a JSON string."""
    (tmp_path / "m.json").write_text(json.dumps(json.dumps(dense_json(["a", "b"], [3, 3], "2.2.4"))))
    assert read_model(tmp_path / "m.json", named_file(tmp_path / "w.h5", ["a", "b"], two_layers())).num_parameters == 24


def test_version_of_the_architecture_decides_what_functions_mean(tmp_path: Path) -> None:
    config = dense_json(["a", "b"], [3, 3], "2.11.0")
    config["config"]["layers"][1]["config"]["activation"] = "hard_sigmoid"
    (tmp_path / "m.json").write_text(json.dumps(config))
    graph = read_model(tmp_path / "m.json", named_file(tmp_path / "w.h5", ["a", "b"], two_layers()))
    assert graph["b_hard_sigmoid"].op.alpha == 0.2


def test_architecture_alone_asks_for_its_weights(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps(dense_json(["a", "b"], [3, 3])))
    with pytest.raises(ModelError) as caught:
        read_model(path)
    assert str(caught.value) == (
        "'net.json' is an architecture without weights, which lie in a second file. Give both: net.json WEIGHTS.h5 on "
        "the command line, read_model('net.json', 'WEIGHTS.h5') in Python."
    )
    named_file(tmp_path / "net_weights.h5", ["a", "b"], two_layers())
    with pytest.raises(ModelError, match=r"Give both: net\.json net_weights\.h5 on .* Beside it: net_weights\.h5\.$"):
        inspect_model(path)


def test_weights_alone_ask_for_their_architecture() -> None:
    for name in ("keras213_shared.weights.h5", "keras213_shared_named.h5"):
        with pytest.raises(
            ModelError, match="holds weights only, without the model's structure. Give the architecture"
        ):
            read_model(FOLDER / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"x": 1}, "'m.json' is a JSON file, but no architecture of Keras. Give a trained model"),
        ({"HLSConfig": {}}, "'m.json' is an hls4ml configuration. Give a trained model"),
        ({"class_name": "Sequential"}, "'m.json' is a 'Sequential', expected a Sequential or Functional model"),
        ([1], "'m.json' is no Keras, ONNX or PyTorch model"),
        ("{x", "'m.json': its content is no valid JSON .* The file is damaged"),
    ],
)
def test_json_that_is_no_architecture_is_named(tmp_path: Path, content, message: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=message):
        read_model(path, FOLDER / "keras213_shared_named.h5")


def test_files_that_are_no_weights_are_named(tmp_path: Path) -> None:
    model, weights = tmp_path / "m.json", tmp_path / "w.h5"
    model.write_text(json.dumps(dense_json(["a", "b"], [3, 3])))
    weights.write_bytes(b"hello")
    with pytest.raises(ModelError, match=r"'w\.h5' is no HDF5 file of weights\. Save them from Keras: model\.save_wei"):
        read_model(model, weights)
    with h5py.File(weights, "w") as file:
        file["x"] = np.zeros(3)
    with pytest.raises(ModelError, match="is an HDF5 file, but holds no weights of Keras"):
        read_model(model, weights)


def test_weights_of_another_network_do_not_fit(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps(dense_json(["a", "b"], [4, 3])))
    weights = named_file(tmp_path / "w.h5", ["a", "b"], two_layers())
    with pytest.raises(ModelError, match=r"weight 'a/kernel:0' has the shape \(3, 3\), but \(3, 4\) was expected"):
        read_model(tmp_path / "m.json", weights)


def test_layer_shared_with_an_inner_model_that_keras2_lost_is_explained(tmp_path: Path) -> None:
    """Keras 2 writes the inner model's input as what the shared layer reads outside, and cannot load the file."""
    config = json.loads((FOLDER / "keras213_shared.json").read_text())
    layers = {item["name"]: item for item in config["config"]["layers"]}
    layers["shared"]["inbound_nodes"] = [[[layers["nest"]["config"]["input_layers"][0][0], 0, 0, {}]]]
    path = tmp_path / "m.json"
    path.write_text(json.dumps(config))
    with pytest.raises(ModelError, match="which belongs to the model 'nest' inside it. Keras 2 writes such files"):
        read_model(path, shutil.copy(FOLDER / "keras213_shared_named.h5", tmp_path))


def test_classes_are_named_as_keras_names_their_groups() -> None:
    assert [snake_case(name) for name in ("PReLU", "GRUCell", "QConv2DBatchnorm", "Dense")] == [
        "p_re_lu",
        "gru_cell",
        "q_conv2d_batchnorm",
        "dense",
    ]
