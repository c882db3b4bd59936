"""Prices of operators: figures that the tools print."""

import pytest

from hlsexplore.estimate.technology import block_rams, technology

VIVADO = technology("vivado_hls", "2020.1", "virtexuplus")
VITIS = technology("vitis_hls", "2023.1", "virtexuplus")
ZYNQ = technology("vivado_hls", "2019.2", "zynq")


@pytest.mark.parametrize(
    ("tech", "width", "lut"), [(VIVADO, 8, 15), (VIVADO, 16, 23), (VIVADO, 4, 12), (ZYNQ, 14, 19), (ZYNQ, 16, 23)]
)
def test_adder_prices(tech: object, width: int, lut: float) -> None:
    assert tech.adder(width) == lut  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("wide", "narrow", "blocks"), [(10, 8, 0), (11, 5, 1), (11, 4, 0), (28, 5, 2), (20, 20, 2), (32, 32, 4)]
)
def test_multipliers_become_dsp_blocks_from_11_by_5_bits(wide: int, narrow: int, blocks: int) -> None:
    assert VIVADO.multiplier_dsp(wide, narrow) == VIVADO.multiplier_dsp(narrow, wide) == blocks


@pytest.mark.parametrize(
    ("words", "bits", "blocks"),
    [(512, 318, 9), (1024, 318, 18), (104, 777, 22), (2048, 9, 1), (0, 5, 0), (40000, 1, 3)],
)
def test_block_rams_of_a_memory(words: int, bits: int, blocks: int) -> None:
    assert block_rams(words, bits) == blocks


def test_unreadable_version_counts_as_the_newest() -> None:
    assert technology("vitis_hls", "", "virtexuplus").version == float("inf")
    assert VITIS.compare(16) == VITIS.adder(16)


@pytest.mark.parametrize(
    ("tool", "version", "family", "width", "adder", "chained"),
    [
        ("vivado_hls", "2020.1", "virtexuplus", 16, 23, 16),
        ("vivado_hls", "2019.2", "virtexuplus", 14, 14, 14),
        ("vivado_hls", "2019.2", "virtex7", 16, 23, 16),
        ("vivado_hls", "2019.2", "zynq", 16, 23, 8),
        ("vivado_hls", "2016.4", "virtex7", 18, 25, 9),
        ("vitis_hls", "2024.1", "virtexuplus", 13, 20, 13),
        ("vitis_hls", "2024.2", "zynq", 14, 17, 14),
        ("vitis_hls", "2021.1", "zynq", 12, 12, 12),
    ],
)
def test_adder_prices_depend_on_tool_version_and_family(
    tool: str, version: str, family: str, width: int, adder: float, chained: float
) -> None:
    found = technology(tool, version, family)
    assert (found.adder(width), found.chained_adder(width)) == (adder, chained)
