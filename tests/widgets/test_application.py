"""Models that cannot be explored show why, in place of the rows."""

import json
from pathlib import Path

import numpy as np
import pytest

from hlsexplore.errors import ModelError
from hlsexplore.graph import Graph
from hlsexplore.importers import Inspection, LayerInfo, read_model
from hlsexplore_widgets import Explorer, explore
from hlsexplore_widgets.application import application
from hlsexplore_widgets.cards import save_notebook
from hlsexplore_widgets.compatibility import compatibility_page
from hlsexplore_widgets.serve import write_application


def html(page):
    return page.children[0].value


@pytest.fixture
def found() -> Inspection:
    layers = (
        LayerInfo(name="fc", cls="Dense", shape=(5,), num_parameters=30, nodes=("fc",), problem=None),
        LayerInfo(name="<b>odd</b>", cls="Lambda", shape=None, num_parameters=0, nodes=(), problem="no"),
    )
    return Inspection(
        name="net", layers=layers, problems=("layer '<b>odd</b>' (Lambda) is not supported.",), graph=None
    )


def test_report_lists_every_layer_and_shows_texts_as_they_are(found: Inspection) -> None:
    text = html(compatibility_page("net.keras cannot be explored yet", found))
    assert "<h2>net.keras cannot be explored yet</h2>" in text
    assert "<b>" not in text and "&lt;b&gt;odd&lt;/b&gt;" in text
    assert text.count("<tr") == 3 and text.count('hx-lacking"') == 1 and "✗ not supported" in text


def test_unsupported_model_is_answered_by_its_report(found: Inspection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hlsexplore_widgets.application.inspect_model", lambda model, weights: found)
    page = explore("somewhere/net.keras", np.zeros((2, 3)))
    assert "net.keras cannot be explored yet" in html(page) and "hx-app" in page._dom_classes


def test_supported_model_is_explored(small_graph: Graph, small_x: np.ndarray) -> None:
    explorer = explore(small_graph, small_x, title="mine")
    assert isinstance(explorer, Explorer) and explorer.state.wait(60)
    assert explorer.tiles.view.shown["title"] == "mine"
    explorer.close()


def test_file_that_is_no_model_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.keras").write_bytes(b"no")
    with pytest.raises(ModelError):
        explore(tmp_path / "x.keras", np.zeros((2, 3)))


def test_application_shows_the_error_of_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "x.keras").write_bytes(b"no")
    names = {"model": str(tmp_path / "x.keras"), "data": str(tmp_path / "x.npz")}
    (tmp_path / "a.json").write_text(json.dumps(names))
    text = html(application(tmp_path / "a.json"))
    assert "The explorer cannot start" in text and "x.keras" in text


def test_application_of_an_architecture_and_its_weights_reproduces_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = Path(__file__).parents[1] / "data" / "models"
    names = {"model": models / "keras213_shared.json", "weights": models / "keras213_shared.weights.h5"}
    np.savez(tmp_path / "x.npz", x=np.zeros((4, 6)))
    write_application(tmp_path, names["model"], tmp_path / "x.npz", weights=names["weights"])
    explorer = application(tmp_path / "application.json")
    assert explorer.state.graph.digest == read_model(*names.values()).digest
    explorer.state.wait()
    explorer.build.job.choose(folder=str(tmp_path / "project"))
    path = save_notebook(explorer.state, explorer.build.job.options, tuple(names.values()))
    source = path.read_text()
    assert "hx.read_model(MODEL, WEIGHTS)" in source and "keras213_shared.weights.h5" in source
    explorer.close()
