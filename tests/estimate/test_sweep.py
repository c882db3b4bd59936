"""Estimates of sweeps agree with those of single designs."""

from itertools import pairwise

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.errors import ConfigError
from hlsexplore.estimate import Choice, estimate_columns
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input, Softmax

COMPARED = ("lut", "ff", "dsp", "bram18", "latency_cycles_min", "latency_cycles_max", "ii_cycles")


def network(sizes: tuple[int, ...] = (8, 12, 6)) -> Graph:
    rng = np.random.default_rng(0)
    nodes = [Node(name="x", op=Input(), inputs=(), shape=(sizes[0],))]
    for index, (n_in, n_out) in enumerate(pairwise(sizes)):
        op = Dense(kernel=rng.normal(0, 0.4, (n_in, n_out)), bias=rng.normal(0, 0.1, n_out))
        nodes.append(Node(name=f"fc{index}", op=op, inputs=(nodes[-1].name,), shape=(n_out,)))
        last = index == len(sizes) - 2
        act = Softmax() if last else Activation(function=Function.RELU)
        nodes.append(Node(name=f"act{index}", op=act, inputs=(nodes[-1].name,), shape=(n_out,)))
    return Graph(name="net", nodes=tuple(nodes), outputs=(nodes[-1].name,))


CHOICES = [
    Choice(layer="x", key="result", values=("fixed<12,4>", "fixed<16,6>")),
    Choice(layer="fc0", key="weight", values=("fixed<4,1>", "fixed<8,2>", "fixed<16,6>")),
    Choice(layer="fc0", key="accum", values=("fixed<16,6>", "fixed<24,10>")),
    Choice(layer="fc0", key="reuse", values=(1, 2, 8)),
    Choice(layer="fc0", key="strategy", values=("latency", "resource")),
    Choice(layer="act0", key="result", values=("ufixed<8,3,RND,SAT>", "fixed<16,6>")),
    Choice(layer="fc1", key="weight", values=("fixed<2,1>", "fixed<12,3>")),
]


@pytest.mark.parametrize(
    ("tool", "io"),
    [(tool, io) for tool in ("vivado_hls", "vitis_hls") for io in ("parallel", "stream")]
    + [("yosys", "parallel"), ("yosys", "stream")],
)
def test_columns_equal_single_estimates(tool: str, io: str) -> None:
    design = hx.Design.default(network(), target=hx.Target(tool=tool, io=io))
    rng = np.random.default_rng(1)
    picks = np.stack([rng.integers(0, len(choice.values), 25) for choice in CHOICES], axis=1)
    columns = estimate_columns(design, CHOICES, picks)
    for row, pick in enumerate(picks):
        changed = design
        for choice, index in zip(CHOICES, pick, strict=True):
            changed = changed.with_layer(choice.layer, **{choice.key: choice.values[index]})
        total = hx.estimate(changed).total
        for name in COMPARED:
            assert columns[name][row] == pytest.approx(getattr(total, name), rel=1e-12), (name, pick)


def test_no_choice_gives_the_design_itself() -> None:
    design = hx.Design.default(network())
    columns = estimate_columns(design, [], np.zeros((3, 0), dtype=np.int64))
    np.testing.assert_array_equal(columns["lut"], [hx.estimate(design).total.lut] * 3)


def test_picks_that_do_not_fit_are_refused() -> None:
    design = hx.Design.default(network())
    with pytest.raises(ConfigError, match=r"shape \(designs, 1\), not \(2, 2\)"):
        estimate_columns(design, CHOICES[:1], np.zeros((2, 2), dtype=np.int64))
    with pytest.raises(ConfigError, match="has 2 values; picks go beyond"):
        estimate_columns(design, CHOICES[:1], np.array([[2]]))


def test_a_value_that_a_layer_cannot_have_is_refused() -> None:
    with pytest.raises(ConfigError, match="reuse"):
        choice = Choice(layer="fc0", key="reuse", values=(1, 7))
        estimate_columns(hx.Design.default(network()), [choice], np.array([[0]]))


@pytest.mark.parametrize("tool", ["vitis_hls", "yosys"])
def test_columns_of_dropped_weights_equal_single_estimates(tool: str) -> None:
    design = hx.Design.default(network(), hx.Target(tool=tool)).with_layer("fc1", density=0.5, pattern="multipliers")
    choices = [
        Choice(layer="fc0", key="density", values=(1.0, 0.3, 0.05)),
        Choice(layer="fc0", key="pattern", values=("weights", "neurons")),
        Choice(layer="fc1", key="reuse", values=(1, 2)),
    ]
    picks = np.array([[a, b, c] for a in range(3) for b in range(2) for c in range(2)])
    columns = estimate_columns(design, choices, picks)
    for index, row in enumerate(picks.tolist()):
        changes: dict[str, dict[str, object]] = {}
        for choice, value in zip(choices, row, strict=True):
            changes.setdefault(choice.layer, {})[choice.key] = choice.values[value]
        total = hx.estimate(design.with_layers(changes)).total
        assert columns["lut"][index] == pytest.approx(total.lut, rel=1e-9)
        assert columns["ff"][index] == pytest.approx(total.ff, rel=1e-9)
