"""Plans of casts where each element has a type of its own (docs/ir.md, section Element types)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.element_types import ElementTypes, quantize_elements, requantize_elements
from hlsexplore.emulate.carrier import (
    FLOAT32_EXACT,
    FLOAT64_EXACT,
    INT64_SAFE,
    Carrier,
    Span,
    as_carrier,
    cast,
    cast_span,
    convert,
    quantize_carrier,
    repays_kernel,
    round_scaled,
    shifted,
)
from hlsexplore.emulate.step import PlanContext, Probe, Step
from hlsexplore.encoding import Encoding
from hlsexplore.fixed import Fixed, Overflow, RealArray, Rounding
from hlsexplore.graph import Shape
from hlsexplore.layer_config import own_types
from hlsexplore.ops import Quantize

MAX_SHIFT = 60
"""Fraction bits that one pass of floats drops or gains at most: its factors are then normal numbers in float32 too."""
KERNEL_ROUNDINGS = (Rounding.TRN, Rounding.RND, Rounding.RND_CONV)
"""Roundings of the compiled cast."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InputCast:
    """How real data becomes an input tensor: elements to types of their own, then all to one.

    Attributes:
        type: Type of the tensor.
        types: Types of single elements, or None.
        encoding: How real data becomes what the hardware reads, or None.
        span: Span of the tensor.
    """

    type: Fixed
    types: ElementTypes | None
    encoding: Encoding | None
    span: Span

    @classmethod
    def of(
        cls, type_: Fixed, types: ElementTypes | None, shape: Shape, encoding: Encoding | None = None
    ) -> "InputCast":
        """Plan the cast of an input of a shape."""
        if types is None:
            return cls(type=type_, types=None, encoding=encoding, span=Span.of(type_))
        span = cast_span(elements_span(types, shape), type_)
        return cls(type=type_, types=types, encoding=encoding, span=span)

    def cast(self, x: RealArray) -> Carrier:
        """Cast a block of data."""
        return self.pack(x if self.encoding is None else self.encoding.encode(x))

    def pack(self, x: RealArray) -> Carrier:
        """Cast a block of values that are encoded already."""
        if self.types is None:
            return quantize_carrier(x, self.type)
        raw = as_carrier(quantize_elements(x, self.types), Span.of(self.types.hull()).magnitude)
        return cast(raw, Span.of(self.types.hull()), self.type, owned=True)[0]


def elements_span(types: ElementTypes, shape: Shape) -> Span:
    """Return the span of all values of all elements, in raw integers of the hull."""
    low, high, _ = types.limits(shape)
    return Span(types.hull().fraction, int(low.min()), int(high.max()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ElementCast:
    """A planned cast of integers of one span to types of their elements.

    Attributes:
        types: The types.
        source: Span of the integers.
        span: Span of the results, raw integers of the hull.
        dtype: Floats that hold every step, or None.
        is_outside: Whether a value may be out of range after rounding.
        scale: Factor before rounding, for each element.
        low: Lowest raw integer of each element's type.
        high: Highest one.
        turn: Distance by which each element wraps.
        lift: Factor from an element's raw integers to the hull's.
    """

    types: ElementTypes
    source: Span
    span: Span
    dtype: np.dtype[Any] | None
    is_outside: bool
    scale: NDArray[Any]
    low: NDArray[Any]
    high: NDArray[Any]
    turn: NDArray[Any]
    lift: NDArray[Any]

    def apply(self, values: Carrier, is_raised: bool = False) -> Carrier:
        """Cast a block.

        Args:
            values: Integers of the source span, shape (samples, *shape).
            is_raised: Whether values below 0 count as 0.
        """
        if self.dtype is None:
            raw = convert(values, np.dtype(np.int64) if self.source.magnitude < INT64_SAFE else np.dtype(object))
            raw = np.maximum(raw, 0) if is_raised else raw
            return as_carrier(requantize_elements(raw, self.source.fraction, self.types), self.span.magnitude)
        has_kernel = self.types.rounding in KERNEL_ROUNDINGS and self.types.overflow is not Overflow.SAT_ZERO
        if has_kernel and repays_kernel(values):
            return self._pass(values, is_raised)
        values = values.astype(self.dtype)
        if is_raised:
            np.maximum(values, self.dtype.type(0), out=values)
        values *= self.scale
        values = round_scaled(values, self.types.rounding)
        values = self._hold(values) if self.is_outside else values
        values *= self.lift
        return values

    def _hold(self, values: Carrier) -> Carrier:
        """Bring rounded values into the range of their elements."""
        match self.types.overflow:
            case Overflow.WRAP:
                turns = np.floor((values - self.low) / self.turn)
                values -= turns * self.turn
                return values
            case Overflow.SAT_ZERO:
                return np.where((values < self.low) | (values > self.high), values.dtype.type(0), values)
            case _:
                clipped: Carrier = np.clip(values, self.low, self.high)
                return clipped

    def _pass(self, values: Carrier, is_raised: bool) -> Carrier:
        """Do all of it in one compiled pass, on the elements in the order of memory."""
        from hlsexplore.emulate import cast_kernels

        count = len(values)
        is_last = not values.flags.c_contiguous and np.moveaxis(values, 0, -1).flags.c_contiguous
        values = values if values.dtype.kind == "f" else values.astype(self.dtype)
        ordered = np.moveaxis(values, 0, -1) if is_last else np.ascontiguousarray(values)
        out = np.empty(ordered.shape, self.dtype)
        flat = (count, -1) if not is_last else (-1, count)
        wraps = self.is_outside and self.types.overflow is Overflow.WRAP
        kind = out.dtype.type
        add = kind(0.5) if self.types.rounding is Rounding.RND else kind(0)
        first = kind(0) if is_raised else kind(-np.inf)
        terms = (self.scale, self.low, 1 / self.turn, self.turn, self.high, self.lift)
        arrays = tuple(np.ascontiguousarray(term.ravel(), self.dtype) for term in terms)
        is_rint = self.types.rounding is Rounding.RND_CONV
        kernel = cast_kernels.requantize_rows if is_last else cast_kernels.requantize_columns
        kernel(ordered.reshape(flat), out.reshape(flat), is_rint, wraps, (add, first), arrays)
        return np.moveaxis(out, -1, 0) if is_last else out


@lru_cache(maxsize=256)
def plan_elements(types: ElementTypes, shape: Shape, source: Span) -> ElementCast:
    """Plan a cast.

    Args:
        types: Types of the elements.
        shape: Shape of the tensor without the batch axis.
        source: Span of the integers that are cast.
    """
    fraction = types.hull().fraction
    arrays = {name: np.zeros(shape) for name in ("scale", "low", "high")}
    arrays |= {name: np.ones(shape) for name in ("turn", "lift")}
    needs, spans = [source.magnitude], []
    is_outside, is_near = False, True
    for type_, mask in types.groups(shape):
        bits, lift = source.fraction - type_.fraction, fraction - type_.fraction
        is_near &= abs(bits) <= MAX_SHIFT and lift <= MAX_SHIFT
        ends = [shifted(end, bits, type_.rounding) for end in (source.low, source.high)]
        reached = max(abs(end) for end in ends)
        is_out = ends[0] < type_.min_raw or ends[1] > type_.max_raw
        is_outside |= is_out
        result = cast_span(source, type_)
        spans.append(Span(fraction, result.low << lift, result.high << lift))
        half = 1 << max(bits - 1, 0)
        needs += [source.magnitude + half, 2 * reached + 1, spans[-1].magnitude]
        needs.append(reached + (1 << type_.width) if is_out else 0)
        if is_near:
            arrays["scale"][mask], arrays["lift"][mask] = 2.0**-bits, 2.0**lift
        if max(needs) < FLOAT64_EXACT:
            arrays["low"][mask], arrays["high"][mask] = type_.min_raw, type_.max_raw
            arrays["turn"][mask] = 2.0**type_.width
    if not spans or any(not mask for mask in (types.broadcast_to(shape).width > 0).ravel()):
        spans.append(Span(fraction, 0, 0))
    span = Span(fraction, min(item.low for item in spans), max(item.high for item in spans))
    dtype = None
    if is_near and max(needs) < FLOAT64_EXACT:
        dtype = np.dtype(np.float32 if max(needs) < FLOAT32_EXACT else np.float64)
    kept = {name: values.astype(np.float64 if dtype is None else dtype) for name, values in arrays.items()}
    return ElementCast(types=types, source=source, span=span, dtype=dtype, is_outside=is_outside, **kept)


def build_quantize(context: PlanContext, op: Quantize) -> Step:
    """Plan a cast of each element to its own type, then of all to the result type."""
    type_, source = context.config.types["result"], context.spans[0]
    types = own_types(context.node, context.config)
    if types is None:
        types = ElementTypes.uniform(type_)
    planned = plan_elements(types, context.node.shape, source)

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        values = planned.apply(inputs[0])
        if probe is not None:
            show_elements(types, inputs[0], source, values, probe)
        return cast(values, planned.span, type_, owned=True)[0]

    return Step(run=run, span=cast_span(planned.span, type_), type=type_)


def show_elements(types: ElementTypes, before: Carrier, source: Span, after: Carrier, probe: Probe) -> None:
    """Show a cast of elements to a probe: those without bits first, as a cast to the hull, then type by type."""
    hull, shape = types.hull(), before.shape[1:]
    some = types.broadcast_to(shape).width > 0
    probe("result", before[:, ~some], source, after[:, ~some], hull)
    for type_, mask in types.groups(shape):
        lift = hull.fraction - type_.fraction
        raw = convert(after[:, mask], np.dtype(np.int64 if hull.fits_int64 else object)) >> lift
        probe("result", before[:, mask], source, as_carrier(raw, Span.of(type_).magnitude), type_)
