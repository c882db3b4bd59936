"""Figures: the info is compared, never pixels."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hlsexplore.design import Design
from hlsexplore.emulate import Blame, BlameList
from hlsexplore.estimate import estimate
from hlsexplore.examples import load
from hlsexplore.report import Figures, Report
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Trial
from hlsexplore.target import Target
from hlsexplore_widgets import Explorer
from hlsexplore_widgets import figures as fg
from hlsexplore_widgets.figures.compared import compared_figure, compared_info
from hlsexplore_widgets.figures.knobs import explained
from hlsexplore_widgets.figures.parallel import within
from hlsexplore_widgets.figures.pareto import MAX_POINTS, explain
from hlsexplore_widgets.shelf import NamedDesign
from hlsexplore_widgets.trial_page import cell_text

DIRECTIONS = {"accuracy": "max", "lut": "min"}


def columns(accuracy, lut, ok=None) -> dict[str, np.ndarray]:
    count = len(lut)
    return {
        "number": np.arange(1, count + 1),
        "is_ok": np.ones(count, bool) if ok is None else np.array(ok),
        "accuracy": np.array(accuracy, float),
        "lut": np.array(lut, float),
    }


def test_front_holds_the_trials_that_no_other_beats() -> None:
    info = fg.pareto_info(columns([0.9, 0.8, 0.95, 0.7, 0.9], [10, 5, 20, 8, 10]), "lut", "accuracy", DIRECTIONS)
    assert info.numbers[info.front].tolist() == [2, 1, 5, 3]


def test_failed_unknown_and_excluded_trials_are_not_on_the_front() -> None:
    table = columns([0.9, 0.99, np.nan, 0.8], [10, 1, 1, 5], ok=[True, False, True, True])
    info = fg.pareto_info(table, "lut", "accuracy", DIRECTIONS, kept=np.array([True, True, True, False]))
    assert info.numbers.tolist() == [1, 4] and info.numbers[info.front].tolist() == [1]


def test_zero_is_drawn_at_the_edge_of_a_logarithmic_axis_and_stays_on_the_front() -> None:
    info = fg.pareto_info(columns([0.9, 0.8, 0.95], [0, 5, 500]), "lut", "accuracy", DIRECTIONS, log_x=True)
    assert info.numbers[info.front].tolist() == [1, 3]
    figure = fg.pareto_figure(info)
    drawn = {trace.name: trace for trace in figure.data}
    edge = 5 / 10 ** (0.08 * 2)  # 8 % of the two decades below the smallest value that has a place
    assert drawn["front"].x.tolist() == pytest.approx([edge, 500])
    assert drawn["trials"].customdata.tolist() == [2, 3]
    assert drawn["at the edge"].x.tolist() == pytest.approx([edge])
    assert drawn["at the edge"].text == ("Accuracy 90.00 %<br>LUT 0",)
    (note,) = figure.layout.annotations
    assert note.text == "≤ 0" and note.x == pytest.approx(np.log10(edge))


def test_trials_that_are_all_zero_are_drawn_on_a_logarithmic_axis() -> None:
    info = fg.pareto_info(columns([0.9, 0.8], [0, 0]), "lut", "accuracy", DIRECTIONS, log_x=True)
    figure = fg.pareto_figure(info)
    assert info.numbers[info.front].tolist() == [1] and figure.data[0].customdata.tolist() == [1, 2]
    assert (figure.data[0].x > 0).all()


@pytest.mark.parametrize("is_log", [False, True])
def test_infinite_figures_are_drawn_at_the_edge_and_unknown_ones_are_counted(is_log: bool) -> None:
    table = columns([0.9, 0.8, 0.95, np.nan], [10, 5, np.inf, 7])
    info = fg.pareto_info(table, "lut", "accuracy", DIRECTIONS, log_x=is_log, colour_name="lut")
    figure = fg.pareto_figure(info)
    assert info.numbers[info.front].tolist() == [2, 1, 3] and info.num_unknown == 1
    assert figure.data[-1].x[-1] > 10 and np.isfinite(figure.data[-1].x).all()
    assert figure.data[-1].text[-1] == "Accuracy 95.00 %<br>LUT ∞"
    assert [note.text for note in figure.layout.annotations] == ["∞"]
    assert all(np.isfinite(trace.marker.color.astype(float)).all() for trace in figure.data[:-1])
    unknown = fg.pareto_figure(fg.pareto_info(columns([np.nan], [3]), "lut", "accuracy", DIRECTIONS))
    assert unknown.layout.annotations[0].text == "No trial has both Accuracy and LUT (1 have at most one of them)."


def test_a_million_trials_with_zeros_are_a_density_on_a_logarithmic_axis() -> None:
    lut = np.r_[np.zeros(5), np.linspace(1, 1e5, MAX_POINTS)]
    info = fg.pareto_info(columns(np.linspace(0, 1, len(lut)), lut), "lut", "accuracy", DIRECTIONS, log_x=True)
    figure = fg.pareto_figure(info)
    assert np.isfinite(figure.data[0].x).all() and 5 in info.numbers[info.front]


def test_very_many_trials_are_drawn_as_a_density_with_a_real_front() -> None:
    rng = np.random.default_rng(0)
    count = MAX_POINTS + 1
    info = fg.pareto_info(columns(rng.random(count), rng.random(count) * 1e5), "lut", "accuracy", DIRECTIONS)
    figure = fg.pareto_figure(info)
    assert [trace.type for trace in figure.data] == ["heatmap", "scatter"]
    assert len(fg.figure_json(figure)) < 1_500_000


def test_points_carry_their_trial_and_budget_is_shaded() -> None:
    info = fg.pareto_info(columns([0.9, 0.8], [10, 500]), "lut", "accuracy", DIRECTIONS, budget_x=100)
    figure = fg.pareto_figure(info)
    assert figure.data[0].customdata.tolist() == [1, 2] and figure.layout.shapes[0].x0 == 100


def test_a_beaten_design_is_told_by_what() -> None:
    table = columns([0.9, 0.8], [100, 5])
    text = explain({"accuracy": 0.85, "lut": 300}, table, ["accuracy", "lut"], DIRECTIONS)
    assert text == "This design: beaten by 1; trial 1 has +5 points of accuracy, -200 LUT."
    assert (
        explain({"accuracy": 0.99, "lut": 300}, table, ["accuracy", "lut"], DIRECTIONS)
        == "This design: no trial beats it."
    )
    assert explain({"accuracy": None, "lut": 300}, table, ["accuracy", "lut"], DIRECTIONS) == ""


def test_infinite_figures_are_compared_without_subtracting_them() -> None:
    table = columns([0.9, 0.8], [np.inf, 5])
    text = explain({"accuracy": 0.7, "lut": np.inf}, table, ["accuracy", "lut"], DIRECTIONS)
    assert text == "This design: beaten by 2; trial 2 has +10 points of accuracy, 5 LUT."


def trial(number, bits, reuse, lut, accuracy: float = 0.5) -> Trial:
    config = {"layers": {"fc": {"weight": f"fixed<{bits},1>", "result": "fixed<8,2>", "reuse": reuse}}}
    return Trial(design_key=str(number), config=config, metrics={"lut": lut, "accuracy": accuracy}, number=number)


def test_parallel_axes_are_figures_and_knobs_that_vary() -> None:
    trials = [trial(i, 4 + i % 3, 1 + i % 2, 100 * i) for i in range(6)]
    info = fg.parallel_info(trials, ["accuracy", "lut"])
    assert info.names == ("accuracy", "lut", "fc.weight bits", "fc.reuse")
    assert info.values.shape == (6, 4) and info.numbers.tolist() == list(range(6))


def test_parallel_axes_begin_with_the_knob_that_matters_most() -> None:
    trials = [trial(i, 4 + i % 3, 1 + i % 2, 100 * i, accuracy=0.5 + 0.1 * (i % 2)) for i in range(12)]
    info = fg.parallel_info(trials, ["accuracy", "lut"])
    assert info.names[2] == "fc.reuse" and info.choices == info.names
    few = fg.parallel_info(trials, ["accuracy", "lut"], axes=["fc.reuse", "lut", "nothing"])
    assert few.names == ("lut", "fc.reuse") and few.choices == info.choices


def test_parallel_lines_are_coloured_from_bad_to_good_whichever_way_that_is() -> None:
    trials = [trial(i, 4 + i % 3, 1, lut=100.0 * i) for i in range(6)]
    assert fg.parallel_figure(fg.parallel_info(trials, ["accuracy", "lut"])).data[0].line.reversescale is False
    assert fg.parallel_figure(fg.parallel_info(trials, ["lut", "accuracy"])).data[0].line.reversescale is True


def test_parallel_axes_draw_infinite_figures_at_their_end_and_leave_out_trials_without_one() -> None:
    trials = [trial(0, 4, 1, 10.0), trial(1, 5, 1, np.inf), trial(2, 6, 1, 20.0), trial(3, 7, 1, np.nan)]
    info = fg.parallel_info(trials, ["lut"])
    figure = fg.parallel_figure(info)
    assert info.numbers.tolist() == [0, 1, 2]
    assert figure.data[0].dimensions[0]["values"].tolist() == pytest.approx([10, 20.8, 20])
    assert within(["lut"], info.values, {"lut": [[19.0, 21.0]]}).tolist() == [False, True, True]


def test_parallel_axes_have_a_tick_where_the_float_network_is_and_reach_there() -> None:
    trials = [trial(at, at, 1, 1000.0 * at, accuracy=at / 20) for at in range(1, 11)]
    figure = fg.parallel_figure(fg.parallel_info(trials, ["accuracy", "lut"], floats={"accuracy": 0.97, "auc": 0.5}))
    accuracy, lut = figure.data[0].dimensions[:2]
    assert accuracy.ticktext[-1] == "float" and accuracy.tickvals[-1] == 0.97 and tuple(accuracy.range) == (0.05, 0.97)
    assert list(accuracy.ticktext[:-1]) == ["20%", "40%", "60%", "80%"]
    assert lut.tickvals is None and lut.range is None


def blamed(margin) -> BlameList:
    one = Blame(
        layer="fc", key="weight", type=None, cost=0.02, alone=0.01, reason="", cost_margin=margin, alone_margin=margin
    )
    return BlameList(
        score=0.9, best=0.95, loss=0.05, metric="accuracy", unit="points", num_samples=400, tensors=(one,), layers=()
    )


def test_blame_bars_have_intervals_where_the_samples_allow() -> None:
    figure = fg.blame_figure(fg.blame_info(blamed(0.015)))
    assert list(figure.data[0].error_x.array) == [1.5] and figure.data[0].error_x.visible
    assert figure.layout.xaxis.title.text.endswith(
        "the design loses 5; 0 types cost next to nothing; 95 % intervals of 400 samples"
    )
    figure = fg.blame_figure(fg.blame_info(blamed(None)))
    assert not figure.data[0].error_x.visible
    assert figure.layout.xaxis.title.text.endswith("400 samples, too few for intervals")


def test_importance_counts_finite_figures_and_knobs_that_some_designs_lack() -> None:
    trials = [trial(i, 4 + i % 3, 1 + i % 2, lut=100.0 * (i % 3)) for i in range(30)]
    trials += [trial(30, 4, 1, lut=np.inf), trial(31, 4, 1, lut=np.nan)]
    info = fg.importance_info(trials, ["lut"])
    assert info.shares["lut"][0] == 1.0 and info.num_trials == 31
    assert explained(np.array([np.nan, np.nan, 2, 2]), np.array([5.0, 5, 7, 7])) == 1.0


def test_importance_finds_the_knob_that_matters() -> None:
    rng = np.random.default_rng(1)
    bits, reuse = rng.integers(4, 9, 60), rng.integers(1, 4, 60)
    trials = [
        trial(i, int(b), int(r), lut=100.0 * b, accuracy=rng.random())
        for i, (b, r) in enumerate(zip(bits, reuse, strict=True))
    ]
    info = fg.importance_info(trials, ["lut"])
    assert info.knobs[0] == "fc.weight bits" and info.shares["lut"][0] == 1.0
    assert info.shares["lut"][1] < 0.2


def test_explained_share_of_noise_is_about_zero() -> None:
    rng = np.random.default_rng(2)
    assert explained(rng.integers(0, 4, 500).astype(float), rng.normal(size=500)) < 0.02
    assert explained(np.ones(10), np.arange(10.0)) == 0.0


def test_decisions_are_counted_and_flips_sorted_by_clearness() -> None:
    reference = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
    y = np.array([[0.1, 0.9], [0.1, 0.9], [0.2, 0.8], [0.8, 0.2]])
    info = fg.decision_info(reference, y, ("a", "b"))
    assert info.counts.tolist() == [[1, 2], [0, 1]] and info.flipped.tolist() == [0, 1]


def test_resources_leave_unknown_layers_out_and_latency_shows_the_rest() -> None:
    layers = {
        "a": Figures(lut=10, latency_cycles_max=3),
        "b": Figures(lut=None),
        "c": Figures(lut=5, latency_cycles_max=4),
    }
    report = Report(source="estimate", tool="yosys", total=Figures(lut=16, latency_cycles_max=9), layers=layers)
    info = fg.resource_info(report, "lut")
    assert (info.layers, info.values) == (("a", "c"), (10.0, 5.0))
    boxes = fg.resource_figure(info).data[0]
    assert list(boxes.labels[1:]) == ["a", "c", "rest of the design"] and list(boxes.values) == [16, 10, 5, 1]
    figure = fg.latency_figure(fg.resource_info(report, "latency_cycles_max"))
    assert list(figure.data[0].x) == ["a", "c", "between layers", "total"] and list(figure.data[0].y) == [3, 4, 2, 0]


def test_boxes_of_layers_never_add_up_to_more_than_a_measured_total() -> None:
    layers = {"a": Figures(lut=10), "b": Figures(lut=30)}
    report = Report(source="estimate", tool="vivado_hls", total=Figures(lut=20), layers=layers)
    boxes = fg.resource_figure(fg.resource_info(report, "lut")).data[0]
    assert list(boxes.labels[1:]) == ["a", "b"] and list(boxes.values) == [20, 5, 15]
    assert "scaled" in boxes.labels[0]


@pytest.mark.parametrize(("tool", "level"), [("vitis_hls", "hls"), ("yosys", "hls"), ("yosys", "plan")])
def test_layers_of_a_stream_lie_on_a_time_line_not_behind_each_other(tool: str, level: str) -> None:
    target = Target(tool=tool, io="stream", part="xc7z020clg400-1")
    design = Design.default(load("digits_cnn").graph, target=target, type="fixed<8,3>")
    info = fg.resource_info(estimate(design, level=level), "latency_cycles_max")
    assert len(info.times) == len(info.layers) > 5
    assert all(0 <= start <= first <= end <= info.total for start, first, end in info.times)
    (start, first, end), *_ = info.times
    assert start == 0 and first < end
    # Together the layers take longer than the design: they work at once.
    assert sum(info.values) > info.total
    figure = fg.latency_figure(info)
    _, flow = figure.data
    assert list(flow.y)[::-1] == list(info.layers)
    assert [base + length for base, length in zip(flow.base, flow.x, strict=True)][::-1] == [
        end for _, _, end in info.times
    ]


@pytest.mark.parametrize(
    "figure",
    [
        fg.parallel_figure(fg.parallel_info([], ["lut"])),
        fg.importance_figure(fg.importance_info([], ["lut"])),
        fg.resource_figure(fg.resource_info(None, "lut")),
        fg.pareto_figure(fg.pareto_info(columns([], []), "lut", "accuracy", DIRECTIONS)),
        fg.error_figure(fg.error_info(None)),
    ],
)
def test_figures_without_data_say_so(figure) -> None:
    assert figure.layout.annotations[0].text
    assert "template" not in fg.figure_json(figure)


def test_patterns_lie_over_the_colour_of_a_bar() -> None:
    rng = np.random.default_rng(4)
    trials = [trial(i, int(rng.integers(4, 9)), 1, lut=i, accuracy=rng.random()) for i in range(30)]
    figure = fg.importance_figure(fg.importance_info(trials, ["accuracy", "lut"]))
    assert [bar.marker.pattern.fillmode for bar in figure.data] == ["overlay", "overlay"]


def test_every_figure_shows_names_as_they_are_and_not_as_markup(small_graph, small_x, small_labels, tmp_path):
    named = {node.name: f"<u>{at}</u> & b<br>c" for at, node in enumerate(small_graph)}
    nodes = [replace(node, name=named[node.name], inputs=tuple(named[n] for n in node.inputs)) for node in small_graph]
    graph = replace(small_graph, nodes=tuple(nodes), outputs=tuple(named[name] for name in small_graph.outputs))
    study = Study(tmp_path / "study.db", graph, small_x, small_labels)
    study.sweep({"per_layer": {"weight": [2, 4, 8], "result": [4, 8]}}, trials=24)
    classes = [f"<u>class {at}" for at in range(small_labels.max() + 1)]
    explorer = Explorer(graph, small_x, small_labels, study=study, classes=classes)
    explorer.state.shelf.compare(
        *(
            NamedDesign(name=f"a <u>design {bits}", design=Design.default(graph, type=f"fixed<{bits},2>"))
            for bits in (6, 8)
        )
    )
    assert explorer.state.wait(60)
    shown = {name: json.loads(fg.figure_json(figure)) for name, figure in explorer.figures.items()}
    explorer.close()
    for axis in shown["parallel"]["data"][0]["dimensions"]:
        axis.pop("name")  # not shown
    texts = {name: json.dumps(figure, ensure_ascii=False) for name, figure in shown.items()}
    assert not {name for name, text in texts.items() if "<u>" in text}
    told = {name for name, text in texts.items() if "&lt;u&gt;" in text}
    assert told == {"importance", "parallel", "errors", "blame", "decisions", "network", "latency", "resources"} | {
        "compare",
        "comparison",
    }


def test_layers_that_are_called_by_numbers_are_rows_and_no_places_on_an_axis():
    layers = {"12": Figures(lut=10, latency_cycles_max=3), "1e3": Figures(lut=5, latency_cycles_max=4)}
    report = Report(source="estimate", tool="yosys", total=Figures(lut=15, latency_cycles_max=7), layers=layers)
    info = fg.resource_info(report, "latency_cycles_max")
    assert fg.latency_figure(info).layout.xaxis.type == "category"
    compared = compared_figure(compared_info("lut", {"12": (1, 2), "1e3": (3, 5)}, ("a", "b")))
    assert compared.layout.yaxis.type == "category" and list(compared.data[0].y) == ["1e3", "12"]


def test_shares_are_in_percent_wherever_they_stand():
    info = fg.pareto_info(columns([0.7165, 0.8], [100, 500]), "lut", "accuracy", DIRECTIONS)
    figure = fg.pareto_figure(info)
    assert figure.layout.yaxis.tickformat.endswith("p") and figure.layout.xaxis.tickformat == "~s"
    assert figure.data[-1].text[0] == "Accuracy 71.65 %<br>LUT 100"
    parallel = fg.parallel_figure(fg.parallel_info([trial(1, 4, 1, 5.0), trial(2, 5, 1, 9.0)], ["accuracy", "lut"]))
    assert [axis.tickformat for axis in parallel.data[0].dimensions[:2]] == [".6~p", "~g"]
    assert cell_text("agreement", 0.98765) == "98.77 %" and cell_text("rmse", 0.98765) == "0.9877"
