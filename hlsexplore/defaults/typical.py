"""What a network's values are like when there is no data: the float network on samples that are made up.

The samples fill the types of the inputs: independent values, values that are all alike, and channels that drift from
one value to another, as pixels and spectra do. Scaled to a standard deviation of 1 they stand for standardised
features. What the first ones reach decides integer bits, how fine the second ones are decides fraction bits.
"""

from collections.abc import Mapping
from functools import lru_cache
from math import prod, sqrt

import numpy as np

from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.graph import Graph, Shape, num_positions
from hlsexplore.ops import weights
from hlsexplore.reference.observe import Observed, observe

MOST_SAMPLES, FEWEST_SAMPLES = 256, 8
MAX_PRODUCTS = 1 << 27
"""Multiplications that the samples may cost, as long as there are `FEWEST_SAMPLES`: a fraction of a second."""


def typical_values(graph: Graph, types: Mapping[str, Fixed]) -> tuple[Observed, Observed]:
    """Return what values are like when inputs fill their types, and when inputs are standardised.

    Args:
        graph: The network.
        types: Type of each input, by name.

    Returns:
        The first for ranges, the second for how fine values are; the same where the types end below the square root
        of 3 (standard deviation 1).
    """
    return _typical_values(graph, tuple(types[node.name] for node in graph.inputs))


@lru_cache(maxsize=8)
def _typical_values(graph: Graph, types: tuple[Fixed, ...]) -> tuple[Observed, Observed]:
    """Compute it once for each network: designs of it are often filled up with defaults."""
    rng = np.random.default_rng(0)
    work = sum(values.size * num_positions(node) for node in graph for values in weights(node.op).values())
    count = min(max(MAX_PRODUCTS // max(work, 1), FEWEST_SAMPLES), MOST_SAMPLES)
    unit = {node.name: _samples(rng, count, node.shape) for node in graph.inputs}
    ends = {node.name: (type_.low, type_.high) for node, type_ in zip(graph.inputs, types, strict=True)}
    filling = {name: low + (high - low) * unit[name] for name, (low, high) in ends.items()}
    shrink = {name: min(sqrt(12.0) / max(high - low, 1e-300), 1.0) for name, (low, high) in ends.items()}
    wide = observe(graph, filling, is_encoded=True)
    if all(factor == 1.0 for factor in shrink.values()):
        return wide, wide
    small = {name: values * shrink[name] for name, values in filling.items()}
    return wide, observe(graph, small, is_encoded=True)


def _samples(rng: np.random.Generator, count: int, shape: Shape) -> RealArray:
    """Return samples from 0 to 1: half of them independent, a quarter level, a quarter with drifting channels."""
    parts = [count - count // 4 * 2, count // 4, count // 4]
    free = rng.random((parts[0], *shape))
    level = rng.random((parts[1], *(1 for _ in shape))) * np.ones(shape)
    first, last = rng.random((2, parts[2], 1, shape[-1]))
    steps = np.linspace(0.0, 1.0, prod(shape[:-1]))[:, None]
    drift = (first + (last - first) * steps).reshape(parts[2], *shape)
    return np.concatenate([free, level, drift])
