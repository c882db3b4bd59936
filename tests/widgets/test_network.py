"""The network as a graph, without a browser."""

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
