"""Activation functions that exporters write as several ops, found again by what they compute.

A group of elementwise ops that depends on one tensor and on numbers only is evaluated on a grid and compared with the
functions that have an op: so every way of writing GELU is the same function.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from math import erf, sqrt
from types import MappingProxyType
from typing import Any

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.importers.flat.graph import Array, FlatNode

MAX_OPS = 16
"""Most ops of a group; GELU by tanh has 9."""
TOLERANCE = 1e-5
"""Largest difference to a function, in which constants of float32 differ from exact ones."""
_GRID = np.linspace(-30.0, 30.0, 961)
"""Where functions are compared; beyond 20 PyTorch writes softplus as x."""
_ROOTS = frozenset({"Mul", "Add", "Sub", "Div", "Neg", "Log", "Log1p", "Where"})
"""Ops that a group may end with."""
_erf = np.frompyfunc(erf, 1, 1)


def _sigmoid(x: RealArray) -> RealArray:
    y: RealArray = 1.0 / (1.0 + np.exp(-x))
    return y


def _tanh_gelu(x: RealArray) -> RealArray:
    y: RealArray = 0.5 * x * (1.0 + np.tanh(sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)))
    return y


TARGETS: Mapping[str, RealArray] = MappingProxyType(
    {
        "Silu": _GRID * _sigmoid(_GRID),
        "Gelu": np.asarray(0.5 * _GRID * (1.0 + _erf(_GRID / sqrt(2.0))), dtype=np.float64),
        "GeluTanh": _tanh_gelu(_GRID),
        "Mish": _GRID * np.tanh(np.logaddexp(_GRID, 0.0)),
        "Softplus": np.logaddexp(_GRID, 0.0),
        "LogSigmoid": -np.logaddexp(-_GRID, 0.0),
        "Softsign": _GRID / (1.0 + np.abs(_GRID)),
        "TanhShrink": _GRID - np.tanh(_GRID),
        "HardSwish": _GRID * np.clip(_GRID / 6.0 + 0.5, 0.0, 1.0),
    }
)
"""Values of the functions that are looked for."""

Evaluate = Callable[[Mapping[str, Any], list[Array]], Array]
_STEPS: Mapping[str, Evaluate] = MappingProxyType(
    {
        "Add": lambda options, x: x[0] + x[1],
        "Sub": lambda options, x: x[0] - x[1],
        "Mul": lambda options, x: x[0] * x[1],
        "Div": lambda options, x: x[0] / x[1],
        "Pow": lambda options, x: x[0] ** x[1],
        "Neg": lambda options, x: -x[0],
        "Abs": lambda options, x: np.abs(x[0]),
        "Exp": lambda options, x: np.exp(x[0]),
        "Log": lambda options, x: np.log(x[0]),
        "Log1p": lambda options, x: np.log1p(x[0]),
        "Sqrt": lambda options, x: np.sqrt(x[0]),
        "Reciprocal": lambda options, x: 1.0 / x[0],
        "Erf": lambda options, x: np.asarray(_erf(x[0]), dtype=np.float64),
        "Tanh": lambda options, x: np.tanh(x[0]),
        "Sigmoid": lambda options, x: _sigmoid(x[0]),
        "Relu": lambda options, x: np.maximum(x[0], 0.0),
        "Clip": lambda options, x: np.clip(x[0], *_bounds(options, x)),
        "HardSigmoid": lambda options, x: np.clip(
            float(options.get("alpha", 0.2)) * x[0] + float(options.get("beta", 0.5)), 0.0, 1.0
        ),
        "Softplus": lambda options, x: _softplus(x[0], float(options.get("beta", 1.0))),
        "Identity": lambda options, x: x[0],
        "Greater": lambda options, x: x[0] > x[1],
        "Where": lambda options, x: np.where(x[0], x[1], x[2]),
    }
)
"""Elementwise ops that a group may have, and what they compute of real numbers."""


def _bounds(options: Mapping[str, Any], x: list[Array]) -> tuple[Any, Any]:
    low = x[1] if len(x) > 1 else options.get("min", -np.inf)
    return low, x[2] if len(x) > 2 else options.get("max", np.inf)


def _softplus(x: Array, beta: float) -> Array:
    return np.asarray(np.logaddexp(beta * x, 0.0) / beta)


def find_function(makers: Mapping[str, FlatNode], constants: Mapping[str, Array], node: FlatNode) -> FlatNode | None:
    """Return the op of a function that a node is the last op of; None if there is none.

    Args:
        makers: Who makes each tensor.
        constants: Stored arrays.
        node: The last op of the group.
    """
    if node.op not in _ROOTS:
        return None
    for name in _within(makers, constants, node):
        values = _evaluate(makers, constants, node, name)
        if values is None:
            continue
        for op, wanted in TARGETS.items():
            if float(np.abs(values - wanted).max()) <= TOLERANCE:
                options = {"approximate": "tanh"} if op == "GeluTanh" else {}
                return replace(node, op=op.removesuffix("Tanh"), inputs=(name,), options=options)
    return None


def _within(makers: Mapping[str, FlatNode], constants: Mapping[str, Array], node: FlatNode) -> Iterator[str]:
    """Name the tensors that a node is computed from by elementwise ops, nearest first."""
    waiting, seen, ops = list(node.inputs), set[str](), 0
    while waiting:
        name = waiting.pop(0)
        if not name or name in seen or name in constants:
            continue
        seen.add(name)
        yield name
        maker = makers.get(name)
        if maker is not None and maker.op in _STEPS and ops < MAX_OPS:
            ops += 1
            waiting += maker.inputs


def _evaluate(
    makers: Mapping[str, FlatNode], constants: Mapping[str, Array], node: FlatNode, leaf: str
) -> RealArray | None:
    """Compute a node with one tensor going through the grid; None if it depends on another one, or not on this."""
    values: dict[str, Array | None] = {leaf: _GRID}
    budget = [MAX_OPS]

    def value(name: str) -> Array | None:
        if name not in values:
            maker, stored = makers.get(name), constants.get(name)
            if stored is not None:
                values[name] = stored.reshape(-1)[:1].astype(np.float64) if stored.size == 1 else None
            else:
                values[name] = compute(maker) if maker is not None and len(maker.outputs) == 1 else None
        return values[name]

    def compute(maker: FlatNode) -> Array | None:
        step = _STEPS.get(maker.op)
        budget[0] -= 1
        if step is None or budget[0] < 0 or not all(maker.inputs):
            return None
        inputs = [value(name) for name in maker.inputs]
        if not inputs or any(item is None for item in inputs):
            return None
        return step(maker.options, [np.asarray(item) for item in inputs])

    try:
        with np.errstate(all="ignore"):
            found = compute(node)
    except (TypeError, ValueError, IndexError):
        return None
    is_real = found is not None and found.shape == _GRID.shape and bool(np.isfinite(found).all())
    return np.asarray(found, dtype=np.float64) if is_real else None
