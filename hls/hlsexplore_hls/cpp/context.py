"""What the templates of a C++ project see; frozen, plain text and numbers."""

from dataclasses import dataclass

from hlsexplore_hls.cpp.code import LayerCode


@dataclass(frozen=True, slots=True, kw_only=True)
class PortContext:
    """An input or output of the top function.

    Attributes:
        identifier: Name of the argument.
        type: Name of its type in namespace `type`.
        inner: Name of the variable between a wrapper or test bench and the network.
        comment: Name in the model and shape.
        size: Number of elements.
        num_beats: Elements of a stream for one sample.
        beat_size: Numbers in one element of a stream.
        word_width: Bits of the word that carries one number on a bus.
    """

    identifier: str
    type: str
    inner: str
    comment: str
    size: int
    num_beats: int
    beat_size: int
    word_width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeContext:
    """A type in namespace `type`."""

    identifier: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerContext:
    """A layer: its namespace of constants, its configuration and a comment."""

    identifier: str
    comment: str
    code: LayerCode


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferContext:
    """A variable of the top function: its type, name, number of elements, and depth if it is a stream."""

    type: str
    identifier: str
    size: int
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """A call of the top function."""

    text: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectContext:
    """Everything that the templates need.

    Attributes:
        model: Name of the model, safe in a comment.
        design_key: Key of the design.
        core: Name of the function that is the network.
        top: Name of the top function: the same, or a wrapper with another interface.
        part: Device.
        clock_ns: Clock period.
        interface: `plain`, `axi_stream` or `kernel`.
        is_stream: Whether tensors travel as streams.
        is_dataflow: Whether layers run side by side.
        ii_cycles: Interval of the one pipeline, where it is one.
        headers: Headers of the library whose functions are called.
        config_headers: Headers of the library that the configurations need.
        types: Types of all tensors.
        layers: All layers with code.
        inputs: Input ports.
        outputs: Output ports.
        buffers: Inner variables.
        steps: Calls in order.
    """

    model: str
    design_key: str
    core: str
    top: str
    part: str
    clock_ns: float
    interface: str
    is_stream: bool
    is_dataflow: bool
    ii_cycles: int
    headers: tuple[str, ...]
    config_headers: tuple[str, ...]
    types: tuple[TypeContext, ...]
    layers: tuple[LayerContext, ...]
    inputs: tuple[PortContext, ...]
    outputs: tuple[PortContext, ...]
    buffers: tuple[BufferContext, ...]
    steps: tuple[StepContext, ...]

    @property
    def ports(self) -> tuple[PortContext, ...]:
        """Inputs and outputs in the order of the top function's arguments."""
        return self.inputs + self.outputs
