"""What a product takes of the multiplier blocks of each family, as Yosys was measured."""

import pytest

from hlsexplore.rtl_plan.count.blocks import DSP48E1, DSP48E2, MULT18X18D, Blocks, counted_family
from hlsexplore.rtl_plan.count.layers import net_logic
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.schedule import NetSchedule


@pytest.mark.parametrize(
    ("blocks", "a", "b", "count", "luts"),
    [
        (DSP48E1, 25, 18, 1, 0),
        (DSP48E1, 18, 26, 2, 0),
        (DSP48E1, 27, 20, 4, 30),
        (DSP48E1, 43, 18, 3, 0),
        (DSP48E1, 52, 48, 9, 132),
        (DSP48E2, 27, 18, 1, 0),
        (DSP48E2, 27, 20, 2, 30),
        (DSP48E2, 25, 25, 2, 33),
        (DSP48E2, 52, 48, 9, 336),
        (MULT18X18D, 18, 18, 1, 0),
        (MULT18X18D, 19, 18, 1, 58),
        (MULT18X18D, 27, 20, 4, 62),
        (MULT18X18D, 36, 36, 4, 126),
        (MULT18X18D, 40, 18, 3, 137),
    ],
)
def test_a_product_is_cut_as_yosys_cuts_it(blocks: Blocks, a: int, b: int, count: int, luts: int) -> None:
    assert (blocks.count(a, b), blocks.join_luts(a, b)) == (count, luts)
    assert (blocks.count(b, a), blocks.join_luts(b, a)) == (count, luts)


def test_a_register_behind_a_cut_product_is_partly_inside_its_blocks() -> None:
    assert [DSP48E1.loose_bits(*bits) for bits in ((25, 18, 43), (27, 16, 43), (43, 16, 59), (27, 20, 47))] == [
        0,
        17,
        34,
        47,
    ]
    assert DSP48E2.loose_bits(16, 12, 28) == MULT18X18D.loose_bits(16, 12, 28) == 28


def test_multiplexers_take_a_lut_for_four_inputs_and_some_to_join_them() -> None:
    assert [DSP48E1.mux_luts(count) for count in (1, 2, 4, 8, 16, 64)] == [0, 1, 1, 2, 6, 22]
    assert [MULT18X18D.mux_luts(count) for count in (1, 2, 4, 8, 16)] == [0, 1, 4, 9, 25]


@pytest.mark.parametrize(
    ("part", "family"), [("xc7a200tfbg484-1", "xc7"), ("xcu250-figd2104-2L-e", "xc7"), ("LFE5U-85F-8BG756", "ecp5")]
)
def test_cells_of_xilinx_are_counted_as_7_series(part: str, family: str) -> None:
    assert counted_family(part) == family


def test_an_adder_of_narrow_luts_is_a_whole_carry_chain() -> None:
    net = Net()
    net.outputs = [net.add(net.input(0, -8, 7), net.input(1, -8, 7))]
    planned = NetSchedule(
        stages=(0,) * len(net.cells), latency_cycles=0, arrival_ns=0.0, last_use=(0,) * len(net.cells)
    )
    # Five bits of a sum: three CCU2C of two bits, each counted as two LUT.
    assert net_logic(net, planned, MULT18X18D)[0] == 6
    assert net_logic(net, planned, DSP48E1)[0] <= 5
