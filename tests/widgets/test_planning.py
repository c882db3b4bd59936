"""Figures counted from the RTL's plan: the real process behind the state and the panels."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from processes import is_alive

from hlsexplore import Design, estimate
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, DepthwiseConv, Input, Op
from hlsexplore.report import Figures, Report
from hlsexplore.support.cache import cache_directory
from hlsexplore_widgets import Explorer, ExplorerState
from hlsexplore_widgets.cards import card
from hlsexplore_widgets.live import Live
from hlsexplore_widgets.plan_process import PlanProcess
from hlsexplore_widgets.readout import PLANNED_TIP
from hlsexplore_widgets.scoring import headlines

MODULE = "hlsexplore_widgets.plan_process"
NARROW = {"dense_1": {"weight": "fixed<6,1>"}}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answers of former tests, but the compiled code of all: each test would compile the solver for half a minute."""
    code = cache_directory().absolute() / "numba"
    code.mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "numba").symlink_to(code)
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def first(small_graph: Graph) -> Design:
    return Design.default(small_graph, type="fixed<8,3>").with_target(tool="yosys")


@pytest.fixture
def planned(small_graph: Graph, small_x: np.ndarray, first: Design) -> Iterator[ExplorerState]:
    state = ExplorerState(small_graph, small_x, design=first)
    assert state.wait(60)
    yield state
    state.close()


def until(is_true, seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not is_true() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(is_true())


def pid_of(state: ExplorerState) -> int | None:
    return state.evaluation.planner.process.pid


def test_plan_of_the_shown_design_arrives_beside_its_estimate(planned):
    plan = estimate(planned.design, level="plan")
    assert planned.live.planned == plan and planned.live.best == plan
    assert set(plan.provenance.values()) == {"planned"}
    assert planned.live.report == estimate(planned.design)
    assert planned.baseline.planned == plan


def test_design_card_has_the_plan_beside_the_estimate(planned):
    found = card(planned, None)
    assert found["plan"]["total"] == asdict(planned.live.planned.total)
    assert found["estimate"]["total"] == asdict(planned.live.report.total)


def test_another_tool_never_starts_a_process(state):
    state.edit(NARROW)
    assert state.wait(60)
    assert pid_of(state) is None and state.live.planned is None and state.live.best == state.live.report


def test_newer_design_ends_the_plan_that_is_under_way(small_graph, small_x, first):
    state = ExplorerState(small_graph, small_x, design=first.with_layer("dense_1", weight="fixed<16,1>"))
    assert until(lambda: state.evaluation.planner.process.is_planning)
    pid = pid_of(state)
    state.edit(NARROW)
    assert state.wait(60)
    assert not is_alive(pid) and pid_of(state) not in (None, pid)
    assert state.live.planned == estimate(state.design, level="plan")
    assert state.baseline.planned is None
    state.close()


def test_newer_design_leaves_a_process_that_starts(small_graph, small_x, first):
    state = ExplorerState(small_graph, small_x, design=first)
    assert until(lambda: pid_of(state) is not None)
    pid = pid_of(state)
    state.edit(NARROW)
    assert state.wait(60) and pid_of(state) == pid
    assert state.live.planned == estimate(state.design, level="plan")
    state.close()


def test_undo_shows_the_plan_at_once(planned):
    plan, pid = planned.live.planned, pid_of(planned)
    planned.edit(NARROW)
    assert planned.wait(60) and planned.live.planned != plan
    seen = []
    planned.subscribe(lambda topic: seen.append(planned.live.planned), "live")
    planned.undo()
    assert until(lambda: seen) and seen[0] == plan
    assert planned.wait() and pid_of(planned) == pid


def test_close_ends_the_process(planned):
    pid = pid_of(planned)
    assert is_alive(pid)
    planned.close()
    assert not is_alive(pid) and pid_of(planned) is None


@pytest.mark.parametrize("is_ready", [False, True])
def test_close_ends_a_process_at_work(small_graph, small_x, first, is_ready, caplog):
    state = ExplorerState(small_graph, small_x, design=first)
    assert until(lambda: state.evaluation.planner.process.is_planning if is_ready else pid_of(state) is not None)
    pid = pid_of(state)
    state.close()
    assert caplog.text == ""
    assert not is_alive(pid)


def test_process_ends_with_the_kernel():
    found = subprocess.run([sys.executable, "-P", "-m", MODULE], stdin=subprocess.DEVNULL, timeout=60, check=False)
    assert found.returncode == 0


def test_killed_process_leaves_the_estimate_and_the_next_design_is_planned(small_graph, small_x, first, caplog):
    state = ExplorerState(small_graph, small_x, design=first)
    assert until(lambda: pid_of(state) is not None)
    os.kill(pid_of(state), signal.SIGKILL)
    assert state.wait(60)
    assert state.live.planned is None and state.live.best == estimate(state.design)
    assert "the process that plans designs failed" in caplog.text and state.messages == ()
    state.edit(NARROW)
    assert state.wait(60)
    os.kill(pid_of(state), signal.SIGKILL)
    state.edit({"dense_1": {"weight": "fixed<5,1>"}})
    assert state.wait(60)
    assert state.live.planned == estimate(state.design, level="plan")
    state.close()


def test_process_that_cannot_start_is_logged_and_the_estimate_stays(small_graph, small_x, first, caplog, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    state = ExplorerState(small_graph, small_x, design=first)
    assert state.wait(60)
    assert state.live.planned is None and state.live.best == estimate(state.design)
    assert "/no/such/python" in caplog.text
    state.close()


def silent(op: Op, shape: tuple[int, ...], out: tuple[int, ...], **knobs: int) -> bool:
    """Whether a design of one layer has no plan, and the process goes on."""
    nodes = (Node(name="x", op=Input(), inputs=(), shape=shape), Node(name="op", op=op, inputs=("x",), shape=out))
    design = Design.default(Graph(name="one", nodes=nodes, outputs=("op",))).with_target(tool="yosys")
    process = PlanProcess(design.graph)
    found, pid = process.plan(design.with_layer("op", **knobs), threading.Event()), process.pid
    process.close()
    return found is None and pid is not None


def test_design_without_a_plan_is_silent(caplog):
    assert silent(DepthwiseConv(kernel=np.ones((1, 2, 2, 1))), (1, 4, 2), (1, 3, 2), reuse=4)
    assert caplog.text == ""


def test_design_that_is_too_large_for_yosys_is_not_planned(caplog):
    kernel = np.random.default_rng(0).normal(0, 1, (400, 200))
    assert silent(Dense(kernel=kernel), (400,), (200,))
    assert caplog.text == ""


def test_figures_of_a_synthesis_of_the_design_stay(planned):
    plan = planned.live.planned
    measured = Report(source="yosys", tool="yosys", total=Figures(lut=plan.total.lut + 11, ff=plan.total.ff + 3))
    planned.learn(planned.design, measured)
    assert planned.wait(60)
    best = planned.live.best
    assert (best.total.lut, best.total.ff) == (measured.total.lut, measured.total.ff)
    assert best.provenance["lut"] == "measured" and best.provenance["dsp"] == "planned"
    assert replace(best.total, lut=plan.total.lut, ff=plan.total.ff) == plan.total
    assert best.bounds[0].lower.lut == best.bounds[0].upper.lut == measured.total.lut


def test_tiles_rows_and_plots_change_to_the_plan_and_say_so(small_graph, small_x, first):
    explorer = Explorer(small_graph, small_x, design=first)
    assert explorer.state.wait(60)
    plan, tiles = explorer.state.live.planned, explorer.tiles.view.shown["tiles"]
    items = {item["id"]: item for item in tiles}
    assert items["lut"]["value"] == f"{plan.total.lut:,.0f}" and items["ii"]["value"] == f"{plan.total.ii_cycles:,.0f}"
    figures = ("lut", "ff", "dsp", "bram18", "latency", "ii")
    assert [items[name]["source"] for name in figures] == ["plan"] * 6
    assert all(items[name]["tip"].endswith(PLANNED_TIP) and items[name]["delta"] == "no change" for name in figures)
    assert items["latency"]["tip"] == PLANNED_TIP and items["lut"]["tip"].startswith("80 % interval: ")
    live = explorer.layers.view.live
    own, total = plan.layers["dense_1"].lut, sum(item.lut for item in plan.layers.values())
    assert live["planned"] and live["share"]["dense_1"]["lut"] == own / total
    assert explorer.explore._figures(explorer.state.live)["lut"] == plan.total.lut
    explorer.analyse.tabs._handle_custom_msg({"id": "resources"}, [])
    assert explorer.analyse.wait()
    assert "LUT by layer (counted from the RTL's plan)" in explorer.analyse.plot.figure
    explorer.close()


def report(lut: float) -> Report:
    return Report(source="estimate", tool="yosys", total=Figures(lut=lut), provenance={"lut": "fitted"})


def test_differences_compare_plans_with_plans_and_estimates_with_estimates(planned, first):
    from hlsexplore_widgets.readout import tiles

    def delta(live: Live, baseline: Live) -> str:
        return next(item for item in tiles(live, baseline, headlines(planned.evaluator), {}) if item["id"] == "lut")[
            "delta"
        ]

    plain = [Live(revision=0, seq=0.0, design=first, report=report(lut)) for lut in (100.0, 130.0)]
    with_plan = [replace(live, planned=report(lut)) for live, lut in zip(plain, (105.0, 120.0), strict=True)]
    assert delta(with_plan[1], with_plan[0]) == "+15 vs baseline"
    assert delta(with_plan[1], plain[0]) == delta(plain[1], with_plan[0]) == "+30 vs baseline"
    built = [
        replace(live, reports=(replace(report(lut), source="yosys"),))
        for live, lut in zip(plain, (90.0, 97.0), strict=True)
    ]
    assert delta(built[1], built[0]) == "+7 vs baseline" and delta(built[1], plain[0]) == "+30 vs baseline"


def test_process_imports_no_framework_and_no_widgets():
    code = (
        f"import sys, {MODULE}, hlsexplore.estimate.rtl.planned, hlsexplore.rtl_plan.netlist.sharing_kernel\n"
        "print([name for name in ('keras', 'tensorflow', 'ipywidgets', 'plotly', 'anywidget') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"
