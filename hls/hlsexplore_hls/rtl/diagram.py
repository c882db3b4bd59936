"""A block diagram of the modules as SVG, to find a layer in the Verilog."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from hlsexplore.rtl_plan.plan import DesignPlan
from hlsexplore.rtl_plan.stream.feed import Feed, FeedKind
from hlsexplore.rtl_plan.stream.plan import StreamLayer, StreamPlan
from hlsexplore.rtl_plan.walk import beats_of
from hlsexplore_hls.names import size_text

WIDTH, LINE, GAP, LEFT = 320, 20, 36, 90
MARGIN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagramBox:
    """A box of the diagram.

    Attributes:
        name: Its node.
        lines: Text in it, the title first.
        module: Verilog module; empty for inputs.
        sources: Nodes that it reads, each with a note on the line from there.
    """

    name: str
    lines: tuple[str, ...]
    module: str = ""
    sources: tuple[tuple[str, str], ...] = ()


def design_blocks(planned: DesignPlan, top: str, names: Mapping[str, str]) -> tuple[DiagramBox, ...]:
    """Return a box for each input and layer of a design, with its cycles.

    Args:
        planned: The design.
        top: Identifier of the top module.
        names: Identifier of each node.
    """
    layers = {layer.node.name: layer for layer in planned.layers}
    blocks: list[DiagramBox] = []
    for node in planned.design.graph:
        layer = layers.get(node.name)
        second = f"{size_text(node.shape)}, {planned.tensors[node.name].width} bit"
        if layer is not None:
            start = planned.starts[node.name] - layer.latency_cycles
            second += f"; cycles {start} to {planned.starts[node.name]}, II {layer.ii_cycles}"
        blocks.append(
            DiagramBox(
                name=node.name,
                lines=(f"{node.name} ({node.kind})", second),
                module=f"{top}_{names[node.name]}" if layer is not None else "",
                sources=tuple((source, "") for source in node.inputs),
            )
        )
    return tuple(blocks)


def stream_blocks(planned: StreamPlan, top: str, names: Mapping[str, str]) -> tuple[DiagramBox, ...]:
    """Return a box for each input and layer of a streaming design, with its buffers, and notes on the queues.

    Args:
        planned: The design.
        top: Identifier of the top module.
        names: Identifier of each node.
    """
    layers = {layer.node.name: layer for layer in planned.layers}
    blocks: list[DiagramBox] = []
    for node in planned.design.graph:
        positions, size = beats_of(node.shape)
        layer = layers.get(node.name)
        lines = [f"{node.name} ({node.kind})", f"{size_text(node.shape)}: {positions} beats of {size}"]
        if layer is None:
            sources: tuple[tuple[str, str], ...] = tuple((source, "") for source in node.inputs)
        else:
            lines.append(_buffers(layer))
            sources = tuple(
                (source, _queue(layers.get(source), node.name, port)) for port, source in enumerate(layer.sources)
            )
        blocks.append(
            DiagramBox(
                name=node.name,
                lines=tuple(lines),
                module=f"{top}_{names[node.name]}" if layer is not None else "",
                sources=tuple((source, note) for source, note in sources if source != node.name),
            )
        )
    return tuple(blocks)


def block_diagram(blocks: Sequence[DiagramBox]) -> str:
    """Draw a box for each block, in order, with its module beside it, and a line for each tensor."""
    height = LINE * max(len(block.lines) for block in blocks) + MARGIN
    places = {block.name: GAP + index * (height + GAP) for index, block in enumerate(blocks)}
    lines: list[str] = []
    for block in blocks:
        for source, note in block.sources:
            lines += _line(places[source], places[block.name], height, note)
        if block.module:
            lines.append(_text(LEFT + WIDTH + 12, places[block.name] + height // 2 + 4, block.module, "m"))
        lines += _box(places[block.name], height, block.lines)
    bottom = GAP + len(places) * (height + GAP)
    width = LEFT + WIDTH + 420
    style = "text{font:13px sans-serif}.d{fill:#555;font-size:11px}.m{font-family:monospace;font-size:12px}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom}" width="{width}" height="{bottom}">'
    return "\n".join([head, f"<style>{style}</style>", *lines, "</svg>", ""])


def _buffers(layer: StreamLayer) -> str:
    """Tell what a layer stores before its arithmetic."""
    if layer.feed is None:
        return f"goes on in stage {layer.stage}"
    return f"stage {layer.stage}: {_store(layer.feed)}; II {layer.ii_cycles}"


def _store(feed: Feed) -> str:
    match feed.kind:
        case FeedKind.WINDOW:
            rows, columns = feed.reach
            where = "block RAM" if feed.is_block_line else "registers"
            lines = f", {rows - 1} x {feed.line_pixels} pixels in {where}" if feed.line_pixels else ""
            return f"window {rows} x {columns}{lines}"
        case FeedKind.DIRECT | FeedKind.ACCUMULATE | FeedKind.CHOOSE:
            return "no buffer"
        case _:
            return f"{feed.buffer_bits} bits of buffer"


def _queue(source: StreamLayer | None, reader: str, port: int) -> str:
    if source is None or (reader, port) not in source.readers or not source.depths:
        return ""
    return f"queue of {source.depths[source.readers.index((reader, port))]}"


def _box(top: int, height: int, lines: Sequence[str]) -> list[str]:
    return [
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH}" height="{height}" rx="6" fill="#eef3fa" stroke="#4a6fa5"/>',
        *(_text(LEFT + 12, top + LINE * (index + 1), text, "d" if index else "") for index, text in enumerate(lines)),
    ]


def _text(x: int, y: int, text: str, kind: str) -> str:
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    safe = "".join(letter if letter.isprintable() else "_" for letter in shown)
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(safe)}</text>'


def _line(source: int, reader: int, height: int, note: str) -> list[str]:
    """Draw a tensor: straight to the next box, around the boxes between otherwise; a queue is a small box on it."""
    if reader - source == height + GAP:
        middle = LEFT + WIDTH // 2
        drawn = [f'<path d="M{middle} {source + height} V{reader}" stroke="#4a6fa5" fill="none"/>']
        return drawn + _mark(middle, source + height + GAP // 2, note)
    out, into = source + height // 2, reader + height // 2
    bend = LEFT - 14 - (reader - source) // (height + GAP) * 7 % 70
    path = f'<path d="M{LEFT} {out} H{bend} V{into} H{LEFT}" stroke="#4a6fa5" fill="none"/>'
    return [path, *_mark(bend, into - height // 2 - GAP // 2, note)]


def _mark(x: int, y: int, note: str) -> list[str]:
    if not note:
        return []
    cells = [
        f'<rect x="{x - 6}" y="{y - 9 + 6 * cell}" width="12" height="6" fill="#fff" stroke="#4a6fa5"/>'
        for cell in range(3)
    ]
    return [*cells, _text(x + 12, y + 4, note, "d")]
