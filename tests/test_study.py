import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from hlsexplore.design import Design
from hlsexplore.emulate import float_forward
from hlsexplore.errors import CancelledError, ConfigError, StudyError
from hlsexplore.metrics import Metric
from hlsexplore.pareto import pareto_front
from hlsexplore.report import Figures, Report
from hlsexplore.study.store import FORMAT, Store
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Status, Trial, evaluate

SPACE = {"uniform": {"weight": [4, 6, 8], "result": [6, 10], "reuse": [1, 4]}}


@pytest.fixture(scope="module")
def samples(small_graph) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.normal(0, 1, (120, 16))
    return x, float_forward(small_graph, x).argmax(axis=1)


@pytest.fixture
def study(small_graph, samples, tmp_path) -> Iterator[Study]:
    with Study(tmp_path / "study.db", small_graph, *samples) as study:
        yield study


@pytest.fixture(scope="module")
def swept(small_graph, samples, tmp_path_factory) -> Iterator[Study]:
    with Study(tmp_path_factory.mktemp("study") / "study.db", small_graph, *samples) as study:
        study.sweep(SPACE)
        yield study


def test_sweep_of_a_grid_evaluates_each_design_once(study) -> None:
    events = []
    result = study.sweep(SPACE, on_event=events.append)
    trials = study.trials()
    assert (result.sampler, result.num_done, result.num_new, result.num_failed) == ("grid", 12, 12, 0)
    assert [trial.number for trial in trials] == list(range(1, 13))
    assert len({trial.design_key for trial in trials}) == 12
    assert [event.num_done for event in events] == list(range(1, 13))
    assert events[-1].fraction == 1.0
    assert events[-1].num_total == 12
    again = study.sweep(SPACE)
    assert (again.num_done, again.num_new, len(study)) == (12, 0, 12)


def test_sweep_events_tell_the_best_so_far(study) -> None:
    events = []
    study.sweep(SPACE, on_event=events.append)
    for count, event in enumerate(events, start=1):
        trials = study.trials()[:count]
        assert event.best["accuracy"] == max(trial.metrics["accuracy"] for trial in trials)
        assert event.best["lut"] == min(trial.metrics["lut"] for trial in trials)
        values = [[trial.metrics[name] for name in ("accuracy", "lut", "latency_cycles")] for trial in trials]
        assert event.num_front == pareto_front(values, ["max", "min", "min"]).sum()
    assert events[3].text.startswith("4/12 designs, best accuracy ")


def test_stored_trials_are_the_evaluated_ones(study, small_graph, samples) -> None:
    study.sweep(SPACE, trials=3)
    for trial in study.trials():
        design = study.design(trial)
        fresh = evaluate(design, *samples)
        assert trial.metrics == {**fresh.metrics, "auc": None, "rmse": None}
        assert trial.config == fresh.config
        assert trial.design_key == fresh.design_key
    assert study.design(1) == study.design(study.trials()[0])


def test_trials_of_a_sweep_count_the_ones_already_there(study) -> None:
    study.sweep(SPACE, trials=5, sampler="random", seed=1)
    first = [trial.design_key for trial in study.trials()]
    result = study.sweep(SPACE, trials=9, sampler="random", seed=1)
    assert (result.num_done, result.num_new) == (9, 4)
    assert [trial.design_key for trial in study.trials()][:5] == first


def test_sweep_skips_points_that_give_the_same_design(study) -> None:
    result = study.sweep({"uniform": {"reuse": [4, 5]}})
    assert (result.num_done, len(study)) == (1, 1)


def test_sweep_can_be_cancelled_and_goes_on_later(study) -> None:
    cancel = threading.Event()

    def stop(event) -> None:
        if event.num_done == 5:
            cancel.set()

    with pytest.raises(CancelledError, match="cancelled after 5 of 12 designs; all of them are kept"):
        study.sweep(SPACE, on_event=stop, cancel=cancel)
    assert len(study) == 5
    assert study.sweep(SPACE).num_new == 7


def test_sweep_can_be_paused_and_cancelled_while_paused(study) -> None:
    cancel, pause, paused = threading.Event(), threading.Event(), threading.Event()

    def on_event(event) -> None:
        if event.num_done == 2:
            pause.set()
            paused.set()

    failures = []

    def work() -> None:
        try:
            study.sweep(SPACE, on_event=on_event, cancel=cancel, pause=pause)
        except CancelledError as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert paused.wait(20)
    pause.clear()
    thread.join(20)
    assert len(study) == 12
    pause.set()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    cancel.set()
    thread.join(20)
    assert len(failures) == 1


def test_threads_evaluate_the_same_trials_in_the_same_order(study, swept) -> None:
    result = study.sweep(SPACE, workers=2)
    assert result.num_new == 12
    assert [(trial.design_key, trial.metrics) for trial in study.trials()] == [
        (trial.design_key, trial.metrics) for trial in swept.trials()
    ]


def test_threads_stop_when_cancelled(study) -> None:
    cancel = threading.Event()
    with pytest.raises(CancelledError):
        study.sweep(SPACE, on_event=lambda event: cancel.set(), cancel=cancel, workers=3)
    assert len(study) == 1


def test_a_guided_sweep_goes_on_where_it_stopped_with_the_same_designs(study, small_graph, samples, tmp_path) -> None:
    space = {"per_layer": {"weight": [3, 4, 6, 8], "result": [4, 6, 8, 10], "reuse": [1, 2, 4]}}
    with Study(tmp_path / "whole.db", small_graph, *samples) as whole:
        whole.sweep(space, 56, sampler="guided", seed=3)
        expected = [trial.design_key for trial in whole.trials()]
    study.sweep(space, 30, sampler="guided", seed=3)
    assert [trial.design_key for trial in study.trials()] == expected[:30]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_workers_of_a_dask_scheduler_evaluate_the_same_trials(study, swept) -> None:
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        assert study.sweep(SPACE, workers=cluster.scheduler_address).num_new == 12
    assert [(trial.design_key, trial.metrics) for trial in study.trials()] == [
        (trial.design_key, trial.metrics) for trial in swept.trials()
    ]


@pytest.mark.parametrize(
    ("workers", "message"), [(0, "must be a whole number from 1 to 256, not 0"), (1000, "not 1000")]
)
def test_a_wrong_number_of_workers_is_named(study, workers, message) -> None:
    with pytest.raises(ConfigError, match=message):
        study.sweep(SPACE, workers=workers)


def test_trials_can_be_read_while_a_sweep_runs_in_another_thread(study) -> None:
    counts = []
    thread = threading.Thread(target=lambda: study.sweep(SPACE))
    thread.start()
    while thread.is_alive():
        counts.append(len(study.front()))
    thread.join()
    assert len(study) == 12
    assert counts


def test_front_is_the_pareto_front_of_the_trials_sorted_by_the_last_objective(swept) -> None:
    trials = swept.trials()
    values = [[trial.metrics[name] for name in ("accuracy", "lut")] for trial in trials]
    mask = pareto_front(values, ["max", "min"])
    front = swept.front(("accuracy", "lut"))
    assert {trial.number for trial in front} == {trial.number for trial, on in zip(trials, mask, strict=True) if on}
    luts = [trial.metrics["lut"] for trial in front]
    assert luts == sorted(luts)
    assert len(swept.front()) >= len({trial.metrics["lut"] for trial in front})


def test_front_meets_conditions(swept) -> None:
    bound = float(np.median([trial.metrics["lut"] for trial in swept.trials()]))
    front = swept.front(("accuracy",), where=(f"lut<={bound}", "latency_cycles > 0"))
    assert front
    assert all(trial.metrics["lut"] <= bound for trial in front)
    chosen = [trial.metrics["lut"] <= bound for trial in swept.trials()]
    assert len(swept.trials(where=[f"lut<={bound}"])) == sum(chosen)
    assert swept.front(("accuracy",), where=("lut<0",)) == []


@pytest.mark.parametrize(
    ("objectives", "where", "message"),
    [
        (("accuracy", "luts"), (), "Did you mean 'lut'?"),
        (("lut", "lut"), (), "an objective occurs twice"),
        ("lut", (), "a front needs a list of objectives"),
        (("lut",), ("lut ~ 5",), "'lut ~ 5' is no condition. Write one like 'lut<=50000'"),
        (("lut",), ("lut<=1.2.3",), "is no condition"),
        (("lut",), ("lutt<=5",), "Did you mean 'lut'?"),
    ],
)
def test_front_names_what_it_cannot_read(swept, objectives, where, message) -> None:
    with pytest.raises(ConfigError) as caught:
        swept.front(objectives, where)
    assert message in str(caught.value)


def test_hypervolume_history_only_grows(swept) -> None:
    numbers, volumes = swept.hypervolume_history()
    assert (np.diff(numbers) > 0).all()
    assert (np.diff(volumes) >= 0).all()
    assert volumes[-1] > 0


def test_evaluate_stores_the_report_and_keeps_it_with_those_of_tools(study, small_graph) -> None:
    design = Design.default(small_graph)
    trial = study.evaluate(design)
    assert study.evaluate(design) == trial
    yosys = Report(source="yosys", tool="yosys", total=Figures(lut=123.0), design_key=design.key)
    study.add_report(yosys)
    study.add_report(Report(source="yosys", tool="yosys", total=Figures(lut=124.0)), design_key=design.key)
    assert [report.source for report in study.reports(design)] == ["estimate", "yosys"]
    assert study.reports(design)[1].total.lut == 124.0
    with pytest.raises(StudyError, match="does not say which design"):
        study.add_report(Report(source="yosys", tool="yosys", total=Figures()))


def test_notes_are_kept(study, small_graph) -> None:
    number = study.evaluate(Design.default(small_graph)).number
    study.set_note(number, "the one with 'quotes'; and $(more)")
    assert study.trials()[0].note == "the one with 'quotes'; and $(more)"
    with pytest.raises(StudyError, match="there is no trial 99"):
        study.set_note(99, "")
    with pytest.raises(StudyError, match="there is no trial 99"):
        study.design(99)


def test_frame_has_a_row_for_each_trial_and_a_column_for_each_knob(swept) -> None:
    frame = swept.to_frame()
    assert len(frame) == 12
    assert set(frame["dense_1.weight"]) == {f"fixed<{width},1,RND,SAT>" for width in (4, 6, 8)}
    assert frame["lut"].tolist() == [trial.metrics["lut"] for trial in swept.trials()]


def test_failed_designs_are_kept_and_never_on_the_front(small_graph, samples, tmp_path) -> None:
    calls = []

    def odd(y, labels) -> float:
        from hlsexplore.errors import DataError

        calls.append(1)
        if len(calls) % 2:
            raise DataError("an odd call.")
        return 1.0

    with Study(tmp_path / "odd.db", small_graph, *samples, metrics=[Metric(name="odd", function=odd)]) as study:
        result = study.sweep(SPACE)
        assert (result.num_new, result.num_failed) == (12, 6)
        failed = [trial for trial in study.trials() if trial.status is Status.FAILED]
        assert [trial.error for trial in failed] == ["an odd call."] * 6
        assert not {trial.number for trial in failed} & {trial.number for trial in study.front(("lut",))}
        assert study.sweep(SPACE).num_new == 0


def test_a_sweep_that_only_fails_stops_early(small_graph, samples, tmp_path) -> None:
    def broken(y, labels) -> float:
        return float("nan")

    with (
        Study(tmp_path / "bad.db", small_graph, *samples, metrics=[broken]) as study,
        pytest.raises(
            StudyError, match="the first 10 designs of the sweep all failed. The last one: the metric 'broken' gave nan"
        ),
    ):
        study.sweep(SPACE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampler": "anneal"}, "unknown sampler 'anneal'."),
        ({"trials": -1}, "the number of trials must be a whole number of 0 or above, not -1."),
        ({"sampler": "random"}, "this space has 12 designs. Say how many of them to try"),
        ({"objectives": ("lutt",)}, "Did you mean 'lut'?"),
    ],
)
def test_sweep_names_wrong_arguments(study, options, message) -> None:
    with pytest.raises(ConfigError) as caught:
        study.sweep(SPACE, **options)
    assert message in str(caught.value)
    assert len(study) == 0


def test_a_study_belongs_to_one_network_and_one_set_of_samples(study, small_graph, samples) -> None:
    x, labels = samples
    study.sweep(SPACE, trials=1)
    with pytest.raises(StudyError, match=r"belongs to other data \(120 samples.*not to these 60 samples"):
        Study(study.path, small_graph, x[:60], labels[:60])
    with pytest.raises(StudyError, match="belongs to other data"):
        Study(study.path, small_graph, x, (labels + 1) % 5)
    other = small_graph.__class__(name="other", nodes=small_graph.nodes[:4], outputs=("dense_2",))
    with pytest.raises(StudyError, match=r"belongs to another network \('small'.*not to 'other'"):
        Study(study.path, other, x, labels)
    with Study(study.path, small_graph, x, labels) as again:
        assert len(again) == 1


def broken_files():
    yield "text", b"hello, this is no database at all" * 100, "is no study: it is not an SQLite file."
    yield "newer", None, f"has format {FORMAT + 1}; this version of hlsexplore reads up to {FORMAT}."
    yield "foreign", None, "is an SQLite file of another program, no study."


@pytest.mark.parametrize(("kind", "content", "message"), list(broken_files()), ids=lambda value: str(value)[:8])
def test_a_file_that_is_no_study_is_named_and_kept(small_graph, samples, tmp_path, kind, content, message) -> None:
    path = tmp_path / "study.db"
    if kind == "text":
        path.write_bytes(content)
    elif kind == "foreign":
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE other (a)")
        db.close()
    else:
        Study(path, small_graph, *samples).close()
        db = sqlite3.connect(path)
        db.execute(f"PRAGMA user_version = {FORMAT + 1}")
        db.close()
    before = path.read_bytes()
    with pytest.raises(StudyError) as caught:
        Study(path, small_graph, *samples)
    assert message in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", ["truncated", "overwritten"])
def test_a_damaged_study_is_named_and_left_as_it_is(small_graph, samples, tmp_path, damage) -> None:
    path = tmp_path / "study.db"
    with Study(path, small_graph, *samples) as study:
        study.sweep(SPACE)
    content = path.read_bytes()
    path.write_bytes(
        content[: len(content) // 2] if damage == "truncated" else content[:4096] + b"\xff" * (len(content) - 4096)
    )
    before = path.read_bytes()
    with pytest.raises(StudyError, match="is damaged .* and was left as it is. Move it away"):
        Study(path, small_graph, *samples)
    assert path.read_bytes() == before


def test_a_study_locked_by_another_process_is_named(study, monkeypatch) -> None:
    study.sweep(SPACE, trials=2)
    other = sqlite3.connect(study.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    study.store._db.execute("PRAGMA busy_timeout = 50")
    with pytest.raises(StudyError, match="is locked by another process. Wait for it or stop it; nothing was lost."):
        study.sweep(SPACE)
    other.execute("ROLLBACK")
    other.close()
    assert study.sweep(SPACE).num_done == 12


def test_a_full_disk_is_named_and_earlier_trials_are_kept(small_graph, samples, tmp_path) -> None:
    path = tmp_path / "study.db"
    with Study(path, small_graph, *samples) as study:
        study.sweep(SPACE, trials=2)
        pages = study.store._db.execute("PRAGMA page_count").fetchone()[0]
        study.store._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StudyError, match="the disk is full: .* Earlier trials are kept"):
            study.sweep({"per_layer": {"weight": [4, 5, 6, 7, 8, 9, 10, 11], "result": [6, 7, 8, 9]}}, trials=500)
        count = len(study)
        assert count >= 2
    with Study(path, small_graph, *samples) as study:
        assert len(study) == count
        assert study.sweep(SPACE).num_done == 12


def test_a_study_in_a_missing_folder_or_on_a_folder_is_named(small_graph, samples, tmp_path) -> None:
    with pytest.raises(StudyError, match="does not exist; the study cannot be made there"):
        Study(tmp_path / "none" / "study.db", small_graph, *samples)
    with pytest.raises(StudyError, match="is a folder, no study file"):
        Study(tmp_path, small_graph, *samples)
    with pytest.raises(StudyError, match="there is no study"):
        Store(tmp_path / "none.db", must_exist=True)
    assert list(tmp_path.iterdir()) == []


def test_a_closed_study_says_so(small_graph, samples, tmp_path) -> None:
    study = Study(tmp_path / "study.db", small_graph, *samples)
    study.close()
    study.close()
    with pytest.raises(StudyError, match="was closed; open it again"):
        study.trials()


KILLED = """
    import sys
    import numpy as np
    from conftest_graph import graph
    from hlsexplore.emulate import float_forward
    from hlsexplore.study.study import Study
    x = np.random.default_rng(3).normal(0, 1, (400, 16))
    study = Study(sys.argv[1], graph, x, float_forward(graph, x).argmax(axis=1))
    space = {"per_layer": {"weight": list(range(3, 11)), "result": list(range(6, 12))}}
    study.sweep(space, on_event=lambda event: print(event.num_done, flush=True))
"""


def test_a_sweep_survives_kill_9_and_goes_on_without_loss(small_graph, tmp_path) -> None:
    import pickle

    (tmp_path / "graph.pkl").write_bytes(pickle.dumps(small_graph))
    (tmp_path / "conftest_graph.py").write_text(
        "import pickle, pathlib\ngraph = pickle.loads(pathlib.Path(__file__).with_name('graph.pkl').read_bytes())\n"
    )
    path = tmp_path / "study.db"
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(path)]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    x = np.random.default_rng(3).normal(0, 1, (400, 16))
    labels = float_forward(small_graph, x).argmax(axis=1)
    told = 0
    for goal in (40, 90):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
            for line in process.stdout:
                told = int(line)
                if told >= goal:
                    process.send_signal(signal.SIGKILL)
                    break
            process.stdout.read()
        assert process.returncode == -signal.SIGKILL
        with Study(path, small_graph, x, labels) as study:
            kept = study.trials()
            assert len(kept) >= told
            assert [trial.number for trial in kept] == list(range(1, len(kept) + 1))
            assert study.design(kept[-1]).key == kept[-1].design_key
    with Study(path, small_graph, x, labels) as study:
        space = {"per_layer": {"weight": list(range(3, 11)), "result": list(range(6, 12))}}
        result = study.sweep(space, trials=len(kept) + 20, sampler="grid")
        assert (result.num_done, result.num_new) == (len(kept) + 20, 20)
        keys = [trial.design_key for trial in study.trials()]
        assert len(set(keys)) == len(keys) == len(kept) + 20
        assert keys[: len(kept)] == [trial.design_key for trial in kept]


def test_two_processes_can_add_to_one_study(study, small_graph, samples) -> None:
    with Study(study.path, small_graph, *samples) as other:
        first = study.sweep(SPACE, trials=6)
        second = other.sweep(SPACE, trials=12)
        assert (first.num_new, second.num_new, len(study)) == (6, 6, 12)
        assert [trial.design_key for trial in study.trials()] == [trial.design_key for trial in other.trials()]


def test_a_read_only_study_can_be_read(swept, tmp_path) -> None:
    import shutil

    folder = tmp_path / "locked"
    folder.mkdir()
    swept.store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(swept.path, folder / "study.db")
    (folder / "study.db").chmod(0o444)
    folder.chmod(0o555)
    with Store(folder / "study.db", must_exist=True) as store:
        assert len(store) == 12
    folder.chmod(0o755)


def test_deleted_trials_are_gone_and_their_reports_stay(small_graph, tmp_path) -> None:
    config = Design.default(small_graph).to_dict()
    report = Report(source="synthesis", tool="yosys", total=Figures(lut=7.0))
    with Store(tmp_path / "study.db") as store:
        store.add([Trial(design_key=key, config=config, metrics={"lut": 1.0}) for key in "abc"])
        store.add_report(report, "b")
        assert store.delete([2, 99]) == 1
        assert [trial.number for trial in store.trials()] == [1, 3] and store.by_key("b") is None
        assert store.reports("b") == (report,)
