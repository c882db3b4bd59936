"""History as a list, named designs, cards that are opened, links."""

from pathlib import Path

import pytest
import yaml

from hlsexplore import Design
from hlsexplore.errors import ConfigError
from hlsexplore_widgets import Explorer
from hlsexplore_widgets.cards import card
from hlsexplore_widgets.opening import design_of_link, design_of_text, link_of
from hlsexplore_widgets.panels.designs import change_text, designs_data


def send(widget, **message) -> None:
    widget._handle_custom_msg(message, [])


@pytest.fixture
def edited(explorer: Explorer) -> Explorer:
    for width in (12, 8, 6):
        explorer.state.edit({"dense_1": {"weight": f"fixed<{width},2>"}})
    return explorer


def test_history_is_a_list_that_leads_back_and_forth(edited: Explorer) -> None:
    steps = designs_data(edited.state)["steps"]
    assert [step["by"] for step in steps] == [-3, -2, -1, 0]
    assert [step["text"] for step in steps[1:]] == [f"dense_1 weight fixed<{width},2>" for width in (12, 8, 6)]
    send(edited.tiles.view, ev="go", by=-2, seq=1.0)
    assert str(edited.design.layers["dense_1"].types["weight"]) == "fixed<12,2>"
    assert [step["by"] for step in designs_data(edited.state)["steps"]] == [-1, 0, 1, 2]
    send(edited.tiles.view, ev="go", by=99, seq=2.0)
    assert str(edited.design.layers["dense_1"].types["weight"]) == "fixed<6,2>"


def test_changes_are_told_in_few_words(edited: Explorer) -> None:
    first, last = edited.state.first, edited.design.with_layers({"dense_1": {"reuse": 4}}).with_target(clock_ns=3.0)
    text = change_text(first, last)
    assert text == "target xcvu13p-flga2577-2-e, 3 ns, as vitis_hls, dense_1 weight fixed<6,2> and 1 more"
    assert change_text(first, first) == "no change"


def test_designs_are_named_loaded_and_forgotten(edited: Explorer) -> None:
    view, shelf = edited.tiles.view, edited.state.shelf
    send(view, ev="name", name="  small   one ")
    named = edited.design
    assert dict(shelf.named) == {"small one": named}
    send(view, ev="undo", seq=1.0)
    send(view, ev="named", name="small one", seq=2.0)
    assert edited.design == named
    send(view, ev="compare")
    assert shelf.compared[0].name == "small one"
    send(view, ev="name", name=" ")
    assert "1 to 60 characters" in edited.state.messages[-1].text
    send(view, ev="forget", name="small one")
    assert not shelf.named


def test_card_and_design_file_are_opened_by_path_and_dropped(edited: Explorer, tmp_path: Path) -> None:
    small = edited.design
    assert edited.state.wait(60)
    text = yaml.safe_dump(card(edited.state, None))
    small.save(tmp_path / "design.yaml")
    edited.state.reset()
    send(edited.tiles.view, ev="open_text", name="card.yaml", text=text, seq=1.0)
    assert edited.design == small and "'card.yaml' is loaded" in edited.state.messages[-1].text
    edited.state.reset()
    send(edited.tiles.view, ev="open_path", path=str(tmp_path / "design.yaml"), seq=2.0)
    assert edited.design == small
    send(edited.tiles.view, ev="open_path", path=str(tmp_path / "nothing.yaml"), seq=3.0)
    assert "cannot read" in edited.state.messages[-1].text and edited.design == small


def test_card_of_another_network_is_refused(explorer: Explorer) -> None:
    with pytest.raises(ConfigError, match="of another network or other weights"):
        design_of_text("model: {digest: abc}\nlayers: {}", "other.yaml", explorer.state.graph)
    with pytest.raises(ConfigError, match=r"card.yaml: unknown layer"):
        design_of_text("hlsexplore_card: 1\ndesign: {layers: {nope: {}}}", "card.yaml", explorer.state.graph)


def test_link_leads_back_to_the_design(edited: Explorer) -> None:
    code = link_of(edited.design)
    assert (
        design_of_link(code, edited.state.graph) == edited.design and code.replace("-", "").replace("_", "").isalnum()
    )
    send(edited.tiles.view, ev="reset", seq=1.0)
    send(edited.tiles.view, ev="open_link", code=code, seq=2.0)
    assert str(edited.design.layers["dense_1"].types["weight"]) == "fixed<6,2>"
    assert isinstance(edited.design, Design)


@pytest.mark.parametrize("code", ["", "!!", "AAAA", "x" * 70_000])
def test_damaged_link_is_refused(explorer: Explorer, code) -> None:
    with pytest.raises(ConfigError, match="damaged"):
        design_of_link(code, explorer.state.graph)


def test_cut_link_is_refused(explorer: Explorer) -> None:
    with pytest.raises(ConfigError, match="damaged"):
        design_of_link(link_of(explorer.design)[:-8], explorer.state.graph)
