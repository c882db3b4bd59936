"""Designs side by side, tables and plots that leave the page."""

import csv
import io

import pytest

from hlsexplore import Design
from hlsexplore.errors import ConfigError
from hlsexplore_widgets import Explorer
from hlsexplore_widgets.shelf import NamedDesign


def send(widget, **message) -> None:
    widget._handle_custom_msg(message, [])


def sections(explorer):
    assert explorer.compare.wait(60)
    return {item["title"]: item["rows"] for item in explorer.compare.table.data["sections"]}


@pytest.fixture
def two(explorer: Explorer) -> Explorer:
    send(explorer.tiles.view, ev="compare")
    explorer.state.edit({"dense_1": {"weight": "fixed<6,2>"}})
    send(explorer.tiles.view, ev="compare")
    return explorer


def test_comparison_shows_figures_and_what_differs(two: Explorer) -> None:
    found = sections(two)
    lut = next(row for row in found["Figures"] if row["label"] == "LUT")
    wide, narrow = (two.state.estimated(item.design).total.lut for item in two.state.shelf.compared)
    assert [cell.split()[0] for cell in lut["cells"]] == [f"{wide:,.0f}", f"{narrow:,.0f}"]
    assert all("–" in cell for cell in lut["cells"]) and lut["best"] == [1]
    accuracy = next(row for row in found["Figures"] if row["label"].startswith("Accuracy"))
    assert accuracy["label"] == f"Accuracy (float {100 * two.state.live.floats['accuracy']:.2f} %)"
    assert all("%" in cell and "(" in cell for cell in accuracy["cells"])
    differing = [row["label"] for row in found["Types and knobs"] if row["differs"]]
    assert differing == ["dense_1 weights"]
    assert [row["label"] for row in found["LUT by layer"] if row["differs"]] == ["dense_1"]
    assert two.compare.view.layout.display == ""


def test_designs_are_loaded_and_removed_from_the_comparison(two: Explorer) -> None:
    first, second = (item.design for item in two.state.shelf.compared)
    send(two.compare.table, ev="load", key=first.key, seq=1.0)
    assert two.design == first and two.compare.table.current == first.key
    send(two.compare.table, ev="remove", key=second.key)
    assert [item.design for item in two.state.shelf.compared] == [first]
    send(two.compare.table, ev="clear")
    assert two.compare.wait(60) and two.compare.view.layout.display == "none"


def test_the_same_design_is_compared_once_and_a_fifth_is_refused(explorer: Explorer) -> None:
    base = explorer.design
    designs = [base.with_layer("dense_1", weight=f"fixed<{width},2>") for width in range(5, 10)]
    explorer.state.shelf.compare(*(NamedDesign(name=str(at), design=item) for at, item in enumerate(designs[:4])))
    explorer.state.shelf.compare(NamedDesign(name="again", design=designs[0]))
    assert len(explorer.state.shelf.compared) == 4
    with pytest.raises(ConfigError, match="4 designs are compared at once"):
        explorer.state.shelf.compare(NamedDesign(name="fifth", design=designs[4]))


def test_cost_by_layer_is_chosen_and_drawn(two: Explorer) -> None:
    send(two.compare.choices, ev="choice", id="cost", value="latency_cycles_max")
    assert "Latency, cycles by layer" in sections(two)
    figure = two.figures["compare"]
    layers = two.state.estimated(two.state.shelf.compared[0].design).layers
    shown = dict(zip(figure.data[0].y, figure.data[0].x, strict=True))
    assert shown["dense_1"] == layers["dense_1"].latency_cycles_max


def test_comparison_is_saved_as_one_figure(two: Explorer) -> None:
    sections(two)
    figure = two.figures["comparison"]
    table, *bars = figure.data
    names = [item.name for item in two.state.shelf.compared]
    assert table.type == "table" and list(table.header.values) == ["<b></b>", *(f"<b>{name}</b>" for name in names)]
    rows = list(zip(*table.cells.values, strict=True))
    (weights,) = [row for row in rows if row[0] == "≠ dense_1 weights"]
    types = [str(item.design.type("dense_1", "weight")).replace("<", "&lt;") for item in two.state.shelf.compared]
    assert [cell.replace("&gt;", ">") for cell in weights[1:]] == types
    assert any("✓" in cell for row in rows if row[0] == "≠ LUT" for cell in row)
    assert [bar.name for bar in bars] == names[::-1]
    assert figure.layout.height > 24 * len(rows) and figure.layout.yaxis.domain[1] < table.domain.y[0]
    two.compare.table.tell = (sent := []).append
    send(two.compare.table, ev="picture")
    assert sent[0]["kind"] == "picture" and '"type":"table"' in sent[0]["figure"]


def test_comparison_is_saved_as_a_table(two: Explorer) -> None:
    sections(two)
    table = two.tables["comparison"]
    rows = list(csv.reader(io.StringIO(table.to_csv())))
    assert rows[0][-1] == "differs" and len(rows[0]) == 5
    assert ["types", "dense_1 weights"] in [row[:2] for row in rows if row[-1] == "yes"]


def test_browser_gets_every_table_when_it_asks(two: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    for widget in (two.tiles.view, two.layers.view, two.explore.table, two.build.view, two.compare.table):
        monkeypatch.setattr(widget, "send", lambda content, buffers=None: sent.append(content))
        send(widget, ev="table")
    assert [item["kind"] for item in sent] == ["table"] * 5
    layers = list(csv.DictReader(io.StringIO(sent[1]["csv"])))
    row = next(item for item in layers if (item["layer"], item["tensor"]) == ("dense_1", "weight"))
    assert row["type"] == "fixed<6,2>"
    assert sent[1]["text"].splitlines()[0].split("\t")[0] == "layer"


def test_figures_in_python_have_plain_colours(explorer: Explorer) -> None:
    assert set(explorer.figures) >= {"pareto", "parallel", "importance", "progress", "errors", "latency", "resources"}
    for theme in ("light", "dark"):
        text = explorer.figures_as(theme)["resources"].to_json()
        assert "var(--" not in text and "dense_1" in text
    with pytest.raises(ConfigError, match="unknown figure 'paretto'"):
        explorer.figures["paretto"]


def test_table_of_layers_has_numbers(explorer: Explorer) -> None:
    frame = explorer.tables["layers"].to_frame()
    lut = frame[frame["layer"] == "dense_1"]["lut"].iloc[0]
    assert lut == explorer.state.live.best.layers["dense_1"].lut
    assert isinstance(explorer.design, Design)


def test_ticked_trials_are_deleted_from_study_and_page(explorer: Explorer) -> None:
    explorer.state.open_study().sweep({"uniform": {"weight": [4, 6, 8, 10]}}, trials=4)
    explorer.state.refresh_study()
    send(explorer.explore.tabs, ev="tab", id="trials")
    send(explorer.explore.table, ev="delete", ids=[2, 3])
    assert explorer.explore.wait(60)
    assert [row["id"] for row in explorer.explore.table.page["rows"]] == [4, 1]
    assert len(explorer.state.study) == 2
    send(explorer.explore.table, ev="delete", ids=[])
    assert "no trials are selected" in explorer.state.messages[-1].text


def test_columns_and_conditions_of_the_trials_are_chosen(explorer: Explorer) -> None:
    explorer.state.open_study().sweep({"uniform": {"weight": [4, 6, 8, 10]}}, trials=4)
    explorer.state.refresh_study()
    send(explorer.explore.tabs, ev="tab", id="trials")
    send(explorer.explore.table, ev="page", columns=["lut", "dsp"])
    assert explorer.explore.wait(60)
    assert [item["id"] for item in explorer.explore.table.page["columns"]] == ["number", "lut", "dsp", "", ""]
    luts = sorted(explorer.state.catalog.columns["lut"].tolist())
    send(explorer.explore.choices, ev="choice", id="where", value=f"LUT <= {luts[1] + 0.5:.1f}")
    assert explorer.explore.wait(60)
    assert explorer.explore.table.page["total"] == 2
    assert max(row[1] for row in explorer.tables["trials"].rows) == luts[1]
