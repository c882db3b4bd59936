"""Kinds of layers as measured reports know them: what an estimate has support for, and what it has never seen."""

from collections.abc import Iterable

from hlsexplore.estimate.kinds import MATRIX_OPS, MOVE_OPS, RECURRENT_OPS, Kind
from hlsexplore.estimate.record import DesignRecord, LayerRecord

FAST_NS, SLOW_NS = 4.0, 8.0
"""Clock periods below and from which a design counts as fast and as slow: rules found at 5 ns failed at 2.5 and 25."""
CELL_FIELDS = ("tool", "io", "op", "strategy", "reuse", "pointwise", "clock")


def cell_of(design: DesignRecord, layer: LayerRecord) -> str:
    """Name the cell of a layer.

    It is made of tool, interface, op, strategy, whether multipliers are shared, whether a window is one pixel, and the
    class of the clock.
    Strategy and reuse are told apart only where they decide: in matrix products, and in what a stream shares.

    Examples:
        >>> layer = LayerRecord(name="d", op=Kind.DENSE, reuse=4)
        >>> cell_of(DesignRecord(layers=(layer,), tool="vivado_hls"), layer)
        'vivado_hls parallel dense latency R>1 usual'
    """
    parts = [design.tool, design.io, layer.called]
    if layer.op in MATRIX_OPS | RECURRENT_OPS:
        parts += [layer.strategy, "R>1" if layer.reuse > 1 else "R=1"]
    elif layer.op in (Kind.SOFTMAX, Kind.BATCHNORM) and design.io == "stream":
        parts.append("R>1" if layer.reuse > 1 else "R=1")
    if layer.op in MATRIX_OPS and layer.image is not None and layer.image.window == 1:
        parts.append("pointwise")
    parts.append("fast" if design.clock_ns < FAST_NS else "slow" if design.clock_ns >= SLOW_NS else "usual")
    return " ".join(parts)


def cells_of(design: DesignRecord, layers: Iterable[LayerRecord] | None = None) -> frozenset[str]:
    """Return the cells of a design's layers; layers that only rename elements have none."""
    return frozenset(
        cell_of(design, layer) for layer in (design.layers if layers is None else layers) if layer.op not in MOVE_OPS
    )
