"""The network as a graph: what its layers and edges show, as plain data for the browser."""

from hlsexplore.design import Design
from hlsexplore.emulate import Trace
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph
from hlsexplore.ops import tensor_keys
from hlsexplore.report import Report
from hlsexplore_widgets.protocol import CastEvent, EdgeLive, NetworkData, NetworkLive, NetworkNode, NodeLive
from hlsexplore_widgets.rows import TAGS, events, shares


def graph_data(graph: Graph) -> NetworkData:
    """Return layers and edges: what does not change with the design."""
    nodes: list[NetworkNode] = [
        {"name": node.name, "kind": node.kind, "shape": " × ".join(map(str, node.shape))} for node in graph
    ]
    return {"nodes": nodes, "edges": [(name, node.name) for node in graph for name in node.inputs]}


def network_data(design: Design, report: Report | None, counts: Trace | None) -> NetworkLive:
    """Return types, costs and losses of a design, by layer; edges by the layer that they come from.

    Args:
        design: The design.
        report: Its figures, or None.
        counts: What its casts lose, or None.
    """
    share, lost = shares(report), events(counts)
    layers: dict[str, NodeLive] = {}
    edges: dict[str, EdgeLive] = {}
    for node in design.graph:
        types, found = design.layers[node.name].types, lost.get(node.name, {})
        keys = [key for key in tensor_keys(node.op) if key != "result"]
        figures = None if report is None else report.layers.get(node.name)
        lut = None if figures is None else figures.lut
        part = share.get(node.name, {}).get("lut")
        main = next((key for key in keys if key == "weight"), None)
        layers[node.name] = {
            "type": "" if main is None else f"{TAGS[main][0]} {short_type(types[main])}",
            "cost": "" if lut is None else f"{lut:,.0f} LUT",
            "share": part or 0.0,
            "loss": " ".join(filter(None, (_loss(found.get(key)) for key in keys))),
            "tip": "\n".join(f"{TAGS[key][1]} {types[key]}" for key in tensor_keys(node.op)),
        }
        if "result" in types:
            edges[node.name] = {"type": short_type(types["result"]), "loss": _loss(found.get("result"))}
    return {"layers": layers, "edges": edges}


def short_type(type_: Fixed) -> str:
    """Return a type without its modes.

    Examples:
        >>> short_type(Fixed(8, 2, signed=False, overflow="SAT"))
        'u<8,2>'
    """
    return f"{'' if type_.signed else 'u'}<{type_.width},{type_.integer}>"


def _loss(event: CastEvent | None) -> str:
    if event is None:
        return ""
    return " ".join(f"{mark} {text}" for mark, text in (("▲", event["out"]), ("▽", event["below"])) if text)
