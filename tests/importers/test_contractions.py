"""Products of two tensors that depend on the input: attention, einsums, and joins with constants."""

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

import hlsexplore as hx
from hlsexplore.importers import inspect_model

from .onnx_models import floats, model, node, problems


def agree(proto, names=("x",), shapes=((5, 3),), emulated: float = 2e-2):
    """Check float results against ONNX' reference, and the default design's fixed-point numbers against them."""
    found = inspect_model(proto)
    assert found.problems == ()
    data = {name: floats(7, *shape) for name, shape in zip(names, shapes, strict=True)}
    (expected,) = ReferenceEvaluator(proto).run(None, data)
    given = data if len(data) > 1 else data[names[0]]
    y = hx.predict(found.graph, given)
    np.testing.assert_allclose(y.reshape(expected.shape), expected, rtol=1e-5, atol=2e-6)
    fixed = hx.emulate(hx.Design.default(found.graph), given)
    assert np.abs(fixed - y).max() < emulated
    return found.graph


PRODUCTS = {
    "matrices": ("MatMul", {}, (5, 3), (3, 4)),
    "one_by_many": ("MatMul", {}, (1, 5, 3), (2, 3, 4)),
    "many_by_one": ("MatMul", {}, (2, 5, 3), (1, 3, 4)),
    "rows": ("MatMul", {}, (1, 3), (3, 4)),
    "scores": ("Einsum", {"equation": "bnhc,bmhc->bhnm"}, (3, 2, 4), (5, 2, 4)),
    "outer": ("Einsum", {"equation": "bi,bj->bji"}, (3,), (4,)),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_of_two_tensors_are_those_of_onnx(name: str) -> None:
    kind, options, first, second = PRODUCTS[name]
    proto = model([node(kind, "a b", **options)], {"a": ["n", *first], "b": ["n", *second]}, {})
    agree(proto, ("a", "b"), (first, second))


WEIGHTED = {
    "bnc,cd->bnd": (3, 4),
    "bnc,nd->bcd": (5, 4),
    "bnc,chd->bhnd": (3, 2, 4),
    "bnc,cn->b": (3, 5),
    "bnc,cd->bdn": (3, 4),
}


@pytest.mark.parametrize("equation", WEIGHTED)
@pytest.mark.parametrize("weight_first", [True, False])
def test_einsums_with_weights_are_those_of_onnx(equation: str, weight_first: bool) -> None:
    source, rest = equation.split(",")
    inside, result = rest.split("->")
    text = f"{inside},{source}->{result}" if weight_first else equation
    names = "w x" if weight_first else "x w"
    weights = {"w": floats(*WEIGHTED[equation])}
    agree(model([node("Einsum", names, equation=text)], {"x": ["n", 5, 3]}, weights))


def attention_nodes() -> tuple[list, dict]:
    """Self-attention of two heads, as PyTorch's exporters write it out."""
    nodes = []
    for name in ("q", "k", "v"):
        nodes += [node("MatMul", f"x w{name}", f"{name}1"), node("Reshape", f"{name}1 heads", f"{name}2")]
        nodes.append(node("Transpose", f"{name}2", name, perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3]))
    nodes += [node("MatMul", "q k", "s"), node("Div", "s root", "r"), node("Softmax", "r", "p", axis=-1)]
    nodes += [node("MatMul", "p v", "z"), node("Transpose", "z", "t", perm=[0, 2, 1, 3])]
    nodes += [node("Reshape", "t flat", "f"), node("MatMul", "f wo")]
    weights = {f"w{name}": floats(3, 8) / 4 for name in ("q", "k", "v")} | {"wo": floats(8, 2)}
    sizes = {"heads": np.array([0, 0, 2, 4]), "flat": np.array([0, 0, 8]), "root": np.float32(2)}
    return nodes, {**weights, **sizes}


def test_attention_written_out_is_that_of_onnx() -> None:
    nodes, weights = attention_nodes()
    agree(model(nodes, {"x": ["n", 5, 3]}, weights), emulated=0.1)


def test_heads_may_share_an_axis_with_the_samples() -> None:
    """As `nn.MultiheadAttention` is written by old exporters: (samples * heads, steps, size)."""
    nodes, weights = attention_nodes()
    weights |= {"many": np.array([-1, 5, 4]), "columns": np.array([-1, 4, 5]), "back": np.array([-1, 2, 5, 4])}
    position = next(index for index, item in enumerate(nodes) if list(item.output) == ["s"])
    merged = [node("Reshape", "q many", "q3"), node("Reshape", "k columns", "k3"), node("Reshape", "v many", "v3")]
    nodes[position].input[:] = ["q3", "k3"]
    nodes[position + 3].input[:] = ["p", "v3"]
    nodes[position + 3].output[:] = ["z3"]
    nodes.insert(position + 4, node("Reshape", "z3 back", "z"))
    nodes[position:position] = merged
    agree(model(nodes, {"x": ["n", 5, 3]}, weights), emulated=0.1)


@pytest.mark.parametrize("is_flat", [True, False])
def test_the_op_attention_is_that_of_onnx(is_flat: bool) -> None:
    shape, options = ((5, 8), {"q_num_heads": 2, "kv_num_heads": 2}) if is_flat else ((2, 5, 4), {"scale": 0.3})
    proto = model([node("Attention", "x k v", **options)], {name: ["n", *shape] for name in "xkv"}, {}, opset=23)
    agree(proto, ("x", "k", "v"), (shape,) * 3, emulated=0.1)


def test_a_token_before_a_sequence_is_a_constant_of_the_graph() -> None:
    nodes = [
        node("Shape", "x", "size", end=1),
        node("Concat", "size two", "shape", axis=0),
        node("Expand", "token shape", "tokens"),
        node("Concat", "tokens x", "j", axis=1),
        node("MatMul", "j w"),
    ]
    weights = {"token": floats(1, 1, 3), "two": np.array([1, 3]), "w": floats(3, 2)}
    agree(model(nodes, {"x": ["n", 5, 3]}, weights))
    constants = {"head": floats(1, 2, 3), "middle": floats(1, 1, 3), "tail": floats(1, 4, 3)}
    join = node("Concat", "head x middle k tail", axis=1)
    proto = model([join], {"x": [1, 5, 3], "k": [1, 2, 3]}, constants)
    graph = hx.read_model(proto)
    x, k = floats(4, 5, 3), floats(4, 2, 3)
    parts = [np.repeat(constants[name], 4, axis=0) for name in ("head", "middle", "tail")]
    expected = np.concatenate([parts[0], x, parts[1], k, parts[2]], axis=1)
    np.testing.assert_allclose(hx.predict(graph, {"x": x, "k": k}), expected, rtol=1e-6)


def test_padding_with_a_number_is_that_of_onnx() -> None:
    pads = {"pads": np.array([0, 0, 1, 2, 0, 0, 0, 1]), "value": np.float32(-1.5)}
    agree(model([node("Pad", "x pads value")], {"x": ["n", 2, 3, 4]}, pads), shapes=((2, 3, 4),))


def test_what_mixes_samples_or_is_too_large_is_refused() -> None:
    over = problems(model([node("MatMul", "x k")], {"x": ["n", 300, 40], "k": ["n", 40, 300]}, {}))
    assert over[0].endswith("it has 3600000 products of activations. At most 65536 are supported.")
    mixed = model([node("Einsum", "x k", equation="bi,ci->bc")], {"x": ["n", 4], "k": ["n", 4]}, {})
    assert "multiplies along the axis of the samples" in problems(mixed)[0]
    alone = model([node("Einsum", "x k", equation="bij,bi->bi")], {"x": ["n", 4, 2], "k": ["n", 4]}, {})
    assert "sums an axis of one tensor alone" in problems(alone)[0]
    causal = model([node("Attention", "x x x", softcap=2.0)], {"x": ["n", 2, 5, 4]}, {}, opset=23)
    assert "softcap is not supported. Use plain attention." in problems(causal)[0]
