"""Windows that slide over images: the geometry of convolutions and poolings."""

from dataclasses import dataclass

from hlsexplore.graph import Shape
from hlsexplore.ops import Pair
from hlsexplore_hls.cpp.code import constant
from hlsexplore_hls.cpp.op_context import OpContext


@dataclass(frozen=True, slots=True, kw_only=True)
class CppWindow:
    """A window over images; one-dimensional tensors are images of height 1. Pairs are (rows, columns).

    Attributes:
        in_size: Size of the input.
        channels: Channels of the input.
        out_size: Size of the output.
        kernel: Elements of the window.
        stride: Its steps.
        padding: Zeros ((top, bottom), (left, right)).
        dilation: Distance of its elements.
    """

    in_size: Pair
    channels: int
    out_size: Pair
    kernel: Pair
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)

    @property
    def stream_size(self) -> Pair:
        """Rows and columns that a stream walks over: the image and the padding that windows reach."""
        reach = [(self.kernel[i] - 1) * self.dilation[i] + 1 for i in (0, 1)]
        rows, columns = (
            max(self.padding[i][0] + self.in_size[i], (self.out_size[i] - 1) * self.stride[i] + reach[i])
            for i in (0, 1)
        )
        return rows, columns

    @property
    def num_pixels(self) -> int:
        """Pixels that a stream walks over."""
        return self.stream_size[0] * self.stream_size[1]

    def members(self, is_stream: bool) -> tuple[str, ...]:
        """Return the members of the layer's configuration (nnet/image.h, nnet/image_stream.h)."""
        values = {
            "in_height": self.in_size[0],
            "in_width": self.in_size[1],
            "num_channels": self.channels,
            "out_height": self.out_size[0],
            "out_width": self.out_size[1],
            "kernel_height": self.kernel[0],
            "kernel_width": self.kernel[1],
            "stride_rows": self.stride[0],
            "stride_columns": self.stride[1],
            "dilation_rows": self.dilation[0],
            "dilation_columns": self.dilation[1],
            "pad_top": self.padding[0][0],
            "pad_left": self.padding[1][0],
        }
        if is_stream:
            values |= {"stream_height": self.stream_size[0], "stream_width": self.stream_size[1]}
        return tuple(constant(name, value) for name, value in values.items())


def window_of(
    context: OpContext,
    kernel: Pair,
    stride: Pair,
    padding: tuple[Pair, Pair],
    dilation: Pair = (1, 1),
    is_global: bool = False,
) -> CppWindow:
    """Return the window of a layer.

    Args:
        context: The layer.
        kernel: Elements of the window.
        stride: Its steps.
        padding: Zeros around the image.
        dilation: Distance of its elements.
        is_global: Whether the output is one position, whatever its shape.
    """
    height, width, channels = image_shape(context.shapes[0])
    out_height, out_width, _ = (1, 1, 0) if is_global else image_shape(context.node.shape)
    return CppWindow(
        in_size=(height, width),
        channels=channels,
        out_size=(out_height, out_width),
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )


def image_shape(shape: Shape) -> tuple[int, int, int]:
    """Return (height, width, channels) of a tensor; one-dimensional ones have height 1."""
    return shape if len(shape) == 3 else (1, *shape)  # type: ignore[return-value]
