"""Types and knobs of one layer, and which of them each op has."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from hlsexplore.defaults.tables import softmax_types
from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node
from hlsexplore.ops import Input, Softmax, matmul_shape, tensor_keys
from hlsexplore.reuse import check_reuse


class Strategy(StrEnum):
    """How a matrix product is laid out: constants in the logic, or multipliers fed from memories."""

    LATENCY = "latency"
    RESOURCE = "resource"


class SoftmaxMode(StrEnum):
    """Algorithms of softmax (docs/ir.md, section Softmax)."""

    STABLE = "stable"
    LATENCY = "latency"
    ARGMAX = "argmax"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerConfig:
    """Types and knobs of one layer.

    Attributes:
        types: A `Fixed` for each of the op's tensor keys.
        reuse: Multiplications that share one multiplier.
        strategy: Layout of the matrix product.
        table_size: Entries of lookup tables, a power of two.
        softmax: Algorithm of a softmax layer.
        parallel: Positions of a convolution computed at once.
    """

    types: Mapping[str, Fixed] = field(default_factory=dict)
    reuse: int = 1
    strategy: Strategy = Strategy.LATENCY
    table_size: int = 1024
    softmax: SoftmaxMode = SoftmaxMode.STABLE
    parallel: int = 1

    def __post_init__(self) -> None:
        """Normalise plain strings to words and numpy's integers to Python's.

        Raises:
            ConfigError: If a strategy or an algorithm is unknown.
        """
        for name in ("reuse", "table_size", "parallel"):
            value = getattr(self, name)
            if isinstance(value, np.integer):
                object.__setattr__(self, name, int(value))
        for name, kind in (("strategy", Strategy), ("softmax", SoftmaxMode)):
            try:
                object.__setattr__(self, name, kind(getattr(self, name)))
            except ValueError:
                valid = ", ".join(repr(item.value) for item in kind)
                raise ConfigError(f"unknown {name} {getattr(self, name)!r}. Valid values: {valid}.") from None


KNOBS = ("reuse", "strategy", "table_size", "softmax", "parallel")
MAX_TABLE_SIZE = 1 << 18


def knobs(node: Node) -> tuple[str, ...]:
    """Knobs that a node has besides its types.

    Examples:
        >>> from hlsexplore.ops import Softmax
        >>> knobs(Node(name="s", op=Softmax(), inputs=("x",), shape=(5,)))
        ('table_size', 'softmax')
    """
    found: list[str] = []
    if matmul_shape(node.op) is not None:
        found += ["reuse", "strategy"]
        if node.kind.startswith(("conv", "depthwise_conv")):
            found.append("parallel")
    if isinstance(node.op, Softmax) or "table" in tensor_keys(node.op):
        found.append("table_size")
    if isinstance(node.op, Softmax):
        found.append("softmax")
    return tuple(found)


def layer_dict(node: Node, config: LayerConfig) -> dict[str, str | int]:
    """Return a layer's configuration as plain data, in the form that `with_layer` accepts."""
    types: dict[str, str | int] = {key: str(config.types[key]) for key in tensor_keys(node.op)}
    for key in knobs(node):
        value = getattr(config, key)
        types[key] = value if isinstance(value, int) else str(value)
    return types


def changed_config(node: Node, config: LayerConfig, changes: Mapping[str, Any]) -> LayerConfig:
    """Return a layer's configuration with changes applied.

    Raises:
        ConfigError: If a key or value is not valid for the layer.
    """
    types = dict(config.types)
    values: dict[str, Any] = {}
    valid = (*tensor_keys(node.op), *knobs(node))
    for key, value in changes.items():
        if key not in valid:
            raise ConfigError(f"layer {node.name!r}: {unknown_name('key', key, valid, f'A {node.kind} layer')}")
        if key in KNOBS:
            values[key] = value
            continue
        try:
            types[key] = Fixed.parse(value)
        except ConfigError as error:
            raise ConfigError(f"layer {node.name!r}, {key}: {error}") from None
    try:
        changed = follow_mode(node, config, replace(config, types=types, **values), changes)
    except ConfigError as error:
        raise ConfigError(f"layer {node.name!r}: {error}") from None
    check_layer(node, changed)
    return changed


def follow_mode(node: Node, before: LayerConfig, after: LayerConfig, named: Collection[str]) -> LayerConfig:
    """Return a configuration in which the types of a softmax follow a change of its algorithm.

    A type follows as long as it is the default one of the algorithm that was; what the change names stays as it says.

    Args:
        node: The layer.
        before: Its configuration before the change.
        after: Its configuration with the change.
        named: Keys that the change sets.
    """
    if after.softmax is before.softmax or not isinstance(node.op, Softmax):
        return after
    old, new = (
        softmax_types(node.shape[-1], item is not SoftmaxMode.LATENCY) for item in (before.softmax, after.softmax)
    )
    following = {key: type_ for key, type_ in new.items() if key not in named and after.types.get(key) == old[key]}
    return replace(after, types={**after.types, **following})


def check_layer(node: Node, config: LayerConfig) -> None:
    """Check one layer's configuration.

    Raises:
        ConfigError: If a type is missing or unknown, or a knob has no valid value.
    """
    keys = tensor_keys(node.op)
    for key in config.types:
        if key not in keys:
            raise ConfigError(f"layer {node.name!r}: {unknown_name('key', key, keys, f'A {node.kind} layer')}")
    for key in keys:
        if not isinstance(config.types.get(key), Fixed):
            raise ConfigError(f"layer {node.name!r}: the type of {key!r} is missing.")
    check_reuse(node, config.reuse)
    size = config.table_size
    if isinstance(size, bool) or not isinstance(size, int) or not 2 <= size <= MAX_TABLE_SIZE or size & (size - 1):
        raise ConfigError(
            f"layer {node.name!r}: table_size must be a power of two from 2 to {MAX_TABLE_SIZE}, not {size!r}."
        )
    positions = 1 if isinstance(node.op, Input) or len(node.shape) < 2 else node.num_elements // node.shape[-1]
    parallel = config.parallel
    if isinstance(parallel, bool) or not isinstance(parallel, int) or parallel < 1 or positions % parallel:
        raise ConfigError(
            f"layer {node.name!r}: parallel must divide the {positions} positions of this layer, not {parallel!r}."
        )
