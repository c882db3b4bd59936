"""Convolutions on 32-bit integers without copies of windows, their result cast in the same pass; needs numba.

Samples are the fastest axis inside: every tap of a window is then one run of memory, whatever the shape of the image.
Results are views with the samples first, as everywhere else.
"""

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from hlsexplore.emulate.carrier import Carrier, Span, cast_span, dtype_for, has_numba, rounding_terms
from hlsexplore.emulate.narrow import SIMPLE_ROUNDINGS
from hlsexplore.emulate.product import PlannedProduct, Route
from hlsexplore.fixed import Fixed, Overflow
from hlsexplore.graph import Shape
from hlsexplore.ops import Conv, DepthwiseConv

MAX_FILTERS = {np.dtype(np.float32): 8, np.dtype(np.float64): 32}
"""With more filters one large matrix product in that dtype repays its copies of the windows.

Measured on 3x3 and 1x1 windows, 6x6 to 28x28 images, 4 to 64 channels and 8 to 128 filters (products a second): in
float32 the direct way reaches 1.3 to 0.7 of the matrix product's speed at 8 filters and 0.9 to 0.3 at 16; in float64
2.5 to 1.5 at 8, 1.2 to 0.9 at 32, 1.2 to 0.4 at 64. It wins for depthwise windows (2 to 14) and loses for 1x1 windows.
"""
MAX_DIAGONAL = 32
"""Up to as many filters a 1x1 depthwise convolution is faster as a product with a diagonal matrix (same data)."""
MAX_ELEMENTS = 1 << 14
"""Larger tensors leave too few samples in a block for the direct way, which runs along the samples."""
INT32_BOUND = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Epilogue:
    """What happens to each sum: (sum + add) >> bits, shifted by `lift` up and down again, then clipped.

    Attributes:
        add: Constant of the rounding.
        bits: Fraction bits to drop.
        lift: 32 - width of a signed type that wraps, else 0.
        low: Least result.
        high: Largest result.
        span: Span of the results.
    """

    add: int
    bits: int
    lift: int
    low: int
    high: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DirectConv:
    """A planned convolution.

    Attributes:
        op: The convolution.
        weight: Raw weights, int32, shape (filters, taps).
        bias: int32, shape (filters,).
        taps: Plane of each tap relative to the window's first, shape (taps,).
        first: Plane of each filter's first channel relative to the window's first, shape (filters,).
        rows: First plane of each row of windows, shape (out_height,).
        columns: Planes from there to each column, shape (out_width,).
        image: Height, width and channels of the padded image.
        shape: Shape of the result, without samples.
        sums: Epilogue that leaves the sums as they are.
        result: Epilogue that casts to the result type, or None if that takes more than it can do.
    """

    op: Conv | DepthwiseConv
    weight: NDArray[np.int32]
    bias: NDArray[np.int32]
    taps: NDArray[np.intp]
    first: NDArray[np.intp]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    image: tuple[int, int, int]
    shape: Shape
    sums: Epilogue
    result: Epilogue | None

    def apply(self, x: Carrier, epilogue: Epilogue) -> Carrier:
        """Convolve a block.

        Args:
            x: Images, shape (samples, height, width, channels), unpadded.
            epilogue: `sums` or `result`.

        Returns:
            Integers of the epilogue's span, shape (samples, *shape); a view with the samples last in memory.
        """
        from hlsexplore.emulate import kernels

        (top, bottom), (left, right) = self.op.padding
        allocate = np.zeros if top + bottom + left + right else np.empty
        planes = allocate((*self.image, len(x)), np.int32)
        inner = planes[top : self.image[0] - bottom, left : self.image[1] - right]
        np.copyto(inner, x.transpose(1, 2, 3, 0), casting="unsafe")
        out = np.empty((prod(self.shape), len(x)), dtype_for(epilogue.span.magnitude))
        numbers = (epilogue.add, epilogue.bits, epilogue.lift, epilogue.low, epilogue.high)
        kernels.convolve32(
            planes.reshape(prod(self.image), len(x)),
            self.weight,
            self.bias,
            (self.taps, self.first, self.rows, self.columns),
            tuple(map(np.int32, numbers)),
            out,
        )
        return np.moveaxis(out.reshape(*self.shape, len(x)), -1, 0)


def plan_direct(
    op: Conv | DepthwiseConv, product: PlannedProduct, source: Span, shapes: tuple[Shape, Shape], type_: Fixed
) -> DirectConv | None:
    """Plan a convolution, or return None where 32 bits could overflow, where it is slower, or without numba.

    Args:
        op: The convolution.
        product: Its matrix product over windows (depthwise: with zeros between channels).
        source: Span of the inputs.
        shapes: Shapes of input and result.
        type_: Type of the result.
    """
    filters = product.weight.shape[1]
    if product.route is not Route.EXACT or not has_numba() or not _repays(op, product, shapes):
        return None
    weight = product.weight.astype(np.int64)
    bound = int(np.abs(weight).sum(axis=0).max(initial=0)) * source.with_zero().magnitude
    bound += int(np.abs(product.bias).max(initial=0))
    if 2 * bound >= INT32_BOUND or source.magnitude >= INT32_BOUND:
        return None
    height, width, channels = (1, *shapes[0]) if op.rank == 1 else shapes[0]
    image = (height + sum(op.padding[0]), width + sum(op.padding[1]), channels)
    out_height, out_width = (1, shapes[1][0]) if op.rank == 1 else shapes[1][:2]
    rows, columns = (op.kernel.shape[i] for i in (0, 1))
    planes = np.arange(image[0] * image[1] * channels, dtype=np.intp).reshape(image)
    taps = planes[: rows * op.dilation[0] : op.dilation[0], : columns * op.dilation[1] : op.dilation[1]]
    first = np.zeros(filters, dtype=np.intp)
    if isinstance(op, DepthwiseConv):
        first = np.arange(filters, dtype=np.intp) // (filters // channels)
        weight = weight.reshape(rows * columns, channels, filters)[:, first, np.arange(filters)]
        taps = taps[:, :, :1]
    return DirectConv(
        op=op,
        weight=np.ascontiguousarray(weight.T, dtype=np.int32),
        bias=product.bias.astype(np.int32),
        taps=taps.ravel(),
        first=first,
        rows=np.ascontiguousarray(planes[:, 0, 0][: out_height * op.stride[0] : op.stride[0]]),
        columns=np.ascontiguousarray(planes[0, :, 0][: out_width * op.stride[1] : op.stride[1]]),
        image=image,
        shape=shapes[1],
        sums=Epilogue(add=0, bits=0, lift=0, low=-INT32_BOUND, high=INT32_BOUND - 1, span=product.sums),
        result=_result_epilogue(product, bound, type_),
    )


def _repays(op: Conv | DepthwiseConv, product: PlannedProduct, shapes: tuple[Shape, Shape]) -> bool:
    """Whether the direct way is faster than a matrix product over windows."""
    most, filters = MAX_FILTERS.get(product.weight.dtype, 0), product.weight.shape[1]
    taps = op.kernel.shape[0] * op.kernel.shape[1]
    if isinstance(op, DepthwiseConv):
        return most > 0 and (taps > 1 or filters > MAX_DIAGONAL)
    is_small = max(prod(shapes[0]), prod(shapes[1])) <= MAX_ELEMENTS
    return taps > 1 and filters <= most and is_small


def _result_epilogue(product: PlannedProduct, bound: int, type_: Fixed) -> Epilogue | None:
    """Return the cast of exact sums to a type, or None."""
    bits = product.sums.fraction - type_.fraction
    is_wrapped = type_.overflow is Overflow.WRAP
    if product.span is not product.sums or not 0 <= bits < 30 or type_.rounding not in SIMPLE_ROUNDINGS:
        return None
    add = rounding_terms(type_.rounding, bits)[0]
    if bound + add >= INT32_BOUND or type_.width > 31 or type_.overflow is Overflow.SAT_ZERO:
        return None
    if is_wrapped and not type_.signed:
        return None
    return Epilogue(
        add=add,
        bits=bits,
        lift=32 - type_.width if is_wrapped else 0,
        low=-INT32_BOUND if is_wrapped else type_.min_raw,
        high=INT32_BOUND - 1 if is_wrapped else type_.max_raw,
        span=cast_span(product.sums, type_),
    )
