"""The product of a layer with its constant matrix: which of the three layouts it has."""

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.cost import Cost, unknown
from hlsexplore.estimate.hls.matrix import ALL, Live
from hlsexplore.estimate.hls.resource import resource
from hlsexplore.estimate.hls.unrolled import shared, unrolled
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import Technology

MAX_UNKNOWN_WEIGHTS = 1 << 22
"""Largest matrix for which typical weights are assumed where the real ones are unknown."""


def matrix_cost(layer: LayerRecord, tech: Technology, budget_ns: float, table: Coefficients, live: Live = ALL) -> Cost:
    """Estimate one product with the layer's matrix at one position.

    Args:
        layer: A layer with a matrix.
        tech: Tool and family.
        budget_ns: Time of a cycle that the scheduler fills.
        table: Fitted coefficients.
        live: Outputs that something reads and inputs that vary.
    """
    if layer.constants is None and layer.n_in * layer.n_out > MAX_UNKNOWN_WEIGHTS:
        return unknown(f"{layer.op} of {layer.n_in} x {layer.n_out} unknown weights")
    if layer.reuse > 1 and layer.strategy == "resource":
        return resource(layer, tech, budget_ns, table)
    cost = unrolled(layer, tech, budget_ns, table, live)
    return cost if layer.reuse == 1 else shared(layer, cost, tech, table, live)
