"""One design, three tools."""

import numpy as np

import hlsexplore as hx
from hlsexplore.estimate import compare_tools
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input


def test_each_column_is_the_estimate_for_its_tool_with_intervals() -> None:
    kernel = np.random.default_rng(0).normal(0, 0.3, (16, 8))
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(16,)),
        Node(name="fc", op=Dense(kernel=kernel, bias=np.zeros(8)), inputs=("x",), shape=(8,)),
    )
    design = hx.Design.default(Graph(name="net", nodes=nodes, outputs=("fc",)), type="fixed<16,6>")
    vitis, logic, rtl = compare_tools(design)
    assert vitis.report == hx.estimate(design.with_target(tool="vitis_hls"))
    assert logic.report == hx.estimate(design.with_target(tool="vitis_hls"), level="logic")
    assert rtl.report == hx.estimate(design.with_target(tool="yosys"))
    assert (vitis.report.tool, logic.report.tool, rtl.report.tool) == ("vitis_hls", "vivado", "yosys")
    for item in (vitis, logic, rtl):
        lower, upper = item.report.bounds[-1].lower.lut, item.report.bounds[-1].upper.lut
        assert lower <= item.report.total.lut <= upper
    assert logic.report.total.lut < vitis.report.total.lut
