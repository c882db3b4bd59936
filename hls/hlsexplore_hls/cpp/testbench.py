"""Golden vectors as text for the C++ test bench."""

from collections.abc import Sequence

import numpy as np

from hlsexplore.fixed import RawArray


def golden_files(raw_inputs: Sequence[RawArray], raw_outputs: Sequence[RawArray]) -> dict[str, str]:
    """Write golden vectors: a line a sample, the raw integers of all ports after each other.

    Args:
        raw_inputs: Raw integers of each input, shape (samples, *shape).
        raw_outputs: Raw integers of each output.

    Returns:
        Text by path in the project.
    """
    return {"tb/golden_inputs.dat": _lines(raw_inputs), "tb/golden_outputs.dat": _lines(raw_outputs)}


def sample_rows(arrays: Sequence[RawArray]) -> RawArray:
    """Lay the tensors of each sample one after the other: shape (samples, elements of all ports)."""
    return np.concatenate([raw.reshape(len(raw), -1) for raw in arrays], axis=1)


def _lines(arrays: Sequence[RawArray]) -> str:
    return "".join(" ".join(map(str, row)) + "\n" for row in sample_rows(arrays).tolist())
