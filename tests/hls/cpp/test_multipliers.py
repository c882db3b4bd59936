"""C++ whose multipliers are bound to DSP blocks, LUTs, or both to a budget."""

from pathlib import Path

import numpy as np
from agreement.kit import chain

from hlsexplore.emulate.run import raw_outputs
from hlsexplore.ops import Dense
from hlsexplore_hls import export


def test_products_are_bound_as_the_layer_says_and_exact(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    types = {"weight": "fixed<30,3>", "accum": "fixed<44,9>", "result": "fixed<16,7>", "strategy": "resource"}
    ops = [Dense(kernel=rng.uniform(-1, 1, (8, 6))), Dense(kernel=rng.uniform(-1, 1, (6, 4)))]
    knobs = {"reuse": 4, "multiplier": "mixed", "dsp_budget": 7}, {"reuse": 2, "multiplier": "lut"}
    layers = [(f"fc{n}", op, (op.kernel.shape[1],), types | knobs[n]) for n, op in enumerate(ops)]
    design = chain(layers, (8,), "fixed<12,4>")
    project = export(design, tmp_path / "p", flow="vitis")
    text = "".join(path.read_text() for path in project.path.rglob("layers.h"))
    # Weights of 30 bits take two blocks each.
    assert text.count("nnet::multiplier::mixed<3>") == text.count("nnet::multiplier::lut ") == 1
    x = rng.uniform(-8, 8, (40, 8))
    np.testing.assert_array_equal(project.simulate(x).raw, raw_outputs(design, x)[0])
