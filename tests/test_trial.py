import json

import numpy as np
import pytest

from hlsexplore.design import Design
from hlsexplore.emulate import Emulator, emulate, float_forward
from hlsexplore.errors import ConfigError, DataError
from hlsexplore.estimate import estimate
from hlsexplore.graph import Graph
from hlsexplore.metrics import Metric, accuracy, agreement, spread
from hlsexplore.study.trial import (
    Evaluator,
    Status,
    Trial,
    cost_metrics,
    direction,
    evaluate,
    result_ranges,
    try_evaluate,
)


@pytest.fixture(scope="module")
def samples(small_graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.normal(0, 1, (200, 16))
    labels = float_forward(small_graph, x).argmax(axis=1)
    labels[:20] = 0
    return x, labels


def test_evaluate_gives_the_figures_of_emulator_and_estimator(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray]
) -> None:
    x, labels = samples
    design = Design.default(small_graph, type="fixed<8,3>")
    trial = evaluate(design, x, labels)
    y, report = emulate(design, x), estimate(design)
    assert trial.metrics["accuracy"] == accuracy(y, labels)
    assert trial.metrics["agreement"] == agreement(y, float_forward(small_graph, x))
    assert trial.metrics["lut"] == report.total.lut
    assert trial.metrics["latency_cycles"] == report.total.latency_cycles_max
    assert trial.metrics["latency_ns"] == report.total.latency_cycles_max * design.target.clock_ns
    assert (trial.design_key, trial.status, trial.report) == (design.key, Status.OK, report)
    assert Design.default(small_graph).with_layers(trial.config["layers"]) == design


def test_evaluate_gives_the_same_for_samples_an_emulator_and_an_evaluator(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray]
) -> None:
    x, labels = samples
    design = Design.default(small_graph)
    sources = [(x, labels), (Emulator(small_graph, x), labels), (Evaluator.make(small_graph, x, labels), None)]
    metrics = [evaluate(design, source, given).metrics for source, given in sources]
    assert metrics[0] == metrics[1] == metrics[2]
    with pytest.raises(DataError, match="has its own labels"):
        evaluate(design, Evaluator.make(small_graph, x, labels), labels)


def test_evaluate_without_labels_gives_the_agreement_only(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray]
) -> None:
    trial = evaluate(Design.default(small_graph), samples[0])
    assert trial.metrics["agreement"] > 0.9
    assert "accuracy" not in trial.metrics


def test_evaluator_chooses_rmse_for_real_values_and_takes_own_metrics(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray]
) -> None:
    x, labels = samples
    reference = float_forward(small_graph, x)
    evaluator = Evaluator.make(small_graph, x, reference)
    figures = evaluator.quality(Design.default(small_graph))
    assert set(figures) == {"rmse", "relative_error"}
    assert 0 < figures["rmse"] < 0.1
    assert figures["relative_error"] == figures["rmse"] / spread(reference)
    own = Metric(name="first", function=lambda y, labels: float((y.argmax(1) == labels)[0]))
    figures = Evaluator.make(small_graph, x, labels, ["accuracy", "auc", own]).quality(Design.default(small_graph))
    assert set(figures) == {"accuracy", "auc", "first", "agreement"}


def test_float_metrics_are_those_of_the_float_network(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray]
) -> None:
    x, labels = samples
    evaluator = Evaluator.make(small_graph, x, labels)
    assert evaluator.float_metrics == {"accuracy": accuracy(float_forward(small_graph, x), labels)}


@pytest.mark.parametrize(
    ("x", "labels", "metrics", "error", "message"),
    [
        (np.zeros((3, 15)), None, None, DataError, "input 'x' needs samples of shape (samples, 16), not (3, 15)."),
        (np.full((3, 16), np.nan), None, None, DataError, "48 of 48 values are NaN or infinite."),
        (np.zeros((0, 16)), None, None, DataError, "needs at least one sample."),
        (np.zeros((3, 16)), [0, 1], None, DataError, "there are 2 labels for 3 samples."),
        (np.zeros((3, 16)), None, ["accuracy"], DataError, "the metric 'accuracy' needs labels."),
        (np.zeros((3, 16)), [0, 1, 2], ["acuracy"], ConfigError, "Did you mean 'accuracy'?"),
        (np.zeros((3, 16)), [0, 1, np.inf], None, DataError, "1 of 3 labels are NaN or infinite"),
        (np.zeros((3, 16)), [0, 1, 7], None, DataError, "labels must be class numbers from 0 to 4, not 7."),
        (np.zeros((3, 16)), [0, 1, 2], ["rmse"], ConfigError, "the metric 'rmse' does not fit the task 'multiclass'."),
        ("abc", None, None, DataError, "real numbers are needed, not texts"),
        ({"y": np.zeros((3, 16))}, None, None, DataError, "unknown input 'y'. The model has 'x'."),
    ],
)
def test_evaluator_names_data_that_does_not_fit(
    small_graph: Graph, x, labels, metrics: list[str] | None, error, message: str
) -> None:
    with pytest.raises(error) as caught:
        Evaluator.make(small_graph, x, labels, metrics)
    assert message in str(caught.value)


def test_try_evaluate_records_what_could_not_be_found(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray]
) -> None:
    def one_of_none(y, labels) -> int:
        return 1 / 0

    evaluator = Evaluator.make(small_graph, *samples, metrics=[one_of_none])
    trial = try_evaluate(Design.default(small_graph), evaluator, origin="test")
    assert trial.status is Status.FAILED
    assert trial.error == "the metric 'one_of_none' failed: ZeroDivisionError: division by zero"
    assert trial.metrics["one_of_none"] is None and trial.metrics["agreement"] is None
    assert trial.metrics["lut"] > 0
    assert trial.origin == "test"


def test_trial_survives_json(small_graph: Graph, samples: tuple[np.ndarray, np.ndarray]) -> None:
    trial = evaluate(Design.default(small_graph), *samples)
    again = Trial.from_dict(json.loads(json.dumps(trial.to_dict())))
    assert again == trial
    assert Trial.from_dict({**trial.to_dict(), "report": None}).report is None


@pytest.mark.parametrize(
    "data", [{}, {"design_key": "a", "config": {}, "metrics": {}, "status": "odd"}, {"colour": 1}, None]
)
def test_trial_from_something_else_is_an_error(data) -> None:
    with pytest.raises(ConfigError, match="this is no trial"):
        Trial.from_dict(data)


def test_cost_metrics_without_a_report_are_unknown_and_never_zero(small_graph: Graph) -> None:
    assert set(cost_metrics(None, Design.default(small_graph).target).values()) == {None}


def test_directions_are_known_by_name_and_own_figures_say_theirs() -> None:
    assert [direction(name) for name in ("accuracy", "rmse", "dsp", "own:max")] == ["max", "min", "min", "max"]
    with pytest.raises(ConfigError, match=r"unknown objective 'acc'.*Did you mean|unknown objective 'acc'"):
        direction("acc")
    with pytest.raises(ConfigError, match="write own:max or own:min"):
        direction("own:up")


def test_result_ranges_are_those_of_the_float_network(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray]
) -> None:
    ranges = result_ranges(small_graph, samples[0])
    y = float_forward(small_graph, samples[0])
    assert ranges["softmax"] == (y.min(), y.max())
    assert ranges["relu"][0] == 0.0
    assert ranges["x"] == (samples[0].min(), samples[0].max())
