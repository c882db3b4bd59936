"""Ops along an axis as ONNX defines them: linear resizing, running sums, padding by copies, repetition."""

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

import hlsexplore as hx
from hlsexplore.importers import inspect_model

from .onnx_models import floats, model, node, problems


def agree(nodes, weights, shape=(2, 5, 6), opset: int = 18):
    """Compare float and fixed-point results with ONNX' own."""
    proto = model(nodes, {"x": [1, *shape]}, weights, opset=opset)
    found = inspect_model(proto)
    assert found.problems == ()
    x = np.clip(floats(4, *shape), -2, 2)
    expected = np.concatenate([ReferenceEvaluator(proto).run(None, {"x": row[None]})[0] for row in x])
    y = hx.predict(found.graph, x)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    assert np.abs(hx.emulate(hx.Design.default(found.graph), x) - expected).max() < 0.02


@pytest.mark.parametrize("how", ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"])
@pytest.mark.parametrize("factors", [(2, 2), (1.5, 0.5), (1, 3)])
def test_linear_resizing_is_a_product_with_constant_weights(how: str, factors) -> None:
    nodes = [node("Resize", "x  s", mode="linear", coordinate_transformation_mode=how)]
    agree(nodes, {"s": np.array([1, 1, *factors], np.float32)}, (2, 4, 6))


def test_linear_resizing_to_sizes_may_name_its_axes() -> None:
    nodes = [node("Resize", "x   z", mode="linear", axes=[2, 3])]
    agree(nodes, {"z": np.array([7, 4])})


@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
def test_a_running_sum_is_a_product_with_ones(exclusive: int, reverse: int) -> None:
    agree([node("CumSum", "x a", exclusive=exclusive, reverse=reverse)], {"a": np.array(2)})


@pytest.mark.parametrize("mode", ["edge", "reflect", "wrap"])
def test_padding_by_copies_takes_the_elements_that_onnx_takes(mode: str) -> None:
    opset = 19 if mode == "wrap" else 18
    agree([node("Pad", "x p", mode=mode)], {"p": np.array([0, 0, 2, 1, 0, 0, 0, 3])}, opset=opset)


def test_repetition_joins_a_tensor_with_itself() -> None:
    agree([node("Tile", "x r")], {"r": np.array([1, 2, 1, 3])})


def test_what_these_ops_cannot_do_is_refused() -> None:
    def refusal(item, **weights) -> str:
        return problems(model([item], {"x": ["n", 2, 5, 6]}, weights, opset=18))[0]

    scales = np.array([1, 1, 2, 2], np.float32)
    assert "the coordinates 'tf_crop_and_resize' are not supported" in refusal(
        node("Resize", "x  s", mode="linear", coordinate_transformation_mode="tf_crop_and_resize"), s=scales
    )
    assert "the mode 'cubic' is not supported" in refusal(node("Resize", "x  s", mode="cubic"), s=scales)
    assert "it filters before it shrinks" in refusal(node("Resize", "x  s", mode="linear", antialias=1), s=scales)
    far = np.array([0, 0, 0, 65, 0, 0, 0, 0])
    assert "it adds 65 copies." in refusal(node("Pad", "x p", mode="edge"), p=far)
    assert "it repeats an axis 2 times." in refusal(node("Tile", "x r"), r=np.array([2, 1, 1, 1]))
