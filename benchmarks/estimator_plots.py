"""Pictures of predicted against reported figures for `estimator.py --plots`; needs matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

SHOWN = ("lut", "ff", "dsp", "bram18", "latency_cycles", "ii_cycles")
MARKERS = {"project": "o", "wa_single_dense": ".", "two_layer_no_weights": "x", "pytest_baseline": "+"}


def draw(entries: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write a picture for each figure: logarithmic axes, one colour a repository, the 80 % interval as a bar.

    Args:
        entries: Pairs of estimates and reports, as `estimator.py` makes them.
        folder: Folder for `estimates_FIGURE.png`.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    repositories = sorted({str(item["row"].get("repo")) for item in entries})
    palette = pyplot.get_cmap("tab20")
    colours = {name: palette(index % 20) for index, name in enumerate(repositories)}
    for figure in SHOWN:
        items = [item for item in entries if item["figure"] == figure and item["estimate"] is not None]
        picture, axes = pyplot.subplots(figsize=(6.4, 6.0), layout="constrained")
        for name in repositories:
            for kind, marker in MARKERS.items():
                own = [item for item in items if str(item["row"].get("repo")) == name and item["row"]["kind"] == kind]
                if own:
                    truth = np.array([item["truth"] for item in own]) + 1
                    value = np.array([item["estimate"] for item in own]) + 1
                    label = f"{name} ({len(own)})"
                    axes.plot(truth, value, marker, color=colours[name], label=label, alpha=0.75, markersize=6)
        low = 0.8
        high = max(max((item["truth"] for item in items), default=1) * 2, 2)
        line = np.array([low, high])
        axes.plot(line, line, color="black", linewidth=0.8)
        axes.fill_between(line, line / 1.1, line * 1.1, color="black", alpha=0.1, label="10 %")
        axes.set(xscale="log", yscale="log", xlim=(low, high), xlabel=f"{figure} + 1, reported")
        axes.set(ylim=(low, high), ylabel=f"{figure} + 1, estimated without its repository", title=figure)
        axes.legend(fontsize=6, loc="upper left", ncols=1)
        axes.grid(alpha=0.2)
        picture.savefig(folder / f"estimates_{figure}.png", dpi=110)
        pyplot.close(picture)
