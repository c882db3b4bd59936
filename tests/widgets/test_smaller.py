"""A smaller network from the page: offers, pruning and fine-tuning; networks that come of it on the same plot."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hlsexplore import Design
from hlsexplore.emulate import emulate, float_forward
from hlsexplore.foreign_design import read_design
from hlsexplore.graph import Graph, Node
from hlsexplore.metrics import accuracy
from hlsexplore.ops import Activation, Dense, Function, Input
from hlsexplore.study.study import Study
from hlsexplore.target import Target
from hlsexplore_widgets import Explorer
from hlsexplore_widgets.cards import save_notebook
from hlsexplore_widgets.figures.training import training_info


@pytest.fixture(scope="module")
def graph() -> Graph:
    rng = np.random.default_rng(5)
    first, second = rng.normal(0, 0.6, (5, 10)), rng.normal(0, 0.6, (10, 3))
    second[[2, 7]] = 0
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(5,)),
        Node(name="fc1", op=Dense(kernel=first, bias=rng.normal(0, 0.3, 10)), inputs=("x",), shape=(10,)),
        Node(name="relu", op=Activation(function=Function.RELU), inputs=("fc1",), shape=(10,)),
        Node(name="fc2", op=Dense(kernel=second, bias=np.zeros(3)), inputs=("relu",), shape=(3,)),
    )
    return Graph(name="tiny", nodes=nodes, outputs=("fc2",))


@pytest.fixture(scope="module")
def data(graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(7).normal(0, 1, (600, 5))
    return x, float_forward(graph, x).argmax(axis=1)


@pytest.fixture
def explorer(graph: Graph, data: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> Iterator[Explorer]:
    x, y = data
    design = Design.default(graph, Target(), "fixed<4,3>")
    explorer = Explorer(graph, x[:200], y[:200], design=design, study=tmp_path / "s.db", train=(x[200:], y[200:]))
    assert explorer.state.wait(200) and explorer.smaller.wait(60)
    yield explorer
    explorer.close()
    explorer.state.study.close()


def send(explorer: Explorer, **content) -> None:
    explorer.smaller.controls._on_message(None, content, [])


def messages(explorer: Explorer) -> list[str]:
    return [item.text for item in explorer.state.messages]


def test_neurons_that_can_go_are_offered_and_taken(explorer: Explorer) -> None:
    state = explorer.state
    shown = explorer.smaller.controls.offers
    assert shown["rows"][0]["text"].startswith("fc1: 2 neurons can go, nothing reads them; saves ")
    assert shown["rows"][0]["exact"] and shown["text"].endswith("% of the weights are not 0. ")
    before = state.design
    send(explorer, ev="take", number=0, seq=1.0)
    assert state.wait(200) and explorer.smaller.wait(60)
    assert state.graph["fc1"].shape == (8,) and messages(explorer) == []
    np.testing.assert_array_equal(emulate(state.design, state.x), emulate(before, state.x))
    assert next(row for row in explorer.layers.view.rows if row["name"] == "fc1") != {}
    assert explorer.smaller.controls.offers["text"].endswith("No neuron can go: all are needed.")
    small, whole = state.study.evaluate(state.design), state.study.evaluate(before)
    assert small.metrics["accuracy"] == whole.metrics["accuracy"] and small.metrics["lut"] <= whole.metrics["lut"]
    send(explorer, ev="take", number=None, seq=2.0)
    assert state.graph["fc1"].shape == (8,)  # nothing was left to take
    state.undo()
    assert state.design == before and state.wait(200)
    state.refresh_study()
    explorer.explore._load(small.number, 3.0)  # a click on the plot
    assert state.graph["fc1"].shape == (8,) and state.wait(200)
    assert state.live.scores["accuracy"].value == small.metrics["accuracy"]


def test_fine_tuning_gives_a_new_network_of_the_study(
    explorer: Explorer, data: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    state, job = explorer.state, explorer.smaller.job
    before = state.design
    assert not job.warning and explorer.smaller.controls.status["has_data"]
    send(explorer, ev="option", key="epochs", value="40")
    send(explorer, ev="option", key="learning_rate", value="0.01")
    send(explorer, ev="tune")
    assert job.is_active and job.wait(400) and job.status.condition == "done"
    assert messages(explorer) == []
    x, y = data
    assert state.graph.digest != before.graph.digest and state.wait(200)
    old, new = state.study.trials()
    assert old.metrics["accuracy"] == accuracy(emulate(before, x[:200]), y[:200])
    assert new.metrics["accuracy"] == accuracy(emulate(state.design, x[:200]), y[:200]) > old.metrics["accuracy"]
    shares = [f"{100 * trial.metrics['accuracy']:.2f} %" for trial in (old, new)]
    assert job.status.message.startswith(f"accuracy {shares[0]} → {shares[1]}, LUT")
    info = training_info(job.curve)
    assert info.numbers[0] == 0 and len(info.numbers) == len(info.scores) > 2
    assert dict(info.lines) == {
        "float network": 1.0,
        "before": old.metrics["accuracy"],
        "after": new.metrics["accuracy"],
    }
    assert explorer.smaller.plot.layout.display == "" and "validation samples" in explorer.smaller.plot.figure
    with Study(state.study.path, before.graph, x[:200], y[:200]) as study:  # another process finds it whole
        assert study.design(new.number) == state.design
    explorer.build.job.choose(folder=str(tmp_path / "net-rtl"))
    path = save_notebook(state, explorer.build.job.options, (tmp_path / "first.keras",))  # its model is the new network
    assert "net-rtl_network" in path.read_text() and "first.keras" not in path.read_text()
    assert read_design(tmp_path / "net-rtl_network") == state.design
    state.edit({"fc1": {"reuse": 5}})  # and it is edited like any other
    assert state.wait(200) and state.live.scores and not state.live.errors


def test_the_front_is_tuned_in_turn_and_what_is_done_is_kept(explorer: Explorer) -> None:
    state, job = explorer.state, explorer.smaller.job
    send(explorer, ev="front")
    assert messages(explorer) == ["there is no front yet. Start a sweep, or fine-tune the design on the screen."]
    state.study.sweep({"uniform": {"weight": [3, 4, 6]}}, base=state.design)
    state.refresh_study()
    wanted = len(job._front())
    assert wanted > 1
    send(explorer, ev="option", key="epochs", value="2000")
    state.subscribe(lambda topic: job.stop() if job.curve.epochs else None, "tune")
    send(explorer, ev="front")
    assert job.wait(400)
    assert job.status.condition == "done" and len(state.study) == 4
    assert job.status.message.startswith(f"1 designs of {wanted} in the time, ")


def test_samples_that_both_train_and_evaluate_are_said(
    explorer: Explorer, data: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    x, y = data
    np.savez(tmp_path / "all.npz", x=x, y=y)
    send(explorer, ev="option", key="path", value=str(tmp_path / "all.npz"))
    warning = explorer.smaller.controls.status["warning"]
    assert warning.startswith("all 200 evaluation samples are among the 600 training samples: their figures flatter.")
    send(explorer, ev="option", key="path", value=str(tmp_path / "none.npz"))
    assert "none.npz" in messages(explorer)[0]
    assert explorer.smaller.controls.status["path"] == str(tmp_path / "all.npz")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"ev": "option", "key": "epochs", "value": "many"}, "epochs: a number is needed, not 'many'."),
        ({"ev": "option", "key": "epochs", "value": "0"}, "epochs must be"),
        ({"ev": "option", "key": "minutes", "value": "-1"}, "the time for a front must be above 0"),
        ({"ev": "option", "key": "size", "value": "1"}, "fine-tuning has no option 'size'."),
        ({"ev": "option", "key": "density", "value": "0"}, "the share of weights that stays must be above 0"),
    ],
)
def test_wrong_options_are_one_sentence(explorer: Explorer, content: dict[str, str], text: str) -> None:
    send(explorer, **content)
    assert len(messages(explorer)) == 1 and messages(explorer)[0].startswith(text)


def test_pruning_by_saliency_is_a_step_of_the_history(explorer: Explorer) -> None:
    before = explorer.state.design
    send(explorer, ev="option", key="density", value="60")
    send(explorer, ev="prune")
    assert explorer.smaller.wait(100) and explorer.state.design != before and messages(explorer) == []
    shares = [config.density for config in explorer.state.design.layers.values()]
    assert min(shares) < 1
    explorer.state.undo()
    assert explorer.state.design == before


def test_without_training_data_the_page_says_what_it_needs(graph: Graph, data: tuple[np.ndarray, np.ndarray]) -> None:
    explorer = Explorer(graph, *data, design=Design.default(graph))
    try:
        assert not explorer.smaller.controls.status["has_data"]
        send(explorer, ev="tune")
        assert messages(explorer) == ["fine-tuning needs training data: give the path of an .npz file with x and y."]
    finally:
        explorer.close()
