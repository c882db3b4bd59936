"""Plans of streaming designs: walks, queues, cycles and figures."""

import numpy as np
import pytest
from agreement.networks import cnn

from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Conv, DepthwiseConv, Function, Input, Merge, MergeFunction, Pool, PRelu
from hlsexplore.rtl_plan.count.layers import layer_figures
from hlsexplore.rtl_plan.count.stream import stream_layer_figures
from hlsexplore.rtl_plan.folded import Folded
from hlsexplore.rtl_plan.layer_plan import InTurn, Parallel, Scan
from hlsexplore.rtl_plan.plan import plan
from hlsexplore.rtl_plan.stream.feed import FeedKind
from hlsexplore.rtl_plan.stream.flow import Stage, flow
from hlsexplore.rtl_plan.stream.plan import stream_plan
from hlsexplore.rtl_plan.walk import Stride, collecting_walk, frame_walk, plain_walk, window_walk
from hlsexplore.target import Target


def node(name: str, op: object, inputs: tuple[str, ...], shape: tuple[int, ...]) -> Node:
    return Node(name=name, op=op, inputs=inputs, shape=shape)


def streamed(*nodes: Node, **changes: dict) -> Design:
    graph = Graph(name="net", nodes=nodes, outputs=(nodes[-1].name,))
    return Design.default(graph, target=Target(io="stream"), type="fixed<8,3>").with_layers(changes)


def residual(size: int = 8, layers: int = 2) -> Design:
    """A branch of 3 x 3 convolutions beside a shortcut."""
    rng = np.random.default_rng(1)
    shape = (size, size, 2)
    nodes = [node("x", Input(), (), shape)]
    for index in range(layers):
        op = Conv(kernel=rng.normal(0, 0.3, (3, 3, 2, 2)), padding=((1, 1), (1, 1)))
        nodes.append(node(f"conv{index}", op, (nodes[-1].name,), shape))
    nodes.append(node("sum", Merge(function=MergeFunction.ADD), (nodes[-1].name, "x"), shape))
    return streamed(*nodes)


def test_patterns_are_places_a_step_apart() -> None:
    assert Stride(first=1, count=2, step=2).flags(5).tolist() == [False, True, False, True, False]


def test_window_walks_over_the_padding_that_counts() -> None:
    walk = window_walk((4, 4), (4, 4), (3, 3), (1, 1), ((1, 1), (1, 1)))
    assert (walk.num_positions, int(walk.takes(0).sum()), int(walk.issues().sum())) == (36, 16, 16)
    assert walk.issues().tolist().index(True) == 2 * 6 + 2


def test_frames_add_zeros_or_cut() -> None:
    grown, cut = frame_walk((2, 2), ((1, 0), (0, 2))), frame_walk((4, 4), ((-1, -1), (0, -2)))
    assert (grown.num_positions, int(grown.takes(0).sum()), int(grown.issues().sum())) == (12, 4, 12)
    assert (cut.num_positions, int(cut.takes(0).sum()), int(cut.issues().sum())) == (16, 16, 4)


def test_flow_of_a_chain_is_paced_by_its_slowest_stage() -> None:
    first = Stage(walk=plain_walk(8), pace=1, latency_cycles=3, sources=(-1,), readers=((1, 0),))
    second = Stage(walk=collecting_walk(1, 8), pace=20, latency_cycles=5, sources=(0,), readers=((-1, 0),))
    found = flow([first, second])
    assert found.ii_cycles == 7 + 20
    # Results of the first stage are there after 3 cycles and a queue; the eighth beat starts the second one.
    assert found.latency_cycles == (7 + 3 + 1) + (5 + 1)
    assert found.depths == ((8,), (2,))


def test_shortcut_waits_in_a_queue_as_deep_as_its_branch_needs() -> None:
    planned = stream_plan(residual())
    layers = {layer.node.name: layer for layer in planned.layers}
    assert planned.ii_cycles == 10 * 10
    (to_branch, to_sum) = zip(layers["x"].readers, layers["x"].depths, strict=True)
    assert (to_branch[0], to_sum[0]) == (("conv0", 0), ("sum", 1))
    assert to_branch[1] < to_sum[1] <= 64
    assert stream_plan(residual(layers=1)).layers[0].depths[1] < to_sum[1]


def test_convolution_takes_a_step_for_each_reuse_at_each_window() -> None:
    layers = {layer.node.name: layer for layer in stream_plan(cnn("stream")).layers}
    assert layers["conv"].ii_cycles == 20 * 6 + 15
    assert layers["relu"].feed is None and layers["relu"].stage == layers["conv"].stage
    assert layers["flatten"].feed is not None and layers["flatten"].feed.kind is FeedKind.COLLECT


def test_dense_layer_sums_over_beats_where_their_order_cannot_matter() -> None:
    shared = cnn("stream").with_layer("dense", reuse=12, strategy="resource", accum="fixed<14,6>")
    layers = {layer.node.name: layer for layer in stream_plan(shared).layers}
    assert "flatten" not in layers and layers["dense"].sources == ("pool",)
    assert layers["dense"].feed is not None and layers["dense"].feed.kind is FeedKind.ACCUMULATE
    assert (layers["dense"].core.body.beats, layers["dense"].core.ii_cycles, layers["dense"].ii_cycles) == (4, 3, 12)
    saturating = shared.with_layer("dense", accum="fixed<14,6,TRN,SAT>")
    assert [layer.node.name for layer in stream_plan(saturating).layers][-2:] == ["flatten", "dense"]


def test_several_positions_at_once_take_turns_on_streams() -> None:
    """Each copy takes as long as ever; a position begins when the next copy is free."""
    one = cnn("stream").with_layer("conv", reuse=6, strategy="latency", parallel=1)
    (before,) = (layer for layer in stream_plan(one).layers if layer.node.name == "conv")
    assert before.core.ii_cycles == 6 and isinstance(before.core.body, Folded)
    for parallel, copies, pace in ((2, 2, 3), (4, 4, 2), (20, 6, 1)):
        (layer,) = (layer for layer in stream_plan(one.with_layer("conv", parallel=parallel)).layers[:1])
        body = layer.core.body
        assert isinstance(body, InTurn)
        assert (body.copies, layer.core.ii_cycles, body.core.ii_cycles) == (copies, pace, 6)
        assert layer.core.latency_cycles == body.core.latency_cycles
        assert layer.ii_cycles == before.ii_cycles - 20 * (6 - pace)
        assert layer_figures(layer.core).dsp == copies * (layer_figures(before.core).dsp or 0)
    plain = one.with_layer("conv", reuse=1, parallel=4)
    assert isinstance(stream_plan(plain).layers[0].core.body, Parallel)


def test_padding_that_no_window_reaches_needs_no_flags() -> None:
    op = Pool(average=True, size=(1, 2), stride=(1, 2), padding=((0, 0), (0, 1)), rank=1)
    nodes = (node("x", Input(), (), (4, 3)), node("pool", op, ("x",), (2, 3)))
    feed = stream_plan(streamed(*nodes)).layers[0].feed
    assert feed is not None and not feed.has_flags and feed.walk.num_positions == 4


def test_slopes_that_differ_by_position_are_refused_on_streams() -> None:
    op = PRelu(kernel=np.arange(12.0).reshape(2, 2, 3))
    with pytest.raises(NoModelError, match="layer 'p': a stream needs the same slopes at every position"):
        stream_plan(streamed(node("x", Input(), (), (2, 2, 3)), node("p", op, ("x",), (2, 2, 3))))


def test_layers_that_nothing_reads_are_left_out() -> None:
    relu = Activation(function=Function.RELU)
    nodes = (node("x", Input(), (), (2, 3)), node("dead", relu, ("x",), (2, 3)), node("y", relu, ("x",), (2, 3)))
    assert [layer.node.name for layer in stream_plan(streamed(*nodes)).layers] == ["y"]


def test_parallel_convolution_slides_the_image_past_its_multipliers() -> None:
    design = cnn("parallel").with_layer("conv", reuse=6, parallel=4)
    layer = plan(design).layers[0]
    assert isinstance(layer.body, Scan)
    assert (layer.body.copies, layer.body.steps, layer.ii_cycles) == (4, 5, 30)
    assert layer.latency_cycles == 1 + 4 * 6 + layer.body.core.latency_cycles + 1


def test_positions_at_once_must_be_parts_of_a_row_or_whole_rows() -> None:
    with pytest.raises(NoModelError) as caught:
        plan(cnn("parallel").with_layer("conv", parallel=5))
    assert str(caught.value) == (
        "layer 'conv': the RTL flow computes parts of a row of 4 positions at once or whole rows, and parallel=5 is "
        "neither. Set it to one of 1, 2, 4, 20."
    )


def test_depthwise_channels_do_not_share_multipliers() -> None:
    rng = np.random.default_rng(3)
    op = DepthwiseConv(kernel=rng.normal(0, 0.4, (2, 2, 3, 1)))
    nodes = (node("x", Input(), (), (4, 4, 3)), node("dw", op, ("x",), (3, 3, 3)))
    layer = stream_plan(streamed(*nodes, dw={"reuse": 2})).layers[0]
    assert len(layer.core.body.parts) == 3 and layer.ii_cycles == 9 * 2 + 7
    with pytest.raises(NoModelError, match=r"as reuse=12 would\. Set it to one of 1, 2, 4, or use the flow 'vitis'"):
        stream_plan(streamed(*nodes, dw={"reuse": 12}))


def test_figures_count_lines_windows_and_queues() -> None:
    planned = stream_plan(residual(size=40, layers=1))
    conv = next(layer for layer in planned.layers if layer.node.name == "conv0")
    assert conv.feed is not None and conv.feed.line_pixels == 42 - 3
    found = stream_layer_figures(conv)
    # Nine pixels of 16 bits are read side by side; two lines wait in shift registers of two LUTs a bit.
    assert found.ff is not None and found.ff >= 9 * 16
    assert found.lut is not None and found.lut >= 2 * 2 * 16
    assert (found.latency_cycles_max, found.ii_cycles) == (conv.latency_cycles, 42 * 42)
