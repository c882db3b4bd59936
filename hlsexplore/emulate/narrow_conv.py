"""Convolutions of narrow integers without copies of windows: a row of a window is one run of the image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsexplore.emulate.carrier import Carrier, dtype_for
from hlsexplore.emulate.narrow import ROWS, WIDTHS, Epilogue, NarrowProduct, pack
from hlsexplore.graph import Shape
from hlsexplore.ops import Conv


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NarrowConv:
    """A planned convolution.

    Attributes:
        product: The product over windows.
        weight: Its weights by rows of a window (with gaps between columns: by elements), laid out by `narrow.pack`.
        geometry: As `narrow_kernels.convolve` reads it.
        offsets: Bytes from a window's first element to each run.
        shape: Shape of the result, as (height, width, filters).
        wide_weight: Weights of several windows side by side, laid out likewise.
        shift: How many; 0 where windows do not follow each other element by element.
    """

    product: NarrowProduct
    weight: NDArray[np.int16]
    geometry: tuple[int, int, int, int, int, int]
    offsets: NDArray[np.int64]
    shape: Shape
    wide_weight: NDArray[np.int16]
    shift: int

    def apply(self, x: Carrier, epilogue: Epilogue) -> Carrier:
        """Convolve a block and cast.

        Args:
            x: Integers in floats, shape (samples, height, width, channels), unpadded.
            epilogue: The cast, of `product`.

        Returns:
            Integers of the epilogue's span, shape (samples, height, width, filters).
        """
        from hlsexplore.emulate import narrow_kernels

        out = np.empty((len(x), *self.shape), dtype_for(epilogue.span.magnitude))
        narrow_kernels.convolve(
            np.ascontiguousarray(x),
            self.product.cut,
            self.weight,
            epilogue.bias,
            epilogue.numbers,
            self.geometry,
            self.offsets,
            out,
        )
        return out

    def apply_largest(self, x: Carrier, epilogue: Epilogue, size: tuple[int, int], shape: Shape) -> Carrier:
        """Convolve a block, keep the largest sum of each pooling window, and cast: a cast keeps the order.

        Args:
            x: As in `apply`.
            epilogue: The cast, which must not wrap.
            size: Height and width of a window, which are its strides too.
            shape: Shape of the result, as (height, width, filters).

        Returns:
            Integers of the epilogue's span, shape (samples, *shape).
        """
        from hlsexplore.emulate import narrow_kernels

        out = np.empty((len(x), *shape), dtype_for(epilogue.span.magnitude))
        drop, lift_high = (int(number) for number in epilogue.numbers[:2])
        numbers = epilogue.numbers.copy()
        if self.product.cut:
            numbers[:2] = 0
        narrow_kernels.convolve_largest(
            np.ascontiguousarray(x),
            self.product.cut,
            self.wide_weight,
            np.tile(epilogue.bias, ROWS * max(self.shift, 1)),
            numbers,
            (*self.geometry, drop, lift_high, self.shift),
            self.offsets,
            size,
            out,
        )
        return out


def plan_conv(op: Conv, product: NarrowProduct, shapes: tuple[Shape, Shape]) -> NarrowConv:
    """Plan a convolution.

    Args:
        op: The convolution.
        product: Its product over windows.
        shapes: Shapes of input and result.
    """
    height, width, channels = (1, *shapes[0]) if op.rank == 1 else shapes[0]
    rows, columns = op.kernel.shape[:2]
    (top, bottom), (left, right) = op.padding
    wide = left + width + right
    kernel = product.weight.reshape(rows, columns * channels, -1)
    gaps = np.zeros(1, np.int64)
    if op.dilation[1] > 1:
        kernel = kernel.reshape(rows * columns, channels, -1)
        gaps = np.arange(columns) * op.dilation[1]
    starts = np.arange(rows)[:, None] * op.dilation[0] * wide + gaps
    shift = 0 if op.stride != (1, 1) else 1 if op.dilation[1] > 1 else _windows_together(kernel, channels, wide)
    return NarrowConv(
        product=product,
        wide_weight=pack(_side_by_side(kernel, channels, shift)),
        shift=shift,
        weight=pack(kernel),
        geometry=(top, left, top + height + bottom, wide, *op.stride),
        offsets=(2 * channels * starts).ravel().astype(np.int64),
        shape=(1, *shapes[1]) if op.rank == 1 else shapes[1],
    )


def _windows_together(kernel: NDArray[np.int16], channels: int, wide: int) -> int:
    """Return how many neighbouring windows to compute in one row of a block: what takes the fewest products.

    Args:
        kernel: Weights, shape (rows, columns * channels, filters).
        channels: Channels of the image.
        wide: Columns of the padded image.
    """
    run, filters = int(kernel.shape[1]), int(kernel.shape[2])
    if filters not in WIDTHS:
        return 1

    def products(shift: int) -> float:
        pairs, vectors = -(-(run + (shift - 1) * channels) // 2), -(-shift * filters // 16)
        return float(pairs * vectors / shift)

    fitting = [shift for shift in (1, 2, 4) if shift * filters <= WIDTHS[-1] and wide % shift == 0]
    return min(fitting, key=products)


def _side_by_side(kernel: NDArray[np.int16], channels: int, shift: int) -> NDArray[np.int16]:
    """Return weights of `shift` windows, each `channels` inputs after the one before, as one kernel."""
    if shift <= 1:
        return kernel
    rows, run, filters = kernel.shape
    together = np.zeros((rows, run + (shift - 1) * channels, shift * filters), np.int16)
    for i in range(shift):
        together[:, i * channels : i * channels + run, i * filters : (i + 1) * filters] = kernel
    return together
