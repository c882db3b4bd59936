"""Totals of a design: sums of resources, the way layers overlap in time, what connects them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.record import DesignRecord, LayerRecord
from hlsexplore.estimate.technology import MEMORY_BITS_IN_LUT, Technology
from hlsexplore.report import Figures

SUMMED = ("lut", "ff", "dsp", "bram18")


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A design's figures and what they leave out."""

    figures: Figures
    missing: tuple[str, ...]


def total_of(design: DesignRecord, costs: Sequence[Cost], tech: Technology, table: Coefficients) -> Total:
    """Add layers up.

    Args:
        design: The design.
        costs: Cost of each of its layers, in order.
        tech: Tool and family.
        table: Fitted coefficients.

    Returns:
        The total; a resource is None when no layer has a figure for it. `missing` names the layers that are left out.
    """
    sums: dict[str, float | None] = {}
    missing: list[str] = []
    for layer, cost in zip(design.layers, costs, strict=True):
        lacking = [key for key in (*SUMMED, "latency_max") if getattr(cost, key) is None]
        if lacking:
            what = "any figure" if len(lacking) == 5 else ", ".join(item.removesuffix("_max") for item in lacking)
            missing.append(f"layer {layer.name!r} ({layer.op}): no model for {what}; the total leaves it out.")
    for key in SUMMED:
        known = [getattr(cost, key) for cost in costs if getattr(cost, key) is not None]
        sums[key] = sum(known) if known else None
    flat = not design.is_dataflow
    latency = _flat(design, costs, tech, table) if flat else _dataflow(design, costs)
    _connect(design, sums, latency, tech, table)
    least, most, interval = latency
    timed = not any(cost.latency_max is None for cost in costs) and bool(costs)
    figures = Figures(
        **sums,
        uram=0.0 if costs and any(value is not None for value in sums.values()) else None,
        latency_cycles_min=least if timed else None,
        latency_cycles_max=most if timed else None,
        ii_cycles=interval if timed else None,
    )
    return Total(figures=figures, missing=tuple(missing))


def _flat(
    design: DesignRecord, costs: Sequence[Cost], tech: Technology, table: Coefficients
) -> tuple[float, float, float]:
    """Latency of layers called one after the other in a single schedule.

    A layer with registers starts in a fresh cycle; a combinational one shares the cycle as long as the budget lasts.
    """
    budget, coefficients = design.budget_ns, table.of("top", tech.name)
    least = most = interval = 0.0
    now = 0.0
    sequential = any(
        (cost.ii or 1) > 64 and layer.strategy == "resource" for layer, cost in zip(design.layers, costs, strict=True)
    )
    for cost in costs:
        low, high = cost.latency_min or 0.0, cost.latency_max or 0.0
        interval = max(interval, cost.ii or 1.0)
        if low == 0 and cost.delay_ns == 0:
            continue
        if low > 0:
            start = 1.0 if now > 0 else 0.0
            least, most, now = least + start + low, most + start + high, max(cost.delay_ns, 0.01)
        elif now + cost.delay_ns > budget:
            least, most, now = least + 1, most + 1, cost.delay_ns
        else:
            now += cost.delay_ns
    working = sum(1 for cost in costs if cost.latency_min or cost.delay_ns)
    if working > 2 and most:
        least, most = least + 1, most + 1
    if design.axi:
        moved = design.layers[0].n_in + design.layers[-1].n_out + coefficients["axi_latency"]
        return least + moved, most + moved, most + moved + 1
    if sequential and len(costs) > 1:
        return least, most, most
    return least, most, min(interval, most + 1)


def _dataflow(design: DesignRecord, costs: Sequence[Cost]) -> tuple[float, float, float]:
    """Latency of processes: one after the other for whole tensors, overlapped for streams."""
    timed = [cost for cost in costs if cost.latency_max is not None and cost.model != "wiring"]
    if not timed:
        return 0.0, 0.0, 1.0
    if design.io == "stream":
        slowest = max(cost.latency_max or 0.0 for cost in timed)
        least = max(cost.latency_min or 0.0 for cost in timed)
        fill = sum(min(cost.first or 0.0, 50.0) for cost in timed if (cost.latency_max or 0.0) < slowest)
        pace = max(cost.ii or 1.0 for cost in timed)
        return least + fill, slowest + fill, pace + 1
    low = sum(cost.latency_min or 0.0 for cost in timed) + len(timed) - 1
    high = sum(cost.latency_max or 0.0 for cost in timed) + len(timed) - 1
    return low, high, max(cost.ii or 1.0 for cost in timed)


def _connect(
    design: DesignRecord,
    sums: dict[str, float | None],
    latency: tuple[float, float, float],
    tech: Technology,
    table: Coefficients,
) -> None:
    """Add ports, registers between layers and FIFOs to the sums."""
    coefficients = table.of("top", tech.name)
    if sums["lut"] is None or sums["ff"] is None or not design.layers:
        return
    first = design.layers[0]
    inputs = _input_bits(first)
    lut, ff, bram = coefficients["control"], 0.0, 0.0
    if len(design.layers) == 1:
        lut = 0.0
    if design.axi:
        lut, ff = lut + coefficients["axi_lut"], ff + coefficients["axi_ff"]
    if design.io == "stream":
        for layer in design.layers[:-1]:
            bits, depth = layer.channels * (layer.result or DEFAULT_TYPE).width, layer.pixels
            count, width = (layer.channels, (layer.result or DEFAULT_TYPE).width) if not tech.is_vitis else (1, bits)
            if depth > 1 and depth >= 32 and width * depth >= 700:
                bram += count * ceil(width / 18)
                lut, ff = lut + count * 40, ff + count * 34
            else:
                lut, ff = (
                    lut + coefficients["fifo_lut"] * bits * 0.25 + 20,
                    ff + coefficients["fifo_ff"] * bits * 0.1 + 10,
                )
    elif design.is_dataflow:
        bits = sum(layer.elements * (layer.result or DEFAULT_TYPE).width for layer in design.layers[:-1])
        lut, ff = lut + coefficients["fifo_lut"] * bits * 0.6, ff + coefficients["fifo_ff"] * bits
    else:
        if len(design.layers) > 1 or first.strategy != "resource":
            ff += inputs + 2
        elif first.reuse == 1:
            ff += first.n_out * (first.result or DEFAULT_TYPE).width + 2
        if latency[1] >= 2:
            cuts = sum(
                layer.elements * (layer.result or DEFAULT_TYPE).width
                for layer in design.layers[:-1]
                if layer.op not in ("quantizer", "flatten", "reshape", "linear")
            )
            ff += coefficients["stage_ff"] * cuts
    sums["lut"] += lut
    sums["ff"] += ff
    if sums["bram18"] is not None:
        sums["bram18"] += bram


def _input_bits(layer: LayerRecord) -> float:
    width = (layer.input or DEFAULT_TYPE).width
    if layer.image is not None:
        return float(layer.image.in_pixels * layer.image.in_channels * width)
    return float(layer.n_in * width)


__all__ = ["SUMMED", "MEMORY_BITS_IN_LUT", "Total", "total_of"]
