"""A trained network as a frozen graph of ops: what importers make and every other part reads."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from math import inf, isfinite, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.encoding import AffineUnit
from hlsexplore.errors import ConfigError, ModelError, quoted, unknown_name
from hlsexplore.fixed import Fixed
from hlsexplore.op_facts import element_types, kind, matmul_shape, options, weight_types
from hlsexplore.ops import Activation, Clip, Input, Lookup, Op, weights
from hlsexplore.shapes import check_shapes

Shape = tuple[int, ...]

MAX_ADDRESS_BITS = 18
"""Most bits that address a table of the model."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """One op of a graph.

    Attributes:
        name: Unique in the graph; any text, never used unescaped in generated code.
        op: What it computes, with its float weights.
        inputs: Names of the nodes it reads, in order.
        shape: Output shape without the batch axis.
        types: Types that the model itself prescribes (QKeras quantizers), by tensor key.
        source: Name and class of the layer in the model file, such as `fc1 (QDense)`.
        unit: What its values stand for where a scale stays outside of the hardware, or None for themselves.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    shape: Shape
    types: Mapping[str, Fixed] = field(default_factory=dict)
    source: str = ""
    unit: AffineUnit | None = None

    @property
    def kind(self) -> str:
        """Name of the op, such as `dense` or `relu`."""
        return kind(self.op)

    @property
    def num_elements(self) -> int:
        """Elements of the output."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """A network: nodes in topological order, inputs first. A `Graph` is always valid; construction fails otherwise.

    Attributes:
        name: Name of the model.
        nodes: Every node, each after the ones it reads.
        outputs: Names of the nodes whose results the network returns.
        digest: Content hash of structure and weights; equal for equal networks.
    """

    name: str
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    digest: str = ""
    _by_name: dict[str, Node] = field(init=False, repr=False)
    _readers: dict[str, tuple[Node, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check names, order and weights, and compute the digest.

        Raises:
            ModelError: If a name repeats, an input is missing or late, a weight is not finite, or tensors do not fit.
        """
        by_name: dict[str, Node] = {}
        for node in self.nodes:
            if node.name in by_name:
                raise ModelError(f"the layer name {node.name!r} occurs twice. Give each layer a name of its own.")
            for name in node.inputs:
                if name not in by_name:
                    raise ModelError(f"layer {node.name!r} reads {name!r}, which does not come before it in the graph.")
            shapes = [by_name[name].shape for name in node.inputs]
            _check_numbers(node)
            try:
                check_shapes(node.op, shapes, node.shape)
            except ModelError as error:
                raise ModelError(f"layer {node.name!r}: {error}") from None
            _check_weights(node)
            _check_elements(node)
            by_name[node.name] = node
        for name in self.outputs:
            if name not in by_name:
                raise ModelError(f"the output {name!r} is no layer of the graph.")
            if self.outputs.count(name) > 1:
                raise ModelError(f"the output {name!r} occurs twice. Let the model return each result once.")
        if not self.outputs or not any(isinstance(node.op, Input) for node in self.nodes):
            raise ModelError(f"the model {self.name!r} has no input or no output.")
        readers: dict[str, list[Node]] = {name: [] for name in by_name}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                readers[name].append(node)
        object.__setattr__(self, "_by_name", by_name)
        object.__setattr__(self, "_readers", {name: tuple(nodes) for name, nodes in readers.items()})
        object.__setattr__(self, "digest", _digest(self))

    def __getitem__(self, name: str) -> Node:
        """Return the node of that name.

        Raises:
            ConfigError: If there is none; names the nearest.
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise ConfigError(unknown_name("layer", name, self._by_name, "This graph")) from None

    def __contains__(self, name: object) -> bool:
        """Whether a node of that name exists."""
        return name in self._by_name

    def __iter__(self) -> Iterator[Node]:
        """Iterate over the nodes in topological order."""
        return iter(self.nodes)

    def __repr__(self) -> str:
        """Summarise the graph in one line."""
        return f"<Graph {self.name!r}: {len(self.layers)} layers, {self.num_parameters} parameters>"

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The input nodes, in the model's order."""
        return tuple(node for node in self.nodes if isinstance(node.op, Input))

    @property
    def layers(self) -> tuple[Node, ...]:
        """The nodes that are not inputs."""
        return tuple(node for node in self.nodes if not isinstance(node.op, Input))

    @property
    def input_shape(self) -> Shape:
        """Shape of the only input, without the batch axis.

        Raises:
            ConfigError: If the graph has several inputs.
        """
        if len(self.inputs) != 1:
            raise ConfigError(f"the model has {len(self.inputs)} inputs; ask graph.inputs for each one's shape.")
        return self.inputs[0].shape

    @property
    def output_shape(self) -> Shape:
        """Shape of the first output, without the batch axis."""
        return self[self.outputs[0]].shape

    @property
    def output_spellings(self) -> Mapping[str, str]:
        """Every name that may be said for an output, to the output: its own, and its layer's in the model file.

        A layer with an activation becomes two nodes, of which the second one is the output: `kind` of the model is
        `kind_softmax` of the graph. A layer with several outputs is no name for either.
        """
        layers = [self[name].source.rpartition(" (")[0] for name in self.outputs]
        spelled = {layer: name for layer, name in zip(layers, self.outputs, strict=True) if layers.count(layer) == 1}
        return {name: name for name in self.outputs} | {
            layer: name for layer, name in spelled.items() if layer and layer not in self.outputs
        }

    @property
    def num_parameters(self) -> int:
        """Weights and biases of all layers."""
        return sum(values.size for node in self.nodes for values in weights(node.op).values())

    def consumers(self, name: str) -> tuple[Node, ...]:
        """Nodes that read the result of a node."""
        return self._readers.get(name, ())

    def input_shapes(self, node: Node) -> tuple[Shape, ...]:
        """Shapes of the tensors that a node reads."""
        return tuple(self._by_name[name].shape for name in node.inputs)


def check_graph(value: object) -> None:
    """Check that what stands for a network is one.

    Raises:
        ConfigError: If it is something else; it says how a graph is made of that.
    """
    if not isinstance(value, Graph):
        way = "Pass its graph" if hasattr(value, "graph") else "read_model makes one of a file or a live model"
        raise ConfigError(f"a graph is needed, not {quoted(value)}. {way}.")


def num_positions(node: Node) -> int:
    """How often a layer applies its constant matrix for one sample: pixels of a convolution, steps of a sequence."""
    shape = matmul_shape(node.op)
    return 1 if shape is None else max(1, prod(node.shape[:-1]))


def _check_weights(node: Node) -> None:
    for name, values in _arrays(node.op).items():
        if not np.isfinite(values).all():
            bad = int((~np.isfinite(values)).sum())
            raise ModelError(
                f"layer {node.name!r}: {bad} of {values.size} values in {name!r} are NaN or infinite. "
                "Train or export the model again."
            )
        values.flags.writeable = False


def _check_elements(node: Node) -> None:
    """Check that types of elements fit the node's shape, and a table its address."""
    types = element_types(node.op)
    if types is not None:
        try:
            types.broadcast_to(node.shape)
        except ConfigError as error:
            raise ModelError(f"layer {node.name!r}: {error}") from None
    of_weights, kernel = weight_types(node.op), getattr(node.op, "kernel", None)
    if of_weights is not None and kernel is not None:
        try:
            of_weights.broadcast_to(kernel.shape)
        except ConfigError as error:
            raise ModelError(f"layer {node.name!r}, weights: {error}") from None
    if isinstance(node.op, Lookup):
        entries, count = node.op.entries, 1 << min(node.op.source.width, MAX_ADDRESS_BITS)
        if entries.shape != (count,) or entries.dtype.kind not in "iu":
            raise ModelError(
                f"layer {node.name!r}: a table for {node.op.source} needs {count} integers, "
                f"but {entries.dtype} of shape {entries.shape} came. At most {MAX_ADDRESS_BITS} bits address a table."
            )


def _arrays(op: Op) -> dict[str, NDArray[Any]]:
    """All arrays of an op by field name: weights and tables."""
    values = {field.name: getattr(op, field.name) for field in fields(op)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def _check_numbers(node: Node) -> None:
    """Check what no executor asks again: that a limit is one."""
    match node.op:
        case Activation() if node.op.max_value is not None and not node.op.max_value >= 0:
            raise ModelError(f"layer {node.name!r}: max_value is {node.op.max_value:g}, and must be 0 or above.")
        case Clip() if not _is_clip(node.op):
            numbers = f"low={node.op.low:g}, high={node.op.high:g}, floor={node.op.floor:g}, slope={node.op.slope:g}"
            raise ModelError(f"layer {node.name!r}: {numbers} are no bounds with a line below them.")


def _is_clip(op: Clip) -> bool:
    """Whether the numbers of a clip are some, and its line, if it has a slope, begins somewhere."""
    has_bounds = op.low < inf and op.high > -inf
    return has_bounds and isfinite(op.floor) and isfinite(op.slope) and (not op.slope or isfinite(op.offset))


def _digest(graph: Graph) -> str:
    digest = hashlib.sha256()
    for node in graph.nodes:
        types = sorted((key, str(type_)) for key, type_ in node.types.items())
        text = repr((node.name, node.kind, node.inputs, node.shape, types, sorted(options(node.op).items(), key=str)))
        digest.update(text.encode())
        for key, values in weights(node.op).items():
            digest.update(f"{key}{values.shape}".encode())
            digest.update(np.ascontiguousarray(values, dtype=np.float64).tobytes())
        if isinstance(node.op, Lookup):
            digest.update(np.ascontiguousarray(node.op.entries).tobytes())
        for elements in (element_types(node.op), weight_types(node.op)):
            for part in () if elements is None else elements.content():
                digest.update(part if isinstance(part, bytes) else repr(part).encode())
        if isinstance(node.op, Input) and node.op.encoding is not None:
            digest.update(repr(node.op.encoding.content()).encode())
        if node.unit is not None:
            digest.update(repr(node.unit.content()).encode())
    digest.update(repr(graph.outputs).encode())
    return digest.hexdigest()
