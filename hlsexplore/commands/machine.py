"""Commands about this machine and the panels: doctor, lab, app, calibrate, demo."""

from argparse import Namespace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from hlsexplore.commands.outcome import Outcome, Session, table
from hlsexplore.errors import ToolError

if TYPE_CHECKING:
    from hlsexplore.estimate import Observation
    from hlsexplore_hls.reports.observations import Collected


SHOWN = {
    "lut": "LUT",
    "ff": "FF",
    "dsp": "DSP",
    "bram18": "BRAM 18k",
    "latency_cycles_max": "latency",
    "ii_cycles": "II",
}
"""Figures that `calibrate` prints, by name."""


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
    """Learn from reports of the user's own syntheses; fit coefficients to them if asked for."""
    from hlsexplore.estimate import Calibration
    from hlsexplore_hls.reports.observations import collect

    before, found = Calibration.load(), collect(args.reports)
    after = before.with_observations(found.observations)
    data: dict[str, Any] = {}
    lines: list[str] = []
    if args.fit is not None:
        data["fit"], lines, fitted = _fit(found, args.fit)
        after = after.with_observations(fitted)
    file = after.save()
    data |= {
        "file": str(file),
        "observations": len(after.observations),
        "new": len(after.observations) - len(before.observations),
        "left_out": [{"project": where, "reason": reason} for where, reason in found.left_out],
    }
    lines = [_beside(found), "", f"{len(after.observations)} reports in {file}.", *lines]
    if found.left_out:
        lines += ["", "Left out:", *(f"  - {where}: {reason}" for where, reason in found.left_out)]
    return Outcome(data=data, text="\n".join(lines))


def _beside(found: "Collected") -> str:
    """Set each report beside its estimate, a line each, and say how far they are apart."""
    rows = []
    errors: dict[str, list[float]] = {name: [] for name in SHOWN}
    for root, item in zip(found.roots, found.observations, strict=True):
        cells = []
        for name in SHOWN:
            expected, reported = item.estimate.get(name), item.report.get(name)
            cells.append(" / ".join("-" if value is None else f"{value:,.0f}" for value in (expected, reported)))
            if expected is not None and reported is not None:
                errors[name].append(100 * abs(expected - reported) / max(abs(reported), 1.0))
        rows.append(["/".join(Path(root).parts[-2:]), item.tool, *cells])
    known = [f"{label} {median(errors[name]):.1f} %" for name, label in SHOWN.items() if errors[name]]
    header = ["project", "tool", *SHOWN.values()]
    return f"{table(header, rows)}\n\nEstimate / report. Median errors: {', '.join(known)}."


def _fit(found: "Collected", file: str) -> tuple[dict[str, Any], list[str], list["Observation"]]:
    """Fit coefficients, write them, and return what is said of them and the reports beside estimates with them."""
    from hlsexplore.estimate.coefficients import coefficients_path, read_coefficients
    from hlsexplore.estimate.own_fit import fit_own
    from hlsexplore.estimate.tables import write_own_coefficients

    path = Path(file) if file else coefficients_path()
    own = fit_own([sample for pair in found.pairs for sample in pair.samples()])
    tools = [pair.report.tool for pair in found.pairs if not pair.is_logic]
    write_own_coefficients(path, own.coefficients, tools, own.num_designs)
    written = read_coefficients(path)
    errors = {name: {"shipped": one, "fitted": two} for name, (one, two) in own.errors.items()}
    lines = [f"Coefficients fitted to {own.num_designs} designs in {path}."]
    lines += [
        f"  {name.upper()}: median error {one:.1f} % with the shipped ones, {two:.1f} % with fits to other designs"
        for name, (one, two) in own.errors.items()
    ]
    observations = [pair.observation(written) for pair in found.pairs]
    return {"file": str(path), "designs": own.num_designs, "errors": errors}, lines, observations


def _panels() -> Any:
    try:
        from hlsexplore_widgets import serve
    except ImportError as error:
        raise ToolError(
            f"the panels are not installed ({error}). Install them: pip install 'hlsexplore[widgets]'"
        ) from None
    return serve
