"""Quantizers of QONNX made by hand, against qonnx' formulas written out in float32."""

import numpy as np
import pytest
from importers.onnx_models import floats, model, node, problems
from onnx import TensorProto, helper

import hlsexplore as hx
from hlsexplore.importers import inspect_model
from hlsexplore.ops import Activation, Requantize

DOMAIN = "qonnx.custom_op.general"
RANDOM = np.random.default_rng(8)
ROUND = {
    "ROUND": np.round,
    "half_even": np.round,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "UP": lambda x: np.sign(x) * np.ceil(np.abs(x)),
    "DOWN": np.fix,
    "HALF_UP": lambda x: np.sign(x) * np.floor(np.abs(x) + np.float32(0.5)),
    "HALF_DOWN": lambda x: np.sign(x) * np.ceil(np.abs(x) - np.float32(0.5)),
}


def quant(x, scale, zero, bits, signed: int = 1, narrow: int = 0, mode: str = "ROUND"):
    scale, zero = np.float32(scale), np.float32(zero)
    y = np.asarray(x, np.float32) / scale + zero
    low, high = (-(2 ** (bits - 1)) + narrow, 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1 - narrow)
    y = ROUND[mode](np.clip(y, np.float32(low), np.float32(high)))
    return (y - zero) * scale


def quant_node(source, output, prefix, domain=DOMAIN, kind: str = "Quant", **options):
    return node(kind, f"{source} {prefix}s {prefix}z {prefix}b", output, domain=domain, **options)


def chain(first, second, weights, shape=(6,), n_out: int = 5, **more):
    """Make a quantizer of the input, a product with integer weights, and a second quantizer."""
    w = RANDOM.integers(-3, 4, (shape[-1], n_out)).astype(np.float32) * np.float32(0.25)
    nodes = [
        quant_node("x", "q", "a", **first),
        quant_node("w", "wq", "w", signed=1, narrow=1),
        node("MatMul", "q wq", "acc"),
        *more.get("between", []),
        quant_node(more.get("last", "acc"), "y", "c", **second),
    ]
    fixed = {"w": w, "ws": np.float32(0.25), "wz": np.float32(0), "wb": np.float32(4)}
    return model(nodes, {"x": [1, *shape]}, {**fixed, **weights}, domains=(DOMAIN,)), w


def values(scale, count: int = 400, size: int = 6) -> np.ndarray:
    """Draw data with many exact ties of a quantizer."""
    steps = RANDOM.integers(-80, 81, (count, size)) / 2
    return (steps * scale).astype(np.float32)


@pytest.mark.parametrize("mode", list(ROUND))
@pytest.mark.parametrize(
    ("signed", "narrow", "zero"), [(1, 0, 0), (1, 1, 0), (0, 0, 0), (0, 1, 0), (0, 0, 5), (1, 0, -2)]
)
def test_roundings_limits_and_zero_points_are_those_of_qonnx(mode, signed: int, narrow: int, zero) -> None:
    scale, out = 0.5, 0.77
    options = {"signed": signed, "narrow": narrow, "rounding_mode": mode}
    weights = {"as": np.float32(scale), "az": np.float32(zero), "ab": np.float32(5)}
    weights |= {"cs": np.float32(out), "cz": np.float32(zero), "cb": np.float32(4)}
    proto, w = chain(options, options, weights)
    x = values(scale)
    acc = quant(x, scale, zero, 5, signed=signed, narrow=narrow, mode=mode) @ w
    expected = quant(acc, out, zero, 4, signed, narrow, mode)
    graph = hx.read_model(proto)
    y = hx.predict(graph, x)
    assert (np.rint(y / out) == np.rint(expected / out)).all()
    assert np.allclose(y, expected, rtol=1e-6)
    assert (hx.emulate(hx.Design.default(graph), x) == y).all()


def test_scales_of_powers_of_two_are_casts() -> None:
    weights = {"as": np.float32(0.25), "az": np.float32(0), "ab": np.float32(6)}
    weights |= {"cs": np.float32(2), "cz": np.float32(0), "cb": np.float32(4)}
    proto, _ = chain({"signed": 1, "narrow": 0}, {"signed": 1, "narrow": 1}, weights)
    graph = hx.read_model(proto)
    assert [str(item.types.get("result")) for item in graph] == [
        "fixed<6,4>",
        "fixed<10,6>",
        "fixed<4,5,RND_CONV,SAT_SYM>",
    ]
    assert isinstance(graph.nodes[-1].op, Activation)


@pytest.mark.parametrize("kind", ["Quant", "IntQuant"])
@pytest.mark.parametrize("domain", [DOMAIN, "onnx.brevitas", "finn.custom_op.general", "mine"])
def test_names_and_domains_do_not_matter(kind: str, domain: str) -> None:
    nodes = [quant_node("x", "y", "a", domain=domain, kind=kind, signed=1, narrow=0)]
    weights = {"as": np.float32(0.3), "az": np.float32(0), "ab": np.float32(4)}
    graph = hx.read_model(model(nodes, {"x": [1, 3]}, weights, domains=(domain,)))
    x = floats(50, 3)
    assert np.allclose(hx.predict(graph, x), quant(x, 0.3, 0, 4), rtol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 0.0371])
def test_signs_behind_normalisations_of_either_direction_are_comparisons(scale: float) -> None:
    gamma, beta = np.array([1.5, -0.7, 0.02, -2.0, 0.0], np.float32), floats(5)
    weights = {"as": np.float32(scale), "bs": np.float32(0.5), "g": gamma, "b": beta, "w": np.sign(floats(6, 5))}
    nodes = [
        node("BipolarQuant", "x as", "q", domain=DOMAIN),
        node("BipolarQuant", "w one", "wq", domain=DOMAIN),
        node("MatMul", "q wq", "acc"),
        node("Mul", "acc g", "m"),
        node("Add", "m b", "n"),
        node("BipolarQuant", "n bs", "y", domain=DOMAIN),
    ]
    weights["one"] = np.float32(1)
    graph = hx.read_model(model(nodes, {"x": [1, 6]}, weights, domains=(DOMAIN,)))
    x = floats(300, 6)
    x[:, 0] = 0.0
    acc = np.where(x >= 0, 1, -1) * np.float64(np.float32(scale)) @ weights["w"].astype(np.float64)
    expected = np.where(acc * gamma.astype(np.float64) + beta.astype(np.float64) >= 0, 0.5, -0.5)
    assert (hx.predict(graph, x) == expected).all()
    op = next(item.op for item in graph if isinstance(item.op, Requantize))
    assert op.proven
    assert set(np.abs(op.kernel)) <= {0.0, 2.0 * 0.5}


def test_a_mean_is_a_sum_whose_count_is_in_the_scale() -> None:
    weights = {"as": np.float32(0.11), "az": np.float32(0), "ab": np.float32(6)}
    weights |= {"cs": np.float32(0.0713), "cz": np.float32(0), "cb": np.float32(5)}
    nodes = [
        quant_node("x", "q", "a", signed=1, narrow=0),
        node("AveragePool", "q", "p", kernel_shape=[2, 3], strides=[1, 2]),
        quant_node("p", "y", "c", signed=1, narrow=0),
    ]
    graph = hx.read_model(model(nodes, {"x": [1, 2, 5, 7]}, weights, domains=(DOMAIN,)))
    x = floats(40, 2, 5, 7)
    q = np.rint(np.clip(x / np.float32(0.11), -32, 31)).astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(q, (2, 3), axis=(2, 3))[:, :, :, ::2]
    ratio = float(np.float32(0.11)) / float(np.float32(0.0713))
    expected = np.clip(np.rint(windows.sum((4, 5)) * (ratio / 6)), -16, 15)
    assert (np.rint(hx.predict(graph, x) / float(np.float32(0.0713))) == expected).all()
    assert [item.op.proven for item in graph if isinstance(item.op, Requantize)] == [True]


@pytest.mark.parametrize("is_second", [False, True])
@pytest.mark.parametrize("mode", ["FLOOR", "round", "ceil"])
def test_truncation_cuts_bits_off_as_qonnx_does(mode: str, is_second: bool) -> None:
    scale, cut = np.float32(0.21), 3
    weights = {"as": scale, "az": np.float32(0), "ab": np.float32(7), "os": scale * 8, "ob": np.float32(4)}
    names = "q as az ab os ob" if is_second else "q as az ab ob"
    nodes = [
        quant_node("x", "q", "a", signed=1, narrow=0),
        node("Trunc", names, "y", domain=DOMAIN, rounding_mode=mode, **({"signed": 1} if is_second else {})),
    ]
    graph = hx.read_model(model(nodes, {"x": [1, 3]}, weights, domains=(DOMAIN,)))
    x = (RANDOM.integers(-64, 64, (300, 3)) * scale).astype(np.float32)
    q = np.rint(x / scale).astype(np.float64) / 2**cut
    rounded = ROUND[mode.upper()](np.clip(q, -8, 7) if is_second else q)
    assert np.allclose(hx.predict(graph, x), rounded * float(scale) * (8 if is_second else 1), rtol=1e-6)
    assert (hx.emulate(hx.Design.default(graph), x) == hx.predict(graph, x)).all()


def test_quantised_weights_stay_so_through_transposes() -> None:
    w = floats(4, 6)
    scale = np.abs(floats(4, 1)) + 0.1
    nodes = [
        quant_node("x", "q", "a", signed=1, narrow=0),
        quant_node("w", "wq", "w", signed=1, narrow=1),
        node("Transpose", "wq", "wt", perm=[1, 0]),
        node("MatMul", "q wt"),
    ]
    weights = {"as": np.float32(0.2), "az": np.float32(0), "ab": np.float32(6), "w": w}
    weights |= {"ws": scale, "wz": np.float32(0), "wb": np.float32(3)}
    graph = hx.read_model(model(nodes, {"x": [1, 6]}, weights, domains=(DOMAIN,)))
    kernel = graph.nodes[1].op.kernel
    assert (kernel == np.clip(np.rint(w / scale), -3, 3).T).all()
    assert np.allclose(graph[graph.outputs[0]].unit.scale, scale[:, 0].astype(np.float64) * float(np.float32(0.2)))


def test_what_cannot_be_proven_is_said_with_its_distance() -> None:
    weights = {"cs": np.float32(0.3), "cz": np.float32(0), "cb": np.float32(4), "w": floats(3, 2)}
    nodes = [node("MatMul", "x w", "a"), quant_node("a", "y", "c", signed=1, narrow=0)]
    found = inspect_model(model(nodes, {"x": [1, 3]}, weights, domains=(DOMAIN,)))
    assert found.notes == (
        "layer 'y': its integers are not proven to be the model's, since it reads values that are on no grid. They may "
        "differ by one where types of the layers before, or float32's rounding, move a value across a border.",
    )
    x = floats(100, 3)
    assert np.allclose(hx.predict(found.graph, x), quant(x @ weights["w"], 0.3, 0, 4), atol=1e-5)


def test_a_quantizer_that_always_gives_the_same_is_noted() -> None:
    nodes = [
        quant_node("x", "q", "a", signed=0, narrow=0),
        node("Relu", "q", "r"),
        node("BipolarQuant", "r as", "y", domain=DOMAIN),
    ]
    weights = {"as": np.float32(0.2), "az": np.float32(0), "ab": np.float32(2)}
    notes = inspect_model(model(nodes, {"x": [1, 3]}, weights, domains=(DOMAIN,))).notes
    assert notes == ("layer 'y': its quantizer gives the same integer for every input that can reach it.",)


def whole(x, scale, zero: int = 0, bits: int = 4, signed: int = 1) -> np.ndarray:
    return np.rint(quant(x, scale, zero, bits, signed) / np.float64(np.float32(scale)))


@pytest.mark.parametrize(
    ("function", "clipped"),
    [
        (node("Relu", "acc", "r"), lambda x: np.maximum(x, 0)),
        (node("Clip", "acc low high", "r"), lambda x: np.clip(x, 0, 1.5)),
        (node("Clip", "acc minus one", "r"), lambda x: np.clip(x, -1, 1)),
        (node("Clip", "acc minus high", "r"), lambda x: np.clip(x, -1, 1.5)),
        (node("Min", "acc high", "r"), lambda x: np.minimum(x, 1.5)),
    ],
)
@pytest.mark.parametrize("zero", [0, 2])
def test_a_clip_before_a_quantizer_is_part_of_it(function, clipped, zero: int) -> None:
    weights = {"as": np.float32(0.11), "az": np.float32(0), "ab": np.float32(5)}
    weights |= {"cs": np.float32(0.2137), "cz": np.float32(zero), "cb": np.float32(4)}
    weights |= {"low": np.float32(0), "high": np.float32(1.5), "minus": np.float32(-1), "one": np.float32(1)}
    narrow = {"signed": 1, "narrow": 0}
    proto, w = chain(narrow, narrow, weights, between=[function], last="r")
    graph = hx.read_model(proto)
    assert [item.kind for item in graph] == ["input", "dense", "requantize"]
    assert graph.nodes[-1].op.proven
    x = floats(300, 6)
    expected = quant(clipped(quant(x, 0.11, 0, 5) @ w), 0.2137, zero, 4)
    assert np.allclose(hx.predict(graph, x), expected, atol=1e-6)
    assert (hx.emulate(hx.Design.default(graph), x) == hx.predict(graph, x)).all()


@pytest.mark.parametrize("kind", ["Add", "Sub"])
@pytest.mark.parametrize("seed", range(3))
def test_a_sum_of_two_scales_is_proven_too(kind: str, seed) -> None:
    rng = np.random.default_rng(seed)
    scales = rng.uniform(0.02, 0.4, 3).astype(np.float32)
    factor = rng.normal(0, 1, 3).astype(np.float32)
    weights = {"as": scales[0], "bs": scales[1], "cs": scales[2], "f": factor}
    weights |= {key: np.float32(value) for key, value in {"az": 0, "bz": 1, "cz": 0, "ab": 4, "bb": 5, "cb": 5}.items()}
    weights |= {"w": rng.integers(-3, 4, (3, 3)).astype(np.float32), "ws": np.float32(1), "wz": np.float32(0)}
    weights["wb"] = np.float32(3)
    nodes = [
        quant_node("x", "a", "a", signed=1, narrow=0),
        quant_node("w", "wq", "w", signed=1, narrow=0),
        node("MatMul", "a wq", "acc"),
        quant_node("acc", "b", "b", signed=1, narrow=0),
        node("Mul", "b f", "bf"),
        node(kind, "a bf", "s"),
        node("Relu", "s", "r"),
        quant_node("r", "y", "c", signed=1, narrow=0),
    ]
    found = inspect_model(model(nodes, {"x": [1, 3]}, weights, domains=(DOMAIN,)))
    assert found.notes == ()
    assert [item.kind for item in found.graph] == [
        "input", "dense", "requantize", "affine", "affine", "add", "requantize"
    ]  # fmt: skip
    x = rng.normal(0, 1, (500, 3)).astype(np.float32)
    a = quant(x, scales[0], 0, 4).astype(np.float64)
    b = quant(a @ weights["w"], scales[1], 1, 5).astype(np.float64) * factor
    real = np.maximum(a + b if kind == "Add" else a - b, 0)
    expected = np.clip(np.rint(real / scales[2].astype(np.float64)), -16, 15)
    y = hx.predict(found.graph, x)
    assert (np.rint(y / float(scales[2])) == expected).all()
    assert (hx.emulate(hx.Design.default(found.graph), x) == y).all()


def test_a_sum_that_others_read_stays_a_sum_of_real_numbers() -> None:
    weights = {"as": np.float32(0.11), "bs": np.float32(0.3), "cs": np.float32(0.2)}
    weights |= {key: np.float32(value) for key, value in {"az": 0, "bz": 0, "cz": 0, "ab": 4, "bb": 4, "cb": 4}.items()}
    nodes = [
        quant_node("x", "a", "a", signed=1, narrow=0),
        node("Relu", "a", "r"),
        quant_node("r", "b", "b", signed=1, narrow=0),
        node("Add", "a b", "s"),
        quant_node("s", "y", "c", signed=1, narrow=0),
    ]
    graph = hx.read_model(model(nodes, {"x": [1, 3]}, weights, ("y", "s"), domains=(DOMAIN,)))
    x = floats(200, 3)
    a = quant(x, 0.11, 0, 4)
    total = a + quant(np.maximum(a, 0), 0.3, 0, 4)
    y, s = hx.predict(graph, x)
    assert np.allclose(s, total, atol=1e-6)
    assert np.allclose(y, quant(total, 0.2, 0, 4), atol=1e-6)


def test_many_results_of_fine_inputs_are_proven_in_real_numbers() -> None:
    """255 borders among sums this fine leave less room than float32's own rounding takes."""
    rng = np.random.default_rng(1)
    w = rng.integers(-127, 128, (64, 4)).astype(np.float32)
    weights = {"w": w, "ws": np.float32(1), "wz": np.float32(0), "wb": np.float32(8), "as": np.float32(0.00713)}
    weights |= {"az": np.float32(0), "ab": np.float32(8), "cs": np.float32(3.217), "cz": np.float32(0)}
    weights["cb"] = np.float32(8)
    nodes = [
        quant_node("x", "q", "a", signed=0, narrow=0),
        quant_node("w", "wq", "w", signed=1, narrow=1),
        node("MatMul", "q wq", "acc"),
        quant_node("acc", "y", "c", signed=1, narrow=0),
    ]
    found = inspect_model(model(nodes, {"x": [1, 64]}, weights, domains=(DOMAIN,)))
    assert found.notes == ()
    x = rng.uniform(0, 1.8, (300, 64)).astype(np.float32)
    acc = np.clip(np.rint(x / np.float32(0.00713)), 0, 255).astype(np.float64) @ w
    expected = np.clip(np.rint(acc * (float(np.float32(0.00713)) / float(np.float32(3.217)))), -128, 127)
    assert (np.rint(hx.predict(found.graph, x) / float(np.float32(3.217))) == expected).all()


@pytest.mark.parametrize(
    ("kind", "low", "high", "type_"),
    [("BIPOLAR", -1, 1, "fixed<2,2>"), ("UINT4", 0, 15, "ufixed<4,4>"), ("FIXED<5,3>", -16, 15, "fixed<5,3>")],
)
def test_what_a_file_says_of_its_input_makes_it_exact(kind: str, low, high: int, type_: str) -> None:
    weights = {"w": RANDOM.integers(-2, 3, (6, 4)).astype(np.float32), "ws": np.float32(0.3), "wz": np.float32(0)}
    weights |= {"wb": np.float32(3), "cs": np.float32(0.71), "cz": np.float32(0), "cb": np.float32(4)}
    weights |= {"one": np.float32(1), "two": np.float32(2)}
    nodes = [
        node("Add", "x one", "a"),
        node("Div", "a two", "d"),
        quant_node("w", "wq", "w", signed=1, narrow=0),
        node("MatMul", "d wq", "acc"),
        quant_node("acc", "y", "c", signed=1, narrow=0),
    ]
    proto = model(nodes, {"x": [1, 6]}, weights, domains=(DOMAIN,))
    entry = proto.graph.quantization_annotation.add(tensor_name="x")
    entry.quant_parameter_tensor_names.add(key="finn_datatype", value=kind)
    found = inspect_model(proto)
    assert found.notes == ()
    assert str(found.graph.nodes[0].types["result"]) == type_
    step = 0.25 if kind.startswith("FIXED") else 1.0
    x = (RANDOM.integers(low, high + 1, (200, 6)) * step).astype(np.float32)
    wq = quant(weights["w"], 0.3, 0, 3).astype(np.float64)
    expected = np.clip(np.rint((x + 1) / 2 @ wq / float(np.float32(0.71))), -8, 7)
    assert (np.rint(hx.predict(found.graph, x) / float(np.float32(0.71))) == expected).all()
    assert (hx.emulate(hx.Design.default(found.graph), x) == hx.predict(found.graph, x)).all()


def test_ops_with_the_channels_last_are_those_of_onnx() -> None:
    last = "qonnx.custom_op.channels_last"
    w, gamma, beta = floats(5, 3, 2, 4), np.abs(floats(5)), floats(5)
    weights = {"w": w, "g": gamma, "b": beta, "m": floats(5), "v": np.abs(floats(5)) + 1}
    nodes = [
        node("Conv", "x w", "c", domain=last, kernel_shape=[3, 2], strides=[1, 1], pads=[1, 0, 0, 0], group=1),
        node("BatchNormalization", "c g b m v", "n", domain=last),
        node("MaxPool", "n", "y", domain=last, kernel_shape=[2, 2], strides=[2, 1]),
    ]
    graph = hx.read_model(model(nodes, {"x": [1, 6, 5, 4]}, weights, domains=(last,)))
    assert [item.kind for item in graph] == ["input", "conv2d", "max_pool2d"]
    x = floats(3, 6, 5, 4)
    padded = np.pad(x, ((0, 0), (1, 0), (0, 0), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 2), axis=(1, 2))  # (n, 5, 4, 4, 3, 2)
    c = np.einsum("nijchw,fhwc->nijf", windows, w)
    n = (c - weights["m"]) / np.sqrt(weights["v"] + 1e-5) * gamma + beta
    pooled = np.lib.stride_tricks.sliding_window_view(n, (2, 2), axis=(1, 2)).max((4, 5))[:, ::2]
    assert np.allclose(hx.predict(graph, x), pooled, atol=1e-4)


def test_what_hardware_cannot_hold_is_refused_by_name() -> None:
    base = {"as": np.float32(0.2), "az": np.float32(0), "ab": np.float32(4)}

    def refusal(change, kind: str = "Quant", **options):
        inputs = "x as az ab"
        proto = model(
            [node(kind, inputs, "y", domain=DOMAIN, **options)], {"x": [1, 2]}, {**base, **change}, domains=(DOMAIN,)
        )
        return problems(proto)[0]

    assert "its bit width is 3.5." in refusal({"ab": np.float32(3.5)})
    assert "its bit width is 3, 4." in refusal({"ab": np.array([3, 4], np.float32)})
    assert "a scale is 0, negative or not finite." in refusal({"as": np.float32(-0.1)})
    assert "a zero point is no whole number." in refusal({"az": np.float32(0.5)})
    assert "the rounding 'SOMEHOW' is unknown." in refusal({}, rounding_mode="somehow")
    assert "minifloats are not built" in refusal({}, kind="FloatQuant")
    assert "before FINN's own passes" in refusal({}, kind="MultiThreshold")
    nodes = [node("Sigmoid", "x", "s"), node("Quant", "x s az ab", "y", domain=DOMAIN)]
    assert "its scale depends on the input data." in problems(model(nodes, {"x": [1, 2]}, base, domains=(DOMAIN,)))[0]


def test_integers_between_quantize_and_dequantize_are_read_as_one_quantizer() -> None:
    weights = {"s": np.float32(0.13), "z": np.int8(3), "low": np.int8(-8), "high": np.int8(7)}
    nodes = [node("QuantizeLinear", "x s z", "q"), node("Clip", "q low high", "c"), node("DequantizeLinear", "c s z")]
    graph = hx.read_model(model(nodes, {"x": [1, 4]}, weights))
    x = floats(200, 4)
    q = np.clip(np.rint(x / np.float32(0.13)) + 3, -8, 7)
    assert np.allclose(hx.predict(graph, x), (q - 3) * 0.13, rtol=1e-6)
    alone = model([node("QuantizeLinear", "x s z")], {"x": [1, 4]}, weights)
    whole = np.clip(np.rint(x / np.float32(0.13)) + 3, -128, 127)
    assert (hx.predict(hx.read_model(alone), x) == whole).all()
    cast = [node("QuantizeLinear", "x s z", "q"), node("Cast", "q", "c", to=TensorProto.INT8)]
    nodes = [*cast, node("DequantizeLinear", "c s z")]
    y = hx.predict(hx.read_model(model(nodes, {"x": [1, 4]}, weights)), x)
    assert np.allclose(y, (whole - 3) * 0.13, rtol=1e-6)
    cast[1].attribute[0].i = TensorProto.UINT8
    assert "it cuts integers off. Leave it out." in problems(model(nodes, {"x": [1, 4]}, weights))[0]


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("INT8", -128, 127), ("UINT16", 0, 65535), ("INT4", -8, 7), ("UINT4", 0, 15), ("INT2", -2, 1), ("UINT2", 0, 3)],
)
@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("domain", ["", "com.microsoft"])
def test_widths_of_integers_come_from_the_zero_point_or_the_output_type(
    kind: str, low, high: int, is_named: bool, domain: str
) -> None:
    type_ = getattr(TensorProto, kind)
    zero, options = ("", {"output_dtype": type_}) if is_named else (" z", {})
    nodes = [node("QuantizeLinear", f"x s{zero}", "q", domain, **options)]
    nodes.append(node("DequantizeLinear", f"q s{zero}", domain=domain))
    proto = model(nodes, {"x": [1, 7]}, {"s": np.float32(0.5)}, opset=25)
    if not is_named:
        proto.graph.initializer.append(helper.make_tensor("z", type_, [], [1]))
    x = np.array([[-4e4, -4.2, -0.75, 0.75, 1.2, 4.2, 4e4]], np.float32)
    zero_point = 0 if is_named else 1
    expected = (np.clip(np.rint(x / 0.5) + zero_point, low, high) - zero_point) * 0.5
    np.testing.assert_array_equal(hx.predict(hx.read_model(proto), x), expected)


def test_quantizers_to_small_floats_and_integer_ops_are_refused_with_a_way_out() -> None:
    small = [node("QuantizeLinear", "x s", "q", output_dtype=TensorProto.FLOAT8E4M3FN), node("DequantizeLinear", "q s")]
    found = problems(model(small, {"x": [1, 4]}, {"s": np.float32(0.5)}, opset=21))
    assert found[0].endswith("it makes floating-point numbers of few bits. Use integers of 2 to 32 bits.")
    dynamic = model([node("DynamicQuantizeLinear", "x", "q s z")], {"x": [1, 4]}, {}, outputs=("q",))
    assert "Hardware needs fixed scales: use quantize_static with QuantFormat.QDQ." in problems(dynamic)[0]
    chosen = model([node("ArgMax", "x", "y")], {"x": [1, 4]}, {})
    assert "keeps the scores" in problems(chosen)[0]


def test_a_factor_just_below_a_short_number_is_rounded_to_it() -> None:
    """1 / float32(0.05) is 19.9999997: cut to the bits of 20 it would be 16."""
    nodes = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "a"), node("Tanh", "x", "t")]
    nodes.append(node("Concat", "a t", axis=1))
    proto = model(nodes, {"x": [1, 4]}, {"s": np.float32(0.05), "z": np.int8(0)})
    graph = hx.read_model(proto)
    x = RANDOM.integers(-100, 100, (200, 4)) * 0.05 + 0.01  # away from borders between two integers
    got = hx.emulate(hx.Design.default(graph), x)[:, :4]
    np.testing.assert_array_equal(np.rint(got / 0.05), np.rint(hx.predict(graph, x)[:, :4] / 0.05))
