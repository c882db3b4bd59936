"""When the layers of a stream work: the first cycle, the one of the first output, and the last."""

from collections.abc import Sequence

from hlsexplore.estimate.cost import Cost
from hlsexplore.estimate.record import LayerRecord

TIMES = ("start_cycle", "first_output_cycle", "end_cycle")
"""Keys of a report's details of each layer of a stream."""


def timeline(layers: Sequence[LayerRecord], costs: Sequence[Cost]) -> dict[str, dict[str, float]]:
    """Place the layers of a stream on a common clock: each starts when its last source has given something out.

    Args:
        layers: The layers, each behind its sources.
        costs: Their costs; a layer without a latency is left out, and what it delays with it.

    Returns:
        The `TIMES` of each layer by name. A layer ends no earlier than its sources.
    """
    first: dict[str, float] = {}
    end: dict[str, float] = {}
    found: dict[str, dict[str, float]] = {}
    for index, (layer, cost) in enumerate(zip(layers, costs, strict=True)):
        sources = layer.sources or ((layers[index - 1].name,) if index else ())
        start = max((first[name] for name in sources if name in first), default=0.0)
        last = max((end[name] for name in sources if name in end), default=0.0)
        if cost.latency_max is None:
            first[layer.name], end[layer.name] = start, last
            continue
        first[layer.name] = start + (cost.latency_max if cost.head is None else cost.head)
        end[layer.name] = max(start + cost.latency_max, last, first[layer.name])
        values = (start, first[layer.name], end[layer.name])
        found[layer.name] = dict(zip(TIMES, values, strict=True))
    return found
