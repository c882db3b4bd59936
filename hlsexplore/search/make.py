"""Samplers by name."""

from collections.abc import Callable, Mapping

import numpy as np

from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore.search.bound_space import BoundSpace
from hlsexplore.search.guided import GuidedSampler, KnownCosts
from hlsexplore.search.plain import GridSampler, RandomSampler
from hlsexplore.search.sampler import Sampler
from hlsexplore.search.with_optuna import OptunaSampler

GRID_SIZE = 10_000
"""Largest space that `auto` walks through as a grid when no number of trials is given."""

SAMPLERS: Mapping[str, Callable[[BoundSpace, int, KnownCosts | None], Sampler]] = {
    "grid": lambda space, seed, known: GridSampler(space),
    "random": lambda space, seed, known: RandomSampler(space, np.random.default_rng(seed)),
    "guided": lambda space, seed, known: GuidedSampler(space, np.random.default_rng(seed), known),
    "nsga2": lambda space, seed, known: OptunaSampler(space, seed, "nsga2"),
    "tpe": lambda space, seed, known: OptunaSampler(space, seed, "tpe"),
}
"""Makers of samplers: from a space, a seed, and what finds costs without emulation."""


def make_sampler(
    name: str, space: BoundSpace, seed: int, trials: int | None, known_costs: KnownCosts | None = None
) -> tuple[str, Sampler]:
    """Make a sampler.

    Args:
        name: A key of `SAMPLERS`, or `auto`: the grid where all of it is wanted, else `guided`.
        space: The space.
        seed: Seed of everything random.
        trials: Trials wanted, or None for all.
        known_costs: Finds the costs of points that need no emulation.

    Returns:
        The sampler's name and the sampler.

    Raises:
        ConfigError: If the name is unknown, or the space is too large to try all of it.
    """
    if name == "auto":
        name = "grid" if space.size <= (GRID_SIZE if trials is None else trials) else "guided"
    if name not in SAMPLERS:
        raise ConfigError(unknown_name("sampler", name, ("auto", *SAMPLERS), "hlsexplore"))
    if trials is None and (name != "grid" or space.size > 1 << 20):
        raise ConfigError(f"this space has {space.size:,} designs. Say how many of them to try with 'trials'.")
    return name, SAMPLERS[name](space, seed, known_costs)
