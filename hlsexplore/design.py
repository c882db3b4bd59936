"""A design point: a graph, a target, and the types and knobs of every layer."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import MOVES, Input, Softmax, matmul_shape, tensor_keys
from hlsexplore.reuse import check_reuse
from hlsexplore.table_defaults import softmax_types
from hlsexplore.target import Target


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """A complete design point. A `Design` is always valid; construction fails otherwise.

    Attributes:
        graph: The network.
        target: Part, clock, interface, tool.
        layers: A configuration for every node, inputs included, by name.
        key: Content hash of all of it; equal designs have equal keys.
    """

    graph: Graph
    target: Target
    layers: Mapping[str, LayerConfig]
    key: str = field(init=False)

    def __post_init__(self) -> None:
        """Check every layer's configuration and compute the key.

        Raises:
            ConfigError: If a layer is unknown or missing, or a type or knob does not fit.
        """
        for name in self.layers:
            self.graph[name]
        for node in self.graph:
            if node.name not in self.layers:
                raise ConfigError(f"layer {node.name!r} has no configuration.")
            _check_layer(node, self.layers[node.name])
        text = json.dumps([self.graph.digest, self.to_dict()], sort_keys=True)
        object.__setattr__(self, "key", hashlib.sha256(text.encode()).hexdigest())

    @classmethod
    def default(cls, graph: Graph, target: Target | None = None, type: Fixed | str = "fixed<16,6>") -> "Design":
        """Make a safe first design: the model's own quantizers where it has them, else types from the weights.

        Args:
            graph: The network.
            target: Where it shall run; `Target()` when None.
            type: Type of inputs and results that the model does not prescribe.

        Returns:
            A design with reuse 1 and the latency strategy; accumulators are wide enough for every input.
        """
        from hlsexplore.defaults import default_layers

        return cls(graph=graph, target=target or Target(), layers=default_layers(graph, Fixed.parse(type)))

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return isinstance(other, Design) and self.key == other.key

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self.key)

    def __repr__(self) -> str:
        """Summarise the design in one line."""
        return f"<Design {self.key[:12]} of {self.graph.name!r} for {self.target.part} at {self.target.clock_ns:g} ns>"

    def type(self, name: str, key: str) -> Fixed:
        """Return the type of a layer's tensor.

        Args:
            name: Layer.
            key: Tensor key; `result` also works for layers that only move elements.
        """
        if key == "result":
            return self.result_type(name)
        node = self.graph[name]
        if key not in tensor_keys(node.op):
            raise ConfigError(
                f"layer {name!r}: {unknown_name('key', key, tensor_keys(node.op), f'A {node.kind} layer')}"
            )
        return self.layers[name].types[key]

    def result_type(self, name: str) -> Fixed:
        """Return the type of a layer's output; layers that only move elements pass their input's on."""
        node = self.graph[name]
        while isinstance(node.op, MOVES):
            node = self.graph[node.inputs[0]]
        return self.layers[node.name].types["result"]

    def input_types(self, name: str) -> tuple[Fixed, ...]:
        """Return the types of the tensors that a layer reads."""
        return tuple(self.result_type(source) for source in self.graph[name].inputs)

    def with_layer(self, name: str, **changes: Fixed | str | int) -> "Design":
        """Return a design with some types or knobs of one layer changed.

        Args:
            name: Layer.
            **changes: Tensor keys with a type, or knobs with their value.

        Raises:
            ConfigError: If the layer, a key or a value is not valid; says which are.
        """
        node = self.graph[name]
        config = changed_config(node, self.layers[name], changes)
        return replace_layers(self, {name: config})

    def with_layers(self, changes: Mapping[str, Mapping[str, Fixed | str | int]]) -> "Design":
        """Return a design with several layers changed at once; same rules as `with_layer`."""
        configs = {name: changed_config(self.graph[name], self.layers[name], items) for name, items in changes.items()}
        return replace_layers(self, configs)

    def with_input(self, type: Fixed | str, name: str | None = None) -> "Design":
        """Return a design with another input type.

        Args:
            type: The type.
            name: Input to change; all inputs when None.
        """
        names = [node.name for node in self.graph.inputs] if name is None else [name]
        return self.with_layers({item: {"result": type} for item in names})

    def with_target(self, **changes: Any) -> "Design":
        """Return a design for a changed target: `part`, `clock_ns`, `io`, `tool`.

        Raises:
            ConfigError: If a key or value is not valid.
        """
        for key in changes:
            if key not in Target.__slots__:
                raise ConfigError(unknown_name("key", key, Target.__slots__, "A target"))
        return Design(graph=self.graph, target=replace(self.target, **changes), layers=self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Return target and layers as plain data: only the keys and knobs that each layer has."""
        target = self.target
        return {
            "target": {
                "part": target.part,
                "clock_ns": target.clock_ns,
                "io": str(target.io),
                "tool": str(target.tool),
            },
            "layers": {node.name: layer_dict(node, self.layers[node.name]) for node in self.graph},
        }

    def save(self, path: str | Path) -> None:
        """Write the design as YAML, atomically.

        Args:
            path: File to write, such as `design.yaml`.

        Raises:
            ConfigError: If the file cannot be written.
        """
        from hlsexplore.design_file import save_design

        save_design(self, Path(path))

    @classmethod
    def load(cls, path: str | Path, graph: Graph) -> "Design":
        """Read a design that `save` wrote; layers and keys that the file leaves out get their defaults.

        Args:
            path: File to read.
            graph: The network that it configures.

        Raises:
            ConfigError: If the file is unreadable or has an unknown key, layer or value.
        """
        from hlsexplore.design_file import load_design

        return load_design(Path(path), graph)


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
    changed = replace(config, types=types, **values)
    _check_layer(node, changed)
    if changed.softmax is not config.softmax and types == config.types:
        changed = replace(changed, types=_types_of_mode(node, config, changed.softmax))
    return changed


def _types_of_mode(node: Node, config: LayerConfig, mode: SoftmaxMode) -> Mapping[str, Fixed]:
    """Return the types of a softmax in another mode: they follow the mode as long as they are its default ones."""
    before, after = (softmax_types(node.shape[-1], item is not SoftmaxMode.LATENCY) for item in (config.softmax, mode))
    is_default = all(config.types.get(key) == type_ for key, type_ in before.items())
    return {**config.types, **after} if is_default else config.types


def replace_layers(design: Design, configs: Mapping[str, LayerConfig]) -> Design:
    """Return a design with the configurations of some layers replaced."""
    return Design(graph=design.graph, target=design.target, layers={**design.layers, **configs})


def _check_layer(node: Node, config: LayerConfig) -> None:
    keys = tensor_keys(node.op)
    for key in config.types:
        if key not in keys:
            raise ConfigError(f"layer {node.name!r}: {unknown_name('key', key, keys, f'A {node.kind} layer')}")
    for key in keys:
        if not isinstance(config.types.get(key), Fixed):
            raise ConfigError(f"layer {node.name!r}: the type of {key!r} is missing.")
    check_reuse(node, config.reuse)
    for name, kind in (("strategy", Strategy), ("softmax", SoftmaxMode)):
        try:
            object.__setattr__(config, name, kind(getattr(config, name)))
        except ValueError:
            valid = ", ".join(repr(item.value) for item in kind)
            raise ConfigError(
                f"layer {node.name!r}: unknown {name} {getattr(config, name)!r}. Valid values: {valid}."
            ) from None
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
