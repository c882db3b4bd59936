"""A design point: a graph, a target, and the types and knobs of every layer."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hlsexplore.defaults.layers import default_layers
from hlsexplore.errors import ConfigError, quoted, unknown_name
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node, check_graph
from hlsexplore.layer_config import PRUNING, Change, LayerConfig, changed_config, check_layer, knobs, layer_dict
from hlsexplore.ops import MOVES, tensor_keys
from hlsexplore.reference.observe import observe
from hlsexplore.reference.samples import Inputs
from hlsexplore.support.yaml_file import read_yaml, write_yaml
from hlsexplore.target import Target

FORMAT = 1
"""Format of a design file."""
logger = logging.getLogger(__name__)


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
            check_layer(node, self.layers[node.name])
        text = json.dumps([self.graph.digest, self.to_dict()], sort_keys=True)
        object.__setattr__(self, "key", hashlib.sha256(text.encode()).hexdigest())

    @classmethod
    def default(
        cls,
        graph: Graph,
        target: Target | None = None,
        type: Fixed | str = "fixed<16,6>",
        data: Inputs | None = None,
    ) -> "Design":
        """Make a safe first design: the model's own quantizers where it has them, else types that fit its values.

        Args:
            graph: The network.
            target: Where it shall run; `Target()` when None.
            type: Type of inputs that the model does not prescribe; its width is the usual one of weights and results,
                which get more bits where values need them (docs/defaults.md).
            data: Real inputs as for `emulate`: types hold what they cause, with a bit to spare, the inputs' types too.
                Without data inputs may be anything that their type holds.

        Returns:
            A design with reuse 1 and the latency strategy; accumulators are wide enough for every input.

        Raises:
            ConfigError: If graph or target is something else.
            DataError: If the data does not fit the network, or there is none of it.
        """
        check_graph(graph)
        if target is not None and not isinstance(target, Target):
            raise ConfigError(f"a target is needed, not {quoted(target)}. Write Target(part=..., clock_ns=...).")
        seen = None if data is None else observe(graph, data)
        return cls(graph=graph, target=target or Target(), layers=default_layers(graph, Fixed.parse(type), seen))

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

    def with_layer(self, name: str, **changes: Change) -> "Design":
        """Return a design with some types or knobs of one layer changed.

        Args:
            name: Layer.
            **changes: Tensor keys with a type, knobs with their value, or `mask` with the weights to keep.

        Raises:
            ConfigError: If the layer, a key or a value is not valid; says which are.
        """
        node = self.graph[name]
        config = changed_config(node, self.layers[name], changes)
        return replace_layers(self, {name: config})

    def with_layers(self, changes: Mapping[str, Mapping[str, Change]]) -> "Design":
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
        data = {
            "hlsexplore": FORMAT,
            "model": {"name": self.graph.name, "digest": self.graph.digest},
            **self.to_dict(),
        }
        write_yaml(Path(path), data)

    @classmethod
    def load(cls, path: str | Path, graph: Graph) -> "Design":
        """Read a design that `save` wrote; layers and keys that the file leaves out get their defaults.

        Args:
            path: File to read.
            graph: The network that it configures.

        Raises:
            ConfigError: If the file is unreadable or has an unknown key, layer or value.
        """
        check_graph(graph)
        data = read_yaml(Path(path))
        try:
            return design_from_dict(data, graph)
        except ConfigError as error:
            raise ConfigError(f"{Path(path).name}: {error}") from None


def check_design(value: object) -> None:
    """Check that what stands for a design is one.

    Raises:
        ConfigError: If it is something else; it says how a design is made of that.
    """
    if not isinstance(value, Design):
        ways = "Design.default(graph) makes one of a network, Design.load(path, graph) opens a file"
        raise ConfigError(f"a design is needed, not {quoted(value)}. {ways}.")


def replace_layers(design: Design, configs: Mapping[str, LayerConfig]) -> Design:
    """Return a design with the configurations of some layers replaced."""
    return Design(graph=design.graph, target=design.target, layers={**design.layers, **configs})


def design_from_dict(data: dict[str, Any], graph: Graph) -> Design:
    """Build a design from the plain data of a design file.

    Raises:
        ConfigError: If a key, layer or value is not valid.
    """
    valid = ("hlsexplore", "model", "target", "layers")
    for key in data:
        if key not in valid:
            raise ConfigError(unknown_name("key", key, valid, "A design file"))
    if data.get("hlsexplore", FORMAT) != FORMAT:
        raise ConfigError(f"this design file has format {quoted(data['hlsexplore'])}; this version reads {FORMAT}.")
    digest = _mapping(data, "model").get("digest")
    if digest is not None and digest != graph.digest:
        logger.warning("the design was saved for other weights or another model than %r", graph.name)
    target = _mapping(data, "target")
    for key in target:
        if key not in Target.__slots__:
            raise ConfigError(unknown_name("key", key, Target.__slots__, "A target"))
    layers = _mapping(data, "layers")
    for name, changes in layers.items():
        if not isinstance(changes, dict):
            raise ConfigError(f"layer {quoted(name)}: expected keys with values, not {quoted(changes)}.")
    if all(_is_complete(node, layers.get(node.name)) for node in graph):
        configs = {node.name: changed_config(node, LayerConfig(), layers[node.name]) for node in graph}
        return Design(graph=graph, target=Target(**target), layers=configs)
    return Design.default(graph, Target(**target)).with_layers(layers)


def _is_complete(node: Node, changes: Mapping[str, Any] | None) -> bool:
    """Whether nothing of a layer is left to the defaults, which take longer than the rest."""
    return changes is not None and set(changes).union(PRUNING) == {*tensor_keys(node.op), *knobs(node), *PRUNING}


def _mapping(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(f"{key!r} must hold keys with values, not {quoted(value)}.")
    return value
