"""What belongs to an RTL project besides its Verilog: test bench, AXI4-Stream wrapper, constraints, Vivado script."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from hlsexplore.design import Design
from hlsexplore.fixed import RawArray
from hlsexplore.rtl_plan.plan import DesignPlan
from hlsexplore.rtl_plan.stream.plan import StreamPlan
from hlsexplore.rtl_plan.walk import beats_of
from hlsexplore_hls.templates import template


def extra_files(planned: DesignPlan, top: str, names: Mapping[str, str]) -> dict[str, str]:
    """Write the files around the Verilog of a design.

    Args:
        planned: The design.
        top: Identifier of the top module.
        names: Identifier of each node.
    """
    return {
        f"axis/{top}_axis.v": _axis(planned, top, names),
        f"tb/{top}_tb.v": _testbench(planned, top, names),
        **_vivado_files(planned.design, top),
    }


def stream_files(planned: StreamPlan, top: str, names: Mapping[str, str]) -> dict[str, str]:
    """Write the files around the Verilog of a streaming design.

    Args:
        planned: The design.
        top: Identifier of the top module.
        names: Identifier of each node.
    """
    graph = planned.design.graph
    inputs = [_stream_port(planned, node.name, ("in", "s_axis"), names, len(graph.inputs)) for node in graph.inputs]
    outputs = [_stream_port(planned, name, ("out", "m_axis"), names, len(graph.outputs)) for name in graph.outputs]
    bench = template("rtl", "testbench_stream.v.j2").render(
        top=top,
        half_ns=f"{planned.design.target.clock_ns / 2:.3f}",
        inputs=inputs,
        outputs=outputs,
        limit=10 * (planned.latency_cycles + planned.ii_cycles) + 1000,
    )
    return {
        f"axis/{top}_axis.v": template("rtl", "axis_stream.v.j2").render(top=top, inputs=inputs, outputs=outputs),
        f"tb/{top}_tb.v": bench,
        **_vivado_files(planned.design, top),
    }


def _stream_port(
    planned: StreamPlan, name: str, prefixes: tuple[str, str], names: Mapping[str, str], count: int
) -> dict[str, Any]:
    """Describe a stream; the AXI4-Stream name has the node's name in it only where there are several."""
    beats, size = beats_of(planned.design.graph[name].shape)
    width = planned.design.result_type(name).width
    return {
        "bus": f"{prefixes[0]}_{names[name]}",
        "axis": prefixes[1] if count == 1 else f"{prefixes[1]}_{names[name]}",
        "beats": beats,
        "count_bits": max(1, (beats - 1).bit_length()),
        "size": size,
        "elements": beats * size,
        "width": width,
        "bits": size * width,
        "bytes": -(-size * width // 8),
    }


def _vivado_files(design: Design, top: str) -> dict[str, str]:
    clock_ns = design.target.clock_ns
    return {
        f"constraints/{top}.xdc": f"create_clock -name clk -period {clock_ns:.3f} [get_ports clk]\n",
        "vivado.tcl": template("rtl", "vivado.tcl.j2").render(top=top, part=design.target.part),
    }


def golden_files(raw_inputs: Sequence[RawArray], raw_outputs: Sequence[RawArray]) -> dict[str, str]:
    """Write golden vectors for the test bench, an element of 64 bits a line, and their number.

    Args:
        raw_inputs: Raw integers of each input, shape (samples, *shape).
        raw_outputs: Raw integers of each output.
    """
    named = [(f"tb/x{index}.mem", raw) for index, raw in enumerate(raw_inputs)]
    named += [(f"tb/y{index}.mem", raw) for index, raw in enumerate(raw_outputs)]
    count = {"tb/samples.vh": f"  localparam SAMPLES = {len(raw_inputs[0])};\n"}
    return count | {
        name: "\n".join(f"{int(value) & (1 << 64) - 1:016x}" for value in raw.ravel()) + "\n" for name, raw in named
    }


def _testbench(planned: DesignPlan, top: str, names: Mapping[str, str]) -> str:
    """Write the self-checking test bench."""
    return template("rtl", "testbench.v.j2").render(
        top=top,
        half_ns=f"{planned.design.target.clock_ns / 2:.3f}",
        inputs=[_port(planned, name, f"in_{names[name]}") for name in _inputs(planned)],
        outputs=[_port(planned, name, f"out_{names[name]}") for name in planned.design.graph.outputs],
        limit=4 * (planned.latency_cycles + planned.ii_cycles) + 1000,
    )


def _inputs(planned: DesignPlan) -> list[str]:
    return [node.name for node in planned.design.graph.inputs]


def _port(planned: DesignPlan, name: str, bus: str) -> dict[str, Any]:
    elements = prod(planned.design.graph[name].shape)
    return {"bus": bus, "elements": elements, "width": planned.design.result_type(name).width}


def _axis(planned: DesignPlan, top: str, names: Mapping[str, str]) -> str:
    inputs = _places([_port(planned, name, f"in_{names[name]}") for name in _inputs(planned)])
    outputs = _places([_port(planned, name, f"out_{names[name]}") for name in planned.design.graph.outputs])
    waiting = -(-planned.latency_cycles // planned.ii_cycles) + 2
    depth = 1 << max(1, (waiting - 1).bit_length())
    return template("rtl", "axis.v.j2").render(
        top=top,
        inputs=inputs,
        outputs=outputs,
        in_bus=_whole_bytes(sum(port["bits"] for port in inputs)),
        out_bits=sum(port["bits"] for port in outputs),
        out_bus=_whole_bytes(sum(port["bits"] for port in outputs)),
        depth=depth,
        count_bits=depth.bit_length(),
    )


def _places(ports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put buses side by side."""
    sizes = [port["elements"] * port["width"] for port in ports]
    firsts = np.cumsum([0, *sizes]).tolist()
    return [{**port, "bits": size, "first": first} for port, size, first in zip(ports, sizes, firsts, strict=False)]


def _whole_bytes(bits: int) -> int:
    """Round up to whole bytes, as AXI4-Stream asks for."""
    return -(-bits // 8) * 8
