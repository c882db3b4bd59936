"""Quantizers of HGQ2 (0.2): their options and bit widths, types of elements, and the values of quantised weights.

Bit widths are variables of the model, stored as real numbers and used rounded half to even. Layout and arithmetic were
measured on files and outputs of HGQ2 0.2.0 with Keras 3.15 (docs/importers.md, section HGQ2).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.element_types import MAX_BITS, ElementTypes
from hlsexplore.errors import ConfigError, ModelError, UnsupportedError
from hlsexplore.fixed import Overflow, RealArray, Rounding
from hlsexplore.graph import Shape
from hlsexplore.importers.layer import ImportedLayer
from hlsexplore.importers.source import MAX_WEIGHT_ELEMENTS, checked_values
from hlsexplore.importers.structure import Json

VERSION = "0.2"
"""The version of HGQ2 whose files these are."""
TYPES = ("kbi", "kif")
"""Quantizers: widths as bits and integer bits, or as integer and fraction bits, the sign apart."""
_FIXED_FIELDS: Mapping[str, Json] = {
    "QuantizerConfig": {},
    "HardTanhConfig": {"overflow_mode": "SAT", "affine": None},
    "HardSigmoidConfig": {"overflow_mode": "SAT", "affine": [0.25, 0.5]},
}
"""Classes of configurations, and what they leave out; with `symmetric` the second one is SAT_SYM."""
_ROUNDINGS = {mode.value for mode in Rounding}
_OVERFLOWS = {"WRAP", "SAT", "SAT_SYM"}
MAX_WIDTH = 1 << 12
"""Widths beyond it are no widths."""
MAX_AFFINE_BITS = 12
"""Fraction bits of the numbers of an affine map that float32 multiplies exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizerSpec:
    """Options of a quantizer.

    Attributes:
        is_kif: Whether widths are integer and fraction bits; else bits and integer bits.
        rounding: Rounding mode; the stochastic ones mean the plain mode at inference.
        overflow: Overflow mode.
        scaler: Power of two by which values are divided before and multiplied after.
        affine: (factor, offset) applied to the result, or None.
        is_weight: Whether it is made for weights, which WRAP does not wrap.
    """

    is_kif: bool
    rounding: Rounding
    overflow: Overflow
    scaler: float
    affine: tuple[float, float] | None
    is_weight: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HgqQuantizer:
    """A quantizer with its bit widths.

    Attributes:
        spec: Its options.
        signed: Whether each element has a sign.
        integer: Integer bits without the sign.
        fraction: Fraction bits.
    """

    spec: QuantizerSpec
    signed: NDArray[np.bool_]
    integer: NDArray[np.int64]
    fraction: NDArray[np.int64]

    def types(self) -> ElementTypes:
        """Return the types of the elements of one sample, before the affine map.

        Raises:
            ConfigError: If a width is beyond what types of elements hold.
        """
        shift = int(np.log2(self.spec.scaler))
        shape = self.signed.shape[1:] or (1,)
        return ElementTypes(
            signed=self.signed.reshape(shape),
            integer=(self.integer + self.signed + shift).reshape(shape).astype(np.int16),
            fraction=(self.fraction - shift).reshape(shape).astype(np.int16),
            rounding=self.spec.rounding,
            overflow=self.spec.overflow,
        )

    def values(self, weights: RealArray) -> RealArray:
        """Return quantised weights, in float32 as HGQ2 computes them.

        Args:
            weights: Real weights; the widths broadcast to their shape.
        """
        scaler, x = np.float32(self.spec.scaler), weights.astype(np.float32)
        f = self.fraction.astype(np.float32)
        i = np.maximum(self.integer, -self.fraction).astype(np.float32)
        k = self.signed.astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            q = self._rounded(x / scaler, k, i, f) * scaler
        if self.spec.affine is not None:
            factor, offset = map(np.float32, self.spec.affine)
            q = q * factor + offset
        return q.astype(np.float64) + 0.0

    def weight_types(self, quantised: RealArray) -> ElementTypes | None:
        """Return the types of single weights, which saturate; None behind an affine map.

        Weights with WRAP may lie beyond their own type, which is wider then.

        Args:
            quantised: What `values` made of them.
        """
        if self.spec.affine is not None:
            return None
        shift = int(np.log2(self.spec.scaler))
        integer = np.broadcast_to(self.integer, quantised.shape) + shift
        fraction = np.clip(np.broadcast_to(self.fraction, quantised.shape) - shift, -MAX_BITS, MAX_BITS)
        signed: NDArray[np.bool_] = np.broadcast_to(self.signed, quantised.shape)
        high = np.ldexp(1.0, np.clip(integer, -MAX_BITS, MAX_BITS))
        is_beyond = (quantised >= high) | (quantised < np.where(signed, -high, 0.0))
        signed = signed | (quantised < 0)
        integer = np.clip(np.where(is_beyond, np.frexp(quantised)[1], integer) + signed, -MAX_BITS, MAX_BITS)
        wraps = self.spec.overflow is Overflow.WRAP
        return ElementTypes(
            signed=signed,
            integer=integer.astype(np.int16),
            fraction=fraction.astype(np.int16),
            rounding=self.spec.rounding,
            overflow=Overflow.SAT if wraps else self.spec.overflow,
        )

    def _rounded(self, x: NDArray[Any], k: NDArray[Any], i: NDArray[Any], f: NDArray[Any]) -> NDArray[Any]:
        wraps, two = self.spec.overflow is Overflow.WRAP, np.float32(2)
        high = two**i - two**-f
        low = -k * (high if self.spec.overflow is Overflow.SAT_SYM else two**i)
        if not wraps:
            x = np.clip(x, low, high)
        q = round_float32(x * two**f, self.spec.rounding) / two**f
        if wraps and self.spec.is_weight and (self.spec.is_kif or self.spec.rounding is Rounding.RND):
            return q  # HGQ2 neither wraps such weights nor makes those without bits 0
        if wraps:
            turn = two ** (i + k)
            q = np.mod(q - low, turn) + low
        is_some = self.signed + self.integer + self.fraction > 0
        return np.where(is_some, q, np.float32(0))


def round_float32(x: NDArray[Any], rounding: Rounding) -> NDArray[np.float32]:
    """Round to integers in float32, where adding a half may itself round: 0.49999997 + 0.5 is 1."""
    half = np.float32(0.5)
    y: NDArray[np.float32]
    match rounding:
        case Rounding.TRN:
            y = np.floor(x)
        case Rounding.TRN_ZERO:
            y = np.trunc(x)
        case Rounding.RND:
            y = np.floor(x + half)
        case Rounding.RND_CONV:
            y = np.rint(x)
        case Rounding.RND_MIN_INF:
            y = -np.floor(half - x)
        case Rounding.RND_INF:
            y = np.copysign(np.floor(np.abs(x) + half), x)
        case Rounding.RND_ZERO:
            y = np.copysign(-np.floor(half - np.abs(x)), x)
    return y


def check_quantizers(layer: ImportedLayer) -> None:
    """Check the options of all quantizers of a layer.

    Raises:
        UnsupportedError: If some are not supported; lists all of them.
    """
    problems: list[str] = []
    for key, conf in _configurations(layer.config):
        try:
            parse_spec(layer, key, conf)
        except UnsupportedError as error:
            problems += error.problems
    if problems:
        raise UnsupportedError(problems)


def _configurations(config: Json) -> Iterator[tuple[str, Any]]:
    """Iterate over the quantizer configurations of a layer's options, with their names."""
    for key, value in config.items():
        if key.endswith("_conf") and value is not None:
            yield key, value
        elif key.endswith("_confs") and value is not None:
            yield from ((key, item) for item in (value if isinstance(value, list) else [value]))


def parse_spec(layer: ImportedLayer, key: str, conf: Any) -> QuantizerSpec:
    """Read the options of a quantizer.

    Args:
        layer: The layer that has it.
        key: Name of the option, such as `iq_conf`.
        conf: Its configuration, `{"class_name": "QuantizerConfig", "config": {...}}`.

    Raises:
        UnsupportedError: If an option is not supported.
        ModelError: If it is no configuration.
    """
    cls = conf.get("class_name") if isinstance(conf, dict) else None
    body = conf.get("config") if isinstance(conf, dict) else None
    if not isinstance(cls, str) or not isinstance(body, dict):
        raise layer.damaged(key, "the configuration of a quantizer")
    where = f"the quantizer {key.removesuffix('_conf').removesuffix('_confs')!r}"
    if cls not in _FIXED_FIELDS:
        raise layer.refuse(f"{where} is a {cls[:40]!r}.", "Use a QuantizerConfig of the type 'kbi' or 'kif'.")
    options = {**body, **_FIXED_FIELDS[cls]}
    if body.get("symmetric") is True and cls == "HardTanhConfig":
        options["overflow_mode"] = "SAT_SYM"
    q_type = options.get("q_type")
    if q_type not in TYPES:
        way_out = "Use 'kbi' or 'kif', or no quantizer there." if q_type == "dummy" else "Use 'kbi' or 'kif'."
        raise layer.refuse(f"{where} is of the type {str(q_type)[:20]!r}, which is no fixed-point one.", way_out)
    rounding = str(options.get("round_mode")).upper().removeprefix("S_")
    if rounding not in _ROUNDINGS:
        known = ", ".join(sorted(_ROUNDINGS))
        raise layer.refuse(f"{where} has the rounding {rounding[:20]!r}.", f"Use one of {known}.")
    overflow = str(options.get("overflow_mode")).upper()
    if overflow not in _OVERFLOWS:
        raise layer.refuse(f"{where} has the overflow mode {overflow[:20]!r}.", "Use WRAP, SAT or SAT_SYM.")
    if options.get("bw_mapper") is not None:
        raise layer.refuse(f"{where} has a bw_mapper of its own.", "Use homogeneous_axis or heterogeneous_axis.")
    return QuantizerSpec(
        is_kif=q_type == "kif",
        rounding=Rounding(rounding),
        overflow=Overflow(overflow),
        scaler=_scaler(layer, where, options.get("scaler")),
        affine=_affine(layer, where, options.get("affine")),
        is_weight=options.get("is_weight") is True and options.get("trainable") is not False,
    )


def _scaler(layer: ImportedLayer, where: str, value: Any) -> float:
    value = 1.0 if value is None else value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 2.0**-64 <= value <= 2.0**64 or np.frexp(value)[0] != 0.5:
        raise layer.refuse(
            f"{where} has the scaler {str(value)[:40]}, which is no power of two.", "Set it to a power of two."
        )
    return float(value)


def _affine(layer: ImportedLayer, where: str, value: Any) -> tuple[float, float] | None:
    if value is None or value == [1, 0]:
        return None
    match value:
        case [int() | float() as factor, int() | float() as offset]:
            numbers = np.array([factor, offset], dtype=np.float64)
            scaled = np.clip(numbers, -256.0, 256.0) * 2.0**MAX_AFFINE_BITS
            if (scaled == np.rint(scaled)).all() and (np.abs(numbers) < 256).all():
                return float(factor), float(offset)
    raise layer.refuse(
        f"{where} has the affine map {str(value)[:40]}, whose numbers have more than {MAX_AFFINE_BITS} fraction bits.",
        "Round them, or leave affine out.",
    )


def read_quantizer(layer: ImportedLayer, key: str, component: str, conf: Any = None) -> HgqQuantizer:
    """Read a quantizer with its bit widths.

    Args:
        layer: The layer that has it.
        key: Name of its option.
        component: Path of it in the file, such as `iq`.
        conf: Its configuration; the layer's option when None.

    Raises:
        UnsupportedError: If an option is not supported.
        ModelError: If its variables are missing or others than HGQ2 0.2 writes.
    """
    spec = parse_spec(layer, key, layer.config.get(key) if conf is None else conf)
    names = ("integer", "fraction") if spec.is_kif else ("bits", "integer")
    arrays = _variables(layer, f"{component}/quantizer".lstrip("/"))
    flags = [index for index, array in enumerate(arrays) if array.dtype == np.uint8]
    wraps = spec.overflow is Overflow.WRAP
    if len(flags) != 1 or len(arrays) != (4 if wraps else 3):
        raise _foreign(layer, component, f"{len(arrays)} variables, {len(flags)} of them signs")
    real = [array for index, array in enumerate(arrays) if index not in flags][:2]
    first, second = (_whole(checked_values(array, component, layer.name)) for array in real)
    if wraps and spec.is_kif and flags != [0]:  # trainable variables come first, and WRAP finds the integer bits itself
        first, second = second, first
    widths = dict(zip(names, (first, second), strict=True))
    if first.shape != second.shape or arrays[flags[0]].shape != first.shape:
        raise _foreign(layer, component, f"variables of the shapes {[array.shape for array in arrays]}")
    if max(int(first.max(initial=0)), int(second.max(initial=0))) > MAX_WIDTH:
        raise _foreign(layer, component, "widths of thousands of bits")
    fraction = widths["fraction"] if spec.is_kif else widths["bits"] - widths["integer"]
    return HgqQuantizer(spec=spec, signed=arrays[flags[0]] != 0, integer=widths["integer"], fraction=fraction)


def _whole(widths: RealArray) -> NDArray[np.int64]:
    """Round widths half to even; HGQ2 until 0.1.5 writes -1e9 integer bits where nothing was ever seen, which is 0."""
    return np.clip(np.rint(widths), -2 * MAX_BITS, 2 * MAX_WIDTH).astype(np.int64)


def _foreign(layer: ImportedLayer, component: str, what: str) -> ModelError:
    return ModelError(
        f"layer {layer.name!r} ({layer.cls}): the quantizer {component!r} has {what}, which HGQ2 {VERSION} does not "
        "write. Train or save the model with HGQ2 0.2, or report the version that wrote it."
    )


def _variables(layer: ImportedLayer, component: str) -> list[NDArray[Any]]:
    path = "/".join(part for part in (layer.component, component) if part).lstrip("/")
    refs = (layer.weights.groups or {}).get(path, ())
    if any(int(np.prod(ref.shape, dtype=object)) > MAX_WEIGHT_ELEMENTS for ref in refs):
        raise _foreign(layer, component, "variables that are too large")
    return [ref.load() for ref in refs]


def read_types(
    layer: ImportedLayer, key: str, component: str, shape: Shape, conf: Any = None
) -> tuple[ElementTypes, HgqQuantizer]:
    """Read the quantizer of a tensor and the types of its elements.

    Args:
        layer: The layer.
        key: Name of the quantizer's option.
        component: Path of it in the file.
        shape: The tensor's shape without the batch axis.
        conf: Its configuration; the layer's option when None.

    Raises:
        UnsupportedError: If samples have types of their own, or an option is not supported.
        ModelError: If the widths do not fit the tensor.
    """
    quantizer = read_quantizer(layer, key, component, conf)
    if quantizer.signed.ndim != len(shape) + 1 or quantizer.signed.shape[0] != 1:
        if quantizer.signed.ndim == len(shape) + 1 and quantizer.signed.shape[0] > 1:
            raise layer.refuse(f"the quantizer {component!r} has types for each sample.", "Share axis 0.")
        raise _foreign(layer, component, f"widths of the shape {quantizer.signed.shape} for a tensor of shape {shape}")
    try:
        types = quantizer.types()
        types.broadcast_to(shape)
    except ConfigError as error:
        raise _foreign(layer, component, f"widths that do not fit ({error})") from None
    return types, quantizer
