"""Quick estimates of poolings in this project's own RTL beside their plans."""

import pytest

import hlsexplore as hx
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Input, Pool


@pytest.mark.parametrize("width", [6, 10])
@pytest.mark.parametrize("window", [2, 3, 5, 8, 25])
@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("is_global", [True, False])
def test_a_pooling_is_estimated_near_its_plan(average: bool, is_global: bool, window: int, width: int) -> None:
    shape, out = (window, 3), (3,) if is_global else (1, 3)
    op = Pool(average=average, size=(1, window), stride=(1, window), rank=1, is_global=is_global)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=shape),
        Node(name="pool", op=op, inputs=("x",), shape=out),
    )
    graph = Graph(name="pool", nodes=nodes, outputs=("pool",))
    design = hx.Design.default(graph, target=hx.Target(tool="yosys"), type=f"fixed<{width},4>")
    quick, planned = (hx.estimate(design, level=level).layers["pool"] for level in ("hls", "plan"))
    assert quick.lut == pytest.approx(planned.lut, rel=0.3)
    assert abs(quick.latency_cycles_max - planned.latency_cycles_max) <= 1
