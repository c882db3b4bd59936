"""The RTL flow: from a design to Verilog files."""

from typing import Any, assert_never

from hlsexplore.design import Design
from hlsexplore.rtl_plan.folded import Folded
from hlsexplore.rtl_plan.layer_plan import Bank, InTurn, LayerPlan, Parallel, Recurrence, Scan, SharedStep, Wires
from hlsexplore.rtl_plan.netlist.cells import CellCode
from hlsexplore.rtl_plan.netlist.timing import is_block_table
from hlsexplore.rtl_plan.plan import DesignPlan, plan
from hlsexplore.rtl_plan.stream.plan import StreamPlan, stream_plan
from hlsexplore.rtl_plan.walk import beats_of
from hlsexplore.target import Io
from hlsexplore_hls.flows import Generated, with_timescale
from hlsexplore_hls.names import identifier, identifiers
from hlsexplore_hls.rtl.diagram import block_diagram, design_blocks, stream_blocks
from hlsexplore_hls.rtl.extras import extra_files, stream_files
from hlsexplore_hls.rtl.modules import bus_width, layer_module
from hlsexplore_hls.rtl.stream_layer import stream_module
from hlsexplore_hls.rtl.stream_top import beat_bits, stream_top
from hlsexplore_hls.rtl.tables import table_module
from hlsexplore_hls.rtl.top import output_width, top_module


def generate(design: Design, interface: str = "plain") -> Generated:
    """Write the Verilog of a design.

    Args:
        design: The design.
        interface: What the top level looks like; `plain` buses with valid and ready.

    Raises:
        NoModelError: If a layer or an option has no RTL; names the layer.
    """
    names = identifiers(design.graph)
    top = identifier(f"{design.graph.name}_top", names.values())
    return _stream(design, names, top) if design.target.io is Io.STREAM else _parallel(design, names, top)


def _parallel(design: Design, names: dict[str, str], top: str) -> Generated:
    planned = plan(design)
    files: dict[str, str | bytes] = {f"rtl/{top}.v": top_module(planned, top, names)}
    for layer in planned.layers:
        name = f"{top}_{names[layer.node.name]}"
        tables = _tables(layer, name)
        files[f"rtl/{name}.v"] = layer_module(layer, name, tables)
        files |= {f"rtl/{table}.v": table_module(table, entries) for entries, table in tables.items()}
    sources = list(files)
    files |= extra_files(planned, top, names)
    files["diagram.svg"] = block_diagram(design_blocks(planned, top, names))
    return Generated(
        files=with_timescale(files),
        top=top,
        latency_cycles=planned.latency_cycles,
        ii_cycles=planned.ii_cycles,
        extra=_extra(planned, names, top, sources),
    )


def _stream(design: Design, names: dict[str, str], top: str) -> Generated:
    planned = stream_plan(design)
    files: dict[str, str | bytes] = {f"rtl/{top}.v": stream_top(planned, top, names)}
    for layer in planned.layers:
        name = f"{top}_{names[layer.node.name]}"
        tables = _tables(layer.core, name)
        files[f"rtl/{name}.v"] = stream_module(layer, name, tables)
        files |= {f"rtl/{table}.v": table_module(table, entries) for entries, table in tables.items()}
    sources = list(files)
    files |= stream_files(planned, top, names)
    files["diagram.svg"] = block_diagram(stream_blocks(planned, top, names))
    return Generated(
        files=with_timescale(files),
        top=top,
        latency_cycles=planned.latency_cycles,
        ii_cycles=planned.ii_cycles,
        extra=_stream_extra(planned, names, top, sources),
    )


def _tables(layer: LayerPlan, name: str) -> dict[tuple[int, ...], str]:
    """Name the modules of a layer's large lookup tables."""
    body, found = layer.body, dict[tuple[int, ...], str]()
    match body:
        case Parallel():
            for cell in body.net.cells:
                if cell.code is CellCode.ROM and is_block_table(cell):
                    found.setdefault(cell.data, f"{name}_table{len(found)}")
        case Scan():
            return _tables(body.core, name)
        case Recurrence():
            return _tables(body.step, name)
        case SharedStep():
            return _tables(body.gates, name)
        case Folded() | Bank() | InTurn() | Wires():
            pass
        case _:
            assert_never(body)
    return found


def _extra(planned: DesignPlan, names: dict[str, str], top: str, files: list[str]) -> dict[str, Any]:
    design = planned.design
    return {
        "sources": files,
        "layers": {
            layer.node.name: {
                "module": f"{top}_{names[layer.node.name]}",
                "kind": layer.node.kind,
                "start_cycle": planned.starts[layer.node.name] - layer.latency_cycles,
                "latency_cycles": layer.latency_cycles,
                "ii_cycles": layer.ii_cycles,
            }
            for layer in planned.layers
        },
        "inputs": [
            {"port": f"in_{names[node.name]}", "bits": bus_width(planned.tensors[node.name])}
            for node in design.graph.inputs
        ],
        "outputs": [
            {"port": f"out_{names[name]}", "bits": output_width(planned, name)} for name in design.graph.outputs
        ],
    }


def _stream_extra(planned: StreamPlan, names: dict[str, str], top: str, files: list[str]) -> dict[str, Any]:
    graph = planned.design.graph

    def port(name: str, bus: str) -> dict[str, Any]:
        return {"port": bus, "bits": beat_bits(planned, name), "beats": beats_of(graph[name].shape)[0]}

    return {
        "sources": files,
        "layers": {
            layer.node.name: {
                "module": f"{top}_{names[layer.node.name]}",
                "kind": layer.node.kind,
                "start_cycle": layer.start_cycle,
                "latency_cycles": layer.latency_cycles,
                "ii_cycles": layer.ii_cycles,
            }
            for layer in planned.layers
        },
        "inputs": [port(node.name, f"in_{names[node.name]}") for node in graph.inputs],
        "outputs": [port(name, f"out_{names[name]}") for name in graph.outputs],
    }
