"""A block diagram of the modules as SVG, to find a layer in the Verilog."""

from collections.abc import Mapping
from html import escape

from hlsexplore.structure.plan import DesignPlan

WIDTH, HEIGHT, GAP, LEFT = 320, 56, 28, 90


def block_diagram(planned: DesignPlan, top: str, names: Mapping[str, str]) -> str:
    """Draw a box for each input and layer, in order, with its module and cycles, and a line for each tensor.

    Args:
        planned: The design.
        top: Identifier of the top module.
        names: Identifier of each node.
    """
    graph = planned.design.graph
    layers = {layer.node.name: layer for layer in planned.layers}
    places = {node.name: GAP + index * (HEIGHT + GAP) for index, node in enumerate(graph)}
    lines: list[str] = []
    for node in graph:
        for source in node.inputs:
            lines.append(_line(places[source], places[node.name]))
        layer = layers.get(node.name)
        shape = " x ".join(map(str, node.shape))
        tensor = planned.tensors[node.name]
        first = f"{node.name} ({node.kind})"
        second = f"{shape}, {tensor.width} bit"
        if layer is not None:
            start = planned.starts[node.name] - layer.latency_cycles
            second += f"; cycles {start} to {planned.starts[node.name]}, II {layer.ii_cycles}"
            lines.append(
                _text(LEFT + WIDTH + 12, places[node.name] + HEIGHT // 2 + 4, f"{top}_{names[node.name]}", "m")
            )
        lines += _box(places[node.name], first, second)
    height = GAP + len(places) * (HEIGHT + GAP)
    width = LEFT + WIDTH + 420
    style = "text{font:13px sans-serif}.d{fill:#555;font-size:11px}.m{font-family:monospace;font-size:12px}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    return "\n".join([head, f"<style>{style}</style>", *lines, "</svg>", ""])


def _box(top: int, first: str, second: str) -> list[str]:
    return [
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#eef3fa" stroke="#4a6fa5"/>',
        _text(LEFT + 12, top + 22, first, ""),
        _text(LEFT + 12, top + 42, second, "d"),
    ]


def _text(x: int, y: int, text: str, kind: str) -> str:
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    safe = "".join(letter if letter.isprintable() else "_" for letter in shown)
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(safe)}</text>'


def _line(source: int, reader: int) -> str:
    """Draw a tensor: straight to the next box, around the boxes between otherwise."""
    if reader - source == HEIGHT + GAP:
        middle = LEFT + WIDTH // 2
        return f'<path d="M{middle} {source + HEIGHT} V{reader}" stroke="#4a6fa5" fill="none"/>'
    out, into = source + HEIGHT // 2, reader + HEIGHT // 2
    bend = LEFT - 14 - (reader - source) // (HEIGHT + GAP) * 7 % 70
    return f'<path d="M{LEFT} {out} H{bend} V{into} H{LEFT}" stroke="#4a6fa5" fill="none"/>'
