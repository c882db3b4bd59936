"""The network as a graph, without a browser."""

import itertools
from html import unescape

from hlsexplore_widgets.figures.network import COLUMN, RANK, network_figure, network_info
from hlsexplore_widgets.network import graph_data, network_data


def test_graph_has_every_layer_and_edge(small_graph):
    data = graph_data(small_graph)
    assert [node["name"] for node in data["nodes"]] == [node.name for node in small_graph]
    assert data["edges"] == [(name, node.name) for node in small_graph for name in node.inputs]


def test_layers_have_types_cost_and_loss(explorer):
    explorer.state.edit({"dense_1": {"result": "fixed<6,0>", "weight": "fixed<7,2>"}})
    assert explorer.state.wait(60)
    live = explorer.state.live
    data = network_data(explorer.design, live.best, explorer.state.detail)
    layer = data["layers"]["dense_1"]
    assert layer["type"] == "w <7,2>" and layer["cost"] == f"{live.best.layers['dense_1'].lut:,.0f} LUT"
    assert 0 < layer["share"] < 1 and "result fixed<6,0>" in layer["tip"]
    assert data["edges"]["dense_1"]["type"] == "<6,0>" and "▲" in data["edges"]["dense_1"]["loss"]


def test_tab_shows_the_graph_in_place_of_the_plot(explorer):
    explorer.analyse.tabs._handle_custom_msg({"ev": "tab", "id": "network"}, [])
    assert explorer.analyse.wait(60)
    assert explorer.analyse.network.layout.display == "" and explorer.analyse.plot.layout.display == "none"
    assert explorer.analyse.network.live["layers"]["dense_1"]["cost"].endswith("LUT")
    explorer.analyse.tabs._handle_custom_msg({"ev": "tab", "id": "latency"}, [])
    assert explorer.analyse.wait(60)
    assert explorer.analyse.network.layout.display == "none" and explorer.analyse.plot.layout.display == ""


def test_figure_for_python_has_every_layer_its_type_cost_and_loss(explorer):
    explorer.state.edit({"dense_1": {"result": "fixed<6,0>", "weight": "fixed<7,2>"}})
    assert explorer.state.wait(60)
    figure = explorer.figures["network"]
    texts = [unescape(text) for trace in figure.data if trace.text is not None for text in trace.text]
    assert [text for text in texts if text.startswith("<b>")] == [
        f"<b>{node.name}</b>" for node in explorer.state.graph
    ]
    lut = explorer.state.live.best.layers["dense_1"].lut
    assert "w <7,2>" in texts and f"{lut:,.0f} LUT" in texts
    assert any(text.startswith("<6,0> ▲") for text in texts)


def test_branches_are_beside_each_other_and_long_edges_pass_the_layers_between():
    names = ["a", "b", "c", "d", "end"]
    graph = {
        "nodes": [{"name": name, "kind": "dense", "shape": "4"} for name in names],
        "edges": [["a", "b"], ["b", "c"], ["c", "end"], ["a", "d"], ["d", "end"], ["a", "end"]],
    }
    info = network_info(graph, {"layers": {}, "edges": {}})
    assert [box.rank for box in info.boxes] == [0, 1, 2, 1, 3]
    passing = [(x, rank) for edge in info.edges for x, rank in edge.points[1:-1]]
    places = [*((box.x, box.rank) for box in info.boxes), *passing]
    assert len(passing) == 3
    for (x, rank), (other, same) in itertools.combinations(places, 2):
        assert rank != same or abs(x - other) >= COLUMN
    layout = network_figure(info).layout
    assert layout.height == 4 * RANK and layout.xaxis.range[1] > max(x for x, _ in places)
