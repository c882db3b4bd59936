"""One button from the design on the screen to a verified project and a report, with the real tools."""

import json
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from hlsexplore import Design
from hlsexplore.compress.files import save_network
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Concatenate, Dense, Function, Input
from hlsexplore.target import Target
from hlsexplore_hls import Project
from hlsexplore_widgets import Explorer
from hlsexplore_widgets.live import Verification
from hlsexplore_widgets.panels.build import BuildPanel
from hlsexplore_widgets.state import ExplorerState

PLAIN_STAGES = ["Export", "Verify", "Synthesize", "Report"]


def send(widget, **message):
    widget._handle_custom_msg(message, [])


@pytest.fixture(scope="module")
def tiny():
    import numpy as np

    rng = np.random.default_rng(11)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4,)),
        Node(
            name="fc",
            op=Dense(kernel=rng.normal(0, 0.5, (4, 3)), bias=rng.normal(0, 0.1, 3)),
            inputs=("x",),
            shape=(3,),
        ),
        Node(name="act", op=Activation(function=Function.RELU), inputs=("fc",), shape=(3,)),
    )
    return Graph(name="tiny net", nodes=nodes, outputs=("act",)), rng.normal(0, 1, (50, 4))


@pytest.fixture
def explorer(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graph, x = tiny
    design = Design.default(graph, Target(tool="yosys"), type="fixed<6,3>")
    explorer = Explorer(graph, x, design=design)
    assert explorer.state.wait(60)
    yield explorer
    explorer.close()


def test_build_exports_verifies_and_synthesizes(explorer, tmp_path):
    job = explorer.build.job
    send(explorer.build.view, ev="start")
    assert job.wait(120)
    assert job.status.condition == "done", (job.log, explorer.state.messages)
    assert explorer.build.view.status["stages"] == PLAIN_STAGES
    project = Project.load(tmp_path / "tiny-net-rtl")
    assert project.design_key == explorer.design.key
    assert job.result.verification.differing == 0 and job.result.verification.num_samples == 50
    assert explorer.tiles.view.shown["tiles"][-1]["value"] == "✓ RTL exact"
    rows = {row[0]: row for row in explorer.build.view.result["rows"]}
    total = job.result.report.total
    assert rows["LUT"][3] == f"{total.lut:,.0f}" and rows["LUT"][1] == f"{job.result.estimate.total.lut:,.0f}"
    assert job.result.estimate.tool == "yosys" and " – " in rows["LUT"][2]
    assert explorer.state.messages[-1].level == "done" and "0 integers differ" in explorer.state.messages[-1].text
    assert "exported" in explorer.build.view.log


def test_report_sharpens_the_estimates_of_this_and_later_explorers(explorer, tiny):
    from hlsexplore import estimate

    own = explorer.design.with_target(tool="yosys")
    plain = estimate(own).total.lut
    send(explorer.build.view, ev="start")
    assert explorer.build.job.wait(120) and explorer.build.job.status.condition == "done"
    result, graph = explorer.build.job.result, tiny[0]
    assert result.estimate.total.lut == estimate(own, level="plan").total.lut
    assert "sharpens later estimates of this network for yosys: LUT ×" in explorer.build.view.result["notes"][0]
    other = own.with_layer("fc", weight="fixed<5,1>")
    later = Explorer(graph, tiny[1], design=other)
    assert later.state.wait(60)
    before, after = estimate(other), later.state.live.report
    assert (after.total.lut - before.total.lut) * (result.report.total.lut - plain) > 0
    widths = [item.bounds[0].upper.lut / max(item.bounds[0].lower.lut, 1) for item in (before, after)]
    assert widths[1] < widths[0]
    later.close()


def test_damaged_calibration_is_a_message_and_not_the_end(tiny, monkeypatch, tmp_path):
    (tmp_path / "c.json").write_text("{")
    monkeypatch.setenv("HLSEXPLORE_CALIBRATION", str(tmp_path / "c.json"))
    explorer = Explorer(tiny[0], tiny[1])
    assert explorer.state.wait(60) and explorer.state.live.report is not None
    assert "Delete it to start anew" in explorer.state.messages[0].text
    explorer.close()


@pytest.mark.parametrize(("flow", "badge"), [("vitis", "✓ C++ exact"), ("xls", "✓ XLS exact")])
def test_other_flows_are_built_from_the_panel(explorer, flow, badge, tmp_path):
    if flow == "xls":
        pytest.importorskip("xls")
    send(explorer.build.view, ev="option", key="flow", value=flow)
    send(explorer.build.view, ev="verify" if flow == "vitis" else "start")
    assert explorer.build.job.wait(200)
    assert explorer.build.job.status.condition == "done", (explorer.build.job.log, explorer.state.messages)
    assert Project.load(tmp_path / f"tiny-net-{flow}").flow == flow
    assert explorer.tiles.view.shown["tiles"][-1]["value"] == badge
    if flow == "xls":
        assert explorer.build.job.result.report.tool == "yosys" and explorer.build.view.result["rows"]


def test_missing_tool_ends_the_build_with_the_way_out(explorer, monkeypatch, tmp_path):
    from hlsexplore_hls.tools.vendor import VITIS_HLS

    send(explorer.build.view, ev="option", key="flow", value="vitis")
    assert explorer.build.wait() and "'vitis_hls' was not found" in explorer.build.view.outlook["warnings"][0]
    send(explorer.build.view, ev="start")
    assert explorer.build.job.wait(200) and explorer.build.job.status.condition == "failed"
    assert VITIS_HLS.variable in explorer.state.messages[-1].text


def test_verify_alone_has_two_stages_and_no_report(explorer):
    send(explorer.build.view, ev="verify")
    assert explorer.build.job.wait(120)
    assert explorer.build.view.status["stages"] == PLAIN_STAGES[:2] and explorer.build.view.result == {}
    assert explorer.build.job.status.condition == "done"


def test_build_can_be_cancelled(explorer):
    job = explorer.build.job
    send(explorer.build.view, ev="start")
    send(explorer.build.view, ev="cancel")
    assert job.wait(30) and job.status.condition == "cancelled"
    assert not [thread for thread in threading.enumerate() if thread.name == "hlsexplore-build"]


def test_a_plan_under_way_shows_its_layer_and_is_cancelled(tmp_path, monkeypatch):
    import numpy as np

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(3)
    kernel, bias = rng.normal(0, 0.5, (96, 96)), rng.normal(0, 0.1, 96)  # a minute of planning
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(96,)),
        Node(name="wide", op=Dense(kernel=kernel, bias=bias), inputs=("x",), shape=(96,)),
    )
    graph = Graph(name="wide", nodes=nodes, outputs=("wide",))
    explorer = Explorer(
        graph, rng.normal(0, 1, (5, 96)), design=Design.default(graph, Target(tool="yosys"), type="fixed<12,4>")
    )
    job = explorer.build.job
    send(explorer.build.view, ev="start")
    deadline = time.monotonic() + 30
    while "planning 'wide'" not in job.status.message and time.monotonic() < deadline:
        time.sleep(0.02)
    assert job.status.message == "planning 'wide'" and job.status.condition == "running"
    start = time.monotonic()
    send(explorer.build.view, ev="cancel")
    assert job.wait(20) and job.status.condition == "cancelled"
    assert time.monotonic() - start < 10
    explorer.close()


def test_failed_build_says_why(explorer, tmp_path):
    (tmp_path / "occupied").mkdir()
    (tmp_path / "occupied" / "mine.txt").write_text("precious")
    send(explorer.build.view, ev="option", key="folder", value="occupied")
    send(explorer.build.view, ev="start")
    assert explorer.build.job.wait(30) and explorer.build.job.status.condition == "failed"
    assert "occupied" in explorer.state.messages[-1].text and explorer.state.messages[-1].level == "error"
    assert (tmp_path / "occupied" / "mine.txt").read_text() == "precious"


def test_flow_brings_its_tools_and_folder(explorer):
    send(explorer.build.view, ev="option", key="flow", value="vitis")
    assert (
        explorer.build.view.options["tool"] == "vitis_hls" and explorer.build.view.options["folder"] == "tiny-net-vitis"
    )
    send(explorer.build.view, ev="option", key="folder", value="elsewhere")
    send(explorer.build.view, ev="option", key="flow", value="rtl")
    assert explorer.build.view.options["folder"] == "elsewhere"
    send(explorer.build.view, ev="option", key="flow", value="cobol")
    assert "unknown flow 'cobol'" in explorer.state.messages[-1].text


def test_back_end_of_hls4ml_is_chosen_and_the_card_names_it(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    state = ExplorerState(*tiny, design=Design.default(tiny[0], Target(tool="yosys")))
    panel = BuildPanel(state)
    job, view = panel.job, panel.view
    assert [item["value"] for item in view.options["interfaces"]] == ["plain"]
    send(view, ev="option", key="flow", value="hls4ml")
    assert (view.options["choice"], view.options["interface"]) == ("Back end", "plain")
    offered = {item["value"] for item in view.options["interfaces"]}
    assert {"pynq-z2", "zcu102", "alveo-u250", "oneapi", "catapult", "libero"} <= offered
    send(view, ev="option", key="interface", value="zcu102")
    send(view, ev="verify")
    assert job.wait(200)
    assert "note: the board 'zcu102' has the part 'xczu9eg-ffvb1156-2-e'" in job.log
    send(view, ev="card")
    found = yaml.safe_load((tmp_path / "tiny-net-hls4ml_design_card.yaml").read_text())
    assert (found["project"]["interface"], found["project"]["backend"]) == ("zcu102", "VivadoAccelerator (zcu102)")
    if find_spec("hls4ml") is not None:
        assert job.status.condition == "done", job.log
        assert found["verifications"][0]["tool"] == "hls4ml, back end VivadoAccelerator (zcu102)"
    send(view, ev="option", key="flow", value="rtl")
    assert (view.options["interface"], job.options.interface) == ("plain", "")


def test_design_card_identifies_everything(explorer, tmp_path):
    send(explorer.build.view, ev="card")
    card = yaml.safe_load((tmp_path / "tiny-net-rtl_design_card.yaml").read_text())
    assert card["design"]["key"] == explorer.design.key and card["model"]["digest"] == explorer.state.graph.digest
    assert card["estimate"]["total"]["lut"] == explorer.state.live.report.total.lut
    assert card["relative_error"]["value"] == explorer.state.live.score.value and card["data"]["num_samples"] == 50
    assert card["tasks"] == {explorer.state.graph.outputs[0]: "regression"}


def test_saved_notebook_reads_the_saved_design(explorer, tmp_path, tiny):
    send(explorer.build.view, ev="notebook")
    notebook = json.loads((tmp_path / "tiny-net-rtl_design.ipynb").read_text())
    source = "".join("".join(cell["source"]) for cell in notebook["cells"])
    assert '"tiny-net-rtl_design.yaml"' in source and explorer.state.graph.digest in source
    assert Design.load(tmp_path / "tiny-net-rtl_design.yaml", tiny[0]) == explorer.design


def test_saved_notebook_reproduces_the_figures(tmp_path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    from hlsexplore.examples import load

    monkeypatch.chdir(tmp_path)
    example = load("shuttle")
    design = Design.default(example.graph, type="fixed<9,4>")
    explorer = Explorer(example.graph, example.x[:300], example.labels[:300], design=design, model=example.path)
    assert explorer.state.wait(60)
    send(explorer.build.view, ev="notebook")
    path = next(tmp_path.glob("*_design.ipynb"))
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = notebook.cells[:4]
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = notebook.cells[-1].outputs[0]["text"]
    assert f"accuracy {explorer.state.live.score.value}" in printed
    assert f"{explorer.state.live.score.value:.6g}" in notebook.cells[0]["source"]
    explorer.close()


def test_badge_counts_differences(explorer):
    key = explorer.design.key
    explorer.state.verified(
        Verification(design_key=key, flow="rtl", tool="t", differing=3, num_samples=9, at=time.time())
    )
    tile = explorer.tiles.view.shown["tiles"][-1]
    assert tile["value"] == "3 differ" and tile["alarm"] == "failed"


def test_network_with_several_inputs_and_outputs_is_verified_and_saved(tmp_path, monkeypatch):
    import nbformat
    import numpy as np

    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    nodes = (
        Node(name="near", op=Input(), inputs=(), shape=(3,)),
        Node(name="far", op=Input(), inputs=(), shape=(2,)),
        Node(name="joined", op=Concatenate(axis=0), inputs=("near", "far"), shape=(5,)),
        Node(name="kind", op=Dense(kernel=rng.normal(0, 1, (5, 3))), inputs=("joined",), shape=(3,)),
        Node(name="place", op=Dense(kernel=rng.normal(0, 1, (5, 2))), inputs=("joined",), shape=(2,)),
    )
    graph = Graph(name="pair", nodes=nodes, outputs=("kind", "place"))
    x = (rng.normal(0, 1, (60, 3)), rng.normal(0, 1, (60, 2)))
    labels = {"kind": rng.integers(0, 3, 60), "place": rng.normal(0, 1, (60, 2))}
    design = Design.default(graph, Target(tool="vitis_hls"), type="fixed<6,3>")
    explorer = Explorer(graph, x, labels, design=design, model=save_network(design, tmp_path / "pair.npz"))
    assert explorer.state.wait(60)
    send(explorer.build.view, ev="verify")
    assert explorer.build.job.wait(120) and explorer.tiles.view.shown["tiles"][-1]["value"] == "✓ C++ exact"
    for event in ("card", "notebook"):
        send(explorer.build.view, ev=event)
    found = yaml.safe_load(Path("pair-vitis_design_card.yaml").read_text())
    assert found["tasks"] == {"kind": "multiclass", "place": "regression"} and found["project"]["flow"] == "vitis"
    assert {"accuracy_kind", "rmse_place"} <= set(found)
    _, files, read, evaluated, exported, _ = nbformat.read("pair-vitis_design.ipynb", as_version=4).cells
    assert 'flow="vitis"' in exported.source
    names: dict = {}
    exec("\n".join(cell.source for cell in (files, read, evaluated)), names)
    scores = explorer.state.live.scores
    assert {name: names["trial"].metrics[name] for name in scores} == {
        name: item.value for name, item in scores.items()
    }
    explorer.close()
