"""Convolutions in groups of channels, as convolutions over all of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_GROUPED = 1 << 20
"""Most weights of a convolution in groups, the zeros between them included."""


def ungrouped(kernel: NDArray[Any], groups: int) -> NDArray[Any]:
    """Return the kernel of a convolution over all channels, with zeros between the groups; they cost no hardware.

    Args:
        kernel: Shape (rows, columns, channels / groups, filters).
        groups: Number of groups.

    Returns:
        Shape (rows, columns, channels, filters).
    """
    if groups == 1:
        return kernel
    *size, channels, filters = kernel.shape
    full = np.zeros((*size, channels * groups, filters), kernel.dtype)
    count = filters // groups
    for group in range(groups):
        rows, columns = slice(group * channels, (group + 1) * channels), slice(group * count, (group + 1) * count)
        full[..., rows, columns] = kernel[..., columns]
    return full
