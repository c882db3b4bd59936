"""What the values of the float network are like on samples: ranges and spreads of every tensor, inner ones too."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hlsexplore.errors import DataError
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Input, LayerNorm, Recurrent, Softmax
from hlsexplore.reference.forward import activate, forward_node
from hlsexplore.reference.layers import LayerBlock, input_values, recurrent
from hlsexplore.reference.samples import Inputs, block_size, open_inputs, real
from hlsexplore.support.values import squarable

MAX_FINE = 16
"""Most fraction bits of a grid that samples are found to lie on."""
MOST = 2.0**62
"""Larger values are taken as this one: states of a recurrent layer that explode."""
MAX_GAPS = 1 << 14
"""Distances of the two largest logits that are kept of a block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Values of one tensor.

    Attributes:
        low: Smallest value, 0 or below.
        high: Largest value, 0 or above.
        spread: Standard deviation of each channel (the last axis) over samples and positions, shape (channels,).
        square: Mean square of each channel, shape (channels,).
        fraction: Least fraction bits with which every value is a fixed-point number, up to `MAX_FINE`; None beyond.
            Of inputs only.
    """

    low: float
    high: float
    spread: RealArray
    square: RealArray
    fraction: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The float network on samples.

    Attributes:
        results: Each node's result, by name.
        inner: Tensors inside recurrent layers by name and key: `accum` (sums of products), `activation`, `state`.
        gaps: Tenth percentile of the distance between the two largest logits of a softmax, by its name.
        norms: Median variance of the last axis that a layer normalisation reads, and its largest sum, by its name.
    """

    results: Mapping[str, Seen]
    inner: Mapping[str, Mapping[str, Seen]]
    gaps: Mapping[str, float]
    norms: Mapping[str, tuple[float, float]]


@dataclass(slots=True)
class _Tally:
    """Running sums of one tensor; mutable, since blocks of samples are added one by one."""

    low: float = 0.0
    high: float = 0.0
    count: int = 0
    shift: RealArray | None = None
    total: RealArray = field(default_factory=lambda: np.zeros(1))
    squares: RealArray = field(default_factory=lambda: np.zeros(1))
    fraction: int | None = None

    def add(self, values: RealArray) -> None:
        """Add a block, shape (samples, ..., channels)."""
        self.low = min(self.low, float(values.min(initial=0.0)))
        self.high = max(self.high, float(values.max(initial=0.0)))
        rows = squarable(values.reshape(-1, values.shape[-1]))
        if not len(rows):
            return
        if self.shift is None:
            self.shift = rows.mean(axis=0)
        rest = rows - self.shift  # sums around a mean lose no digits where the mean is large
        self.count += len(rows)
        self.total = self.total + rest.sum(axis=0)
        self.squares = self.squares + np.square(rest).sum(axis=0)

    def seen(self) -> Seen:
        """Return what was added."""
        shift = np.zeros(1) if self.shift is None else self.shift
        count = max(self.count, 1)
        mean = self.total / count
        variance = np.maximum(self.squares / count - mean**2, 0.0)
        square = variance + (mean + shift) ** 2
        return Seen(low=self.low, high=self.high, spread=np.sqrt(variance), square=square, fraction=self.fraction)


def observe(graph: Graph, x: Inputs, is_encoded: bool = False) -> Observed:
    """Run the float network and note what its values are like.

    Args:
        graph: The network.
        x: Real inputs as for `emulate`, or with `is_encoded` the values that the hardware reads.
        is_encoded: Whether scales that stay outside of the hardware are applied to the data already.

    Raises:
        DataError: If the data does not fit the network or holds no samples.
        NoModelError: If a layer has no float implementation.
    """
    inputs = open_inputs(graph, x)
    count, size = len(next(iter(inputs.values()))), block_size(graph)
    if count == 0:
        raise DataError("there are no samples, so nothing can be fitted to them.")
    tallies = {node.name: _Tally() for node in graph}
    inner: dict[str, dict[str, _Tally]] = {node.name: {} for node in graph if isinstance(node.op, Recurrent)}
    gaps: dict[str, list[RealArray]] = {node.name: [] for node in graph if isinstance(node.op, Softmax)}
    norms: dict[str, tuple[list[RealArray], list[float]]] = {
        node.name: ([], []) for node in graph if isinstance(node.op, LayerNorm)
    }
    for start in range(0, max(count, 1), size):
        values = {name: real(array[start : start + size]) for name, array in inputs.items()}
        if not is_encoded:
            values = {name: input_values(graph[name], block) for name, block in values.items()}
        for node in graph:
            if not isinstance(node.op, Input):
                values[node.name] = _forward(node, [values[name] for name in node.inputs], inner)
            if node.name in gaps:
                gaps[node.name].append(_gaps(values[node.inputs[0]]))
            if node.name in norms:
                variances, top = _norm_sums(values[node.inputs[0]])
                norms[node.name][0].append(variances)
                norms[node.name][1].append(top)
            tallies[node.name].add(values[node.name])
    for name, array in inputs.items():
        tallies[name].fraction = _grid(real(array))
    return Observed(
        results={name: tally.seen() for name, tally in tallies.items()},
        inner={name: {key: tally.seen() for key, tally in found.items()} for name, found in inner.items()},
        gaps={name: _percentile(np.concatenate(parts)) for name, parts in gaps.items()},
        norms={name: (float(np.median(np.concatenate(parts))), max(tops)) for name, (parts, tops) in norms.items()},
    )


@np.errstate(over="ignore", invalid="ignore")
def _forward(node: Node, inputs: list[RealArray], inner: dict[str, dict[str, _Tally]]) -> RealArray:
    """Compute a layer, and note what is inside it."""
    if not isinstance(node.op, Recurrent):
        return _tamed(forward_node(node, inputs))
    found = inner[node.name]

    def note(key: str, values: RealArray) -> None:
        found.setdefault(key, _Tally()).add(_tamed(values))

    return _tamed(recurrent(LayerBlock(node=node, inputs=inputs), node.op, activate, note))


def _tamed(values: RealArray) -> RealArray:
    """Return values of which none is larger than `MOST`."""
    if np.abs(values).max(initial=0.0) <= MOST:
        return values
    tamed: RealArray = np.clip(np.nan_to_num(values, posinf=MOST, neginf=-MOST), -MOST, MOST)
    return tamed


def _gaps(logits: RealArray) -> RealArray:
    """Return the distance between the two largest values of the last axis, of some positions."""
    rows = logits.reshape(-1, logits.shape[-1])
    if rows.shape[-1] < 2 or not len(rows):
        return np.zeros(0)
    rows = rows[:: max(len(rows) // MAX_GAPS, 1)]
    top = np.partition(rows, -2, axis=-1)
    gaps: RealArray = top[:, -1] - top[:, -2]
    return gaps


def _percentile(gaps: RealArray) -> float:
    return float(np.quantile(gaps, 0.1)) if len(gaps) else 0.0


def _norm_sums(x: RealArray) -> tuple[RealArray, float]:
    """Return the variances of the last axis, and the largest of its partial sums and sums of squares."""
    if not x.size:
        return np.zeros(1), 0.0
    x = squarable(x)
    partial = np.abs(np.cumsum(x, axis=-1)).max()
    variances = x.var(axis=-1).ravel()
    return variances, float(max(partial, variances.max() * x.shape[-1], np.abs(x).max()))


def _grid(values: RealArray) -> int | None:
    """Return the least fraction bits of values on a grid, or None where they need more than `MAX_FINE`."""
    for fraction in range(MAX_FINE + 1):
        scaled = np.ldexp(values, fraction)
        if (scaled == np.rint(scaled)).all():
            return fraction
    return None
