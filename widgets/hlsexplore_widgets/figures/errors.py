"""How far every tensor is from its exact value: signal to quantisation noise, and what is lost at the casts."""

from dataclasses import dataclass
from math import log10

import plotly.graph_objects as go

from hlsexplore.emulate import Trace
from hlsexplore_widgets.figures.base import ACTIVATION, LOST, MUTE, WEIGHT, axis, empty_figure, make_figure, plain

PERFECT_DB = 140.0
"""Shown for casts without any error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInfo:
    """What the plot shows, for every cast that changes values.

    Attributes:
        num_exact: Casts that change nothing and are left out.
        names: `layer.key`.
        keys: Tensor keys.
        ratio_db: Signal to noise of the cast itself, in dB.
        overflowed: Share of values out of range.
        underflowed: Share of values that became 0.
    """

    num_exact: int
    names: tuple[str, ...]
    keys: tuple[str, ...]
    ratio_db: tuple[float, ...]
    overflowed: tuple[float, ...]
    underflowed: tuple[float, ...]


def error_info(counts: Trace | None) -> ErrorInfo:
    """Take the noise of every cast from a trace."""
    casts = [item for item in counts or () if item.num_values and item.key != "index"]
    found = [item for item in casts if item.rms_error > 0 or item.num_overflowed]
    return ErrorInfo(
        num_exact=len(casts) - len(found),
        names=tuple(f"{item.layer}.{item.key}" for item in found),
        keys=tuple(item.key for item in found),
        ratio_db=tuple(_ratio_db(item.rms, item.rms_error) for item in found),
        overflowed=tuple(item.num_overflowed / item.num_values for item in found),
        underflowed=tuple(item.num_underflowed / item.num_values for item in found),
    )


def error_figure(info: ErrorInfo) -> go.Figure:
    """Draw the signal to noise of every cast; overflowing ones stand out."""
    if not info.names:
        return empty_figure("No cast changes a value." if info.num_exact else "Counting…")
    colours = [
        LOST
        if out
        else WEIGHT
        if "weight" in key or "bias" in key
        else ACTIVATION
        if key in ("result", "state")
        else MUTE
        for key, out in zip(info.keys, info.overflowed, strict=True)
    ]
    texts = [
        f"{100 * out:.2f} % out of range, {100 * below:.2f} % become 0"
        for out, below in zip(info.overflowed, info.underflowed, strict=True)
    ]
    trace = go.Bar(
        x=[plain(name) for name in info.names],
        y=[min(value, PERFECT_DB) for value in info.ratio_db],
        marker={
            "color": colours,
            "pattern": {
                "shape": ["x" if out else "" for out in info.overflowed],
                "bgcolor": LOST,
                "fgcolor": "var(--hx-panel)",
                "fillmode": "replace",  # "overlay" takes the contrast of one colour, not of a list
            },
        },
        text=["▲" if out else "" for out in info.overflowed],
        textposition="outside",
        hovertext=texts,
        hovertemplate="%{x}: %{y:.1f} dB<br>%{hovertext}<extra></extra>",
        cliponaxis=False,
    )
    return make_figure(
        [trace],
        yaxis=axis("signal to noise of the cast, dB", rangemode="tozero"),
        xaxis={"title": {"text": f"{info.num_exact} more casts are exact"}, "tickangle": -40, "automargin": True},
        margin={"l": 56, "r": 14, "t": 18, "b": 100},
    )


def _ratio_db(signal: float, noise: float) -> float:
    if noise == 0:
        return PERFECT_DB
    return 20 * log10(signal / noise) if signal > 0 else 0.0
