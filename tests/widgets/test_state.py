"""The state behind the panels, without widgets."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from hlsexplore import Design, emulate, estimate
from hlsexplore.emulate import float_forward
from hlsexplore.emulate.quality import pick_samples
from hlsexplore.errors import ConfigError, DataError
from hlsexplore.metrics import accuracy
from hlsexplore_widgets import ExplorerState
from hlsexplore_widgets.live import Verification


def test_first_design_is_evaluated_like_emulator_and_estimator(state, small_x, small_labels):
    assert state.live.score.value == accuracy(emulate(state.design, small_x), small_labels)
    assert state.live.report == estimate(state.design)
    assert state.live.is_complete and not state.is_pending
    assert state.baseline == state.live


def test_edit_changes_design_and_figures(state, small_x, small_labels):
    state.edit({"dense_1": {"weight": "fixed<3,1>", "reuse": 4}}, seq=7.0)
    assert state.wait(60)
    assert str(state.design.type("dense_1", "weight")) == "fixed<3,1>"
    assert state.live.design == state.design
    assert state.live.seq == 7.0
    assert state.live.score.value == accuracy(emulate(state.design, small_x), small_labels)


def test_invalid_edit_changes_nothing(state):
    before = state.design
    with pytest.raises(ConfigError, match="reuse=7 does not divide the 512 multiplications"):
        state.edit({"dense_1": {"weight": "fixed<3,1>", "reuse": 7}})
    assert state.design is before and not state.history.past


def test_undo_and_redo_walk_through_the_designs(state):
    first = state.design
    state.edit({"dense_1": {"weight": "fixed<8,1>"}})
    second = state.design
    state.edit({"dense_2": {"weight": "fixed<8,1>"}})
    third = state.design
    state.undo()
    assert state.design == second
    state.undo()
    state.undo()
    assert state.design == first
    state.redo()
    state.redo()
    state.redo()
    assert state.design == third


def test_one_gesture_is_one_step_of_the_history(state):
    first = state.design
    for bits in (15, 14, 13, 12):
        state.edit({"dense_1": {"weight": f"fixed<{bits},1>"}}, gesture="drag-1")
    state.edit({"dense_1": {"weight": "fixed<11,1>"}}, gesture="drag-2")
    assert len(state.history.past) == 2
    state.undo()
    assert str(state.design.type("dense_1", "weight")) == "fixed<12,1>"
    state.undo()
    assert state.design == first


def test_reset_is_a_step_that_can_be_undone(state):
    state.edit({"dense_1": {"weight": "fixed<8,1>"}})
    changed = state.design
    state.reset()
    assert state.design == state.first
    state.undo()
    assert state.design == changed


def test_pinned_figures_stay_when_the_design_changes(state):
    state.edit({"dense_1": {"weight": "fixed<2,1>"}})
    assert state.wait(60)
    state.pin()
    pinned = state.live
    state.edit({"dense_1": {"weight": "fixed<12,1>"}})
    assert state.wait(60)
    assert state.baseline.design == pinned.design and state.live.design != pinned.design


def test_many_edits_end_with_the_last_one(state):
    for bits in range(30, 3, -1):
        state.edit({"dense_1": {"weight": f"fixed<{bits},2>"}}, gesture="drag")
    assert state.wait(60)
    assert state.live.design == state.design
    assert str(state.live.design.type("dense_1", "weight")) == "fixed<4,2>"


def test_touch_answers_an_edit_that_changed_nothing(state):
    state.edit({"dense_1": {"weight": str(state.design.type("dense_1", "weight"))}}, seq=42.0)
    assert state.live.seq == 42.0 and not state.is_pending


def test_counts_belong_to_the_current_design(state):
    state.edit({"relu": {"result": "fixed<6,0>"}})
    assert state.wait(60)
    assert state.detail.design_key == state.design.key
    assert state.detail.of("relu").num_wrapped > 0


def test_guard_turns_known_errors_into_their_sentence(state):
    with state.guard("the change", 3.0):
        raise ConfigError("reuse=7 is wrong. Valid values near 7: 4, 8.")
    assert [message.text for message in state.messages] == ["reuse=7 is wrong. Valid values near 7: 4, 8."]
    assert state.live.seq == 3.0


def test_guard_names_unknown_exceptions(state):
    with state.guard("the change"):
        raise ZeroDivisionError("division by zero")
    assert "the change failed unexpectedly (ZeroDivisionError: division by zero)" in state.messages[0].text


def test_messages_are_not_repeated_and_can_be_closed(state):
    for _ in range(3):
        state.say("error", "same")
    assert len(state.messages) == 1
    state.dismiss(state.messages[0].number)
    assert state.messages == ()


def test_verifications_belong_to_one_design(state):
    found = Verification(design_key=state.design.key, flow="rtl", tool="t", differing=0, num_samples=5, at=1.0)
    state.verified(found)
    assert state.verifications() == {"rtl": found}
    state.edit({"dense_1": {"weight": "fixed<8,1>"}})
    assert state.verifications() == {}


def test_a_failing_subscriber_does_not_stop_the_others(state, caplog):
    seen = []

    def broken(topic):
        raise RuntimeError(topic)

    state.subscribe(broken, "design")
    state.subscribe(seen.append, "design")
    state.edit({"dense_1": {"weight": "fixed<8,1>"}})
    assert seen == ["design"] and "a panel failed to show 'design'" in caplog.text


def test_state_can_be_driven_from_many_threads(state):
    def work(key):
        for bits in range(4, 14):
            state.edit({key: {"weight": f"fixed<{bits},2>"}})
            state.undo()
            state.redo()

    threads = [threading.Thread(target=work, args=(key,)) for key in ("dense_1", "dense_2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert state.wait(30)
    assert state.live.design == state.design


@pytest.fixture
def large(small_graph):
    """An explorer of so many samples that a part of them is scored first."""
    x = np.random.default_rng(5).normal(0, 1, (4000, *small_graph.input_shape))
    labels = np.argmax(float_forward(small_graph, x), axis=1)
    state = ExplorerState(small_graph, x, labels, design=Design.default(small_graph))
    assert state.wait(60)
    state.evaluation.parts = tuple(
        replace(part, seconds=0.0) for part in state.evaluation.parts
    )  # however busy the machine was
    yield state
    state.close()


def test_first_score_is_of_a_stratified_part_and_comes_before_the_report(large):
    seen = []
    large.subscribe(lambda topic: seen.append((topic, large.newest)), "score", "live")
    large.edit({"dense_1": {"weight": "fixed<8,1>"}})
    assert large.wait(60)
    assert [topic for topic, _ in seen][:2] == ["score", "live"]
    first, last = seen[0][1], seen[-1][1]
    assert first.report is None and not first.is_complete and first.design == large.design
    assert first.score.num_samples < last.score.num_samples == 4000 and last.is_complete
    assert first.score.lower < last.score.value < first.score.upper
    assert last.early == first.scores and large.live is last


def test_first_score_is_that_of_the_emulator_on_its_samples(large, small_graph):
    large.edit({"dense_1": {"weight": "fixed<5,1>"}})
    assert large.wait(60)
    early, labels = large.live.early["accuracy"], large.evaluator.goals[0].labels
    rows = pick_samples(4000, labels, early.num_samples)
    assert early.value == accuracy(emulate(large.design, large.x[rows]), labels[rows])


def test_superseded_design_shows_its_first_score_and_report(large):
    begun, seen = threading.Event(), []

    def slow(topic):
        seen.append((large.newest.revision, large.newest.report is not None))
        begun.set()
        time.sleep(0.05)

    large.subscribe(slow, "score", "live")
    large.edit({"dense_1": {"weight": "fixed<8,1>"}})
    assert begun.wait(5)
    large.edit({"dense_1": {"weight": "fixed<7,1>"}})
    assert large.wait(60)
    assert seen[0] == (1, False) and (1, True) in seen and seen[-1] == (2, True)
    assert large.live.is_complete and large.live.revision == 2


def test_slow_network_shows_its_estimate_before_the_first_score(large, monkeypatch):
    monkeypatch.setattr(large.evaluation, "parts", tuple(replace(part, seconds=1.0) for part in large.evaluation.parts))
    seen = []
    large.subscribe(lambda topic: seen.append((topic, large.live.score)), "score", "live")
    large.edit({"dense_1": {"weight": "fixed<8,1>"}})
    assert large.wait(60)
    assert seen[0] == ("live", None)
    assert [score.num_samples for _, score in seen[1:]][-1] == 4000 and seen[1][1].num_samples < 4000


def test_metric_that_fails_on_a_part_leaves_the_score_to_all_samples(small_graph):
    def needs_all(y, labels):
        if len(y) < 4000:
            raise ValueError("too few")
        return 0.5

    x = np.random.default_rng(5).normal(0, 1, (4000, *small_graph.input_shape))
    state = ExplorerState(small_graph, x, metric=needs_all)
    assert state.wait(60)
    assert state.live.is_complete and state.live.score.value == 0.5 and not state.live.early
    assert not state.messages
    state.close()


def test_times_of_a_step_are_in_order(large):
    before = 1e3 * time.time()
    large.edit({"dense_1": {"weight": "fixed<8,1>"}})
    assert large.wait(60)
    times = large.live.times
    order = [times[name] for name in ("received", "begun", "scored", "published")]
    assert before <= order[0] and order == sorted(order)


def test_stays_ends_with_the_next_change(state):
    assert state.stays(0.001)
    timer = threading.Timer(0.02, lambda: state.edit({"dense_1": {"weight": "fixed<8,1>"}}))
    timer.start()
    assert not state.stays(30)
    timer.join()


@pytest.mark.parametrize(
    ("x", "labels", "text"),
    [
        (np.zeros((4, 3)), None, "input 'x' needs samples of shape"),
        (np.full((4, 16), np.nan), None, "NaN or infinite"),
        (np.zeros((4, 16)), [1, 2], "there are 2 labels for 4 samples"),
        (np.zeros((4, 16)), [1, 2, 3, 5], "labels must be class numbers from 0 to 4, not 5. They go from 1 to 5"),
    ],
)
def test_wrong_data_is_refused(small_graph, x, labels, text):
    with pytest.raises(DataError, match=text):
        ExplorerState(small_graph, x, labels)


def test_unknown_metric_is_refused_with_the_nearest(small_graph, small_x):
    with pytest.raises(ConfigError, match="Did you mean 'agreement'"):
        ExplorerState(small_graph, small_x, metric="agrement")


def test_without_labels_the_agreement_with_float_is_shown(small_graph, small_x):
    state = ExplorerState(small_graph, small_x)
    assert state.wait(60)
    assert list(state.live.scores) == ["agreement"] and state.live.score.value > 0.9
    state.close()


def test_own_metric_is_used(small_graph, small_x, small_labels):
    def share_of_class_0(y, labels):
        return float((np.argmax(y, axis=1) == 0).mean())

    state = ExplorerState(small_graph, small_x, small_labels, metric=share_of_class_0)
    assert state.wait(60)
    wanted = (np.argmax(emulate(state.design, small_x), axis=1) == 0).mean()
    assert list(state.live.scores) == ["share_of_class_0", "agreement"] and state.live.score.value == wanted
    state.close()


def test_starting_design_is_the_one_given(small_graph, small_x):
    design = Design.default(small_graph, type="fixed<9,4>")
    state = ExplorerState(small_graph, small_x, design=design)
    assert state.design is design and state.first is design
    state.close()


def test_closed_state_has_no_thread(small_graph, small_x):
    state = ExplorerState(small_graph, small_x)
    name = f"hlsexplore-{state.id[:6]}"
    assert any(thread.name == name for thread in threading.enumerate())
    state.close()
    deadline = time.monotonic() + 5
    while any(thread.name == name for thread in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(thread.name == name for thread in threading.enumerate())


def test_panel_that_fails_to_show_something_is_a_visible_message(state):
    def fail(topic):
        raise ValueError("out of ink")

    state.subscribe(fail, "sweep", "messages")
    state.notify("sweep")
    assert [item.text for item in state.messages] == ["a panel failed to show the sweep (ValueError: out of ink)."]
