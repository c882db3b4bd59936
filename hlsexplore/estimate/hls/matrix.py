"""What the models of products with a constant matrix share: types, weights, profiles."""

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np

from hlsexplore.estimate.constants import Constants, Mask, MatrixProfile, ProductWidths, profile
from hlsexplore.estimate.cost import DEFAULT_TYPE
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.fixed import Fixed


@dataclass(frozen=True, slots=True)
class Liveness:
    """Which outputs of a matrix something reads, and which inputs vary; None: all."""

    outputs: Mask | None = None
    inputs: Mask | None = None


ALL = Liveness()


def types_of(layer: LayerRecord) -> tuple[Fixed, Fixed, Fixed]:
    """Return input, weight and accumulator type, the default where one is unknown."""
    source = layer.input or DEFAULT_TYPE
    return source, layer.weight or DEFAULT_TYPE, layer.accum or DEFAULT_TYPE


def constants_of(layer: LayerRecord) -> Constants:
    """Return the layer's weights, or typical ones of its type when they are unknown."""
    if layer.constants is not None:
        return layer.constants
    outputs = layer.n_out * layer.image.window if layer.image is not None else layer.n_in
    return typical(layer.n_in, layer.n_out, outputs, layer.weight or DEFAULT_TYPE)


@lru_cache(maxsize=256)
def typical(n_in: int, n_out: int, fan_out: int, type_: Fixed) -> Constants:
    """Return uniform weights of the variance 2 / (n_in + fan_out), one fixed seed.

    With as many ways out as in that is LeCun's, else Glorot's, as Keras initialises convolutions.
    """
    limit = sqrt(6.0 / (n_in + fan_out))
    values = np.random.default_rng(0).uniform(-limit, limit, (n_in, n_out))
    raw = np.clip(np.floor(np.ldexp(values, type_.fraction)), type_.min_raw, type_.max_raw)
    return Constants.of(raw.astype(np.int64))


def profile_of(layer: LayerRecord, live: Liveness = ALL) -> tuple[MatrixProfile, ProductWidths]:
    """Analyse a layer's matrix with its types."""
    source, weight, accum = types_of(layer)
    dropped = source.fraction + weight.fraction - accum.fraction
    whole = source.fraction == 0 and source.signed
    widths = ProductWidths(source.width, source.signed, dropped, accum.width, whole)
    constants = constants_of(layer)
    n_in, n_out = constants.weight.shape
    outputs = live.outputs if live.outputs is not None and live.outputs.size == n_out else None
    inputs = live.inputs if live.inputs is not None and live.inputs.size == n_in else None
    return profile(constants, widths, outputs, inputs, layer.input_bits, layer.input_ports), widths
