"""Commands about this machine and the panels: doctor, lab, app, calibrate, demo."""

from argparse import Namespace
from typing import Any

from hlsexplore.commands.outcome import Outcome, Session, table
from hlsexplore.errors import ToolError


def doctor(args: Namespace, session: Session) -> Outcome:
    """Say which tools and packages are present."""
    from hlsexplore_hls.tools.doctor import diagnose

    found = diagnose(cancel=session.cancel)
    rows = [
        ("yes" if item.found else "no", item.name, item.version or "", item.purpose, item.hint)
        for item in found.findings
    ]
    lines = [f"Python {found.python} on {found.platform}", ""]
    lines += [table(["found", "name", "version", "for", "how to get it"], rows), ""]
    lines += [f"{'can' if able else 'cannot'} {name.replace('_', ' ')}" for name, able in found.can.items()]
    return Outcome(data=found.to_dict(), text="\n".join(lines))


def lab(args: Namespace, session: Session) -> Outcome:
    """Open JupyterLab on a bundled notebook."""
    serve = _panels()
    code = serve.lab(args.demo, browser=not args.no_browser, cancel=session.cancel)
    return Outcome(data={"exit_code": code}, code=0 if code == 0 else 1)


def app(args: Namespace, session: Session) -> Outcome:
    """Serve the explorer of a model as an application."""
    from hlsexplore.commands.model import load_design, read
    from hlsexplore.data import load_data
    from hlsexplore.task import find_goals

    graph = read(args.model, args.weights)
    data = load_data(args.data, graph.inputs, graph.output_spellings)
    find_goals(graph, data.num_samples, data.labels, args.task)
    load_design(args.design, graph, args.model)
    serve = _panels()
    code = serve.app(
        args.model,
        args.data,
        args.design,
        args.weights,
        browser=not args.no_browser,
        theme=args.theme,
        task=args.task,
        cancel=session.cancel,
    )
    return Outcome(data={"exit_code": code}, code=0 if code == 0 else 1)


def demo(args: Namespace, session: Session) -> Outcome:
    """Run the main job on a bundled example."""
    from hlsexplore.commands import demo as job

    outcome: Outcome = job.run_command(args, session)
    return outcome


def calibrate(args: Namespace, session: Session) -> Outcome:
    """Learn from reports of the user's own syntheses."""
    from hlsexplore.estimate import Calibration
    from hlsexplore_hls.reports.observations import learn

    before = Calibration.load()
    after = learn(args.reports, before)
    file = after.save()
    header = ["model", "tool", "figure", "estimate", "report"]
    rows = [
        [item.model[:12], item.tool, name, round(item.estimate[name]), round(item.report[name])]
        for item in after.observations
        for name in item.estimate
        if name in item.report
    ]
    data = {
        "file": str(file),
        "observations": len(after.observations),
        "new": len(after.observations) - len(before.observations),
    }
    lines = [table(header, rows), "", f"{len(after.observations)} reports in {file}."]
    return Outcome(data=data, text="\n".join(lines))


def _panels() -> Any:
    try:
        from hlsexplore_widgets import serve
    except ImportError as error:
        raise ToolError(
            f"the panels are not installed ({error}). Install them: pip install 'hlsexplore[widgets]'"
        ) from None
    return serve
