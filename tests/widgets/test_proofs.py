"""What is proven of the integers, in the panel of layers and in the design card."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore_widgets import Explorer
from hlsexplore_widgets.cards import card

FOLDER = Path(__file__).parents[1] / "data" / "brevitas"


@pytest.fixture
def explorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Explorer]:
    monkeypatch.chdir(tmp_path)
    data = np.load(FOLDER / "mlp.npz")
    explorer = Explorer(hx.read_model(FOLDER / "mlp.onnx"), data["x"], data["y"].argmax(axis=1))
    assert explorer.state.wait(60)
    yield explorer
    explorer.close()


def test_layers_say_what_is_proven_and_lose_it_with_their_types(explorer: Explorer) -> None:
    view = explorer.layers.view
    assert view.config["proofs"] == {"3": "proven equal", "5": "proven equal"}
    details = {row["name"]: row["detail"] for row in view.rows}
    assert "proven equal: with the model's own types" in details["3"]
    edit = {"ev": "edit", "seq": 5.0, "gesture": "g", "changes": {"3": {"weight": "fixed<3,1>"}}}
    view._handle_custom_msg(edit, [])
    assert explorer.state.wait(60)
    assert view.config["proofs"] == {"3": "proof lost", "5": "proven equal"}
    kept = card(explorer.state, None)["requantizations"]
    assert kept == {"proven_equal": ["5"], "proof_lost": ["3"], "not_proven": []}
