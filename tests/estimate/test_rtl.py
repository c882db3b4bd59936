"""The RTL level: what follows from the structure is exact."""

from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.examples import load
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Cell, Conv, Dense, Input, Recurrent
from hlsexplore.reuse import legal_reuse
from hlsexplore.rtl_plan.count.layers import layer_figures
from hlsexplore.rtl_plan.plan import plan


def dense(n_in: int, n_out: int, scale: float = 0.5, seed: int = 0, **knobs: object) -> hx.Design:
    kernel = np.random.default_rng(seed).normal(0, scale, (n_in, n_out))
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(n_in,)),
        Node(name="fc", op=Dense(kernel=kernel, bias=np.zeros(n_out)), inputs=("x",), shape=(n_out,)),
    )
    target = hx.Target(tool="yosys", part="xc7a200tfbg484-1")
    design = hx.Design.default(Graph(name="net", nodes=nodes, outputs=("fc",)), target=target, type="fixed<10,4>")
    return design.with_layer("fc", weight="fixed<8,2>", **knobs)


def test_reuse_one_has_no_multipliers_and_no_memories() -> None:
    total = hx.estimate(dense(8, 4)).total
    assert (total.dsp, total.bram18, total.ii_cycles) == (0, 0, 1)


@pytest.mark.parametrize(("reuse", "lanes"), [(2, 64), (8, 16), (16, 8), (64, 2), (128, 1)])
def test_a_folded_layer_has_a_multiplier_for_each_lane(reuse: int, lanes: int) -> None:
    total = hx.estimate(dense(16, 8, reuse=reuse)).total
    assert total.dsp == lanes
    assert total.ii_cycles == reuse


@pytest.mark.parametrize("weight", ["fixed<8,2>", "fixed<4,1>"])
@pytest.mark.parametrize("strategy", ["latency", "resource"])
@pytest.mark.parametrize("reuse", [2, 4, 16, 32, 128])
def test_a_folded_layer_is_estimated_as_it_is_planned(reuse: int, strategy: str, weight: str) -> None:
    design = dense(16, 8, reuse=reuse, strategy=strategy).with_layer("fc", weight=weight)
    found, planned = hx.estimate(design), plan(design)
    figures = layer_figures(planned.layers[0])
    assert found.total.latency_cycles_max == planned.latency_cycles
    assert found.total.ii_cycles == planned.ii_cycles
    assert found.layers["fc"].dsp == figures.dsp
    assert found.layers["fc"].lut == pytest.approx(figures.lut, rel=0.12)
    assert found.layers["fc"].ff == pytest.approx(figures.ff, rel=0.06)


def test_pruned_weights_cost_less() -> None:
    assert hx.estimate(dense(16, 8, scale=0.05)).total.lut < hx.estimate(dense(16, 8)).total.lut


def test_a_zero_layer_costs_only_its_output_registers() -> None:
    total = hx.estimate(dense(8, 4, scale=0.0)).total
    assert total.lut == 0
    assert total.ff == 4 * 10 + 1


@pytest.mark.parametrize("name", ["shuttle", "digits_cnn", "vowels_cnn"])
def test_a_stream_is_estimated_near_its_plan(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(tmp_path))
    graph = load(name).graph
    target = hx.Target(tool="yosys", part="xc7z020clg400-1", io="stream", clock_ns=10)
    design = hx.Design.default(graph, target=target, type="fixed<8,3>")
    for node in graph.layers:
        factors = legal_reuse(node)
        design = design.with_layer(node.name, reuse=factors[len(factors) // 2]) if len(factors) > 1 else design
    found, planned = hx.estimate(design), hx.estimate(design, level="plan").total
    assert found.missing == ()
    assert (found.total.dsp, found.total.bram18) == (planned.dsp, planned.bram18)
    assert found.total.ii_cycles == planned.ii_cycles
    lower, upper = found.bounds[1].lower, found.bounds[1].upper
    for figure in ("lut", "ff", "latency_cycles_max"):
        assert getattr(lower, figure) <= getattr(planned, figure) <= getattr(upper, figure), figure


def test_a_stream_of_an_op_without_a_model_is_unknown_and_named() -> None:
    arrays = {"kernel": np.ones((4, 6)), "recurrent_kernel": np.ones((2, 6))}
    op = Recurrent(cell=Cell.GRU, **arrays, bias=np.zeros(6), recurrent_bias=np.zeros(6))
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(3, 4)),
        Node(name="gru", op=op, inputs=("x",), shape=(2,)),
    )
    target = hx.Target(tool="yosys", part="xc7a200tfbg484-1", io="stream")
    report = hx.estimate(hx.Design.default(Graph(name="net", nodes=nodes, outputs=("gru",)), target=target))
    assert report.total.lut is None
    assert "'gru'" in report.missing[0]


def test_planned_estimates_are_those_of_the_plan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(tmp_path))
    design = dense(16, 8, reuse=16)
    report, planned = hx.estimate(design, level="plan"), plan(design)
    assert report.total.latency_cycles_max == planned.latency_cycles
    assert set(report.provenance.values()) == {"planned"}
    assert [bounds.level for bounds in report.bounds] == [80, 95]
    assert report.missing == ()


def test_a_design_without_a_plan_is_estimated_without_and_says_so() -> None:
    rng = np.random.default_rng(0)
    arrays = {"kernel": rng.normal(0, 0.3, (3, 12)), "recurrent_kernel": rng.normal(0, 2, (4, 12))}
    op = Recurrent(cell=Cell.GRU, **arrays, bias=np.zeros(12), recurrent_bias=np.zeros(12), reset_after=False)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(3, 3)),
        Node(name="gru", op=op, inputs=("x",), shape=(4,)),
    )
    target = hx.Target(tool="yosys", part="xc7a200tfbg484-1")
    design = hx.Design.default(
        Graph(name="net", nodes=nodes, outputs=("gru",)), target=target, type="fixed<8,3>"
    ).with_layer("gru", reuse=3, strategy="resource", accum="fixed<6,2,TRN,SAT>")
    report = hx.estimate(design, level="plan")
    assert report.total == hx.estimate(design).total
    assert report.notes[-1].startswith("Estimated without a plan: ")


@pytest.mark.parametrize("knobs", [{}, {"reuse": 4, "strategy": "resource"}])
def test_a_convolution_is_estimated_near_its_plan(knobs: dict[str, object]) -> None:
    rng = np.random.default_rng(0)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(5, 5, 2)),
        Node(name="conv", op=Conv(kernel=rng.normal(0, 0.5, (2, 2, 2, 8))), inputs=("x",), shape=(4, 4, 8)),
    )
    target = hx.Target(tool="yosys", part="xc7a200tfbg484-1")
    design = hx.Design.default(Graph(name="net", nodes=nodes, outputs=("conv",)), target=target, type="fixed<8,3>")
    design = design.with_layer("conv", weight="fixed<6,2>", parallel=1, **knobs)
    found, planned = hx.estimate(design), plan(design)
    figures = layer_figures(planned.layers[0])
    assert found.total.ii_cycles == planned.ii_cycles
    assert abs(found.total.latency_cycles_max - planned.latency_cycles) <= 2
    assert found.layers["conv"].dsp == figures.dsp
    assert found.layers["conv"].lut == pytest.approx(figures.lut, rel=0.25)
    assert found.layers["conv"].ff == pytest.approx(figures.ff, rel=0.1)
