"""What the models of products with a constant matrix share: types, weights, profiles."""

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np

from hlsexplore.estimate.constants import Constants, Mask, MatrixProfile, Widths, profile
from hlsexplore.estimate.cost import DEFAULT_TYPE
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.fixed import Fixed


@dataclass(frozen=True, slots=True)
class Live:
    """Which outputs of a matrix something reads, and which inputs vary; None: all."""

    outputs: Mask | None = None
    inputs: Mask | None = None


ALL = Live()


def types_of(layer: LayerRecord) -> tuple[Fixed, Fixed, Fixed]:
    """Return input, weight and accumulator type, the default where one is unknown."""
    source = layer.input or DEFAULT_TYPE
    return source, layer.weight or DEFAULT_TYPE, layer.accum or DEFAULT_TYPE


def constants_of(layer: LayerRecord) -> Constants:
    """Return the layer's weights, or typical ones of its type when they are unknown."""
    if layer.constants is not None:
        return layer.constants
    return typical(layer.n_in, layer.n_out, layer.weight or DEFAULT_TYPE)


@lru_cache(maxsize=256)
def typical(n_in: int, n_out: int, type_: Fixed) -> Constants:
    """Return weights of LeCun's size (variance 1 / n_in), uniform as Keras initialises them, one fixed seed."""
    limit = sqrt(3.0 / n_in)
    values = np.random.default_rng(0).uniform(-limit, limit, (n_in, n_out))
    raw = np.clip(np.floor(np.ldexp(values, type_.fraction)), type_.min_raw, type_.max_raw)
    return Constants.of(raw.astype(np.int64))


def profile_of(layer: LayerRecord, live: Live = ALL) -> tuple[MatrixProfile, Widths]:
    """Analyse a layer's matrix with its types."""
    source, weight, accum = types_of(layer)
    widths = Widths(source.width, source.signed, source.fraction + weight.fraction - accum.fraction, accum.width)
    constants = constants_of(layer)
    n_in, n_out = constants.weight.shape
    outputs = live.outputs if live.outputs is not None and live.outputs.size == n_out else None
    inputs = live.inputs if live.inputs is not None and live.inputs.size == n_in else None
    return profile(constants, widths, outputs, inputs), widths
