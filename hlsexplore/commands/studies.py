"""Commands about studies: sweep, front."""

import io
from argparse import Namespace
from pathlib import Path

from hlsexplore.commands.model import load_design, read
from hlsexplore.commands.outcome import Outcome, Session, table, whole
from hlsexplore.data import load_data
from hlsexplore.errors import ConfigError, StudyError
from hlsexplore.foreign_design import has_design
from hlsexplore.merit import COSTS, task_text, unscored
from hlsexplore.space import Space
from hlsexplore.study.frame import flat_row
from hlsexplore.study.selection import front as front_of
from hlsexplore.study.selection import spelled, split_objectives
from hlsexplore.study.store import Store
from hlsexplore.study.trial import Trial
from hlsexplore.support.files import replace_text

DEFAULT_OBJECTIVES = ("accuracy", "lut", "latency_cycles")
COST_NAMES = ("lut", "ff", "dsp", "bram18", "latency_cycles", "ii_cycles")
"""Costs that a table of trials shows, behind the figures of the outputs."""


def sweep(args: Namespace, session: Session) -> Outcome:
    """Evaluate designs of a space and store them."""
    from hlsexplore.study.study import Study

    graph = read(args.model, args.weights)
    space = Space.load(args.space) if args.space else Space.default(graph)
    base = load_design(args.design, graph, args.model) if args.design or has_design(args.model) else None
    data = load_data(args.data, graph.inputs, graph.output_spellings)
    with Study(args.study, graph, data.x, data.labels, metrics=args.metric or None, task=args.task) as study:
        before = len(study)
        objectives = _objectives(args.objectives, study.store) or study.objectives
        session.stage(f"{args.study} has {before} designs", 0.0)
        result = study.sweep(
            space,
            args.trials,
            on_event=session.on_event,
            cancel=session.cancel,
            base=base,
            sampler=args.sampler,
            objectives=objectives,
            seed=args.seed,
            workers=args.workers,
            race=False if args.no_race else None,
        )
        found = study.front(objectives)
        total = len(study)
        tasks = {goal.output: str(goal.task) for goal in study.evaluator.goals}
        missing = unscored(study.evaluator.goals)
        purpose = task_text(study.evaluator.goals)
        last = study.store.newest()
    shown = {"study": args.study, "sampler": result.sampler, "num_new": result.num_new, "num_failed": result.num_failed}
    shown |= {"num_partial": result.num_partial, "tasks": tasks, "unscored": missing}
    shown |= {"num_done": result.num_done, "num_total": total, "wall_s": round(result.wall_s, 3)}
    text = (
        f"{result.num_new} new designs in {result.wall_s:.1f} s ({result.num_failed} failed); "
        f"{args.study} has {total}, {len(found)} of them on the front of {', '.join(objectives)}."
    )
    if result.num_partial:
        text += f"\n{result.num_partial} new designs were surely worse than others on some of the samples."
    text += f"\nTask: {purpose}. {_tools(found)}".rstrip()
    lines = [text, "", trials_text(found)]
    has_failed = bool(result.num_new) and result.num_failed == result.num_new
    if has_failed:
        lines = [text, f"All of them failed, the last one: {last.error if last else 'unknown'}"]
    return Outcome(
        data=shown | {"objectives": objectives, "front": [trial.to_dict() for trial in found]},
        text="\n".join(lines),
        code=1 if has_failed else 0,
    )


def front(args: Namespace, session: Session) -> Outcome:
    """Show the Pareto front of a study, or take one of its designs out."""
    with Store(args.study, must_exist=True) as store:
        if args.pick is not None:
            return _pick(store, args.pick, args.output, args.force)
        objectives = _objectives(args.objectives, store) or _stored_objectives(store)
        found = front_of(store, objectives, args.where)
        total = len(store)
    lines = [f"{len(found)} of {total} designs are on the front of {', '.join(objectives)}."]
    lines += [*filter(None, [_tools(found)]), "", trials_text(found)]
    if args.csv:
        _write_csv(args.csv, found)
        lines.append(f"\nWrote {args.csv}.")
    data = {"study": args.study, "objectives": objectives, "num_total": total}
    return Outcome(data=data | {"front": [trial.to_dict() for trial in found]}, text="\n".join(lines))


def trials_text(trials: list[Trial]) -> str:
    """Write trials as a table, with the figures that at least one of them has."""
    known = {name: None for trial in trials for name, value in trial.metrics.items() if value is not None}
    names = [*(name for name in known if name not in COSTS), *(name for name in COST_NAMES if name in known)]
    rows = [
        [
            str(trial.number),
            *(whole(trial.metrics.get(name), name) for name in names),
            "" if trial.samples is None else f"{trial.samples:,}",
            trial.note,
        ]
        for trial in trials
    ]
    return table(["number", *names, "samples", "note"], rows)


def _tools(trials: list[Trial]) -> str:
    """Say whose reports the estimates of trials predict."""
    found = sorted({str(trial.config["target"]["tool"]) for trial in trials})
    return f"Resources and latency are estimates for {' and '.join(found)}." if found else ""


def _pick(store: Store, number: int, output: str | None, force: bool) -> Outcome:
    from hlsexplore.design import FORMAT
    from hlsexplore.support.yaml_file import write_yaml

    found = store.trials([number])
    if not found:
        raise StudyError(f"there is no trial {number} in {store.path.name}.")
    trial, meta = found[0], store.meta
    if "network" in trial.config:
        return _pick_network(store, trial, Path(output or f"trial_{number}"), force)
    model = {"name": meta.get("graph_name", ""), "digest": meta.get("graph_digest")}
    path = Path(output or "design.yaml")
    if path.exists() and not force:
        raise ConfigError(f"{path} exists. Choose another name with -o, or replace it with --force.")
    document = {"hlsexplore": FORMAT, "model": model, **trial.config}
    write_yaml(path, document)
    return Outcome(
        data={"design": str(path), "trial": trial.to_dict()},
        text=f"Wrote the design of trial {number} to {path}.",
    )


def _pick_network(store: Store, trial: Trial, folder: Path, force: bool) -> Outcome:
    """Write a design whose network is not the one that the study was made for: as a folder with both."""
    from hlsexplore.compress.files import save_network
    from hlsexplore.design import design_from_dict
    from hlsexplore.study.networks import unpack

    if folder.exists() and not force:
        raise ConfigError(f"{folder} exists. Choose another folder with -o, or replace it with --force.")
    plain = dict(trial.config)
    digest = str(plain.pop("network"))
    data = store.network(digest)
    if data is None:
        raise StudyError(f"{store.path.name} has no network {digest[:12]}.")
    save_network(design_from_dict(plain, unpack(data, digest)), folder)
    return Outcome(
        data={"network": str(folder), "trial": trial.to_dict()},
        text=f"Wrote the network of trial {trial.number} with its design to {folder}; give it as MODEL to any command.",
    )


def _objectives(text: str | None, store: Store) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()
    if not names:
        return ()
    found = tuple(spelled(store, names))
    split_objectives(found, store.directions)
    return found


def _stored_objectives(store: Store) -> tuple[str, ...]:
    import json

    try:
        names = tuple(str(name) for name in json.loads(store.meta["objectives"]))
    except (KeyError, ValueError, TypeError):
        return DEFAULT_OBJECTIVES
    return names or DEFAULT_OBJECTIVES


def _write_csv(path: str, trials: list[Trial]) -> None:
    import csv

    rows = [flat_row(trial) for trial in trials]
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    try:
        replace_text(Path(path), text.getvalue())
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}.") from None
