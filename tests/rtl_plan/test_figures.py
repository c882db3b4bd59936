"""Planned figures: what the structure alone says of LUTs, registers, multipliers and cycles."""

import numpy as np

from hlsexplore.design import Design
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Conv, Dense, Function, Input
from hlsexplore.rtl_plan import plan
from hlsexplore.rtl_plan.count.blocks import DSP48E1
from hlsexplore.rtl_plan.count.layers import layer_figures, net_registers
from hlsexplore.rtl_plan.layer_plan import Scan
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.schedule import NetSchedule


def network(reuse: int = 1) -> Design:
    rng = np.random.default_rng(2)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(8,)),
        Node(
            name="fc",
            op=Dense(kernel=rng.normal(0, 0.3, (8, 4)), bias=rng.normal(0, 0.1, 4)),
            inputs=("x",),
            shape=(4,),
        ),
        Node(name="act", op=Activation(function=Function.RELU), inputs=("fc",), shape=(4,)),
        Node(name="out", op=Dense(kernel=rng.normal(0, 0.3, (4, 4))), inputs=("act",), shape=(4,)),
    )
    design = Design.default(Graph(name="net", nodes=nodes, outputs=("out",)), type="fixed<8,3>")
    return design.with_layers({name: {"reuse": reuse, "strategy": "resource"} for name in ("fc", "out")})


def test_folded_layers_take_a_multiplier_for_each_lane() -> None:
    figures = [layer_figures(layer) for layer in plan(network(reuse=4)).layers]
    assert [item.dsp for item in figures] == [8, 0, 4]
    assert [item.ii_cycles for item in figures] == [4, 1, 4]


def test_weights_of_four_bits_are_multiplied_in_luts_and_of_five_in_dsp_blocks() -> None:
    def figures(weight: str) -> list[float | None]:
        design = network(reuse=4).with_layers({name: {"weight": weight} for name in ("fc", "out")})
        return [layer_figures(layer).dsp for layer in plan(design).layers]

    assert figures("fixed<4,1>") == [0, 0, 0]
    assert figures("fixed<5,1>") == [8, 0, 4]


def test_positions_one_after_another_are_counted_once_with_the_image_that_they_slide_over() -> None:
    rng = np.random.default_rng(5)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4, 4, 1)),
        Node(name="conv", op=Conv(kernel=rng.normal(0, 0.3, (2, 2, 1, 3))), inputs=("x",), shape=(3, 3, 3)),
    )
    design = Design.default(Graph(name="net", nodes=nodes, outputs=("conv",)), type="fixed<8,3>")
    (layer,) = plan(design.with_layer("conv", parallel=1)).layers
    assert isinstance(layer.body, Scan)
    core, figures = layer_figures(layer.body.core), layer_figures(layer)
    image, results = 4 * 4 * 8, 9 * 3 * 8
    assert core.lut is not None and core.ff is not None and figures.lut is not None and figures.ff is not None
    assert figures.lut >= core.lut + image
    assert core.ff + image + results <= figures.ff <= core.ff + image + results + 20


def test_weights_that_are_wide_take_registers_inside_the_blocks() -> None:
    layers = {layer.node.name: layer_figures(layer) for layer in plan(network(reuse=8)).layers}
    assert layers["fc"].dsp == 4
    # 8 held inputs of 8 bits, no weight registers up to 8 steps, and the control.
    assert layers["fc"].ff is not None and 8 * 8 < layers["fc"].ff < 8 * 8 + 20


def test_parallel_layers_take_no_multiplier() -> None:
    assert all(layer_figures(layer).dsp == 0 for layer in plan(network()).layers)


def test_latency_is_the_sum_of_the_layers_and_the_output_register() -> None:
    planned = plan(network(reuse=4))
    assert planned.latency_cycles == sum(layer.latency_cycles for layer in planned.layers) + 1
    assert planned.ii_cycles == 4


def test_activation_before_shared_multipliers_holds_its_output() -> None:
    layers = {layer.node.name: layer for layer in plan(network(reuse=4)).layers}
    assert layers["act"].output.is_held
    assert layers["out"].body.is_held
    assert not layers["fc"].body.is_held


def test_registers_are_counted_by_bits_that_are_read() -> None:
    net = Net()
    x = net.input(0, 0, 255)
    net.outputs = [net.shift(x, -3)]
    planned = NetSchedule(stages=(0, 0), latency_cycles=2, arrival_ns=0.0, last_use=(2, 0))
    assert net_registers(net, planned, DSP48E1) == (2 * 5, 0)


def test_long_chains_of_registers_are_shift_registers() -> None:
    net = Net()
    net.outputs = [net.input(0, 0, 255)]
    planned = NetSchedule(stages=(0,), latency_cycles=5, arrival_ns=0.0, last_use=(5,))
    assert net_registers(net, planned, DSP48E1) == (0, 8)
