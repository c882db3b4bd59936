"""Streams of Vitis HLS, against figures of public reports: FIFOs, windows, weight memories."""

from dataclasses import replace

import numpy as np
import pytest

from hlsexplore.estimate import estimate_record
from hlsexplore.estimate.coefficients import shipped
from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.cost import Cost
from hlsexplore.estimate.estimator import costs_of
from hlsexplore.estimate.hls.windows import vitis_fifo
from hlsexplore.estimate.record import DesignRecord, Image, LayerRecord
from hlsexplore.estimate.technology import technology
from hlsexplore.fixed import Fixed

F16, F8 = Fixed(16, 6), Fixed(8, 3)
ARTIX = DesignRecord(
    layers=(), tool="vitis_hls", version="2023.1", family="artix7", clock_ns=10.0, uncertainty_ns=1.25, io="stream"
)


def cost(layer: LayerRecord, design: DesignRecord = ARTIX) -> Cost:
    return costs_of(replace(design, layers=(layer,)), shipped())[0]


def layer(op: str, n_in: int, n_out: int, reuse: int, weight: Fixed = F8, **more: object) -> LayerRecord:
    types = {"input": F16, "accum": F16, "result": F16, "weight": weight}
    limit = 1 << (weight.width - 1)
    drawn = Constants.of(np.random.default_rng(1).integers(-limit, limit, (n_in, n_out)))
    sizes = {"n_in": n_in, "n_out": n_out, "channels": n_out, "reuse": reuse, "constants": drawn}
    return LayerRecord(name="a", op=op, strategy="resource", **sizes, **types, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("depth", "bits", "blocks"),
    [(1, 2048, 0), (16, 64, 0), (82, 16, 1), (80, 20, 2), (16, 128, 8), (4, 512, 29), (40, 1408, 79), (1089, 32, 4)],
)
def test_a_fifo_of_vitis_holds_a_pixel_as_one_word(depth: int, bits: int, blocks: int) -> None:
    """Blocks that reports of three repositories name, Vitis HLS 2023.1."""
    found = vitis_fifo(np.array([float(bits)]), depth, technology("vitis_hls", "2023.1", "zynq", ()))
    assert found[2][0] == blocks
    assert found[1][0] in ((99.0,) if blocks == 0 else (156.0,))


@pytest.mark.parametrize(("depth", "bits", "ff", "blocks"), [(1, 256, 516, 0), (1, 96, 260, 0), (130, 144, 539, 8)])
def test_a_fifo_of_vitis_2024_is_padded_to_a_power_of_two(depth: int, bits: int, ff: int, blocks: int) -> None:
    found = vitis_fifo(np.array([float(bits)]), depth, technology("vitis_hls", "2024.1", "virtexuplus", ()))
    assert (found[1][0], found[2][0]) == (ff, blocks)


def test_layers_of_a_stream_without_a_dataflow_region_hand_on_through_fifos() -> None:
    """What waits in a FIFO is in no register between two layers as well, region or not."""
    shape = {"channels": 32, "pixels": 100, "input": F16, "result": F16}
    layers = tuple(LayerRecord(name=n, op="relu", sources=s, **shape) for n, s in (("a", ()), ("b", ("a",))))
    flat, region = (estimate_record(replace(ARTIX, layers=layers, dataflow=flag)).total for flag in (False, True))
    assert flat.ff == region.ff and flat.bram18 == region.bram18 == 29


@pytest.mark.parametrize(("pixels", "channels", "filters", "cycles"), [(10, 1, 4, (401, 1501)), (6, 4, 8, (145, 541))])
def test_a_convolution_of_vitis_shifts_its_whole_window(
    pixels: int, channels: int, filters: int, cycles: tuple[int, int]
) -> None:
    """4 cycles a pixel, and the product's 11 where the window is full (two convolutions of one report)."""
    sizes = {"in_height": pixels, "in_width": pixels, "out_height": pixels - 2, "out_width": pixels - 2}
    image = Image(in_channels=channels, out_channels=filters, kernel_height=3, kernel_width=3, **sizes)
    found = cost(layer("conv2d", 9 * channels, filters, 9, image=image, pixels=(pixels - 2) ** 2))
    assert (found.latency_min, found.latency_max) == cycles


@pytest.mark.parametrize(("n_in", "n_out", "reuse", "weight", "blocks"), [(8, 32, 8, F8, 16), (32, 10, 16, F16, 10)])
def test_vitis_2023_keeps_a_copy_of_the_weights_for_two_multipliers(
    n_in: int, n_out: int, reuse: int, weight: Fixed, blocks: int
) -> None:
    """16 blocks of 32 and 10 of 20 multipliers; 2024.1 makes words of the weights."""
    product = layer("dense", n_in, n_out, reuse, weight)
    assert cost(product).bram18 == blocks
    assert cost(product).dsp == n_in * n_out // reuse
    assert cost(product, replace(ARTIX, version="2024.1")).bram18 < blocks


@pytest.mark.parametrize(("family", "width", "lut", "ff"), [("kintexuplus", 6, 75, 99), ("virtexuplus", 16, 34.4, 36)])
def test_processes_of_whole_tensors_hand_each_element_on_through_a_fifo(
    family: str, width: int, lut: float, ff: float
) -> None:
    """1,352 elements of 6 bits cost 80 LUT and 100 FF each beside their layers, 4,118 of 16 bits 36 and 37."""
    type_ = Fixed(width, 2)
    shape = {"channels": 50, "pixels": 1, "input": type_, "result": type_}
    layers = tuple(LayerRecord(name=n, op="relu", sources=s, **shape) for n, s in (("a", ()), ("b", ("a",))))
    design = replace(ARTIX, version="2024.1", family=family, io="parallel", dataflow=True, layers=layers)
    apart, one = costs_of(design, shipped()), estimate_record(replace(design, waits=True)).total
    found = estimate_record(design).total
    control = shipped().of("top", "vitis_hls.fast")["control"]
    assert found.lut == pytest.approx(sum(item.lut or 0.0 for item in apart) + control + 50 * lut)
    assert found.ff == pytest.approx(sum(item.ff or 0.0 for item in apart) + 50 * ff)
    assert one.ff != found.ff  # processes that wait for each other have no FIFOs
