"""Which elements of a flat pipeline's tensors are constant or unread: the tools remove what depends on them."""

from dataclasses import replace
from functools import lru_cache

from hlsexplore.estimate.constants import Constants, Mask
from hlsexplore.estimate.hls.matrix import ALL, Liveness
from hlsexplore.estimate.kinds import ELEMENTWISE_OPS, MOVE_OPS, TABLE_OPS, Kind
from hlsexplore.estimate.record import DesignRecord, LayerRecord

_TRANSPARENT = ELEMENTWISE_OPS | MOVE_OPS | TABLE_OPS | {Kind.BATCHNORM, Kind.QUANTIZER}


@lru_cache(maxsize=4096)
def _read_rows(key: bytes, constants: "_ByKey") -> Mask:
    rows: Mask = (constants.value.weight != 0).any(axis=1)
    return rows


@lru_cache(maxsize=4096)
def _varying_columns(key: bytes, constants: "_ByKey") -> Mask:
    columns: Mask = (constants.value.weight != 0).any(axis=0)
    return columns


class _ByKey:
    """Constants that are equal by content, so that analyses can be cached."""

    __slots__ = ("value",)

    def __init__(self, value: Constants) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByKey) and self.value.key == other.value.key

    def __hash__(self) -> int:
        return hash(self.value.key)


def neighbours(design: DesignRecord) -> dict[str, tuple[Constants | None, Constants | None]]:
    """Find, for each layer, the constants of the only dense layer before it and after it, elementwise layers skipped.

    Args:
        design: A design.

    Returns:
        (before, after) by layer name; None where there is none or several.
    """
    by_name = {layer.name: layer for layer in design.layers}
    readers: dict[str, list[LayerRecord]] = {layer.name: [] for layer in design.layers}
    for layer in design.layers:
        for source in layer.sources:
            if source in readers:
                readers[source].append(layer)
    found: dict[str, tuple[Constants | None, Constants | None]] = {}
    for layer in design.layers:
        found[layer.name] = (_before(layer, by_name), _after(layer, readers))
    return found


def _before(layer: LayerRecord, by_name: dict[str, LayerRecord]) -> Constants | None:
    for _ in by_name:  # foreign rows may repeat names, which makes circles
        if len(layer.sources) != 1 or layer.sources[0] not in by_name:
            return None
        layer = by_name[layer.sources[0]]
        if layer.op == Kind.DENSE:
            return layer.constants if layer.pixels == 1 else None
        if layer.op not in _TRANSPARENT:
            return None
    return None


def _after(layer: LayerRecord, readers: dict[str, list[LayerRecord]]) -> Constants | None:
    for _ in readers:
        if len(readers.get(layer.name, ())) != 1:
            return None
        layer = readers[layer.name][0]
        if layer.op == Kind.DENSE:
            return layer.constants if layer.pixels == 1 else None
        if layer.op not in _TRANSPARENT:
            return None
    return None


def live_of(layer: LayerRecord, before: Constants | None, after: Constants | None) -> Liveness:
    """Return what is read and what varies in a dense layer between two others."""
    if before is None and after is None:
        return ALL
    inputs = None if before is None else _varying_columns(before.key, _ByKey(before))
    outputs = None if after is None else _read_rows(after.key, _ByKey(after))
    return Liveness(
        None if outputs is None or outputs.all() else outputs, None if inputs is None or inputs.all() else inputs
    )


def without_dead(design: DesignRecord) -> DesignRecord:
    """Drop weights whose output reaches no result of a flat pipeline, or whose input is constant, however far away.

    Outputs that only feed outputs which nothing reads are dead as well (33 multipliers of a network of four layers,
    whose weights alone ask for 38).
    """
    layers = list(design.layers)
    for order in (range(len(layers) - 1, -1, -1), range(len(layers))):
        for index in order:
            layer = layers[index]
            if layer.op != Kind.DENSE or layer.pixels != 1 or layer.constants is None:
                continue
            around = neighbours(replace(design, layers=tuple(layers)))[layer.name]
            live, weight = live_of(layer, *around), layer.constants.weight
            if live.outputs is not None and live.outputs.size == weight.shape[1]:
                weight = weight * live.outputs
            if live.inputs is not None and live.inputs.size == weight.shape[0]:
                weight = weight * live.inputs[:, None]
            if weight is not layer.constants.weight:
                zeros = layer.constants.zeros if layer.zeros is None else layer.zeros
                layers[index] = replace(layer, constants=Constants.of(weight, layer.constants.bias), zeros=zeros)
    return replace(design, layers=tuple(layers))


def live_elements(layer: LayerRecord, before: Constants | None, after: Constants | None) -> int:
    """Count the elements of an elementwise layer that vary and are read."""
    mask: Mask | None = None
    for constants, analyse in ((before, _varying_columns), (after, _read_rows)):
        if constants is not None:
            found = analyse(constants.key, _ByKey(constants))
            if found.size == layer.elements:
                mask = found if mask is None else mask & found
    return layer.elements if mask is None else int(mask.sum())


def live_results(layer: LayerRecord, before: Constants | None, after: Constants | None) -> int:
    """Count the elements of a layer's result that vary and are read."""
    own = layer.constants if layer.op == Kind.DENSE and layer.pixels == 1 else before
    return live_elements(layer, own, after)
