"""Quantizers of QONNX made by hand, against qonnx' formulas written out in float32."""

import numpy as np
import pytest
from importers.onnx_models import floats, model, node, problems

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


def quant(x, scale, zero, bits, signed=1, narrow=0, mode="ROUND"):
    scale, zero = np.float32(scale), np.float32(zero)
    y = np.asarray(x, np.float32) / scale + zero
    low, high = (-(2 ** (bits - 1)) + narrow, 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1 - narrow)
    y = ROUND[mode](np.clip(y, np.float32(low), np.float32(high)))
    return (y - zero) * scale


def quant_node(source, output, prefix, domain=DOMAIN, kind="Quant", **options):
    return node(kind, f"{source} {prefix}s {prefix}z {prefix}b", output, domain=domain, **options)


def chain(first, second, weights, shape=(6,), n_out=5, **more):
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


def values(scale, count=400, size=6):
    """Draw data with many exact ties of a quantizer."""
    steps = RANDOM.integers(-80, 81, (count, size)) / 2
    return (steps * scale).astype(np.float32)


@pytest.mark.parametrize("mode", [name for name in ROUND if name not in ("UP", "DOWN")])
@pytest.mark.parametrize(
    ("signed", "narrow", "zero"), [(1, 0, 0), (1, 1, 0), (0, 0, 0), (0, 1, 0), (0, 0, 5), (1, 0, -2)]
)
def test_roundings_limits_and_zero_points_are_those_of_qonnx(mode, signed, narrow, zero):
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


def test_scales_of_powers_of_two_are_casts():
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
def test_names_and_domains_do_not_matter(kind, domain):
    nodes = [quant_node("x", "y", "a", domain=domain, kind=kind, signed=1, narrow=0)]
    weights = {"as": np.float32(0.3), "az": np.float32(0), "ab": np.float32(4)}
    graph = hx.read_model(model(nodes, {"x": [1, 3]}, weights, domains=(domain,)))
    x = floats(50, 3)
    assert np.allclose(hx.predict(graph, x), quant(x, 0.3, 0, 4), rtol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 0.0371])
def test_signs_behind_normalisations_of_either_direction_are_comparisons(scale):
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


def test_a_mean_is_a_sum_whose_count_is_in_the_scale():
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
def test_truncation_cuts_bits_off_as_qonnx_does(mode, is_second):
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


def test_quantised_weights_stay_so_through_transposes():
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


def test_what_cannot_be_proven_is_said_with_its_distance():
    weights = {"cs": np.float32(0.3), "cz": np.float32(0), "cb": np.float32(4), "w": floats(3, 2)}
    nodes = [node("MatMul", "x w", "a"), quant_node("a", "y", "c", signed=1, narrow=0)]
    found = inspect_model(model(nodes, {"x": [1, 3]}, weights, domains=(DOMAIN,)))
    assert found.notes == (
        "layer 'y': its integers are not proven to be the model's, since it reads values that are on no grid. They may "
        "differ by one for inputs within 0.5 steps of a border between two integers.",
    )
    x = floats(100, 3)
    assert np.allclose(hx.predict(found.graph, x), quant(x @ weights["w"], 0.3, 0, 4), atol=1e-5)


def test_a_quantizer_that_always_gives_the_same_is_noted():
    nodes = [
        quant_node("x", "q", "a", signed=0, narrow=0),
        node("Relu", "q", "r"),
        node("BipolarQuant", "r as", "y", domain=DOMAIN),
    ]
    weights = {"as": np.float32(0.2), "az": np.float32(0), "ab": np.float32(2)}
    notes = inspect_model(model(nodes, {"x": [1, 3]}, weights, domains=(DOMAIN,))).notes
    assert notes == ("layer 'y': its quantizer gives the same integer for every input that can reach it.",)


def test_what_hardware_cannot_hold_is_refused_by_name():
    base = {"as": np.float32(0.2), "az": np.float32(0), "ab": np.float32(4)}

    def refusal(change, kind="Quant", **options):
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


def test_integers_between_quantize_and_dequantize_are_read_as_one_quantizer():
    weights = {"s": np.float32(0.13), "z": np.int8(3), "low": np.int8(-8), "high": np.int8(7)}
    nodes = [node("QuantizeLinear", "x s z", "q"), node("Clip", "q low high", "c"), node("DequantizeLinear", "c s z")]
    graph = hx.read_model(model(nodes, {"x": [1, 4]}, weights))
    x = floats(200, 4)
    q = np.clip(np.rint(x / np.float32(0.13)) + 3, -8, 7)
    assert np.allclose(hx.predict(graph, x), (q - 3) * 0.13, rtol=1e-6)
    alone = model([node("QuantizeLinear", "x s z")], {"x": [1, 4]}, weights)
    assert "is the integers of a QuantizeLinear" in problems(alone)[0]
