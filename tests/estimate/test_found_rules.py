"""Rules found on repositories that no rule had seen: layers built here against figures of public reports."""

from dataclasses import replace

import numpy as np
import pytest

from hlsexplore.estimate import estimate_record
from hlsexplore.estimate.coefficients import shipped
from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.cost import Cost
from hlsexplore.estimate.estimator import costs_of
from hlsexplore.estimate.record import DesignRecord, Image, LayerRecord
from hlsexplore.fixed import Fixed

F16, TABLE = Fixed(16, 6), Fixed.parse("fixed<18,8,RND,SAT>")
TYPES = {"input": F16, "weight": F16, "bias": F16, "accum": F16, "result": F16}
VIVADO = DesignRecord(layers=(), tool="vivado_hls", version="2019.2", family="virtexuplus", uncertainty_ns=0.625)
ZYNQ = replace(VIVADO, version="2020.1", family="zynq")
VITIS = replace(VIVADO, tool="vitis_hls", version="2022.2", uncertainty_ns=None)
SOFTMAX = LayerRecord(name="s", op="softmax", channels=5, implementation="stable", input=F16, result=F16, table=TABLE)


def weights(n_in: int, n_out: int, limit: int = 512, seed: int = 5) -> Constants:
    return Constants.of(np.random.default_rng(seed).integers(-limit, limit, (n_in, n_out)))


def dense(name: str, n_in: int, n_out: int, source: str = "", limit: int = 512) -> LayerRecord:
    sources = (source,) if source else ()
    constants = weights(n_in, n_out, limit)
    return LayerRecord(
        name=name, op="dense", n_in=n_in, n_out=n_out, channels=n_out, constants=constants, sources=sources, **TYPES
    )


def conv(image: Image, op: str, reuse: int) -> LayerRecord:
    n_in = image.window * image.in_channels
    sizes = {"n_in": n_in, "n_out": image.out_channels, "channels": image.out_channels, "pixels": image.out_pixels}
    constants = weights(n_in, image.out_channels)
    return LayerRecord(name="c", op=op, image=image, reuse=reuse, constants=constants, **sizes, **TYPES)


def cost(layer: LayerRecord, design: DesignRecord) -> Cost:
    return costs_of(replace(design, layers=(layer,)), shipped())[0]


@pytest.mark.parametrize("reuse", [3, 25, 72])
def test_a_streamed_convolution_with_reuse_takes_a_pixel_after_the_other(reuse: int) -> None:
    """The cycles of 27 loops, less two, are pixels times a whole number: product + 3, or the reuse where it is less."""
    image = Image(in_height=28, in_width=28, in_channels=1, out_height=26, out_width=26, out_channels=8,
                  kernel_height=3, kernel_width=3)  # fmt: skip
    layer = conv(image, "conv2d", reuse)
    found = cost(layer, replace(ZYNQ, io="stream"))
    product = cost(replace(layer, op="dense", image=None, pixels=1), replace(ZYNQ, io="dataflow")).latency_max
    assert found.latency_max == 784 * min(product + 3, reuse) + 2 == found.ii


@pytest.mark.parametrize(("words", "bits", "blocks"), [(36, 16, 8), (32, 16, 0), (64, 8, 0), (64, 28, 16)])
def test_a_fifo_above_512_bits_takes_block_ram(words: int, bits: int, blocks: int) -> None:
    """36 words of 16 bits take a block each, 28 x 64 two; up to 512 bits are shift registers."""
    side = Fixed(bits, 6)
    shape = {"channels": 8, "pixels": words, "input": side, "result": side}
    layers = tuple(LayerRecord(name=n, op="relu", sources=s, **shape) for n, s in (("a", ()), ("b", ("a",))))
    assert estimate_record(replace(ZYNQ, io="stream", layers=layers)).total.bram18 == blocks


def test_a_streamed_softmax_works_on_the_channels_of_one_pixel() -> None:
    one, many = (cost(replace(SOFTMAX, pixels=n), replace(ZYNQ, io="stream")) for n in (1, 64))
    assert (one.lut, one.dsp, one.bram18) == (many.lut, many.dsp, many.bram18)
    assert many.latency_max == one.latency_max + 63


def test_a_pointwise_convolution_of_whole_tensors_has_all_positions_at_once() -> None:
    image = Image(in_width=10, in_channels=14, out_width=10, out_channels=10, rank=1)
    layer = replace(conv(image, "conv1d", 2), implementation="pointwise")
    alone = replace(layer, op="dense", image=None, pixels=1, implementation="")
    found, product = (cost(item, replace(VIVADO, dataflow=True)) for item in (layer, alone))
    assert found.ii == 2 and found.latency_max == product.latency_max and found.dsp == 10 * product.dsp


@pytest.mark.parametrize(("family", "is_dataflow", "cycles"), [("virtexuplus", True, 221), ("virtex7", False, 353)])
def test_a_recurrent_step_is_its_products_and_eight_or_sixteen_cycles(
    family: str, is_dataflow: bool, cycles: int
) -> None:
    """20 steps at reuse 1 take 221 cycles on UltraScale+ and 353 on Virtex-7, each right within two cycles a step."""
    layer = LayerRecord(name="g", op="gru", n_in=6, n_out=60, units=20, steps=20, channels=20, strategy="resource",
                        constants=weights(6, 60), recurrent=weights(20, 60), **TYPES)  # fmt: skip
    design = replace(VIVADO, family=family, dataflow=is_dataflow)
    found = cost(layer, design)
    assert abs(found.latency_max - cycles) <= 2 * 20
    assert cost(replace(layer, recurrent_reuse=60), design).latency_max >= found.latency_max + 20 * 55


@pytest.mark.parametrize(("units", "steps", "reuse", "recurrent_reuse", "cycles"),
                         [(20, 20, 30, 20, 821), (120, 15, 30, 30, 616), (20, 20, 1, 1, 221)])  # fmt: skip
def test_a_recurrent_layer_in_the_resource_strategy_is_exact(
    units: int, steps: int, reuse: int, recurrent_reuse: int, cycles: int
) -> None:
    """Three layers of public reports, Vivado HLS 2019.2; the region takes the next input a cycle later."""
    layer = LayerRecord(name="g", op="gru", n_in=6, n_out=3 * units, units=units, steps=steps, channels=units,
                        strategy="resource", reuse=reuse, recurrent_reuse=recurrent_reuse,
                        constants=weights(6, 3 * units), recurrent=weights(units, 3 * units), **TYPES)  # fmt: skip
    found = cost(layer, replace(VIVADO, dataflow=True))
    assert (found.latency_max, found.ii) == (cycles, cycles + 1)


@pytest.mark.parametrize(("n_in", "n_out", "reuse", "cycles"),
                         [(120, 50, 30, 32), (50, 10, 25, 26), (20, 64, 20, 21), (64, 1, 32, 33), (10, 3, 30, 32)])  # fmt: skip
def test_loops_over_shared_multipliers_of_the_lean_library_are_exact(
    n_in: int, n_out: int, reuse: int, cycles: int
) -> None:
    layer = replace(dense("a", n_in, n_out), reuse=reuse, strategy="resource")
    assert cost(layer, replace(VIVADO, dataflow=True)).latency_max == cycles


@pytest.mark.parametrize(("n_in", "n_out"), [(5, 5), (5, 1), (20, 64)])
def test_an_unrolled_product_of_the_resource_strategy_is_cut_behind_its_multipliers(n_in: int, n_out: int) -> None:
    """Five and six summands of 18 bits take a cycle in Vivado HLS 2019.2, as 21 do."""
    layer = replace(dense("a", n_in, n_out), strategy="resource")
    assert cost(layer, replace(VIVADO, dataflow=True)).latency_max == 1


@pytest.mark.parametrize("reuse", [1, 4, 16])
def test_a_streamed_batch_normalisation_shares_multipliers(reuse: int) -> None:
    layer = LayerRecord(name="b", op="batchnorm", channels=16, pixels=100, reuse=reuse, input=F16, weight=F16,
                        bias=F16, result=F16, constants=Constants.of(np.arange(331, 1931, 100)[None]))  # fmt: skip
    found = cost(layer, replace(ZYNQ, io="stream"))
    assert found.dsp == 16 / reuse and found.ii == (100 if reuse == 1 else 1600)


@pytest.mark.parametrize(("classes", "clock", "family", "cycles"),
                         [(10, 4.0, "virtexuplus", 6), (10, 3.33, "virtexuplus", 7), (10, 2.0, "virtexuplus", 12),
                          (3, 25.0, "zynq", 2)])  # fmt: skip
def test_a_softmax_is_as_deep_as_the_clock_asks(classes: int, clock: float, family: str, cycles: int) -> None:
    design = replace(VIVADO, family=family, clock_ns=clock, uncertainty_ns=clock / 8)
    assert abs(cost(replace(SOFTMAX, channels=classes), design).latency_max - cycles) <= 1


@pytest.mark.parametrize(("family", "clock", "channels", "cycles"),
                         [("zynq", 5.0, 1, 8), ("virtexuplus", 3.33, 1, 4), ("virtexuplus", 2.0, 1, 6),
                          ("zynq", 5.0, 3, 29), ("virtexuplus", 4.0, 3, 14.5)])  # fmt: skip
def test_an_axi_wrapper_reads_a_pixel_as_fast_as_device_and_clock_allow(
    family: str, clock: float, channels: int, cycles: float
) -> None:
    image = Image(in_height=16, in_width=16, in_channels=channels, out_height=14, out_width=14, out_channels=4,
                  kernel_height=3, kernel_width=3)  # fmt: skip
    design = replace(VIVADO, family=family, clock_ns=clock, uncertainty_ns=clock / 8, io="stream", axi=True)
    found = estimate_record(replace(design, layers=(conv(image, "conv2d", 1),)))
    assert found.total.ii_cycles == pytest.approx(256 * cycles, abs=256 * 0.51 + 2)


@pytest.mark.parametrize(("classes", "family", "version", "blocks"),
                         [(2, "zynq", "2021.1", 2), (16, "zynq", "2021.1", 16), (5, "virtexuplus", "2022.2", 8),
                          (10, "virtexuplus", "2022.2", 12)])  # fmt: skip
def test_vitis_softmax_tables_take_blocks_by_family(classes: int, family: str, version: str, blocks: int) -> None:
    layer = replace(SOFTMAX, channels=classes)
    assert cost(layer, replace(VITIS, family=family, version=version)).bram18 == blocks


def test_sums_whose_products_need_no_cast_are_chains_in_vitis_hls() -> None:
    """495 terms of 8 x 8 bits into 16 take 192 cycles on Zynq at 5 ns; a wider accumulator makes a tree."""
    design = replace(VITIS, version="2021.1", family="zynq", uncertainty_ns=0.625)
    narrow, wide = Fixed(8, 2), Fixed(18, 6)
    layer = replace(dense("d", 495, 4, limit=100), input=narrow, weight=narrow, accum=Fixed(16, 4))
    assert cost(layer, design).latency_max == pytest.approx(192, rel=0.05)
    assert cost(replace(layer, accum=wide), design).latency_max <= 10


def test_a_streamed_upsampling_has_a_figure_for_everything() -> None:
    image = Image(in_height=8, in_width=8, in_channels=4, out_height=16, out_width=16, out_channels=4)
    layer = LayerRecord(name="u", op="upsample", channels=4, pixels=256, image=image, input=F16, result=F16)
    found = cost(layer, replace(ZYNQ, io="stream"))
    assert found.ii == found.latency_max and 256 <= found.latency_max <= 260
    assert found.dsp == 0 and found.lut > 0 and found.ff >= 8 * 4 * 16


@pytest.mark.parametrize(("bits", "version", "blocks"),
                         [(140, "2019.2", 78), (471, "2020.1", 524), (1255, "2020.1", 1396), (25, "2019.2", 0)])  # fmt: skip
def test_the_input_of_a_dataflow_region_is_handed_on_through_fifos(bits: int, version: str, blocks: int) -> None:
    """1,400 bits take 78 blocks in 2019.2; 4,704 and 12,544 bits 524 and 1,394 in 2020.1; 256 bits none."""
    layers = tuple(
        replace(dense(name, n_in, 10, source), input=Fixed(10, 3), reuse=10, strategy="resource")
        for name, n_in, source in (("a", bits, ""), ("b", 10, "a"))
    )
    design = replace(VIVADO, version=version, layers=layers)
    of_layers = sum(item.bram18 for item in costs_of(design, shipped()))
    assert estimate_record(design).total.bram18 - of_layers == blocks
    assert estimate_record(replace(design, tool="vitis_hls")).total.bram18 <= of_layers + 2


def test_an_activation_that_does_not_fit_a_cycle_is_registered() -> None:
    """ReLU of 16 bits rounded to 8: a cycle and 33 registers an element at 3.33 ns on Zynq, none at 5 ns."""
    layer = LayerRecord(name="r", op="relu", channels=32, input=Fixed(16, 4), result=Fixed.parse("ufixed<8,0,RND,SAT>"))
    slow, quick = (cost(layer, replace(ZYNQ, clock_ns=clock, uncertainty_ns=clock / 8)) for clock in (5.0, 3.33))
    assert (slow.latency_max, slow.ff) == (0, 0) and quick.latency_max == 1
    assert quick.ff == pytest.approx(1_055, rel=0.05)


def test_products_that_wait_are_registered_once_for_all_outputs_that_read_them() -> None:
    """Dense layers of 8-bit weights in Vitis HLS on Zynq at 5 ns hold about a register for each distinct product."""
    design = replace(VITIS, version="2021.1", family="zynq", uncertainty_ns=0.625)
    narrow = {"input": Fixed(8, 2), "weight": Fixed(8, 2), "accum": Fixed(16, 6), "result": Fixed(16, 6)}
    few = replace(dense("d", 20, 64), constants=Constants.of(np.tile(weights(20, 1, 60).weight, (1, 64))), **narrow)
    many = replace(few, constants=weights(20, 64, 60))
    alike, unlike = cost(few, design), cost(many, design)
    assert alike.ff < 0.7 * unlike.ff
    assert 0.7 < unlike.ff / (16 * np.unique(many.constants.weight, axis=0).size) < 1.3


@pytest.mark.parametrize(("terms", "stages"), [(8, 0), (16, 1), (32, 1), (64, 1)])
def test_trees_of_vitis_on_ultrascale_take_few_cycles(terms: int, stages: int) -> None:
    """16, 32 and 64 inputs of 16 bits take one cycle of 3.65 ns in Vitis HLS 2022.2; small shifted ones take none."""
    small = terms == 8
    layer = replace(dense("a", terms, 8, limit=4 if small else 512), **({"input": Fixed(8, 3)} if small else {}))
    assert cost(layer, VITIS).latency_max == stages


def test_a_call_of_vitis_that_has_registers_ends_its_cycle() -> None:
    """Products of one cycle and their activations, 16-64-32-32-5: 9 cycles of calls and 6 between seven of them."""
    sizes = ((16, 64), (64, 32), (32, 32), (32, 5))
    layers = []
    for index, (n_in, n_out) in enumerate(sizes):
        layers.append(dense(f"d{index}", n_in, n_out, layers[-1].name if layers else ""))
        if index < 3:
            shape = {"n_in": n_out, "n_out": n_out, "channels": n_out, "input": F16, "result": F16}
            layers.append(LayerRecord(name=f"r{index}", op="relu", sources=(f"d{index}",), **shape))
    found = estimate_record(replace(VITIS, layers=tuple(layers))).total
    assert found.latency_cycles_max == 4 * 1 + 6


def test_the_first_product_of_a_region_picks_its_inputs_out_of_the_port():
    """16 inputs of 16 bits, 64 outputs, reuse 8 on Zynq: 9,890 LUT and 13,616 FF, two shifts and no multiplexers."""
    first = replace(dense("a", 16, 64), strategy="resource", reuse=8)
    second = replace(dense("b", 64, 32, "a"), strategy="resource", reuse=32)
    one, other = costs_of(replace(ZYNQ, layers=(first, second)), shipped())
    assert (one.muxes, other.muxes) == (0, 64)
    assert one.lut == pytest.approx(9_890, rel=0.25) and one.ff == pytest.approx(13_616, rel=0.15)
    assert one.latency_max == 21


@pytest.mark.parametrize(("uncertainty", "merged"), [(0.625, True), (1.35, False)])
def test_vitis_merges_sums_of_7_series_where_two_fit_a_cycle(uncertainty, merged):
    """25 inputs and 32 outputs of 16 bits, Artix-7 at 5 ns: 17.2 LUT a sum in 4.37 ns; Zynq in 3.65 ns: 23."""
    design = replace(VITIS, version="2024.1", family="artix7", uncertainty_ns=uncertainty)
    layer = dense("d", 25, 32)
    plain = replace(design, family="virtexuplus")
    assert (cost(layer, design).lut < 1.1 * cost(layer, plain).lut) == merged


def test_vitis_merges_narrow_products_with_their_sums_on_7_series():
    """Products of 6 by 6 bits with two for each of 5 outputs take 5 DSP blocks at 30 ns on Artix-7, one each 6."""
    narrow = {
        "input": Fixed.parse("ufixed<6,0>"),
        "weight": Fixed(6, 2),
        "accum": Fixed(20, 10),
        "result": Fixed(20, 10),
    }
    design = replace(VITIS, version="2024.2", family="artix7", clock_ns=30.0, io="dataflow")
    for n_in, n_out, reuse, blocks in ((100, 5, 50, 5), (45, 6, 45, 6), (25, 2, 50, 1)):
        constants = weights(n_in, n_out, 31)
        layer = replace(dense("d", n_in, n_out), strategy="resource", reuse=reuse, constants=constants, **narrow)
        assert cost(layer, design).dsp == blocks
    assert cost(layer, replace(design, family="virtexuplus")).dsp == 0


def test_only_the_multipliers_that_are_built_have_inner_registers():
    """8 inputs, 16 outputs, reuse 4 in Vitis HLS 2023.2 on Artix-7: 12 multipliers and 1,884 FF, 67 in each."""
    design = replace(VITIS, version="2023.2", family="artix7", uncertainty_ns=0.625)
    layer = dense("d", 8, 16)
    all_at_once, in_turns = cost(layer, design), cost(replace(layer, reuse=4), design)
    assert in_turns.dsp < all_at_once.dsp
    inner = shipped().of("unrolled", "vitis_hls.slow")["multiplier_ff"]
    assert in_turns.ff < all_at_once.ff - inner * (all_at_once.dsp - in_turns.dsp) + 16 * 8 * 16 * 1.3
