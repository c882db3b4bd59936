"""The graph of an hls4ml project, node by node, and the knobs that its calls set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np

from hlsexplore.errors import ModelError
from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.graph import Node, Shape
from hlsexplore.importers.hls4ml.network import FunctionCall, Network
from hlsexplore.ops import Input, Op, Reshape

Knobs = dict[str, str | int]


@dataclass(slots=True, kw_only=True)
class Build:
    """Collects nodes while the calls of a project are read; mutable for that time only.

    Attributes:
        network: The project.
        nodes: Nodes so far.
        tensors: Variable of the C++ -> node that gives it.
        knobs: Reuse, strategy, table sizes and the like of each node.
        notes: Where the C++ computes something else than our op does.
    """

    network: Network
    nodes: dict[str, Node] = field(default_factory=dict)
    tensors: dict[str, str] = field(default_factory=dict)
    knobs: dict[str, Knobs] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def unique(self, name: str) -> str:
        """Return a name that no node has yet."""
        found, count = name, 1
        while found in self.nodes:
            count += 1
            found = f"{name}_{count}"
        return found

    def shape(self, variable: str) -> Shape:
        """Return the shape of a variable."""
        return self.nodes[self.tensors[variable]].shape

    def add(self, node: Node, variable: str) -> None:
        """Append a node that gives a variable."""
        self.nodes[node.name] = node
        self.tensors[variable] = node.name

    def read(self, variable: str, shape: Shape | None = None) -> str:
        """Return the node that gives a variable, reshaped where a layer wants another shape.

        Args:
            variable: Variable of the C++.
            shape: Shape that the layer asks for; None takes it as it is.

        Raises:
            ModelError: If nothing gives the variable, or it has another number of elements.
        """
        if variable not in self.tensors:
            self._rename(variable)
        node = self.nodes[self.tensors[variable]]
        if shape is None or node.shape == shape:
            return node.name
        if self._takes_shape(node, shape):
            self.nodes[node.name] = Node(name=node.name, op=node.op, inputs=(), shape=shape, types=node.types)
            return node.name
        if prod(node.shape) != prod(shape):
            raise ModelError(f"{variable!r} has the shape {node.shape}, but the layer that reads it asks for {shape}.")
        self._reshape(variable, node, shape, variable.removesuffix("_out"))
        return self.tensors[variable]

    def _rename(self, variable: str) -> None:
        """Follow `auto& b = a;`: the same elements, in a new shape where that is known."""
        if variable not in self.network.aliases:
            raise ModelError(
                f"no layer gives {variable!r}. hls4ml leaves out what its back end lacks, or the project was edited; "
                "give the trained model instead."
            )
        source, shape = self.network.aliases[variable]
        node = self.nodes[self.read(source)]
        self.tensors[variable] = node.name
        if shape and shape != node.shape:
            self._reshape(variable, node, shape, variable.removesuffix("_out"))

    def _takes_shape(self, node: Node, shape: Shape) -> bool:
        """Whether an input, of which the C++ gives at most the size, has the shape that its first reader asks for."""
        if not isinstance(node.op, Input) or any(node.name in other.inputs for other in self.nodes.values()):
            return False
        return not node.shape or (len(node.shape) == 1 and prod(node.shape) == prod(shape))

    def _reshape(self, variable: str, source: Node, shape: Shape, name: str) -> None:
        self.add(Node(name=self.unique(name), op=Reshape(), inputs=(source.name,), shape=shape), variable)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStep:
    """A call that is being read, with what its converter may ask.

    Attributes:
        call: The call.
        build: The nodes before it.
    """

    call: FunctionCall
    build: Build

    def number(self, key: str, default: int | None = None) -> int:
        """Return a whole number of the layer's configuration.

        Raises:
            ModelError: If it is missing and there is no default.
        """
        text = self.call.config.get(key, "")
        if text.lstrip("-").isdigit():
            return int(text)
        if default is None:
            raise ModelError(f"its configuration has no {key!r} that can be read.")
        return default

    def word(self, key: str) -> str:
        """Return a value without its namespace; "" if it is missing."""
        return self.call.config.get(key, "").rpartition("::")[2]

    def type(self, name: str | None) -> Fixed | None:
        """Return a type by its name in the C++."""
        return self.build.network.type(name)

    def types(self, **names: str) -> dict[str, Fixed]:
        """Return types by tensor key, from the names of the configuration's types; missing ones are left out."""
        found = {key: self.type(self.call.config.get(name)) for key, name in names.items()}
        return {key: type_ for key, type_ in found.items() if type_ is not None}

    @property
    def result(self) -> dict[str, Fixed]:
        """The type of the output, by its key."""
        type_ = self.type(self.call.result_type)
        return {} if type_ is None else {"result": type_}

    def array(self, index: int, size: int, what: str) -> RealArray:
        """Return the numbers of a weight array, flat.

        Args:
            index: Which argument of the call.
            size: Numbers that it must have.
            what: Name for the message.

        Raises:
            ModelError: If it is missing or has another size.
        """
        name = self.call.arguments[index] if index < len(self.call.arguments) else ""
        values = self.build.network.arrays(name)
        if values is None:
            raise ModelError(f"the numbers of {what} ({name or 'none'}) are not in the project.")
        if values.size != size:
            raise ModelError(f"{what} ({name}) has {values.size} numbers, but the layer needs {size}.")
        return np.asarray(values, dtype=np.float64)

    def add(
        self, op: Op, shape: Shape, inputs: tuple[str, ...], output: str, types: Mapping[str, Fixed], **knobs: str | int
    ) -> None:
        """Append the layer's node; knobs are kept for the design."""
        name = self.build.unique(self.call.layer)
        source = f"{self.call.layer} ({self.call.function})"
        node = Node(name=name, op=op, inputs=inputs, shape=shape, types=dict(types), source=source)
        self.build.add(node, output)
        self.build.knobs[name] = dict(knobs)
