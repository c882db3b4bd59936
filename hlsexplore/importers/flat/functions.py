"""Activation functions that exporters write as several ops, found again by what they compute.

A group of elementwise ops that depends on one tensor and on numbers only is evaluated on a grid and compared with the
functions that have an op: so every way of writing GELU is the same function.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.importers.flat.fold import NARROW_FLOATS, WHOLE_DTYPES
from hlsexplore.importers.flat.graph import Array, FlatNode
from hlsexplore.ops import Function
from hlsexplore.reference.forward import ELEMENTWISE, error_function

MAX_OPS = 16
"""Most ops of a group; GELU by tanh has 9."""
TOLERANCE = 1e-5
"""Largest difference to a function, in which constants of float32 differ from exact ones."""
_GRID = np.linspace(-30.0, 30.0, 961)
"""Where functions are compared; beyond 20 PyTorch writes softplus as x."""
_ROOTS = frozenset({"Mul", "Add", "Sub", "Div", "Neg", "Log", "Log1p", "Where"})
"""Ops that a group may end with."""
BOOL = 9
"""Code of truth values in ONNX."""
TARGETS: Mapping[str, RealArray] = MappingProxyType(
    {
        op: ELEMENTWISE[function](_GRID, alpha)
        for op, function, alpha in (
            ("Silu", Function.SILU, 0.0),
            ("Gelu", Function.GELU, 0.0),
            ("GeluTanh", Function.GELU_TANH, 0.0),
            ("Mish", Function.MISH, 0.0),
            ("Softplus", Function.SOFTPLUS, 0.0),
            ("LogSigmoid", Function.LOG_SIGMOID, 0.0),
            ("Softsign", Function.SOFTSIGN, 0.0),
            ("TanhShrink", Function.TANH_SHRINK, 0.0),
            ("HardSwish", Function.HARD_SWISH, 1.0 / 6.0),
        )
    }
)
"""Values of the functions that are looked for."""
Family = Callable[[float], RealArray]
FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "Celu": lambda c: np.maximum(_GRID, 0.0) + np.minimum(0.0, c * np.expm1(np.minimum(_GRID, 0.0) / c)),
        "Elu": lambda c: ELEMENTWISE[Function.ELU](_GRID, c),
        "Softplus": lambda c: np.logaddexp(c * _GRID, 0.0) / c,
        "Soft": lambda c: np.sign(_GRID) * np.maximum(np.abs(_GRID) - c, 0.0),
        "Hard": lambda c: np.where(np.abs(_GRID) > c, _GRID, 0.0),
    }
)
"""Values of functions with one positive number, which is one of those in the group, or 1 over it."""

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
        "Sign": lambda options, x: np.sign(x[0]),
        "Exp": lambda options, x: np.exp(x[0]),
        "Log": lambda options, x: np.log(x[0]),
        "Log1p": lambda options, x: np.log1p(x[0]),
        "Sqrt": lambda options, x: np.sqrt(x[0]),
        "Reciprocal": lambda options, x: 1.0 / x[0],
        "Erf": lambda options, x: error_function(x[0]),
        "Tanh": lambda options, x: np.tanh(x[0]),
        "Sigmoid": lambda options, x: ELEMENTWISE[Function.SIGMOID](x[0], 0.0),
        "Relu": lambda options, x: np.maximum(x[0], 0.0),
        "Clip": lambda options, x: np.clip(x[0], *_bounds(options, x)),
        "HardSigmoid": lambda options, x: np.clip(
            float(options.get("alpha", 0.2)) * x[0] + float(options.get("beta", 0.5)), 0.0, 1.0
        ),
        "Softplus": lambda options, x: _softplus(x[0], options),
        "Identity": lambda options, x: x[0],
        "Expm1": lambda options, x: np.expm1(x[0]),
        "Max": lambda options, x: np.maximum.reduce(np.broadcast_arrays(*x)),
        "Min": lambda options, x: np.minimum.reduce(np.broadcast_arrays(*x)),
        "Greater": lambda options, x: x[0] > x[1],
        "GreaterOrEqual": lambda options, x: x[0] >= x[1],
        "Less": lambda options, x: x[0] < x[1],
        "LessOrEqual": lambda options, x: x[0] <= x[1],
        "And": lambda options, x: x[0] & x[1],
        "Or": lambda options, x: x[0] | x[1],
        "Not": lambda options, x: ~x[0],
        "Cast": lambda options, x: _cast(options, x[0]),
        "Where": lambda options, x: np.where(x[0], x[1], x[2]),
    }
)
"""Elementwise ops that a group may have, and what they compute of real numbers."""


def _bounds(options: Mapping[str, Any], x: list[Array]) -> tuple[Any, Any]:
    low = x[1] if len(x) > 1 else options.get("min", -np.inf)
    return low, x[2] if len(x) > 2 else options.get("max", np.inf)


def _cast(options: Mapping[str, Any], x: Array) -> Array:
    if x.dtype != np.bool_ and options.get("to", 1) in WHOLE_DTYPES | NARROW_FLOATS:
        raise ValueError("data is cut to integers or narrow floats")
    return x if options.get("to") == BOOL else x.astype(np.float64)


def _softplus(x: Array, options: Mapping[str, Any]) -> Array:
    beta, threshold = float(options.get("beta", 1.0)), float(options.get("threshold", np.inf))
    return np.where(beta * x > threshold, x, np.logaddexp(beta * x, 0.0) / beta)


def find_function(makers: Mapping[str, FlatNode], constants: Mapping[str, Array], node: FlatNode) -> FlatNode | None:
    """Return the op of a function that a node is the last op of; None if there is none.

    Args:
        makers: Who makes each tensor.
        constants: Stored arrays.
        node: The last op of the group.
    """
    if node.op not in _ROOTS:
        return None
    numbers = _numbers(makers, constants, node)
    for name in _within(makers, constants, node):
        values = _evaluate(makers, constants, node, name)
        if values is None:
            continue
        found = _named(values) or _of_family(values, numbers) or _threshold(values, numbers)
        if found is not None:
            return replace(node, op=found[0], inputs=(name,), options=found[1])
    return None


def _named(values: RealArray) -> tuple[str, dict[str, Any]] | None:
    """Return the function without numbers that has these values, and its options."""
    for op, wanted in TARGETS.items():
        if _is_equal(values, wanted):
            return ("Gelu", {"approximate": "tanh"}) if op == "GeluTanh" else (op, {})
    return None


def _of_family(values: RealArray, numbers: set[float]) -> tuple[str, dict[str, Any]] | None:
    """Return the function of one number that has these values, and its options."""
    keys = {"Celu": "alpha", "Elu": "alpha", "Softplus": "beta", "Soft": "lambd", "Hard": "lambd"}
    for number in sorted(numbers):
        for name, family in FAMILIES.items():
            if number > 0 and _is_equal(values, family(number)):
                bias = {"bias": number} if name == "Soft" else {}
                return "Shrink" if name in ("Soft", "Hard") else name, {keys[name]: number, **bias}
    return None


def _threshold(values: RealArray, numbers: set[float]) -> tuple[str, dict[str, Any]] | None:
    """Return the choice of x above a number and of another number elsewhere."""
    below = float(values[0])
    for number in sorted(numbers):
        if _is_equal(values, np.where(number < _GRID, _GRID, below)) and below != _GRID[0]:
            return "Threshold", {"limit": number, "value": below}
    return None


def _is_equal(values: RealArray, wanted: RealArray) -> bool:
    return float(np.abs(values - wanted).max()) <= TOLERANCE


def _numbers(makers: Mapping[str, FlatNode], constants: Mapping[str, Array], node: FlatNode) -> set[float]:
    """Return the numbers of a group, and 1 over them."""
    inside = [node, *(makers[name] for name in _within(makers, constants, node) if name in makers)]
    names = {name for item in inside for name in item.inputs}
    names |= {name for item in inside for name in item.outputs}
    stored = [constants[name] for name in names if name in constants and constants[name].size == 1]
    found = {abs(float(values.reshape(-1)[0])) for values in stored}
    found |= {float(value) for item in inside for key, value in item.options.items() if key in ("alpha", "beta")}
    return found | {1.0 / number for number in found if number} | {0.0}


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
            elif maker is not None and maker.op == "ConstantOfShape":
                values[name] = np.asarray(maker.options.get("value", 0.0), dtype=np.float64).reshape(-1)[:1]
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
