"""What a synthesis run will take, and whether the tool is known to finish at all."""

from dataclasses import dataclass

from hlsexplore.design import Design
from hlsexplore.estimate.estimator import estimate
from hlsexplore.graph import Node, num_positions
from hlsexplore.layer_config import Strategy
from hlsexplore.op_facts import matmul_shape
from hlsexplore.target import Io, Tool

UNROLL_LIMIT = 4096
"""Largest unrolled loop of the vendor's HLS tools, the limit that hls4ml's documentation names."""
UNROLL_SEEN = 3100
"""Weights of the largest unrolled single layer with a report among 1,384 collected designs; larger ones had failed."""
TENSOR_LIMIT = 4096
"""Elements of a tensor in separate registers (io parallel) from which the HLS tools are known to run for hours."""

YOSYS_S_PER_LUT = 1.0e-3
"""CPU seconds a LUT, reuse 1 (57,074 LUT in 52 s, 150,204 in 118 s, 92,733 in 109 s)."""
YOSYS_START_S = 3.0
YOSYS_MB_PER_LUT = 7.5e-3
YOSYS_START_MB = 80.0
"""Memory of the largest module (57,074 LUT of four layers in 489 MB, 150,204 in 1,070 MB)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a synthesis run will take.

    Attributes:
        tool: The tool.
        unrolled: Multiplications with constants that the tool unrolls, the largest layer's.
        cpu_s: CPU time, or None where no runs were measured.
        memory_mb: Memory, or None where no runs were measured.
        warnings: What speaks against starting, one sentence each.
    """

    tool: str
    unrolled: int
    cpu_s: float | None
    memory_mb: float | None
    warnings: tuple[str, ...]


def forecast(design: Design) -> Forecast:
    """Predict what synthesising a design takes, and warn before a run that is known not to finish.

    Args:
        design: Any design; its target names the tool.

    Returns:
        Time and memory for Yosys, from measured runs; for the vendor's tools, of which no run times were collected, the
        unroll counts and their known limits.
    """
    counts = {node.name: unroll_count(design, node) for node in design.graph.layers}
    largest = max(counts.values(), default=0)
    if design.target.tool is Tool.YOSYS:
        return _yosys(design, largest)
    warnings = [_unroll_warning(name, count) for name, count in counts.items() if count > UNROLL_SEEN]
    if design.target.io is Io.PARALLEL:
        for node in design.graph:
            if node.num_elements > TENSOR_LIMIT:
                warnings.append(
                    f"layer {node.name!r}: {node.num_elements:,} elements in separate registers; HLS tools run "
                    f"for hours from {TENSOR_LIMIT:,} on. Use io='stream'."
                )
    return Forecast(
        tool=str(design.target.tool), unrolled=largest, cpu_s=None, memory_mb=None, warnings=tuple(warnings)
    )


def unroll_count(design: Design, node: Node) -> int:
    """Count the unrolled multiplications of a layer, over all positions computed at once.

    A layer of the latency strategy keeps every weight as a constant whatever its reuse.
    """
    shape = matmul_shape(node.op)
    if shape is None:
        return 0
    config = design.layers[node.name]
    total = shape[0] * shape[1] * min(config.parallel, num_positions(node))
    return total if config.strategy is Strategy.LATENCY else -(-total // config.reuse)


def _unroll_warning(name: str, count: int) -> str:
    if count > UNROLL_LIMIT:
        return (
            f"layer {name!r}: {count:,} unrolled multiplications exceed the tool's limit of {UNROLL_LIMIT:,}; the run "
            "is known to fail or not to finish. Raise the reuse with strategy='resource'."
        )
    return (
        f"layer {name!r}: {count:,} unrolled multiplications are more than any collected report has ({UNROLL_SEEN:,}); "
        "expect hours. Raise the reuse with strategy='resource'."
    )


def _yosys(design: Design, largest: int) -> Forecast:
    report = estimate(design)
    luts = [figures.lut or 0.0 for figures in report.layers.values()]
    total, biggest = sum(luts), max(luts, default=0.0)
    warnings = []
    if biggest > 250_000:
        warnings.append(f"one layer has about {biggest:,.0f} LUT; Yosys takes minutes from 250,000 on.")
    return Forecast(
        tool="yosys",
        unrolled=largest,
        cpu_s=YOSYS_START_S + YOSYS_S_PER_LUT * total,
        memory_mb=YOSYS_START_MB + YOSYS_MB_PER_LUT * biggest,
        warnings=tuple(warnings),
    )
