"""Quantizers that no one multiplier gives: the integers of the formula for every input, in emulator and network."""

import numpy as np
import pytest
from importers.onnx_models import model, node

import hlsexplore as hx
from hlsexplore.importers import inspect_model
from hlsexplore.ops import Lookup, Requantize

DOMAIN = "qonnx.custom_op.general"


def quant_node(source, output, prefix, **options):
    options = {"signed": 1, "narrow": 0, **options}
    return node("Quant", f"{source} {prefix}s {prefix}z {prefix}b", output, domain=DOMAIN, **options)


def network(
    between, last, bits: int = 4, scale: float = 0.31, bias=None, weight=None, mode: str = "ROUND", in_bits: int = 5
):
    """Quantise the input with a step of 1, multiply, add, apply something, quantise."""
    weight = np.array([[3.0, -2.0, 5.0], [1.0, 4.0, -3.0]]) if weight is None else np.asarray(weight)
    nodes = [
        quant_node("x", "q", "a"),
        quant_node("w", "wq", "w", narrow=1),
        node("MatMul", "q wq", "product"),
        node("Add", "product bias", "acc"),
        *between,
        quant_node(last, "y", "c", rounding_mode=mode),
    ]
    weights = {"as": 1.0, "az": 0.0, "ab": float(in_bits), "ws": 1.0, "wz": 0.0, "wb": 5.0}
    weights |= {"cs": scale, "cz": 0.0, "cb": float(bits)}
    stored = {name: np.float32(value) for name, value in weights.items()}
    stored |= {"w": weight.astype(np.float32), "f": np.float32(0.02), "half": np.float32(0.125)}
    stored["bias"] = np.asarray([0.3, -1.7, 0.9] if bias is None else bias, dtype=np.float32)
    return model(nodes, {"x": [1, 2]}, stored, domains=(DOMAIN,)), weight, stored["bias"]


def every_input(in_bits: int = 5) -> np.ndarray:
    ends = np.arange(-(2 ** (in_bits - 1)), 2 ** (in_bits - 1), dtype=np.float64)
    return np.stack(np.meshgrid(ends, ends), axis=-1).reshape(-1, 2)


def integers(real, scale, bits, rounding=np.round):
    y = real.astype(np.float32) / np.float32(scale)
    return rounding(np.clip(y, np.float32(-(2.0 ** (bits - 1))), np.float32(2.0 ** (bits - 1) - 1)))


FUNCTIONS = {
    "Tanh": ([node("Mul", "acc f", "u"), node("Tanh", "u", "r")], lambda v: np.tanh(v * np.float32(0.02)), 0.13),
    "Sigmoid": ([node("Mul", "acc f", "u"), node("Sigmoid", "u", "r")], lambda v: 1 / (1 + np.exp(-v * 0.02)), 0.1),
    "LeakyRelu": ([node("LeakyRelu", "acc", "r", alpha=0.125)], lambda v: np.where(v > 0, v, v * 0.125), 7.3),
    "Elu": ([node("Elu", "acc", "r")], lambda v: np.where(v > 0, v, np.expm1(np.minimum(v, 0))), 0.9),
    "PRelu": ([node("PRelu", "acc half", "r")], lambda v: np.where(v > 0, v, v * 0.125), 6.1),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_before_a_quantizer_give_the_integers_of_every_input(name) -> None:
    between, function, scale = FUNCTIONS[name]
    proto, weight, bias = network(between, "r", scale=scale)
    found = inspect_model(proto)
    assert found.notes == ()
    x = every_input()
    expected = integers(function(x @ weight + bias), scale, 4)
    for y in (hx.predict(found.graph, x), hx.emulate(hx.Design.default(found.graph), x)):
        assert (np.rint(y / scale) == expected).all()
    assert all(item.op.proven for item in found.graph if isinstance(item.op, Requantize))


def test_two_sides_of_a_leaky_relu_are_two_multipliers() -> None:
    between, _, scale = FUNCTIONS["LeakyRelu"]
    graph = hx.read_model(network(between, "r", scale=scale)[0])
    assert [item.kind for item in graph] == ["input", "dense", "requantize", "requantize", "add"]


def test_a_tanh_is_compared_with_each_of_its_thresholds() -> None:
    between, _, scale = FUNCTIONS["Tanh"]
    graph = hx.read_model(network(between, "r", scale=scale)[0])
    assert [item.kind for item in graph] == ["input", "dense", "dense", "requantize", "dense"]
    compare = graph.nodes[3]
    assert str(compare.types["result"]).startswith("ufixed<1,1")
    assert set(np.abs(compare.op.kernel)) <= {0.0, 1.0}


def test_few_values_alike_in_all_channels_are_a_table() -> None:
    nodes = [quant_node("x", "q", "a"), node("Tanh", "q", "r"), quant_node("r", "y", "c")]
    weights = {"as": 0.1, "az": 0.0, "ab": 6.0, "cs": 0.07, "cz": 0.0, "cb": 5.0}
    proto = model(nodes, {"x": [1, 3]}, {k: np.float32(v) for k, v in weights.items()}, domains=(DOMAIN,))
    graph = hx.read_model(proto)
    assert [type(item.op).__name__ for item in graph][1:] == ["Lookup"]
    assert isinstance(graph.nodes[1].op, Lookup)
    x = np.arange(-40, 41)[:, None] * np.full(3, 0.1)
    steps = np.clip(np.arange(-40, 41), -32, 31)[:, None] * np.full(3, np.float64(np.float32(0.1)))
    expected = integers(np.tanh(steps), 0.07, 5)
    assert (np.rint(hx.emulate(hx.Design.default(graph), x) / 0.07) == expected).all()


@pytest.mark.parametrize("ratio", [6.0, 10.0, 12.0])
def test_ties_of_a_ratio_that_is_no_binary_fraction_go_to_the_even_integer(ratio: float) -> None:
    proto, weight, bias = network([], "acc", bits=6, scale=ratio, bias=[0.0, 0.0, 0.0])
    found = inspect_model(proto)
    assert found.notes == ()
    x = every_input()
    acc = x @ weight + bias
    quotient, rest = np.divmod(acc, ratio)
    assert (rest == ratio / 2).any()
    up = (rest > ratio / 2) | ((rest == ratio / 2) & (quotient % 2 == 1))
    expected = np.clip(quotient + up, -32, 31)
    assert (np.rint(hx.emulate(hx.Design.default(found.graph), x) / ratio) == expected).all()
    assert (np.rint(hx.predict(found.graph, x) / ratio) == expected).all()


def test_what_reads_no_integers_of_a_power_of_two_is_said_to_be_unproven() -> None:
    nodes = [node("MatMul", "x w", "a"), node("Tanh", "a", "r"), quant_node("r", "y", "c")]
    weights = {"w": np.eye(2, dtype=np.float32), "cs": np.float32(0.125), "cz": np.float32(0), "cb": np.float32(4)}
    notes = inspect_model(model(nodes, {"x": [1, 2]}, weights, domains=(DOMAIN,))).notes
    assert len(notes) == 1
    assert "since it reads values that are on no grid" in notes[0]
