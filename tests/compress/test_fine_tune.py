"""Training in a process of its own: what it returns, and what it says when it cannot."""

import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from hlsexplore.compress import Settings, fine_tune, fine_tune_all
from hlsexplore.compress.fine_tune import Trainer, make_job, num_shared, shared_note
from hlsexplore.design import Design
from hlsexplore.emulate import emulate
from hlsexplore.errors import CancelledError, ConfigError, DataError, ToolError, UnsupportedError
from hlsexplore.fixed import Fixed, quantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.metrics import accuracy, rmse
from hlsexplore.ops import (
    Activation,
    Cell,
    Dense,
    Function,
    Input,
    Lookup,
    Merge,
    MergeFunction,
    Recurrent,
    Softmax,
    weights,
)


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(600, 6))
    return x, (np.abs(x[:, 0]) + x[:, 1] > 1).astype(int) + (x[:, 2] > 1)


@pytest.fixture(scope="module")
def design() -> Design:
    rng = np.random.default_rng(4)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6,)),
        Node(name="fc1", op=Dense(kernel=rng.normal(0, 0.5, (6, 16)), bias=np.zeros(16)), inputs=("x",), shape=(16,)),
        Node(name="relu", op=Activation(function=Function.RELU), inputs=("fc1",), shape=(16,)),
        Node(name="fc2", op=Dense(kernel=rng.normal(0, 0.5, (16, 3)), bias=np.zeros(3)), inputs=("relu",), shape=(3,)),
        Node(name="softmax", op=Softmax(), inputs=("fc2",), shape=(3,)),
    )
    design = Design.default(Graph(name="net", nodes=nodes, outputs=("softmax",)), type="fixed<10,4>")
    return design.with_layers(
        {
            "fc1": {"weight": "fixed<5,2,RND,SAT>", "density": 0.5, "reuse": 2},
            "relu": {"result": "ufixed<6,3,RND,SAT>"},
            "fc2": {"weight": "fixed<5,2>"},
        }
    )


@pytest.fixture(scope="module")
def tuned(design: Design, data):
    return fine_tune(design, *data, epochs=12, batch_size=32, learning_rate=0.01, distill=0.0)


def test_training_gets_accuracy(design: Design, tuned, data) -> None:
    x, y = data
    assert accuracy(emulate(design, x), y) < 0.6
    assert accuracy(emulate(tuned.design, x), y) > 0.8


def test_the_design_keeps_its_types_knobs_and_zeros(design: Design, tuned) -> None:
    for name in ("fc1", "relu", "fc2", "softmax", "x"):
        before, after = design.layers[name], tuned.design.layers[name]
        assert {
            key: after.types[key] for key in after.types if key != "accum" and (name, key) != ("fc1", "result")
        } == {key: before.types[key] for key in before.types if key != "accum" and (name, key) != ("fc1", "result")}
        assert (after.reuse, after.strategy) == (before.reuse, before.strategy)
    kernel = tuned.graph["fc1"].op.kernel
    assert np.count_nonzero(kernel) <= 48 and tuned.design.layers["fc1"].masks["weight"].density == 0.5
    assert not kernel[~tuned.design.layers["fc1"].masks["weight"].kept].any()


def test_weights_are_on_their_grids(tuned) -> None:
    for node in tuned.graph:
        for key, values in weights(node.op).items():
            type_ = tuned.design.layers[node.name].types[key]
            np.testing.assert_array_equal(to_real(quantize(values, type_), type_), values)


def test_the_default_design_of_the_new_network_computes_the_same(tuned, data) -> None:
    own = Design.default(tuned.graph)
    for name, config in tuned.design.layers.items():
        assert own.layers[name].types == config.types
    softmax = tuned.design.layers["softmax"]
    own = own.with_layer("softmax", exp_integer=softmax.exp_integer, table_size=softmax.table_size)
    np.testing.assert_array_equal(emulate(own, data[0]), emulate(tuned.design, data[0]))


def test_epochs_tell_the_way(tuned) -> None:
    assert [epoch.number for epoch in tuned.epochs] == list(range(len(tuned.epochs))) and len(tuned.epochs) > 6
    assert tuned.epochs[0].loss is None and tuned.epochs[0].density == 1.0
    assert [epoch.density for epoch in tuned.epochs[6:]] == [96 / 144] * len(tuned.epochs[6:])
    assert tuned.epochs[-1].loss < tuned.epochs[1].loss


def test_the_same_seed_gives_the_same_network(design: Design, data) -> None:
    settings = Settings(epochs=2, seed=7, gradual=False, mixed=1)
    with Trainer() as trainer:
        jobs = [make_job(design, *data, task=None, teacher=None, settings=settings) for _ in range(2)]
        first, second = (trainer.train(job, lambda epoch: None, None) for job in jobs)
    assert first.design.key == second.design.key != design.key


def test_a_front_is_trained_in_turn_until_the_time_is_over(design: Design, data) -> None:
    settings = Settings(epochs=1)
    told = []
    found = fine_tune_all([design] * 3, *data, budget_s=0, settings=settings, on_tuned=told.append)
    assert len(found) == len(told) == 1 and found[0].graph.digest != design.graph.digest
    assert fine_tune_all([], *data, budget_s=0) == ()


def test_samples_that_train_and_judge_are_counted(design: Design, data) -> None:
    x = data[0]
    assert num_shared(x[:100], x[90:200], design.graph) == 10
    assert num_shared(x[:100], x[100:], design.graph) == 0


def test_cancel_ends_the_process(design: Design, data) -> None:
    cancel = threading.Event()
    with pytest.raises(
        CancelledError, match="the training was cancelled; the design and its network are as they were."
    ):
        fine_tune(design, *data, epochs=100_000, patience=100_000, cancel=cancel, on_epoch=lambda epoch: cancel.set())


def test_a_process_that_dies_is_one_sentence(design: Design, data, monkeypatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(
        ToolError, match="the training process ended early .*; the design and its network are as they were."
    ):
        fine_tune(design, *data)


def test_a_process_that_is_killed_says_so_and_not_what_it_logged(design: Design, data) -> None:
    with Trainer() as trainer:
        supervisor = trainer._process.process.pid

        def kill(epoch) -> None:
            for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)

        settings = Settings(epochs=100_000, patience=100_000)
        job = make_job(design, *data, task=None, teacher=None, settings=settings)
        with pytest.raises(ToolError) as caught:
            trainer.train(job, kill, None)
    assert str(caught.value) == (
        "the training process ended early (it was killed; the machine may be out of memory); "
        "the design and its network are as they were."
    )


@pytest.mark.parametrize(
    ("count", "labels", "options", "error", "text"),
    [
        (5, None, {}, DataError, "5 training samples are too few: at least 8 are needed."),
        (1, None, {}, DataError, "1 training sample is too few: at least 8 are needed."),
        (
            9,
            None,
            {"validation": 0.99},
            DataError,
            "9 training samples are too few: validation=0.99 leaves none to train. A share of 0.15 takes 1 of them.",
        ),
        (20, np.arange(20), {}, DataError, "0 to 2"),
        (20, np.zeros(7, dtype=int), {}, DataError, "7"),
        (20, None, {"epoch": 3}, ConfigError, "unknown option 'epoch'. fine_tune has 'epochs',"),
        (20, None, {"epochs": 0}, ConfigError, "epochs must be a whole number from 1 to 100000, not 0."),
        (
            20,
            None,
            {"learning_rate": float("nan")},
            ConfigError,
            "learning_rate must be above 0 and below 10, not nan.",
        ),
        (20, None, {"distill": 2}, ConfigError, "distill must be a share from 0 to 1, not 2."),
        (
            20,
            None,
            {"settings": Settings(), "epochs": 3},
            ConfigError,
            "give either settings or single options, not both.",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(design: Design, data, count, labels, options, error, text) -> None:
    x, y = data
    with pytest.raises(error) as caught:
        fine_tune(design, x[:count], y[:count] if labels is None else labels, **options)
    assert text in str(caught.value)


def test_labels_are_needed(design: Design, data) -> None:
    with pytest.raises(
        DataError,
        match="the output 'softmax' has no labels to train with. Give y_train for every output; a file holds them as 'y'.",
    ):
        fine_tune(design, data[0], None)


def test_a_network_with_tables_is_refused(design: Design, data) -> None:
    type_ = Fixed.parse("fixed<4,2>")
    table = Lookup(source=type_, entries=np.arange(16) - 8, type=type_)
    nodes = (design.graph["x"], Node(name="table", op=table, inputs=("x",), shape=(6,)))
    other = Design.default(Graph(name="tables", nodes=nodes, outputs=("table",)))
    with pytest.raises(UnsupportedError, match="layer 'table': a lookup layer cannot be trained"):
        fine_tune(other, data[0], np.zeros((600, 6)), task="regression")


@pytest.mark.parametrize("after", [1, 8])
def test_a_stop_keeps_the_best_so_far(design: Design, data, after: int) -> None:
    """Also where weights are still being dropped: all that the density asks for are dropped then."""
    stop = threading.Event()
    told = []

    def on_epoch(epoch) -> None:
        told.append(epoch)
        if epoch.number == after:
            stop.set()

    found = fine_tune(design, *data, epochs=3000, batch_size=32, stop=stop, on_epoch=on_epoch)
    assert after < len(found.epochs) < 1500
    assert found.epochs == tuple(told)
    assert found.design.layers["fc1"].masks["weight"].density == 0.5


def test_a_stop_ends_a_front_behind_the_training_that_runs(design: Design, data) -> None:
    stop = threading.Event()
    numbers = []

    def on_epoch(epoch) -> None:
        numbers.append(epoch.number)
        if epoch.number == 2:
            stop.set()

    options = {"budget_s": 600, "settings": Settings(epochs=3000, batch_size=32), "stop": stop}
    assert len(fine_tune_all([design] * 3, *data, on_epoch=on_epoch, **options)) == 1
    assert numbers == list(range(len(numbers)))


def test_shared_samples_are_said_whichever_side_is_larger(design: Design, data) -> None:
    x = data[0]
    assert shared_note(x[:300], x[300:], design.graph) == ""
    assert shared_note(x, x[:50], design.graph).startswith("all 50 evaluation samples are among the 600 training")
    assert shared_note(x[:50], x, design.graph).startswith("50 of the 600 evaluation samples are among the 50 training")
    assert shared_note(x.astype(np.float32), x, design.graph).startswith("all 600 evaluation samples")


def recurrent_design() -> Design:
    """A GRU that two outputs read: classes, and a value behind a residual."""
    rng = np.random.default_rng(6)
    gru = Recurrent(
        cell=Cell.GRU,
        kernel=rng.normal(0, 0.4, (2, 18)),
        recurrent_kernel=rng.normal(0, 0.4, (6, 18)),
        bias=np.zeros(18),
        recurrent_bias=np.zeros(18),
    )
    layers = (
        ("gru", gru, ("x",), (6,)),
        ("fc", Dense(kernel=rng.normal(0, 0.4, (6, 6)), bias=np.zeros(6)), ("gru",), (6,)),
        ("sum", Merge(function=MergeFunction.ADD), ("gru", "fc"), (6,)),
        ("value", Dense(kernel=rng.normal(0, 0.4, (6, 1)), bias=np.zeros(1)), ("sum",), (1,)),
        ("logits", Dense(kernel=rng.normal(0, 0.4, (6, 2)), bias=np.zeros(2)), ("gru",), (2,)),
        ("classes", Softmax(), ("logits",), (2,)),
    )
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4, 2)),
        *(Node(name=name, op=op, inputs=inputs, shape=shape) for name, op, inputs, shape in layers),
    )
    design = Design.default(Graph(name="two", nodes=nodes, outputs=("classes", "value")), type="fixed<12,4>")
    return design.with_layer("gru", weight="fixed<6,2,RND,SAT>", recurrent_weight="fixed<6,2,RND,SAT>", density=0.7)


def test_a_recurrent_network_with_two_outputs_trains() -> None:
    design = recurrent_design()
    x = np.random.default_rng(3).normal(size=(500, 4, 2))
    labels = {"classes": (x[:, :, 0].sum(axis=1) > 0).astype(int), "value": x[:, -1, 1:]}
    before = [np.asarray(part) for part in emulate(design, x)]
    tuned = fine_tune(design, x, labels, epochs=25, batch_size=32, learning_rate=0.01, distill=0.0)
    after = [np.asarray(part) for part in emulate(tuned.design, x)]
    assert accuracy(after[0], labels["classes"]) > max(0.85, accuracy(before[0], labels["classes"]))
    assert rmse(after[1], labels["value"]) < 0.7 * rmse(before[1], labels["value"])
    assert set(tuned.design.layers["gru"].masks) == {"weight", "recurrent_weight"}
    for key in ("weight", "recurrent_weight"):
        mask = tuned.design.layers["gru"].masks[key]
        assert (
            mask.density == pytest.approx(0.7, abs=0.02) and not weights(tuned.graph["gru"].op)[key][~mask.kept].any()
        )
