"""Estimates of designs that the tests make themselves."""

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.errors import ConfigError
from hlsexplore.estimate import estimate_totals
from hlsexplore.estimate.hls.windows import fifo_width
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Dot, Function, Input, Softmax


def mlp(kernels: list[np.ndarray], softmax: bool = False) -> Graph:
    nodes = [Node(name="x", op=Input(), inputs=(), shape=(kernels[0].shape[0],))]
    for index, kernel in enumerate(kernels):
        op = Dense(kernel=kernel.astype(np.float64), bias=np.zeros(kernel.shape[1]))
        nodes.append(Node(name=f"fc{index}", op=op, inputs=(nodes[-1].name,), shape=(kernel.shape[1],)))
        if index < len(kernels) - 1:
            relu = Activation(function=Function.RELU)
            nodes.append(Node(name=f"relu{index}", op=relu, inputs=(nodes[-1].name,), shape=(kernel.shape[1],)))
    if softmax:
        nodes.append(Node(name="softmax", op=Softmax(), inputs=(nodes[-1].name,), shape=nodes[-1].shape))
    return Graph(name="net", nodes=tuple(nodes), outputs=(nodes[-1].name,))


def fixed_design(graph: Graph, tool: str = "vivado_hls", **changes: object) -> hx.Design:
    design = hx.Design.default(graph, target=hx.Target(tool=tool))
    types = {"weight": "fixed<16,6>", "bias": "fixed<16,6>", "accum": "fixed<16,6>", "result": "fixed<16,6>"}
    return design.with_layers({name: {**types, **changes} for name in design.layers if name.startswith("fc")})


def test_dsp_counts_distinct_constants_with_three_digits_for_each_input() -> None:
    kernel = np.array([[21, 21, 5, 37], [-21, 21, 64, 0]]) / 1024
    assert hx.estimate(fixed_design(mlp([kernel]))).total.dsp == 4


def test_dsp_ignores_positive_constants_below_16_in_vivado_only() -> None:
    kernel = np.array([[11.0, 13.0]]) / 1024
    assert hx.estimate(fixed_design(mlp([kernel]))).total.dsp == 0
    assert hx.estimate(fixed_design(mlp([kernel]), tool="vitis_hls")).total.dsp == 2


def test_resource_strategy_has_a_multiplier_for_each_word_of_the_weight_memory() -> None:
    kernel = np.random.default_rng(1).normal(0, 1, (64, 32))
    total = hx.estimate(fixed_design(mlp([kernel]), reuse=128, strategy="resource")).total
    assert total.dsp == 16
    assert total.bram18 == 8
    assert total.ii_cycles == 128
    assert total.latency_cycles_min == 129


def test_all_zero_layer_costs_no_dsp() -> None:
    assert hx.estimate(fixed_design(mlp([np.zeros((8, 4))]))).total.dsp == 0


def test_unread_outputs_cost_nothing() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.normal(0, 1, (16, 32)), rng.normal(0, 1, (32, 8))
    full = hx.estimate(fixed_design(mlp([first, second])))
    second[10:] = 0
    pruned = hx.estimate(fixed_design(mlp([first, second])))
    assert pruned.layers["fc0"].dsp < full.layers["fc0"].dsp / 2
    assert pruned.layers["relu0"].lut == full.layers["relu0"].lut * 10 / 32


def test_op_without_model_is_none_and_named_in_missing() -> None:
    nodes = (
        Node(name="a", op=Input(), inputs=(), shape=(4,)),
        Node(name="b", op=Input(), inputs=(), shape=(4,)),
        Node(name="product", op=Dot(), inputs=("a", "b"), shape=(1,)),
    )
    report = hx.estimate(hx.Design.default(Graph(name="dot", nodes=nodes, outputs=("product",))))
    assert report.layers["product"].lut is None
    assert report.total.lut is None
    assert report.total.latency_cycles_max is None
    assert report.missing == ("layer 'product' (dot): no model for any figure; the total leaves it out.",)


@pytest.mark.parametrize("tool", ["vivado_hls", "vitis_hls"])
def test_bounds_enclose_the_estimate_and_widen_with_the_level(tool: str) -> None:
    rng = np.random.default_rng(3)
    report = hx.estimate(fixed_design(mlp([rng.normal(0, 1, (16, 8)), rng.normal(0, 1, (8, 5))], softmax=True), tool))
    inner, outer = report.bounds
    assert (inner.level, outer.level) == (80, 95)
    for key in ("lut", "ff", "latency_cycles_max"):
        value = getattr(report.total, key)
        assert getattr(outer.lower, key) <= getattr(inner.lower, key) <= value
        assert value <= getattr(inner.upper, key) <= getattr(outer.upper, key)


@pytest.mark.parametrize(("depth", "bits"), [(64, 18), (1024, 18), (1025, 9), (4096, 4), (8192, 2), (9252, 1)])
def test_a_fifo_in_block_ram_has_the_width_of_its_depth(depth: int, bits: int) -> None:
    assert fifo_width(depth) == bits


def test_an_estimate_says_what_does_not_fit_its_part() -> None:
    big = fixed_design(mlp([np.random.default_rng(0).normal(0, 0.3, (64, 32))]))
    small = big.with_target(part="xc7z007sclg225-1")
    assert not any("fit" in note for note in hx.estimate(big).notes)
    note = hx.estimate(small).notes[-1]
    total = hx.estimate(small).total
    assert note.startswith("The design does not fit: ")
    assert f"{total.lut:,.0f} LUT do not fit xc7z007s, which has 14,400." in note


def test_cells_of_an_unknown_family_are_named() -> None:
    with pytest.raises(hx.errors.ConfigError, match="The tool 'yosys' has 'xc7', 'xcup', 'ecp5'"):
        hx.estimate(fixed_design(mlp([np.ones((4, 4))]), tool="yosys"), family="xc9")


def test_an_unknown_level_is_named(small_graph: Graph) -> None:
    with pytest.raises(ConfigError, match="unknown level 'quick'. An estimate has 'hls', 'logic', 'plan'"):
        hx.estimate(hx.Design.default(small_graph), level="quick")


@pytest.mark.parametrize("tool", ["vivado_hls", "vitis_hls", "yosys"])
@pytest.mark.parametrize("io", ["parallel", "stream"])
def test_totals_alone_are_those_of_the_report(tool: str, io: str) -> None:
    rng = np.random.default_rng(5)
    base = hx.Design.default(mlp([rng.normal(0, 1, (16, 8)), rng.normal(0, 1, (8, 4))], softmax=True))
    base = base.with_target(tool=tool, io=io)
    designs = [base, base.with_layers({"fc0": {"weight": "fixed<5,2>", "reuse": 4, "strategy": "resource"}})]
    designs += [designs[1].with_layers({"relu0": {"result": "ufixed<7,2>"}, "fc1": {"weight": "fixed<3,1>"}})]
    totals = estimate_totals([*designs, base])
    assert totals == [hx.estimate(design).total for design in (*designs, base)]
    assert len({total.lut for total in totals}) == 3
