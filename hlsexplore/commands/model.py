"""Commands about one model: inspect, init, emulate, estimate."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from hlsexplore.commands.outcome import Outcome, Session, show, table, whole
from hlsexplore.data import load_data
from hlsexplore.defaults.exact import cast_at_once
from hlsexplore.design import Design
from hlsexplore.errors import ConfigError, HlsExploreError
from hlsexplore.foreign_design import first_design, has_design, read_foreign_design
from hlsexplore.graph import Graph
from hlsexplore.hls4ml_config import read_config
from hlsexplore.merit import Outputs, as_outputs, bind, find_measures, task_text, unscored
from hlsexplore.metrics import rmse, spread, spread_word
from hlsexplore.proof import proofs
from hlsexplore.report import FIGURES, Report
from hlsexplore.support.cancel import cancellable
from hlsexplore.support.files import replace_arrays
from hlsexplore.target import Target, Tool
from hlsexplore.task import Goal, find_goals

if TYPE_CHECKING:
    from hlsexplore.estimate import ToolEstimate


def inspect(args: Namespace, session: Session) -> Outcome:
    """List a model's layers and everything that is not supported."""
    from hlsexplore.importers import inspect_model

    found = inspect_model(args.model, args.weights)
    rows = [
        (layer.name, layer.cls, layer.shape, layer.num_parameters, ", ".join(layer.nodes)) for layer in found.layers
    ]
    graph = found.graph
    proven = None if graph is None else proofs(graph)
    data = {
        "name": found.name,
        "is_supported": graph is not None,
        "layers": [asdict(layer) for layer in found.layers],
        "problems": list(found.problems),
        "notes": list(found.notes),
        "num_parameters": sum(layer.num_parameters for layer in found.layers),
        "digest": None if graph is None else graph.digest,
        "inputs": [] if graph is None else [{"name": node.name, "shape": node.shape} for node in graph.inputs],
        "outputs": [] if graph is None else [{"name": name, "shape": graph[name].shape} for name in graph.outputs],
        "requantizations": None if proven is None or not proven.total else proven.to_dict(),
    }
    lines = [f"{found.name}: {show(data['num_parameters'])} parameters", ""]
    lines += [table(["layer", "class", "shape", "parameters", "becomes"], rows), ""]
    if found.problems:
        lines += [f"Not supported ({len(found.problems)}):", *(f"  - {problem}" for problem in found.problems)]
    else:
        lines.append("Everything is supported.")
    if proven is not None and proven.total:
        lines.append(proven.sentence)
    lines += [f"Note: {note}" for note in found.notes]
    return Outcome(data=data, text="\n".join(lines), code=0 if graph is not None else 1)


def init(args: Namespace, session: Session) -> Outcome:
    """Write a first design file."""
    graph = read(args.model, args.weights)
    design, notes = _first(args, graph)
    data = write_design(args, design, notes)
    lines = [f"Wrote {args.output} for {len(graph.layers)} layers; edit it or give it to the other commands."]
    lines += ["", *(f"  - {note}" for note in notes)] if notes else []
    return Outcome(data=data, text="\n".join(lines))


def write_design(args: Namespace, design: Design, notes: Sequence[str]) -> dict[str, Any]:
    """Write the design file that a command makes, and return what `--json` says of it.

    Raises:
        ConfigError: If the file exists and may not be replaced, or cannot be written.
    """
    check_output(args)
    design.save(Path(args.output))
    return {"design": args.output, "design_key": design.key, "notes": list(notes), **design.to_dict()}


def check_output(args: Namespace) -> None:
    """Check that the design file of a command may be written.

    Raises:
        ConfigError: If it exists and `--force` was not given.
    """
    if Path(args.output).exists() and not args.force:
        raise ConfigError(f"{args.output} exists. Choose another name with -o, or replace it with --force.")


def _first(args: Namespace, graph: Graph) -> tuple[Design, tuple[str, ...]]:
    """Make the design that `init` writes, with what is worth saying of it; options beat what a project says."""
    given = changed_target(args)
    if args.hls4ml is not None:
        if args.data is not None:
            raise ConfigError("--hls4ml takes types from a configuration, --data from samples: give one of them.")
        found = read_config(args.hls4ml, graph)
        return found.design.with_target(**given), found.notes
    if args.data is None and has_design(args.model):
        read_too = read_foreign_design(args.model)
        return read_too.design.with_target(**given), read_too.notes
    x = None if args.data is None else load_data(args.data, graph.inputs, graph.output_spellings).x
    design = Design.default(graph, Target(**given), args.type, data=x)
    return design, input_notes(design, None if args.data is None else Path(args.data).name)


def changed_target(args: Namespace) -> dict[str, Any]:
    """Return the fields of the target that options set to something else than the default."""
    options = {"part": args.part, "clock_ns": args.clock_ns, "io": args.io, "tool": args.tool}
    return {key: value for key, value in options.items() if str(value) != str(getattr(Target(), key))}


def input_notes(design: Design, data: str | None) -> tuple[str, ...]:
    """Say what each input can hold, and where its type comes from.

    Args:
        design: The design.
        data: Name of the file of samples that it was fitted to, or None.
    """
    notes = []
    for node in design.graph.inputs:
        type_ = design.result_type(node.name)
        holds = f"input {node.name!r} is {type_}: {type_.low:g} to {type_.high:g} in steps of {type_.step:g}"
        if cast_at_once(design.graph, node) is not None:
            notes.append(f"{holds}, as the model quantises it.")
        elif data is not None:
            notes.append(f"{holds}, fitted to {data}.")
        else:
            notes.append(f"{holds}; what lies outside is clipped. --data X.npz fits it to samples.")
    return tuple(notes)


def emulate(args: Namespace, session: Session) -> Outcome:
    """Run a design on data: what its outputs are worth, how close they are to the float network's, overflows."""
    from hlsexplore.emulate import emulate as run
    from hlsexplore.emulate import emulate_raw, float_forward, trace

    graph = read(args.model, args.weights)
    design = load_design(args.design, graph, args.model)
    data = load_data(args.data, graph.inputs, graph.output_spellings)
    goals = find_goals(graph, data.num_samples, data.labels, args.task)
    session.stage(f"emulating {data.num_samples} samples", 0.0)
    y = run(design, data.x, cancel=session.cancel)
    session.stage("the float network", 0.4)
    reference = float_forward(graph, data.x)
    session.stage("counting overflows", 0.6)
    tensors = [] if args.no_trace else list(trace(design, data.x, cancel=session.cancel))
    if args.out:
        raw = emulate_raw(design, data.x, cancel=session.cancel)
        save_outputs(args.out, y, raw)
    figures = quality(goals, as_outputs(y), as_outputs(reference))
    counters = [
        {
            "layer": item.layer,
            "tensor": item.key,
            "type": str(item.type),
            "values": item.num_values,
            "wrapped": item.num_wrapped,
            "saturated": item.num_saturated,
            "underflowed": item.num_underflowed,
        }
        for item in tensors
    ]
    first = figures[graph.outputs[0]]
    result = {"design_key": design.key, "num_samples": data.num_samples, **first, "outputs": figures}
    result |= {"tensors": counters}
    text = [f"{data.num_samples} samples through {design!r}", f"Task: {task_text(goals)}.", "", quality_text(figures)]
    bad = [item for item in counters if item["wrapped"] or item["saturated"]]
    if bad:
        header = ["layer", "tensor", "type", "values", "wrapped", "saturated"]
        text += ["", "Values out of range:", table(header, [[item[name] for name in header] for item in bad])]
        clipped = {item["layer"] for item in bad} & {node.name for node in graph.inputs}
        if clipped:
            text += ["", "Inputs leave the range of their type: 'hlsexplore init --data' fits it to samples."]
    elif counters:
        text += ["", "No value left the range of its type."]
    if args.out:
        text += ["", f"Wrote {args.out}."]
    return Outcome(data=result, text="\n".join(text))


def estimate(args: Namespace, session: Session) -> Outcome:
    """Estimate a design's resources and latency."""
    from hlsexplore.estimate import Calibration
    from hlsexplore.estimate import estimate as run
    from hlsexplore.estimate.coefficients import own_coefficients
    from hlsexplore.estimate.estimator import Level

    graph = read(args.model, args.weights)
    design = load_design(args.design, graph, args.model)
    if args.compare_tools:
        from hlsexplore.estimate import compare_tools

        found = compare_tools(design, calibration=Calibration.load(), coefficients=own_coefficients())
        tools = [{"name": item.name} | report_data(item.report, design.target.part) for item in found]
        return Outcome(data={"tools": tools}, text=_comparison_text(found))
    usual: Level = "plan" if design.target.tool is Tool.YOSYS else "hls"
    level: Level = args.level or usual
    with cancellable(session.cancel, session.on_event):
        report = run(design, level=level, calibration=Calibration.load(), coefficients=own_coefficients())
    return Outcome(data=report_data(report, design.target.part), text=report_text(report, design.target.part))


def _comparison_text(found: Sequence["ToolEstimate"]) -> str:
    """Write the totals of several tools side by side, each with its interval of 95 %, and why they differ."""
    from hlsexplore.estimate.compare import MEASURED_TEXT

    names = [name for name in FIGURES if any(getattr(item.report.total, name) is not None for item in found)]
    rows: list[list[Any]] = []
    for name in names:
        row: list[Any] = [name.replace("latency_cycles", "cycles")]
        for item in found:
            value, outer = getattr(item.report.total, name), item.report.bounds[-1] if item.report.bounds else None
            ends = (None, None) if outer is None else (getattr(outer.lower, name), getattr(outer.upper, name))
            row += [whole(value, name), "" if None in ends else f"{ends[0]:,.0f} to {ends[1]:,.0f}"]
        rows.append(row)
    lines = [
        table(["", *(word for item in found for word in (item.name, "95 %"))], rows),
        "",
        *wrap(MEASURED_TEXT, 100),
    ]
    for item in found:
        lines += [f"{item.name}: {sentence}" for sentence in (*item.report.missing, *item.report.notes)]
    return "\n".join(lines)


def read(model: str, weights: str | None = None) -> Graph:
    """Read a model file, and its weights if they lie in a second one.

    Raises:
        ModelError: If it cannot be read.
    """
    from hlsexplore.importers import read_model

    return read_model(model, weights)


def load_design(path: str | None, graph: Graph, model: str) -> Design:
    """Read a design file; without one, return the project's own design or the default one of a model."""
    return first_design(model, graph) if path is None else Design.load(path, graph)


def save_outputs(path: str, y: Any, raw: Any) -> None:
    """Write outputs as `.npz`: real values `y` and raw integers `raw`, numbered when there are several outputs.

    Raises:
        ConfigError: If the file cannot be written.
    """
    many = isinstance(y, tuple)
    arrays = {f"y{index}": item for index, item in enumerate(y)} if many else {"y": y}
    arrays |= {f"raw{index}": item for index, item in enumerate(raw)} if many else {"raw": raw}
    wide = [name for name, array in arrays.items() if array.dtype == object]
    for name in wide:
        del arrays[name]
    try:
        replace_arrays(Path(path), arrays)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}.") from None


def quality(goals: Sequence[Goal], outputs: Outputs, reference: Outputs) -> dict[str, dict[str, Any]]:
    """Compare the outputs with their labels and with the float network's.

    Args:
        goals: What each output is for.
        outputs: Outputs of the design.
        reference: Outputs of the float network.

    Returns:
        For each output by its name: its task, whether it is scored, and figures with their intervals, those of the
        float network and, for regression, in units of the spread of the wanted values; None for those of other tasks.
    """
    found: dict[str, dict[str, Any]] = {}
    missing = unscored(goals)
    for goal in goals:
        absent = dict.fromkeys(("accuracy", "accuracy_float", "rmse", "rmse_float", "agreement", "relative_error"))
        found[goal.output] = {"task": str(goal.task), "is_scored": goal.output not in missing, **absent}
    for measure in find_measures(goals):
        if measure.output is None:
            continue
        merit, name, mine = bind(measure, goals, reference), measure.metric.name, found[goals[measure.output].output]
        interval = merit.interval(outputs)
        mine[name] = merit.of(outputs)
        mine[f"{name}_interval"] = None if interval is None else [interval.lower, interval.upper]
        if not measure.metric.is_against_float:
            mine[f"{name}_float"] = merit.of(reference)
        if name == "rmse":
            mine["rmse_relative"] = mine["rmse"] / spread(merit.truth)
            mine["rmse_relative_to"] = spread_word(merit.truth)
        if name == "relative_error":
            mine["rmse_to_float"] = rmse(outputs[measure.output], merit.truth)
            mine["relative_error_to"] = spread_word(merit.truth)
    return found


def quality_text(figures: dict[str, dict[str, Any]]) -> str:
    """Write the figures of `quality` for people."""
    lines = []
    for output, found in figures.items():
        if len(figures) > 1:
            lines.append(f"output {output!r}, {found['task']}")
        for name, label in TEXTS.items():
            if found.get(name) is None:
                continue
            low, high = found[f"{name}_interval"]
            shown = f"{label:<22}{found[name]:.4{_form(name)}} [{low:.4{_form(name)}}, {high:.4{_form(name)}}]"
            if name == "rmse":
                shown += f", {found['rmse_relative']:.2%} of the {found['rmse_relative_to']} of the wanted values"
            if name == "relative_error":
                shown += f" of the {found['relative_error_to']}, rms {found['rmse_to_float']:.4g}"
            if f"{name}_float" in found:
                shown += f"  (float network: {found[f'{name}_float']:.4{_form(name)}})"
            lines.append(shown)
        if not found["is_scored"]:
            lines.append("not scored: there are no labels for this output")
    return "\n".join(lines)


TEXTS = {
    "accuracy": "accuracy",
    "rmse": "rmse",
    "agreement": "agreement with float",
    "relative_error": "error against float",
}
"""Figures that `emulate` prints."""


def _form(name: str) -> str:
    """Format of a figure: shares with four digits behind the point, errors in percent, values as they are."""
    return {"rmse": "g", "relative_error": "%"}.get(name, "f")


def report_data(report: Report, part: str) -> dict[str, Any]:
    """Return a report for `--json`, with the share of the part that it uses."""
    return report.to_dict() | {"part": part, "utilisation": _utilisation(report, part)}


def report_text(report: Report, part: str) -> str:
    """Write a report for people: a row a layer, the total, its interval and the share of the part."""
    names = [name for name in FIGURES if name != "clock_ns" or report.total.clock_ns is not None]
    header = ["layer", *(name.replace("latency_cycles", "cycles") for name in names)]
    named = [*report.layers.items(), ("total", report.total)]
    for bounds in report.bounds:
        named += [(f"{bounds.level} % from", bounds.lower), (f"{bounds.level} % to", bounds.upper)]
    rows: list[list[Any]] = [[name, *(whole(getattr(item, key), key) for key in names)] for name, item in named]
    shares = _utilisation(report, part)
    if shares:
        shown = [shares.get(key) for key in names]
        rows.append([f"% of {part.split('-')[0]}", *(None if value is None else round(value, 1) for value in shown)])
    version = f" {report.tool_version}" if report.tool_version else ""
    lines = [f"{report.source} for {report.tool}{version}", "", table(header, rows)]
    if report.missing:
        lines += ["", "The total leaves out:", *(f"  - {item}" for item in report.missing)]
    if report.notes:
        lines += ["", "Notes:", *(f"  - {item}" for item in report.notes)]
    return "\n".join(lines)


def _utilisation(report: Report, part: str) -> dict[str, float | None]:
    from hlsexplore.estimate import utilisation
    from hlsexplore.rtl_plan.count.blocks import counted_family

    # Cells of another family's devices are no share of the design's part.
    if report.counted_family not in (None, counted_family(part)):
        return {}
    try:
        return utilisation(report.total, part)
    except HlsExploreError:
        return {}
