"""The XLS flow: from a design to DSLX and to the Verilog that XLS makes of it."""

import threading
from typing import Any

from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.graph import Node
from hlsexplore.support.progress import OnEvent, ignore
from hlsexplore.target import Io
from hlsexplore_hls.flows import Generated, unused_multipliers, with_timescale
from hlsexplore_hls.names import identifier, identifiers
from hlsexplore_hls.xls.compiler import DELAY_MODEL, compile_layers, xls_version
from hlsexplore_hls.xls.layers import is_wires, layer_text
from hlsexplore_hls.xls.top import Built, Top, bus_bits, top_module


def generate(
    design: Design,
    interface: str = "plain",
    on_event: OnEvent = ignore,
    cancel: threading.Event | None = None,
) -> Generated:
    """Write the DSLX of a design and compile it, a layer at a time, in processes of their own.

    Args:
        design: The design.
        interface: What the top level looks like; `plain` buses with valid and ready, as in the flow `rtl`.
        on_event: Told stages of the compiler.
        cancel: Stops the compiler when set.

    Raises:
        NoModelError: If a layer or an option has no DSLX; names the layer.
        ToolError: If xls-python is missing or fails.
        CancelledError: If `cancel` was set.
    """
    del interface
    nodes = check(design)
    names = identifiers(design.graph)
    top = identifier(f"{design.graph.name}_xls_top", names.values())
    layers = {node.name: layer_text(design, node, f"{top}_{names[node.name]}") for node in nodes if not is_wires(node)}
    compiled = compile_layers(tuple(layers.values()), design.target.clock_ns, on_event, cancel)
    built = {name: Built(layer=layer, compiled=compiled[layer.name]) for name, layer in layers.items()}
    module = top_module(design, top, names, built)
    files: dict[str, str | bytes] = {f"xls/{layer.name}.x": layer.text for layer in layers.values()}
    sources = {f"rtl/{name}.v": item.verilog for name, item in compiled.items()}
    sources[f"rtl/{top}.v"] = module.text
    return Generated(
        files=with_timescale(files | sources),
        top=top,
        latency_cycles=module.latency_cycles,
        ii_cycles=module.ii_cycles,
        extra={
            "sources": sorted(sources),
            "layers": {name: _cycles(item, module, name) for name, item in built.items()},
            "inputs": [
                {"port": f"in_{names[node.name]}", "bits": bus_bits(design, node.name)} for node in design.graph.inputs
            ],
            "outputs": [
                {"port": f"out_{names[name]}", "bits": bus_bits(design, name)} for name in design.graph.outputs
            ],
            "notes": unused_multipliers(design, "xls"),
            "compiler": f"xls-python {xls_version()}, delay model {DELAY_MODEL}",
        },
    )


def check(design: Design) -> tuple[Node, ...]:
    """Return the layers of a design.

    Raises:
        NoModelError: If it streams, or has no layers.
    """
    if design.target.io is not Io.PARALLEL:
        raise NoModelError("the XLS flow has no streaming interface. Set the target's io to 'parallel'.")
    nodes = tuple(design.graph.layers)
    if all(is_wires(node) for node in nodes):
        raise NoModelError("the XLS flow needs a layer that computes something, and this graph has none.")
    return nodes


def _cycles(item: Built, module: Top, name: str) -> dict[str, Any]:
    return {
        "module": item.layer.name,
        "start_cycle": module.starts[name],
        "latency_cycles": item.compiled.latency_cycles,
        "ii_cycles": item.layer.reuse,
    }
