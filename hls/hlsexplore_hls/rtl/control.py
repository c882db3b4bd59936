"""The control of a streaming module: where its walk is, when a position starts, what it takes and whether it issues."""

from dataclasses import dataclass

from hlsexplore.rtl_plan.netlist.cells import counter_bits
from hlsexplore.rtl_plan.walk import Stride, Walk, WalkAxis
from hlsexplore_hls.rtl.nets import literal, vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Statements of a control, and the conditions that they define.

    Attributes:
        lines: The statements. They define `go` (a position starts), `promise` (it issues) and `in_ready`, ...
        takes: Condition that the position takes a beat of each input.
        first: Condition that the position is the first one of a row.
    """

    lines: tuple[str, ...]
    takes: tuple[str, ...]
    first: str


def control(
    walk: Walk,
    pace: int,
    in_valids: tuple[str, ...],
    in_readys: tuple[str, ...],
    waits: bool = False,
    paces_all: bool = False,
) -> Control:
    """Write the control of a module.

    A position starts when the beats that it takes are there, the queues at the end of the stage have a place for its
    result (`room`), and the arithmetic has finished the position before.

    Args:
        walk: The walk.
        pace: Cycles between a position that issues and the next position.
        in_valids: Name of each input's valid.
        in_readys: Name of each input's ready.
        waits: Whether positions that do not issue need room too.
        paces_all: Whether positions that do not issue take as long as those that do.
    """
    lines = ["  wire go;  // a position starts in this cycle"]
    issues: list[str] = []
    takes: list[list[str]] = [[] for _ in in_valids]
    for name, axis in (("column", walk.columns), ("row", walk.rows)):
        enable = "go & is_last_column" if name == "row" and walk.columns.length > 1 else "go"
        lines += _counter(name, axis, enable)
        own = [
            _inside(axis, pattern, (name, f"take{port}_{name}", enable), lines)
            for port, pattern in enumerate(axis.takes)
        ]
        for port, text in enumerate(own):
            takes[port] += [text] if text else []
        issue = _inside(axis, axis.issue, (name, f"issue_{name}", enable), lines)
        issues += [issue] if issue else []
    conditions = [" & ".join(items) for items in takes]
    for port, text in enumerate(conditions):
        lines += [f"  wire take{port} = {text};"] if text else []
    issue = " & ".join(issues)
    lines += [f"  wire issue = {issue};"] if issue else []
    lines += _pause(pace, "go" if paces_all else "promise")
    blocking = ["(~issue | room)" if issue and not waits else "room"]
    common = ["rested", *blocking] if pace > 1 else blocking
    lines += _start(conditions, common, bool(issue), (in_valids, in_readys))
    first = f"column == {literal(0, counter_bits(walk.columns.length))}" if walk.columns.length > 1 else "1'b1"
    return Control(
        lines=tuple(lines),
        takes=tuple(f"take{port}" if text else "1'b1" for port, text in enumerate(conditions)),
        first=first,
    )


def _start(
    takes: list[str], common: list[str], may_skip: bool, names: tuple[tuple[str, ...], tuple[str, ...]]
) -> list[str]:
    """Write when a position starts and which beats it takes."""
    in_valids, in_readys = names
    there = [f"(~take{port} | {valid})" if takes[port] else valid for port, valid in enumerate(in_valids)]
    lines = [
        f"  assign go = {' & '.join([*common, *there])};",
        f"  assign promise = go{' & issue' if may_skip else ''};",
    ]
    for port, ready in enumerate(in_readys):
        others = [text for index, text in enumerate(there) if index != port]
        own = [f"take{port}"] if takes[port] else []
        lines.append(f"  assign {ready} = {' & '.join([*own, *common, *others])};")
    return lines


def _counter(name: str, axis: WalkAxis, enable: str) -> list[str]:
    """Write the counter of an axis; rows count when a row ends."""
    if axis.length == 1:
        return []
    bits = counter_bits(axis.length)
    last = literal(axis.length - 1, bits)
    return [
        f"  reg {vector(bits)}{name};  // 0 to {axis.length - 1}",
        f"  wire is_last_{name} = {name} == {last};",
        "  always @(posedge clk)",
        f"    if (rst) {name} <= {literal(0, bits)};",
        f"    else if ({enable}) {name} <= is_last_{name} ? {literal(0, bits)} : {name} + {literal(1, bits)};",
    ]


def _inside(axis: WalkAxis, pattern: Stride, names: tuple[str, str, str], lines: list[str]) -> str:
    """Return the condition that a place belongs to a pattern; empty if every one does.

    Args:
        axis: The axis.
        pattern: The pattern.
        names: Counter of the axis, name of the condition, and when the axis moves on.
        lines: Statements so far; those of another counter are appended.
    """
    name, title, _ = names
    if pattern.flags(axis.length).all():
        return ""
    bits = counter_bits(axis.length)
    if pattern.count == 1:
        return f"({name} == {literal(pattern.first, bits)})"
    parts = []
    if pattern.step > 1:
        lines += _steps(pattern, names)
        parts.append(f"{title}_now")
    elif pattern.first:
        parts.append(f"({name} >= {literal(pattern.first, bits)})")
    if pattern.last + pattern.step < axis.length:
        parts.append(f"({name} <= {literal(pattern.last, bits)})")
    return " & ".join(parts)


def _steps(pattern: Stride, names: tuple[str, str, str]) -> list[str]:
    """Write a counter of the places until the next one of a pattern."""
    name, title, enable = names
    most = max(pattern.first, pattern.step - 1)
    bits = counter_bits(most + 1)
    first, again = literal(pattern.first, bits), literal(pattern.step - 1, bits)
    return [
        f"  reg {vector(bits)}{title}_wait;  // {name}s until the next one",
        f"  wire {title}_now = {title}_wait == {literal(0, bits)};",
        "  always @(posedge clk)",
        f"    if (rst) {title}_wait <= {first};",
        f"    else if ({enable})",
        f"      {title}_wait <= is_last_{name} ? {first} : {title}_now ? {again} : {title}_wait - {literal(1, bits)};",
    ]


def _pause(pace: int, start: str) -> list[str]:
    """Write the counter of the cycles until the arithmetic is free again."""
    if pace == 1:
        return []
    bits = counter_bits(pace)
    zero, one = literal(0, bits), literal(1, bits)
    return [
        f"  reg {vector(bits)}pause;  // cycles until the arithmetic is free",
        f"  wire rested = pause == {zero};",
        "  always @(posedge clk)",
        f"    if (rst) pause <= {zero};",
        f"    else if ({start}) pause <= {literal(pace - 1, bits)};",
        f"    else if (~rested) pause <= pause - {one};",
    ]
