"""GRUs in one compiled pass: equal to the steps one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hlsexplore.design import Design
from hlsexplore.emulate.plan import plan_design
from hlsexplore.emulate.recurrent_block import GruBlock
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Cell, Function, Input, Recurrent

pytest.importorskip("numba")
import hlsexplore.emulate.narrow_kernels  # noqa: F401  (loaded kernels are used for small blocks too)

RESULTS = ("fixed<16,6>", "fixed<12,3,RND,SAT>", "fixed<9,2>", "fixed<16,2,RND_MIN_INF,SAT_SYM>", "fixed<14,8,TRN,SAT>")


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch):
    """Count the compiled passes."""
    seen = []
    apply = GruBlock.apply
    monkeypatch.setattr(GruBlock, "apply", lambda self, x: seen.append(1) or apply(self, x))
    return seen


def gru(rng: np.random.Generator, units: int, channels: int, **options) -> Graph:
    op = Recurrent(
        cell=Cell.GRU,
        kernel=rng.normal(0, 0.8, (channels, 3 * units)),
        recurrent_kernel=rng.normal(0, 0.8, (units, 3 * units)),
        bias=rng.normal(0, 0.3, 3 * units),
        recurrent_bias=rng.normal(0, 0.3, 3 * units),
        **options,
    )
    shape = (5, units) if op.return_sequences else (units,)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(5, channels)),
        Node(name="cell", op=op, inputs=("x",), shape=shape),
    )
    return Graph(name="net", nodes=nodes, outputs=("cell",))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(RESULTS), st.integers(8, 16), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_gru_in_one_pass_equals_its_steps(result, accum_width, backwards, sequences, seed) -> None:
    rng = np.random.default_rng(seed)
    units, channels = int(rng.choice([1, 5, 16, 17, 40])), int(rng.integers(1, 9))
    functions = {
        "activation": rng.choice([Function.TANH, Function.RELU, Function.SIGMOID]),
        "recurrent_activation": rng.choice([Function.SIGMOID, Function.HARD_SIGMOID]),
    }
    graph = gru(rng, units, channels, go_backwards=backwards, return_sequences=sequences, **functions)
    narrow = dict.fromkeys(("activation", "gate"), "fixed<12,2,RND,SAT>")
    accum = f"fixed<{accum_width},{accum_width - 8}>"
    design = Design.default(graph).with_layer("cell", weight="fixed<10,4>", recurrent_weight="fixed<12,4>")
    design = design.with_layer("cell", accum=accum, result=result, **narrow)
    plan = plan_design(design)
    x = plan.inputs["x"].cast(rng.normal(0, 2, (int(rng.integers(1, 30)), 5, channels)))
    step = plan.steps["cell"]
    np.testing.assert_array_equal(step.run([x], None), step.run([x], lambda *seen: None))


def test_the_field_s_default_types_take_one_pass(passes) -> None:
    graph = gru(np.random.default_rng(0), 16, 12)
    keys = ("weight", "bias", "recurrent_weight", "recurrent_bias", "accum", "activation", "gate", "result")
    design = Design.default(graph).with_layer("cell", **dict.fromkeys(keys, "fixed<16,6>"))
    plan = plan_design(design)
    plan.steps["cell"].run([plan.inputs["x"].cast(np.ones((3, 5, 12)))], None)
    assert len(passes) == 1
