"""Commands about projects: export, simulate, synth."""

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from hlsexplore.commands.model import load_design, read, report_data, report_text, save_outputs
from hlsexplore.commands.outcome import Outcome, Session
from hlsexplore.data import load_data
from hlsexplore.merit import Outputs, as_outputs, bind, find_measures
from hlsexplore.task import Goal, by_node, goals_of


def export(args: Namespace, session: Session) -> Outcome:
    """Write the HLS or RTL project of a design."""
    from hlsexplore_hls import export as run

    graph = read(args.model, args.weights)
    design = load_design(args.design, graph, args.model)
    golden = None if args.data is None else load_data(args.data, graph.inputs).x
    session.stage(f"writing the {args.flow} project", 0.0)
    project = run(
        design,
        args.to,
        args.flow,
        golden_x=golden,
        interface=args.interface,
        overwrite=args.force,
        on_event=session.on_event,
        cancel=session.cancel,
    )
    data = {
        "path": str(project.path),
        "flow": project.flow,
        "top": project.top,
        "interface": project.interface,
        "design_key": project.design_key,
        "digest": project.digest,
        "latency_cycles": project.latency_cycles,
        "ii_cycles": project.ii_cycles,
        "files": sorted(project.files),
        **({"backend": project.extra["backend"]} if "backend" in project.extra else {}),
        "notes": list(project.extra.get("notes", ())),
    }
    cycles = "" if project.latency_cycles is None else f", {project.latency_cycles} cycles, II {project.ii_cycles}"
    built = f", back end {data['backend']}" if "backend" in data else ""
    text = f"Wrote {len(project.files)} files to {project.path}: top {project.top}{built}{cycles}."
    return Outcome(data=data, text="\n".join([text, *(f"  - {note}" for note in data["notes"])]))


def simulate(args: Namespace, session: Session) -> Outcome:
    """Simulate a project, on its golden vectors or on data."""
    from hlsexplore_hls import Project

    project = Project.load(args.project)
    said = project.output_spellings
    given = None if args.data is None else load_data(args.data, project.inputs, said)
    goals: tuple[Goal, ...] = ()
    if given is not None:
        outputs = [(port.name, port.shape, port.head) for port in project.outputs]
        goals = goals_of(outputs, given.num_samples, given.labels, by_node(said, args.task, "task"))
    result = project.simulate(None if given is None else given.x, session.on_event, session.cancel)
    if args.out:
        save_outputs(args.out, result.y, result.raw)
    data: dict[str, Any] = {
        "path": str(project.path),
        "tool": result.tool,
        "num_samples": result.num_samples,
        "differing": result.differing,
        "latency_cycles": result.latency_cycles,
        "ii_cycles": result.ii_cycles,
        "modified": list(result.modified),
        "wall_s": round(result.wall_s, 3),
    }
    lines = [f"{result.num_samples} samples in {result.wall_s:.1f} s with {result.tool}."]
    if result.differing is not None:
        same = "every integer equals the emulator's" if not result.differing else f"{result.differing} integers differ"
        lines.append(f"Against the golden vectors: {same}.")
    if result.latency_cycles is not None:
        lines.append(f"Measured latency: {result.latency_cycles} cycles, II {result.ii_cycles}.")
    figures = _figures(goals, as_outputs(result.y))
    lines += [f"{name}: {value:.6g}." for name, value in figures.items()]
    data |= {"accuracy": None, "rmse": None} | figures
    if result.modified:
        lines.append(f"Changed since the export: {', '.join(result.modified)}.")
    return Outcome(data=data, text="\n".join(lines), code=1 if result.differing else 0)


def synth(args: Namespace, session: Session) -> Outcome:
    """Synthesize a project."""
    from hlsexplore_hls import Project

    project = Project.load(args.project)
    report = project.synthesize(args.tool, session.on_event, session.cancel, args.timeout)
    return Outcome(data=report_data(report, project.target.part), text=report_text(report, project.target.part))


def _figures(goals: Sequence[Goal], outputs: Outputs) -> dict[str, float]:
    """Return the figures against labels."""
    merits = [bind(measure, goals, outputs) for measure in (find_measures(goals) if goals else ())]
    return {merit.name: merit.of(outputs) for merit in merits if not merit.metric.is_against_float}
