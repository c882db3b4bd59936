"""Neurons that a design does not need: unread, constant, or equal to another one (docs/compression.md)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.compress.trainable import is_lossless
from hlsexplore.design import Design, check_design
from hlsexplore.emulate import emulate_raw, trace
from hlsexplore.errors import NoModelError
from hlsexplore.estimate import estimate
from hlsexplore.fixed import Fixed, RawArray, RealArray, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import LayerConfig
from hlsexplore.masks import Mask
from hlsexplore.merit import as_outputs
from hlsexplore.ops import Activation, Conv, Dense, Function, Pool, Reshape
from hlsexplore.reference.samples import Inputs
from hlsexplore.reuse import legal_reuse
from hlsexplore.weights import pruned_op, raw_weights


class SavingKind(StrEnum):
    """Why a neuron is not needed."""

    UNREAD = "unread"
    CONSTANT = "constant"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Saving:
    """Neurons or channels of one layer that can go, and the design without them.

    Attributes:
        kind: Why they are not needed.
        layer: The layer that loses them.
        channels: Their numbers.
        design: The design of the smaller network.
        lut: Estimated LUTs that it saves; None where there is no estimate.
        differing: Outputs on the given samples that are not the same; 0 is proven where `is_exact`, None is unknown.
        is_exact: Whether every output is the same for every input.
    """

    kind: SavingKind
    layer: str
    channels: tuple[int, ...]
    design: Design
    lut: float | None
    differing: int | None
    is_exact: bool

    def __str__(self) -> str:
        """Say it in a sentence."""
        reasons = {
            SavingKind.UNREAD: "nothing reads them",
            SavingKind.CONSTANT: "they are constant",
            SavingKind.EQUAL: "others are equal to them",
        }
        saved = "?" if self.lut is None else f"{self.lut:,.0f}"
        loss = (
            "exactly equal" if self.is_exact else f"{'?' if self.differing is None else self.differing} outputs differ"
        )
        return f"{self.layer}: {len(self.channels)} neurons can go, {reasons[self.kind]}; saves {saved} LUT, {loss}."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pair:
    """A product, the only product that reads it, and what lies between, each read by one layer.

    Activations, pools and a flattening stand between; none of them mixes channels.
    """

    before: Node
    between: tuple[Node, ...]
    after: Node

    @property
    def channels(self) -> int:
        """Neurons or channels of the product that is read."""
        return self.before.shape[-1]

    def rows(self, kernel: NDArray[Any]) -> NDArray[Any]:
        """Return the reader's weights by channel, shape (positions, channels, outputs); a view."""
        return kernel.reshape(-1, self.channels, kernel.shape[-1])

    def cut(self, kernel: NDArray[Any], kept: NDArray[np.intp]) -> NDArray[Any]:
        """Return the reader's weights, or a mask of them, for some channels only."""
        left = self.rows(kernel)[:, kept]
        return left.reshape(*kernel.shape[:-2], -1, kernel.shape[-1])


def find_savings(design: Design, x: Inputs | None = None) -> tuple[Saving, ...]:
    """Find neurons and channels that a design does not need: one offer for each layer and reason.

    Args:
        design: The design.
        x: Samples on which outputs are counted that differ, where equality is not proven.

    Returns:
        What can go, most LUTs first. Each offer stands alone; `simplify` takes all exact ones, one after the other.
    """
    check_design(design)
    before = estimate(design).total.lut
    found: list[Saving] = []
    for pair in _pairs(design):
        for kind, channels, changed in _offers(design, pair):
            exact = kind is SavingKind.UNREAD or is_lossless(design, pair.after)
            after = estimate(changed).total.lut
            differing = 0 if exact else None
            if not exact and x is not None:
                differing = _differing(design, changed, x)
            found.append(
                Saving(
                    kind=kind,
                    layer=pair.before.name,
                    channels=channels,
                    design=changed,
                    lut=None if before is None or after is None else before - after,
                    differing=differing,
                    is_exact=exact,
                )
            )
    return tuple(sorted(found, key=lambda item: -(item.lut or 0.0)))


def simplify(design: Design) -> tuple[Design, tuple[Saving, ...]]:
    """Take away all neurons that exactly nothing changes without.

    Returns:
        The design of the smaller network, which gives the same outputs for every input, and what was taken.
    """
    check_design(design)
    taken: list[Saving] = []
    while offers := [item for item in find_savings(design) if item.is_exact]:
        taken.append(offers[0])
        design = offers[0].design
    return design, tuple(taken)


def hidden_layers(design: Design) -> tuple[str, ...]:
    """List the layers that `narrowed` takes neurons or channels from."""
    return tuple(pair.before.name for pair in _pairs(design))


def narrowed(design: Design, shares: Mapping[str, float]) -> Design:
    """Return the design of a network with a share of its hidden neurons and channels: those of the largest weights.

    What goes is not made up for; a training does that. Layers whose neurons several others read stay.

    Args:
        design: The design.
        shares: Share of each layer's neurons that stays, by name, of `hidden_layers`; at least one does.
    """
    for name, share in shares.items():
        pair = next(item for item in _pairs(design) if item.before.name == name)
        ops = [pruned_op(_matrix(node), design.layers[node.name]) for node in (pair.before, pair.after)]
        size = np.linalg.norm(ops[0].kernel.reshape(-1, pair.channels), axis=0)
        reach = np.linalg.norm(pair.rows(ops[1].kernel), axis=(0, 2))
        gone = np.argsort(-size * reach, kind="stable")[max(1, round(share * pair.channels)) :]
        if len(gone):
            raw = raw_weights(design, pair.after.name)["weight"]
            design = _without(design, pair, gone, raw, None)
    return design


def _differing(design: Design, changed: Design, x: Inputs) -> int:
    pairs = zip(as_outputs(emulate_raw(design, x)), as_outputs(emulate_raw(changed, x)), strict=True)
    return sum(int(np.count_nonzero(mine != theirs)) for mine, theirs in pairs)


def _pairs(design: Design) -> Iterator[_Pair]:
    graph = design.graph
    for node in graph:
        if not isinstance(node.op, Dense | Conv):
            continue
        between: list[Node] = []
        last = node
        while last.name not in graph.outputs and len(readers := graph.consumers(last.name)) == 1:
            reader = readers[0]
            if isinstance(reader.op, Dense | Conv):
                yield _Pair(before=node, between=tuple(between), after=reader)
                break
            if not _keeps_channels(reader, node.shape[-1]):
                break
            between.append(reader)
            last = reader


def _keeps_channels(node: Node, count: int) -> bool:
    """Whether a layer leaves channels apart: each of its results is of one channel, the last axis or its period."""
    if isinstance(node.op, Reshape):
        return len(node.shape) == 1
    return isinstance(node.op, Activation | Pool) and node.shape[-1] == count


def _offers(design: Design, pair: _Pair) -> Iterator[tuple[SavingKind, tuple[int, ...], Design]]:
    """Yield what a layer does not need; at least one neuron stays."""
    mine, theirs = raw_weights(design, pair.before.name), raw_weights(design, pair.after.name)
    columns = mine["weight"].reshape(-1, mine["weight"].shape[-1])
    is_read: NDArray[np.bool_] = np.asarray(pair.rows(theirs["weight"]).any(axis=(0, 2)))
    count = columns.shape[1]
    unread = np.flatnonzero(~is_read)[: count - 1]
    if len(unread):
        yield SavingKind.UNREAD, tuple(unread.tolist()), _without(design, pair, unread, theirs["weight"], None)
    constant = np.flatnonzero((~columns.any(axis=0) | _never_active(design, pair, columns, mine.get("bias"))) & is_read)
    offered = _constant(design, pair, constant[: count - 1], theirs)
    if offered is not None:
        yield offered
    equal = _equal(columns, mine.get("bias"), is_read)
    if equal:
        kernel = np.array(theirs["weight"])
        into = pair.rows(kernel)
        for gone, kept in equal.items():
            into[:, kept] += into[:, gone]
        yield SavingKind.EQUAL, tuple(equal), _without(design, pair, np.array(list(equal)), kernel, None)


def _matrix(node: Node) -> Dense | Conv:
    if not isinstance(node.op, Dense | Conv):
        raise NoModelError(f"layer {node.name!r} has no matrix of neurons.")
    return node.op


def _never_active(design: Design, pair: _Pair, columns: RawArray, bias: RawArray | None) -> NDArray[np.bool_]:
    """Tell which neurons a ReLU behind them always stops, whatever comes."""
    count = columns.shape[1]
    behind = pair.between[0].op if pair.between else None
    is_rectified = isinstance(behind, Activation) and behind.function is Function.RELU
    if not is_rectified or not is_lossless(design, pair.before):
        return np.zeros(count, dtype=bool)
    types, source = design.layers[pair.before.name].types, design.input_types(pair.before.name)[0]
    weights = to_real(columns, types["weight"])
    low, high = min(source.low, 0.0), max(source.high, 0.0)
    top = np.maximum(weights, 0).sum(axis=0) * high + np.minimum(weights, 0).sum(axis=0) * low
    if bias is not None:
        top = top + to_real(bias, types["bias"])
    result = types["result"]
    bottom = np.minimum(weights, 0).sum(axis=0) * high + np.maximum(weights, 0).sum(axis=0) * low
    offset = 0.0 if bias is None else to_real(bias, types["bias"])
    fits = np.all(bottom + offset >= result.low)
    is_cast = str(result.overflow) == "WRAP" and not fits
    return np.asarray((top <= 0) & (not is_cast))


def _constant(
    design: Design, pair: _Pair, channels: NDArray[np.intp], theirs: Any
) -> tuple[SavingKind, tuple[int, ...], Design] | None:
    """Offer to fold constant neurons into the bias of the layer that reads them."""
    if not len(channels):
        return None
    last = (pair.between or (pair.before,))[-1]
    found = _values(design, last, pair.channels)
    channels = channels[(found[:, channels] == found[0, channels]).all(axis=0)]
    values = found[0, channels]
    is_padded = isinstance(pair.after.op, Conv) and any(map(any, pair.after.op.padding))
    if is_padded:
        channels, values = channels[values == 0], values[values == 0]
    types, kernel = design.layers[pair.after.name].types, theirs["weight"]
    rows = pair.rows(to_real(kernel, types["weight"]))
    shift = (rows[:, channels] * values[:, None]).sum(axis=(0, 1))
    if not len(channels) or (shift.any() and "bias" not in theirs):
        return None
    bias = None
    if shift.any():
        bias = to_real(theirs["bias"], types["bias"]) + shift
    return SavingKind.CONSTANT, tuple(channels.tolist()), _without(design, pair, channels, kernel, bias)


def _values(design: Design, node: Node, channels: int) -> RealArray:
    """Return what a layer is for inputs of 0, shape (positions, channels): for constant channels, always."""
    zeros = tuple(np.zeros((1, *item.shape)) for item in design.graph.inputs)
    results = trace(design, zeros if len(zeros) > 1 else zeros[0], keep_results=True).results
    found: RealArray = results[node.name].reshape(-1, channels)
    return found


def _equal(columns: RawArray, bias: RawArray | None, is_read: NDArray[np.bool_]) -> dict[int, int]:
    """Return neurons that equal an earlier one, and that one."""
    whole = columns if bias is None else np.vstack([columns, bias])
    first: dict[bytes, int] = {}
    found: dict[int, int] = {}
    for index in np.flatnonzero(is_read & columns.any(axis=0)).tolist():
        kept = first.setdefault(np.ascontiguousarray(whole[:, index]).tobytes(), index)
        if kept != index:
            found[index] = kept
    return found


def _without(
    design: Design, pair: _Pair, channels: NDArray[np.intp], kernel: RawArray, bias: RealArray | None
) -> Design:
    """Return the design of the network without some channels.

    Args:
        design: The design.
        pair: The layer that loses them and the one that reads them.
        channels: Which.
        kernel: Raw weights of the reader, all channels.
        bias: New bias of the reader, or None for the old one.
    """
    kept = np.setdiff1d(np.arange(pair.before.shape[-1]), channels)
    changed: dict[str, Node] = {}
    layers: dict[str, LayerConfig] = dict(design.layers)
    first = pruned_op(_matrix(pair.before), layers[pair.before.name])
    first = _narrowed(first, kept)
    changed[pair.before.name] = replace(pair.before, op=first, shape=(*pair.before.shape[:-1], len(kept)))
    for node in pair.between:
        shape = (*node.shape[:-1], node.shape[-1] // pair.channels * len(kept))
        changed[node.name] = replace(node, shape=shape)
    types = dict(layers[pair.after.name].types)
    types["weight"] = _holding(types["weight"], kernel)
    reader = pruned_op(_matrix(pair.after), layers[pair.after.name])
    if bias is not None:
        types["bias"] = _bias_type(types["bias"], design.input_types(pair.after.name)[0], types["weight"], bias)
        reader = replace(reader, bias=bias)
    reader = replace(reader, kernel=to_real(pair.cut(kernel, kept), types["weight"]), types=None)
    changed[pair.after.name] = replace(pair.after, op=reader)
    nodes = tuple(changed.get(node.name, node) for node in design.graph)
    graph = Graph(name=design.graph.name, nodes=nodes, outputs=design.graph.outputs)
    before, after = pair.before.name, pair.after.name
    own = {key: Mask(mask.kept[..., kept]) for key, mask in layers[before].masks.items()}
    layers[before] = _resized(graph[before], layers[before], own)
    read = {
        key: mask if key == "bias" else Mask(pair.cut(mask.kept, kept)) for key, mask in layers[after].masks.items()
    }
    layers[after] = _resized(graph[after], replace(layers[after], types=types), read)
    return Design(graph=graph, target=design.target, layers=layers)


def _narrowed(op: Dense | Conv, kept: NDArray[np.intp]) -> Dense | Conv:
    """Return an op that computes some of its channels."""
    types = None if op.types is None else op.types.broadcast_to(op.kernel.shape)
    return replace(
        op,
        kernel=op.kernel[..., kept],
        bias=None if op.bias is None else op.bias[kept],
        types=None if types is None else types.moved(lambda array: array[..., kept]),
    )


def _resized(node: Node, config: LayerConfig, masks: Mapping[str, Mask]) -> LayerConfig:
    """Return a configuration for fewer channels, with their masks and the next smaller legal reuse."""
    reuse = max(value for value in legal_reuse(node) if value <= config.reuse)
    return replace(config, reuse=reuse, density=1.0, masks=masks)


def _holding(type_: Fixed, raw: RawArray) -> Fixed:
    """Return a type of the same fraction bits that holds sums of weights."""
    while raw.max(initial=0) > type_.max_raw or raw.min(initial=0) < type_.min_raw:
        type_ = Fixed(type_.width + 1, type_.integer + 1, type_.signed, type_.rounding, type_.overflow)
    return type_


def _bias_type(type_: Fixed, source: Fixed, weight: Fixed, bias: RealArray) -> Fixed:
    """Return a type that holds a bias with constant products in it exactly."""
    fraction = max(type_.fraction, source.fraction + weight.fraction)
    integer = type_.integer
    while float(np.abs(bias).max(initial=0.0)) >= 2.0 ** (integer - 1):
        integer += 1
    return Fixed(integer + fraction, integer, True, type_.rounding, type_.overflow)
