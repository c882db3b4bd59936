"""Masks of attention: a softmax of what each row may see, and constant choices."""

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

import hlsexplore as hx
from hlsexplore.importers import inspect_model
from hlsexplore.ops import Affine, Softmax

from .onnx_models import floats, model, node, problems

CAUSAL = np.tri(4, dtype=bool)
BAND = CAUSAL & ~np.tri(4, k=-2, dtype=bool)
PADDED = np.array([[True, True, True, False]])


def hidden(mask, value: float = -np.inf) -> np.ndarray:
    return np.where(mask, 0, value).astype(np.float32)


def agree(proto, shape=(2, 4, 4)):
    """Compare float and fixed-point results with ONNX' own."""
    found = inspect_model(proto)
    assert found.problems == ()
    x = np.clip(floats(6, *shape), -2, 2)
    (expected,) = ReferenceEvaluator(proto).run(None, {"x": x})
    y = hx.predict(found.graph, x)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    assert np.abs(hx.emulate(hx.Design.default(found.graph), x) - expected).max() < 0.06
    return found.graph


@pytest.mark.parametrize("mask", [CAUSAL, BAND, PADDED, CAUSAL[None, None]], ids=["causal", "band", "padded", "axes"])
@pytest.mark.parametrize("value", [-np.inf, -1e9, np.finfo(np.float32).min])
def test_a_masked_softmax_has_no_large_numbers(mask, value: float) -> None:
    nodes = [node("Add", "x m", "s"), node("Softmax", "s", axis=-1)]
    graph = agree(model(nodes, {"x": ["n", 2, 4, 4]}, {"m": hidden(mask, value)}))
    assert not [item for item in graph if isinstance(item.op, Affine)]
    softmaxes = [item for item in graph if isinstance(item.op, Softmax)]
    assert len(softmaxes) == (1 if mask is PADDED else 4)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_choice_of_scores_or_minus_infinity_is_a_mask(is_first: bool) -> None:
    names = "c x low" if is_first else "c low x"
    condition = CAUSAL if is_first else ~CAUSAL
    nodes = [node("Where", names, "s"), node("Softmax", "s", axis=-1)]
    agree(model(nodes, {"x": ["n", 2, 4, 4]}, {"c": condition, "low": np.float32(-np.inf)}))


def test_what_a_mask_adds_elsewhere_is_added() -> None:
    mask = hidden(CAUSAL) + np.arange(4, dtype=np.float32) / 8
    agree(model([node("Add", "x m", "s"), node("Softmax", "s", axis=-1)], {"x": ["n", 2, 4, 4]}, {"m": mask}))


def test_a_mask_may_be_computed_from_constants() -> None:
    nodes = [
        node("Trilu", "low one", "upper", upper=1),
        node("Add", "x upper", "s"),
        node("Softmax", "s", axis=-1),
    ]
    agree(model(nodes, {"x": ["n", 2, 4, 4]}, {"low": np.full((4, 4), -np.inf, np.float32), "one": np.int64(1)}))


@pytest.mark.parametrize("kind", ["causal", "bool", "float"])
def test_the_op_attention_takes_masks(kind: str) -> None:
    options = {"is_causal": 1} if kind == "causal" else {}
    weights = {} if kind == "causal" else {"m": CAUSAL if kind == "bool" else hidden(CAUSAL)}
    inputs = "x x x" if kind == "causal" else "x x x m"
    agree(model([node("Attention", inputs, **options)], {"x": ["n", 2, 4, 3]}, weights, opset=23), (2, 4, 3))


def test_a_choice_by_a_constant_is_a_scale_and_an_offset() -> None:
    nodes = [node("Where", "c x k")]
    agree(model(nodes, {"x": ["n", 2, 4, 4]}, {"c": CAUSAL, "k": np.float32(0.75)}))


def test_what_a_mask_leaves_unclear_is_refused() -> None:
    def refusal(mask, *more) -> str:
        nodes = [node("Add", "x m", "s"), *(more or [node("Softmax", "s", axis=-1)])]
        return problems(model(nodes, {"x": ["n", 2, 4, 4]}, {"m": hidden(mask)}))[0]

    assert "Let only a Softmax read them." in refusal(CAUSAL, node("Relu", "s"))
    assert "shows nothing, or not one piece" in refusal(np.eye(4, dtype=bool) | np.eye(4, k=2, dtype=bool))
    assert "shows nothing, or not one piece" in refusal(~np.eye(4, dtype=bool) & (np.arange(4) < 0))
    heads = np.stack([CAUSAL, CAUSAL.T])
    assert "Use one mask for all heads." in refusal(heads)
    found = problems(model([node("Add", "x m")], {"x": ["n", 2, 4, 4]}, {"m": hidden(CAUSAL)}))
    assert "Put a Softmax behind it." in found[0]
    by_data = [node("Greater", "x x", "c"), node("Where", "c x k")]
    assert "it chooses by data." in problems(model(by_data, {"x": ["n", 4]}, {"k": np.float32(1)}))[-1]
