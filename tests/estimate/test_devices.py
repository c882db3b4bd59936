"""The device table."""

import pytest

from hlsexplore.errors import ConfigError
from hlsexplore.estimate import device, devices, family_of, misfits, utilisation
from hlsexplore.report import Figures


def test_every_device_is_found_by_its_own_name_and_has_a_family_and_a_source() -> None:
    for item in devices():
        assert device(item.part) == item
        assert family_of(item.part) == item.family
        assert item.source
        assert min(item.lut, item.ff) > 0
        assert min(item.dsp, item.bram18, item.uram) >= 0


@pytest.mark.parametrize(
    ("part", "counts"),
    [
        ("xc7z020clg400-1", (53_200, 106_400, 220, 280)),
        ("xcu250-figd2104-2L-e", (1_728_000, 3_456_000, 12_288, 5_376)),
        ("xcvu13p-flga2577-2-e", (1_728_000, 3_456_000, 12_288, 5_376)),
        ("xc7a200tfbg484-1", (134_600, 269_200, 740, 730)),
    ],
)
def test_resources_of_known_parts(part: str, counts: tuple[int, ...]) -> None:
    found = device(part)
    assert found is not None
    assert (found.lut, found.ff, found.dsp, found.bram18) == counts


def test_a_longer_number_is_another_part() -> None:
    assert device("xc7z0200") is None


def test_utilisation_is_a_share_in_percent_and_unknown_stays_unknown() -> None:
    shares = utilisation(Figures(lut=26_600, dsp=440), "xc7z020clg400-1")
    assert shares == {"lut": 50.0, "ff": None, "dsp": 200.0, "bram18": None, "uram": None}


def test_misfits_name_what_does_not_fit() -> None:
    assert misfits(Figures(lut=1, ff=1), "xc7z020clg400-1") == ()
    assert misfits(Figures(lut=60_000, dsp=221), "xc7z020clg400-1") == (
        "60,000 LUT do not fit xc7z020, which has 53,200.",
        "221 DSP do not fit xc7z020, which has 220.",
    )


def test_an_unknown_part_is_refused_with_parts_of_its_family() -> None:
    with pytest.raises(
        ConfigError, match=r"'xc7z999' is not in the device table\. Known parts of its family: xc7z007s"
    ):
        utilisation(Figures(lut=1), "xc7z999")
