"""Ops on integers (QOperator format of ONNX Runtime): the same numbers as ONNX defines, through emulator and readers."""

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

import hlsexplore as hx
from hlsexplore.importers import inspect_model

from .onnx_models import RANDOM, floats, model, node, problems

MICROSOFT = "com.microsoft"
SCALES = {"xs": np.float32(0.021), "xz": np.uint8(119), "ys": np.float32(0.37), "yz": np.uint8(101)}


def integers(low: int, high: int, *shape: int, kind: type = np.int8) -> np.ndarray:
    return RANDOM.integers(low, high, shape).astype(kind)


def real(values, scale, zero) -> np.ndarray:
    return (np.asarray(values, np.float64) - float(zero)) * float(scale)


def rounded(values, scale, zero, low: int = 0, high: int = 255) -> np.ndarray:
    return np.clip(np.rint(values / float(scale)) + float(zero), low, high)


def quantised(middle, inputs, weights, result: str = "q", shape=(None, 6), opset: int = 21):
    """A model that quantises its input, computes on integers, and goes back to real numbers."""
    nodes = [node("QuantizeLinear", "x xs xz", "xq"), *middle, node("DequantizeLinear", f"{result} ys yz")]
    sizes = [size or "n" for size in shape]
    return model(nodes, {"x": sizes}, {**SCALES, **weights}, domains=(MICROSOFT,), opset=opset)


def agree(proto, x, expected) -> None:
    """Check the importer's real numbers and the exact integers of the default design."""
    found = inspect_model(proto)
    assert found.problems == ()
    steps = float(SCALES["ys"])
    np.testing.assert_allclose(hx.predict(found.graph, x), expected, rtol=1e-6, atol=1e-6)
    emulated = hx.emulate(hx.Design.default(found.graph), x)
    assert (np.rint(emulated / steps) == np.rint(expected / steps)).all()


@pytest.mark.parametrize("is_signed", [True, False])
@pytest.mark.parametrize("per_channel", [True, False])
def test_a_convolution_of_integers_is_that_of_onnx(is_signed: bool, per_channel: bool) -> None:
    count = 3
    ws = np.abs(floats(count)) * np.float32(0.01) if per_channel else np.float32(0.013)
    kind = np.int8 if is_signed else np.uint8
    wz = np.zeros(count, np.int8) if is_signed else np.full(count, 120, np.uint8)
    weights = {
        "w": integers(-100, 100, count, 2, 3, 3) if is_signed else integers(20, 230, count, 2, 3, 3, kind=kind),
        "ws": ws,
        "wz": wz if per_channel else wz[0],
        "b": integers(-900, 900, count, kind=np.int32),
    }
    middle = [
        node("QLinearConv", "xq xs xz w ws wz ys yz b", "c", pads=[1, 1, 0, 0], strides=[2, 1]),
        node("MaxPool", "c", "q", kernel_shape=[1, 2]),
    ]
    x = floats(40, 2, 6, 5)
    alone = quantised(middle[:1], "x", weights, result="c", shape=(None, 2, 6, 5))
    (convolved,) = ReferenceEvaluator(alone).run(None, {"x": x})
    expected = np.maximum(convolved[..., :-1], convolved[..., 1:])
    proto = quantised(middle, "x", weights, shape=(1, 2, 6, 5))
    assert len(np.unique(expected)) > 8
    agree(proto, x, expected)


@pytest.mark.parametrize("per_column", [True, False])
def test_a_product_of_integers_is_that_of_onnx(per_column: bool) -> None:
    ws = np.abs(floats(4)) * np.float32(0.02) if per_column else np.float32(0.017)
    wz = np.zeros(4, np.int8) if per_column else np.int8(3)
    weights = {"w": integers(-100, 100, 6, 4), "ws": ws, "wz": wz}
    proto = quantised([node("QLinearMatMul", "xq xs xz w ws wz ys yz", "q")], "x", weights)
    x = floats(200, 6)
    xq = rounded(x, *list(SCALES.values())[:2])
    product = real(xq, 0.021, 119) @ real(weights["w"], 1, 0 if per_column else 3)
    y = rounded(product * np.asarray(ws, np.float64), np.float32(0.37), 101)
    assert len(np.unique(y)) > 8
    agree(proto, x, real(y, np.float32(0.37), 101))


@pytest.mark.parametrize("is_transposed", [True, False])
@pytest.mark.parametrize("is_real", [True, False])
def test_a_gemm_of_integers_may_end_in_real_numbers(is_transposed: bool, is_real: bool) -> None:
    w, ws, b = integers(-100, 100, 6, 4), np.abs(floats(4)) * np.float32(0.02), integers(-500, 500, 4, kind=np.int32)
    weights = {"w": w.T if is_transposed else w, "ws": ws, "wz": np.zeros(4, np.int8), "b": b}
    options = {"domain": MICROSOFT, "transB": int(is_transposed)}
    x = floats(200, 6)
    xs = np.float32(0.021)
    y = (rounded(x, xs, 119) - 119) @ w.astype(np.float64) + b
    y *= np.multiply(xs, ws).astype(np.float64)
    if is_real:
        nodes = [node("QuantizeLinear", "x xs xz", "xq"), node("QGemm", "xq xs xz w ws wz b", "y", **options)]
        proto = model(nodes, {"x": ["n", 6]}, {**SCALES, **weights}, domains=(MICROSOFT,))
        np.testing.assert_allclose(hx.predict(hx.read_model(proto), x), y, rtol=1e-5, atol=1e-5)
    else:
        proto = quantised([node("QGemm", "xq xs xz w ws wz b ys yz", "q", **options)], "x", weights)
        agree(proto, x, real(rounded(y, np.float32(0.37), 101), np.float32(0.37), 101))


def relu_like(y) -> np.ndarray:
    return np.where(y < 0, np.float32(0.25) * y, y)


ONE = {
    "QLinearSigmoid": ({}, lambda y: 1 / (1 + np.exp(-y))),
    "QLinearLeakyRelu": ({"alpha": 0.25}, relu_like),
    "QLinearGlobalAveragePool": ({}, lambda y: y.mean(axis=(2, 3), keepdims=True)),
    "QLinearAveragePool": (
        {"kernel_shape": [2, 2], "strides": [2, 2]},
        lambda y: y.reshape(-1, 2, 2, 2, 2, 2).mean(axis=(3, 5)),
    ),
}


@pytest.mark.parametrize("kind", ONE)
def test_ops_of_one_tensor_compute_between_its_quantizers(kind: str) -> None:
    options, function = ONE[kind]
    proto = quantised([node(kind, "xq xs xz ys yz", "q", MICROSOFT, **options)], "x", {}, shape=(None, 2, 4, 4))
    proto.graph.initializer[2].CopyFrom(helper.make_tensor("ys", TensorProto.FLOAT, [], [0.0173]))
    x = floats(50, 2, 4, 4)
    y = function(real(rounded(x, np.float32(0.021), 119), np.float32(0.021), 119))
    found = hx.predict(hx.read_model(proto), x)
    expected = real(rounded(y, np.float32(0.0173), 101), np.float32(0.0173), 101)
    assert (np.abs(found - expected) > 1e-6).sum() <= expected.size // 200, "float32 at ties"
    assert np.abs(found - expected).max() < 0.0174


def test_sums_products_and_joins_of_integers_have_scales_of_their_own() -> None:
    middle = [
        node("QLinearLeakyRelu", "xq xs xz as az", "a", MICROSOFT, alpha=0.25),
        node("QLinearAdd", "xq xs xz a as az ys yz", "sum", MICROSOFT),
        node("Reshape", "sum shape", "moved"),
        node("QLinearConcat", "ys yz moved ys yz xq xs xz", "q", MICROSOFT, axis=1),
    ]
    weights = {"as": np.float32(0.0173), "az": np.uint8(60), "shape": np.array([-1, 6])}
    x = floats(100, 6)
    first = real(rounded(x, np.float32(0.021), 119), np.float32(0.021), 119)
    second = real(rounded(relu_like(first), np.float32(0.0173), 60), np.float32(0.0173), 60)
    joined = np.concatenate([first + second, first], axis=1)
    joined[:, :6] = real(rounded(joined[:, :6], np.float32(0.37), 101), np.float32(0.37), 101)
    expected = real(rounded(joined, np.float32(0.37), 101), np.float32(0.37), 101)
    agree(quantised(middle, "x", weights), x, expected)


def test_integers_may_come_in_and_go_out() -> None:
    """As in models for microcontrollers, whose inputs and outputs have 8 bits."""
    w = integers(-100, 100, 6, 4)
    weights = {**SCALES, "w": w, "ws": np.float32(0.017), "wz": np.int8(0)}
    proto = model([node("QLinearMatMul", "x xs xz w ws wz ys yz")], {"x": ["n", 6]}, weights)
    proto.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    proto.graph.output[0].type.tensor_type.elem_type = TensorProto.UINT8
    found = inspect_model(proto)
    assert (found.problems, found.notes) == ((), ())
    assert str(found.graph.nodes[0].types["result"]) == "ufixed<8,8>"
    x = integers(0, 256, 300, 6, kind=np.uint8)
    product = (x.astype(np.float64) - 119) @ w * (float(np.float32(0.021)) * float(np.float32(0.017)))
    expected = rounded(product, np.float32(0.37), 101)
    assert len(np.unique(expected)) > 8
    assert (hx.predict(found.graph, x) == expected).all()
    assert (hx.emulate(hx.Design.default(found.graph), x) == expected).all()


def test_channels_last_and_missing_inputs_are_refused() -> None:
    pool = node("QLinearAveragePool", "xq xs xz ys yz", "q", MICROSOFT, kernel_shape=[2, 2], channels_last=1)
    found = problems(quantised([pool], "x", {}, shape=(None, 2, 4, 4)))
    assert found[0].endswith("this operation is not supported. Quantise with QuantFormat.QDQ in place of QOperator.")
    short = problems(quantised([node("QLinearAdd", "xq xs xz xq", "q", MICROSOFT)], "x", {}))
    assert "Quantise with QuantFormat.QDQ" in short[0]
