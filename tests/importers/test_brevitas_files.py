"""Networks that Brevitas trained and wrote (scripts/make_brevitas_vectors.py): the same integers, the same outputs."""

from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.importers import inspect_model
from hlsexplore.ops import Conv, Dense, DepthwiseConv, Input, Requantize

FOLDER = Path(__file__).parents[1] / "data" / "brevitas"
FILES = sorted(path.name for path in FOLDER.glob("*.onnx"))
TOLERANCE = 1e-6
"""Relative to the largest output: a step of a quantizer is larger by orders of magnitude."""


def vectors(name):
    data = np.load(FOLDER / name.replace(".onnx", ".npz"))
    return data["x"], data["y"]


@pytest.mark.parametrize("name", FILES)
def test_the_network_and_its_default_design_compute_what_brevitas_computed(name) -> None:
    x, expected = vectors(name)
    graph = hx.read_model(FOLDER / name)
    y = hx.predict(graph, x)
    assert y.shape == expected.shape
    assert np.abs(y - expected).max() < TOLERANCE * np.abs(expected).max()
    assert (hx.emulate(hx.Design.default(graph), x) == y).all()


def test_powers_of_two_are_equal_to_the_bit_and_stay_shifts() -> None:
    x, expected = vectors("powers.onnx")
    graph = hx.read_model(FOLDER / "powers.onnx")
    assert (hx.predict(graph, x) == expected).all()
    assert not any(isinstance(node.op, Requantize) for node in graph)
    assert all(node.unit is None for node in graph)


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("powers")])
def test_every_requantization_is_proven_and_weights_are_integers(name) -> None:
    inspection = inspect_model(FOLDER / name)
    assert inspection.notes == ()
    graph = inspection.graph
    found = [node.op for node in graph if isinstance(node.op, Requantize)]
    assert found
    assert all(op.proven and op.doubt == 0 for op in found)
    for node in graph:
        if isinstance(node.op, Dense | Conv | DepthwiseConv):
            assert (node.op.kernel == np.rint(node.op.kernel)).all()


def test_data_is_quantised_before_it_comes_in_and_results_are_scaled_behind() -> None:
    graph = hx.read_model(FOLDER / "mlp.onnx")
    encoding = graph.inputs[0].op.encoding
    assert isinstance(graph.inputs[0].op, Input)
    assert (encoding.low, encoding.high) == (-128, 127)
    assert str(graph.inputs[0].types["result"]) == "fixed<8,8>"
    assert graph[graph.outputs[0]].unit is not None
    raw = hx.emulate(hx.Design.default(graph), np.full((1, 8), 3 * float(encoding.scale[0])))
    assert raw.shape == (1, 4)


def test_multipliers_are_short() -> None:
    graph = hx.read_model(FOLDER / "mlp.onnx")
    widths = [node.types["weight"].width for node in graph if isinstance(node.op, Requantize)]
    assert max(widths) <= 16


def test_both_forms_of_a_file_are_one_network() -> None:
    x, _ = vectors("mobile.onnx")
    both = [hx.predict(hx.read_model(FOLDER / name), x) for name in ("mobile.onnx", "mobile_qcdq.onnx")]
    assert np.allclose(*both, rtol=1e-6, atol=1e-6)
