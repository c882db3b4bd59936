"""Configurations of hls4ml on a graph: the types of its own defines.h, and what it would have ignored in silence."""

import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.errors import ConfigError, ModelError
from hlsexplore.graph import Graph, Node
from hlsexplore.hls4ml_config import _KNOWN, apply_config, read_config
from hlsexplore.ops import Activation, Affine, Conv, Dense, Function, Input, Pool, Reshape, Softmax


def network() -> Graph:
    rng = np.random.default_rng(3)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6, 6, 2)),
        Node(
            name="c",
            op=Conv(kernel=rng.normal(size=(3, 3, 2, 4)), bias=rng.normal(size=4)),
            inputs=("x",),
            shape=(4, 4, 4),
        ),
        Node(name="c_relu", op=Activation(function=Function.RELU), inputs=("c",), shape=(4, 4, 4)),
        Node(
            name="bn",
            op=Affine(kernel=rng.normal(size=4), bias=rng.normal(size=4)),
            inputs=("c_relu",),
            shape=(4, 4, 4),
        ),
        Node(name="p", op=Pool(average=False, size=(2, 2), stride=(2, 2)), inputs=("bn",), shape=(2, 2, 4)),
        Node(name="flat", op=Reshape(), inputs=("p",), shape=(16,)),
        Node(
            name="fc", op=Dense(kernel=rng.normal(size=(16, 4)), bias=rng.normal(size=4)), inputs=("flat",), shape=(4,)
        ),
        Node(name="out", op=Softmax(), inputs=("fc",), shape=(4,)),
    )
    return Graph(name="net", nodes=nodes, outputs=("out",))


CONFIG = {
    "Backend": "Vitis",
    "Part": "xc7z020clg400-1",
    "ClockPeriod": 7,
    "IOType": "io_parallel",
    "HLSConfig": {
        "Model": {"Precision": {"default": "fixed<14,6>"}, "ReuseFactor": 2, "Strategy": "Latency"},
        "LayerType": {"Softmax": {"Implementation": "latency", "TableSize": 2048}},
        "LayerName": {
            "c": {"Precision": {"weight": "fixed<8,3,RND,SAT,0>", "result": "auto"}, "ReuseFactor": 3},
            "fc": {"Precision": {"accum": "auto", "result": "ap_fixed<20,9,AP_RND,AP_SAT>"}, "Strategy": "resource"},
            "p": {"Precision": {"result": "auto", "accum": "auto"}},
            "bn": {"Precision": {"result": "auto"}},
        },
    },
}


def test_names_beat_types_beat_the_model() -> None:
    design = apply_config(CONFIG, network()).design
    layers = design.layers
    assert str(layers["c"].types["weight"]) == "fixed<8,3,RND,SAT>"
    assert str(layers["c_relu"].types["result"]) == "fixed<14,6>"
    assert (layers["c"].reuse, layers["fc"].reuse, str(layers["fc"].strategy)) == (3, 2, "resource")
    assert (str(layers["out"].softmax), layers["out"].table_size) == ("latency", 2048)
    target = design.target
    assert (target.part, target.clock_ns, str(target.io), str(target.tool)) == (
        "xc7z020clg400-1",
        7.0,
        "parallel",
        "vitis_hls",
    )


@pytest.mark.skipif(find_spec("hls4ml") is None, reason="needs hls4ml")
@pytest.mark.parametrize("io", ["io_parallel", "io_stream"])
def test_automatic_types_are_those_that_hls4ml_infers(io: str, tmp_path: Path) -> None:
    from hlsexplore_hls.hls4ml.layers import layer_words

    graph = network()
    start = hx.Design.default(graph)
    names = {node.name: node.name for node in graph}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from hls4ml.backends import get_backend
        from hls4ml.model.graph import ModelGraph

        settings = get_backend("Vitis").create_initial_config(io_type=io)
        tensors = ("weight", "bias", "accum", "result", "scale")
        hls = {"Model": {"Precision": {"default": "fixed<14,6>"}, "ReuseFactor": 1, "Strategy": "Latency"}}
        hls["LayerName"] = {
            name: {"Precision": dict.fromkeys(tensors, "auto")} for name in ("c", "bn", "p", "flat", "fc")
        }
        settings |= {"OutputDir": str(tmp_path), "ProjectName": "net", "Backend": "Vitis", "HLSConfig": hls}
        layers = [layer_words(node, start, names) for node in graph]
        layers[3]["class_name"] = "BatchNormalization"
        layers[3] |= {"gamma_data": layers[3].pop("scale_data"), "beta_data": layers[3].pop("bias_data")}
        layers[3] |= {
            "mean_data": np.zeros(4),
            "variance_data": np.ones(4),
            "epsilon": 0.0,
            "use_gamma": True,
            "use_beta": True,
        }
        model = ModelGraph.from_layer_list(settings, layers, inputs=["x"], outputs=["out"])
        model.config.backend.writer.write_yml = lambda model: None
        model.write()
    ours = apply_config({"HLSConfig": hls, "IOType": io}, graph).design
    theirs = hx.read_design(tmp_path)
    for name in ("c", "bn", "p", "fc", "c_relu"):
        assert dict(ours.layers[name].types) == dict(theirs.layers[name].types), name


def test_settings_that_hls4ml_ignores_or_rounds_are_named() -> None:
    config = {
        "Model": {"Precision": "fixed<16,6>", "ReuseFactr": 1},
        "LayerName": {"fcc": {}, "fc": {"ReuseFactor": 7, "Presicion": 1}},
    }
    notes = apply_config({"HLSConfig": config, "Clock": 5}, network()).notes
    assert notes == (
        "unknown key 'Clock'. Did you mean 'ClockPeriod'?",
        "no layer is called 'fcc'. Did you mean 'fc'?",
        "layer 'fc': unknown key 'Presicion'. Did you mean 'Precision'?",
        "Model: unknown key 'ReuseFactr'. Did you mean 'ReuseFactor'?",
        "layer 'fc': reuse 7 became 8, the nearest that divides evenly.",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Model": {"Precision": "float"}}, "layer 'x', result: 'float' is not a fixed-point type"),
        ({"LayerName": {"fc": {"ReuseFactor": "2"}}}, "layer 'fc': ReuseFactor must be a whole number, not '2'"),
    ],
)
def test_a_bad_value_is_one_error(change, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        apply_config({"HLSConfig": change}, network())


def test_files_that_are_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^cannot read .*a\.yml: No such file or directory\.$"):
        read_config(tmp_path / "a.yml", network())
    (tmp_path / "b.yml").write_text("a: 1\n")
    with pytest.raises(ConfigError, match="has none of Model, LayerType and LayerName"):
        read_config(tmp_path / "b.yml", network())
    (tmp_path / "c.yml").write_text("- 1\n")
    with pytest.raises(ModelError, match="must hold keys with values"):
        read_config(tmp_path / "c.yml", network())


@pytest.mark.parametrize(
    ("board", "part", "expected", "note"),
    [
        ({"Board": "pynq-z2"}, None, "xc7z020clg400-1", None),
        (
            {"AcceleratorConfig": {"Board": "zcu102"}},
            "xc7z020clg400-1",
            "xczu9eg-ffvb1156-2-e",
            "Part 'xc7z020clg400-1' is not that of the board 'zcu102': hls4ml builds for 'xczu9eg-ffvb1156-2-e'.",
        ),
        (
            {"Board": "zcu104"},
            "xczu7ev-ffvc1156-2-e",
            "xczu7ev-ffvc1156-2-e",
            "the board 'zcu104' is none of hls4ml's. Did you mean 'zcu102'?",
        ),
    ],
)
def test_a_board_decides_the_part_as_in_hls4ml(board, part: str | None, expected: str, note: str | None) -> None:
    config = {**CONFIG, "Backend": "VivadoAccelerator", **board}
    config = {**config, "Part": part} if part else {key: value for key, value in config.items() if key != "Part"}
    found = apply_config(config, network())
    assert found.design.target.part == expected
    assert [item for item in found.notes if "board" in item] == ([note] if note else [])


def test_every_key_of_version_1_3_is_known_and_what_is_not_taken_over_is_said() -> None:
    layer = {
        **CONFIG["HLSConfig"]["LayerName"]["fc"],
        "RecurrentReuseFactor": 4,
        "Direction": "forward",
        "Static": True,
    }
    layer |= {"TableRangePower2": 2, "DepthwiseReuseFactor": 2}
    inner = {**CONFIG["HLSConfig"], "LayerName": {**CONFIG["HLSConfig"]["LayerName"], "fc": layer}}
    notes = apply_config({**CONFIG, "HLSConfig": inner}, network()).notes
    assert [note for note in notes if "counterpart" in note] == [  # the model's ReuseFactor is 2
        "layer 'fc': RecurrentReuseFactor 4 has no counterpart here and is not taken over.",
        "layer 'fc': TableRangePower2 2 has no counterpart here and is not taken over.",
    ]
    assert not [note for note in notes if "unknown" in note]


def test_linear_activations_are_layers_of_hls4ml() -> None:
    def notes(precision):
        layers = {**CONFIG["HLSConfig"]["LayerName"], "fc_linear": {"Precision": precision}, "nothing_linear": {}}
        return apply_config({**CONFIG, "HLSConfig": {**CONFIG["HLSConfig"], "LayerName": layers}}, network()).notes

    said = (
        "layer 'fc': hls4ml casts its result, fixed<20,9,RND,SAT>, to fixed<8,3> (fc_linear), which is not taken over."
    )
    assert "no layer is called 'nothing_linear'." in notes("auto")
    assert said in notes({"result": "fixed<8,3>"}) and said in notes("ap_fixed<8,3>")
    assert not any("fc_linear" in note for note in notes("auto") + notes({"result": "ap_fixed<20,9,AP_RND,AP_SAT>"}))


@pytest.mark.skipif(find_spec("hls4ml") is None, reason="needs hls4ml")
def test_keys_that_are_known_are_those_of_hls4ml() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from hls4ml.backends import get_available_backends, get_backend
        from hls4ml.model.attributes import TypeAttribute
        from hls4ml.model.layers import layer_map

    classes = set(layer_map.values())
    found = {
        attribute.config_name
        for name in get_available_backends()
        for kind in classes
        for attribute in (*get_backend(name).attribute_map.get(kind, ()), *kind.expected_attributes)
        if attribute.configurable and not isinstance(attribute, TypeAttribute)
    }
    assert len(found) > 10 and found <= _KNOWN
