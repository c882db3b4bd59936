"""A search space bound to a design: points, and the valid design of each (docs/search.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from math import prod
from typing import Any

import numpy as np

from hlsexplore.defaults.bounds import accum_type, signed_integer_bits
from hlsexplore.defaults.exact import AVERAGE_BITS, pool_accum
from hlsexplore.design import Design, replace_layers
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed, Overflow, RealArray
from hlsexplore.graph import Node
from hlsexplore.layer_config import LayerConfig, Strategy, follow_mode, knobs
from hlsexplore.ops import MOVES, Conv, Dense, DepthwiseConv, Pool, weights
from hlsexplore.space import Ranges, SearchAxis, Space, is_intermediate, is_never_negative, nearest_reuse, read_axes
from hlsexplore.support.recent import Recent

Point = tuple[int, ...]
"""Index of the choice on each axis."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoundSpace:
    """A space bound to a base design. Every point is a valid design: its construction fails at once otherwise.

    Attributes:
        base: What stays as it is where no axis says otherwise.
        axes: The choices.
        ranges: Smallest and largest value of each layer's result; what `auto` integer bits of results follow.
    """

    base: Design
    axes: tuple[SearchAxis, ...]
    ranges: Ranges = field(default_factory=dict)
    _own_axes: Mapping[str, tuple[int, ...]] = field(init=False, repr=False)
    _known: Recent[tuple[str, Point, Fixed | None], LayerConfig] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Find the axes of each layer."""
        own: dict[str, tuple[int, ...]] = {}
        for index, axis in enumerate(self.axes):
            for name in axis.layers:
                own[name] = (*own.get(name, ()), index)
        object.__setattr__(self, "_own_axes", own)
        object.__setattr__(self, "_known", Recent(KEPT_CONFIGS))

    @classmethod
    def bind(cls, space: Space, base: Design, ranges: Ranges | None = None) -> "BoundSpace":
        """Bind a space to a design.

        Args:
            space: The space.
            base: The design that it varies.
            ranges: Values of each layer's result on some samples; without them results keep the base's integer bits.

        Raises:
            ConfigError: If a key, layer or choice is not valid for the design's graph.
        """
        bound = cls(base=base, axes=read_axes(space, base.graph), ranges=ranges or {})
        for index, axis in enumerate(bound.axes):
            for choice in range(len(axis.choices)):
                bound.design(tuple(choice if other == index else 0 for other in range(len(bound.axes))))
        return bound

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of choices on each axis."""
        return tuple(len(axis.choices) for axis in self.axes)

    @property
    def size(self) -> int:
        """Number of points."""
        return prod(self.shape)

    def point(self, index: int) -> Point:
        """Return the point of a number from 0 to size - 1; the last axis varies fastest."""
        digits: list[int] = []
        for length in reversed(self.shape):
            index, digit = divmod(index, length)
            digits.append(digit)
        return tuple(reversed(digits))

    def choices(self, point: Point) -> dict[str, Any]:
        """Return what a point chooses, by axis name."""
        return {axis.name: axis.choices[index] for axis, index in zip(self.axes, point, strict=True)}

    def design(self, point: Point) -> Design:
        """Build the design of a point.

        Raises:
            ConfigError: If the choices do not fit together; names the layer.
        """
        target = {
            axis.key: axis.choices[index] for axis, index in zip(self.axes, point, strict=True) if not axis.layers
        }
        base = self.base.with_target(**target) if target else self.base
        return replace_layers(base, self._configs(point))

    def _configs(self, point: Point) -> dict[str, LayerConfig]:
        """Return the layers that a point changes; those made before are the same objects."""
        results: dict[str, Fixed] = {}
        configs: dict[str, LayerConfig] = {}
        for node in self.base.graph:
            source = results[node.inputs[0]] if node.inputs else None
            if isinstance(node.op, MOVES) and source is not None:
                results[node.name] = source
                continue
            key = (node.name, tuple(point[index] for index in self._own_axes.get(node.name, ())), source)
            configs[node.name] = self._known.find(key, partial(self._config, node, point, source))
            results[node.name] = configs[node.name].types["result"]
        return {name: config for name, config in configs.items() if config is not self.base.layers[name]}

    def _config(self, node: Node, point: Point, source: Fixed | None) -> LayerConfig:
        """Put a layer's configuration together; the base's own where nothing changes."""
        old = self.base.layers[node.name]
        chosen: dict[str, dict[str, Any]] = {}
        for index in self._own_axes.get(node.name, ()):
            axis = self.axes[index]
            chosen.setdefault(axis.key, {})[axis.part] = axis.choices[point[index]]
        types = dict(old.types)
        for key, parts in chosen.items():
            if key in types:
                types[key] = self._type(node, key, types[key], parts)
        if source is not None:
            self._follow(node, types, source, chosen)
        config = follow_mode(node, old, replace(old, types=types, **_chosen_knobs(node, old, chosen)), chosen)
        return old if config == old else config

    def _type(self, node: Node, key: str, old: Fixed, parts: Mapping[str, Any]) -> Fixed:
        """Put a type together; what no axis says comes from the values or stays as in the base."""
        if "type" in parts:
            chosen: Fixed = parts["type"]
            return chosen
        given = parts.get("signed", old.signed)
        signed = not is_never_negative(node) if given == "auto" else bool(given)
        width = parts.get("width", old.width)
        modes = parts.get("rounding", old.rounding), parts.get("overflow", old.overflow)
        type_ = Fixed(width, 0, signed, *modes)
        integer = parts.get("integer", "auto" if "width" in parts else old.integer)
        if isinstance(integer, str):
            needed = self._needed_bits(node, key, old, type_)
            integer = needed + int(integer.removeprefix("auto") or 0)
        try:
            return Fixed(width, integer, signed, *modes)
        except ConfigError as error:
            raise ConfigError(f"layer {node.name!r}, {key}: {error}") from None

    def _needed_bits(self, node: Node, key: str, old: Fixed, type_: Fixed) -> int:
        """Integer bits that hold all values of a tensor."""
        arrays = weights(node.op)
        if key in arrays:
            low, high = _span(arrays[key])
        elif key == "result" and node.name in self.ranges:
            low, high = self.ranges[node.name]
        else:
            return old.integer + (old.signed < type_.signed) - (old.signed > type_.signed)
        integer = max(signed_integer_bits(low, high) - (not type_.signed), -MAX_SHIFT)
        if key in arrays and _rounds_over(type_, integer, high):
            integer += 1
        return integer

    def _follow(
        self, node: Node, types: dict[str, Fixed], source: Fixed, chosen: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Let types that nobody chose follow the ones that changed."""
        old = self.base.layers[node.name].types
        old_source = self.base.result_type(node.inputs[0])
        if isinstance(node.op, Pool):
            _follow_pool(node, types, source, old, old_source, chosen)
            return
        if not isinstance(node.op, Dense | Conv | DepthwiseConv):
            return
        if "accum" not in chosen and old["accum"] == _exact_accum(node, old["weight"], old.get("bias"), old_source):
            types["accum"] = _exact_accum(node, types["weight"], types.get("bias"), source)
        if "result" in chosen or not is_intermediate(self.base.graph, node):
            return
        reader = self.base.graph.consumers(node.name)[0].name
        chooses_result = any(self.axes[index].key == "result" for index in self._own_axes.get(reader, ()))
        if old["result"] == old["accum"] or chooses_result:
            types["result"] = types["accum"]


KEPT_CONFIGS = 1 << 14
"""Configurations of layers that a bound space keeps."""
MAX_SHIFT = 64
"""Fewest integer bits that `auto` gives, for tensors of nothing but zeros."""


def _follow_pool(
    node: Node,
    types: dict[str, Fixed],
    source: Fixed,
    old: Mapping[str, Fixed],
    old_source: Fixed,
    chosen: Mapping[str, Any],
) -> None:
    op = node.op
    if not isinstance(op, Pool):
        return
    for spare in (0, AVERAGE_BITS):
        if "accum" not in chosen and old["accum"] == pool_accum(op, old_source, spare):
            types["accum"] = pool_accum(op, source, spare)
    if "result" not in chosen and old["result"] == old_source:
        types["result"] = source


def _chosen_knobs(node: Node, old: LayerConfig, chosen: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    values = {key: parts["value"] for key, parts in chosen.items() if "value" in parts and key in knobs(node)}
    if "reuse" in values:
        values["reuse"] = nearest_reuse(node, values["reuse"])
    if "parallel" in values:
        values["parallel"] = _nearest_parallel(node, values["parallel"])
    strategy = values.get("strategy", "auto" if "reuse" in values else old.strategy)
    if strategy == "auto":
        strategy = Strategy.RESOURCE if values.get("reuse", old.reuse) > 1 else old.strategy
    if "strategy" in knobs(node):
        values["strategy"] = Strategy(strategy)
    return values


def _nearest_parallel(node: Node, parallel: int) -> int:
    positions = node.num_elements // node.shape[-1] if len(node.shape) > 1 else 1
    divisors = [value for value in range(1, positions + 1) if positions % value == 0]
    return min(divisors, key=lambda value: (max(value / parallel, parallel / value), value))


def _rounds_over(type_: Fixed, integer: int, high: float) -> bool:
    """Whether rounding up lifts the largest value out of a wrapping type's range."""
    if type_.overflow is not Overflow.WRAP:
        return False
    fraction = type_.width - integer
    return bool(np.floor(np.ldexp(high, fraction) + 0.5) > type_.max_raw)


def _span(values: RealArray) -> tuple[float, float]:
    return float(values.min(initial=0.0)), float(values.max(initial=0.0))


@lru_cache(maxsize=8192)
def _exact_accum(node: Node, weight: Fixed, bias: Fixed | None, source: Fixed) -> Fixed:
    return accum_type(node, weight, bias, source)
