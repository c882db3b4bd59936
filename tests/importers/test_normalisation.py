"""Normalisations of instances and groups of channels, as ONNX defines them."""

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

import hlsexplore as hx
from hlsexplore.importers import inspect_model

from .onnx_models import floats, model, node, problems


def agree(item, shape, size: int, opset: int = 21):
    weights = {"s": np.clip(floats(size), -1, 1), "b": floats(size)}
    proto = model([item], {"x": ["n", *shape]}, weights, opset=opset)
    found = inspect_model(proto)
    assert found.problems == ()
    x = floats(6, *shape)
    (expected,) = ReferenceEvaluator(proto).run(None, {"x": x})
    np.testing.assert_allclose(hx.predict(found.graph, x), expected, rtol=1e-4, atol=1e-5)
    assert np.abs(hx.emulate(hx.Design.default(found.graph), x) - expected).max() < 0.2


@pytest.mark.parametrize("shape", [(4, 7), (4, 3, 5)])
def test_instances_are_normalised_channel_by_channel(shape) -> None:
    agree(node("InstanceNormalization", "x s b", epsilon=1e-3), shape, 4)


@pytest.mark.parametrize("opset", [18, 21])
def test_groups_of_channels_are_scaled_as_the_version_says(opset: int) -> None:
    size = 2 if opset < 21 else 4
    agree(node("GroupNormalization", "x s b", num_groups=2, epsilon=1e-3), (4, 3, 5), size, opset)


def test_groups_that_do_not_divide_the_channels_are_refused() -> None:
    item = node("GroupNormalization", "x s b", num_groups=3)
    weights = {"s": floats(4), "b": floats(4)}
    found = problems(model([item], {"x": ["n", 4, 5]}, weights, opset=21))
    assert "it normalises 3 groups of a tensor of 3 axes. Use (samples, channels, pixels)." in found[0]
