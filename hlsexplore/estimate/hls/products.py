"""The product of a layer with its constant matrix: which of the three layouts it has."""

from hlsexplore.estimate.cost import Cost, unknown
from hlsexplore.estimate.hls.matrix import ALL, Liveness
from hlsexplore.estimate.hls.resource import resource
from hlsexplore.estimate.hls.unrolled import shared, unrolled
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import LayerRecord

MAX_UNKNOWN_WEIGHTS = 1 << 22
"""Largest matrix for which typical weights are assumed where the real ones are unknown."""


def matrix_cost(layer: LayerRecord, p: Pricing, live: Liveness = ALL, lead_ns: float = 0.0) -> Cost:
    """Estimate one product with the layer's matrix at one position.

    Args:
        layer: A layer with a matrix.
        p: Tool, family, interface and clock.
        live: Outputs that something reads and inputs that vary.
        lead_ns: Delay of what stands before the product in its first cycle.
    """
    if layer.constants is None and layer.n_in * layer.n_out > MAX_UNKNOWN_WEIGHTS:
        return unknown(f"{layer.called} of {layer.n_in} x {layer.n_out} unknown weights")
    if layer.reuse > 1 and layer.strategy == "resource":
        return resource(layer, p)
    cost = unrolled(layer, p, live, lead_ns)
    return cost if layer.reuse == 1 else shared(layer, cost, p, live)
