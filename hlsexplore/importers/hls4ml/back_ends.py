"""Back ends of hls4ml 1.3: their boards (`supported_boards.json`), whose devices they build for, what they compute."""

import re
from enum import StrEnum
from types import MappingProxyType

from hlsexplore.ops import Activation, Function, LayerNorm, Merge, MergeFunction, Op, Pool, Recurrent, Softmax

OTHERS = frozenset({"quartus", "oneapi", "catapult"})
"""Back ends, in small letters, whose functions are not those of Vivado and Vitis."""

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


def computes_otherwise(op: Op, backend: str) -> bool:
    """Whether a back end of `OTHERS` computes a layer otherwise than Vivado's and Vitis', whatever its types are.

    Their tables have other entries and indices, sums of average poolings have a type of their own, and Catapult's
    averages of two tensors, too. All other layers were compiled and compared, for Quartus and Catapult: equal.
    """
    exact = (Function.LINEAR, Function.RELU, Function.LEAKY_RELU, Function.THRESHOLDED_RELU, Function.BINARY_TANH)
    match op:
        case Activation(function=function):
            return function not in exact
        case Pool(average=average):
            return average
        case Merge(function=MergeFunction.AVERAGE):
            return backend.lower() == "catapult"
    return isinstance(op, Softmax | Recurrent | LayerNorm)
