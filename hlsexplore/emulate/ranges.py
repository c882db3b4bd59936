"""How wide types must be: ranges of the float network on data, and types that lose next to nothing there."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf, log2, prod

import numpy as np

from hlsexplore.defaults.bounds import accum_type, signed_integer_bits
from hlsexplore.defaults.tables import TABLE_WIDTH, softmax_types
from hlsexplore.design import Design
from hlsexplore.encoding import decoded
from hlsexplore.fixed import Fixed, Overflow, RealArray, Rounding, quantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import SoftmaxMode
from hlsexplore.ops import (
    MOVES,
    Activation,
    Conv,
    Dense,
    DepthwiseConv,
    Input,
    LayerNorm,
    Recurrent,
    Softmax,
    tensor_keys,
    weights,
)
from hlsexplore.reference.forward import forward_node
from hlsexplore.reference.layers import input_values
from hlsexplore.reference.samples import Inputs, block_size, check_inputs

RELIEF_BITS = 22
"""Width of a generous type: two factors of it and a sum of a hundred products still fit float64's 53 bits."""
RELIEF_TABLE = 1 << 16
"""Entries of a generous table."""


@dataclass(frozen=True, slots=True)
class Range:
    """Smallest and largest value."""

    low: float
    high: float

    @property
    def integer(self) -> int:
        """Integer bits, sign included, of the smallest signed type that holds the range."""
        return signed_integer_bits(self.low, self.high)

    def scaled(self, factor: float) -> "Range":
        """Return the range with both ends multiplied."""
        return Range(self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatRun:
    """The float network on data.

    Attributes:
        results: Range of each node's result, by name.
        spreads: Largest max - min over the last axis, of nodes that a softmax reads, by name of the softmax.
        norms: Median variance of the last axis that a layer normalisation reads, and its largest sum, by its name.
        outputs: The outputs, each (samples, *shape).
    """

    results: Mapping[str, Range]
    spreads: Mapping[str, float]
    norms: Mapping[str, tuple[float, float]]
    outputs: tuple[RealArray, ...]


def run_float(graph: Graph, x: Inputs) -> FloatRun:
    """Run the float network and note the range of each result.

    Args:
        graph: The network.
        x: Real inputs as for `emulate`.
    """
    inputs = check_inputs(graph, x)
    count, size = len(next(iter(inputs.values()))), block_size(graph)
    results: dict[str, Range] = {}
    spreads: dict[str, float] = {}
    norms: dict[str, tuple[float, float]] = {}
    outputs: list[list[RealArray]] = [[] for _ in graph.outputs]
    for start in range(0, max(count, 1), size):
        values = {name: input_values(graph[name], array[start : start + size]) for name, array in inputs.items()}
        for node in graph:
            if not isinstance(node.op, Input):
                values[node.name] = forward_node(node, [values[name] for name in node.inputs])
            if isinstance(node.op, Softmax):
                logits = values[node.inputs[0]]
                spread = float(np.ptp(logits, axis=-1).max(initial=0.0))
                spreads[node.name] = max(spreads.get(node.name, 0.0), spread)
            if isinstance(node.op, LayerNorm):
                known = norms.get(node.name, (inf, 0.0))
                usual, top = _norm_sums(values[node.inputs[0]])
                norms[node.name] = min(known[0], usual), max(known[1], top)
            results[node.name] = _hull(results.get(node.name), values[node.name])
        for part, name in zip(outputs, graph.outputs, strict=True):
            part.append(decoded(values[name], graph[name].unit))
    whole = tuple(np.concatenate(parts) for parts in outputs)
    return FloatRun(results=results, spreads=spreads, norms=norms, outputs=whole)


def _norm_sums(x: RealArray) -> tuple[float, float]:
    """Return the median variance of the last axis, and the largest of its partial sums and sums of squares."""
    partial = np.abs(np.cumsum(x, axis=-1)).max(initial=0.0)
    variances = x.var(axis=-1)
    return float(np.median(variances)), float(max(partial, variances.max(initial=0.0) * x.shape[-1], np.abs(x).max()))


def _hull(known: Range | None, values: RealArray) -> Range:
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    return Range(low, high) if known is None else Range(min(low, known.low), max(high, known.high))


def fitted(reach: Range, width: int, rounding: Rounding = Rounding.RND) -> Fixed:
    """Return a saturating signed type of a width whose range just holds the values."""
    integer = reach.integer
    return Fixed(max(width, 1), integer, rounding=rounding, overflow=Overflow.SAT)


def generous(design: Design, node: Node, key: str, run: FloatRun) -> Fixed | int:
    """Return a type, or a table size, that loses next to nothing on the data.

    Args:
        design: The design; the types of the tensors beside this one.
        node: The layer.
        key: Tensor key, or `table_size`.
        run: The float network on the data.
    """
    config, op = design.layers[node.name], node.op
    if key == "table_size":
        return max(RELIEF_TABLE, config.table_size)
    if key in weights(op):
        values = weights(op)[key]
        wide = fitted(Range(float(values.min(initial=0.0)), float(values.max(initial=0.0))), RELIEF_BITS)
        return wide if wide.fraction >= config.types[key].fraction else _same_fraction(wide, config.types[key])
    if key == "accum" and isinstance(op, Dense | Conv | DepthwiseConv):
        return accum_type(node, config.types["weight"], config.types["bias"], design.input_types(node.name)[0])
    if isinstance(op, Softmax) and key != "result":
        return softmax_types(node.shape[-1], config.softmax is not SoftmaxMode.LATENCY, RELIEF_BITS - TABLE_WIDTH)[key]
    if key == "weight":
        alpha = op.alpha if isinstance(op, Activation) else 1.0
        return fitted(Range(min(alpha, 0.0), max(alpha, 0.0)), RELIEF_BITS)
    reach = run.results[node.name]
    if key in ("accum", "activation", "gate", "state", "hidden", "memory"):
        source = Range(min(-1.0, reach.low), max(1.0, reach.high))
        extra = ceil(log2(max(prod(design.graph.input_shapes(node)[0]), 2)))
        return Fixed(RELIEF_BITS + 4 + extra, source.integer + extra, rounding=Rounding.RND, overflow=Overflow.SAT)
    if key == "table":
        return Fixed(RELIEF_BITS + 4, 8, rounding=Rounding.RND, overflow=Overflow.SAT)
    return fitted(reach, RELIEF_BITS)


def _same_fraction(wide: Fixed, fine: Fixed) -> Fixed:
    return Fixed(max(wide.integer + fine.fraction, 1), wide.integer, rounding=wide.rounding, overflow=wide.overflow)


def relieved(design: Design, run: FloatRun, spare: tuple[str, str] | None = None) -> Design:
    """Return the design with generous types everywhere, but for one tensor.

    Args:
        design: The design.
        run: The float network on the data.
        spare: (layer, key) that keeps its type.
    """
    for node in design.graph:
        changes = {
            key: generous(design, node, key, run)
            for key in relief_keys(node)
            if key != "accum" and (node.name, key) != spare and not isinstance(node.op, MOVES)
        }
        design = design.with_layer(node.name, **changes) if changes else design
        if "accum" in relief_keys(node) and (node.name, "accum") != spare:
            design = design.with_layer(node.name, accum=generous(design, node, "accum", run))
    return design


def relief_keys(node: Node) -> tuple[str, ...]:
    """Return the tensor keys of a layer, and `table_size` where it has a table."""
    keys = tensor_keys(node.op)
    has_table = "table" in keys or "exp_table" in keys
    return (*keys, "table_size") if has_table else keys


def observed_accum(node: Node, design: Design, reach: Range) -> Fixed:
    """Return the accumulator that loses no fraction bits and holds the final sums of a range; it wraps between.

    Args:
        node: A layer with a matrix product.
        design: Its types.
        reach: Range of the final sums.
    """
    types = design.layers[node.name].types
    source = design.input_types(node.name)[0]
    values = weights(node.op)
    fraction = types["weight"].fraction + source.fraction
    if "bias" in values:
        raw = quantize(values["bias"], types["bias"])
        reach = Range(min(reach.low, float(to_real(raw, types["bias"]).min())), reach.high)
        fraction = max(fraction, types["bias"].fraction)
    integer = max(reach.integer, 1 - fraction)
    return Fixed(integer + fraction, integer)


def has_product(node: Node) -> bool:
    """Whether a layer multiplies by a constant matrix and has one accumulator for it."""
    return isinstance(node.op, Dense | Conv | DepthwiseConv)


def is_recurrent(node: Node) -> bool:
    """Whether a layer is recurrent."""
    return isinstance(node.op, Recurrent)
