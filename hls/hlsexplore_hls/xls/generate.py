"""The XLS flow: from a design to DSLX and to the Verilog that XLS makes of it."""

from collections.abc import Mapping, Sequence
from math import prod

from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.graph import Node
from hlsexplore.target import Io
from hlsexplore_hls.flows import Generated
from hlsexplore_hls.names import comment, identifier, identifiers
from hlsexplore_hls.xls.compiler import DELAY_MODEL, Compiled, compile_layers, xls_version
from hlsexplore_hls.xls.layers import LayerText, is_wires, layer_text


def generate(design: Design, interface: str = "plain") -> Generated:
    """Write the DSLX of a design and compile it, a layer at a time, in processes of their own.

    Args:
        design: The design; its layers must be a chain.
        interface: What the top level looks like; `plain` buses with valid and ready, as in the flow `rtl`.

    Raises:
        NoModelError: If a layer or an option has no DSLX; names the layer.
        ToolError: If xls-python is missing or fails.
    """
    del interface
    nodes = chain(design)
    names = identifiers(design.graph)
    top = identifier(f"{design.graph.name}_xls_top", names.values())
    layers = {node.name: layer_text(design, node, f"{top}_{names[node.name]}") for node in nodes if not is_wires(node)}
    compiled = compile_layers(tuple(layers.values()), design.target.clock_ns)
    files: dict[str, str | bytes] = {f"xls/{layer.name}.x": layer.text for layer in layers.values()}
    sources = {f"rtl/{name}.v": item.verilog for name, item in compiled.items()}
    sources[f"rtl/{top}.v"] = _top(design, top, names, tuple(layers.values()))
    latency = sum(item.latency_cycles for item in compiled.values())
    source, result = design.graph.inputs[0], design.graph.outputs[0]
    return Generated(
        files=files | sources,
        top=top,
        latency_cycles=latency,
        ii_cycles=1,
        extra={
            "sources": sorted(sources),
            "layers": {name: _cycles(layer, compiled[layer.name]) for name, layer in layers.items()},
            "inputs": [{"port": f"in_{names[source.name]}", "bits": _bits(design, source.name)}],
            "outputs": [{"port": f"out_{names[result]}", "bits": _bits(design, result)}],
            "compiler": f"xls-python {xls_version()}, delay model {DELAY_MODEL}",
        },
    )


def chain(design: Design) -> tuple[Node, ...]:
    """Return the layers of a design that is one chain.

    Raises:
        NoModelError: If it is none, or streams.
    """
    if design.target.io is not Io.PARALLEL:
        raise NoModelError("the XLS flow has no streaming interface. Set the target's io to 'parallel'.")
    nodes = tuple(design.graph.layers)
    previous = design.graph.inputs[0].name
    is_chain = len(design.graph.inputs) == len(design.graph.outputs) == 1
    for node in nodes:
        is_chain &= node.inputs == (previous,)
        previous = node.name
    if not is_chain or not nodes or design.graph.outputs[0] != previous:
        raise NoModelError("the XLS flow builds chains of layers only, and this graph branches. Use the flow 'rtl'.")
    return nodes


def _bits(design: Design, name: str) -> int:
    return prod(design.graph[name].shape) * design.result_type(name).width


def _cycles(layer: LayerText, compiled: Compiled) -> dict[str, str | int]:
    return {"module": layer.name, "latency_cycles": compiled.latency_cycles, "ii_cycles": 1}


def _top(design: Design, top: str, names: Mapping[str, str], layers: Sequence[LayerText]) -> str:
    """Write the top module: the layers one after another. It takes an input every cycle."""
    source, result = design.graph.inputs[0].name, design.graph.outputs[0]
    lines = [
        "`default_nettype none",
        "",
        f"// Model '{comment(design.graph.name)}', compiled by XLS: a new input every cycle.",
        f"module {top} (",
        "  input  wire clk,",
        "  input  wire rst,",
        "  input  wire in_valid,",
        "  output wire in_ready,",
        f"  input  wire [{_bits(design, source) - 1}:0] in_{names[source]},",
        "  output wire out_valid,",
        f"  output wire [{_bits(design, result) - 1}:0] out_{names[result]}",
        ");",
        "  assign in_ready = 1'b1;",
    ]
    data, valid = f"in_{names[source]}", "in_valid"
    for layer in layers:
        lines += [
            f"  wire [{layer.output_bits - 1}:0] {layer.name}_data;",
            f"  wire {layer.name}_valid;",
            f"  {layer.name} {layer.name}_layer (.clk(clk), .rst(rst), .in_valid({valid}), .data({data}),",
            f"    .out_valid({layer.name}_valid), .out({layer.name}_data));",
        ]
        data, valid = f"{layer.name}_data", f"{layer.name}_valid"
    lines += [f"  assign out_{names[result]} = {data};", f"  assign out_valid = {valid};", "endmodule"]
    return "\n".join([*lines, "`default_nettype wire", ""])
