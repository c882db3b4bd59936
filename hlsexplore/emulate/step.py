"""What one layer of an emulation is: a planned function on blocks of samples, with the span of its results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from hlsexplore.emulate.carrier import Carrier, Span, cast, cast_span
from hlsexplore.emulate.inner import Events
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node, Shape
from hlsexplore.layer_config import LayerConfig
from hlsexplore.target import Io


class Probe(Protocol):
    """Sees every cast of a layer, for `trace`."""

    def __call__(self, key: str, before: Carrier, span: Span, after: Carrier, type_: Fixed) -> None:
        """Look at one cast of a block.

        Args:
            key: Tensor key.
            before: Integers before the cast.
            span: Span of them, with their fraction bits.
            after: Integers after it.
            type_: The type that was cast to.
        """


@runtime_checkable
class CountingProbe(Probe, Protocol):
    """A probe that also wants to know what happens inside accumulators, which takes a pass over all products."""

    def count(self, products: Events, sums: Events, type_: Fixed) -> None:
        """Look at the casts of single products and of partial sums of a block.

        Args:
            products: Casts of single products.
            sums: Casts of partial sums.
            type_: The accumulator's type.
        """


Run = Callable[[Sequence[Carrier], Probe | None], Carrier]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanContext:
    """What a layer's plan depends on.

    Attributes:
        node: The layer.
        config: Its types and knobs.
        types: Types of the tensors that it reads.
        spans: Spans of them.
        shapes: Shapes of them, without the batch axis.
        io: How tensors travel.
    """

    node: Node
    config: LayerConfig
    types: tuple[Fixed, ...]
    spans: tuple[Span, ...]
    shapes: tuple[Shape, ...]
    io: Io


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Windows of a maximum pooling that do not overlap.

    Attributes:
        size: Height and width, which are the strides too.
        image: Shape of the result as (height, width, channels).
        shape: Shape of the result as the layer gives it.
    """

    size: tuple[int, int]
    image: Shape
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """A planned layer.

    Attributes:
        run: Maps blocks of the inputs, each (samples, *shape), to a block of the result.
        span: Span of the result.
        type: Type of the result.
        rectified: Computes max(result, 0) in one pass, or None.
        is_rectifier: Whether it is max(x, 0) without a cast, so that it keeps what `rectified` returns.
        pooled: Returns a function that computes the largest results (or rectified ones) of windows in one pass, if any.
        window: The pooling whose windows' largest inputs are the results, without a cast; or None.
    """

    run: Run
    span: Span
    type: Fixed
    rectified: Run | None = None
    is_rectifier: bool = False
    pooled: Callable[[Window, bool], Run | None] | None = None
    window: Window | None = None


def cast_probed(values: Carrier, span: Span, type_: Fixed, key: str, probe: Probe | None) -> Carrier:
    """Cast a temporary and show the cast to the probe, if there is one."""
    if probe is None:
        return cast(values, span, type_, owned=True)[0]
    after, _ = cast(values, span, type_)
    probe(key, values, span, after, type_)
    return after


def result_step(
    context: PlanContext, compute: Callable[[Sequence[Carrier], Probe | None], Carrier], span: Span
) -> Step:
    """Make a step that computes integers of a span and casts them to the result type.

    Args:
        context: The layer.
        compute: Returns a fresh array with integers of `span`.
        span: What it returns.
    """
    type_ = context.config.types["result"]

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        return cast_probed(compute(inputs, probe), span, type_, "result", probe)

    return Step(run=run, span=cast_span(span, type_), type=type_)
