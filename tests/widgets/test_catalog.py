"""Columns of many trials."""

from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.graph import Graph
from hlsexplore.study.study import Study
from hlsexplore_widgets.catalog import Catalog
from hlsexplore_widgets.growth import front_growth
from hlsexplore_widgets.trial_page import Query, page_data


def test_trials_are_on_the_front_as_the_study_says(
    small_graph: Graph, small_x: np.ndarray, small_labels: np.ndarray, tmp_path: Path
) -> None:
    study = Study(tmp_path / "study.db", small_graph, small_x, small_labels)
    study.sweep({"uniform": {"weight": [3, 4, 6], "result": [4, 6, 8], "reuse": [1, 4]}}, trials=18)
    catalog = Catalog(study)
    wanted = {trial.number for trial in study.front()}
    rows = np.arange(len(catalog))
    assert set(catalog.columns["number"][rows[catalog.on_front(rows)]].tolist()) == wanted
    assert not catalog.on_front(rows[:0]).size
    study.close()


def test_figures_of_trials_are_those_of_the_level(
    small_graph: Graph, small_x: np.ndarray, small_labels: np.ndarray, tmp_path: Path
) -> None:
    base = hx.Design.default(small_graph, target=hx.Target(tool="vitis_hls"))
    study = Study(tmp_path / "study.db", small_graph, small_x, small_labels)
    study.evaluate(base)
    study.evaluate(base.with_target(tool="yosys"))
    catalog = Catalog(study)
    before = {name: catalog.columns[name].copy() for name in ("lut", "ff", "latency_cycles")}
    catalog.show_level("logic")
    wanted = hx.estimate(base, level="logic").total
    assert catalog.columns["lut"].tolist() == [wanted.lut, before["lut"][1]]
    assert catalog.columns["ff"][0] == wanted.ff and catalog.columns["latency_cycles"][0] == before["latency_cycles"][0]
    assert catalog.source(1) == "estimate, vitis_hls after logic synthesis"
    assert catalog.tools == ("vitis_hls after logic synthesis", "yosys")
    catalog.show_level("hls")
    assert catalog.columns["lut"].tolist() == before["lut"].tolist()
    study.close()


def test_growth_of_the_front_ends_where_the_study_says(
    small_graph: Graph, small_x: np.ndarray, small_labels: np.ndarray, tmp_path: Path
) -> None:
    study = Study(tmp_path / "study.db", small_graph, small_x, small_labels)
    study.sweep({"uniform": {"weight": [3, 4, 6], "result": [4, 6, 8]}}, trials=9)
    numbers, volumes = front_growth(Catalog(study), study.objectives[:2])
    _, wanted = study.hypervolume_history(study.objectives[:2])
    assert numbers[-1] == 9 and volumes[-1] == pytest.approx(wanted[-1], rel=1e-12)
    assert (np.diff(volumes) >= 0).all()
    study.close()


def test_the_table_says_of_how_many_samples_figures_are_where_some_are_of_a_part(
    small_graph: Graph, tmp_path: Path
) -> None:
    x = np.random.default_rng(0).normal(0, 1, (4000, 16))
    labels = hx.predict(small_graph, x).argmax(axis=1)
    with Study(tmp_path / "study.db", small_graph, x, labels) as study:
        study.sweep({"uniform": {"weight": [3, 8]}}, race=False)
        whole = page_data(Catalog(study), Query(), None)
        assert "samples" not in [column["label"] for column in whole["columns"]]
        study.sweep({"per_layer": {"weight": [2, 3, 8], "result": [3, 8]}}, race=True)
        page = page_data(Catalog(study), Query(descending=False), None)
    place = [column["label"] for column in page["columns"]].index("samples")
    shown = {row["cells"][place] for row in page["rows"]}
    assert shown == {"1,000", "4,000"}
    assert {row["cells"][place] for row in page["rows"] if row["front"]} == {"4,000"}
