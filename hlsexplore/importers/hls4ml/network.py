"""What an hls4ml project computes, as its C++ says it: calls, constants, types and arrays, nothing interpreted yet."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed
from hlsexplore.importers.hls4ml.back_ends import OTHERS

TWO_INPUTS = frozenset(
    {
        *("add", "subtract", "multiply", "average", "maximum", "minimum", "dot1d"),
        *("concatenate1d", "concatenate2d", "concatenate3d"),
    }
)
"""Functions that read two tensors."""
WITH_PARAMETER = frozenset({"leaky_relu", "thresholded_relu", "elu", "prelu"})
"""Functions whose parameter stands between input and output."""
ArrayReader = Callable[[str], NDArray[np.float64] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """A call of a layer.

    Attributes:
        function: Such as `dense` or `conv_2d_cl`.
        parameters: Template arguments; types by name.
        arguments: Variables: inputs, output, weights.
        layer: Name of the layer.
        config: Constants and types of its configuration struct and of the structs that this one names.
    """

    function: str
    parameters: tuple[str, ...]
    arguments: tuple[str, ...]
    layer: str
    config: Mapping[str, str]

    @property
    def input_type(self) -> str:
        """Name of the type of what it reads."""
        return self.parameters[0]

    @property
    def result_type(self) -> str:
        """Name of the type of what it writes; "" where the call names no such type."""
        return self.parameters[-2] if len(self.parameters) > 1 else ""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Variables that it writes."""
        if self.function == "clone_stream":
            return self.arguments[1:]
        if self.function in TWO_INPUTS:
            return self.arguments[2:3]
        return self.arguments[-1:] if self.function in WITH_PARAMETER else self.arguments[1:2]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """A project as it is written.

    Attributes:
        name: Name of the top function.
        calls: Layers in order.
        types: Names of types -> element types.
        inputs: Variable -> (name of its type, shape); () where nothing tells the shape.
        outputs: Variables that leave the top function, in order.
        aliases: Variable -> the variable whose elements it names again, with the shape where it is known.
        arrays: Reads the numbers of a weight array by its name.
        settings: `part`, `clock_period`, `clock_uncertainty`, `backend`, `io_type`, `top_pragma`.
        exponents: Names of types that hold a sign and a power of two -> bits of the exponent.
        notes: What the reader of the numbers has to say.
        variants: Functions of a branch of hls4ml, which compute the same and cost otherwise.
    """

    name: str
    calls: tuple[FunctionCall, ...]
    types: Mapping[str, Fixed]
    inputs: Mapping[str, tuple[str, tuple[int, ...]]]
    outputs: tuple[str, ...]
    arrays: ArrayReader
    aliases: Mapping[str, tuple[str, tuple[int, ...] | None]] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    exponents: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()

    @property
    def is_of_amd(self) -> bool:
        """Whether its C++ is that of Vivado and Vitis, whose tables are computed here."""
        return self.settings.get("backend", "").lower() not in OTHERS

    def type(self, name: str | None) -> Fixed | None:
        """Return a type by its name in the C++, or as versions before 1.0 write it in place: `ap_fixed<16,6>`."""
        return (self.types.get(name) or element_type(name)) if name else None


_ALIAS = re.compile(r"typedef\s+([^;]+?)\s+(\w+)\s*;")
_ARRAY = re.compile(r"nnet::array<\s*(.+?)\s*,\s*[\w* ]+>$")
_CONSTANT = re.compile(r"static\s+(?:const|constexpr)\s+[\w:]+(?:<[^<>;]*>)?\s+(\w+)\s*(?:\[\w*\])?\s*=\s*([^;]+);")
_OUTSIDE = re.compile(r"const\s+[\w:<>,* ]+?\s+(\w+)::(\w+)(?:\[\d*\])?\s*=\s*([^;]+);")
_TABLE = re.compile(r"(?:(?:static|const|constexpr)\s+)*unsigned\s+(\w+)\s*\[\w*\]\s*=\s*\{([^}]*)\}\s*;")
_STRUCT = re.compile(r"struct\s+(\w+)\s*(?::\s*nnet::\w+)?\s*\{(.*?)\n\s*\};", re.DOTALL)
_USING = re.compile(r"using\s+(\w+)\s*=\s*(nnet::[\w:]+)")
_INTEGER = re.compile(r"ap_(u?)int<\s*(\d+)\s*>$")
_AC_INTEGER = re.compile(r"ac_int<\s*(\d+)\s*(?:,\s*(true|false)\s*)?>$")
_AC = re.compile(r"ac_fixed<\s*(\d+)\s*,\s*(-?\d+)\s*,\s*(true|false)\s*(?:,\s*AC_(\w+)\s*)?(?:,\s*AC_(\w+)\s*)?>$")
_EXPONENT = re.compile(r"struct\s+\w+\s*\{[^}]*ap_int<\s*(\d+)\s*>\s*weight;\s*\}\s*(\w+)\s*;")
_DEFINE = re.compile(r"^\s*#define\s+(\w+)\s+([\d* ]+)\s*$", re.MULTILINE)


def parse_types(text: str) -> dict[str, Fixed]:
    """Read the typedefs of `defines.h`: names -> element types; types that are no fixed-point ones are left out."""
    found: dict[str, Fixed] = {}
    for body, name in _ALIAS.findall(text):
        type_ = element_type(body) or found.get(body)
        if type_ is not None:
            found[name] = type_
    return found


def element_type(text: str) -> Fixed | None:
    """Return the fixed-point type of an element, or None for another kind of type."""
    match = _ARRAY.match(text.strip())
    body = (match[1] if match else text).strip()
    integer = _INTEGER.match(body)
    if integer:
        return Fixed(int(integer[2]), int(integer[2]), not integer[1])
    whole = _AC_INTEGER.match(body)
    if whole:
        return Fixed(int(whole[1]), int(whole[1]), whole[2] != "false")
    ac = _AC.match(body)
    if ac:
        body = f"{'' if ac[3] == 'true' else 'u'}fixed<{ac[1]},{ac[2]},{ac[4] or 'TRN'},{ac[5] or 'WRAP'}>"
    try:
        return Fixed.parse(body)
    except ConfigError:
        return None


def parse_exponents(text: str) -> dict[str, int]:
    """Read the types of powers of two: name -> bits of the exponent."""
    return {name: int(width) for width, name in _EXPONENT.findall(text)}


def parse_defines(text: str) -> dict[str, int]:
    """Read the sizes that older versions define by name."""
    return {name: product(body, {}) or 0 for name, body in _DEFINE.findall(text)}


def product(text: str, names: Mapping[str, int]) -> int | None:
    """Evaluate a product of whole numbers and names, such as `8*8*N_FILT_2`; None for anything else.

    Examples:
        >>> product("3*N", {"N": 4})
        12
    """
    total = 1
    for factor in text.split("*"):
        item = factor.strip()
        value = int(item) if re.fullmatch(r"\d{1,12}", item) else names.get(item)
        if value is None:
            return None
        total *= value
    return total


def parse_configs(text: str, names: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """Read the structs of `parameters.h`: name -> constants and types; products of whole numbers are multiplied out.

    Args:
        text: The file.
        names: Sizes that are defined elsewhere.
    """
    configs: dict[str, dict[str, str]] = {}
    tables = dict(_TABLE.findall(text))
    for name, body in _STRUCT.findall(text):
        values: dict[str, str] = {}
        known = dict(names)
        for key, expression in _CONSTANT.findall(body):
            number = product(expression, known)
            values[key] = expression.strip() if number is None else str(number)
            if number is not None:
                known[key] = number
        values |= {alias: kind for kind, alias in _ALIAS.findall(body)}
        values |= {f"using {key}": kind for key, kind in _USING.findall(body)}
        configs[name] = values
    for name, key, value in _OUTSIDE.findall(text):
        target = value.strip()
        configs.setdefault(name, {})[key] = tables.get(target, target)
    return configs


def joined_config(name: str, configs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return a layer's configuration together with that of its matrix product; its own values come first.

    A recurrent layer has one for each product, one of two directions one for each: they keep their prefix
    (`mult_config1.reuse_factor`, `FORWARD_CONFIG.n_state`).
    """
    same = (struct for struct in configs if struct.lower() == name.lower())  # calls of `Softmax_config4` spell it so
    config = dict(configs.get(name) or configs.get(next(same, ""), {}))
    inner = configs.get(config.get("mult_config", ""), {})
    config = {**inner, **config}
    for key in ("mult_config1", "mult_config2"):
        config |= {f"{key}.{item}": value for item, value in configs.get(config.get(key, ""), {}).items()}
    for key in [key for key in config if key.startswith("ACT_CONFIG_")]:
        config |= {f"{key}.{item}": value for item, value in configs.get(config[key], {}).items()}
    for key in ("FORWARD_CONFIG", "BACKWARD_CONFIG"):
        if key in config and config[key] != name:
            config |= {f"{key}.{item}": value for item, value in joined_config(config[key], configs).items()}
    return config
