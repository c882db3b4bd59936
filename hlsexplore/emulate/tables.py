"""The tables of activations and softmax, where the emulator's modules look for them; see `hlsexplore.tables`."""

from hlsexplore.tables import NEGATIVE_RANGE, SoftmaxTables, activation_table, half_range, softmax_tables

__all__ = ["NEGATIVE_RANGE", "SoftmaxTables", "activation_table", "half_range", "softmax_tables"]
