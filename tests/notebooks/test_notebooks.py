"""Every notebook runs from start to end in a fresh kernel, in a folder of its own."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
MAX_SECONDS = 180


def execute(path: Path, folder: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, 4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=MAX_SECONDS, kernel_name="python3", resources=resources).execute()
    return notebook


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook_runs_to_its_end(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    (tmp_path / "work").mkdir()
    notebook = execute(path, tmp_path / "work")
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not [output for output in outputs if output.output_type == "error"]
    shown = [output for output in outputs if WIDGET_VIEW in output.get("data", {})]
    if any("Explorer(" in cell.source for cell in notebook.cells):
        assert len(shown) == 1
        tiles = [item["state"]["shown"]["tiles"] for item in widget_states(notebook) if "shown" in item["state"]]
        assert [tile["id"] for tile in tiles[0]][:3] == ["score", "float", "lut"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)
    assert path.stat().st_size < 40_000


def widget_states(notebook: nbformat.NotebookNode) -> list[dict]:
    return list(notebook.metadata["widgets"][WIDGET_STATE]["state"].values())
