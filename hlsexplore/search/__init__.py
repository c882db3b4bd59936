"""Samplers: what a sweep tries next (docs/search.md)."""

from hlsexplore.search.make import SAMPLERS, make_sampler
from hlsexplore.search.sampler import Sampler

__all__ = ["SAMPLERS", "Sampler", "make_sampler"]
