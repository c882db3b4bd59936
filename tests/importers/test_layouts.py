"""The layouts of model files: Keras 2 and 3, `.keras` and `.h5`, without importing TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hlsexplore.emulate import float_forward
from hlsexplore.errors import UnsupportedError
from hlsexplore.importers import inspect_model, read_model

FOLDER = Path(__file__).parents[1] / "data" / "models"


@pytest.mark.parametrize("kind", ["h5", "keras"])
@pytest.mark.parametrize("name", ["functional", "sequence", "image"])
def test_keras2_file_gives_the_results_that_keras2_computed(name: str, kind: str) -> None:
    graph = read_model(FOLDER / f"keras2_{name}.{kind}")
    with np.load(FOLDER / f"keras2_{name}.npz") as stored:
        x, wanted = stored["x"], stored["y"]
    got = float_forward(graph, x.astype(np.float64))
    np.testing.assert_allclose(got, wanted, rtol=2e-5, atol=2e-5 * float(np.abs(wanted).max()))


def test_keras2_layers_keep_their_names_and_types() -> None:
    graph = read_model(FOLDER / "keras2_functional.h5")
    kinds = {node.name: node.kind for node in graph}
    assert kinds["inner/d"] == "dense"
    assert kinds["inner_2/d_relu"] == "relu"
    assert {key: str(type_) for key, type_ in graph["q1"].types.items()} == {
        "weight": "fixed<6,1>",
        "bias": "fixed<6,1>",
    }
    assert str(graph["qa"].types["result"]) == "ufixed<6,0,RND_CONV,SAT>"
    assert str(graph["qb"].types["result"]) == "fixed<6,1,RND_CONV,SAT_SYM>"
    assert str(graph["q2_relu"].types["result"]) == "ufixed<4,3,RND_CONV,SAT>"
    assert graph["q1"].source == "q1 (QDense)"


def test_reading_a_file_imports_no_framework() -> None:
    code = (
        "import sys; from hlsexplore import read_model; "
        f"read_model({str(FOLDER / 'keras2_image.h5')!r}); read_model({str(FOLDER / 'keras2_image.keras')!r}); "
        "bad = {'tensorflow', 'keras', 'qkeras', 'torch', 'jax', 'tf_keras'} & set(sys.modules); print(sorted(bad))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert run.stdout.strip() == "[]"


def test_keras_file_and_h5_file_of_one_model_give_one_graph() -> None:
    for name in ("functional", "sequence", "image"):
        assert read_model(FOLDER / f"keras2_{name}.keras").digest == read_model(FOLDER / f"keras2_{name}.h5").digest


def test_content_decides_not_the_extension(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes((FOLDER / "keras2_image.h5").read_bytes())
    assert read_model(str(path)).num_parameters == read_model(FOLDER / "keras2_image.h5").num_parameters


def sequential(layers, **body) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": layers, **body}}


def plain(cls, name, **config) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": cls, "config": {"name": name, **config}, "registered_name": None}


@pytest.mark.parametrize(
    ("first", "body"),
    [
        ({"batch_input_shape": [None, 3]}, {}),
        ({"batch_shape": [None, 3]}, {}),
        ({}, {"build_input_shape": [None, 3]}),
        ({"build": [None, 3]}, {}),
    ],
)
def test_sequential_without_input_layer_takes_its_recorded_shape(
    tmp_path: Path, craft: SimpleNamespace, first, body
) -> None:
    dense = plain("Dense", "d", units=2, use_bias=False, **{k: v for k, v in first.items() if k != "build"})
    if "build" in first:
        dense["build_config"] = {"input_shape": first["build"]}
    config = sequential([dense], **body)
    graph = read_model(craft.write_keras(tmp_path / "m.keras", config, {"dense": [np.ones((3, 2))]}))
    assert [(node.name, node.shape) for node in graph] == [("input", (3,)), ("d", (2,))]


def test_layers_of_one_class_are_numbered_when_the_file_stores_no_names(tmp_path: Path, craft: SimpleNamespace) -> None:
    config = sequential(
        [plain("Dense", f"d{i}", units=2, use_bias=False) for i in range(3)], build_input_shape=[None, 2]
    )
    groups = {group: [np.full((2, 2), i)] for i, group in enumerate(("dense", "dense_1", "dense_2"))}
    graph = read_model(craft.write_keras(tmp_path / "m.keras", config, groups))
    assert [float(graph[f"d{i}"].op.kernel[0, 0]) for i in range(3)] == [0.0, 1.0, 2.0]


def test_stored_names_win_over_numbering(tmp_path: Path, craft: SimpleNamespace) -> None:
    config = sequential(
        [plain("Dense", f"d{i}", units=2, use_bias=False) for i in range(2)], build_input_shape=[None, 2]
    )
    groups = {"dense|d1": [np.full((2, 2), 1)], "dense_1|d0": [np.full((2, 2), 0)]}
    graph = read_model(craft.write_keras(tmp_path / "m.keras", config, groups))
    assert [float(graph[f"d{i}"].op.kernel[0, 0]) for i in range(2)] == [0.0, 1.0]


def test_made_up_names_avoid_real_ones(tmp_path: Path, craft: SimpleNamespace) -> None:
    config = craft.functional(
        [
            craft.inputs(2),
            craft.layer("Dense", "d", "x", units=2, use_bias=False, activation="relu"),
            craft.layer("ReLU", "d_relu", "d"),
        ]
    )
    graph = read_model(craft.write_keras(tmp_path / "m.keras", config, {"dense": [np.ones((2, 2))]}))
    assert [(node.name, node.inputs) for node in graph.layers] == [
        ("d", ("x",)),
        ("d_relu_2", ("d",)),
        ("d_relu", ("d_relu_2",)),
    ]


def test_long_weight_name_lists_that_keras_splits_are_read(tmp_path: Path, craft: SimpleNamespace) -> None:
    import h5py

    config, groups = craft.dense_net()
    path = craft.write_h5(tmp_path / "m.h5", config, {"fc": {"kernel": groups["dense"][0], "bias": groups["dense"][1]}})
    with h5py.File(path, "a") as file:
        group = file["model_weights/fc"]
        del group.attrs["weight_names"]
        group.attrs["weight_names0"], group.attrs["weight_names1"] = [b"kernel"], [b"bias"]
    assert read_model(path).num_parameters == 8


def test_bfloat16_weights_are_read(tmp_path: Path, craft: SimpleNamespace) -> None:
    config, _ = craft.dense_net()
    half = np.array([[1.0, -2.5], [0.5, 3.0], [0.0, -1.0]], dtype="f4")
    stored = (half.view("u4") >> 16).astype("u2").view("V2")
    path = craft.write_keras(tmp_path / "m.keras", config, {"dense": [stored, np.zeros(2)]})
    np.testing.assert_array_equal(read_model(path)["fc"].op.kernel, half)


def test_inspection_tells_shapes_parameters_and_nodes(tmp_path: Path, craft: SimpleNamespace) -> None:
    config, groups = craft.dense_net(activation="relu")
    inspection = inspect_model(craft.write_keras(tmp_path / "m.keras", config, groups))
    assert [(info.name, info.cls, info.shape, info.num_parameters, info.nodes) for info in inspection.layers] == [
        ("x", "InputLayer", (3,), 0, ("x",)),
        ("fc", "Dense", (2,), 8, ("fc", "fc_relu")),
    ]
    assert inspection.problems == ()


def test_weights_stored_quantised_are_refused(tmp_path: Path, craft: SimpleNamespace) -> None:
    policy = {"module": "keras.dtype_policies", "class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}}
    config, groups = craft.dense_net(dtype=policy)
    with pytest.raises(
        UnsupportedError, match=r"weights are stored quantised .* Save the model before model\.quantize\(\)"
    ):
        read_model(craft.write_keras(tmp_path / "m.keras", config, groups))


def test_keras2_calls_with_constants_are_refused(tmp_path: Path, craft: SimpleNamespace) -> None:
    node = {
        "class_name": "Dense",
        "name": "d",
        "config": {"name": "d", "units": 2},
        "inbound_nodes": [[["x", 0, 0, {"y": 3}]]],
    }
    config = {
        "class_name": "Functional",
        "config": {
            "name": "m",
            "layers": [
                {
                    "class_name": "InputLayer",
                    "name": "x",
                    "config": {"name": "x", "batch_input_shape": [None, 2]},
                    "inbound_nodes": [],
                },
                node,
            ],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["d", 0, 0]],
        },
    }
    path = craft.write_h5(tmp_path / "m.h5", json.loads(json.dumps(config)), {"d": {}})
    with pytest.raises(UnsupportedError, match="it is called with the constant y=3"):
        read_model(path)
