"""Windows of images, for arrays of any dtype."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.ops import Pair


def as_image(x: NDArray[Any], rank: int) -> NDArray[Any]:
    """Give one-dimensional tensors a height of 1."""
    return x[:, None] if rank == 1 else x


def windows(x: NDArray[Any], size: Pair, stride: Pair, dilation: Pair = (1, 1)) -> NDArray[Any]:
    """Return a view of all windows of an image.

    Args:
        x: Shape (samples, height, width, channels).
        size: Window (rows, columns).
        stride: Steps (rows, columns).
        dilation: Distance of the taps (rows, columns).

    Returns:
        View of shape (samples, out_height, out_width, rows, columns, channels).
    """
    reach = [(size[i] - 1) * dilation[i] + 1 for i in (0, 1)]
    out = [(x.shape[i + 1] - reach[i]) // stride[i] + 1 for i in (0, 1)]
    s = x.strides
    steps = (s[0], s[1] * stride[0], s[2] * stride[1], s[1] * dilation[0], s[2] * dilation[1], s[3])
    shape = (x.shape[0], out[0], out[1], size[0], size[1], x.shape[3])
    return np.lib.stride_tricks.as_strided(x, shape, steps, writeable=False)


def pad_image(x: NDArray[Any], padding: tuple[Pair, Pair], value: Any = 0) -> NDArray[Any]:
    """Add rows and columns of a value around images."""
    if padding == ((0, 0), (0, 0)):
        return x
    return np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)
