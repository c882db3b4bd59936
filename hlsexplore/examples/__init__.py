"""Bundled examples: trained networks with the data to evaluate them on. Loading them needs no TensorFlow."""

from hlsexplore.examples.catalog import NAMES, VARIANTS, Example, load

__all__ = ["NAMES", "VARIANTS", "Example", "load"]
