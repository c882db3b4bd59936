"""Transposed convolutions as convolutions whose filters are the phases of the kernel: no zeros between pixels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.ops import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """A transposed convolution y[i * stride + t * dilation] += x[i] * kernel[t], then a part of y.

    Position `q * stride + r` of y is the phase r of the output q of a convolution with every `stride`-th tap of the
    kernel from r on, so that all phases are filters of one convolution and no product with an inserted zero remains.

    Attributes:
        reach: Elements that the kernel spans (rows, columns), the distances of its taps included.
        stride: Steps (rows, columns).
        dilation: Distance of the taps.
        padding: Zeros that the convolution adds ((top, bottom), (left, right)).
        count: Outputs of the convolution (rows, columns).
        cropping: Rows and columns to cut off the interleaved phases.
        out: Rows and columns of the result.
    """

    reach: Pair
    stride: Pair
    dilation: Pair
    padding: tuple[Pair, Pair]
    count: Pair
    cropping: tuple[Pair, Pair]
    out: Pair

    @property
    def number(self) -> int:
        """Filters for each output channel."""
        return self.stride[0] * self.stride[1]

    def kernel(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the kernel of the convolution.

        Args:
            values: Shape (rows, columns, channels, filters), as the transposed convolution has it.

        Returns:
            Shape (rows, columns, channels, phases * filters); the phases of the rows are the slower ones.
        """
        taps = [-(-reach // step) for reach, step in zip(self.reach, self.stride, strict=True)]
        channels, filters = values.shape[2:]
        full = np.zeros((taps[0] * self.stride[0], taps[1] * self.stride[1], channels, filters), values.dtype)
        full[: self.reach[0] : self.dilation[0], : self.reach[1] : self.dilation[1]] = values
        split = full.reshape(taps[0], self.stride[0], taps[1], self.stride[1], channels, filters)[::-1, :, ::-1]
        ordered = split.transpose(0, 2, 4, 1, 3, 5)
        return np.ascontiguousarray(ordered.reshape(*taps, channels, self.number * filters))


def phases(image: Pair, size: Pair, stride: Pair, dilation: Pair, first: Pair, out: Pair) -> Phases:
    """Lay out a transposed convolution.

    Args:
        image: Rows and columns of its input.
        size: Rows and columns of its kernel.
        stride: Steps.
        dilation: Distance of the taps.
        first: Rows and columns of y that lie before the result.
        out: Rows and columns of the result; beyond y there is only the bias.
    """
    reach = ((size[0] - 1) * dilation[0] + 1, (size[1] - 1) * dilation[1] + 1)
    padding, count, cropping = [], [], []
    for axis in (0, 1):
        step = stride[axis]
        taps = -(-reach[axis] // step)
        start = min(first[axis] // step, taps - 1)
        after = max(-(-(first[axis] + out[axis]) // step) - image[axis], 0)
        outputs = image[axis] - start + after
        front = first[axis] - start * step
        padding.append((taps - 1 - start, after))
        count.append(outputs)
        cropping.append((front, outputs * step - front - out[axis]))
    return Phases(
        reach=reach,
        stride=stride,
        dilation=dilation,
        padding=(padding[0], padding[1]),
        count=(count[0], count[1]),
        cropping=(cropping[0], cropping[1]),
        out=out,
    )
