"""Which knob costs what: how much of a figure's spread over the trials each knob explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from hlsexplore.study.trial import Trial
from hlsexplore_widgets.figures.base import (
    ACCENT,
    ACTIVATION,
    RANGE,
    empty_figure,
    label_of,
    plain,
    row_bars,
    row_figure,
)
from hlsexplore_widgets.figures.knobs import explained, figure_table, knob_table, with_figures

MIN_TRIALS = 20
MAX_BARS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportanceInfo:
    """What the plot shows.

    Attributes:
        knobs: Knobs, the most important one first.
        shares: Figure -> share of its variance that each knob alone explains, 0 to 1, in the order of `knobs`.
        num_trials: Trials that it was computed from.
    """

    knobs: tuple[str, ...]
    shares: Mapping[str, tuple[float, ...]]
    num_trials: int


def importance_info(trials: Sequence[Trial], figures: Sequence[str]) -> ImportanceInfo:
    """Compute the share of each figure's variance between the levels of each knob (correlation ratio, eta squared).

    Args:
        trials: The trials.
        figures: Figures to explain.
    """
    shown = with_figures(trials, figures)
    names, table = knob_table(shown)
    if len(shown) < MIN_TRIALS or not names:
        return ImportanceInfo(knobs=(), shares={}, num_trials=len(shown))
    results = figure_table(shown, figures)
    shares = {
        figure: np.array([explained(knob, results[:, column]) for knob in table.T])
        for column, figure in enumerate(figures)
    }
    order = np.argsort(-np.max(list(shares.values()), axis=0))[:MAX_BARS]
    return ImportanceInfo(
        knobs=tuple(names[index] for index in order),
        shares={figure: tuple(float(values[index]) for index in order) for figure, values in shares.items()},
        num_trials=len(shown),
    )


def importance_figure(info: ImportanceInfo) -> go.Figure:
    """Draw a bar for each knob and figure."""
    if not info.knobs:
        return empty_figure(f"Importance needs {MIN_TRIALS} trials with different knobs; there are {info.num_trials}.")
    traces = [
        row_bars(
            info.knobs,
            [100 * value for value in values],
            colour,
            shape,
            name=plain(label_of(figure)),
            hovertemplate=f"%{{y}} explains %{{x:.0f}} % of the spread of {plain(label_of(figure))}<extra></extra>",
        )
        for (figure, values), colour, shape in zip(
            info.shares.items(), (ACCENT, ACTIVATION, RANGE), ("", "/", "."), strict=False
        )
    ]
    title = f"share of a figure's spread over {info.num_trials:,} trials that the knob alone explains, %"
    return row_figure(traces, title, left_px=110, traceorder="normal")
