"""Commands that make networks smaller: prune, fine-tune."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from hlsexplore.commands.model import check_output, load_design, quality, quality_text, read, write_design
from hlsexplore.commands.outcome import Outcome, Session, show, table
from hlsexplore.data import Data, load_data
from hlsexplore.design import Design
from hlsexplore.errors import ConfigError
from hlsexplore.merit import as_outputs
from hlsexplore.task import find_goals

FIGURES = ("lut", "ff", "dsp", "bram18", "latency_cycles_max")


def prune(args: Namespace, session: Session) -> Outcome:
    """Write a design that keeps a share of its weights."""
    from hlsexplore.compress.prune import PruneStep, kept_share, prunable, prune_by_saliency
    from hlsexplore.compress.prune import prune as prune_by_size

    check_output(args)
    graph = read(args.model, args.weights)
    before = load_design(args.design, graph, args.model)
    names = _layers(args.layers) or prunable(before)
    data = None if args.data is None else load_data(args.data, graph.inputs, graph.output_spellings)
    if args.by == "saliency":
        if data is None:
            raise ConfigError("--by saliency finds what each layer's weights are worth on samples: give --data X.npz.")

        def show_step(step: PruneStep) -> None:
            session.stage(f"{step.layer} keeps {step.density:.0%}: {step.lut:,.0f} LUT, {step.merit:.4f}")

        after = prune_by_saliency(
            before,
            data.x,
            data.labels,
            density=args.density,
            layers=names,
            pattern=args.pattern,
            task=args.task,
            on_step=show_step,
            cancel=session.cancel,
        )
    else:
        after = prune_by_size(before, args.density, names, args.pattern)
    written = write_design(args, after, ())
    shares = {name: after.layers[name].density for name in names}
    lines = [f"Wrote {args.output}: {kept_share(after):.1%} of the weights are not 0.", "", _costs(before, after)]
    if args.by == "saliency":
        lines += ["", table(["layer", "density"], [[name, share] for name, share in shares.items()])]
    found: dict[str, Any] = {"kept": kept_share(after), "densities": shares, "costs": _cost_data(before, after)}
    if data is not None:
        text, figures = _worth(data, before, after, args.task)
        lines += ["", *text]
        found |= {"before": figures[0], "after": figures[1]}
    return Outcome(data={**written, **found}, text="\n".join(lines))


def fine_tune(args: Namespace, session: Session) -> Outcome:
    """Train the weights of a design, and write the new network with its design into a folder."""
    from hlsexplore.compress import Epoch, Settings
    from hlsexplore.compress import fine_tune as train
    from hlsexplore.compress.files import check_writable, save_network
    from hlsexplore.compress.fine_tune import num_shared, shared_note

    folder = Path(args.to)
    if folder.exists() and not args.force:
        raise ConfigError(f"{args.to} exists. Choose another folder with --to, or replace it with --force.")
    check_writable(folder)
    graph = read(args.model, args.weights)
    before = load_design(args.design, graph, args.model)
    data = load_data(args.train, graph.inputs, graph.output_spellings)
    check = load_data(args.data, graph.inputs, graph.output_spellings) if args.data else None
    if check is not None:
        find_goals(graph, check.num_samples, check.labels, args.task)  # refused before the training, not behind it
    settings = Settings(
        epochs=args.epochs,
        batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        validation=args.validation,
        distill=args.distill,
        mixed=args.mixed,
        seed=args.seed,
    )

    def show_epoch(epoch: Epoch) -> None:
        loss = "before training" if epoch.loss is None else f"loss {epoch.loss:.4g}"
        text = f"epoch {epoch.number} of {args.epochs}: {loss}, validation {epoch.score:.4f}"
        session.stage(text, epoch.number / args.epochs)

    tuned = train(
        before, data.x, data.labels, task=args.task, on_epoch=show_epoch, cancel=session.cancel, settings=settings
    )
    save_network(tuned.design, folder)
    lines = [f"Wrote {args.to}: a network with its design; give it as MODEL to any command.", ""]
    lines.append(_costs(before, tuned.design))
    found: dict[str, Any] = {"network": args.to, "design_key": tuned.design.key}
    found |= {"epochs": [_epoch(epoch) for epoch in tuned.epochs], "costs": _cost_data(before, tuned.design)}
    if check is not None:
        text, figures = _worth(check, before, tuned.design, args.task)
        shared, note = num_shared(data.x, check.x, graph), shared_note(data.x, check.x, graph)
        text += ["", note] if note else []
        lines += ["", *text]
        found |= {"before": figures[0], "after": figures[1], "num_shared": shared}
    return Outcome(data=found, text="\n".join(lines))


def _epoch(epoch: Any) -> dict[str, Any]:
    return {"number": epoch.number, "loss": epoch.loss, "score": epoch.score, "density": epoch.density}


def _layers(text: str | None) -> list[str]:
    return [] if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _cost_data(before: Design, after: Design) -> dict[str, list[float | None]]:
    from hlsexplore.estimate import estimate

    old, new = estimate(before).total, estimate(after).total
    return {name: [getattr(old, name), getattr(new, name)] for name in FIGURES}


def _costs(before: Design, after: Design) -> str:
    """Estimates before and after, side by side."""
    rows = [[name, *values] for name, values in _cost_data(before, after).items()]
    return table(["estimate", "before", "after"], [[row[0], *(show(value) for value in row[1:])] for row in rows])


def _worth(data: Data, before: Design, after: Design, task: Any) -> tuple[list[str], list[dict[str, Any]]]:
    """Say what the outputs of two designs are worth; each is compared with its own float network."""
    from hlsexplore.emulate import emulate, float_forward

    lines: list[str] = []
    found: list[dict[str, Any]] = []
    for name, design in (("before", before), ("after", after)):
        goals = find_goals(design.graph, data.num_samples, data.labels, task)
        reference = as_outputs(float_forward(before.graph, data.x))
        figures = quality(goals, as_outputs(emulate(design, data.x)), reference)
        lines += [name, quality_text(figures)]
        found.append(figures)
    return lines, found
