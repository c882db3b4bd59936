"""Pieces of C++ text that the generator puts together: types, constants, one record for each layer."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed, Overflow, RawArray, Rounding

_VALUES_A_LINE = 20
_INT64_MIN = -(1 << 63)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rom:
    """A constant array of raw integers.

    Attributes:
        name: Its name in the layer's namespace.
        type: C++ type of its elements.
        size: Number of elements.
        lines: The initialiser, in lines.
    """

    name: str
    type: str
    size: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCode:
    """What one layer adds to the project.

    Attributes:
        header: File of the library that holds its function, such as `dense.h`.
        function: The function to call, without the configuration, such as `nnet::dense`.
        config_headers: Headers of the library that define what the configuration names beyond `types.h`.
        summary: A few words about shapes, for a comment.
        template: Template arguments before the configuration.
        members: Lines of the configuration struct.
        roms: Constant arrays, in the order of the function's last arguments.
        ii_cycles: Cycles between two samples that it asks for, or None when only the tool knows.
    """

    header: str
    function: str
    summary: str
    template: tuple[str, ...] = ()
    config_headers: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    roms: tuple[Rom, ...] = ()
    ii_cycles: int | None = 1


def cpp_type(type_: Fixed) -> str:
    """Return the C++ name of a fixed-point type.

    Examples:
        >>> cpp_type(Fixed.parse("ufixed<6,0,RND_CONV,SAT>"))
        'ap_ufixed<6, 0, AP_RND_CONV, AP_SAT>'
    """
    name = "ap_fixed" if type_.signed else "ap_ufixed"
    modes = "" if _has_default_modes(type_) else f", AP_{type_.rounding.value}, AP_{type_.overflow.value}"
    return f"{name}<{type_.width}, {type_.integer}{modes}>"


def rom_type(type_: Fixed) -> str:
    """Return the C++ type that stores the raw integers of a fixed-point type."""
    return f"nnet::rom<{type_.width}, {str(type_.signed).lower()}>::type"


def constant(name: str, value: int | bool | str, type_: str = "unsigned") -> str:
    """Return a member with a compile-time value.

    Examples:
        >>> constant("num_in", 16)
        'static constexpr unsigned num_in = 16;'
    """
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"static constexpr {'bool' if isinstance(value, bool) else type_} {name} = {text};"


def raw_constant(name: str, value: int) -> str:
    """Return a member with a raw integer."""
    return f"static constexpr long long {name} = {literal(value)};"


def typedef(name: str, text: str) -> str:
    """Return a member type.

    Examples:
        >>> typedef("accum_t", "ap_fixed<16, 6>")
        'typedef ap_fixed<16, 6> accum_t;'
    """
    return f"typedef {text} {name};"


def literal(value: int) -> str:
    """Write an integer of up to 64 bits; the smallest has no literal of its own.

    Examples:
        >>> literal(-9223372036854775808)
        '(-9223372036854775807LL - 1)'
    """
    return f"({_INT64_MIN + 1}LL - 1)" if value == _INT64_MIN else str(value)


def rom(layer: str, name: str, values: RawArray | NDArray[np.int64], type_: Fixed) -> Rom:
    """Make a constant array.

    Args:
        layer: Name of the layer, for messages.
        name: Name of the array.
        values: Raw integers, any shape; stored in row-major order.
        type_: Type that they are raw integers of.

    Raises:
        ConfigError: If the type is wider than a constant array can be.
    """
    if not type_.fits_int64:
        raise ConfigError(
            f"layer {layer!r}, {name}: {type_} is too wide for the constants of a C++ project. Give it at most 63 bits."
        )
    flat = values.ravel().tolist()
    return Rom(name=name, type=rom_type(type_), size=len(flat), lines=tuple(_lines(flat)))


def _lines(values: list[int]) -> Iterator[str]:
    for start in range(0, len(values), _VALUES_A_LINE):
        yield ", ".join(map(literal, values[start : start + _VALUES_A_LINE]))


def _has_default_modes(type_: Fixed) -> bool:
    return type_.rounding is Rounding.TRN and type_.overflow is Overflow.WRAP
