"""The panels, driven by the messages that the browser sends."""

import json
import time

import pytest

import hlsexplore as hx
from hlsexplore_widgets import Explorer


def send(widget, **message):
    widget._handle_custom_msg(message, [])


def tile(explorer, name):
    return next(item for item in explorer.tiles.view.shown["tiles"] if item["id"] == name)


def lut_of(explorer):
    return int(tile(explorer, "lut")["value"].replace(",", ""))


def test_tiles_show_accuracy_resources_and_latency(explorer):
    assert [item["id"] for item in explorer.tiles.view.shown["tiles"]] == [
        "score", "float", "lut", "ff", "dsp", "bram18", "latency", "ii", "verified",
    ]  # fmt: skip
    total = explorer.state.live.report.total
    assert tile(explorer, "lut")["value"] == f"{total.lut:,.0f}"
    assert tile(explorer, "latency")["value"] == f"{total.latency_cycles_max:,.0f}"
    assert tile(explorer, "verified")["value"] == "not checked"


def test_edit_from_the_browser_reaches_the_tiles(explorer):
    before = tile(explorer, "lut")["value"]
    send(explorer.layers.view, ev="edit", seq=5.0, gesture="g", changes={"dense_1": {"weight": "fixed<4,1>"}})
    assert explorer.state.wait(60)
    assert tile(explorer, "lut")["value"] != before
    assert tile(explorer, "lut")["tone"] == "good" and "vs baseline" in tile(explorer, "lut")["delta"]
    assert explorer.tiles.view.shown["seq"] == 5.0 and explorer.tiles.view.shown["can_undo"]
    assert explorer.layers.view.config["types"]["dense_1"]["weight"] == (4, 1, True, "TRN", "WRAP")


def test_rejected_edit_restores_the_browser_and_says_why(explorer):
    before = explorer.layers.view.config["types"]
    send(explorer.layers.view, ev="edit", seq=6.0, changes={"dense_1": {"weight": "fixed<0,1>"}})
    assert explorer.layers.view.config["types"] == before and explorer.layers.view.config["seq"] == 6.0
    assert explorer.tiles.view.shown["seq"] == 6.0 and not explorer.tiles.view.shown["pending"]
    assert "layer 'dense_1', weight: a fixed-point type needs a width" in explorer.toasts.view.messages[0]["text"]


@pytest.mark.parametrize(
    "changes", [None, [], {"dense_1": 3}, {"nope": {"weight": "fixed<8,2>"}}, {"dense_1": {"weight": None}}]
)
def test_malformed_edits_become_messages(explorer, changes):
    send(explorer.layers.view, ev="edit", seq=1.0, changes=changes)
    assert len(explorer.toasts.view.messages) == 1
    assert explorer.design == explorer.state.first


def test_toast_can_be_closed(explorer):
    explorer.state.say("note", "hello")
    send(explorer.toasts.view, ev="close", id=explorer.toasts.view.messages[0]["id"])
    assert explorer.toasts.view.messages == []


def test_target_is_chosen_in_the_head(explorer):
    before = tile(explorer, "lut")["tip"]
    assert "xc7z020" in explorer.tiles.view.target["choices"]["part"]
    send(explorer.tiles.view, ev="target", seq=1.0, part="xc7z020clg400-1", clock_ns="8", io="parallel", tool="yosys")
    assert explorer.state.wait(60)
    assert explorer.tiles.view.target["part"] == "xc7z020clg400-1"
    assert "xc7z020clg400-1 · 8 ns" in explorer.tiles.view.shown["subtitle"]
    assert tile(explorer, "lut")["tip"] != before and "53,200" in tile(explorer, "lut")["tip"]
    send(explorer.tiles.view, ev="undo", seq=2.0)
    assert explorer.design == explorer.state.first


@pytest.mark.parametrize(
    ("values", "words"),
    [({"clock_ns": "fast"}, "clock period"), ({"part": "?"}, "no device name"), ({"io": "tin"}, "io")],
)
def test_wrong_target_is_refused_with_a_message(explorer, values, words):
    send(explorer.tiles.view, ev="target", seq=1.0, **values)
    assert explorer.design == explorer.state.first and words in explorer.state.messages[0].text


def test_level_of_figures_is_chosen_in_the_head(explorer):
    send(explorer.tiles.view, ev="target", seq=1.0, tool="vitis_hls")
    assert explorer.state.wait(60)
    hls, design = lut_of(explorer), explorer.design
    send(explorer.tiles.view, ev="target", seq=2.0, tool="vitis_hls", level="logic")
    assert explorer.state.wait(60)
    logic = hx.estimate(design, level="logic").total.lut
    assert lut_of(explorer) == round(logic) < hls
    assert explorer.design == design and explorer.tiles.view.target["level"] == "logic"
    assert "as vitis_hls, after logic synthesis" in explorer.tiles.view.shown["subtitle"]
    table = {row[0]: row for row in explorer.tiles.view.table().rows}
    assert float(table["lut"][1]) == logic
    send(explorer.tiles.view, ev="target", seq=3.0, level="hls")
    assert explorer.state.wait(60)
    assert lut_of(explorer) == hls
    send(explorer.tiles.view, ev="target", seq=4.0, level="gates")
    assert "level" in explorer.state.messages[-1].text and explorer.state.level == "hls"


def test_history_buttons_work(explorer):
    send(explorer.layers.view, ev="edit", seq=1.0, changes={"dense_1": {"weight": "fixed<4,1>"}})
    changed = explorer.design
    send(explorer.tiles.view, ev="undo", seq=2.0)
    assert explorer.design == explorer.state.first
    send(explorer.tiles.view, ev="redo", seq=3.0)
    assert explorer.design == changed
    send(explorer.tiles.view, ev="reset", seq=4.0)
    assert explorer.design == explorer.state.first
    assert explorer.state.wait(60)
    send(explorer.tiles.view, ev="pin", seq=5.0)
    assert tile(explorer, "lut")["delta"] == "no change" and explorer.tiles.view.shown["seq"] == 5.0


def test_rows_offer_only_legal_reuse(explorer, small_graph):
    from hlsexplore.reuse import legal_reuse

    rows = {row["name"]: row for row in explorer.layers.view.rows}
    assert rows["dense_1"]["reuse"] == list(legal_reuse(small_graph["dense_1"]))
    assert rows["relu"]["knobs"] == [] and [lane["key"] for lane in rows["dense_1"]["lanes"] if lane["main"]] == [
        "weight",
        "result",
    ]


def test_multipliers_are_chosen_in_the_row_of_a_layer(explorer):
    row = next(row for row in explorer.layers.view.rows if row["name"] == "dense_1")
    choices = {item["name"]: item["values"] for item in row["choices"]}
    assert choices["multiplier"] == ["auto", "dsp", "lut", "mixed"] and choices["dsp_budget"][:4] == [0, 1, 2, 4]
    changes = {"dense_1": {"reuse": 8, "weight": "fixed<16,4>"}}
    send(explorer.layers.view, ev="edit", seq=5.0, gesture="g", changes=changes)
    assert explorer.state.wait(60)
    before = tile(explorer, "dsp")["value"]
    changes = {"dense_1": {"multiplier": "mixed", "dsp_budget": 1}}
    send(explorer.layers.view, ev="edit", seq=6.0, gesture="h", changes=changes)
    assert explorer.state.wait(60)
    assert tile(explorer, "dsp")["value"] != before
    shown = explorer.layers.view.config["knobs"]["dense_1"]
    assert (shown["multiplier"], shown["dsp_budget"]) == ("mixed", 1)


def test_a_slider_drops_weights_and_the_figures_follow(explorer):
    choices = {item["name"]: item for item in explorer.layers.view.rows[1]["choices"]}
    assert choices["density"]["slider"] and choices["pattern"]["values"] == [
        "weights",
        "neurons",
        "multipliers",
        "words",
    ]
    assert explorer.state.wait(60)
    before = explorer.state.live.report.total.lut
    send(explorer.layers.view, ev="edit", seq=1.0, gesture="g", changes={"dense_1": {"density": 0.5}})
    send(explorer.layers.view, ev="edit", seq=2.0, gesture="g", changes={"dense_1": {"density": 0.2}})
    assert explorer.state.wait(60)
    assert explorer.state.live.report.total.lut < before
    assert explorer.design.layers["dense_1"].density == 0.2
    explorer.state.undo()
    assert explorer.design.layers["dense_1"].density == 1.0


def test_costs_of_every_reuse_are_those_of_the_estimator(explorer):
    from hlsexplore import estimate

    send(explorer.layers.view, ev="costs", layer="dense_1")
    assert explorer.layers.wait()
    costs = explorer.layers.view.costs["dense_1"]
    figures = estimate(explorer.design.with_layer("dense_1", reuse=16)).layers["dense_1"]
    assert costs["16"] == [f"{figures.latency_cycles_max:,.0f}", f"{figures.dsp:,.0f}", f"{figures.lut:,.0f}"]


def test_shares_add_up_and_overflows_are_counted(explorer):
    send(explorer.layers.view, ev="edit", seq=1.0, changes={"dense_1": {"result": "fixed<6,0>"}})
    assert explorer.state.wait(60)
    live = explorer.layers.view.live
    assert sum(item.get("lut", 0) for item in live["share"].values()) == pytest.approx(1)
    assert "wrap around" in live["events"]["dense_1"]["result"]["text"]
    assert live["events"]["dense_1"]["result"]["out"]


def test_sweep_makes_trials_and_a_click_loads_one(explorer):
    sweep = explorer.explore.sweep
    send(explorer.explore.sweep_view, ev="option", key="trials", value="12")
    send(explorer.explore.sweep_view, ev="start")
    assert sweep.wait(60) and sweep.status.condition == "done"
    assert explorer.explore.wait(20)
    figure = json.loads(explorer.explore.plot.figure)
    assert figure["data"][-1]["name"] == "front"
    study = explorer.state.study
    trial = study.front(("accuracy", "lut"))[0]
    send(explorer.explore.plot, ev="click", seq=9.0, id=trial.number)
    assert explorer.design == study.design(trial)
    assert explorer.state.wait(60)
    pin = explorer.explore.plot.pins[0]
    assert (pin["x"], pin["y"]) == (trial.metrics["lut"], trial.metrics["accuracy"])


def test_front_can_be_walked_by_buttons(explorer):
    explorer.explore.sweep.choose(trials=12)
    explorer.explore.sweep.start()
    assert explorer.explore.sweep.wait(60)
    seen = []
    for _ in range(12):
        send(explorer.explore.choices, ev="choice", id="next", value=True, seq=1.0)
        assert explorer.state.wait(60)
        seen.append(explorer.state.live.report.total.lut)
    assert seen == sorted(seen)
    send(explorer.explore.choices, ev="choice", id="previous", value=True, seq=2.0)
    assert explorer.state.wait(60)
    assert explorer.state.live.report.total.lut <= seen[-1]


def test_paused_sweep_goes_on_and_a_stopped_one_keeps_its_trials(explorer):
    sweep = explorer.explore.sweep
    sweep.choose(trials=2000)
    sweep.start()
    send(explorer.explore.sweep_view, ev="pause")
    assert explorer.explore.sweep_view.status["state"] == "paused"
    send(explorer.explore.sweep_view, ev="pause")
    assert sweep.status.condition == "running"
    send(explorer.explore.sweep_view, ev="stop")
    assert sweep.wait(30) and sweep.status.condition == "stopped"
    assert len(explorer.state.study) < 2000


@pytest.mark.parametrize(
    ("key", "value"), [("trials", "0"), ("trials", "many"), ("scope", "nowhere"), ("sampler", "magic")]
)
def test_wrong_sweep_options_become_messages(explorer, key, value):
    before = explorer.explore.sweep.options
    send(explorer.explore.sweep_view, ev="option", key=key, value=value)
    assert explorer.explore.sweep.options == before and len(explorer.state.messages) == 1


@pytest.mark.parametrize("tab", ["parallel", "importance", "progress", "trials", "linked"])
def test_every_view_of_the_trials_is_drawn(explorer, tab):
    explorer.explore.sweep.choose(trials=25)
    explorer.explore.sweep.start()
    assert explorer.explore.sweep.wait(60)
    send(explorer.explore.tabs, ev="tab", id=tab)
    assert explorer.explore.wait(20)
    assert explorer.state.messages == () and explorer.explore.tabs.selected == tab
    if tab == "trials":
        assert explorer.explore.table.page["total"] == 25 and len(explorer.explore.table.page["rows"]) == 25
    else:
        view = explorer.explore.lines if tab == "parallel" else explorer.explore.plot
        assert json.loads(view.figure)["data"] and view.layout.display == ""


@pytest.fixture
def swept(explorer):
    explorer.explore.sweep.choose(trials=25)
    explorer.explore.sweep.start()
    assert explorer.explore.sweep.wait(60)
    return explorer


def count_text(explorer):
    return next(item["label"] for item in explorer.explore.line_choices.items if item["id"] == "count")


def test_brush_keeps_some_trials_everywhere(swept):
    explore = swept.explore
    send(explore.tabs, ev="tab", id="parallel")
    luts = sorted(swept.state.catalog.columns["lut"])
    send(explore.lines, ev="brush", ranges={"lut": [[luts[0], luts[9]]]})
    assert count_text(swept).startswith("10 of 25 selected")
    send(explore.tabs, ev="tab", id="trials")
    assert explore.wait(20) and explore.table.page["total"] == 10
    send(explore.lines, ev="brush", ranges="nonsense")
    assert "brushed ranges" in swept.state.messages[0].text


@pytest.mark.parametrize(("button", "left"), [("keep", 10), ("exclude", 15)])
def test_brushed_trials_are_kept_or_put_aside_and_come_back(swept, button, left):
    explore = swept.explore
    send(explore.tabs, ev="tab", id="parallel")
    luts = sorted(swept.state.catalog.columns["lut"])
    send(explore.lines, ev="brush", ranges={"lut": [[luts[0], luts[9]]]})
    send(explore.line_choices, ev="choice", id=button, value=True)
    assert explore.wait(20) and count_text(swept).startswith(f"{left} of 25 kept")
    drawn = json.loads(explore.lines.figure)["data"][0]
    assert not any("constraintrange" in item for item in drawn["dimensions"])
    send(explore.line_choices, ev="choice", id="restore", value=True)
    assert explore.wait(20) and count_text(swept).startswith("25 of 25 kept")


def test_axes_of_parallel_coordinates_are_chosen(swept):
    explore = swept.explore
    send(explore.tabs, ev="tab", id="parallel")
    assert explore.wait(20)
    axes = next(item for item in explore.line_choices.items if item["id"] == "axes")
    everything = [name for name, _ in axes["values"]]
    assert axes["value"] == everything[:8] and axes["value"][0] == "accuracy"
    send(explore.line_choices, ev="choice", id="axes", value=everything)
    assert explore.wait(20) and explore.lines.min_width >= 76 * len(everything)
    send(explore.line_choices, ev="choice", id="axes", value=["lut"])
    assert "at least two axes" in swept.state.messages[-1].text


def test_trial_under_the_pointer_is_described(swept):
    explore = swept.explore
    study = swept.state.catalog.study
    best = {trial.number for trial in study.front(("accuracy", "lut"))}
    worst = next(trial.number for trial in study.trials() if trial.number not in best)
    send(explore.plot, ev="hover", id=worst)
    assert explore.wait(20)
    assert explore.plot.caption.startswith(f"Trial {worst}: beaten by") and "weight" in explore.plot.caption
    send(explore.plot, ev="hover", id=None)
    assert explore.wait(20) and explore.plot.caption.startswith("This design: ")


def test_note_on_a_trial_is_kept_found_and_shown(swept):
    explore = swept.explore
    send(explore.tabs, ev="tab", id="trials")
    send(explore.table, ev="note", id=7, text="the one for the paper")
    send(explore.table, ev="page", text="the paper", offset=0)
    assert explore.wait(20)
    assert [(row["id"], row["note"]) for row in explore.table.page["rows"]] == [(7, "the one for the paper")]
    assert swept.state.study.store.trials([7])[0].note == "the one for the paper"
    send(explore.plot, ev="hover", id=7)
    send(explore.tabs, ev="tab", id="pareto")
    send(explore.plot, ev="hover", id=7)
    assert explore.wait(20) and "Note: the one for the paper" in explore.plot.caption
    send(explore.table, ev="note", id=999, text="nothing")
    assert "there is no trial 999" in swept.state.messages[-1].text


def test_row_of_the_current_design_is_marked(swept):
    send(swept.explore.tabs, ev="tab", id="trials")
    send(swept.explore.table, ev="load", id=5, seq=1.0)
    assert swept.state.wait(60) and swept.explore.wait(20)
    assert swept.explore.table.current == 5


def test_table_sorts_searches_and_loads(explorer):
    explorer.explore.sweep.choose(trials=15)
    explorer.explore.sweep.start()
    assert explorer.explore.sweep.wait(60)
    send(explorer.explore.tabs, ev="tab", id="trials")
    send(explorer.explore.table, ev="page", sort="lut", descending=False, offset=0)
    assert explorer.explore.wait(20)
    shown = [row["id"] for row in explorer.explore.table.page["rows"]]
    columns = explorer.state.catalog.columns
    by_lut = dict(zip(columns["number"], columns["lut"], strict=True))
    assert [by_lut[number] for number in shown] == sorted(by_lut.values())
    send(explorer.explore.table, ev="load", id=shown[0], seq=3.0)
    assert explorer.design == explorer.state.study.design(shown[0])
    send(explorer.explore.table, ev="page", text="no such thing", offset=0)
    assert explorer.explore.wait(20)
    assert explorer.explore.table.page["total"] == 0


@pytest.mark.parametrize("tab", ["errors", "blame", "decisions", "latency", "resources"])
def test_every_analysis_is_drawn(explorer, tab):
    send(explorer.analyse.tabs, ev="tab", id=tab)
    assert explorer.analyse.wait(20)
    assert json.loads(explorer.analyse.plot.figure)["data"] and explorer.state.messages == ()


def test_blame_names_the_type_that_costs_accuracy(explorer):
    send(explorer.layers.view, ev="edit", seq=1.0, changes={"dense_2": {"weight": "fixed<2,1>"}})
    send(explorer.analyse.tabs, ev="tab", id="blame")
    assert explorer.state.wait(60) and explorer.analyse.wait(20)
    assert json.loads(explorer.analyse.plot.figure)["data"][0]["y"][-1] == "dense_2.weight"


def test_proposal_is_a_step_within_the_tolerance(explorer):
    send(explorer.analyse.choices, ev="choice", id="tolerance", value="1")
    send(explorer.analyse.choices, ev="choice", id="propose", value=True)
    assert explorer.analyse.wait(60) and explorer.state.wait(60)
    assert explorer.design != explorer.state.first and explorer.state.history.past == (explorer.state.first,)
    assert explorer.state.live.score.value >= explorer.state.baseline.score.value - 0.02
    assert explorer.state.live.report.total.lut < explorer.state.baseline.report.total.lut
    send(explorer.analyse.choices, ev="choice", id="tolerance", value="much")
    assert "tolerance must be a number of points" in explorer.state.messages[-1].text


def test_explorer_shows_a_study_that_exists(small_graph, small_x, small_labels, tmp_path):
    from hlsexplore import Study

    study = Study(tmp_path / "s.db", small_graph, small_x, small_labels)
    study.sweep({"uniform": {"weight": [4, 8, 12]}})
    explorer = Explorer(small_graph, small_x, small_labels, study=study)
    assert explorer.explore.wait(20)
    assert json.loads(explorer.explore.plot.figure)["data"][-1]["name"] == "front"
    explorer.close()
    study.close()


def test_plotly_is_sent_on_request_and_not_saved(explorer):
    import gzip

    sent = []
    explorer.explore.plot.send = lambda content, buffers=None: sent.append((content, buffers))
    send(explorer.explore.plot, ev="plotly")
    (content, (script,)) = sent[0]
    assert content == {"kind": "plotly"} and b"plotly.js v" in gzip.decompress(script)[:400]
    assert len(json.dumps(explorer.explore.plot.get_state(), default=str)) < 100_000


def test_a_new_view_gets_everything_again(explorer):
    sent = []
    explorer.tiles.view.send_state = sent.append
    explorer.tiles.view.set_state({"views": 1})
    assert sent[-1] == ["explorer", "shown", "target", "tools"]


def test_figures_that_arrive_while_panels_are_built_are_shown(small_graph, small_x, monkeypatch):
    from hlsexplore_widgets import ExplorerState
    from hlsexplore_widgets.panels import tiles

    shown_data = tiles.shown_data

    def slow(state, *texts):
        data = shown_data(state, *texts)
        time.sleep(0.3)
        return data

    monkeypatch.setattr(tiles, "shown_data", slow)
    state = ExplorerState(small_graph, small_x)
    panel = tiles.TilesPanel(state, "title")
    assert state.wait(60)
    assert not panel.view.shown["pending"]
    state.close()


def test_three_tools_stand_side_by_side_and_follow_the_design(explorer):
    tiles = explorer.tiles.view
    assert tiles.tools == {}
    send(tiles, ev="tools", open=True)
    found = explorer.state.compared(explorer.design)
    assert [row["name"] for row in tiles.tools["rows"]] == [item.name for item in found]
    assert [row["cells"][0]["value"] for row in tiles.tools["rows"]] == [f"{i.report.total.lut:,.0f}" for i in found]
    low, high = found[0].report.bounds[0].lower.lut, found[0].report.bounds[0].upper.lut
    assert tiles.tools["rows"][0]["cells"][0]["range"] == f"{low:,.0f} to {high:,.0f}"
    assert set(tiles.tools["notes"]) == {note for item in found for note in item.report.notes}
    before = tiles.tools["rows"]
    send(explorer.layers.view, ev="edit", seq=5.0, gesture="g", changes={"dense_1": {"weight": "fixed<4,1>"}})
    assert explorer.state.wait(60) and tiles.tools["rows"] != before
    send(tiles, ev="tools", open=False)
    closed = tiles.tools
    send(explorer.layers.view, ev="edit", seq=6.0, gesture="h", changes={"dense_1": {"weight": "fixed<6,1>"}})
    assert explorer.state.wait(60) and tiles.tools is closed


def test_a_kind_that_was_never_measured_is_said_on_the_tile_and_on_the_card(explorer, monkeypatch):
    from dataclasses import replace

    from hlsexplore_widgets.cards import card
    from hlsexplore_widgets.readout import tiles

    live = explorer.state.live
    report = replace(live.report, notes=("no measured design of this kind: dense on a stream.",))
    noted = replace(live, report=report)
    shown = tiles(noted, None, (), {})
    assert all("no measured design of this kind" in item["tip"] for item in shown if item["id"] in ("lut", "ff", "ii"))
    assert card(explorer.state, None)["estimate"]["notes"] == list(live.report.notes)
