"""Statistics of Yosys to resources."""

import pytest

from hlsexplore.errors import ToolError
from hlsexplore.report import Figures
from hlsexplore_hls.reports.yosys import figures_of, parse_depth, parse_stat

NEW = """{
   "creator": "Yosys 0.70 (git sha1 28ba3cb92)",
   "modules": {
      "\\\\net_fc": {
         "num_cells":         3,
         "num_cells_by_type": {
            "$scopeinfo": 1,
            "CARRY4": 8,
            "FDRE": 48
         }
      },
      "\\\\net_relu": {
         "num_cells":         1,
         "num_cells_by_type": {
         }
      }
   },
      "design": {
         "num_cells_by_type": {
            "FDRE": 48
         }
      }
}
"""
# Yosys 0.23 forgets the comma after "modules".
OLD = NEW.replace('   },\n      "design"', '   }\n      "design"')


@pytest.mark.parametrize("text", [NEW, OLD])
def test_parse_stat_reads_modules(text: str) -> None:
    assert parse_stat(text) == {"net_fc": {"CARRY4": 8, "FDRE": 48}, "net_relu": {}}


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"modules": 3}', '{"modules": {}}', "[" * 100_000])
def test_parse_stat_refuses_what_holds_no_module(text: str) -> None:
    with pytest.raises(ToolError) as error:
        parse_stat(text)
    assert str(error.value) == "the statistics that Yosys wrote hold no module. Run the synthesis again."


def test_parse_stat_refuses_unmapped_cells() -> None:
    with pytest.raises(ToolError) as error:
        parse_stat(NEW.replace("CARRY4", "$mul"))
    assert str(error.value) == "Yosys left cells of 'net_fc' without a place on the device: '$mul'."


def test_figures_count_by_the_documented_rules() -> None:
    counts = {"LUT1": 1, "LUT6": 2, "INV": 1, "SRL16E": 3, "RAM64M": 1, "RAM32X1D": 1, "MUXF7": 9, "CARRY4": 5}
    counts |= {"FDRE": 4, "FDSE": 1, "FDCE": 1, "FDPE": 1, "LDCE": 1, "DSP48E1": 2, "RAMB18E1": 1, "RAMB36E1": 2}
    assert figures_of(counts) == Figures(lut=13, ff=8, dsp=2, bram18=5, uram=0)
    ecp5 = {"LUT4": 10, "CCU2C": 4, "TRELLIS_FF": 7, "MULT18X18D": 2, "DP16KD": 3, "PFUMX": 2, "TRELLIS_DPR16X4": 1}
    assert figures_of(ecp5) == Figures(lut=24, ff=7, dsp=2, bram18=3, uram=0)
    assert figures_of({}) == Figures(lut=0, ff=0, dsp=0, bram18=0, uram=0)


def test_depth_is_the_longest_path_or_unknown() -> None:
    assert parse_depth("Longest topological path in net_fc (length=17):\n   0: x") == 17
    assert parse_depth("") is None
