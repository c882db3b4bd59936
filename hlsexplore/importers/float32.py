"""Activation functions of Keras as tables of float32 numbers hold them: computed in float64 and rounded once.

Frameworks' own float32 functions may be off by a last place, which a table of a few bits does not show.
"""

from collections.abc import Callable, Mapping
from math import erf, sqrt
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore.op_facts import SELU_ALPHA, SELU_SCALE

Real = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def _softplus(x: RealArray) -> RealArray:
    return np.logaddexp(x, 0.0)


def _sigmoid(x: RealArray) -> RealArray:
    y: RealArray = 1.0 / (1.0 + np.exp(-x))
    return y


def _elu(x: RealArray) -> RealArray:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0.0)))


def _gelu(x: RealArray) -> RealArray:
    y: RealArray = 0.5 * x * (1.0 + np.vectorize(erf)(x / sqrt(2.0)))
    return y


def _hard_sigmoid(x: RealArray) -> RealArray:
    return np.clip(x + 3.0, 0.0, 6.0) / 6.0


def _sparse_plus(x: RealArray) -> RealArray:
    return np.where(x <= -1, 0.0, np.where(x < 1, 0.25 * np.square(x + 1), x))


_REAL: dict[str, Callable[[RealArray], RealArray]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0.0),
    "relu6": lambda x: np.clip(x, 0.0, 6.0),
    "leaky_relu": lambda x: np.where(x > 0, x, float(np.float32(0.2)) * x),
    "elu": _elu,
    "celu": _elu,
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0.0))),
    "softplus": _softplus,
    "softsign": lambda x: x / (1.0 + np.abs(x)),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0.0),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0.0),
    "squareplus": lambda x: (x + np.sqrt(x * x + 4.0)) / 2.0,
    "sparse_plus": _sparse_plus,
    "sigmoid": _sigmoid,
    "log_sigmoid": lambda x: -_softplus(-x),
    "hard_sigmoid": _hard_sigmoid,
    "sparse_sigmoid": lambda x: np.clip(0.5 * (x + 1.0), 0.0, 1.0),
    "silu": lambda x: x * _sigmoid(x),
    "swish": lambda x: x * _sigmoid(x),
    "hard_silu": lambda x: x * _hard_sigmoid(x),
    "hard_swish": lambda x: x * _hard_sigmoid(x),
    "gelu": _gelu,
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "tanh": np.tanh,
    "tanh_shrink": lambda x: x - np.tanh(x),
    "hard_tanh": lambda x: np.clip(x, -1.0, 1.0),
    "exponential": np.exp,
}


def _rounded(function: Callable[[RealArray], RealArray]) -> Real:
    def apply(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return function(x.astype(np.float64)).astype(np.float32)

    return apply


FUNCTIONS: Mapping[str, Real] = MappingProxyType({name: _rounded(function) for name, function in _REAL.items()})
"""Functions by their names in Keras."""
