"""How a search went on: the volume that the front dominates, and the best value, over the trials."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore_widgets.figures.base import ACCENT, axis, empty_figure, make_figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressInfo:
    """What the plot shows.

    Attributes:
        numbers: Trials after which the front grew.
        volumes: Volume that the front dominates from then on, as a share of the last one.
        num_trials: Trials in all.
        objectives: Figures that count.
    """

    numbers: NDArray[np.int64]
    volumes: RealArray
    num_trials: int
    objectives: tuple[str, ...]


def progress_info(
    numbers: NDArray[np.int64], volumes: RealArray, num_trials: int, objectives: tuple[str, ...]
) -> ProgressInfo:
    """Scale the volumes to the last one."""
    last = float(volumes[-1]) if len(volumes) and volumes[-1] > 0 else 1.0
    return ProgressInfo(numbers=numbers, volumes=volumes / last, num_trials=num_trials, objectives=objectives)


def progress_figure(info: ProgressInfo) -> go.Figure:
    """Draw the growth of the front."""
    if not len(info.numbers):
        return empty_figure("No trials yet. Start a sweep below, or pass a study.")
    trace = go.Scatter(
        x=np.append(info.numbers, max(info.num_trials, int(info.numbers[-1]))),
        y=100 * np.append(info.volumes, info.volumes[-1]),
        mode="lines",
        line={"color": ACCENT, "width": 2, "shape": "hv"},
        hovertemplate="after trial %{x}: %{y:.2f} %<extra></extra>",
    )
    return make_figure(
        [trace],
        xaxis=axis(f"trial; volume of {', '.join(info.objectives)}"),
        yaxis=axis("dominated volume, % of the last", rangemode="tozero"),
    )
