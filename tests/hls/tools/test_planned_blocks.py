"""Plans beside Yosys: products of all widths, in the blocks of each family."""

from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input
from hlsexplore.rtl_plan.count.blocks import BLOCKS, Blocks
from hlsexplore_hls import export
from hlsexplore_hls.tools.yosys import plan, synthesize_units

pytest.importorskip("pyosys")

PAIRS = ((9, 8), (25, 18), (26, 18), (27, 20), (20, 19), (32, 32), (36, 19), (43, 18), (43, 36))
CELLS = {"xc7": "DSP48E1", "xcup": "DSP48E2", "ecp5": "MULT18X18D"}
PARTS = {"xc7": "xc7a200tfbg484-1", "xcup": "xcku15p-ffva1156-2-e", "ecp5": "LFE5U-85F-8BG756"}


@pytest.mark.parametrize("blocks", BLOCKS.values(), ids=BLOCKS)
def test_products_take_the_blocks_that_are_counted(blocks: Blocks, tmp_path: Path) -> None:
    ports = "input clk, input signed [{a}:0] a, input signed [{b}:0] b, output signed [{y}:0] y"
    modules = {
        f"m{a}_{b}": f"module m{a}_{b} ({ports.format(a=a - 1, b=b - 1, y=a + b - 1)}); assign y = a * b; endmodule"
        for a, b in PAIRS
    }
    units = [unit for name, text in modules.items() for unit in plan({f"{name}.v": text}, name)]
    found = synthesize_units(units, blocks.family, tmp_path, use_cache=False)
    counts = {(a, b): found[f"m{a}_{b}"].counts.get(CELLS[blocks.family], 0) for a, b in PAIRS}
    assert counts == {pair: blocks.count(*pair) for pair in PAIRS}


@pytest.mark.parametrize("family", BLOCKS)
@pytest.mark.parametrize(("source", "weight"), [(27, 20), (32, 16)])
def test_a_plan_with_wide_products_is_what_yosys_makes(family: str, source: int, weight: int, tmp_path: Path) -> None:
    rng, most = np.random.default_rng(0), 1 << (weight - 1)
    kernel = rng.integers(-most, most, (4, 4)).astype(float)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4,)),
        Node(name="fc", op=Dense(kernel=kernel, bias=np.zeros(4)), inputs=("x",), shape=(4,)),
    )
    target = hx.Target(tool="yosys", part=PARTS[family], clock_ns=10)
    wide = f"fixed<{source + weight + 4},{source + weight + 4}>"
    design = hx.Design.default(
        Graph(name="net", nodes=nodes, outputs=("fc",)), target=target, type=f"fixed<{source},{source}>"
    ).with_layer("fc", weight=f"fixed<{weight},{weight}>", accum=wide, result=wide, reuse=4)
    planned = hx.estimate(design, level="plan", family=family)
    report = export(design, tmp_path / "project", flow="rtl").synthesize(f"yosys:{family}")
    assert planned.family == report.family == family
    assert (planned.total.dsp, planned.total.bram18) == (report.total.dsp, report.total.bram18)
    assert planned.total.lut == pytest.approx(report.total.lut, rel=0.08)
    assert planned.total.ff == pytest.approx(report.total.ff, rel=0.02)
