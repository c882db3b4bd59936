"""One button from the design on the screen to a verified project and a report, with the real tools."""

import json
import threading
import time

import pytest
import yaml

from hlsexplore import Design
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input
from hlsexplore_hls import Project
from hlsexplore_widgets import Explorer
from hlsexplore_widgets.live import Verification

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
    explorer = Explorer(graph, x, design=Design.default(graph, type="fixed<6,3>"))
    assert explorer.state.wait()
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
    assert rows["LUT"][2] == f"{job.result.report.total.lut:,.0f}"
    assert explorer.state.messages[-1].level == "done" and "0 integers differ" in explorer.state.messages[-1].text
    assert "exported" in explorer.build.view.log


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


def test_design_card_identifies_everything(explorer, tmp_path):
    send(explorer.build.view, ev="card")
    card = yaml.safe_load((tmp_path / "tiny-net-rtl_design_card.yaml").read_text())
    assert card["design"]["key"] == explorer.design.key and card["model"]["digest"] == explorer.state.graph.digest
    assert card["estimate"]["total"]["lut"] == explorer.state.live.report.total.lut
    assert card["agreement"]["value"] == explorer.state.live.score.value and card["data"]["num_samples"] == 50


def test_saved_notebook_reads_the_saved_design(explorer, tmp_path, tiny):
    send(explorer.build.view, ev="notebook")
    notebook = json.loads((tmp_path / "tiny-net-rtl_design.ipynb").read_text())
    source = "".join("".join(cell["source"]) for cell in notebook["cells"])
    assert '"tiny-net-rtl_design.yaml"' in source and explorer.state.graph.digest in source
    assert Design.load(tmp_path / "tiny-net-rtl_design.yaml", tiny[0]) == explorer.design


def test_badge_counts_differences(explorer):
    key = explorer.design.key
    explorer.state.verified(
        Verification(design_key=key, flow="rtl", tool="t", differing=3, num_samples=9, at=time.time())
    )
    tile = explorer.tiles.view.shown["tiles"][-1]
    assert tile["value"] == "3 differ" and tile["alarm"] == "failed"
