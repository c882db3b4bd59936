"""Plans of layers that only move elements (docs/ir.md, section Moves)."""

from collections.abc import Sequence

from hlsexplore.emulate.carrier import Carrier, Span
from hlsexplore.emulate.step import PlanContext, Probe, Step
from hlsexplore.ops import Crop, Pad, Permute, Reshape, Upsample
from hlsexplore.reference.moves import mover

Move = Reshape | Permute | Pad | Crop | Upsample


def build_move(context: PlanContext, op: Move) -> Step:
    """Plan a layer that moves elements and keeps their type."""
    move = mover(context.node)
    span = context.spans[0].with_zero() if isinstance(op, Pad) else context.spans[0]

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        return move(inputs[0])

    return Step(run=run, span=Span(span.fraction, span.low, span.high), type=context.types[0])
