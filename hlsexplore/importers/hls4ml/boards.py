"""Boards that hls4ml knows, and whose devices its back ends build for (hls4ml 1.3, `supported_boards.json`)."""

import re
from enum import StrEnum
from types import MappingProxyType

BOARDS = MappingProxyType(
    {
        "pynq-z2": "xc7z020clg400-1",
        "zcu102": "xczu9eg-ffvb1156-2-e",
        "alveo-u50": "xcu50-fsvh2104-2-e",
        "alveo-u200": "xcu200-fsgd2104-2-e",
        "alveo-u250": "xcu250-figd2104-2L-e",
        "alveo-u280": "xcu280-fsvh2892-2L-e",
    }
)
"""Board of the back end VivadoAccelerator -> its device."""


class Maker(StrEnum):
    """Who makes a device."""

    XILINX = "AMD"
    INTEL = "Altera"
    MICROCHIP = "Microchip"


_PARTS = MappingProxyType(
    {
        Maker.XILINX: re.compile(r"x[acq]\w", re.IGNORECASE),
        Maker.INTEL: re.compile(
            r"agilex|arria|stratix|cyclone|max_?10|1[0s]|5[acs]|ep\d|ag[fimr]|a[35]e", re.IGNORECASE
        ),
        Maker.MICROCHIP: re.compile(r"mpfs?\d|rtpf|m2[sg]", re.IGNORECASE),
    }
)


def maker_of(part: str) -> Maker | None:
    """Return who makes a device; None if its name does not tell.

    Examples:
        >>> maker_of("xc7z020clg400-1"), maker_of("Agilex7"), maker_of("MPF300")
        (<Maker.XILINX: 'AMD'>, <Maker.INTEL: 'Altera'>, <Maker.MICROCHIP: 'Microchip'>)
    """
    return next((maker for maker, pattern in _PARTS.items() if pattern.match(part)), None)
