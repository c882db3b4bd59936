"""Rows of measured designs: foreign data that must never raise."""

import random
from typing import Any

import numpy as np
import pytest

from hlsexplore.estimate import estimate_record
from hlsexplore.estimate.constants import csd_digits
from hlsexplore.estimate.rows import design_of_row

DENSE = {
    "name": "fc1",
    "op": "dense",
    "fn": "dense",
    "shape": {"n_in": 16, "n_out": 8},
    "strategy": "latency",
    "reuse": 1,
    "input_type": "ap_fixed<16,6>",
    "weight_type": "ap_fixed<16,6>",
    "accum_type": "ap_fixed<16,6>",
    "result_type": "ap_fixed<16,6>",
    "weights_key": "fc1.w",
    "in_edge": "input_1",
    "out_edge": "layer2_out",
}
RELU = {
    "name": "relu1",
    "op": "relu",
    "shape": {"n_in": 8},
    "input_type": "ap_fixed<16,6>",
    "result_type": "ap_ufixed<8,4,AP_RND,AP_SAT>",
    "in_edge": "layer2_out",
    "out_edge": "layer3_out",
}
CONV = {
    "name": "conv1",
    "op": "conv2d",
    "shape": {
        "in_height": 8,
        "in_width": 8,
        "in_chan": 3,
        "out_height": 6,
        "out_width": 6,
        "filters": 4,
        "kernel_h": 3,
        "kernel_w": 3,
    },
    "input_type": "ap_fixed<8,3>",
    "weight_type": "ap_fixed<6,1>",
    "weights_key": "conv1.w",
}
ROW = {
    "id": "a",
    "kind": "project",
    "repo": "somebody/net",
    "tool": "vivado_hls",
    "version": "2020.1",
    "part": "xcvu13p-flga2577-2-e",
    "clock_ns": 5,
    "io_type": "io_parallel",
    "config_verified": True,
    "top_pragma": ["PIPELINE"],
    "layers": [DENSE, RELU],
    "hls": {"lut": 3000, "ff": 500, "dsp": 100, "bram18": 0, "latency_max": 3, "latency_min": 3, "ii_max": 1},
}
WEIGHTS = {
    "fc1.w": np.random.default_rng(0).integers(-600, 600, (16, 8)),
    "conv1.w": np.random.default_rng(1).integers(-30, 30, (3, 3, 3, 4)),
}
JUNK: list[Any] = [None, "", "x", -1, 0, 1e400, 3.5, [], {}, [None], {"a": 1}, True, "ap_fixed<0,0>", 10**30, "1;rm"]


def test_a_row_becomes_layers_with_types_weights_and_edges() -> None:
    record = design_of_row(ROW, WEIGHTS)
    dense, relu = record.layers
    assert (record.family, record.io, record.is_dataflow, record.verified) == ("virtexuplus", "parallel", False, True)
    assert (dense.n_in, dense.n_out, str(dense.weight)) == (16, 8, "fixed<16,6>")
    assert dense.constants is not None
    assert relu.sources == ("fc1",)
    assert str(relu.result) == "ufixed<8,4,RND,SAT>"


def test_a_row_with_weights_has_every_figure() -> None:
    report = estimate_record(design_of_row(ROW, WEIGHTS))
    assert report.missing == ()
    assert report.total.dsp == report.layers["fc1"].dsp
    assert None not in (report.total.lut, report.total.ff, report.total.latency_cycles_max, report.total.ii_cycles)


def test_unknown_weights_are_replaced_by_typical_ones_and_widen_the_interval() -> None:
    known, unknown = (estimate_record(design_of_row(ROW, weights)) for weights in (WEIGHTS, {}))
    assert unknown.total.lut is not None
    spans = [report.bounds[0].upper.lut / report.bounds[0].lower.lut for report in (known, unknown)]
    assert spans[1] > spans[0]


def test_an_unverified_row_has_the_widest_interval() -> None:
    spans = []
    for verified in (True, False):
        bounds = estimate_record(design_of_row(ROW | {"config_verified": verified}, WEIGHTS)).bounds[1]
        spans.append(bounds.upper.lut / bounds.lower.lut)
    assert spans[1] > spans[0]


def test_an_unknown_op_leaves_figures_none() -> None:
    layers = [DENSE, RELU | {"op": "fancy_new_layer"}]
    report = estimate_record(design_of_row(ROW | {"layers": layers}, WEIGHTS))
    assert report.layers["relu1"].lut is None
    assert report.total.latency_cycles_max is None
    assert len(report.missing) == 1


@pytest.mark.parametrize(
    "row", [{}, {"layers": None}, {"layers": [None, 3, "x", {}]}, {"layers": {"a": 1}}, {"tool": 3}]
)
def test_empty_rows_are_unknown(row: dict[str, Any]) -> None:
    report = estimate_record(design_of_row(row, {}))
    assert report.total.lut is None


def test_damaged_rows_never_raise() -> None:
    rng = random.Random(0)
    for _ in range(400):
        row = {key: rng.choice(JUNK) if rng.random() < 0.15 else value for key, value in ROW.items()}
        layers = []
        for layer in (DENSE, RELU, CONV):
            changed = {key: rng.choice(JUNK) if rng.random() < 0.15 else value for key, value in layer.items()}
            if isinstance(changed["shape"], dict):
                changed["shape"] = {
                    key: rng.choice(JUNK) if rng.random() < 0.15 else value for key, value in changed["shape"].items()
                }
            layers.append(changed)
        if isinstance(row["layers"], list):
            row["layers"] = layers
        report = estimate_record(design_of_row(row, WEIGHTS))
        for figures in (report.total, *report.layers.values()):
            for value in (figures.lut, figures.ff, figures.dsp, figures.bram18):
                assert value is None or 0 <= value < float("inf")


def stream(*layers: dict[str, Any], **values: Any) -> Any:
    row = ROW | {"io_type": "io_stream", "top_pragma": ["DATAFLOW"], "layers": list(layers)} | values
    return estimate_record(design_of_row(row, WEIGHTS))


def test_an_inner_edge_that_no_layer_names_comes_from_the_layer_before() -> None:
    reshaped = RELU | {"in_edge": "layer9_out"}
    assert design_of_row(ROW | {"layers": [DENSE, reshaped]}, WEIGHTS).layers[1].sources == ("fc1",)
    other = RELU | {"in_edge": "input_2"}
    assert design_of_row(ROW | {"layers": [DENSE, other]}, WEIGHTS).layers[1].sources == ()


def test_a_repacked_stream_holds_all_its_elements() -> None:
    conv = CONV | {"out_edge": "layer2_out", "result_type": "ap_fixed<8,3>"}
    repack = {"name": "repack", "op": "repack", "shape": {}, "input_type": "ap_fixed<8,3>", "in_edge": "layer2_out"}
    figures = stream(conv, repack).layers["repack"]
    assert (figures.ff, figures.latency_cycles_max) == (6 * 6 * 4 * 8, 36 - 1 + 6 + 1)


def test_vitis_takes_the_latency_of_a_product_for_each_pixel_of_a_stream() -> None:
    vivado, vitis = stream(CONV), stream(CONV, tool="vitis_hls", version="2024.1")
    assert 64 <= vivado.total.ii_cycles < 80
    assert vitis.total.ii_cycles >= 2 * 64


def test_a_streamed_softmax_shares_its_products() -> None:
    softmax = {"name": "softmax", "op": "softmax", "shape": {"n_in": 8}, "in_edge": "layer2_out", "reuse": 4}
    shared, full = (stream(DENSE, softmax | {"reuse": reuse}).layers["softmax"] for reuse in (4, 1))
    assert (shared.dsp, full.dsp) == (2, 8)
    assert (shared.ii_cycles, full.ii_cycles) == (4, 1)
    assert shared.bram18 < full.bram18


def test_layers_around_a_convolution_in_memories_are_unknown() -> None:
    conv = CONV | {"fn": "conv_2d_large_cl", "out_edge": "layer2_out"}
    relu = RELU | {"shape": {"n_in": 4096}}
    report = estimate_record(design_of_row(ROW | {"layers": [conv, relu], "top_pragma": ["DATAFLOW"]}, WEIGHTS))
    assert report.total.lut is None
    assert len(report.missing) == 2


def test_table_entries_that_saturate_make_the_sum_of_a_softmax_saturate() -> None:
    softmax = {"name": "softmax", "op": "softmax", "shape": {"n_in": 5}, "implementation": "stable"} | {
        "in_edge": "layer2_out"
    }
    found = []
    for mode in ("", ",AP_RND,AP_SAT"):
        layers = [DENSE, softmax | {"table_type": f"ap_fixed<18,8{mode}>"}]
        found.append(estimate_record(design_of_row(ROW | {"layers": layers}, WEIGHTS)).layers["softmax"])
    wrapping, saturating = found
    assert saturating.lut > wrapping.lut + 5 * 18
    assert (wrapping.latency_cycles_max, saturating.latency_cycles_max) == (3, 4)  # the reports of both


def test_the_oldest_softmax_has_tables_and_no_products() -> None:
    softmax = {"name": "softmax", "op": "softmax", "shape": {"n_in": 6}, "in_edge": "layer2_out"}
    layers = [DENSE, softmax | {"input_type": "ap_fixed<32,8>", "table_type": "ap_fixed<18,8>"}]
    figures = estimate_record(design_of_row(ROW | {"layers": layers}, WEIGHTS)).layers["softmax"]
    assert (figures.dsp, figures.bram18) == (0, 18)


def test_a_pipelined_top_unrolls_the_positions_of_a_convolution_and_skips_its_padding() -> None:
    shape = {"in_width": 4, "in_chan": 6, "out_width": 4, "filters": 3, "kernel": 2, "pad_right": 1}
    conv = {
        "name": "conv1",
        "op": "conv1d",
        "shape": shape,
        "input_type": "ap_fixed<16,6>",
        "weight_type": "ap_fixed<16,6>",
        "accum_type": "ap_fixed<32,12>",
        "weights_key": "conv.w",
    }
    values = np.arange(1101, 1200)
    weights = {"conv.w": values[csd_digits(values) >= 3][:36].reshape(2, 6, 3)}
    unrolled = estimate_record(design_of_row(ROW | {"layers": [conv]}, weights))
    assert unrolled.total.dsp == 7 * 6 * 3  # 4 windows of 2 taps, one of them outside
    one = ROW | {"layers": [conv | {"n_partitions": 4}], "top_pragma": ["DATAFLOW"]}
    assert estimate_record(design_of_row(one, weights)).total.dsp == 2 * 6 * 3


def test_an_unsigned_constant_of_18_bits_takes_two_ports() -> None:
    types = {"input_type": "ap_fixed<32,8>", "weight_type": "ap_fixed<32,8>", "accum_type": "ap_fixed<32,8>"}
    dense = DENSE | types | {"shape": {"n_in": 1, "n_out": 1}}
    found = [
        estimate_record(design_of_row(ROW | {"layers": [dense]}, {"fc1.w": np.array([[value]])})).total.dsp
        for value in (0x1F0F1, 0x2F0F1, -0x1F0F1)
    ]
    assert found == [2, 4, 2]


@pytest.mark.parametrize(
    ("part", "clock_ns", "channels", "cycles"),
    [
        ("xc7z020clg400-1", 5.0, 1, 8),
        ("xc7z020clg400-1", 5.0, 3, 29),
        ("xczu9eg-ffvb1156-2-e", 4.0, 1, 4),
        ("xczu9eg-ffvb1156-2-e", 2.0, 1, 6),
        ("xczu9eg-ffvb1156-2-e", 4.0, 3, 14),
    ],
)
def test_the_axi_wrapper_of_a_stream_takes_the_cycles_of_its_device_and_clock(
    part: str, clock_ns: float, channels: int, cycles: int
) -> None:
    conv = CONV | {"shape": CONV["shape"] | {"in_chan": channels}}
    ends = {"part": part, "family": None, "clock_ns": clock_ns}
    assert stream(conv, **ends).total.ii_cycles < 80
    assert stream(conv, top="myproject_axi", **ends).total.ii_cycles == 64 * cycles + 2


def test_an_activation_of_the_input_of_a_stream_works_on_its_pixels() -> None:
    """The 8 x 8 pixels of 3 channels that the convolution behind it reads: a loop of 64 turns, not 192 elements."""
    cast = {"name": "q", "op": "linear", "shape": {"n_in": 192}, "input_type": "ap_fixed<12,3>",
            "result_type": "ap_fixed<8,3,AP_RND_CONV,AP_SAT>", "in_edge": "input_1", "out_edge": "layer2_out"}  # fmt: skip
    conv = CONV | {"in_edge": "layer2_out", "out_edge": "layer3_out"}
    record = design_of_row(ROW | {"io_type": "io_stream", "layers": [cast, conv]}, WEIGHTS)
    assert (record.layers[0].channels, record.layers[0].pixels, record.layers[0].sources) == (3, 64, ())
    assert 64 < (estimate_record(record).layers["q"].latency_cycles_max or 0) < 70


def test_outputs_that_only_dead_outputs_read_cost_nothing() -> None:
    """The last layer reads one of two inputs; what feeds the other two layers before it is not built either."""
    weights = {"a": np.array([[181, 211]]), "b": np.diag([181, 181]), "c": np.array([[181], [0]])}
    layers = [
        DENSE | {"name": name, "shape": {"n_in": n_in, "n_out": n_out}, "weights_key": name, "in_edge": source,
                 "out_edge": f"layer{index}_out"}
        for index, (name, n_in, n_out, source) in enumerate(
            (("a", 1, 2, "input_1"), ("b", 2, 2, "layer0_out"), ("c", 2, 1, "layer1_out"))
        )
    ]  # fmt: skip
    found = estimate_record(design_of_row(ROW | {"layers": layers}, weights))
    assert [found.layers[name].dsp for name in "abc"] == [1, 1, 1]


def test_a_reuse_that_asks_for_as_much_as_possible_is_read() -> None:
    record = design_of_row(ROW | {"layers": [DENSE, RELU | {"reuse": 4_000_000_000_000}]}, WEIGHTS)
    assert (record.layers[1].op, record.layers[1].elements) == ("relu", 8)
