"""Bundled examples: trained networks with the data to evaluate them on. Loading them needs no TensorFlow."""

from hlsexplore.examples.catalog import NAMES, PAIRS, VARIANTS, Example, load

__all__ = ["NAMES", "PAIRS", "VARIANTS", "Example", "load"]
