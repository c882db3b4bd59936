"""HGQ2 networks from their files alone: equal to Keras' predictions to the bit; what is refused, and how.

The networks are made by `scripts/make_hgq2_models.py` in an environment of its own.
"""

import json
import random
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from importers.test_fuzz import damage

import hlsexplore as hx
from hlsexplore.element_types import quantize_elements
from hlsexplore.errors import HlsExploreError, ModelError, UnsupportedError
from hlsexplore.fixed import to_real
from hlsexplore.importers.content import look
from hlsexplore.importers.files import read_archive
from hlsexplore.importers.keras import inspect_keras
from hlsexplore.op_facts import weight_types
from hlsexplore.ops import Quantize, weights
from hlsexplore.weights import raw_weights

FOLDER = Path(__file__).parents[1] / "data" / "models" / "hgq2"
NAMES = sorted(file.stem for file in FOLDER.glob("*.keras"))


def outputs(name: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """Inputs of a network and Keras' outputs."""
    with np.load(FOLDER / f"{name}.npz") as stored:
        return stored["x"].astype(np.float64), [
            stored[f"y{i}"].astype(np.float64) for i in range(len(stored.files) - 1)
        ]


def as_list(y: Any) -> list[np.ndarray]:
    return list(y) if isinstance(y, tuple) else [y]


def test_there_are_networks() -> None:
    assert len(NAMES) >= 11


@pytest.mark.parametrize("name", NAMES)
def test_a_network_gives_what_keras_predicts_to_the_bit(name: str) -> None:
    graph = hx.read_model(FOLDER / f"{name}.keras")
    x, expected = outputs(name)
    design = hx.Design.default(graph)
    for computed in (hx.predict(graph, x), hx.emulate(design, x)):
        for mine, theirs in zip(as_list(computed), expected, strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", NAMES)
def test_weights_keep_the_types_of_their_elements_and_lose_nothing_to_them(name: str) -> None:
    design = hx.Design.default(hx.read_model(FOLDER / f"{name}.keras"))
    typed = [node for node in design.graph if weight_types(node.op) is not None]
    assert typed or name in ("softmax",)
    for node in typed:
        kernel, types = weights(node.op)["weight"], weight_types(node.op)
        assert types is not None
        np.testing.assert_array_equal(to_real(quantize_elements(kernel[None], types)[0], types.hull()), kernel)
        trimmed = design.with_layer(node.name, trim=1)
        change = to_real(raw_weights(trimmed, node.name)["weight"], trimmed.type(node.name, "weight")) - kernel
        step = np.ldexp(1.0, 1 - types.broadcast_to(kernel.shape).fraction.astype(int))
        assert (np.abs(change) <= step).all()


def test_a_quantizer_that_was_registered_without_a_package_is_read(tmp_path: Path) -> None:
    def unregister(config: dict[str, Any]) -> None:
        found = [item for item in config["config"]["layers"] if item["class_name"] == "Quantizer"]
        assert found
        for item in found:
            item["registered_name"] = "Quantizer"

    graph, (x, expected) = hx.read_model(changed(tmp_path, "merges", unregister)), outputs("merges")
    np.testing.assert_array_equal(hx.predict(graph, x), expected[0])


def test_integer_bits_of_what_was_never_seen_are_no_bits(tmp_path: Path) -> None:
    path = changed(tmp_path, "untraced", lambda config: None)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    buffer = BytesIO(members["model.weights.h5"])
    with h5py.File(buffer, "r+") as file:
        file["layers/q_dense/iq/quantizer/vars/2"][...] = -1e9
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (members | {"model.weights.h5": buffer.getvalue()}).items():
            archive.writestr(name, data)
    casts = [node.op.types.width for node in hx.read_model(path) if isinstance(node.op, Quantize)]
    assert not casts[0].any()


def changed(tmp_path: Path, name: str, change: Callable[[dict[str, Any]], None]) -> Path:
    """Copy a network with another configuration."""
    path = tmp_path / f"{name}.keras"
    with zipfile.ZipFile(FOLDER / f"{name}.keras") as old, zipfile.ZipFile(path, "w") as new:
        for member in old.namelist():
            data = old.read(member)
            if member == "config.json":
                config = json.loads(data)
                change(config)
                data = json.dumps(config).encode()
            new.writestr(member, data)
    return path


def layer_of(config: dict[str, Any], index: int) -> dict[str, Any]:
    return [item for item in config["config"]["layers"] if item["class_name"].startswith("Q")][index]


REFUSED = [
    ("q_type", "float", "the quantizer 'iq' is of the type 'float', which is no fixed-point one. Use 'kbi' or 'kif'."),
    ("q_type", "dummy", "of the type 'dummy', which is no fixed-point one. Use 'kbi' or 'kif', or no quantizer there."),
    ("scaler", 0.3, "the quantizer 'iq' has the scaler 0.3, which is no power of two. Set it to a power of two."),
    ("affine", [0.1, 0], r"the affine map \[0.1, 0\], whose numbers have more than 12 fraction bits. Round them"),
    ("overflow_mode", "WRAP_SM", "has the overflow mode 'WRAP_SM'. Use WRAP, SAT or SAT_SYM."),
    ("round_mode", "UP", "has the rounding 'UP'. Use one of RND, RND_CONV"),
    ("bw_mapper", {"class_name": "Mine"}, "has a bw_mapper of its own. Use homogeneous_axis or heterogeneous_axis."),
]


@pytest.mark.parametrize(("key", "value", "message"), REFUSED, ids=[f"{key}_{value}" for key, value, _ in REFUSED])
def test_what_is_refused_is_named_with_a_way_out(tmp_path: Path, key: str, value: Any, message: str) -> None:
    def change(config: dict[str, Any]) -> None:
        layer_of(config, 0)["config"]["iq_conf"]["config"][key] = value

    with pytest.raises(UnsupportedError, match=message):
        hx.read_model(changed(tmp_path, "norms", change))


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        ("QDenseT", "tables of networks are not supported. Use QDense, QConv1D or QConv2D."),
        ("QLIF", "spiking layers are not supported. Use QDense or QGRU."),
        ("QConv3D", "three-dimensional images are not supported."),
        ("QNew", "this class of HGQ2 is not supported. docs/importers.md lists the supported ones."),
    ],
)
def test_layers_that_are_refused_are_named_with_a_way_out(tmp_path: Path, cls: str, message: str) -> None:
    def change(config: dict[str, Any]) -> None:
        layer_of(config, 0).update(class_name=cls, registered_name=f"hgq>{cls}")

    with pytest.raises(UnsupportedError, match=message):
        hx.read_model(changed(tmp_path, "untraced", change))


def test_everything_that_is_refused_is_listed_at_once(tmp_path: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        for index in (0, 1):
            layer_of(config, index)["config"]["iq_conf"]["config"]["q_type"] = "float"
            layer_of(config, index)["config"]["kq_conf"]["config"]["scaler"] = 3
        layer_of(config, 2)["config"]["bq_conf"]["class_name"] = "quantized_bits"

    with pytest.raises(UnsupportedError) as caught:
        hx.read_model(changed(tmp_path, "untraced", change))
    assert len(caught.value.problems) == 5
    assert "the quantizer 'bq' is a 'quantized_bits'" in caught.value.problems[-1]


def test_a_mask_is_refused(tmp_path: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        item = next(item for item in config["config"]["layers"] if item["class_name"] == "QSoftmax")
        item["inbound_nodes"][0]["kwargs"]["mask"] = item["inbound_nodes"][0]["args"][0]

    with pytest.raises(UnsupportedError, match="it is called with a mask. Use a layer without it"):
        hx.read_model(changed(tmp_path, "softmaxes", change))


def test_tables_of_single_elements_and_real_results_are_refused(tmp_path: Path) -> None:
    def without_output(config: dict[str, Any]) -> None:
        item = next(item for item in config["config"]["layers"] if item["class_name"] == "QUnaryFunctionLUT")
        item["config"]["oq_conf"] = None

    with pytest.raises(UnsupportedError, match="its results are real numbers. Set enable_oq=True"):
        hx.read_model(changed(tmp_path, "tables", without_output))


def test_widths_of_another_version_are_no_guess(tmp_path: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        layer_of(config, 0)["config"]["iq_conf"]["config"]["overflow_mode"] = "SAT"

    with pytest.raises(
        ModelError, match=r"the quantizer 'iq' has 4 variables, 1 of them signs, which HGQ2 0.2 does not"
    ):
        hx.read_model(changed(tmp_path, "norms", change))


def test_quantizers_of_one_type_are_plain_casts_and_others_casts_of_elements() -> None:
    graph = hx.read_model(FOLDER / "untraced.keras")
    kinds = {node.name: node.kind for node in graph}
    assert kinds["q_dense_iq"] == "quantize" and kinds["q_dense_1_iq"] == "linear"
    op = graph["q_dense_iq"].op
    assert isinstance(op, Quantize) and op.types.shape == (1, 4)
    assert graph["q_dense_1_iq"].types.keys() == {"result"}


@pytest.mark.parametrize("name", ["options", "softmaxes", "conv2d", "einsums"])
def test_damaged_configurations_raise_typed_errors_only(name: str) -> None:
    source, rng = read_archive(look(FOLDER / f"{name}.keras")), random.Random(3)
    for _ in range(12):
        with suppress(HlsExploreError):
            inspect_keras(replace(source, config=damage(source.config, rng)))
