"""A study of very many synthetic trials, to measure the panels: random figures, designs mixed from real ones."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from hlsexplore.design import design_from_dict
from hlsexplore.examples import Example
from hlsexplore.pareto import pareto_front
from hlsexplore.study.study import Study

SPACE = {"per_layer": {"weight": [4, 6, 8, 12], "result": [6, 8, 12]}}
REAL = 40
"""Trials that are evaluated; the others are mixed from their layers."""


def write(path: str | Path, example: Example, count: int) -> Study:
    """Write a study of `count` trials of an example; those on the front of accuracy and LUT can be loaded."""
    x, labels = example.x[:1000], example.labels[:1000]
    study = Study(path, example.graph, x, labels)
    study.sweep(SPACE, trials=REAL)
    figures = synthetic_figures(count - REAL)
    with closing(sqlite3.connect(path)) as db:
        parts = [row[0].split(",") for row in db.execute("SELECT parts FROM trials")]
        columns = [row[1] for row in db.execute("PRAGMA table_info(trials)")]
        marks = ", ".join(f":{name}" for name in columns)
        db.executemany(f"INSERT INTO trials VALUES ({marks})", _rows(columns, parts, figures))
        db.commit()
        best = pareto_front(np.column_stack([figures["accuracy"], figures["lut"]]), ("max", "min"))
        for trial in study.store.trials((np.flatnonzero(best) + REAL + 1).tolist()):
            key = design_from_dict(dict(trial.config), example.graph).key
            db.execute("UPDATE OR IGNORE trials SET design_key = ? WHERE number = ?", (key, trial.number))
        db.commit()
    return study


def synthetic_figures(count: int) -> dict[str, np.ndarray[Any, Any]]:
    """Return random figures with a front."""
    rng = np.random.default_rng(0)
    lut = np.exp(rng.normal(11, 0.7, count))
    accuracy = np.clip(0.76 - 0.3 * np.exp(-lut / 20_000) - np.abs(rng.normal(0, 0.03, count)), 0.2, 1.0)
    cycles = rng.integers(12, 52, count).astype(float)
    return {
        "accuracy": accuracy,
        "agreement": np.minimum(1.0, accuracy + 0.2),
        "lut": lut,
        "ff": 0.4 * lut,
        "dsp": lut // 50,
        "latency_cycles": cycles,
        "latency_ns": 5 * cycles,
        "ii_cycles": np.ones(count),
    }


def _rows(
    columns: list[str], parts: list[list[str]], figures: dict[str, np.ndarray[Any, Any]]
) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(1)
    layers = [sorted(set(column)) for column in zip(*parts, strict=True)]
    count = len(figures["lut"])
    picks = np.column_stack([rng.integers(0, len(layer), count) for layer in layers])
    empty = dict.fromkeys(columns) | {"status": "ok", "extra": "{}", "error": "", "origin": "synthetic", "note": ""}
    lists = {name: values.tolist() for name, values in figures.items()}
    for index in range(count):
        chosen = ",".join(layer[pick] for layer, pick in zip(layers, picks[index], strict=True))
        own = {name: values[index] for name, values in lists.items()}
        yield empty | own | {"design_key": f"{index:064x}", "parts": chosen}
