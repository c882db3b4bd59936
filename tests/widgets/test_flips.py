"""Decisions from near: samples that flip, classes, ROC, histograms."""

import json

import numpy as np
import pytest

from hlsexplore.element_types import ElementTypes
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed
from hlsexplore.metrics import auc
from hlsexplore.task import Task, TaskKind
from hlsexplore_widgets import Explorer
from hlsexplore_widgets.figures.classes import class_info, roc_info
from hlsexplore_widgets.figures.histogram import histogram_figure, histogram_info
from hlsexplore_widgets.figures.samples import sample_figure, sample_info
from hlsexplore_widgets.tensor_view import tensor_choices, tensor_histogram


def send(widget, **message) -> None:
    widget._handle_custom_msg(message, [])


def item(explorer, name):
    return next((item for item in explorer.analyse.choices.items if item["id"] == name), None)


@pytest.fixture
def coarse(explorer: Explorer) -> Explorer:
    """An explorer of a design that flips some decisions."""
    explorer.state.edit({"dense_1": {"weight": "fixed<3,1>", "result": "fixed<5,3>"}})
    assert explorer.state.wait(60)
    send(explorer.analyse.tabs, ev="tab", id="decisions")
    assert explorer.analyse.wait(60)
    return explorer


def test_flipped_samples_are_those_that_the_outputs_show(coarse: Explorer) -> None:
    evaluator = coarse.state.evaluator
    y = np.asarray(evaluator.emulator.run(coarse.design))
    before, after = evaluator.reference[0].argmax(axis=1), y.argmax(axis=1)
    found = coarse.flipped
    assert set(found.samples.tolist()) == set(np.flatnonzero(before != after).tolist()) and len(found)
    assert np.array_equal(found.before, before[found.samples]) and np.array_equal(found.after, after[found.samples])
    assert (np.diff(found.clearness) <= 0).all()
    (inputs,) = found.inputs.values()
    assert np.array_equal(inputs, coarse.state.emulator.inputs[next(iter(found.inputs))][found.samples])
    with pytest.raises(ConfigError, match="unknown output 'nope'"):
        coarse.flipped_of("nope")


def test_click_on_a_cell_lists_its_samples_and_one_is_seen_with_its_inputs(coarse: Explorer) -> None:
    found = coarse.flipped
    cell = (int(found.before[0]), int(found.after[0]))
    send(coarse.analyse.plot, ev="click", id=f"{cell[0]}:{cell[1]}", seq=1.0)
    assert coarse.analyse.wait(60)
    inside = found.samples[(found.before == cell[0]) & (found.after == cell[1])]
    assert [value for value, _ in item(coarse, "sample")["values"][1:]] == [str(number) for number in inside[:60]]
    send(coarse.analyse.choices, ev="choice", id="sample", value=str(inside[0]))
    assert coarse.analyse.wait(60)
    figure = json.loads(coarse.analyse.plot.figure)
    assert item(coarse, "seen")["label"].startswith(f"Sample {inside[0]}; its label is ")
    assert [trace["name"] for trace in figure["data"][-2:]] == ["float", "fixed point"]
    send(coarse.analyse.choices, ev="choice", id="back", value=True)
    assert coarse.analyse.wait(60) and item(coarse, "flipped") is not None


@pytest.mark.parametrize("view", ["labels", "classes", "roc"])
def test_decisions_are_compared_with_the_labels(coarse: Explorer, view: str) -> None:
    send(coarse.analyse.choices, ev="choice", id="view", value=view)
    assert coarse.analyse.wait(60)
    assert item(coarse, "view")["value"] == view and not coarse.state.messages
    data = json.loads(coarse.analyse.plot.figure)["data"]
    assert data[0]["type"] == {"labels": "heatmap", "classes": "bar", "roc": "scatter"}[view]


def test_accuracy_of_each_class_is_that_of_its_samples(coarse: Explorer) -> None:
    evaluator = coarse.state.evaluator
    y = np.asarray(evaluator.emulator.run(coarse.design))
    goal = evaluator.goals[0]
    info = class_info(goal, evaluator.reference[0], y)
    labels = np.asarray(goal.labels)
    for name, count, share, (low, high) in zip(info.names, info.counts, info.after, info.margins, strict=True):
        mine = labels == int(name)
        assert count == mine.sum() and share == pytest.approx(np.mean(y[mine].argmax(axis=1) == int(name)))
        assert low <= share <= high
    assert info.before == (1.0,) * len(info.names)  # the labels are the float network's decisions


def test_area_under_the_roc_is_the_metric(coarse: Explorer) -> None:
    evaluator = coarse.state.evaluator
    y, goal = np.asarray(evaluator.emulator.run(coarse.design)), evaluator.goals[0]
    for curve in roc_info(goal, y):
        right = (np.asarray(goal.labels) == int(curve.name)).astype(int)
        assert curve.area == auc(y[:, [int(curve.name)]], right, Task(kind=TaskKind.BINARY))
        assert np.trapezoid(curve.hits, curve.false_alarms) == pytest.approx(curve.area, abs=1e-9)
        assert curve.hits[-1] == curve.false_alarms[-1] == 1.0


def test_histogram_counts_what_the_type_does() -> None:
    info = histogram_info("w", Fixed(3, 1, overflow="SAT"), np.array([0.1, 0.3, -3.0]), np.array([0.0, 0.25, -1.0]))
    assert (info.num_distinct, info.num_out, info.num_zeroed, info.num_values) == (3, 1, 1, 3)
    assert info.before.sum() == info.after.sum() == 3
    assert "1 out of range, 1 become 0 of 3" in histogram_figure(info).layout.xaxis.title.text


def test_histogram_counts_by_the_types_of_elements() -> None:
    types = ElementTypes(signed=[True, False, True], integer=[1, 3, 0], fraction=[1, 0, 0], overflow="SAT")
    before = np.array([[0.5, 9.0, 0.25], [-3.0, 2.0, 0.0]])
    after = np.array([[0.5, 7.0, 0.0], [-1.0, 2.0, 0.0]])
    info = histogram_info("q", types.hull(), before, after, types)
    assert (info.num_out, info.num_zeroed, info.num_values) == (3, 1, 6)
    text = histogram_figure(info).layout.xaxis.title.text
    assert text.endswith("3 out of range, 1 become 0 of 6; elements of 2 to 3 bits, median 2.5, 1 of 3 without")


def test_histogram_of_a_tensor_is_shown_on_a_click(explorer: Explorer) -> None:
    send(explorer.layers.view, ev="look", layer="dense_1", key="weight")
    assert explorer.analyse.wait(60)
    assert explorer.analyse.tabs.selected == "histogram" and item(explorer, "tensor")["value"] == "dense_1/weight"
    info = tensor_histogram(explorer.design, explorer.state.x, "dense_1", "weight")
    assert info.num_values == explorer.state.graph["dense_1"].op.kernel.size
    for value, _ in tensor_choices(explorer.design):
        layer, _, key = value.rpartition("/")
        assert tensor_histogram(explorer.design, explorer.state.x, layer, key).before.sum() > 0
    with pytest.raises(ConfigError, match="counted but not kept"):
        tensor_histogram(explorer.design, explorer.state.x, "dense_1", "accum")


def test_sample_of_a_picture_is_drawn_as_a_picture() -> None:
    info = sample_info(
        3, {"image": np.ones((8, 6, 3)), "extra": np.arange(4.0)}, np.array([0.1, 0.9]), np.array([0.2, 0.8])
    )
    figure = sample_figure(info)
    assert [trace.type for trace in figure.data] == ["heatmap", "bar", "bar", "bar"]
    assert figure.data[0].z.shape == (8, 6)
