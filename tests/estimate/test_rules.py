"""Rules against figures that tools printed in public reports, for layers built here with weights of their own."""

from typing import Any

import numpy as np
import pytest

from hlsexplore.estimate import estimate_record
from hlsexplore.estimate.rows import design_of_row

PART = "xcu250-figd2104-2L-e"


def dense(name: str, n_in: int, n_out: int, reuse: int, source: str) -> dict[str, Any]:
    """A row's dense layer of 16-bit types in the resource strategy."""
    types = {f"{key}_type": "fixed<16,6>" for key in ("input", "weight", "bias", "accum", "result")}
    shape = {"n_in": n_in, "n_out": n_out}
    edges = {"in_edge": source, "out_edge": f"{name}_out", "weights_key": name}
    return {"name": name, "op": "dense", "shape": shape, "strategy": "resource", "reuse": reuse} | types | edges


def softmax(classes: int, source: str) -> dict[str, Any]:
    """A row's stable softmax of 16-bit logits."""
    types = {"input_type": "fixed<16,6>", "result_type": "fixed<16,6>", "table_type": "fixed<18,8,RND,SAT>"}
    row = {"name": "softmax", "op": "softmax", "shape": {"n_in": classes}, "implementation": "stable"}
    return row | types | {"in_edge": source, "out_edge": "softmax_out", "table_size": 1024}


def relu(elements: int, source: str) -> dict[str, Any]:
    """A row's ReLU of 16 bits."""
    types = {"input_type": "fixed<16,6>", "result_type": "fixed<16,6>"}
    edges = {"in_edge": source, "out_edge": "relu_out"}
    return {"name": "relu", "op": "relu", "shape": {"n_in": elements}} | types | edges


def figures(*layers: dict[str, Any], io: str = "io_parallel") -> Any:
    """Estimate layers in a dataflow region as Vivado HLS 2019.2 reports them at 5 ns."""
    rng = np.random.default_rng(5)
    weights = {
        item["name"]: rng.integers(-512, 512, (item["shape"]["n_in"], item["shape"]["n_out"]))
        for item in layers
        if item["op"] == "dense"
    }
    row = {"layers": list(layers), "tool": "vivado_hls", "version": "2019.2", "part": PART, "clock_ns": 5.0}
    return estimate_record(design_of_row(row | {"io_type": io, "top_pragma": ["DATAFLOW"]}, weights)).layers


def test_a_multiplier_of_a_dataflow_region_chooses_among_twice_its_reuse() -> None:
    """1,024 multipliers of 128 and 256 inputs at reuse 32: 273 LUT a multiplexer, the price of 64 inputs."""
    wide, narrow = dense("wide", 128, 256, 32, "relu_out"), dense("narrow", 256, 128, 32, "wide_out")
    found = figures(relu(128, "x"), wide, narrow, softmax(5, "narrow_out"))
    assert found["wide"].lut == pytest.approx(305_260, rel=0.02)
    assert found["narrow"].lut == pytest.approx(307_564, rel=0.02)
    assert (found["wide"].dsp, found["wide"].bram18, found["narrow"].bram18) == (1024, 455, 455)
    assert found["softmax"].lut == pytest.approx(673, rel=0.06)  # its report lists no multiplexer


def test_a_softmax_without_multiplexers_does_not_set_the_price_of_others() -> None:
    before, only = relu(128, "x"), dense("only", 128, 256, 32, "relu_out")
    alone = figures(before, only)["only"].lut
    assert figures(before, only, softmax(5, "only_out"))["only"].lut == alone
