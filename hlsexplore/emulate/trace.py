"""What happens to every tensor of a design on data: overflow, saturation, underflow, rounding loss and distribution."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event as CancelEvent
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.design import Design, check_design
from hlsexplore.emulate.carrier import Carrier, Span, cast, shifted, to_float
from hlsexplore.emulate.elements import InputCast
from hlsexplore.emulate.inner import Events
from hlsexplore.emulate.plan import NodeProbe, Plan, plan_design
from hlsexplore.emulate.run import blocks, check_cancelled
from hlsexplore.emulate.step import Probe
from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore.fixed import Fixed, Overflow, RealArray, quantize, to_real
from hlsexplore.ops import weights
from hlsexplore.reference.samples import Inputs, check_inputs
from hlsexplore.support.values import squarable
from hlsexplore.weights import pruned_op

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""Quantiles of abs(value) in a `TensorTrace`."""

BINS_PER_OCTAVE = 16
"""Resolution of the quantiles: a sixteenth of a factor of two."""
_MIN_OCTAVE, _MAX_OCTAVE = -128, 128


@dataclass(frozen=True, slots=True, kw_only=True)
class CastCounts:
    """What casts of one kind did to the values that went through them.

    Attributes:
        layer: Name of the layer.
        key: What was cast.
        type: The type that values were cast to.
        num_values: Values that were cast.
        num_wrapped: Values out of range that wrapped around.
        num_saturated: Values out of range that were clipped, or zeroed by SAT_ZERO.
        num_underflowed: Values other than 0 that became 0.
        num_rounded: Values in range that lost fraction bits.
    """

    layer: str
    key: str
    type: Fixed
    num_values: int
    num_wrapped: int
    num_saturated: int
    num_underflowed: int
    num_rounded: int

    @property
    def num_overflowed(self) -> int:
        """Values out of range, wrapped or saturated."""
        return self.num_wrapped + self.num_saturated


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorTrace(CastCounts):
    """Counts of one tensor's casts, and how far they moved the values. A value that wrapped around is garbage.

    Attributes:
        key: Tensor key (`result`, `accum`, `weight`, ...); `index` is the index into a table.
        low: Smallest value before the cast.
        high: Largest value before the cast.
        max_error: Largest abs(after - before).
        rms_error: Root of the mean of (after - before) ** 2.
        rms: Root of the mean of the values before the cast, squared.
        quantiles: abs(value) of values other than 0 at `QUANTILES`, to a sixteenth of an octave; empty if all are 0.
    """

    low: float
    high: float
    max_error: float
    rms_error: float
    rms: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerTrace(CastCounts):
    """Counts of the casts inside a layer's accumulator, where each product and each partial sum is cast.

    A sum that wraps an even number of times is right at the end, so that wrapping may be harmless; the layer's tensor
    `accum` shows what is left of it.

    Attributes:
        key: `product`: each product of an input and a weight; `sum`: each partial sum, in the order of accumulation.
    """


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """Counters of every tensor of a design on data.

    Attributes:
        design_key: Key of the design.
        num_samples: Samples that went through.
        tensors: Counters, in the graph's order and the order of the tensor keys.
        inner: Counters of single products and partial sums of each layer with a matrix product, in the graph's order.
        results: Real results of every node, (samples, *shape), by name; empty unless asked for.
    """

    design_key: str
    num_samples: int
    tensors: tuple[TensorTrace, ...]
    inner: tuple[InnerTrace, ...] = ()
    results: Mapping[str, RealArray] = field(default_factory=dict)

    def of(self, layer: str, key: str = "result") -> TensorTrace:
        """Return the counters of one tensor.

        Raises:
            ConfigError: If there is no such tensor.
        """
        for tensor in self.tensors:
            if (tensor.layer, tensor.key) == (layer, key):
                return tensor
        names = [f"{tensor.layer}.{tensor.key}" for tensor in self.tensors]
        raise ConfigError(unknown_name("tensor", f"{layer}.{key}", names, "This trace"))

    def inside(self, layer: str, key: str = "product") -> InnerTrace:
        """Return the counters of a layer's single products, or of its partial sums (`sum`).

        Raises:
            ConfigError: If there are none.
        """
        for item in self.inner:
            if (item.layer, item.key) == (layer, key):
                return item
        names = [f"{item.layer}.{item.key}" for item in self.inner]
        raise ConfigError(unknown_name("tensor", f"{layer}.{key}", names, "The inside of this trace"))

    def __iter__(self) -> Iterator[TensorTrace]:
        """Iterate over the tensors."""
        return iter(self.tensors)


def trace(design: Design, x: Inputs, keep_results: bool = False, cancel: CancelEvent | None = None) -> Trace:
    """Run a design and count what happens at every cast.

    Args:
        design: The design.
        x: Real inputs as for `emulate`.
        keep_results: Whether to keep the results of every node.
        cancel: Set it from another thread to stop.

    Returns:
        Counters of inputs, weights, accumulators, table indices and results. The accumulator's counters compare the
        final accumulator with the exact sum; `inner` counts the casts of single products and partial sums.

    Raises:
        DataError: If the data does not fit the network.
    """
    check_design(design)
    inputs = check_inputs(design.graph, x)
    plan = plan_design(design)
    tallies = _Tallies()
    kept: dict[str, list[RealArray]] = {node.name: [] for node in design.graph}
    count = len(next(iter(inputs.values())))
    for block in blocks(plan, count):
        check_cancelled(cancel)
        values = {}
        for name, array in inputs.items():
            values[name] = plan.inputs[name].cast(array[block])
            tallies.add_input(name, array[block], plan.inputs[name])
        if keep_results:
            _keep(plan, kept, values)
        for name, value in plan.run(values, tallies, outputs=plan.types):
            if keep_results:
                _keep(plan, kept, {name: value})
    for node in design.graph:
        for key, array in weights(pruned_op(node.op, design.layers[node.name])).items():
            tallies.add_real(node.name, key, array, design.layers[node.name].types[key])
    return Trace(
        design_key=design.key,
        num_samples=count,
        tensors=tallies.finish([node.name for node in design.graph]),
        inner=tallies.finish_inner(),
        results={name: np.concatenate(parts) for name, parts in kept.items()} if keep_results else {},
    )


def _keep(plan: Plan, kept: dict[str, list[RealArray]], values: Mapping[str, Carrier]) -> None:
    for name, value in values.items():
        kept[name].append(to_float(value, plan.spans[name].fraction))


KEY_ORDER = (
    "weight",
    "bias",
    "recurrent_weight",
    "recurrent_bias",
    "index",
    "table",
    "exp_table",
    "accum",
    "inv_input",
    "inv_table",
    "activation",
    "gate",
    "state",
    "hidden",
    "memory",
    "result",
)


class _Tallies(NodeProbe):
    """Tallies of all tensors while blocks run through; mutable, used by one trace."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str], _Tally] = {}
        self._inner: dict[str, tuple[Events, Events, Fixed]] = {}

    def of(self, name: str) -> Probe:
        """Return a probe that counts for one node."""
        return _NodeTally(self, name)

    def add(self, name: str, key: str, before: Carrier, span: Span, after: Carrier, type_: Fixed) -> None:
        """Count a cast of integers."""
        out = _out_of_range(before, span, type_)
        self._tally(name, key, type_).add(to_float(before, span.fraction), to_float(after, type_.fraction), out)

    def add_inner(self, name: str, products: Events, sums: Events, type_: Fixed) -> None:
        """Count casts inside an accumulator."""
        known = self._inner.get(name, (Events(), Events(), type_))
        self._inner[name] = known[0] + products, known[1] + sums, type_

    def finish_inner(self) -> tuple[InnerTrace, ...]:
        """Return the counters of single products and partial sums, in the order that layers ran."""
        found = []
        for layer, (products, sums, type_) in self._inner.items():
            wraps = type_.overflow is Overflow.WRAP
            for key, events in (("product", products), ("sum", sums)):
                item = InnerTrace(
                    layer=layer,
                    key=key,
                    type=type_,
                    num_values=events.num_values,
                    num_wrapped=events.num_out if wraps else 0,
                    num_saturated=0 if wraps else events.num_out,
                    num_underflowed=events.num_underflowed,
                    num_rounded=events.num_rounded,
                )
                found.append(item)
        return tuple(found)

    def add_input(self, name: str, values: RealArray, cast: InputCast) -> None:
        """Count the cast of an input's data: elements without bits first, then type by type."""
        values = values if cast.encoding is None else cast.encoding.encode(values)
        if cast.types is None:
            self.add_real(name, "result", values, cast.type)
            return
        lost = values[:, cast.types.broadcast_to(values.shape[1:]).width == 0]
        self._tally(name, "result", cast.type).add(lost, np.zeros_like(lost), np.zeros(lost.shape, dtype=bool))
        for type_, mask in cast.types.groups(values.shape[1:]):
            self.add_real(name, "result", values[:, mask], type_)

    def add_real(self, name: str, key: str, values: RealArray, type_: Fixed) -> None:
        """Count a cast of real values."""
        after = to_real(quantize(values, type_), type_)
        bits = max(int(np.ceil(np.log2(max(float(np.abs(values).max(initial=0.0)), 2.0**-1000)))), 0) + 2
        width = max(bits + type_.fraction, 1)
        roomy = Fixed(width, width - type_.fraction, rounding=type_.rounding) if width <= 1024 else type_
        raw = quantize(values, roomy)
        self._tally(name, key, type_).add(values, after, (raw < type_.min_raw) | (raw > type_.max_raw))

    def _tally(self, name: str, key: str, type_: Fixed) -> "_Tally":
        return self._tallies.setdefault((name, key), _Tally(type_))

    def finish(self, names: list[str]) -> tuple[TensorTrace, ...]:
        """Return the counters in order."""
        rank = {name: i for i, name in enumerate(names)}
        order = sorted(self._tallies, key=lambda item: (rank[item[0]], KEY_ORDER.index(item[1])))
        return tuple(self._tallies[item].finish(*item) for item in order)


class _NodeTally:
    """The probe of one node: passes what it sees on to the tallies."""

    def __init__(self, tallies: _Tallies, name: str) -> None:
        self._tallies, self._name = tallies, name

    def __call__(self, key: str, before: Carrier, span: Span, after: Carrier, type_: Fixed) -> None:
        """Count a cast."""
        self._tallies.add(self._name, key, before, span, after, type_)

    def count(self, products: Events, sums: Events, type_: Fixed) -> None:
        """Count casts inside an accumulator."""
        self._tallies.add_inner(self._name, products, sums, type_)


def _out_of_range(before: Carrier, span: Span, type_: Fixed) -> NDArray[np.bool_]:
    """Say which integers are out of a type's range after rounding."""
    bits = span.fraction - type_.fraction
    ends = shifted(span.low, bits, type_.rounding), shifted(span.high, bits, type_.rounding)
    width = max(abs(end).bit_length() for end in ends) + 1
    roomy = Fixed(width, width - type_.fraction, rounding=type_.rounding)
    rounded, _ = cast(before, span, roomy)
    return np.asarray((rounded < type_.min_raw) | (rounded > type_.max_raw), dtype=bool)


class _Tally:
    """Running counters of one tensor; mutable, blocks are added one after the other."""

    def __init__(self, type_: Fixed) -> None:
        self.type = type_
        self.count = self.out = self.underflowed = self.rounded = 0
        self.low, self.high = np.inf, -np.inf
        self.max_error = self.error2 = self.value2 = 0.0
        self.bins = np.zeros((_MAX_OCTAVE - _MIN_OCTAVE) * BINS_PER_OCTAVE + 1, dtype=np.int64)
        self.smallest, self.largest = np.inf, 0.0

    def add(self, before: RealArray, after: RealArray, out: NDArray[np.bool_]) -> None:
        """Count a block of casts."""
        if not before.size:
            return
        error = np.abs(after - before)
        self.count += before.size
        self.out += int(out.sum())
        self.underflowed += int(((before != 0) & (after == 0) & ~out).sum())
        self.rounded += int(((error != 0) & ~out).sum())
        self.low, self.high = min(self.low, float(before.min())), max(self.high, float(before.max()))
        self.max_error = max(self.max_error, float(error.max()))
        self.error2 += float(np.square(squarable(error)).sum())
        self.value2 += float(np.square(squarable(before)).sum())
        sizes = np.abs(before[before != 0])
        if sizes.size:
            self.smallest, self.largest = min(self.smallest, float(sizes.min())), max(self.largest, float(sizes.max()))
            place = np.floor((np.log2(sizes) - _MIN_OCTAVE) * BINS_PER_OCTAVE)
            self.bins += np.bincount(np.clip(place, 0, len(self.bins) - 1).astype(np.intp), minlength=len(self.bins))

    def finish(self, layer: str, key: str) -> TensorTrace:
        """Return the counters."""
        wraps = self.type.overflow is Overflow.WRAP
        count = max(self.count, 1)
        return TensorTrace(
            layer=layer,
            key=key,
            type=self.type,
            num_values=self.count,
            num_wrapped=self.out if wraps else 0,
            num_saturated=0 if wraps else self.out,
            num_underflowed=self.underflowed,
            num_rounded=self.rounded,
            low=float(self.low) if self.count else 0.0,
            high=float(self.high) if self.count else 0.0,
            max_error=self.max_error,
            rms_error=float(np.sqrt(self.error2 / count)),
            rms=float(np.sqrt(self.value2 / count)),
            quantiles=self._quantiles(),
        )

    def _quantiles(self) -> tuple[float, ...]:
        total = int(self.bins.sum())
        if not total:
            return ()
        ranks = np.asarray(QUANTILES) * (total - 1)
        place = np.searchsorted(np.cumsum(self.bins), ranks, side="right")
        middle: Any = 2.0 ** ((place + 0.5) / BINS_PER_OCTAVE + _MIN_OCTAVE)
        inner = np.clip(middle, self.smallest, self.largest)
        return (self.smallest, *(float(value) for value in inner[1:-1]), self.largest)
