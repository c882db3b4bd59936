"""The whole page for a regression network, for one with two outputs, and for a metric of the user's own."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from hlsexplore import Design, Study, blame, emulate, predict
from hlsexplore.errors import ConfigError, DataError
from hlsexplore.graph import Graph, Node
from hlsexplore.metrics import accuracy, relative_error, rmse, spread
from hlsexplore.ops import Activation, Dense, Function, Input
from hlsexplore_widgets import Explorer

SWEEP = {"trials": 9, "low": 3, "high": 8}


def send(widget, **message) -> None:
    widget._on_message(widget, message, [])


def drawn(explorer, tab):
    send(explorer.analyse.tabs, ev="tab", id=tab)
    assert explorer.analyse.wait(60)
    return json.loads(explorer.analyse.plot.figure)


def swept(explorer):
    for key, value in SWEEP.items():
        send(explorer.explore.sweep_view, ev="option", key=key, value=value)
    send(explorer.explore.sweep_view, ev="start")
    assert explorer.explore.sweep.wait(60) and explorer.explore.wait(20)
    assert explorer.state.messages == ()
    return explorer.state.study


def score_tiles(explorer):
    return {item["label"]: item for item in explorer.tiles.view.shown["tiles"] if item["id"].startswith("score")}


@pytest.fixture(scope="module")
def kelvin() -> tuple[Graph, np.ndarray, np.ndarray]:
    """Temperatures in Kelvin, whole numbers, from four readings."""
    rng = np.random.default_rng(4)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4,)),
        Node(name="hidden", op=Dense(kernel=rng.normal(0, 0.6, (4, 6))), inputs=("x",), shape=(6,)),
        Node(name="relu", op=Activation(function=Function.RELU), inputs=("hidden",), shape=(6,)),
        Node(
            name="kelvin",
            op=Dense(kernel=rng.normal(0, 4, (6, 1)), bias=np.array([273.15])),
            inputs=("relu",),
            shape=(1,),
        ),
    )
    graph = Graph(name="kelvin", nodes=nodes, outputs=("kelvin",))
    x = rng.normal(0, 1, (300, 4))
    return graph, x, np.round(predict(graph, x)[:, 0])


def roomy(graph) -> Design:
    """The default design with room for values up to 512."""
    return Design.default(graph).with_layer("kelvin", result="fixed<20,10,RND,SAT>")


@pytest.fixture
def regression(kelvin: tuple[Graph, np.ndarray, np.ndarray]) -> Iterator[Explorer]:
    explorer = Explorer(*kelvin, design=roomy(kelvin[0]))
    assert explorer.state.wait(30)
    yield explorer
    explorer.close()


@pytest.fixture
def both(two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]]) -> Iterator[Explorer]:
    explorer = Explorer(*two_outputs)
    assert explorer.state.wait(30)
    yield explorer
    explorer.close()


def test_regression_is_read_out_as_rmse(regression: Explorer, kelvin: tuple[Graph, np.ndarray, np.ndarray]) -> None:
    graph, x, wanted = kelvin
    assert "regression" in regression.tiles.view.shown["subtitle"]
    (tile,) = score_tiles(regression).values()
    value = rmse(emulate(regression.design, x), wanted)
    share = 100 * relative_error(emulate(regression.design, x), predict(graph, x))
    assert tile["tip"].endswith(f"Against the float network: {share:.3g} % of the spread of its outputs")
    assert tile["label"] == "RMSE" and float(tile["value"]) == pytest.approx(value, rel=1e-3)
    # every value saturates: the tile says so, and so does the card
    send(regression.layers.view, ev="edit", seq=1.0, changes={"kelvin": {"result": "fixed<16,6,TRN,SAT>"}})
    assert regression.state.wait(30)
    (tile,) = score_tiles(regression).values()
    assert float(tile["value"].replace(",", "")) > 200 and tile["tone"] == "bad"
    assert regression.state.live.scores["relative_error"].value > 10


def test_regression_can_be_swept_and_its_pins_and_table_are_of_rmse(regression: Explorer) -> None:
    study = swept(regression)
    assert study.objectives == ("rmse", "lut", "latency_cycles")
    assert [pin["y"] for pin in regression.explore.plot.pins] == [regression.state.live.scores["rmse"].value]
    front = json.loads(regression.explore.plot.figure)["data"][-1]
    assert front["name"] == "front"
    send(regression.explore.tabs, ev="tab", id="trials")
    assert regression.explore.wait(20)
    assert [item["label"] for item in regression.explore.table.page["columns"]][:4] == [
        "trial",
        "RMSE",
        "Error vs float",
        "LUT",
    ]


def test_regression_is_blamed_and_narrowed_in_units_of_its_spread(
    regression: Explorer, kelvin: tuple[Graph, np.ndarray, np.ndarray]
) -> None:
    graph, x, wanted = kelvin
    send(regression.layers.view, ev="edit", seq=1.0, changes={"kelvin": {"weight": "fixed<4,4>"}})
    assert regression.state.wait(30)
    figure = drawn(regression, "blame")
    assert figure["data"][0]["y"][-1] == "kelvin.weight"
    assert figure["layout"]["xaxis"]["title"]["text"].startswith("% of the spread of the wanted values; ")
    found = blame(regression.design, x, wanted)
    lost = rmse(emulate(regression.design, x), wanted) - rmse(predict(graph, x), wanted)
    assert found.metric == "rmse" and found.loss == pytest.approx(lost / spread(wanted))
    labels = [item["label"] for item in regression.analyse.choices.items]
    assert labels[0] == "loss that is allowed, % of the spread of the wanted values"

    send(regression.layers.view, ev="edit", seq=2.0, changes={"kelvin": {"weight": "fixed<16,5>"}})
    send(regression.analyse.choices, ev="choice", id="tolerance", value="2")
    send(regression.analyse.choices, ev="choice", id="propose", value=True)
    assert regression.analyse.wait(60) and regression.state.wait(30)
    assert regression.state.messages == ()
    y = emulate(regression.design, x)
    assert (rmse(y, wanted) - rmse(predict(graph, x), wanted)) / spread(wanted) < 0.025
    assert regression.design.type("hidden", "weight").width < 16


def test_regression_shows_the_errors_of_its_values(
    regression: Explorer, kelvin: tuple[Graph, np.ndarray, np.ndarray]
) -> None:
    graph, x, _ = kelvin
    figure = drawn(regression, "decisions")
    errors = emulate(regression.design, x) - predict(graph, x)
    np.testing.assert_allclose(np.array(figure_values(figure["data"][0]["y"])), errors.ravel())
    assert "% of the spread" in figure["layout"]["xaxis"]["title"]["text"]
    worst = regression.analyse.choices.items[-1]["label"]
    assert f": {np.abs(errors[:, 0]).argmax()}," in worst


def figure_values(values):
    import base64

    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
    return values


def test_two_outputs_have_a_tile_each_and_are_swept_together(
    both: Explorer, two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]]
) -> None:
    _, x, labels = two_outputs
    y = emulate(both.design, x)
    tiles = score_tiles(both)
    assert list(tiles) == ["Accuracy of kind", "RMSE of energy"]
    assert float(tiles["Accuracy of kind"]["value"]) == pytest.approx(100 * accuracy(y[0], labels["kind"]), abs=0.005)
    assert float(tiles["RMSE of energy"]["value"]) == pytest.approx(rmse(y[1], labels["energy"]), rel=1e-3)
    study = swept(both)
    assert study.objectives == ("accuracy_kind", "rmse_energy", "lut", "latency_cycles")
    for axis in ("accuracy_kind", "rmse_energy", "agreement_kind", "relative_error_energy"):
        send(both.explore.choices, ev="choice", id="y", value=axis)
        assert both.explore.wait(20)
        assert [pin["y"] for pin in both.explore.plot.pins] == [both.state.live.scores[axis].value]
    for tab in ("parallel", "trials", "linked", "importance", "progress"):
        send(both.explore.tabs, ev="tab", id=tab)
        assert both.explore.wait(20) and both.state.messages == ()


def test_two_outputs_are_blamed_together_and_neither_is_narrowed_away(
    both: Explorer, two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]]
) -> None:
    graph, x, labels = two_outputs
    found = blame(both.design, x, labels)
    assert found.metric == "accuracy_kind, rmse_energy" and found.best == 1.0
    assert drawn(both, "blame")["layout"]["xaxis"]["title"]["text"].startswith("% of loss, mean of accuracy_kind, rm")
    send(both.analyse.choices, ev="choice", id="tolerance", value="2")
    send(both.analyse.choices, ev="choice", id="propose", value=True)
    assert both.analyse.wait(60) and both.state.wait(30)
    y, reference = emulate(both.design, x), predict(graph, x)
    assert accuracy(y[0], labels["kind"]) >= 0.97
    assert (rmse(y[1], labels["energy"]) - rmse(reference[1], labels["energy"])) / spread(labels["energy"]) < 0.025


def test_each_output_can_be_looked_at(both: Explorer) -> None:
    assert [item["id"] for item in choices_of(both, "decisions")] == ["output", "view", "flipped"]
    assert json.loads(both.analyse.plot.figure)["data"][0]["type"] == "heatmap"
    send(both.analyse.choices, ev="choice", id="output", value="1")
    assert both.analyse.wait(20)
    assert [item["id"] for item in both.analyse.choices.items] == ["output", "sample", "worst"]
    assert json.loads(both.analyse.plot.figure)["data"][0]["type"] == "scattergl"


def choices_of(explorer, tab):
    drawn(explorer, tab)
    return explorer.analyse.choices.items


def test_an_output_without_labels_is_said_not_to_be_scored(
    two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]],
) -> None:
    graph, x, labels = two_outputs
    explorer = Explorer(graph, x, (labels["kind"], None))
    assert explorer.state.wait(30)
    assert "not scored, for want of labels: energy" in explorer.tiles.view.shown["subtitle"]
    assert list(score_tiles(explorer)) == ["Accuracy of kind"]
    # it is not scored, but types that ruin it are not proposed either
    send(explorer.analyse.choices, ev="choice", id="tolerance", value="1")
    send(explorer.analyse.choices, ev="choice", id="propose", value=True)
    assert explorer.analyse.wait(60) and explorer.state.wait(30)
    y, reference = emulate(explorer.design, x), predict(graph, x)
    assert relative_error(y[1], reference[1]) < 0.02
    explorer.close()


def test_a_design_with_two_outputs_is_saved_with_its_labels(
    both: Explorer,
    two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, _, labels = two_outputs
    monkeypatch.chdir(tmp_path)
    send(both.build.view, ev="card")
    card = yaml.safe_load((tmp_path / "two-rtl_design_card.yaml").read_text())
    assert card["tasks"] == {"kind": "multiclass", "energy": "regression"}
    assert card["rmse_energy"]["value"] == both.state.live.scores["rmse_energy"].value
    send(both.build.view, ev="notebook")
    with np.load(tmp_path / "two-rtl_design_data.npz") as data:
        assert set(data) == {"x", "y_kind", "y_energy"}
        np.testing.assert_array_equal(data["y_energy"], labels["energy"])


def mean_bias(y, labels) -> float:
    return float(np.abs(np.mean(y[:, 0] - labels)))


def test_an_own_metric_is_an_objective_everywhere(kelvin: tuple[Graph, np.ndarray, np.ndarray]) -> None:
    graph, x, wanted = kelvin
    explorer = Explorer(graph, x, wanted, metric=(mean_bias, "min"), design=roomy(graph))
    assert explorer.state.wait(30)
    expected = mean_bias(emulate(explorer.design, x), wanted)
    assert explorer.state.live.score.value == expected
    study = swept(explorer)
    assert study.objectives == ("mean_bias", "lut", "latency_cycles")
    best = min(trial.metrics["mean_bias"] for trial in study.trials())
    assert study.front(("mean_bias",))[0].metrics["mean_bias"] == best
    (pin,) = explorer.explore.plot.pins
    assert pin["y"] == expected
    assert explorer.explore.choices.items[0]["values"][0] == ["mean_bias", "mean_bias"]
    # smaller is better on the plot too
    front = json.loads(explorer.explore.plot.figure)["data"][-1]
    assert min(figure_values(front["y"])) == best
    send(explorer.layers.view, ev="edit", seq=1.0, changes={"kelvin": {"bias": "fixed<9,9>"}})
    assert explorer.state.wait(30)
    assert score_tiles(explorer)["mean_bias"]["tone"] == "bad"
    figure = drawn(explorer, "blame")
    assert figure["data"][0]["y"][-1] == "kelvin.bias"
    assert figure["layout"]["xaxis"]["title"]["text"].startswith("% of the float network's mean_bias; ")
    send(explorer.analyse.choices, ev="choice", id="propose", value=True)
    assert explorer.analyse.wait(60) and explorer.state.wait(30) and explorer.state.messages == ()
    explorer.close()


def test_a_study_of_another_figure_of_merit_is_refused(
    kelvin: tuple[Graph, np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    graph, x, wanted = kelvin
    with (
        Study(tmp_path / "s.db", graph, x, wanted) as study,
        pytest.raises(ConfigError, match="is judged by 'rmse', not by 'mean_bias'. Open it with metrics="),
    ):
        Explorer(graph, x, wanted, study=study, metric=(mean_bias, "min"))
    with (
        Study(tmp_path / "s.db", graph, x, wanted) as study,
        pytest.raises(DataError, match="is of another network or of other samples and labels than these"),
    ):
        Explorer(graph, x[:100], wanted[:100], study=study)
    path = tmp_path / "own.db"
    explorer = Explorer(graph, x, wanted, study=path, metric=(mean_bias, "min"))
    assert explorer.state.study.objectives[0] == "mean_bias"
    explorer.close()


def test_a_task_can_be_said(kelvin: tuple[Graph, np.ndarray, np.ndarray]) -> None:
    graph, x, wanted = kelvin
    with pytest.raises(DataError, match="labels of a single output must be 0 and 1"):
        Explorer(graph, x, wanted, task="binary")
    explorer = Explorer(graph, x, (wanted > 270).astype(int), task="binary:270", design=roomy(graph))
    assert explorer.state.wait(30)
    assert explorer.state.live.scores["accuracy"].value > 0.9
    figure = drawn(explorer, "decisions")
    assert figure["data"][0]["x"] == ["no", "yes"]
    explorer.close()


def test_an_analysis_that_fails_says_so_in_its_place(kelvin: tuple[Graph, np.ndarray, np.ndarray]) -> None:
    graph, x, wanted = kelvin

    def fails_when_narrow(y, labels) -> float:
        if np.ptp(y) < 1:
            raise ValueError("no spread")
        return 1.0

    explorer = Explorer(graph, x, wanted, metric=fails_when_narrow)
    assert explorer.state.wait(30)
    send(
        explorer.layers.view, ev="edit", seq=1.0, changes={"kelvin": {"result": "fixed<9,9>", "weight": "fixed<1,-9>"}}
    )
    assert explorer.state.wait(30)
    figure = drawn(explorer, "blame")
    assert figure["layout"]["annotations"][0]["text"] == "the metric 'fails_when_narrow' failed: ValueError: no spread"
    explorer.close()
