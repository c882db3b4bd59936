"""What the C++ of one layer depends on, and members that several layers share."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from hlsexplore.design import Design, LayerConfig
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import Fixed, RawArray
from hlsexplore.graph import Node, Shape
from hlsexplore.ops import Pair
from hlsexplore.weights import raw_weights
from hlsexplore_hls.cpp.code import LayerCode, constant

MAX_LANES = 512
"""Elements that an elementwise layer of a dataflow design computes at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpContext:
    """What the C++ of a layer depends on.

    Attributes:
        design: The design.
        node: The layer.
        is_dataflow: Whether layers run side by side on several samples, each at its own pace.
    """

    design: Design
    node: Node
    is_dataflow: bool

    @property
    def config(self) -> LayerConfig:
        """Types and knobs."""
        return self.design.layers[self.node.name]

    @property
    def types(self) -> tuple[Fixed, ...]:
        """Types of the tensors that it reads."""
        return self.design.input_types(self.node.name)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of the tensors that it reads."""
        return self.design.graph.input_shapes(self.node)

    @property
    def raw(self) -> dict[str, RawArray]:
        """Raw weights by tensor key."""
        return dict(raw_weights(self.design, self.node.name))

    @property
    def num_positions(self) -> int:
        """Positions of the output: elements of all axes but the last."""
        return prod(self.node.shape[:-1])


OpGenerator = Callable[[OpContext], LayerCode]


def unsupported(context: OpContext, what: str = "") -> NoModelError:
    """Return the error for an op or option that cannot be built.

    Args:
        context: The layer.
        what: The option, such as `5 inputs`; the op itself when empty.
    """
    node = context.node
    return NoModelError(
        f"layer {node.name!r}: the HLS C++ for io {context.design.target.io.value!r} has no {node.kind!r}"
        f"{f' with {what}' if what else ''}. Choose another io or flow, or replace the layer."
    )


def num_lanes(context: OpContext) -> int:
    """Return how many elements an elementwise layer computes at once.

    All of them in a design that is one pipeline. In a dataflow design one position, or half of a vector: a loop of two
    steps or more stays a pipeline of its own, and a step more costs nothing where others take several.
    """
    shape, total = context.node.shape, context.node.num_elements
    if not context.is_dataflow:
        return total
    if context.num_positions > 1:
        return shape[-1]
    return min((total + 1) // 2, MAX_LANES)


def lane_members(context: OpContext) -> tuple[tuple[str, ...], int]:
    """Return the members of an elementwise layer, and its cycles for a sample."""
    total, lanes = context.node.num_elements, num_lanes(context)
    return (constant("num_elements", total), constant("num_parallel", lanes)), -(-total // lanes)


def image_shape(shape: Shape) -> tuple[int, int, int]:
    """Return (height, width, channels) of a tensor; one-dimensional ones have height 1."""
    return shape if len(shape) == 3 else (1, *shape)  # type: ignore[return-value]


def image_members(
    context: OpContext,
    kernel: Pair,
    stride: Pair,
    padding: tuple[Pair, Pair],
    dilation: Pair = (1, 1),
    out_size: Pair | None = None,
) -> tuple[str, ...]:
    """Return the members of a layer that reads windows of an image (nnet/image.h).

    Args:
        context: The layer.
        kernel: Rows and columns of the window.
        stride: Steps of the window.
        padding: Zeros around the image.
        dilation: Distance of the window's elements.
        out_size: Rows and columns of the output; those of the layer's shape when None.
    """
    in_height, in_width, channels = image_shape(context.shapes[0])
    out_height, out_width = out_size or image_shape(context.node.shape)[:2]
    values = {
        "in_height": in_height,
        "in_width": in_width,
        "num_channels": channels,
        "out_height": out_height,
        "out_width": out_width,
        "kernel_height": kernel[0],
        "kernel_width": kernel[1],
        "stride_rows": stride[0],
        "stride_columns": stride[1],
        "dilation_rows": dilation[0],
        "dilation_columns": dilation[1],
        "pad_top": padding[0][0],
        "pad_left": padding[1][0],
    }
    return tuple(constant(name, value) for name, value in values.items())
