"""Recurrent layers with shared multipliers, exactly equal to the emulator and with the planned cycles."""

from pathlib import Path

import numpy as np
import pytest
from agreement.cases import CASES
from agreement.rtl_runner import is_available, run_designs

from hlsexplore.design import Design
from hlsexplore.emulate.run import raw_outputs
from hlsexplore.errors import NoModelError
from hlsexplore.ops import Recurrent
from hlsexplore.reuse import legal_reuse
from hlsexplore.rtl_plan.count.layers import layer_figures
from hlsexplore.rtl_plan.layer_plan import Recurrence, Scan, SharedStep
from hlsexplore.rtl_plan.plan import plan

NAMES = ("gru_parallel_last", "lstm_stream_sequence", "gru_reset_first", "simple_rnn")


def shared(name: str, place: int, **knobs: str) -> tuple[Design, np.ndarray]:
    """Return an agreement case whose recurrent layer has one of its legal reuse factors."""
    design, x = next(case for case in CASES if case.name == name).make()
    (node,) = (node for node in design.graph if isinstance(node.op, Recurrent))
    assert isinstance(x, np.ndarray)
    return design.with_layer(node.name, reuse=legal_reuse(node)[place], **knobs), x


@pytest.mark.skipif(not is_available(), reason="needs verilator and a C++ compiler")
@pytest.mark.parametrize("place", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_shared_multipliers_change_no_bit(place: int, tmp_path: Path) -> None:
    built = [shared(name, place, strategy="latency") for name in NAMES]
    for (design, x), (outputs, planned, measured) in zip(built, run_designs(built, tmp_path), strict=True):
        for output, wanted in zip(outputs, raw_outputs(design, x), strict=True):
            np.testing.assert_array_equal(output, wanted)
        assert planned == measured


def test_a_step_takes_the_cycles_of_its_products_and_of_the_gates() -> None:
    design, _ = shared("gru_parallel_last", 1, strategy="latency")
    (layer,) = plan(design).layers
    assert isinstance(layer.body, Scan) and isinstance(layer.body.core.body, Recurrence)
    step = layer.body.core.body.step
    assert isinstance(step.body, SharedStep)
    longest = max(product.latency_cycles for product in step.body.products)
    assert step.latency_cycles == longest + step.body.gates.latency_cycles
    assert min(step.body.waits) == 0
    alone, _ = shared("gru_parallel_last", 0)
    before = layer_figures(plan(alone).layers[0])
    assert (layer_figures(layer).lut or 0) < (before.lut or 0)


def test_an_order_that_no_shared_multipliers_have_is_refused() -> None:
    """Four units are not summed in three steps; where the order cannot change a sum, two steps do."""
    design, _ = next(case for case in CASES if case.name == "gru_reset_first").make()
    free = design.with_layer("layer", reuse=3, strategy="resource", accum="fixed<24,12>")
    (layer,) = plan(free).layers
    assert isinstance(layer.body, Scan)
    with pytest.raises(NoModelError) as caught:
        plan(free.with_layer("layer", accum="fixed<6,2,TRN,SAT>"))
    assert str(caught.value) == (
        "layer 'layer': reuse=3 does not divide this layer's units, and with strategy 'resource' and an accumulator "
        "that saturates the states would have to be summed in its order. Use strategy 'latency', or a reuse that "
        "divides them."
    )
