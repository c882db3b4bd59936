"""One page speaks of one tool, and of what that tool reported wherever a design is shown."""

import base64
import json
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hlsexplore import Design, Study
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input
from hlsexplore.report import Figures, Report
from hlsexplore.target import Target
from hlsexplore_widgets import Explorer


def send(widget, **message) -> None:
    widget._on_message(widget, message, [])


def numbers(values) -> np.ndarray:
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
    return np.array(values)


@pytest.fixture(scope="module")
def tiny() -> tuple[Graph, np.ndarray]:
    rng = np.random.default_rng(11)
    kernel = rng.normal(0, 0.5, (4, 3))
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4,)),
        Node(name="fc", op=Dense(kernel=kernel, bias=rng.normal(0, 0.1, 3)), inputs=("x",), shape=(3,)),
        Node(name="act", op=Activation(function=Function.RELU), inputs=("fc",), shape=(3,)),
    )
    return Graph(name="tiny", nodes=nodes, outputs=("act",)), rng.normal(0, 1, (50, 4))


@pytest.fixture(autouse=True)
def _plain_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No vendor's tool is installed, and builds go to a folder of the test."""
    monkeypatch.chdir(tmp_path)
    for name in ("VITIS_HLS", "VITIS_RUN", "VIVADO_HLS", "VIVADO"):
        monkeypatch.delenv(f"HLSEXPLORE_{name}", raising=False)


def sweep(explorer) -> None:
    for key, value in {"trials": 4, "low": 4, "high": 5, "scope": "uniform", "reuse": "keep"}.items():
        send(explorer.explore.sweep_view, ev="option", key=key, value=value)
    send(explorer.explore.sweep_view, ev="start")
    assert explorer.explore.sweep.wait(60) and explorer.explore.wait(20)


def table(explorer):
    """Rows of the table by trial number: column label -> text."""
    send(explorer.explore.tabs, ev="tab", id="trials")
    assert explorer.explore.wait(20)
    page = explorer.explore.table.page
    labels = [column["label"] for column in page["columns"]]
    return {row["id"]: dict(zip(labels, row["cells"], strict=True)) for row in page["rows"]}


def plotted(explorer):
    """LUT of each trial on the Pareto plot, by number, and the names of the traces."""
    send(explorer.explore.tabs, ev="tab", id="pareto")
    assert explorer.explore.wait(20)
    figure = json.loads(explorer.explore.plot.figure)
    found = {}
    for trace in figure["data"]:
        if "customdata" in trace:
            found |= dict(zip(numbers(trace["customdata"]).tolist(), numbers(trace["x"]).tolist(), strict=True))
    return found, [trace["name"] for trace in figure["data"]], figure["layout"]["xaxis"]["title"]["text"]


def tile(explorer, name):
    return next(item for item in explorer.tiles.view.shown["tiles"] if item["id"] == name)


def spoken(explorer) -> dict[str, Any]:
    """The tool that each part of the page speaks of."""
    assert explorer.build.wait(20)
    return {
        "tiles": explorer.tiles.view.shown["subtitle"].rpartition("as ")[2],
        "sweep": explorer.explore.sweep_view.status["message"].removesuffix(" would report").rpartition(" ")[2],
        "build": explorer.build.view.options["tool"],
        "outlook": explorer.build.view.outlook["text"].partition(":")[0],
    }


def test_a_page_without_vendor_tools_speaks_of_yosys(tiny: tuple[Graph, np.ndarray]) -> None:
    explorer = Explorer(*tiny)
    assert explorer.state.wait(30)
    assert set(spoken(explorer).values()) == {"yosys"} and explorer.build.view.options["flow"] == "rtl"
    sweep(explorer)
    assert {row["resources by"] for row in table(explorer).values()} == {"estimate, yosys"}
    assert plotted(explorer)[2] == "LUT, as yosys"
    assert {trial.config["target"]["tool"] for trial in explorer.state.study.trials()} == {"yosys"}
    explorer.close()


def test_a_page_with_vitis_speaks_of_vitis(
    tiny: tuple[Graph, np.ndarray], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "vitis_hls"
    program.write_text("#!/bin/sh\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("HLSEXPLORE_VITIS_HLS", str(program))
    explorer = Explorer(*tiny)
    assert explorer.state.wait(30)
    assert set(spoken(explorer).values()) == {"vitis_hls"} and explorer.build.view.options["flow"] == "vitis"
    explorer.close()


def test_the_build_follows_the_page_and_says_when_it_does_not(tiny: tuple[Graph, np.ndarray]) -> None:
    graph, x = tiny
    explorer = Explorer(graph, x, design=Design.default(graph, Target(tool="vivado_hls")))
    assert explorer.state.wait(30) and set(spoken(explorer).values()) == {"vivado_hls"}
    send(explorer.build.view, ev="option", key="folder", value="mine")
    send(explorer.tiles.view, ev="target", tool="yosys", seq=1.0)
    assert explorer.state.wait(30) and set(spoken(explorer).values()) == {"yosys"}
    assert explorer.build.view.options["flow"] == "rtl" and explorer.build.view.options["folder"] == "mine"
    send(explorer.build.view, ev="option", key="flow", value="vitis")
    assert explorer.build.wait(20)
    assert "Tiles and trials speak of yosys; Target… changes that" in explorer.build.view.outlook["text"]
    explorer.close()


def test_a_study_says_what_its_page_speaks_of(tiny: tuple[Graph, np.ndarray], tmp_path: Path) -> None:
    graph, x = tiny
    with Study(tmp_path / "s.db", graph, x) as study:
        study.sweep({"uniform": {"weight": [4]}}, base=Design.default(graph, Target(tool="vivado_hls", clock_ns=7.0)))
    explorer = Explorer(graph, x, study=tmp_path / "s.db")
    assert explorer.state.wait(30)
    assert set(spoken(explorer).values()) == {"vivado_hls"} and explorer.design.target.clock_ns == 7.0
    explorer.close()


def test_a_synthesis_is_what_tiles_table_and_plot_show(tiny: tuple[Graph, np.ndarray], tmp_path: Path) -> None:
    graph, x = tiny
    path = tmp_path / "s.db"
    explorer = Explorer(graph, x, study=path)
    sweep(explorer)
    send(explorer.explore.table, ev="load", id=2, seq=1.0)
    assert explorer.state.wait(30)
    send(explorer.build.view, ev="start")
    assert explorer.build.job.wait(120) and explorer.build.job.status.condition == "done"
    lut = explorer.build.job.result.report.total.lut
    assert explorer.state.wait(30)
    for page in (explorer, None):
        if page is None:  # the same study, opened again
            explorer.close()
            page = Explorer(graph, x, study=path)
            page.state.load(page.state.study.design(2))
            assert page.state.wait(30)
        shown = tile(page, "lut")
        assert (shown["value"], shown["source"]) == (f"{lut:,.0f}", "yosys")
        assert shown["tip"].endswith("Reported by yosys for this very design")
        assert table(page)[2]["LUT"] == f"{lut:,.0f}" and table(page)[2]["resources by"] == "yosys"
        found, names, _ = plotted(page)
        assert found[2] == lut and "reported by the tool" in names
        assert [pin["x"] for pin in page.explore.plot.pins if pin["kind"] == "current"] == [lut]
    page.close()


def test_a_plan_is_what_tiles_table_and_plot_show(tiny: tuple[Graph, np.ndarray]) -> None:
    explorer = Explorer(*tiny)
    sweep(explorer)
    send(explorer.explore.table, ev="load", id=3, seq=1.0)
    assert explorer.state.wait(30) and explorer.state.live.planned is not None
    lut = explorer.state.live.planned.total.lut
    assert (tile(explorer, "lut")["value"], tile(explorer, "lut")["source"]) == (f"{lut:,.0f}", "plan")
    assert table(explorer)[3]["LUT"] == f"{lut:,.0f}" and table(explorer)[3]["resources by"] == "plan, yosys"
    assert plotted(explorer)[0][3] == lut
    explorer.close()


def test_what_a_synthesis_teaches_reaches_tiles_and_trials_alike(
    tiny: tuple[Graph, np.ndarray], tmp_path: Path
) -> None:
    graph, x = tiny
    design = Design.default(graph, Target(tool="vitis_hls"))
    explorer = Explorer(graph, x, design=design)
    sweep(explorer)
    before = table(explorer)
    total = Figures(lut=2.0 * explorer.state.live.report.total.lut, ff=99.0, dsp=0.0)
    report = Report(source="csynth", tool="vitis_hls", design_key=design.key, total=total)
    explorer.state.reported(design, report)
    explorer.state.learn(design, report)
    assert explorer.state.wait(30)
    after = table(explorer)
    for number in after:
        explorer.state.load(explorer.state.study.design(number))
        assert explorer.state.wait(30)
        assert after[number]["LUT"] == tile(explorer, "lut")["value"] != before[number]["LUT"]
        assert after[number]["resources by"] == "estimate, vitis_hls"
    explorer.close()


def test_a_report_of_another_device_is_not_the_designs(tiny: tuple[Graph, np.ndarray]) -> None:
    graph, x = tiny
    explorer = Explorer(graph, x)
    assert explorer.state.wait(30)
    before = tile(explorer, "lut")["value"]
    explorer.state.reported(
        explorer.design,
        Report(source="nextpnr", tool="nextpnr", tool_version="0.8, ecp5", total=Figures(lut=1.0)),
    )
    assert tile(explorer, "lut")["value"] == before
    explorer.close()
