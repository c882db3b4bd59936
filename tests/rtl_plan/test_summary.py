"""Figures of planned designs, kept by content."""

from pathlib import Path

import numpy as np
import pytest

from hlsexplore.design import Design
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input, Merge, MergeFunction
from hlsexplore.rtl_plan import plan
from hlsexplore.rtl_plan.count import design as summary
from hlsexplore.rtl_plan.count.design import summarize
from hlsexplore.rtl_plan.count.layers import layer_figures
from hlsexplore.rtl_plan.count.stream import stream_layer_figures
from hlsexplore.rtl_plan.keys import layer_key
from hlsexplore.rtl_plan.stream.plan import stream_plan
from hlsexplore.support.recent import Recent


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(summary, "_memory", Recent(summary.MEMORY_ENTRIES))
    return tmp_path / "cache"


def network(name: str = "fc", branch: bool = False) -> Design:
    rng = np.random.default_rng(3)
    nodes = [
        Node(name="x", op=Input(), inputs=(), shape=(8,)),
        Node(name=name, op=Dense(kernel=rng.normal(0, 0.3, (8, 8))), inputs=("x",), shape=(8,)),
        Node(name="act", op=Activation(function=Function.RELU), inputs=(name,), shape=(8,)),
        Node(name="out", op=Dense(kernel=rng.normal(0, 0.3, (8, 8))), inputs=("act",), shape=(8,)),
    ]
    if branch:
        nodes.append(Node(name="sum", op=Merge(function=MergeFunction.ADD), inputs=("x", "out"), shape=(8,)))
    return Design.default(Graph(name="net", nodes=tuple(nodes), outputs=(nodes[-1].name,)), type="fixed<8,3>")


def folded(design: Design, reuse: int = 4) -> Design:
    dense = [node.name for node in design.graph if isinstance(node.op, Dense)]
    return design.with_layers({name: {"reuse": reuse, "strategy": "resource"} for name in dense})


@pytest.mark.parametrize("branch", [False, True])
def test_summary_has_the_figures_and_cycles_of_the_plan(branch: bool) -> None:
    design = folded(network(branch=branch))
    planned, found = plan(design), summarize(design)
    assert found.layers == {layer.node.name: layer_figures(layer) for layer in planned.layers}
    assert found.total.latency_cycles_max == planned.latency_cycles
    assert found.total.ii_cycles == planned.ii_cycles == 4
    assert found.total.dsp == sum(item.dsp or 0 for item in found.layers.values())


def test_summary_read_from_disk_is_the_one_that_was_planned(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    design = folded(network())
    first = summarize(design)
    assert len(list((own_cache / "plans").iterdir())) == 3
    monkeypatch.setattr(summary, "_memory", Recent(summary.MEMORY_ENTRIES))
    monkeypatch.setattr(summary, "planned_layer", None)
    assert summarize(design) == first


def test_one_changed_layer_is_planned_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    design = folded(network())
    summarize(design)
    planned: list[str] = []
    real = summary.planned_layer
    monkeypatch.setattr(summary, "planned_layer", lambda *args: (planned.append(args[1].name), real(*args))[1])
    summarize(design.with_layer("out", reuse=8))
    assert planned == ["out"]


def test_names_do_not_count_and_weights_do() -> None:
    def key(design: Design, name: str) -> str:
        tensors = plan(design).tensors
        return layer_key(design, design.graph[name], (tensors["x"],), False)

    assert key(network("fc"), "fc") == key(network("other"), "other")
    assert key(network(), "fc") != key(network().with_layer("fc", weight="fixed<6,1>"), "fc")
    assert key(network(), "fc") != key(network().with_target(clock_ns=10.0), "fc")


def test_damaged_store_is_planned_again(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    design = network()
    first = summarize(design)
    for path in (own_cache / "plans").iterdir():
        path.write_text('{"figures": {}}')
    monkeypatch.setattr(summary, "_memory", Recent(summary.MEMORY_ENTRIES))
    assert summarize(design) == first


def test_streams_are_counted_as_a_whole_and_kept(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    design = folded(network()).with_target(io="stream")
    found, planned = summarize(design), stream_plan(design)
    assert found.layers == {layer.node.name: stream_layer_figures(layer) for layer in planned.layers}
    assert (found.total.latency_cycles_max, found.total.ii_cycles) == (planned.latency_cycles, planned.ii_cycles)
    monkeypatch.setattr(summary, "stream_plan", None)
    assert summarize(design) == found
