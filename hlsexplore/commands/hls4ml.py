"""Commands about projects of hls4ml."""

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hlsexplore.commands.model import report_text
from hlsexplore.commands.outcome import Outcome, Session, table
from hlsexplore.data import load_data
from hlsexplore.design import Design
from hlsexplore.errors import HlsExploreError, ToolError
from hlsexplore.foreign_design import ForeignDesign, configuration_notes, read_foreign_design, without_prescriptions
from hlsexplore.report import Report

if TYPE_CHECKING:
    from hlsexplore_hls.reports.observations import Pair

FIGURES = ("lut", "ff", "dsp", "bram18", "latency_cycles_max", "ii_cycles")
LOGIC = ("lut", "ff", "dsp", "bram18")
TOLERANCE = 0.002
"""Loss that counts as equal: two of a thousand decisions, or that share of the spread of a regression."""


def check(args: Namespace, session: Session) -> Outcome:
    """Say in one page what a project of hls4ml builds, loses and costs, and what would be cheaper."""
    from hlsexplore.estimate import estimate
    from hlsexplore_hls.reports.altera import altera_estimate

    found = read_foreign_design(args.project)
    design = found.design
    built, logic = _reports(args.project)
    altera = altera_estimate(args.project)
    expected = estimate(design) if built is None else built.estimate()
    report = None if built is None else built.report
    simulated = None if built is None else built.simulated
    expected_logic = None if logic is None else logic.estimate()
    settings = [*configuration_notes(args.project, found), *found.notes]
    data: dict[str, Any] = {
        "project": args.project,
        "design_key": design.key,
        "settings": settings,
        "estimate": _figures(expected),
        "report": None if report is None else _figures(report),
        "logic": None
        if logic is None or expected_logic is None
        else {"estimate": _figures(expected_logic), "report": _figures(logic.report)},
        "simulated": None if simulated is None else asdict(simulated),
        "altera": altera or None,
    }
    lines = [f"{design.graph.name}: {design!r}", "", "Settings"]
    lines += [f"  - {item}" for item in settings] or ["  - nothing was ignored or rounded."]
    lines += ["", "Costs", _costs(expected, report)]
    if altera:
        figures = ", ".join(f"{_number(value)} {name}" for name, value in altera.items())
        lines.append(f"Intel's HLS compiler expects {figures}.")
    elif report is None:
        lines.append("There is no report of C synthesis in the project; run hls4ml's build to get one.")
    if logic is not None and expected_logic is not None:
        pairs = [f"{name} {_pair(getattr(expected_logic.total, name), logic.report.total, name)}" for name in LOGIC]
        lines.append(f"After Vivado's logic synthesis (estimate / report): {', '.join(pairs)}")
    if simulated is not None:
        outcome = "passed" if simulated.has_passed else "failed"
        cycles = f"{_number(simulated.latency_cycles_min)} to {_number(simulated.latency_cycles_max)} cycles"
        lines.append(f"Co-simulation: {outcome}, latency {cycles}, II {_number(simulated.ii_cycles_max)}")
    if args.data is not None:
        more, text = _on_data(design, found, args, session)
        data |= more
        lines += ["", *text]
    else:
        lines += ["", "Give --data to see what overflows, and what would be cheaper at equal accuracy."]
    lines += ["", report_text(expected, design.target.part)]
    return Outcome(data=data, text="\n".join(lines))


def _reports(project: str) -> "tuple[Pair | None, Pair | None]":
    """Return a project's reports of C synthesis and of logic synthesis with what they are of."""
    from hlsexplore_hls.reports.observations import pairs_of

    root = Path(project)
    if not root.is_dir():
        return None, None
    try:
        pairs = pairs_of(root)
    except ToolError:
        return None, None
    built, logic = (next((pair for pair in pairs if pair.is_logic is wanted), None) for wanted in (False, True))
    return built, logic


def _figures(report: Report) -> dict[str, Any]:
    return {
        "tool": report.tool,
        "total": {name: getattr(report.total, name) for name in FIGURES},
        "layers": {layer: {name: getattr(item, name) for name in FIGURES} for layer, item in report.layers.items()},
    }


def _costs(expected: Report, report: Report | None) -> str:
    """Set the estimate of each layer beside its report."""
    header = ["layer", *(name.replace("latency_cycles_max", "cycles") for name in FIGURES[:5])]
    rows: list[list[Any]] = []
    known = report.layers if report is not None else {}
    for layer, item in [*expected.layers.items(), ("total", expected.total)]:
        other = report.total if report is not None and layer == "total" else known.get(layer)
        rows.append([layer, *(_pair(getattr(item, name), other, name) for name in FIGURES[:5])])
    title = "estimate" if report is None else f"estimate / report of {report.tool} {report.tool_version or ''}".rstrip()
    return "\n".join([f"({title})", table(header, rows)])


def _pair(value: float | None, other: Any, name: str) -> str:
    first = _number(value)
    measured = getattr(other, name, None)
    return first if measured is None else f"{first} / {measured:,.0f}"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:,.0f}"


def _on_data(
    design: Design, found: ForeignDesign, args: Namespace, session: Session
) -> tuple[Mapping[str, Any], list[str]]:
    """Say what leaves the range of its type on data, and what types of the same worth would cost."""
    from hlsexplore.emulate import propose_types, trace
    from hlsexplore.estimate import estimate

    graph = design.graph
    given = load_data(args.data, graph.inputs, graph.output_spellings)
    session.stage("counting overflows", 0.2)
    bad = [item for item in trace(design, given.x, cancel=session.cancel) if item.num_overflowed]
    rows = [
        [item.layer, item.key, str(item.type), item.num_values, item.num_wrapped, item.num_saturated] for item in bad
    ]
    header = ["layer", "tensor", "type", "values", "wrapped", "saturated"]
    lines = ["Values out of range", table(header, rows) if rows else "  none"]
    session.stage("looking for cheaper types", 0.5)
    free = without_prescriptions(design)
    try:
        cheaper = propose_types(free, given.x, given.labels, tolerance=TOLERANCE, cancel=session.cancel, task=args.task)
    except HlsExploreError as error:
        return {"overflows": rows, "cheaper": None}, [*lines, "", f"No cheaper types were looked for: {error}"]
    before, after = estimate(design).total, estimate(cheaper).total
    changed = [
        [name, key, str(design.layers[name].types[key]), str(type_)]
        for name, config in cheaper.layers.items()
        for key, type_ in config.types.items()
        if type_ != design.layers[name].types[key]
    ]
    costs = [[name, _pair(getattr(before, name), after, name)] for name in FIGURES]
    lines += ["", f"Types of equal worth (at most {TOLERANCE:.1%} lost on this data)"]
    lines += [table(["layer", "tensor", "now", "enough"], changed), "", table(["figure", "now / then"], costs)]
    proposed = {name: getattr(after, name) for name in FIGURES}
    return {"overflows": rows, "cheaper": {"types": changed, "total": proposed}}, lines
