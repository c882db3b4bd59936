"""QKeras quantizers as data: parsed from configurations or texts, with QKeras' own defaults; nothing is evaluated."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from hlsexplore.errors import UnsupportedError, unknown_name
from hlsexplore.fixed import RealArray
from hlsexplore.importers.structure import class_of

MAX_BITS = 64
MAX_INTEGER = 128

_BITS: dict[str, Any] = {
    "bits": 8,
    "integer": 0,
    "symmetric": 0,
    "keep_negative": True,
    "alpha": None,
    "use_stochastic_rounding": False,
    "scale_axis": None,
    "qnoise_factor": 1.0,
    "var_name": None,
    "use_ste": True,
    "use_variables": False,
    "elements_per_scale": None,
    "min_po2_exponent": None,
    "max_po2_exponent": None,
    "post_training_scale": None,
}
_PO2: dict[str, Any] = {
    "bits": 8,
    "max_value": None,
    "use_stochastic_rounding": False,
    "quadratic_approximation": False,
    "log2_rounding": "rnd",
    "qnoise_factor": 1.0,
    "var_name": None,
    "use_ste": True,
    "use_variables": False,
}
SIGNATURES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "quantized_bits": _BITS,
        "quantized_linear": {
            "bits": 8,
            "integer": 0,
            "symmetric": 1,
            "keep_negative": True,
            "alpha": None,
            "use_stochastic_rounding": False,
            "scale_axis": None,
            "qnoise_factor": 1.0,
            "var_name": None,
            "use_variables": False,
        },
        "quantized_relu": {
            "bits": 8,
            "integer": 0,
            "use_sigmoid": 0,
            "negative_slope": 0.0,
            "use_stochastic_rounding": False,
            "relu_upper_bound": None,
            "is_quantized_clip": True,
            "qnoise_factor": 1.0,
            "var_name": None,
            "use_ste": True,
            "use_variables": False,
        },
        "quantized_tanh": {"bits": 8, "use_stochastic_rounding": False, "symmetric": False, "use_real_tanh": False},
        "quantized_sigmoid": {
            "bits": 8,
            "symmetric": False,
            "use_real_sigmoid": False,
            "use_stochastic_rounding": False,
        },
        "binary": {
            "use_01": False,
            "alpha": None,
            "training": False,
            "use_stochastic_rounding": False,
            "scale_axis": None,
            "elements_per_scale": None,
            "min_po2_exponent": None,
            "max_po2_exponent": None,
        },
        "stochastic_binary": {"alpha": None, "temperature": 6.0, "use_real_sigmoid": True},
        "ternary": {"alpha": None, "threshold": None, "use_stochastic_rounding": False, "number_of_unrolls": 5},
        "stochastic_ternary": {
            "alpha": None,
            "threshold": None,
            "temperature": 8.0,
            "use_real_sigmoid": True,
            "number_of_unrolls": 5,
        },
        "quantized_po2": _PO2,
        "quantized_relu_po2": {"bits": 8, "max_value": None, "negative_slope": 0, **_PO2},
        "quantized_ulaw": {"bits": 8, "integer": 0, "symmetric": 0, "u": 255.0},
        "quantized_hswish": {**_BITS, "relu_shift": 3, "relu_upper_bound": 6},
        "bernoulli": {"alpha": None, "temperature": 6.0, "use_real_sigmoid": True},
    }
)
"""Parameters of every QKeras quantizer in positional order with their defaults (qkeras 0.9 and qkeras-v3 1.2)."""

_AUTO_CLASSES = frozenset(
    {"quantized_bits", "quantized_linear", "binary", "ternary", "stochastic_binary", "stochastic_ternary"}
)
"""Quantizers that a layer switches to alpha='auto_po2' when they quantise its kernel and have no alpha."""
_FLAGS = frozenset(
    {"symmetric", "is_quantized_clip", "keep_negative", "use_sigmoid", "use_01", "use_real_tanh", "use_real_sigmoid"}
)
_MAX_NUMBER = 1e30
_TEXT = re.compile(r"\s*([A-Za-z_]\w{0,63})\s*(?:\((.*)\))?\s*", re.DOTALL)
_ARGUMENT = re.compile(r"\s*(?:([A-Za-z_]\w{0,63})\s*=)?\s*('[^']*'|\"[^\"]*\"|\[[^\]]*\]|[^,\[\]'\"]+?)\s*(?:,|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class QKerasQuantizer:
    """A QKeras quantizer.

    Attributes:
        name: Its class, such as `quantized_bits`.
        options: All its parameters.
    """

    name: str
    options: Mapping[str, Any]

    def __str__(self) -> str:
        """Print it the short way, with the options that differ from the defaults."""
        defaults = SIGNATURES[self.name]
        shown = [f"{key}={value!r}" for key, value in self.options.items() if _differs(value, defaults[key])]
        return f"{self.name}({', '.join(shown)})"

    @property
    def bits(self) -> int:
        """All bits."""
        return int(self.options["bits"])

    @property
    def integer(self) -> int:
        """Integer bits, without the sign."""
        return int(self.options["integer"])

    @property
    def is_signed(self) -> bool:
        """Whether negative values are kept."""
        return bool(self.options.get("keep_negative", True))

    @property
    def bound(self) -> float | None:
        """Where `quantized_relu` stops; None if that is the end of its type.

        It counts only with is_quantized_clip=False, which QKeras leaves out when it saves a quantizer.
        """
        value = None if self.options.get("is_quantized_clip", True) else self.options.get("relu_upper_bound")
        return float(value) if value else None

    @property
    def alpha(self) -> str | RealArray | None:
        """The scale: None, `auto`, `auto_po2`, or numbers."""
        alpha = self.options.get("alpha")
        return alpha if alpha is None or isinstance(alpha, str) else np.asarray(alpha, dtype=np.float64)


def parse_quantizer(spec: Any, where: str, is_kernel: bool = False) -> QKerasQuantizer | None:
    """Read a quantizer.

    Args:
        spec: What the configuration holds: None, a text such as `quantized_bits(6,0,alpha=1)`, or a serialised object.
        where: Layer and option, for messages, such as `layer 'fc1', kernel_quantizer`.
        is_kernel: Whether it quantises a kernel; QKeras then sets alpha to `auto_po2` when it is not given.

    Returns:
        The quantizer; None if there is none.

    Raises:
        UnsupportedError: If it is unknown, or has an option without an equivalent in fixed hardware.
    """
    if spec is None:
        return None
    name, given = _read_text(spec, where) if isinstance(spec, str) else _read_object(spec, where)
    if name not in SIGNATURES:
        raise UnsupportedError([f"{where}: {unknown_name('quantizer', name, SIGNATURES, 'QKeras')}"])
    options = dict(SIGNATURES[name])
    for key, value in given.items():
        if key in options:
            options[key] = _plain(value, f"{where}, {key}")
        elif value is not None:
            raise UnsupportedError([f"{where}: {unknown_name('option', key, options, name)}"])
    if is_kernel and name in _AUTO_CLASSES and options["alpha"] is None:
        options["alpha"] = "auto_po2"
        if "symmetric" in options:
            options["symmetric"] = True
    if name == "quantized_bits" and isinstance(options["alpha"], str):
        options["symmetric"] = True
    _check(name, options, where)
    return QKerasQuantizer(name=name, options=MappingProxyType(options))


def looks_like_quantizer(spec: Any) -> bool:
    """Whether an `activation` option names a QKeras quantizer rather than a plain function."""
    if isinstance(spec, str):
        match = _TEXT.fullmatch(spec)
        return bool(match) and (match[1] in SIGNATURES or match[2] is not None) if match else False
    return isinstance(spec, dict) and str(spec.get("class_name", "")).rpartition(">")[2] in SIGNATURES


def _read_text(text: str, where: str) -> tuple[str, dict[str, Any]]:
    """Read `name(1, 2, key=value)` the way QKeras' safe_eval does."""
    match = _TEXT.fullmatch(text) if len(text) < 2000 else None
    if not match:
        raise UnsupportedError(
            [f"{where}: {text[:80]!r} is no quantizer, expected text such as 'quantized_bits(6,0,alpha=1)'."]
        )
    name, inside = match[1], match[2] or ""
    if name not in SIGNATURES:
        return name, {}
    names = list(SIGNATURES[name])
    given: dict[str, Any] = {}
    position = 0
    while position < len(inside) and inside[position:].strip():
        item = _ARGUMENT.match(inside, position)
        key = item[1] or (names[len(given)] if len(given) < len(names) else None) if item else None
        if item is None or key is None:
            raise UnsupportedError([f"{where}: the arguments of {text[:80]!r} cannot be read."])
        given[key] = _literal(item[2])
        position = item.end()
    return name, given


def _literal(text: str) -> Any:
    """Read a number, True, False, None, a quoted text or a list of numbers."""
    if text in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[text]
    if text[0] in "'\"":
        return text[1:-1]
    if text[0] == "[":
        return [_literal(item) for item in re.split(r"[\s,]+", text[1:-1].strip()) if item]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _read_object(spec: Any, where: str) -> tuple[str, dict[str, Any]]:
    if not isinstance(spec, dict):
        raise UnsupportedError([f"{where}: {str(spec)[:80]!r} is no quantizer."])
    cls, package, _ = class_of(spec, where)
    if package not in ("", "qkeras"):
        raise UnsupportedError([f"{where}: {cls!r} is a class of your own; use one of QKeras' quantizers."])
    config = spec.get("config")
    if not isinstance(config, dict):
        raise UnsupportedError([f"{where}: {cls!r} is a Python function; use one of QKeras' quantizers."])
    return cls, config


def _plain(value: Any, where: str) -> Any:
    """Turn serialised numpy values into numbers and lists."""
    if (
        isinstance(value, dict)
        and value.get("class_name") in ("__numpy__", "__tensor__")
        and isinstance(value.get("config"), dict)
    ):
        value = value["config"].get("value")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise UnsupportedError([f"{where}: {str(value)[:80]!r} is no number."]) from None
    return array.item() if array.size == 1 and array.ndim == 0 else array.tolist()


def _check(name: str, options: dict[str, Any], where: str) -> None:
    """Refuse what has no equivalent in fixed hardware.

    Raises:
        UnsupportedError: With the option and a way out.
    """
    _check_kinds(name, options, where)
    if options.get("qnoise_factor", 1.0) != 1.0:
        raise UnsupportedError(
            [f"{where}: {name} has qnoise_factor={options['qnoise_factor']!s}; set it to 1 before saving."]
        )
    for key in ("scale_axis", "elements_per_scale", "min_po2_exponent", "max_po2_exponent"):
        if options.get(key) is not None:
            raise _wrong(name, key, options, where, "None: this option is not supported")
    alpha = options.get("alpha")
    if isinstance(alpha, str) and alpha not in ("auto", "auto_po2"):
        raise _wrong(name, "alpha", options, where, "'auto', 'auto_po2' or a number")
    for key in ("alpha", "post_training_scale"):
        value = options.get(key)
        is_mode = value is None or (key == "alpha" and isinstance(value, str))
        if not is_mode and (isinstance(value, str) or not _are_factors(value)):
            raise _wrong(name, key, options, where, "numbers other than 0")


def _check_kinds(name: str, options: dict[str, Any], where: str) -> None:
    """Check that integers, numbers and flags are such, and bring integers into one form."""
    bounds = {"bits": (1, MAX_BITS), "integer": (-MAX_INTEGER, MAX_INTEGER), "number_of_unrolls": (1, 100)}
    for key, (low, high) in bounds.items():
        if key in options:
            value = options[key]
            value = int(value) if isinstance(value, float) and value.is_integer() else value
            if type(value) is not int or not low <= value <= high:
                raise _wrong(name, key, options, where, f"an integer of {low} to {high}")
            options[key] = value
    for key in ("negative_slope", "threshold", "max_value", "relu_upper_bound", "qnoise_factor"):
        value = options.get(key)
        if value is not None and (isinstance(value, str | list) or not 0 <= value <= _MAX_NUMBER):
            raise _wrong(name, key, options, where, f"a number of 0 to {_MAX_NUMBER:g}")
    slope = options.get("negative_slope")
    if slope and not float(np.log2(float(slope))).is_integer():
        raise _wrong(name, "negative_slope", options, where, "a power of two")
    if name == "quantized_sigmoid":  # symmetric counts steps from 0 there, see `_steps` of activations
        options["symmetric"] = _steps_of(options, where)
    for key in _FLAGS & options.keys() - ({"symmetric"} if name == "quantized_sigmoid" else set()):
        if isinstance(options[key], str | list) or options[key] not in (0, 1):
            raise _wrong(name, key, options, where, "true or false")


def _steps_of(options: Mapping[str, Any], where: str) -> int:
    """Return `symmetric` of quantized_sigmoid, the steps by which its least value lies above 0."""
    value = options["symmetric"]
    if isinstance(value, bool | int) and 0 <= value < 2 ** options["bits"]:
        return int(value)
    raise _wrong("quantized_sigmoid", "symmetric", options, where, "a whole number of steps")


def _are_factors(value: Any) -> bool:
    values = np.asarray(value, dtype=np.float64)
    return bool(
        values.size and np.isfinite(values).all() and (values != 0).all() and (np.abs(values) < _MAX_NUMBER).all()
    )


def _wrong(name: str, key: str, options: Mapping[str, Any], where: str, expected: str) -> UnsupportedError:
    return UnsupportedError([f"{where}: {name} has {key}={str(options[key])[:40]!r}, expected {expected}."])


def _differs(value: Any, default: Any) -> bool:
    return not (value is default or (type(value) in (bool, int, float, str) and value == default))
