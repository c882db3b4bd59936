"""Activation functions of ONNX files: as ops of their own, and as the groups of ops that exporters write for them."""

from math import erf, pi, sqrt

import numpy as np
import pytest
from importers.onnx_models import model, node, problems

import hlsexplore as hx
from hlsexplore.graph import Graph

X = np.linspace(-6.0, 6.0, 240).reshape(-1, 3)
ERF = np.frompyfunc(erf, 1, 1)


def sigmoid(x) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def gelu(x) -> np.ndarray:
    return np.asarray(0.5 * x * (1 + ERF(x / sqrt(2))), dtype=float)


def gelu_tanh(x) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))


def mish(x) -> np.ndarray:
    return x * np.tanh(np.logaddexp(x, 0))


def celu(x, alpha) -> np.ndarray:
    return np.maximum(x, 0) + np.minimum(0, alpha * np.expm1(x / alpha))


def shrink(x, limit, bias) -> np.ndarray:
    return np.where(x > limit, x - bias, np.where(x < -limit, x + bias, 0))


def read(nodes, constants=None, opset: int = 20) -> Graph:
    weights = {name: np.float32(value) for name, value in (constants or {}).items()}
    return hx.read_model(model(nodes, {"x": ["batch", 3]}, weights, opset=opset))


GROUPS = {
    "gelu_erf": (
        [
            node("Div", "x root", "a"),
            node("Erf", "a", "b"),
            node("Add", "b one", "c"),
            node("Mul", "x c", "d"),
            node("Mul", "d half"),
        ],
        ["gelu"],
        gelu,
    ),
    "gelu_half_first": (
        [
            node("Mul", "x half", "h"),
            node("Mul", "x inverse", "a"),
            node("Erf", "a", "b"),
            node("Add", "one b", "c"),
            node("Mul", "h c"),
        ],
        ["gelu"],
        gelu,
    ),
    "gelu_tanh": (
        [
            node("Pow", "x three", "a"),
            node("Mul", "a cube", "b"),
            node("Add", "x b", "c"),
            node("Mul", "c scale", "d"),
            node("Tanh", "d", "e"),
            node("Add", "e one", "f"),
            node("Mul", "x f", "g"),
            node("Mul", "half g"),
        ],
        ["gelu_tanh"],
        gelu_tanh,
    ),
    "silu": ([node("Sigmoid", "x", "a"), node("Mul", "a x")], ["silu"], lambda x: x * sigmoid(x)),
    "mish": ([node("Softplus", "x", "a"), node("Tanh", "a", "b"), node("Mul", "x b")], ["mish"], mish),
    "log_sigmoid": (
        [node("Sigmoid", "x", "a"), node("Log", "a")],
        ["log_sigmoid"],
        lambda x: -np.logaddexp(-x, 0),
    ),
    "softplus": (
        [node("Exp", "x", "a"), node("Add", "a one", "b"), node("Log", "b")],
        ["softplus"],
        lambda x: np.logaddexp(x, 0),
    ),
    "softsign": (
        [node("Abs", "x", "a"), node("Add", "one a", "b"), node("Div", "x b")],
        ["softsign"],
        lambda x: x / (1 + np.abs(x)),
    ),
    "hard_swish": (
        [node("Add", "x three", "a"), node("Clip", "a zero six", "b"), node("Mul", "x b", "c"), node("Div", "c six")],
        ["hard_swish"],
        lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    ),
    "tanh_shrink": ([node("Tanh", "x", "a"), node("Sub", "x a")], ["tanh_shrink"], lambda x: x - np.tanh(x)),
    "celu": (
        [
            node("Div", "x half", "a"),
            node("Elu", "a", "b"),
            node("Mul", "b half"),
        ],
        ["affine", "elu", "affine"],
        lambda x: celu(x, 0.5),
    ),
    "celu_of_choices": (
        [
            node("Mul", "x two", "a"),
            node("Exp", "a", "b"),
            node("Sub", "b one", "c"),
            node("Mul", "c half", "d"),
            node("Greater", "x zero", "e"),
            node("Where", "e x d"),
        ],
        ["affine", "elu", "affine"],
        lambda x: celu(x, 0.5),
    ),
    "soft_shrink": (
        [
            node("Abs", "x", "a"),
            node("Greater", "a half", "b"),
            node("Sign", "x", "c"),
            node("Mul", "c half", "d"),
            node("Sub", "x d", "e"),
            node("Where", "b e zero"),
        ],
        ["clip", "subtract"],
        lambda x: shrink(x, 0.5, 0.5),
    ),
    "hard_shrink": (
        [
            node("Greater", "x half", "a"),
            node("Less", "x minus", "b"),
            node("Or", "a b", "c"),
            node("Where", "c x zero"),
        ],
        ["affine", "thresholded_relu", "thresholded_relu", "subtract"],
        lambda x: shrink(x, 0.5, 0.0),
    ),
    "threshold": (
        [node("LessOrEqual", "x half", "a"), node("Where", "a minus x")],
        ["clip"],
        lambda x: np.where(x > 0.5, x, -0.5),
    ),
    "softplus_with_beta": (
        [
            node("Mul", "x two", "a"),
            node("Exp", "a", "b"),
            node("Add", "b one", "c"),
            node("Log", "c", "d"),
            node("Div", "d two", "e"),
            node("Greater", "x twenty", "f"),
            node("Where", "f x e"),
        ],
        ["affine", "softplus", "affine"],
        lambda x: np.logaddexp(2 * x, 0) / 2,
    ),
    "not_quite_silu": (
        [node("Mul", "x scaled", "s"), node("Sigmoid", "s", "a"), node("Mul", "a x")],
        ["affine", "sigmoid", "multiply"],
        lambda x: x * sigmoid(1.702 * x),
    ),
}
CONSTANTS = {
    "root": sqrt(2),
    "inverse": sqrt(0.5),
    "one": 1,
    "half": 0.5,
    "three": 3,
    "cube": 0.044715,
    "scale": sqrt(2 / pi),
    "zero": 0,
    "six": 6,
    "scaled": 1.702,
    "two": 2,
    "minus": -0.5,
    "twenty": 20,
}


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_of_ops_is_the_function_that_it_computes(name) -> None:
    nodes, kinds, function = GROUPS[name]
    used = {item for each in nodes for item in each.input}
    graph = read(nodes, {key: value for key, value in CONSTANTS.items() if key in used}, opset=17)
    assert [layer.kind for layer in graph.layers] == kinds
    np.testing.assert_allclose(hx.predict(graph, X), function(X), atol=1e-5)


def test_a_group_of_two_tensors_stays_as_it_is() -> None:
    nodes = [node("Tanh", "x", "t"), node("Sigmoid", "t", "a"), node("Mul", "x a")]
    graph = read(nodes)
    assert [layer.kind for layer in graph.layers] == ["tanh", "sigmoid", "multiply"]
    np.testing.assert_allclose(hx.predict(graph, X), X * sigmoid(np.tanh(X)), atol=1e-6)


OPS = {
    "gelu": (node("Gelu", "x"), gelu),
    "gelu_tanh": (node("Gelu", "x", approximate="tanh"), gelu_tanh),
    "mish": (node("Mish", "x"), mish),
    "celu": (node("Celu", "x", alpha=0.5), lambda x: celu(x, 0.5)),
    "celu_of_1": (node("Celu", "x"), lambda x: celu(x, 1.0)),
    "soft_shrink": (node("Shrink", "x", lambd=0.75, bias=0.75), lambda x: shrink(x, 0.75, 0.75)),
    "hard_shrink": (node("Shrink", "x", lambd=0.8), lambda x: shrink(x, 0.8, 0.0)),
    "exponential": (node("Exp", "x"), np.exp),
}


@pytest.mark.parametrize("name", OPS)
def test_an_op_of_onnx_is_its_function(name) -> None:
    item, function = OPS[name]
    np.testing.assert_allclose(hx.predict(read([item]), X), function(X), rtol=1e-6, atol=1e-6)


def test_what_has_no_op_is_refused_with_a_way_out() -> None:
    assert problems(model([node("Erf", "x")], {"x": ["batch", 3]}, {})) == (
        "layer 'y' (Erf): an error function outside GELU is not supported. Use GELU, or Tanh.",
    )
    assert problems(model([node("Shrink", "x", lambd=0.5, bias=0.2)], {"x": ["batch", 3]}, {})) == (
        "layer 'y' (Shrink): a Shrink with lambd=0.5 and bias=0.2 is not supported. "
        "Use a positive lambd, and a bias of 0 or lambd.",
    )
    assert problems(model([node("Celu", "x", alpha=-1.0)], {"x": ["batch", 3]}, {})) == (
        "layer 'y' (Celu): a CELU with alpha=-1 is not supported. Use a positive alpha.",
    )


def test_a_table_that_data_looks_up_says_what_it_is() -> None:
    proto = model([node("Gather", "table x")], {"x": ["batch", 3]}, {"table": np.ones((4, 2), np.float32)})
    assert problems(proto) == (
        "layer 'y' (Gather): it looks up rows of a table by data (an embedding). Look them up before the network.",
    )


def test_a_value_beyond_the_table_of_silu_is_no_loss() -> None:
    graph = read([node("Mish", "x")])
    trace = hx.trace(hx.Design.default(graph), np.full((1, 3), 20.0))
    assert [item.key for item in trace.tensors] == ["result", "result"]
