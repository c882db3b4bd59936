"""Networks that PyTorch wrote, in four forms each, compute what PyTorch computed (scripts/make_torch_vectors.py)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.ops import Conv, Dense, Permute, Recurrent

FOLDER = Path(__file__).parents[1] / "data" / "torch"
NETWORKS = sorted(path.stem for path in FOLDER.glob("*.npz"))
FORMS = ("{}.pt2", "{}_core.pt2", "{}.onnx", "{}_old.onnx")
TOLERANCE = 1e-6
"""Relative to the largest output: PyTorch computes in float32."""


def vectors(name):
    data = np.load(FOLDER / f"{name}.npz")
    return data["x"], [data[key] for key in sorted(data) if key.startswith("y")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_form_computes_what_pytorch_computed(name, form) -> None:
    x, expected = vectors(name)
    y = hx.predict(hx.read_model(FOLDER / form.format(name)), x)
    outputs = y if isinstance(y, tuple) else (y,)
    assert len(outputs) == len(expected)
    for own, other in zip(outputs, expected, strict=True):
        assert own.shape == other.shape
        assert np.abs(own - other).max() < TOLERANCE * np.abs(other).max()


def kinds(name) -> list[Any]:
    return [node.kind for node in hx.read_model(FOLDER / name)]


def test_channels_come_first_at_the_input_only() -> None:
    graph = hx.read_model(FOLDER / "cnn.pt2")
    assert graph.input_shape == (3, 9, 7)
    moves = [node for node in graph if isinstance(node.op, Permute)]
    assert [node.inputs for node in moves] == [("input",)]
    assert moves[0].shape == (9, 7, 3)


def test_transposes_of_the_source_that_meet_each_other_move_nothing() -> None:
    assert "permute" not in kinds("sequence.pt2")[:4]


def test_a_sequence_of_which_only_the_last_step_is_read_is_not_returned() -> None:
    for form in ("gru.pt2", "gru.onnx", "gru_old.onnx"):
        graph = hx.read_model(FOLDER / form)
        assert [node.kind for node in graph] == ["input", "gru", "dense"]
        assert isinstance(graph.nodes[1].op, Recurrent)
        assert not graph.nodes[1].op.return_sequences


def test_layers_are_named_after_the_modules_that_own_their_weights() -> None:
    assert [node.name for node in hx.read_model(FOLDER / "gru.pt2")] == ["x", "g", "o"]
    assert [node.name for node in hx.read_model(FOLDER / "mlp.onnx") if isinstance(node.op, Dense)] == ["0", "4", "6"]


def test_groups_become_blocks_of_one_kernel() -> None:
    graph = hx.read_model(FOLDER / "cnn.pt2")
    kernel = next(
        node.op.kernel for node in graph if isinstance(node.op, Conv) and node.op.kernel.shape[:3] == (1, 1, 12)
    )
    assert (kernel[0, 0, :6, 2:] == 0).all()
    assert (kernel[0, 0, 6:, :2] == 0).all()
    assert np.count_nonzero(kernel) == 24


def test_batch_normalisations_are_fused() -> None:
    assert "affine" not in kinds("mlp.pt2")


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_designs_of_these_networks_are_emulated(name: str) -> None:
    x, (expected, *_) = vectors(name)
    graph = hx.read_model(FOLDER / f"{name}.pt2")
    wide = hx.Design.default(graph, type="fixed<40,16>")
    assert np.abs(hx.emulate(wide, x) - expected).max() < 0.02
