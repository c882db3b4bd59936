"""What estimates rest on, and what the bits of single elements cost."""

from dataclasses import replace

import numpy as np
import pytest

from hlsexplore.errors import ConfigError
from hlsexplore.estimate import estimate_record
from hlsexplore.estimate.cells import cell_of
from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.element_bits import with_element_bits
from hlsexplore.estimate.record import DesignRecord, LayerRecord
from hlsexplore.estimate.support import CellSupport, support_from, support_notes, support_of
from hlsexplore.fixed import Fixed
from hlsexplore.report import Support

TYPE = Fixed.parse("fixed<16,6>")


def dense(**changes: object) -> LayerRecord:
    weight = np.random.default_rng(0).integers(-500, 500, (8, 4))
    layer = LayerRecord(
        name="fc",
        op="dense",
        n_in=8,
        n_out=4,
        channels=4,
        input=TYPE,
        weight=TYPE,
        bias=TYPE,
        accum=TYPE,
        result=TYPE,
        constants=Constants.of(weight, np.zeros(4)),
    )
    return replace(layer, **changes)


def design(layer: LayerRecord) -> DesignRecord:
    return DesignRecord(layers=(layer,), tool="vivado_hls", version="2020.1", family="virtexuplus")


def cells(repositories: int) -> dict[str, CellSupport]:
    own = design(dense())
    return support_from(
        (frozenset({cell_of(own, own.layers[0])}), f"r{index}", index > 0) for index in range(repositories)
    )


def test_modules_and_repositories_are_counted_and_those_without_prices_apart() -> None:
    own = design(dense())
    found = support_of(own, ("latency_cycles_max", "lut"), cells(4))
    assert found["latency_cycles_max"] == Support(modules=4, repositories=4)
    assert found["lut"] == Support(modules=3, repositories=3)


@pytest.mark.parametrize(("repositories", "words"), [(0, "no measured design of this kind"), (2, "in 2 of the 3")])
def test_a_kind_of_few_repositories_is_named_and_widens_the_interval(repositories: int, words: str) -> None:
    own = design(dense())
    (note,) = support_notes(own, cells(repositories))
    assert "'fc'" in note and words in note
    few, many = (estimate_record(own, cells=cells(count)) for count in (repositories, 9))
    assert few.total == many.total and many.notes == ()
    assert few.notes == (note,)
    for figure in ("lut", "ff"):
        wide, narrow = (
            getattr(item.bounds[-1].upper, figure) - getattr(item.bounds[-1].lower, figure) for item in (few, many)
        )
        assert wide >= narrow


def test_fewer_bits_of_elements_cost_less_and_none_cost_nothing() -> None:
    full, less, few, none = (
        estimate_record(design(with_element_bits(dense(), [bits] * 8))).total for bits in (16, 12, 6, 0)
    )
    assert full == estimate_record(design(dense())).total
    assert full.lut > less.lut > none.lut
    # Below 11 bits the multipliers are LUTs, not DSP blocks.
    assert full.dsp == less.dsp > few.dsp == none.dsp == 0
    assert few.lut > less.lut


def test_bits_of_another_number_of_elements_are_refused() -> None:
    with pytest.raises(ConfigError, match="reads 8 elements, not bits for 3"):
        with_element_bits(dense(), [4, 4, 4])
