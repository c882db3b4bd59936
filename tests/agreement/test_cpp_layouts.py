"""Layouts that only the C++ flow has: every way to share multipliers, compared with the emulator integer by integer."""

from pathlib import Path

import numpy as np
import pytest
from agreement.cpp_runner import is_available, run_designs
from agreement.kit import single, uniform

from hlsexplore.emulate import emulate_raw
from hlsexplore.fixed import Fixed
from hlsexplore.ops import Activation, Cell, Conv, Dense, DepthwiseConv, Function, Recurrent, tensor_keys
from hlsexplore.reuse import legal_reuse

pytestmark = pytest.mark.skipif(not is_available(), reason="needs a C++ compiler and the package da4ml")

SOURCE = Fixed.parse("fixed<8,3>")
# A saturating accumulator that overflows: the order of accumulation decides the result.
TYPES = {
    "input": SOURCE,
    "weight": "fixed<6,2>",
    "bias": "fixed<6,2>",
    "accum": "fixed<9,4,RND,SAT>",
    "result": "fixed<12,6>",
}
LATENCY, RESOURCE = {"strategy": "latency"}, {"strategy": "resource"}


def designs() -> list:
    rng = np.random.default_rng(11)
    found = []
    dense = Dense(kernel=rng.normal(size=(6, 4)), bias=rng.normal(size=4))
    reuses = legal_reuse(single(dense, (6,), (4,), TYPES).graph["layer"])
    assert reuses == (1, 2, 3, 6, 12, 24)
    found += [single(dense, (6,), (4,), TYPES, reuse=reuse, **RESOURCE) for reuse in reuses]
    found += [single(dense, (3, 6), (3, 4), TYPES, reuse=2, **kind) for kind in (LATENCY, RESOURCE)]
    for io in ("parallel", "stream"):
        for multiplier in (1, 2):
            kernel = rng.normal(size=(2, 2, 3, multiplier))
            depthwise = DepthwiseConv(kernel=kernel, bias=rng.normal(size=3 * multiplier))
            shapes = (4, 3, 3), (3, 2, 3 * multiplier)
            node = single(depthwise, *shapes, TYPES).graph["layer"]
            found += [single(depthwise, *shapes, TYPES, reuse=reuse, io=io, **RESOURCE) for reuse in legal_reuse(node)]
        dilated = Conv(kernel=rng.normal(size=(2, 3, 2, 2)), dilation=(2, 1), padding=((1, 1), (1, 1)))
        found += [single(dilated, (5, 4, 2), (5, 4, 2), TYPES, reuse=4, io=io, **kind) for kind in (LATENCY, RESOURCE)]
        relu6 = Activation(function=Function.RELU, max_value=1.3)
        found.append(single(relu6, (3, 4), (3, 4), {"input": SOURCE, "result": "fixed<6,2,RND,SAT>"}, io=io))
    wide = TYPES | {"accum": "fixed<90,40>"}
    found.append(single(dense, (6,), (4,), wide))
    for parallel in (1, 3, 12):
        conv = Conv(kernel=rng.normal(size=(2, 2, 2, 2)), bias=rng.normal(size=2))
        found.append(single(conv, (5, 4, 2), (4, 3, 2), TYPES, reuse=4, parallel=parallel, **RESOURCE))
    return found


def recurrent_designs() -> list:
    rng = np.random.default_rng(12)
    types = {"input": SOURCE, "result": "fixed<10,3,RND,SAT>", "state": "fixed<9,3>", "table": "fixed<10,3>"}
    types |= dict.fromkeys(("weight", "bias", "recurrent_weight", "recurrent_bias"), "fixed<6,2>")
    types |= dict.fromkeys(("accum", "activation", "gate"), "fixed<10,5,RND,SAT>")
    found = []
    for cell, gates, resets_after, reuse in ((Cell.LSTM, 4, True, 16), (Cell.GRU, 3, False, 4), (Cell.GRU, 3, True, 2)):
        op = Recurrent(
            cell=cell,
            kernel=rng.normal(size=(4, gates * 3)),
            recurrent_kernel=rng.normal(size=(3, gates * 3)),
            bias=rng.normal(size=gates * 3),
            recurrent_bias=rng.normal(size=gates * 3),
            reset_after=resets_after,
            return_sequences=True,
            go_backwards=not resets_after,
        )
        for io in ("parallel", "stream"):
            mine = {key: type_ for key, type_ in types.items() if key in ("input", *tensor_keys(op))}
            found.append(single(op, (3, 4), (3, 3), mine, reuse=reuse, table_size=64, io=io, **RESOURCE))
    return found


@pytest.mark.parametrize("make", [designs, recurrent_designs])
def test_shared_multipliers_add_in_the_specified_order(make, tmp_path: Path) -> None:
    rng = np.random.default_rng(13)
    items = [(design, uniform(rng, SOURCE, design.graph.input_shape, 60)) for design in make()]
    problems = []
    for (design, x), (output,) in zip(items, run_designs(items, tmp_path), strict=True):
        wrong = int((emulate_raw(design, x) != output).sum())
        if wrong:
            config = design.layers["layer"]
            problems.append(
                f"{design.graph['layer'].kind} {design.target.io} {config.strategy} {config.reuse}: {wrong}"
            )
    assert not problems, "\n".join(problems)
