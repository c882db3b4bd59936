"""Figures of a study: metrics of the user's own, several outputs, tasks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.design import Design
from hlsexplore.emulate import float_forward
from hlsexplore.errors import ConfigError, StudyError
from hlsexplore.graph import Graph
from hlsexplore.metrics import Metric, accuracy, relative_error, rmse
from hlsexplore.pareto import pareto_front
from hlsexplore.study.selection import front
from hlsexplore.study.store import Store
from hlsexplore.study.study import Study

SPACE = {"uniform": {"weight": [4, 6, 8], "result": [6, 10], "reuse": [1, 4]}}


@pytest.fixture(scope="module")
def samples(small_graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(3).normal(0, 1, (120, 16))
    return x, float_forward(small_graph, x).argmax(axis=1)


def first_class(y, labels) -> float:
    """Share of samples of which the first class is decided."""
    return float((y.argmax(1) == 0).mean())


@pytest.mark.parametrize(
    "own", [(first_class, "min"), Metric(name="first_class", function=first_class, is_maximized=False)]
)
def test_own_metrics_are_objectives_like_any_other(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path, own
) -> None:
    with Study(tmp_path / "own.db", small_graph, *samples, metrics=[own, "accuracy"]) as study:
        assert study.objectives == ("first_class", "lut", "latency_cycles")
        events = []
        study.sweep(SPACE, on_event=events.append)
        trials = study.trials()
        best = min(trial.metrics["first_class"] for trial in trials)
        assert events[-1].best["first_class"] == best
        for names in (("first_class",), ("first_class:min",)):
            assert study.front(names)[0].metrics["first_class"] == best
        found = {trial.number for trial in study.front(("first_class", "lut"))}
        rows = np.array([[trial.metrics["first_class"], trial.metrics["lut"]] for trial in trials])
        mask = pareto_front(rows, ["min", "min"])
        assert found == {trial.number for trial, is_best in zip(trials, mask, strict=True) if is_best}
        assert study.front(("first_class",), where=("first_class<0",)) == []
        assert study.hypervolume_history()[1][-1] > 0
        assert {"first_class", "accuracy", "agreement"} <= set(trials[0].metrics)


def test_the_direction_of_an_own_metric_stays_with_the_file(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    path = tmp_path / "own.db"
    with Study(path, small_graph, *samples, metrics=[(first_class, "min")]) as study:
        study.sweep(SPACE)
        expected = [trial.number for trial in study.front()]
    with Store(path) as store:
        assert [trial.number for trial in front(store, ("first_class", "lut", "latency_cycles"))] == expected
    with pytest.raises(StudyError, match="more of 'first_class' is worse, and now better"):
        Study(path, small_graph, *samples, metrics=[first_class])


def test_a_figure_that_a_study_gets_later_is_found_for_its_trials(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    path = tmp_path / "later.db"
    with Study(path, small_graph, *samples) as study:
        study.sweep(SPACE)
        before = [(trial.number, trial.metrics["accuracy"]) for trial in study.trials()]
    with Study(path, small_graph, *samples, metrics=[(first_class, "min")]) as study:
        result = study.sweep(SPACE)
        trials = study.trials()
        assert [(trial.number, trial.metrics["accuracy"]) for trial in trials] == before
        assert result.num_new == 12 and all(trial.metrics["first_class"] is not None for trial in trials)
        assert study.sweep(SPACE).num_new == 0


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (["f1"], "unknown metric 'f1'. hlsexplore has 'accuracy',"),
        ([(first_class, "up")], "a metric is a name, a function of (outputs, labels), or a function with 'max' or"),
        (
            [Metric(name="lut", function=first_class)],
            "a metric of your own cannot be called 'lut', as another figure is.",
        ),
        ([first_class, (first_class, "min")], "the metric 'first_class' is given twice. Name each one with Metric("),
        ([Metric(name="f 1", function=first_class)], "the name of a metric must be a word of letters, digits and _,"),
    ],
)
def test_a_metric_that_is_none_is_named(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path, metrics, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Study(tmp_path / "none.db", small_graph, *samples, metrics=metrics)
    assert message in str(caught.value)


def test_a_study_belongs_to_one_task(
    two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    graph, x, labels = two_outputs
    path, given = tmp_path / "task.db", {**labels, "kind": np.eye(3)[labels["kind"]]}
    Study(path, graph, x, given).close()
    with pytest.raises(
        StudyError, match=r"belongs to the task \{'kind': 'multiclass', 'energy': 'regression'\}, not to"
    ):
        Study(path, graph, x, given, task={"kind": "multilabel"})


def test_every_output_with_labels_is_an_objective(
    two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    graph, x, labels = two_outputs
    for number, given in enumerate((labels, (labels["kind"], labels["energy"]))):
        with Study(tmp_path / f"{number}.db", graph, x, given) as study:
            assert study.objectives == ("accuracy_kind", "rmse_energy", "lut", "latency_cycles")
            study.sweep(
                {"layers": {"energy": {"weight": {"width": [3, 5, 8]}}, "kind_logits": {"weight": {"width": [3, 8]}}}}
            )
            for trial in study.trials():
                y = hx.emulate(study.design(trial), x)
                assert trial.metrics["accuracy_kind"] == accuracy(y[0], labels["kind"])
                assert trial.metrics["rmse_energy"] == rmse(y[1], labels["energy"])
                assert trial.metrics["relative_error_energy"] == relative_error(y[1], hx.predict(graph, x)[1])
            best = min(trial.metrics["rmse_energy"] for trial in study.trials())
            assert study.front(("rmse_energy",), where=["accuracy_kind>0"])[0].metrics["rmse_energy"] == best


def test_figures_of_outputs_may_be_said_by_their_layers(
    two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    graph, x, labels = two_outputs
    nodes = [replace(node, source="class (Dense)") if node.name == "kind" else node for node in graph.nodes]
    graph = replace(graph, nodes=tuple(nodes))
    with Study(tmp_path / "s.db", graph, x, labels, metrics=["accuracy", "rmse"]) as study:
        assert study.evaluator.spellings == {
            "accuracy_class": "accuracy_kind",
            "agreement_class": "agreement_kind",
        }
        space = {"layers": {"kind_logits": {"weight": {"width": [2, 3, 8]}}}}
        study.sweep(space, objectives=("accuracy_class", "lut"), sampler="guided", trials=3)
        wanted = [trial.number for trial in study.front(("accuracy_kind", "lut"))]
        assert [trial.number for trial in study.front(("accuracy_class", "lut"))] == wanted
        assert [trial.number for trial in study.front(("accuracy_class:max", "lut"), ["accuracy_class>0"])] == wanted
        with pytest.raises(ConfigError, match="an objective occurs twice: 'accuracy_kind', 'accuracy_kind'"):
            study.front(("accuracy_class", "accuracy_kind"))
    with Store(tmp_path / "s.db") as store:
        assert [trial.number for trial in front(store, ("accuracy_class", "lut"))] == wanted
        with pytest.raises(ConfigError, match="unknown objective 'accuracy_clas'.*'accuracy_kind'"):
            front(store, ("accuracy_clas",))


def test_figures_that_a_study_does_not_have_are_refused(
    two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    graph, x, labels = two_outputs
    message = "unknown figure 'accuracy'. This study has .*'accuracy_kind', 'rmse_energy', 'agreement_kind'"
    with Study(tmp_path / "s.db", graph, x, labels) as study:
        with pytest.raises(ConfigError, match=message):
            study.sweep({"uniform": {"weight": [4, 6]}}, objectives=("accuracy", "lut"))
        assert len(study) == 0 and study.front(("accuracy",)) == []
        study.sweep({"uniform": {"weight": [4, 6]}})
        for select in (lambda: study.front(("accuracy", "lut")), lambda: study.front(where=["accuracy>0.5"])):
            with pytest.raises(ConfigError, match=message):
                select()
        assert study.front(("accuracy_kind", "uram"))


@pytest.mark.parametrize("sampler", ["guided", "nsga2", "tpe", "random"])
def test_every_sampler_looks_for_small_errors(
    two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]], tmp_path: Path, sampler: str
) -> None:
    graph, x, labels = two_outputs
    space = {"per_layer": {"weight": [3, 5, 8, 12]}, "uniform": {"reuse": [1, 2]}}
    with Study(tmp_path / "s.db", graph, x, (None, labels["energy"])) as study:
        study.sweep(space, trials=24, sampler=sampler)
        assert study.objectives == ("rmse_energy", "lut", "latency_cycles")
        errors = [trial.metrics["rmse_energy"] for trial in study.trials()]
        best = min(study.front(("rmse_energy", "lut")), key=lambda trial: trial.metrics["rmse_energy"])
        assert best.metrics["rmse_energy"] == min(errors) < 0.5 * max(errors)


def test_an_output_without_labels_is_known_but_no_objective(
    two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    graph, x, labels = two_outputs
    with Study(tmp_path / "one.db", graph, x, labels["kind"]) as study:
        assert study.objectives == ("accuracy_kind", "lut", "latency_cycles")
        assert "relative_error_energy" in study.evaluate(Design.default(graph)).metrics
    with Study(tmp_path / "none.db", graph, x) as study:
        assert study.objectives == ("agreement_kind", "relative_error_energy", "lut", "latency_cycles")


def test_an_own_metric_of_several_outputs_gets_all_of_them(
    two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    graph, x, labels = two_outputs

    def both(y, wanted) -> float:
        return float((y[0].argmax(axis=1) == wanted[0]).mean() - np.abs(y[1][:, 0] - wanted[1]).mean())

    with Study(tmp_path / "both.db", graph, x, labels, metrics=[both]) as study:
        y = hx.emulate(Design.default(graph), x)
        figures = study.evaluate(Design.default(graph)).metrics
        assert figures["both"] == both(y, (labels["kind"], labels["energy"]))
        assert study.objectives == ("both", "lut", "latency_cycles")
