"""Smaller networks: weights that are dropped, and training that gets the accuracy back (docs/compression.md)."""

from hlsexplore.compress.fine_tune import FineTuned, fine_tune, fine_tune_all
from hlsexplore.compress.job import Epoch, Settings

__all__ = ["Epoch", "FineTuned", "Settings", "fine_tune", "fine_tune_all"]
