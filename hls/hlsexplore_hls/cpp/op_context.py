"""What the C++ of one layer depends on, and members that several layers share."""

from dataclasses import dataclass
from math import prod

from hlsexplore.coverage import Executor, no_answer
from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import Fixed, RawArray
from hlsexplore.graph import Node, Shape
from hlsexplore.layer_config import LayerConfig
from hlsexplore.ops import Pair
from hlsexplore.target import Io
from hlsexplore.weights import raw_weights
from hlsexplore_hls.cpp.code import constant

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
    def is_stream(self) -> bool:
        """Whether tensors arrive position by position."""
        return self.design.target.io is Io.STREAM

    @property
    def num_positions(self) -> int:
        """Positions of the output: elements of all axes but the last."""
        return prod(self.node.shape[:-1])

    def header(self, parallel: str, stream: str | None = None) -> str:
        """Return the header of the library, without `.h`, for the io of the design.

        Args:
            parallel: The one for io_parallel.
            stream: The one for io_stream; the former with `_stream` when None.
        """
        return f"{(stream or f'{parallel}_stream') if self.is_stream else parallel}.h"


def unsupported(context: OpContext, what: str = "") -> NoModelError:
    """Return the error for an op or option that cannot be built.

    Args:
        context: The layer.
        what: The option, such as `5 inputs`; the op itself when empty.
    """
    executor = Executor.CPP_STREAM if context.is_stream else Executor.CPP_PARALLEL
    return no_answer(executor, context.node, f"{context.node.kind!r}{f' with {what}' if what else ''}")


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
    if context.is_stream:
        num_beats, size = beats(context.node.shape)
        return (constant("num_beats", num_beats), constant("num_channels", size)), num_beats
    total, lanes = context.node.num_elements, num_lanes(context)
    return (constant("num_elements", total), constant("num_parallel", lanes)), -(-total // lanes)


def beats(shape: Shape) -> Pair:
    """Return how many beats of a stream carry a tensor, and how many elements each has: all channels of a position.

    Examples:
        >>> beats((28, 28, 3)), beats((64,))
        ((784, 3), (1, 64))
    """
    return prod(shape[:-1]), shape[-1]
