"""Broken and hostile model files: one clear error each, nothing executed, nothing written, nothing large read."""

import contextlib
import itertools
import json
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.importers import inspect_model, read_model


def refused(path, message, kind=ModelError) -> str:
    with pytest.raises(kind, match=message) as caught:
        read_model(path)
    return str(caught.value)


def test_missing_file_and_folder_say_what_to_do(tmp_path: Path) -> None:
    refused(tmp_path / "none.keras", r"the model file '.*none\.keras' does not exist\.")
    refused(tmp_path, r"is a folder\. Save the model as one file: model\.save\('NAME\.keras'\)\.")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK", b"\x00" * 5000])
def test_file_that_is_no_model_is_named(tmp_path: Path, content) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(content)
    refused(
        path,
        r"'m\.keras' is no Keras, ONNX or PyTorch model that can be read, or it is damaged\. Save it again: model\.save",
    )


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_truncated_file_is_one_clear_error(tmp_path: Path, craft: SimpleNamespace, keep: float, kind: str) -> None:
    config, groups = craft.dense_net()
    path = tmp_path / f"m.{kind}"
    if kind == "keras":
        craft.write_keras(path, config, groups)
    else:
        craft.write_h5(path, config, {"fc": {"fc/kernel": groups["dense"][0], "fc/bias": groups["dense"][1]}})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    refused(path, "damaged or incomplete and cannot be read|cannot be read .* The file is damaged")


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes_never_raise_anything_but_a_model_error(tmp_path: Path, craft: SimpleNamespace, seed) -> None:
    config, groups = craft.dense_net()
    path = craft.write_keras(tmp_path / "m.keras", config, groups)
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for position in rng.integers(8, len(data), 20):
        data[position] = rng.integers(256)
    path.write_bytes(data)
    with contextlib.suppress(ModelError):
        read_model(path)


def test_lambda_layer_is_refused_and_not_executed(tmp_path: Path, craft: SimpleNamespace) -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None, "closure": None}}
    config = craft.functional([craft.inputs(3), craft.layer("Lambda", "l", "x", function=code)])
    path = craft.write_keras(tmp_path / "m.keras", config)
    refused(
        path,
        r"1 thing in this model is not supported:\n"
        r"  - layer 'l' \(Lambda\): it holds Python code, which is never executed\. Replace it by layers that compute the same\.",
        UnsupportedError,
    )


def test_every_problem_is_listed_at_once(tmp_path: Path, craft: SimpleNamespace) -> None:
    config = craft.functional(
        [
            craft.inputs(3),
            craft.layer("Lambda", "a", "x"),
            craft.layer("Dense", "b", "a", units=2, use_bias=True, activation="squareplus"),
            craft.layer("Mine", "c", "b", module="my.code", registered="My>Mine"),
            craft.layer("Densee", "d", "c"),
        ]
    )
    path = craft.write_keras(tmp_path / "m.keras", config, {"dense": [np.zeros((3, 2)), np.zeros(2)]})
    text = refused(path, "4 things in this model are not supported", UnsupportedError)
    assert "layer 'b' (Dense): the activation 'squareplus' is not supported. Train with 'softplus' instead." in text
    assert "layer 'c' (Mine): it is a class of your own, whose code is never executed." in text
    assert "layer 'd' (Densee): this class is not supported. The nearest supported one is 'Dense'." in text
    inspection = inspect_model(path)
    assert inspection.graph is None
    assert [info.problem is not None for info in inspection.layers] == [False, True, True, True, True]


def test_layers_of_hgq_1_are_named_for_what_they_are(tmp_path: Path, craft: SimpleNamespace) -> None:
    for cls in ("HQuantize", "HDense"):
        config, groups = craft.dense_net()
        config["config"]["layers"][1] |= {"class_name": cls, "module": "HGQ.layers", "registered_name": f"HGQ>{cls}"}
        path = craft.write_keras(tmp_path / "m.keras", config, groups)
        refused(path, rf"layer 'fc' \({cls}\): it is a layer of HGQ 1, which is not read\. Train", UnsupportedError)


def test_custom_class_with_a_builtin_name_is_not_taken_for_it(tmp_path: Path, craft: SimpleNamespace) -> None:
    for module, registered in (("my_package", None), ("builtins", "Dense"), ("keras.layers", "My>Dense")):
        config, groups = craft.dense_net()
        config["config"]["layers"][1] |= {"module": module, "registered_name": registered}
        path = craft.write_keras(tmp_path / "m.keras", config, groups)
        refused(path, r"layer 'fc' \(Dense\): it is a class of your own", UnsupportedError)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_name_layer_and_count(tmp_path: Path, craft: SimpleNamespace, value) -> None:
    config, groups = craft.dense_net()
    groups["dense"][0][1, 1] = value
    path = craft.write_keras(tmp_path / "m.keras", config, groups)
    refused(
        path,
        r"layer 'fc': 1 of 6 values of the weight 'layers/dense/vars/0' are NaN or infinite\. "
        r"Train or export the model again\.",
    )


def test_wrong_weight_shape_names_both_shapes(tmp_path: Path, craft: SimpleNamespace) -> None:
    config, groups = craft.dense_net()
    groups["dense"][0] = np.zeros((4, 2))
    refused(
        craft.write_keras(tmp_path / "m.keras", config, groups),
        r"layer 'fc': the weight 'layers/dense/vars/0' has the shape \(4, 2\), but \(3, 2\) was expected",
    )


def test_missing_weight_names_it(tmp_path: Path, craft: SimpleNamespace) -> None:
    config, groups = craft.dense_net()
    path = craft.write_keras(tmp_path / "m.keras", config, {"dense": groups["dense"][:1]})
    refused(path, r"layer 'fc' \(Dense\): its weight 'bias' is missing in the file\.")


def test_weights_only_file_says_how_to_save(tmp_path: Path, craft: SimpleNamespace) -> None:
    path = tmp_path / "m.weights.h5"
    path.write_bytes(craft.hdf5({"dense": [np.zeros((3, 2))]}))
    refused(path, r"'m\.weights\.h5' holds weights only, without the model's structure\. Give the architecture")


def test_text_weights_are_refused(tmp_path: Path, craft: SimpleNamespace) -> None:
    config, groups = craft.dense_net()
    groups["dense"][1] = np.array([b"ab", b"cd"])
    path = craft.write_keras(tmp_path / "m.keras", config, groups)
    refused(path, r"the weight 'layers/dense/vars/1' has the type \|S2, expected real numbers\.")


@pytest.mark.parametrize("name", ['x"; $(touch y)', "../../etc/passwd", "a b", "`reboot`", "$$", "é", "-rf", "'"])
def test_odd_layer_names_are_kept_as_text_and_do_nothing(
    tmp_path: Path, craft: SimpleNamespace, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config, groups = craft.dense_net(name=name, activation="relu")
    graph = read_model(craft.write_keras(tmp_path / "m.keras", config, groups))
    assert [node.name for node in graph.layers] == [name, f"{name}_relu"]
    assert [item.name for item in tmp_path.iterdir()] == ["m.keras"]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00b", "a\x1b[31m", "n" * 300, 7, None, ["a"]])
def test_unprintable_or_endless_layer_names_are_refused(tmp_path: Path, craft: SimpleNamespace, name) -> None:
    config, groups = craft.dense_net(name=name)
    refused(
        craft.write_keras(tmp_path / "m.keras", config, groups), r"of a layer is not usable\. Rename it with 1 to 256"
    )


def test_zip_members_outside_are_never_extracted(tmp_path: Path, craft: SimpleNamespace) -> None:
    config, groups = craft.dense_net()
    folder = tmp_path / "in"
    folder.mkdir()
    path = craft.write_keras(folder / "m.keras", config, groups, members={"../evil.txt": "x", "/tmp/evil.txt": "x"})
    assert read_model(path).num_parameters == 8
    assert [item.name for item in tmp_path.iterdir()] == ["in"]
    assert [item.name for item in folder.iterdir()] == ["m.keras"]


def test_zip_bomb_is_not_unpacked(tmp_path: Path, craft: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    config, _ = craft.dense_net()
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"\x00" * (1 << 22))
    monkeypatch.setattr("hlsexplore.importers.files.MAX_WEIGHTS_BYTES", 1 << 20)
    refused(path, r"'m\.keras': 'model\.weights\.h5' is larger than 1048576 bytes and is not read\.")


def test_large_or_repeated_configuration_is_refused(
    tmp_path: Path, craft: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, groups = craft.dense_net()
    path = craft.write_keras(tmp_path / "a.keras", config, groups)
    with monkeypatch.context() as patch:
        patch.setattr("hlsexplore.importers.files.MAX_JSON_BYTES", 100)
        refused(path, r"'config\.json' is larger than 100 bytes and is not read")
    with pytest.warns(UserWarning, match="Duplicate name"):
        craft.write_keras(tmp_path / "b.keras", config, groups, members={"config.json": "{}"})
    refused(tmp_path / "b.keras", r"'b\.keras' holds 'config\.json' twice\. The file is damaged or forged\.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "config.json is no valid JSON"),
        ("[]", "config.json is no JSON object"),
        ("[" * 100_000, "config.json is no valid JSON|maximum recursion"),
        ("{}", "an object without a usable 'class_name'"),
        ('{"class_name": "MyModel", "config": {}}', "is a 'MyModel', expected a Sequential or Functional model"),
        ('{"class_name": "Functional", "config": {"layers": 3}}', "expected a Sequential or Functional model"),
        ('{"class_name": "Functional", "config": {"name": "m", "layers": []}}', "describes no tensors"),
        ('{"class_name": "Sequential", "config": {"name": "m", "layers": []}}', "has no layers"),
        (
            '{"class_name": "Sequential", "config": {"name": "m", "layers": [7]}}',
            "an object without a usable 'class_name'",
        ),
    ],
)
def test_broken_configuration_is_one_clear_error(tmp_path: Path, craft: SimpleNamespace, text, message: str) -> None:
    refused(craft.write_keras(tmp_path / "m.keras", text), message)


def test_layers_that_form_a_cycle_are_refused(tmp_path: Path, craft: SimpleNamespace) -> None:
    config = craft.functional(
        [craft.inputs(3), craft.layer("ReLU", "a", "b"), craft.layer("ReLU", "b", "a")], outputs=["b", 0, 0]
    )
    refused(craft.write_keras(tmp_path / "m.keras", config), "the layers of the model 'net' form a cycle at '[ab]'")


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (["z", 0, 0], "refers to a layer 'z' that it does not have"),
        (["fc", 5, 0], "has no call 5 of the layer 'fc'"),
        (["fc"], "describes no tensor"),
    ],
)
def test_dangling_references_are_refused(tmp_path: Path, craft: SimpleNamespace, outputs, message: str) -> None:
    config, groups = craft.dense_net()
    config["config"]["output_layers"] = outputs
    refused(craft.write_keras(tmp_path / "m.keras", config, groups), message)


def test_second_layer_of_one_name_is_refused(tmp_path: Path, craft: SimpleNamespace) -> None:
    config, groups = craft.dense_net()
    config["config"]["layers"].append(config["config"]["layers"][1])
    refused(craft.write_keras(tmp_path / "m.keras", config, groups), "the layer name 'fc' occurs twice")


@pytest.mark.parametrize("shape", [[None, None], [None, 0], [None, -3], [None, "a"], None, [None, True]])
def test_input_without_fixed_shape_is_refused(tmp_path: Path, craft: SimpleNamespace, shape) -> None:
    config, groups = craft.dense_net()
    config["config"]["layers"][0]["config"]["batch_shape"] = shape
    refused(craft.write_keras(tmp_path / "m.keras", config, groups), "no fixed shape|axis of unknown or no size")


@pytest.mark.parametrize("units", [0, -1, 1.5, "many", None, True, [2]])
def test_impossible_units_are_refused(tmp_path: Path, craft: SimpleNamespace, units) -> None:
    config, groups = craft.dense_net()
    config["config"]["layers"][1]["config"]["units"] = units
    refused(craft.write_keras(tmp_path / "m.keras", config, groups), r"layer 'fc' \(Dense\), units: the value .* came")


def test_absurd_sizes_are_refused_before_memory_is_used(tmp_path: Path, craft: SimpleNamespace) -> None:
    config = craft.functional([craft.inputs(10, 10, 1), craft.layer("UpSampling2D", "up", "x", size=[100000, 100000])])
    refused(craft.write_keras(tmp_path / "m.keras", config), "has more than 16777216 elements")


def test_huge_weight_is_refused_before_it_is_read(tmp_path: Path, craft: SimpleNamespace) -> None:
    path = tmp_path / "m.h5"
    config = craft.functional(
        [craft.inputs(1 << 20), craft.layer("Dense", "fc", "x", units=1 << 10, use_bias=False)],
    )
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        group = file.create_group("model_weights/fc")
        group.attrs["weight_names"] = [b"kernel"]
        group.create_dataset("kernel", shape=(1 << 20, 1 << 10), dtype="f4", chunks=(1024, 1024))
    assert path.stat().st_size < 100_000
    refused(path, "has more than 134217728 elements")


def test_links_out_of_the_file_are_not_followed(tmp_path: Path, craft: SimpleNamespace) -> None:
    config, groups = craft.dense_net()
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["secret"] = groups["dense"][0]
    for link in (h5py.ExternalLink(str(other), "/secret"), h5py.SoftLink("/model_weights/fc/bias")):
        path = craft.write_h5(tmp_path / "m.h5", config, {"fc": {"bias": groups["dense"][1]}})
        with h5py.File(path, "a") as file:
            group = file["model_weights/fc"]
            group["kernel"] = link
            group.attrs["weight_names"] = [b"kernel", b"bias"]
        refused(path, r"'kernel' is a link in the HDF5 file\. Links are not followed")


def test_external_storage_is_not_read(tmp_path: Path, craft: SimpleNamespace) -> None:
    config, groups = craft.dense_net()
    raw = tmp_path / "raw.bin"
    raw.write_bytes(struct.pack("<6d", *range(6)))
    path = craft.write_h5(tmp_path / "m.h5", config, {"fc": {"bias": groups["dense"][1]}})
    with h5py.File(path, "a") as file:
        group = file["model_weights/fc"]
        group.create_dataset("kernel", shape=(3, 2), dtype="f8", external=[(str(raw), 0, 48)])
        group.attrs["weight_names"] = [b"kernel", b"bias"]
    refused(path, "is no plain array of this file")


def test_something_that_is_no_model_object_is_refused() -> None:
    for value in (3, None, object(), [], dict):
        with pytest.raises(ModelError, match=r"a model is a path of a \.keras, \.h5, \.onnx or \.pt2 file, or a live"):
            read_model(value)


def nested_calls(craft, levels, calls):
    """A network of one Dense layer in models that call each other, each several times: calls**levels layers."""
    model = craft.functional([craft.inputs(2, name="i0"), craft.layer("Dense", "d", "i0", units=2, use_bias=False)])
    model |= {"name": "m0"}
    for level in range(1, levels + 1):
        source = [f"i{level}", *[model["name"]] * (calls - 1)]
        tensors = [craft.tensor(name, call=max(index - 1, 0)) for index, name in enumerate(source)]
        inner = {**model, "inbound_nodes": [{"args": [tensor], "kwargs": {}} for tensor in tensors]}
        layers = [craft.inputs(2, name=f"i{level}"), inner]
        model = craft.functional(layers, outputs=[model["name"], calls, 0], name=f"m{level}") | {"name": f"m{level}"}
    return model


def test_layers_are_counted_where_nested_models_are_expanded(tmp_path: Path, craft: SimpleNamespace) -> None:
    place = "layers/functional/" * 3 + "layers/dense/vars/0"
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file[place] = np.eye(2)
    weights = (tmp_path / "w.h5").read_bytes()
    small = read_model(craft.write_keras(tmp_path / "s.keras", nested_calls(craft, 3, 3), weights=weights))
    assert len(small.layers) == 27
    path = craft.write_keras(tmp_path / "m.keras", nested_calls(craft, 9, 3))
    assert path.stat().st_size < 10_000
    refused(path, r"^'m\.keras': its models expand to more than 10000 layers, which is beyond any FPGA")


def test_weights_are_bounded_in_total(tmp_path: Path, craft: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hlsexplore.importers.layer.MAX_WEIGHT_ELEMENTS", 25)
    names = ["x", "a", "b", "c"]
    layers = [craft.inputs(3, name="x")]
    layers += [craft.layer("Dense", name, last, units=3, use_bias=False) for last, name in itertools.pairwise(names)]
    groups = {group: [np.ones((3, 3))] for group in ("dense", "dense_1", "dense_2")}
    path = craft.write_keras(tmp_path / "m.keras", craft.functional(layers), groups)
    refused(path, r"^c \(Dense\): with it, the network has more than 100000 nodes or 25 weights in all")


def test_nodes_are_bounded(tmp_path: Path, craft: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hlsexplore.importers.layer.MAX_NODES", 40)
    inner = {"class_name": "MaxPooling2D", "config": {"name": "p", "pool_size": 2}}
    layers = [craft.inputs(16, 4, 4, 1), craft.layer("TimeDistributed", "t", "x", layer=inner)]
    path = craft.write_keras(tmp_path / "m.keras", craft.functional(layers))
    refused(path, r"^t \(MaxPooling2D\): with it, the network has more than 40 nodes")


def test_ten_thousand_layers_are_read_in_linear_time(tmp_path: Path, craft: SimpleNamespace) -> None:
    names = ["x", *(f"a{index}" for index in range(9_998))]
    layers = [craft.inputs(2)]
    layers += [craft.layer("Activation", name, last, activation="relu") for last, name in itertools.pairwise(names)]
    graph = read_model(craft.write_keras(tmp_path / "m.keras", craft.functional(layers)))
    assert len(graph.layers) == 9_998


@pytest.mark.parametrize("value", ["x" * 10**5, ["y" * 50] * 5000, 10**3000, {"z" * 5000: "w" * 10**5}, "a\n\x1b[31m"])
@pytest.mark.parametrize("key", ["name", "units", "activation", "use_bias", "dtype", "class_name", "module"])
def test_values_are_quoted_in_short(tmp_path: Path, craft: SimpleNamespace, key: str, value) -> None:
    config, groups = craft.dense_net()
    layer = config["config"]["layers"][1]
    (layer["config"] if key in ("name", "units", "activation", "use_bias", "dtype") else layer)[key] = value
    try:
        read_model(craft.write_keras(tmp_path / "m.keras", config, groups))
    except ModelError as error:
        assert len(str(error)) < 700
