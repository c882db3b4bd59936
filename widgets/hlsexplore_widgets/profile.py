"""Where the values of a network lie: five numbers of the magnitudes of every tensor, on a log2 axis."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph
from hlsexplore.ops import Input, weights
from hlsexplore.reference.forward import forward_node
from hlsexplore.reference.layers import input_values
from hlsexplore.reference.samples import Inputs, check_inputs

PROFILE_SAMPLES = 2000
"""Samples that activations are profiled on; quartiles of log2 magnitudes do not move on the screen with more."""
PROFILE_VALUES = 1_000_000
"""Values of all layers that are profiled at most, so that the rows of a deep network are there at once."""
MIN_SAMPLES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MagnitudeSpread:
    """Magnitudes of a tensor.

    Attributes:
        log2: Minimum, quartiles and maximum of log2 |value| over the values that are not 0; None if all are 0.
        zeros: Share of values that are 0.
        size: Number of values.
        low: Smallest value.
        high: Largest value.
    """

    log2: tuple[float, float, float, float, float] | None
    zeros: float
    size: int
    low: float
    high: float


def spread(values: NDArray[np.floating]) -> MagnitudeSpread:
    """Describe the magnitudes of an array.

    Examples:
        >>> spread(np.array([0.0, 0.5, -2.0])).log2
        (-1.0, -0.5, 0.0, 0.5, 1.0)
    """
    flat = np.abs(np.asarray(values, dtype=np.float64)).ravel()
    nonzero = flat[flat > 0]
    numbers = None
    if nonzero.size:
        found = np.quantile(np.log2(nonzero), (0, 0.25, 0.5, 0.75, 1))
        numbers = (float(found[0]), float(found[1]), float(found[2]), float(found[3]), float(found[4]))
    return MagnitudeSpread(
        log2=numbers,
        zeros=1.0 - nonzero.size / max(1, flat.size),
        size=flat.size,
        low=float(np.min(values, initial=0.0)),
        high=float(np.max(values, initial=0.0)),
    )


def weight_spreads(graph: Graph) -> dict[str, dict[str, MagnitudeSpread]]:
    """Describe all weights: layer -> tensor key -> spread."""
    return {node.name: {key: spread(array) for key, array in weights(node.op).items()} for node in graph}


def activation_spreads(graph: Graph, x: Inputs) -> dict[str, MagnitudeSpread]:
    """Describe the float network's result of every node, on samples that are spread over the data.

    Args:
        graph: The network.
        x: Inputs.
    """
    each = sum(node.num_elements for node in graph)
    num_samples = min(PROFILE_SAMPLES, max(MIN_SAMPLES, PROFILE_VALUES // max(1, each)))
    return {name: spread(values) for name, values in float_tensors(graph, x, num_samples).items()}


def float_tensors(graph: Graph, x: Inputs, num_samples: int = PROFILE_SAMPLES) -> Mapping[str, RealArray]:
    """Compute the float network's result of every node for some samples, spread over the data."""
    inputs = sample_inputs(graph, x, num_samples)
    values: dict[str, RealArray] = {name: input_values(graph[name], array) for name, array in inputs.items()}
    for node in graph:
        if not isinstance(node.op, Input):
            values[node.name] = forward_node(node, [values[name] for name in node.inputs])
    return values


def sample_inputs(graph: Graph, x: Inputs, num_samples: int) -> dict[str, RealArray]:
    """Choose samples spread evenly over the data, by input name.

    Raises:
        DataError: If the data does not fit the network.
    """
    inputs = check_inputs(graph, x)
    count = len(next(iter(inputs.values())))
    chosen = np.linspace(0, count - 1, min(count, num_samples)).astype(int)
    return {name: values[chosen] for name, values in inputs.items()}
