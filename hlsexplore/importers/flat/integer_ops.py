"""Ops on integers (QOperator format), written out as the ops on real numbers between quantizers that they stand for.

ONNX defines each as such: `QLinearConv` is DequantizeLinear of its inputs, Conv, QuantizeLinear. ONNX Runtime adds more
in its own domain (its docs/ContribOperators.md) and moves integers through pools and views as they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from hlsexplore.importers.flat.graph import Array, FlatGraph, FlatNode

_MICROSOFT = "com.microsoft."
_VIEWS = ("Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Identity")
_MOVES = frozenset({*_VIEWS, "MaxPool", "Slice", "Split", "Gather", "DepthToSpace"})
"""Ops that take integers as they are: they keep values, or choose the largest."""


@dataclass(slots=True, kw_only=True)
class _Writer:
    """The graph being written: mutable, because ops are appended one after another.

    Attributes:
        constants: Stored arrays, with those that were added.
        nodes: Ops so far.
        codes: Scale and zero point of each tensor of integers so far.
        real: Name of the real numbers behind integers that were read so far, by their name, scale and zero point.
    """

    constants: dict[str, Array]
    nodes: list[FlatNode] = field(default_factory=list)
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    real: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def add(self, node: FlatNode, op: str, inputs: tuple[str, ...], result: str, **options: Any) -> str:
        """Append an op of a node and return its output."""
        label = node.label.removesuffix("_quantized").removesuffix("_quant")
        made = FlatNode(op=op, inputs=inputs, outputs=(result,), options=options, label=label, kind=node.kind)
        self.nodes.append(made)
        return result

    def decode(self, node: FlatNode, name: str, scale: str, zero: str, axis: int = 1) -> str:
        """Return the real numbers behind integers."""
        key = name, scale, zero
        if key not in self.real:
            inputs = (name, scale, zero) if zero else (name, scale)
            self.real[key] = self.add(node, "DequantizeLinear", inputs, f"{name}::real{len(self.nodes)}", axis=axis)
        return self.real[key]

    def encode(self, node: FlatNode, name: str, scale: str, zero: str, like: str) -> None:
        """Make the node's output of real numbers; without a zero point its integers are those of another one's type."""
        if not zero and like in self.constants:
            zero = f"{node.outputs[0]}::zero"
            self.constants[zero] = np.zeros((), self.constants[like].dtype)
        self.codes[node.outputs[0]] = scale, zero
        inputs = (name, scale, zero) if zero else (name, scale)
        self.add(node, "QuantizeLinear", inputs, node.outputs[0])

    def product(self, *names: str) -> str:
        """Return the name of a product of stored scales; empty if one is no constant."""
        if any(name not in self.constants for name in names):
            return ""
        result = "*".join(names)
        values = [np.asarray(self.constants[name], dtype=np.float32) for name in names]
        self.constants[result] = np.multiply(*values)
        return result


def write_out(graph: FlatGraph) -> FlatGraph:
    """Replace ops on integers by ops on real numbers between quantizers.

    Args:
        graph: The flat graph.
    """
    if not any(node.op in _RULES for node in graph.nodes):
        return graph
    writer = _Writer(constants=dict(graph.constants))
    for node in graph.nodes:
        source = node.inputs[0] if node.inputs else ""
        if node.op in _RULES and _fits(node):
            _RULES[node.op](writer, node)
        elif node.op in _MOVES and source in writer.codes:
            _moved(writer, node, *writer.codes[source])
        else:
            if node.op == "QuantizeLinear" and len(node.inputs) > 1:
                writer.codes[node.outputs[0]] = node.inputs[1], node.inputs[2] if len(node.inputs) > 2 else ""
            writer.nodes.append(node)
    return replace(graph, constants=writer.constants, nodes=tuple(writer.nodes))


def _fits(node: FlatNode) -> bool:
    """Whether an op has all inputs that its rule needs, and channels where ONNX has them."""
    return len(node.inputs) >= _LEAST[node.op] and len(node.outputs) == 1 and not node.options.get("channels_last", 0)


def _moved(writer: _Writer, node: FlatNode, scale: str, zero: str) -> None:
    """Let an op that keeps values work on the real numbers."""
    inner = tuple(f"{name}::moved" if name else "" for name in node.outputs)
    inputs = (writer.decode(node, node.inputs[0], scale, zero), *node.inputs[1:])
    writer.nodes.append(replace(node, inputs=inputs, outputs=inner))
    for source, result in zip(inner, node.outputs, strict=True):
        if result:
            writer.encode(replace(node, outputs=(result,)), source, scale, zero, "")


def _product(op: str, weight_axis: Callable[[FlatNode], int]) -> Callable[[_Writer, FlatNode], None]:
    """Make the rule of a product: data and weight with their scales and zero points, those of the result, a bias."""

    def rule(writer: _Writer, node: FlatNode) -> None:
        x, xs, xz, w, ws, wz, *rest = (*node.inputs, "", "", "")
        is_gemm = op == "Gemm"
        bias, ys, yz = (rest[0], rest[1], rest[2]) if is_gemm else (rest[2], rest[0], rest[1])
        inputs = [writer.decode(node, x, xs, xz), writer.decode(node, w, ws, wz, weight_axis(node))]
        if bias:
            inputs.append(writer.decode(node, bias, writer.product(xs, ws), "", 0 if op == "Conv" else -1))
        result = f"{node.outputs[0]}::product" if ys else node.outputs[0]
        writer.add(node, op, tuple(inputs), result, **node.options)
        if ys:
            writer.encode(node, result, ys, yz, xz)

    return rule


def _binary(op: str) -> Callable[[_Writer, FlatNode], None]:
    """Make the rule of an op of two tensors: each with scale and zero point, then those of the result."""

    def rule(writer: _Writer, node: FlatNode) -> None:
        a, a_scale, a_zero, b, b_scale, b_zero, scale, *zero = node.inputs
        inputs = writer.decode(node, a, a_scale, a_zero), writer.decode(node, b, b_scale, b_zero)
        result = writer.add(node, op, inputs, f"{node.outputs[0]}::result", **node.options)
        writer.encode(node, result, scale, zero[0] if zero else "", a_zero)

    return rule


def _unary(op: str) -> Callable[[_Writer, FlatNode], None]:
    """Make the rule of an op of one tensor: with scale and zero point, then those of the result."""

    def rule(writer: _Writer, node: FlatNode) -> None:
        x, x_scale, x_zero, scale, *zero = node.inputs
        options = {key: value for key, value in node.options.items() if key not in ("channels_last", "opset")}
        inputs = (writer.decode(node, x, x_scale, x_zero),)
        result = writer.add(node, op, inputs, f"{node.outputs[0]}::result", **options)
        writer.encode(node, result, scale, zero[0] if zero else "", x_zero)

    return rule


def _concat(writer: _Writer, node: FlatNode) -> None:
    """Write out QLinearConcat: scale and zero point of the result, then tensors with theirs."""
    scale, zero, *rest = node.inputs
    parts = tuple(writer.decode(node, rest[i], rest[i + 1], rest[i + 2]) for i in range(0, len(rest) - 2, 3))
    result = writer.add(node, "Concat", parts, f"{node.outputs[0]}::result", **node.options)
    writer.encode(node, result, scale, zero, rest[2])


def _rows(node: FlatNode) -> int:
    """Axis of a Gemm's weight that counts results."""
    return 0 if node.options.get("transB", 0) else 1


_RULES: Mapping[str, Callable[[_Writer, FlatNode], None]] = MappingProxyType(
    {
        "QLinearConv": _product("Conv", lambda node: 0),
        "QLinearMatMul": _product("MatMul", lambda node: -1),
        f"{_MICROSOFT}QGemm": _product("Gemm", _rows),
        f"{_MICROSOFT}QLinearAdd": _binary("Add"),
        f"{_MICROSOFT}QLinearMul": _binary("Mul"),
        f"{_MICROSOFT}QLinearAveragePool": _unary("AveragePool"),
        f"{_MICROSOFT}QLinearGlobalAveragePool": _unary("GlobalAveragePool"),
        f"{_MICROSOFT}QLinearSigmoid": _unary("Sigmoid"),
        f"{_MICROSOFT}QLinearLeakyRelu": _unary("LeakyRelu"),
        f"{_MICROSOFT}QLinearSoftmax": _unary("Softmax"),
        f"{_MICROSOFT}QLinearReduceMean": _unary("ReduceMean"),
        f"{_MICROSOFT}QLinearConcat": _concat,
    }
)
_LEAST: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(_RULES, 4),
        **dict.fromkeys((f"{_MICROSOFT}QLinearAdd", f"{_MICROSOFT}QLinearMul"), 7),
        **dict.fromkeys(("QLinearConv", "QLinearMatMul"), 8),
        f"{_MICROSOFT}QGemm": 6,
        f"{_MICROSOFT}QLinearConcat": 5,
    }
)
"""Fewest inputs of each op; one with fewer is left as it is, and refused."""
WRITTEN_OUT = tuple(_RULES)
"""The ops on integers that are read."""
