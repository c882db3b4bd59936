"""Pictures of predicted against reported figures for `estimator.py --plots`; needs matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

SHOWN = ("lut", "ff", "dsp", "bram18", "latency_cycles", "ii_cycles")
MARKERS = {"project": "o", "wa_single_dense": ".", "two_layer_no_weights": "x", "pytest_baseline": "+"}
OVERVIEW = Path(__file__).parents[1] / "hlsexplore" / "estimate" / "measured.png"
"""All figures in one small picture, which notebook 04 shows."""

Entries = Sequence[Mapping[str, Any]]


def draw(entries: Entries, folder: Path) -> None:
    """Write a picture for each figure: logarithmic axes, one colour a repository.

    Args:
        entries: Pairs of estimates and reports, as `estimator.py` makes them.
        folder: Folder for `estimates_FIGURE.png`.
    """
    pyplot, colours = _setup(entries)
    folder.mkdir(parents=True, exist_ok=True)
    for figure in SHOWN:
        picture, axes = pyplot.subplots(figsize=(6.4, 6.0), layout="constrained")
        _scatter(axes, entries, figure, colours, 6)
        axes.set(xlabel=f"{figure} + 1, reported", ylabel=f"{figure} + 1, estimated without its repository")
        axes.legend(fontsize=6, loc="upper left", ncols=1)
        picture.savefig(folder / f"estimates_{figure}.png", dpi=110)
        pyplot.close(picture)


def draw_overview(entries: Entries, file: Path = OVERVIEW) -> None:
    """Write all figures into one picture.

    Args:
        entries: Pairs of estimates and reports, as `estimator.py` makes them.
        file: The picture.
    """
    pyplot, colours = _setup(entries)
    picture, grid = pyplot.subplots(2, 3, figsize=(11, 8.2), layout="constrained")
    for axes, figure in zip(grid.flat, SHOWN, strict=True):
        _scatter(axes, entries, figure, colours, 4)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    names = [label.rpartition(" (")[0] or label for label in labels]
    picture.legend(handles, names, loc="outside lower center", ncols=4, fontsize=6)
    for axes in grid[1]:
        axes.set_xlabel("reported, plus 1", fontsize=9)
    picture.supylabel("estimated by a fit without the repository, plus 1", fontsize=9)
    picture.savefig(file, dpi=80)
    pyplot.close(picture)


def _setup(entries: Entries) -> tuple[Any, dict[str, Any]]:
    """Return matplotlib's pyplot, drawing to files, and a colour for each repository."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    repositories = sorted({str(item["row"].get("repo")) for item in entries})
    palette = pyplot.get_cmap("tab20")
    return pyplot, {name: palette(index % 20) for index, name in enumerate(repositories)}


def _scatter(axes: Any, entries: Entries, figure: str, colours: Mapping[str, Any], size: float) -> None:
    items = [item for item in entries if item["figure"] == figure and item["estimate"] is not None]
    for name, colour in colours.items():
        for kind, marker in MARKERS.items():
            own = [item for item in items if str(item["row"].get("repo")) == name and item["row"]["kind"] == kind]
            if own:
                truth = np.array([item["truth"] for item in own]) + 1
                value = np.array([item["estimate"] for item in own]) + 1
                label = f"{name} ({len(own)})"
                axes.plot(truth, value, marker, color=colour, label=label, alpha=0.75, markersize=size)
    low = 0.8
    high = max(max((item["truth"] for item in items), default=1) * 2, 2)
    line = np.array([low, high])
    axes.plot(line, line, color="black", linewidth=0.8)
    axes.fill_between(line, line / 1.1, line * 1.1, color="black", alpha=0.1, label="10 %")
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), title=figure)
    axes.grid(alpha=0.2)
