"""Sweeps that give up designs which a part of the samples shows to be surely worse than others."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from hlsexplore.design import Design
from hlsexplore.emulate import emulate, float_forward
from hlsexplore.emulate.quality import draw_samples
from hlsexplore.errors import CancelledError
from hlsexplore.graph import Graph
from hlsexplore.metrics import accuracy
from hlsexplore.study.racing import RATES, can_race, is_surely_worse, pays_off
from hlsexplore.study.store import FORMAT, Store
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Evaluator, Status, part_sizes

SPACE = {"per_layer": {"weight": [2, 3, 4, 6, 8], "result": [3, 5, 8]}}
SAMPLES = 8000


@pytest.fixture(scope="module")
def samples(small_graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(3).normal(0, 1, (SAMPLES, 16))
    return x, float_forward(small_graph, x).argmax(axis=1)


@pytest.fixture(scope="module")
def swept(small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("racing")
    with (
        Study(folder / "raced.db", small_graph, *samples) as raced,
        Study(folder / "whole.db", small_graph, *samples) as whole,
    ):
        yield raced, raced.sweep(SPACE, race=True), whole, whole.sweep(SPACE, race=False)


def statuses(study):
    return {trial.design_key: (trial.status, trial.samples, trial.metrics["accuracy"]) for trial in study.trials()}


def test_the_inequality_behind_the_bound_holds_for_every_difference() -> None:
    differences = np.concatenate([np.linspace(-50, 1, 20_001), np.linspace(-0.01, 0.01, 2001)])
    for rate in RATES:
        left = np.exp(-rate * differences + (np.log1p(-rate) + rate) * differences**2)
        assert (left <= 1 - rate * differences + 1e-12).all()


@pytest.mark.parametrize("values", [(-1.0, 0.0, 1.0), (-1.0, 0.0, 0.5, 1.0), (-20.0, -1.0, 0.0, 1.0)])
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_a_design_that_is_no_worse_is_hardly_ever_given_up(values, share: float) -> None:
    rng = np.random.default_rng(7)
    chance, size, tries, wrong = 0.05, 400, 3000, 0
    groups = rng.integers(0, 3, 2000)
    differences = np.where(rng.random(2000) < share, rng.choice(values, 2000), 0.0)
    worse = differences < 0
    differences[worse] *= -differences[~worse].sum() / differences[worse].sum()  # the mean of all is 0: no worse
    assert differences.sum() == pytest.approx(0, abs=1e-9)
    for _ in range(tries):
        rows = draw_samples(2000, groups, size, rng)
        wrong += is_surely_worse(differences[rows], 1.0, chance)
    assert wrong <= chance * tries


def test_a_design_that_is_clearly_worse_is_given_up_on_few_samples() -> None:
    rng = np.random.default_rng(1)
    differences = rng.choice([-1.0, 0.0, 1.0], 1000, p=[0.25, 0.7, 0.05])
    assert is_surely_worse(differences, 1.0, 1e-6)
    assert not is_surely_worse(differences[:40], 1.0, 1e-6)
    assert not is_surely_worse(-differences, 1.0, 1e-6)


def test_against_a_rival_without_any_error_one_error_is_enough() -> None:
    assert is_surely_worse(np.array([0.0, -0.1]), 0.0, 1e-6)
    assert not is_surely_worse(np.zeros(2), 0.0, 1e-6)


def test_parts_hold_every_class_in_proportion_and_every_sample_as_often() -> None:
    groups = np.repeat([0, 1, 2], [6000, 3000, 1000])
    drawn = np.zeros(10_000)
    for seed in range(200):
        rows = draw_samples(10_000, groups, 1000, np.random.default_rng(seed))
        assert len(np.unique(rows)) == 1000
        assert np.abs(np.bincount(groups[rows]) - [600, 300, 100]).max() <= 1
        drawn[rows] += 1
    assert drawn.mean() == 20
    assert drawn.max() < 50
    assert np.array_equal(*(draw_samples(100, None, 10, np.random.default_rng(1)) for _ in range(2)))


def test_the_front_is_the_same_as_without_racing(swept) -> None:
    raced, result, whole, complete = swept
    assert (result.num_new, complete.num_new, complete.num_partial) == (225, 225, 0)
    assert result.num_partial > 60
    keys = [{trial.design_key for trial in study.front()} for study in (raced, whole)]
    assert keys[0] == keys[1]
    assert len(keys[0]) > 10
    own, others = statuses(raced), statuses(whole)
    assert {status for status, _, _ in others.values()} == {Status.OK}
    assert all(own[key] == others[key] for key, (status, _, _) in own.items() if status is Status.OK)


def test_figures_say_of_how_many_samples_they_are(
    swept, small_graph: Graph, samples: tuple[np.ndarray, np.ndarray]
) -> None:
    raced, result, _, _ = swept
    parts = [trial for trial in raced.trials() if trial.status is Status.PARTIAL]
    assert len(parts) == result.num_partial
    assert {trial.samples for trial in parts} == {2000}
    assert {trial.samples for trial in raced.front()} == {SAMPLES}
    rows = raced.evaluator.heats[0].rows
    y = emulate(raced.design(parts[0]), samples[0][rows])
    assert parts[0].metrics["accuracy"] == accuracy(y, samples[1][rows])
    frame = raced.to_frame()
    assert (frame.samples[frame.status == "partial"] == 2000).all()


def test_conditions_and_fronts_of_fewer_objectives_leave_partial_designs_out(swept) -> None:
    raced, result, whole, _ = swept
    assert len(raced.trials(["lut>=0"])) == 225 - result.num_partial
    for objectives in (("accuracy", "lut"), ("accuracy", "latency_cycles")):
        keys = [{trial.design_key for trial in study.front(objectives)} for study in (raced, whole)]
        assert keys[0] == keys[1]


def test_a_sweep_in_two_parts_and_one_of_several_threads_give_up_the_same(
    swept, small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    raced = swept[0]
    with Study(tmp_path / "parts.db", small_graph, *samples) as study:
        for trials in (70, 71, 225):
            study.sweep(SPACE, trials, sampler="grid", race=True)
        assert statuses(study) == statuses(raced)
    with Study(tmp_path / "threads.db", small_graph, *samples) as study:
        study.sweep(SPACE, workers=2, race=True)
        assert statuses(study) == statuses(raced)


def test_a_sweep_that_was_stopped_within_a_batch_goes_on_with_the_same_decisions(
    swept, small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    cancel = threading.Event()

    def stop(event) -> None:
        if event.num_done == 85:
            cancel.set()

    with Study(tmp_path / "stopped.db", small_graph, *samples) as study:
        with pytest.raises(CancelledError, match="after 85 of 225 designs"):
            study.sweep(SPACE, on_event=stop, cancel=cancel, race=True)
        assert study.sweep(SPACE, race=True).num_new == 140
        assert statuses(study) == statuses(swept[0])


def test_partial_designs_are_completed_when_asked_for(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path, swept
) -> None:
    with Study(tmp_path / "study.db", small_graph, *samples) as study:
        study.sweep(SPACE, 120, sampler="grid", race=True)
        first = next(trial for trial in study.trials() if trial.status is Status.PARTIAL)
        assert study.sweep(SPACE, 120, sampler="grid", race=True).num_new == 0
        done = study.evaluate(study.design(first))
        assert (done.number, done.status, done.samples) == (first.number, Status.OK, SAMPLES)
        assert study.sweep(SPACE, 120, sampler="grid", race=False).num_partial == 0
        whole = statuses(swept[2])
        assert statuses(study) == {trial.design_key: whole[trial.design_key] for trial in study.trials()}


def test_wanted_values_are_raced_by_their_squared_errors(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    wanted = float_forward(small_graph, samples[0])
    fronts = []
    for race in (True, False):
        with Study(tmp_path / f"{race}.db", small_graph, samples[0], wanted, task="regression") as study:
            result = study.sweep(SPACE, race=race)
            fronts.append({trial.design_key for trial in study.front()})
            assert (result.num_partial > 0) == race
    assert fronts[0] == fronts[1]


def test_figures_without_a_mean_over_samples_are_not_raced(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray]
) -> None:
    def worst(y, labels) -> float:
        return float(y.min())

    x, labels = samples
    names = ("accuracy", "lut")
    assert can_race(Evaluator.make(small_graph, x, labels), names)
    assert not can_race(Evaluator.make(small_graph, x[:3000], labels[:3000]), names)
    assert not can_race(Evaluator.make(small_graph, x, labels, metrics=[worst]), ("worst", "lut"))
    assert not can_race(Evaluator.make(small_graph, x, labels, metrics=["auc"]), ("auc", "lut"))
    assert not can_race(Evaluator.make(small_graph, x, labels), ("lut", "ff"))
    assert part_sizes(1_000_000) == (3906, 15625, 62500, 250000)


def test_racing_is_on_by_itself_where_all_samples_take_long(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    x, labels = samples
    rows = np.arange(400_000) % SAMPLES
    assert not pays_off(Evaluator.make(small_graph, x, labels))
    assert pays_off(Evaluator.make(small_graph, x[rows], labels[rows]))
    with Study(tmp_path / "study.db", small_graph, *samples) as study:
        assert study.sweep(SPACE, 60, sampler="grid").num_partial == 0


def test_a_figure_of_the_users_own_beside_is_unknown_for_partial_designs(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    def whole(y, labels) -> float:
        assert len(y) == SAMPLES
        return float(y.mean())

    with Study(tmp_path / "own.db", small_graph, *samples, metrics=["accuracy", whole]) as study:
        assert study.sweep(SPACE, 100, sampler="grid", race=True).num_partial
        for trial in study.trials():
            assert (trial.metrics["whole"] is None) == (trial.status is Status.PARTIAL)


def test_a_file_of_the_first_format_gets_the_column_and_keeps_its_trials(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    path = tmp_path / "old.db"
    x, labels = samples[0][:200], samples[1][:200]
    with Study(path, small_graph, x, labels) as study:
        study.sweep(SPACE, 5, sampler="grid")
        before = [(trial.number, trial.design_key, trial.metrics) for trial in study.trials()]
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE trials DROP COLUMN samples")
        db.execute("PRAGMA user_version = 1")
        db.commit()
    path.chmod(0o400)
    with Store(path, must_exist=True) as store:
        assert [(trial.number, trial.design_key, trial.metrics) for trial in store.trials()] == before
    path.chmod(0o600)
    with Study(path, small_graph, x, labels) as study:
        assert [(trial.number, trial.design_key, trial.metrics) for trial in study.trials()] == before
        assert {trial.samples for trial in study.trials()} == {None}
        assert study.sweep(SPACE, 7, sampler="grid").num_new == 2
        assert [trial.samples for trial in study.trials()][-2:] == [200, 200]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (FORMAT,)


def test_trials_of_one_design_say_all_samples(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    with Study(tmp_path / "one.db", small_graph, *samples) as study:
        assert study.evaluate(Design.default(small_graph)).samples == SAMPLES
