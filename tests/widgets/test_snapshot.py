"""The picture that stands beside the explorer where no kernel runs: saved notebooks, nbviewer, nbconvert, editors."""

import re

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import hlsexplore as hx
from hlsexplore.graph import Graph
from hlsexplore_widgets import Explorer
from hlsexplore_widgets.notebook import notebook_text
from hlsexplore_widgets.snapshot import CLASS, snapshot_html
from hlsexplore_widgets.state import ExplorerState

CELL = """
import hlsexplore as hx
from hlsexplore_widgets import Explorer
example = hx.load_example("jets", "qkeras")
x, labels = example.x[:500], example.labels[:500]
study = hx.Study("s.db", example.graph, x, labels)
study.sweep({"uniform": {"weight": [3, 4, 6], "reuse": [1, 4]}})
explorer = Explorer(example.graph, x, labels, study=study, title="A <network>")
explorer
"""
WAIT = """
import time
explorer.state.wait()
time.sleep(3)
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("snapshot")
    notebook = nbformat.reads(notebook_text([("code", CELL), ("code", WAIT)]), as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def picture(notebook):
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    found = [output["data"]["text/html"] for output in outputs if CLASS in str(output.get("data", {}).get("text/html"))]
    assert len(found) == 1
    return found[0]


def test_a_saved_notebook_shows_figures_types_and_front(executed) -> None:
    html = picture(executed)
    assert "A &lt;network&gt;" in html and "Run the cell to explore." in html
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    assert re.search(r"\d\d\.\d\d % ± \d", text) and re.search(r"LUT.* \d+,\d{3}", text)
    assert "w fixed<" in text.replace("&lt;", "<") and "6 trials" in text
    assert html.count("<circle") > 6 and "<script" not in html and "http" not in html.replace("http://www.w3.org", "")


def test_nbconvert_shows_it_offline_and_small(executed) -> None:
    from nbconvert import HTMLExporter

    body, _ = HTMLExporter(template_name="basic").from_notebook_node(executed)
    assert CLASS in body and "Run the cell to explore." in body
    assert len(picture(executed)) < 60_000


def test_network_of_many_layers_stays_small(small_graph: Graph) -> None:
    from hlsexplore.graph import Graph, Node
    from hlsexplore.ops import Activation, Function

    nodes = list(small_graph.nodes)
    for index in range(100):
        shape = nodes[-1].shape
        op = Activation(function=Function.LINEAR)
        nodes.append(Node(name=f"n{index}", op=op, inputs=(nodes[-1].name,), shape=shape))
    graph = Graph(name="long", nodes=tuple(nodes), outputs=(nodes[-1].name,))
    state = ExplorerState(graph, np.zeros((4, *graph.input_shape)))
    try:
        state.wait()
        html = snapshot_html(state, "long")
    finally:
        state.close()
    assert "further layers" in html and len(html) < 60_000


def test_explorer_displays_page_and_picture(small_graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *items, **options: shown.extend(items))
    explorer = hx_explorer(small_graph)
    try:
        assert explorer.state.wait(60)
        explorer._ipython_display_()
    finally:
        explorer.close()
    page, picture = shown
    assert page["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.view.model_id
    assert page["text/plain"] == f"The explorer of {small_graph.name}: run the cell to explore"
    assert CLASS in picture["text/html"]
    assert picture["text/plain"].startswith(f"{small_graph.name}: ") and re.search(r", LUT \d", picture["text/plain"])


def hx_explorer(graph) -> Explorer:
    from hlsexplore_widgets import Explorer

    return Explorer(graph, np.zeros((8, *graph.input_shape)), design=hx.Design.default(graph))
