"""Timing of streams, against a few figures of public reports."""

from typing import Any

import numpy as np
import pytest

from hlsexplore.estimate import estimate_record
from hlsexplore.estimate.hls.streams import call_timing, last_end, loop_timing
from hlsexplore.estimate.rows import design_of_row
from hlsexplore.report import Report

F16 = "fixed<16,6>"
F24 = "fixed<24,16,RND,SAT>"


def conv(name: str, shape: tuple[int, int, int, int, int, int], reuse: int, type_: str, kind: str = "") -> Any:
    """A one-dimensional convolution: input width and channels, output width and channels, kernel, stride."""
    keys = ("in_width", "in_chan", "out_width", "filters", "kernel", "stride")
    types = dict.fromkeys(("input_type", "accum_type", "result_type"), type_) | {"implementation": kind}
    sizes = dict(zip(keys, shape, strict=True)) | {"pad_left": 0, "pad_right": 0}
    weight = F16 if type_ == F16 else "fixed<8,1>"
    base = {"name": name, "op": "conv1d", "fn": "conv_1d_cl", "shape": sizes, "strategy": "resource", "reuse": reuse}
    return base | types | {"weight_type": weight}


def layer(name: str, op: str, shape: dict[str, int], type_: str, **more: Any) -> Any:
    return {"name": name, "op": op, "fn": op, "shape": shape, "input_type": type_, "result_type": type_, **more}


def pool(name: str, width: int, channels: int) -> Any:
    shape = {"in_chan": channels, "filters": channels, "stride_w": 2, "pad_left": 0, "pad_right": 0, "pool_w": 2}
    return layer(
        name, "pooling", shape | {"n_in": width, "n_out": width // 2}, F16, fn="pooling1d_cl", implementation="encoded"
    )


def pad(name: str, width: int, channels: int, left: int, right: int, type_: str) -> Any:
    shape = {"in_width": width, "in_chan": channels, "out_width": width + left + right, "pad_left": left}
    return layer(name, "zeropad", shape | {"pad_right": right}, type_)


def estimated(layers: list[Any], **row: Any) -> Report:
    layers = [item | {"in_edge": f"e{i}", "out_edge": f"e{i + 1}"} for i, item in enumerate(layers)]
    base = {"id": "a", "kind": "project", "repo": "a/b", "tool": "vivado_hls", "io_type": "io_stream"}
    return estimate_record(
        design_of_row(
            base | {"config_verified": True, "top_pragma": ["DATAFLOW"], "layers": layers, "hls": {}} | row, {}
        )
    )


def waveform_net(reuses: tuple[int, int, int, int]) -> list[Any]:
    """Three encoded convolutions with poolings, a dense layer and a sigmoid, 200 samples."""
    first, second, third, last = reuses
    dense = layer("d", "dense", {"n_in": 64, "n_out": 1}, F16, strategy="resource", reuse=last)
    return [
        conv("c1", (200, 1, 99, 16, 3, 2), first, F16, "encoded"),
        layer("r1", "relu", {"n_in": 1584}, F16),
        pool("p1", 99, 16),
        conv("c2", (49, 16, 23, 32, 5, 2), second, F16, "encoded"),
        layer("r2", "relu", {"n_in": 736}, F16),
        pool("p2", 23, 32),
        conv("c3", (11, 32, 3, 64, 9, 1), third, F16, "encoded"),
        layer("r3", "relu", {"n_in": 192}, F16),
        layer("g", "global_pooling", {"filters": 64, "n_in": 3}, F16, fn="global_pooling1d_cl"),
        dense | {"weight_type": F16, "accum_type": F16},
        layer("s", "sigmoid", {"n_in": 1}, F16, table_size=1024),
    ]


@pytest.mark.parametrize(
    ("reuses", "cycles"), [((12, 10, 12, 8), 4235), ((48, 40, 48, 32), 11429), ((12, 16, 16, 16), 4242)]
)
def test_latency_of_a_stream_with_encoded_convolutions_is_that_of_the_report(
    reuses: tuple[int, int, int, int], cycles: int
) -> None:
    report = estimated(waveform_net(reuses), version="2019.2", part="xc7vx690t-ffg1761-2", clock_ns=3.33)
    assert report.total.latency_cycles_max == cycles


@pytest.mark.parametrize(
    ("reuse", "part", "clock_ns", "cycles"),
    [(1, "xcku15p-ffve1517-1-i", 5, (900, 910)), (3, "xc7a200tl-ffg1156-2L", 10, (903, 913))],
)
def test_latency_of_a_padded_stream_is_that_of_the_report(
    reuse: int, part: str, clock_ns: int, cycles: tuple[int, int]
) -> None:
    dense = layer("d", "dense", {"n_in": 64, "n_out": 16}, F24, strategy="resource", reuse=2, accum_type=F24)
    layers = [
        pad("z1", 64, 1, 1, 1, "fixed<16,16>"),
        conv("c1", (66, 1, 64, 8, 3, 1), reuse, F24) | {"input_type": "fixed<16,16>"},
        pad("z2", 64, 8, 2, 2, F24),
        conv("c2", (68, 8, 64, 8, 5, 1), 2, F24),
        pad("z3", 64, 8, 1, 2, F24),
        conv("c3", (67, 8, 32, 4, 5, 2), 2, F24),
        pad("z4", 32, 4, 1, 2, F24),
        conv("c4", (35, 4, 16, 4, 5, 2), 2, F24),
        dense | {"weight_type": "fixed<8,1>"},
        layer("a", "linear", {"n_in": 16}, F24),
    ]
    report = estimated(layers, version="2020.1", part=part, clock_ns=clock_ns)
    assert (report.total.latency_cycles_min, report.total.latency_cycles_max) == cycles
    assert [report.layers[name].latency_cycles_max for name in ("z1", "z2", "z3", "z4")] == [65, 71, 68, 36]


def test_vitis_counts_the_starts_of_processes_and_nothing_behind_the_longest_one() -> None:
    weights = np.random.default_rng(0).integers(-20, 20, (3, 9, 16))
    base = conv("c", (130, 9, 128, 16, 3, 1), 1, F16) | {"strategy": "latency", "weights_key": "w"}
    before = [pad("z", 128, 9, 1, 1, F16), base]
    dense = layer("d", "dense", {"n_in": 16, "n_out": 4}, F16, strategy="latency", reuse=1, accum_type=F16)
    behind = [
        layer("r", "relu", {"n_in": 2048}, F16),
        layer("g", "global_pooling", {"filters": 16, "n_in": 128}, F16, fn="global_pooling1d_cl"),
        dense | {"weight_type": F16},
    ]
    row = {"tool": "vitis_hls", "version": "2024.1", "part": "xcu250-figd2104-2L-e", "clock_ns": 5}
    record = {
        "id": "a",
        "kind": "project",
        "repo": "a/b",
        "io_type": "io_stream",
        "top_pragma": ["DATAFLOW"],
        "hls": {},
    }
    short, long = (
        estimate_record(design_of_row(record | row | {"layers": layers}, {"w": weights})).total
        for layers in (before, before + behind)
    )
    assert long.latency_cycles_max == short.latency_cycles_max
    assert short.latency_cycles_max is not None and short.latency_cycles_max > 2 + 130


def test_a_loop_lasts_its_turns_at_its_pace_and_once_its_depth() -> None:
    assert loop_timing(99, 6) == {"latency_min": 105, "latency_max": 105, "head": 7, "tail": 4}
    assert loop_timing(676, 4, 2) == {"latency_min": 1355, "latency_max": 1355, "head": 5, "tail": 2}
    assert call_timing(4) == {"latency_min": 4, "latency_max": 4, "head": 4, "tail": 3}
    assert call_timing(4, is_pipelined=True)["tail"] == 2


def test_a_layer_before_the_longest_one_delays_it_and_one_behind_it_adds_its_tail() -> None:
    layers = waveform_net((12, 10, 12, 8))
    row = {"version": "2019.2", "part": "xc7vx690t-ffg1761-2", "clock_ns": 3.33}
    total = estimated(layers, **row).total.latency_cycles_max
    assert total is not None
    before = estimated([pad("z", 198, 1, 1, 1, F16), *layers], **row).total.latency_cycles_max
    relu = layer("r4", "relu", {"n_in": 1584}, F16)
    behind = estimated([*layers[:2], relu, *layers[2:]], **row).total.latency_cycles_max
    assert (before, behind) == (total + 1, total + 1)


def ends(*processes: tuple[float, float, float, float]) -> float:
    """End of processes that start at 0: cycles, pace, tail, cycles of a visited pixel (NaN: a pipeline)."""
    cycles, paces, tails, visits = (np.array(column)[:, None] for column in zip(*processes, strict=True))
    return float(last_end(np.zeros(cycles.shape), cycles, paces, tails, visits)[0])


def test_a_convolution_that_is_slower_for_a_pixel_adds_the_difference_and_five() -> None:
    longest = (4200.0, 21.0, 0.0, 21.0)
    assert ends(longest, (1274.0, 26.0, 5.0, 26.0)) == 4200 + 26 - 21 + 5
    assert ends(longest, (343.0, 7.0, 3.0, 7.0)) == 4200 + 3
    assert ends(longest, (105.0, 1.0, 4.0, np.nan)) == 4200 + 4


def test_behind_a_padding_that_adds_all_its_cycles_its_own_pace_counts() -> None:
    longest, slower = (4200.0, 21.0, 0.0, 21.0), (260.0, 26.0, 5.0, 26.0)
    padding = (130.0, 1.0, 130.0, np.nan)
    assert ends(longest, padding, slower) == 4200 + 130 + 26 - 1 + 5
    assert ends(longest, (130.0, 1.0, 3.0, np.nan), slower) == 4200 + 3 + 26 - 21 + 5
