"""trace, profile, blame and propose_types, each on a case where the incumbent's defaults lose accuracy silently."""

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import graphs

import hlsexplore as hx
from hlsexplore.design import Design
from hlsexplore.emulate import profile
from hlsexplore.emulate.quality import make_doubt
from hlsexplore.errors import ConfigError
from hlsexplore.examples import NAMES, VARIANTS, load
from hlsexplore.graph import Graph
from hlsexplore.metrics import accuracy
from hlsexplore.task import Goal, Task, TaskKind


@pytest.fixture(scope="module")
def jets():
    example = load("jets", "keras")
    return example.graph, example.x[:3000], example.labels[:3000]


@pytest.fixture(scope="module")
def starved(jets) -> Design:
    """The jet tagger with the logits' type that hls4ml chooses by default, and a table over all of their range."""
    softmax = jets[0].outputs[0]
    return (
        Design.default(jets[0])
        .with_layer("output", result="fixed<38,18>")
        .with_layer(softmax, exp_integer=64, table_size=1024)
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_default_design_is_within_one_percent_of_float(name, variant) -> None:
    example = load(name, variant)
    x, labels = example.x[:2000], example.labels[:2000]
    best = accuracy(hx.predict(example.graph, x), labels)
    assert accuracy(hx.emulate(Design.default(example.graph), x), labels) >= best - 0.01


def test_trace_counts_overflow_saturation_and_underflow(small_graph: Graph) -> None:
    x = np.full((4, 16), 9.0)
    x[0, 0], x[1, 1] = 0.01, -9.0
    wrapping = Design.default(small_graph).with_input("fixed<8,4>")
    found = hx.trace(wrapping, x).of("x")
    assert (found.num_values, found.num_wrapped, found.num_saturated, found.num_underflowed) == (64, 63, 0, 1)
    found = hx.trace(wrapping.with_input("fixed<8,4,TRN,SAT>"), x).of("x")
    assert (found.num_wrapped, found.num_saturated) == (0, 63)
    assert found.high == 9.0
    assert found.max_error == 9.0 - 7.9375


def test_trace_results_are_those_of_the_emulator(small_graph: Graph) -> None:
    design, x = Design.default(small_graph), np.random.default_rng(0).normal(0, 2, (50, 16))
    counts = hx.trace(design, x, keep_results=True)
    np.testing.assert_array_equal(counts.results["softmax"], hx.emulate(design, x))
    assert set(counts.results) == {"x", "dense_1", "relu", "dense_2", "softmax"}


@settings(deadline=None, max_examples=50)
@given(graph=graphs())
def test_every_layer_has_counts_and_results_also_where_no_output_reads_it(graph) -> None:
    x = {node.name: np.random.default_rng(0).normal(0, 2, (20, *node.shape)) for node in graph.inputs}
    counts = hx.trace(Design.default(graph), x, keep_results=True)
    assert {item.layer for item in counts} == {node.name for node in graph}
    assert {name: values.shape for name, values in counts.results.items()} == {
        node.name: (20, *node.shape) for node in graph
    }


def test_trace_of_an_unknown_tensor_names_the_nearest(small_graph: Graph) -> None:
    counts = hx.trace(Design.default(small_graph), np.zeros((1, 16)))
    with pytest.raises(ConfigError, match=r"Did you mean 'dense_1\.weight'\?"):
        counts.of("dense_1", "weigth")


def test_inputs_scaled_by_twenty_overflow_and_the_trace_says_so(jets) -> None:
    graph, x, _ = jets
    found = hx.trace(Design.default(graph).with_input("fixed<16,6>"), 20 * x).of("features")
    assert found.num_wrapped > 0.05 * found.num_values


def test_profile_places_boxes_over_the_range_of_the_type(small_graph: Graph) -> None:
    x = np.random.default_rng(0).normal(0, 1, (300, 16))
    boxes = {(box.layer, box.key): box for box in profile(Design.default(small_graph), x)}
    box = boxes["x", "result"]
    assert (box.type_low, box.type_high) == (-10, 5)
    assert box.low <= box.whisker_low <= box.box_low <= box.median <= box.box_high <= box.whisker_high <= box.high
    assert abs(box.median - np.log2(np.median(np.abs(x)))) < 0.1


def test_hls4ml_default_logits_starve_the_softmax_and_blame_says_so(jets, starved: Design) -> None:
    graph, x, labels = jets
    assert accuracy(hx.emulate(starved, x), labels) < 0.3 < 0.7 < accuracy(hx.predict(graph, x), labels)
    found = hx.blame(starved, x, labels, max_samples=1000)
    worst = found.tensors[0]
    assert (worst.layer, worst.key) == ("output", "result")
    assert worst.cost > 0.4
    assert worst.reason.startswith("table index: softmax reads only the top 10 bits of fixed<38,18>, a step of 128,")
    assert found.layers[0].layer == "output"


def test_blame_says_how_far_its_costs_are_from_chance(jets) -> None:
    graph, x, labels = jets
    design = Design.default(graph, type="fixed<8,3>").with_layer("fc2", weight="fixed<3,1>")
    found = hx.blame(design, x, labels, max_samples=400)
    worst = found.tensors[0]
    assert (worst.layer, worst.key) == ("fc2", "weight") and worst.cost > worst.cost_margin > 0.005
    single = [item for item in found.tensors if 0 < abs(item.cost) < 1.5 / 400]
    assert all(item.cost_margin > 0.9 * abs(item.cost) for item in single)
    few = hx.blame(design, x[:19], labels[:19])
    assert few.tensors[0].cost_margin is None


def test_margin_of_a_share_is_the_textbook_interval() -> None:
    margins = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, 2000)
        decided = np.where(rng.random(2000) < 0.8, labels, 1 - labels)
        goal = Goal(output="y", task=Task(kind=TaskKind.MULTICLASS), given=labels, labels=labels)
        doubt = make_doubt((goal,), "accuracy", (np.eye(2)[labels],))
        margins.append(doubt.margin(doubt.losses((np.eye(2)[decided],))))
    assert np.mean(margins) == pytest.approx(2.093 * np.sqrt(0.8 * 0.2 / 2000), rel=0.15)


def test_blame_finds_a_truncating_accumulator(jets) -> None:
    graph, x, labels = jets
    narrow = Design.default(graph).with_layer("fc2", accum="fixed<9,6>")
    worst = hx.blame(narrow, x, labels, max_samples=1000).tensors[0]
    assert (worst.layer, worst.key) == ("fc2", "accum")
    inside = hx.trace(narrow, x[::3]).inside("fc2")
    assert inside.num_rounded > 0.4 * inside.num_values
    assert "% of the products lose bits" in worst.reason


@pytest.mark.parametrize("safety", ["data", "inputs"])
def test_proposed_types_repair_the_starved_softmax(jets, starved: Design, safety: str) -> None:
    graph, x, labels = jets
    fixed = hx.propose_types(starved, x, labels, safety=safety)
    assert accuracy(hx.emulate(fixed, x), labels) >= accuracy(hx.predict(graph, x), labels) - 0.01
    counts = hx.trace(fixed, x)
    assert sum(item.num_wrapped for item in counts if item.key in ("accum", "result")) == 0


def test_proposed_types_shrink_within_the_tolerance(jets) -> None:
    graph, x, labels = jets
    design = Design.default(graph)
    small = hx.propose_types(design, x, labels, tolerance=0.01, max_samples=1000)
    assert accuracy(hx.emulate(small, x), labels) >= accuracy(hx.emulate(design, x), labels) - 0.02
    keys = [(node.name, "weight") for node in graph.layers if "weight" in design.layers[node.name].types]
    assert sum(small.type(*key).width for key in keys) < 0.75 * sum(design.type(*key).width for key in keys)


def test_propose_types_refuses_an_unknown_safety(jets) -> None:
    with pytest.raises(ConfigError) as caught:
        hx.propose_types(Design.default(jets[0]), jets[1][:10], safety="always")
    assert str(caught.value) == "unknown safety 'always'. Valid values: 'data', 'inputs'."
