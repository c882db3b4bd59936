"""Types and knobs of one layer, and which of them each op has."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from hlsexplore.defaults.tables import softmax_types
from hlsexplore.element_types import ElementTypes, quantize_elements
from hlsexplore.errors import ConfigError, quoted, unknown_name
from hlsexplore.fixed import Fixed, RealArray, least_type, to_real
from hlsexplore.graph import Node
from hlsexplore.masks import Mask, Pattern, Pruning, can_prune, check_masks, patterns_of
from hlsexplore.op_facts import element_types, matmul_shape, weight_types
from hlsexplore.ops import Input, Op, Softmax, tensor_keys, weights
from hlsexplore.reuse import check_reuse


class Strategy(StrEnum):
    """How a matrix product is laid out: constants in the logic, or multipliers fed from memories."""

    LATENCY = "latency"
    RESOURCE = "resource"


class Multiplier(StrEnum):
    """What the multipliers of a matrix product are made of."""

    AUTO = "auto"
    DSP = "dsp"
    LUT = "lut"
    MIXED = "mixed"


class SoftmaxMode(StrEnum):
    """Algorithms of softmax (docs/ir.md, section Softmax)."""

    STABLE = "stable"
    LATENCY = "latency"
    ARGMAX = "argmax"


Change = Fixed | str | float | Mask | Mapping[str, Mask | str]
"""What one key of a layer can be set to: a type, a word, a number, or masks of its weights by tensor key."""


class Granularity(StrEnum):
    """What has a type of its own in a tensor whose model gives a type to each element."""

    ELEMENT = "element"
    UNIFORM = "uniform"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerConfig:
    """Types and knobs of one layer.

    Attributes:
        types: A `Fixed` for each of the op's tensor keys.
        reuse: Multiplications that share one multiplier.
        strategy: Layout of the matrix product.
        table_size: Entries of lookup tables, a power of two.
        multiplier: What multipliers are made of: as the flow chooses, DSP blocks, LUTs, or as many DSP blocks as
            `dsp_budget` allows and LUTs beyond.
        dsp_budget: Most DSP blocks of the layer where `multiplier` is mixed.
        softmax: Algorithm of a softmax layer.
        exp_integer: Most integer bits of the distance from the largest logit that the exponential table of a stable
            softmax covers; those of the logits where these have fewer.
        parallel: Positions of a convolution computed at once.
        granularity: Whether each element keeps the model's type, or all are cast to `result` (weights: to `weight`).
        trim: Fraction bits that the own type of each element, or of each weight, loses.
        density: Share of the weights that is kept; the smallest ones are 0.
        pattern: What is dropped as a whole.
        masks: Which weights are kept, by tensor key, before `density` drops more; all where a key is missing.
    """

    types: Mapping[str, Fixed] = field(default_factory=dict)
    reuse: int = 1
    strategy: Strategy = Strategy.LATENCY
    table_size: int = 1024
    multiplier: Multiplier = Multiplier.AUTO
    dsp_budget: int = 0
    softmax: SoftmaxMode = SoftmaxMode.STABLE
    exp_integer: int = 64
    parallel: int = 1
    granularity: Granularity = Granularity.ELEMENT
    trim: int = 0
    density: float = 1.0
    pattern: Pattern = Pattern.WEIGHTS
    masks: Mapping[str, Mask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Normalise plain strings to words and numpy's integers to Python's.

        Raises:
            ConfigError: If a strategy or an algorithm is unknown.
        """
        for name in ("reuse", "table_size", "exp_integer", "parallel", "trim", "dsp_budget"):
            value = getattr(self, name)
            if isinstance(value, np.integer):
                object.__setattr__(self, name, int(value))
        if isinstance(self.density, int | float | np.number) and not isinstance(self.density, bool):
            object.__setattr__(self, "density", float(self.density))
        words = (
            ("strategy", Strategy),
            ("multiplier", Multiplier),
            ("softmax", SoftmaxMode),
            ("granularity", Granularity),
            ("pattern", Pattern),
        )
        for name, kind in words:
            try:
                object.__setattr__(self, name, kind(getattr(self, name)))
            except ValueError:
                valid = ", ".join(repr(item.value) for item in kind)
                raise ConfigError(f"unknown {name} {quoted(getattr(self, name))}. Valid values: {valid}.") from None


KNOBS = (
    "reuse",
    "strategy",
    "multiplier",
    "dsp_budget",
    "table_size",
    "softmax",
    "exp_integer",
    "parallel",
    "granularity",
    "trim",
    "density",
    "pattern",
)
PRUNING = ("density", "pattern", "mask")
"""Keys that a layer's plain data has only where weights are dropped."""
CHOSEN = ("multiplier", "dsp_budget")
"""Knobs that a layer's plain data has only where they are not the default."""
MAX_EXP_INTEGER = 64
MAX_TABLE_SIZE = 1 << 18
MAX_TRIM = 64


def knobs(node: Node) -> tuple[str, ...]:
    """Knobs that a node has besides its types.

    Examples:
        >>> from hlsexplore.ops import Softmax
        >>> knobs(Node(name="s", op=Softmax(), inputs=("x",), shape=(5,)))
        ('table_size', 'softmax', 'exp_integer')
    """
    found: list[str] = []
    if matmul_shape(node.op) is not None:
        found += ["reuse", "strategy", "multiplier", "dsp_budget", "density", "pattern"]
        if node.kind.startswith(("conv", "depthwise_conv")):
            found.append("parallel")
    if isinstance(node.op, Softmax) or "table" in tensor_keys(node.op):
        found.append("table_size")
    if isinstance(node.op, Softmax):
        found += ["softmax", "exp_integer"]
    if element_types(node.op) is not None or weight_types(node.op) is not None:
        found += ["granularity", "trim"]
    return tuple(found)


def own_types(node: Node, config: LayerConfig) -> ElementTypes | None:
    """Return the types to which a layer casts single elements, or None where all are cast to `result` alone."""
    types = element_types(node.op)
    return None if types is None or config.granularity is Granularity.UNIFORM else types.trimmed(config.trim)


def own_weight_types(op: Op, config: LayerConfig) -> ElementTypes | None:
    """Return the types that single weights have, or None where all are cast to `weight` alone."""
    types = weight_types(op)
    return None if types is None or config.granularity is Granularity.UNIFORM else types.trimmed(config.trim)


def trimmed_kernel(op: Op, config: LayerConfig) -> RealArray | None:
    """Return a kernel whose weights have lost fraction bits, or None where they keep all that the model gave them."""
    types, kernel = own_weight_types(op, config), weights(op).get("weight")
    if types is None or kernel is None or config.trim == 0:
        return None
    return to_real(quantize_elements(kernel[None], types)[0], types.hull())


def layer_dict(node: Node, config: LayerConfig) -> dict[str, Any]:
    """Return a layer's configuration as plain data, in the form that `with_layer` accepts."""
    types: dict[str, Any] = {key: str(config.types[key]) for key in tensor_keys(node.op)}
    for key in knobs(node):
        value = getattr(config, key)
        if key in CHOSEN and value == LayerConfig.__dataclass_fields__[key].default:
            continue
        if key not in PRUNING:
            types[key] = value if isinstance(value, int) else str(value)
    if config.density < 1:
        types["density"] = config.density
    if config.pattern is not Pattern.WEIGHTS:
        types["pattern"] = str(config.pattern)
    if config.masks:
        types["mask"] = {key: mask.text for key, mask in sorted(config.masks.items())}
    return types


def pruning_of(config: LayerConfig) -> Pruning | None:
    """Return what of a layer's weights is dropped, or None where all are kept; equal ones drop the same."""
    if config.density >= 1 and not config.masks:
        return None
    masks = tuple(sorted(config.masks.items(), key=lambda item: item[0]))
    if config.density >= 1:
        return Pruning(masks=masks)
    if config.pattern in (Pattern.WEIGHTS, Pattern.NEURONS):
        return Pruning(density=config.density, pattern=config.pattern, masks=masks)
    return Pruning(
        density=config.density,
        pattern=config.pattern,
        masks=masks,
        reuse=config.reuse,
        interleaved=config.strategy is Strategy.RESOURCE,
        width=config.types["weight"].width if config.pattern is Pattern.WORDS else 0,
    )


def changed_config(node: Node, config: LayerConfig, changes: Mapping[str, Any]) -> LayerConfig:
    """Return a layer's configuration with changes applied.

    Raises:
        ConfigError: If a key or value is not valid for the layer.
    """
    types = dict(config.types)
    values: dict[str, Any] = {}
    valid = valid_keys(node)
    for key, value in changes.items():
        if key not in valid:
            raise ConfigError(f"layer {node.name!r}: {unknown_name('key', key, valid, f'A {node.kind} layer')}")
        if key in KNOBS:
            values[key] = value
            continue
        if key == "mask":
            values["masks"] = _masks(node, value)
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


def valid_keys(node: Node) -> tuple[str, ...]:
    """Keys that `with_layer` takes for a node: its types, its knobs, and `mask` where it has weights to drop."""
    return (*tensor_keys(node.op), *knobs(node), *(("mask",) if can_prune(node.op) else ()))


def _masks(node: Node, value: Any) -> dict[str, Mask]:
    """Return masks by tensor key: one alone is that of the weights, None drops all masks."""
    given = value if isinstance(value, Mapping) else {} if value is None else {"weight": value}
    try:
        masks = {str(key): Mask.parse(item) for key, item in given.items()}
        check_masks(node.op, masks)
    except ConfigError as error:
        raise ConfigError(f"layer {node.name!r}: {error}") from None
    return {key: mask for key, mask in masks.items() if not mask.kept.all()}


def follow_mode(node: Node, before: LayerConfig, after: LayerConfig, named: Collection[str]) -> LayerConfig:
    """Return a configuration in which types follow a change of a softmax's algorithm, or of its elements' types.

    A type follows as long as it is the default one of what was before; what the change names stays as it says.

    Args:
        node: The layer.
        before: Its configuration before the change.
        after: Its configuration with the change.
        named: Keys that the change sets.
    """
    if all(getattr(after, knob) == getattr(before, knob) for knob in ("softmax", "granularity", "trim")):
        return after
    old, new = _following(node, before), _following(node, after)
    following = {key: type_ for key, type_ in new.items() if key not in named and after.types.get(key) == old.get(key)}
    return replace(after, types={**after.types, **following}) if following else after


def _following(node: Node, config: LayerConfig) -> Mapping[str, Fixed]:
    """Return the default types that depend on knobs."""
    if isinstance(node.op, Softmax):
        return softmax_types(node.shape[-1], config.softmax is not SoftmaxMode.LATENCY)
    if weight_types(node.op) is not None:
        kernel = trimmed_kernel(node.op, config)
        return (
            {key: type_ for key, type_ in node.types.items() if key == "weight"}
            if kernel is None
            else {"weight": least_type(kernel)}
        )
    own = own_types(node, config)
    return {} if own is None else {"result": own.hull()}


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
    _check_pruning(node, config)
    size = config.table_size
    if isinstance(size, bool) or not isinstance(size, int) or not 2 <= size <= MAX_TABLE_SIZE or size & (size - 1):
        raise ConfigError(
            f"layer {node.name!r}: table_size must be a power of two from 2 to {MAX_TABLE_SIZE}, not {quoted(size)}."
        )
    for name, most in (("exp_integer", MAX_EXP_INTEGER), ("trim", MAX_TRIM)):
        bits = getattr(config, name)
        if isinstance(bits, bool) or not isinstance(bits, int) or not 0 <= bits <= most:
            raise ConfigError(
                f"layer {node.name!r}: {name} must be a number of bits from 0 to {most}, not {quoted(bits)}."
            )
    if isinstance(config.dsp_budget, bool) or not isinstance(config.dsp_budget, int) or config.dsp_budget < 0:
        raise ConfigError(
            f"layer {node.name!r}: dsp_budget must be a number of DSP blocks, 0 or more, "
            f"not {quoted(config.dsp_budget)}."
        )
    positions = 1 if isinstance(node.op, Input) or len(node.shape) < 2 else node.num_elements // node.shape[-1]
    parallel = config.parallel
    if isinstance(parallel, bool) or not isinstance(parallel, int) or parallel < 1 or positions % parallel:
        raise ConfigError(
            f"layer {node.name!r}: parallel must divide the {positions} positions of this layer, "
            f"not {quoted(parallel)}."
        )


def _check_pruning(node: Node, config: LayerConfig) -> None:
    """Check which weights a layer keeps.

    Raises:
        ConfigError: If the share is out of range, or the layer cannot be pruned like that.
    """
    density = config.density
    if not isinstance(density, float) or not 0 < density <= 1:
        raise ConfigError(f"layer {node.name!r}: density must be above 0 and at most 1, not {quoted(density)}.")
    if not can_prune(node.op):
        if density < 1 or config.masks:
            raise ConfigError(f"layer {node.name!r}: a {node.kind} layer has no matrix of weights to prune.")
        return
    if config.pattern not in (valid := patterns_of(node.op)):
        names = ", ".join(repr(item.value) for item in valid)
        raise ConfigError(
            f"layer {node.name!r}: a {node.kind} layer cannot be pruned by {config.pattern.value!r}. Valid: {names}."
        )
    try:
        check_masks(node.op, config.masks)
    except ConfigError as error:
        raise ConfigError(f"layer {node.name!r}: {error}") from None
