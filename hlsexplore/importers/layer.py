"""What a layer converter works with: the layer's options and weights, and the nodes built so far."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.graph import Node, Shape
from hlsexplore.importers.options import Options
from hlsexplore.importers.source import EMPTY, MAX_WEIGHT_ELEMENTS, LayerWeights
from hlsexplore.importers.structure import Json, LayerCall
from hlsexplore.ops import Op, Pair, weights

MAX_ELEMENTS = 1 << 24
"""Most elements that one tensor of one sample may have; far beyond any FPGA, but a bound for forged files."""
MAX_NODES = 100_000
"""Most nodes of a graph, for the same reason: a layer becomes a few, a copy for each step at most some hundreds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedTensor:
    """The output of a node.

    Attributes:
        node: The node's name.
        shape: Its shape without the batch axis.
    """

    node: str
    shape: Shape


@dataclass(slots=True, kw_only=True)
class Builder:
    """Collects nodes. Mutable because converters append to it one after another.

    Attributes:
        nodes: The nodes so far, in topological order.
        taken: Names that are in use or reserved for layers still to come.
        num_weights: Elements of all weights so far.
    """

    nodes: list[Node] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    num_weights: int = 0

    def add(
        self,
        name: str,
        op: Op,
        inputs: tuple[ImportedTensor, ...],
        shape: Shape,
        types: Mapping[str, Fixed | None],
        source: str,
    ) -> ImportedTensor:
        """Append a node.

        Raises:
            ModelError: If its output is empty or absurdly large, or the whole graph is.
        """
        if not shape or any(size < 1 for size in shape):
            raise ModelError(
                f"{source}: its output would have the shape {shape}. The input is too small for this layer."
            )
        if prod(shape) > MAX_ELEMENTS:
            raise ModelError(f"{source}: its output of shape {shape} has more than {MAX_ELEMENTS} elements.")
        self.num_weights += sum(values.size for values in weights(op).values())
        if len(self.nodes) >= MAX_NODES or self.num_weights > MAX_WEIGHT_ELEMENTS:
            raise ModelError(
                f"{source}: with it, the network has more than {MAX_NODES} nodes or {MAX_WEIGHT_ELEMENTS} weights in "
                "all, which is beyond any FPGA and beyond what is read."
            )
        given = {key: type_ for key, type_ in types.items() if type_ is not None}
        names = tuple(tensor.node for tensor in inputs)
        self.nodes.append(Node(name=name, op=op, inputs=names, shape=shape, types=given, source=source))
        return ImportedTensor(node=name, shape=shape)

    def unique(self, name: str) -> str:
        """Return a name that is not taken yet, and take it."""
        candidate, count = name, 1
        while candidate in self.taken:
            count += 1
            candidate = f"{name}_{count}"
        self.taken.add(candidate)
        return candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLayer:
    """A layer that is being converted.

    Attributes:
        name: Its name in the graph: unique, with the names of enclosing models.
        cls: Its class, such as `QDense`.
        config: Its options.
        builder: Where nodes go.
        weights: Its weights.
        is_keras2: Whether Keras 2 wrote the file.
        component: Path of the wrapped layer inside a wrapper, such as `forward_layer`.
        ordinal: Which of a wrapper's layers this is.
        origin: Its name in the file, where that differs.
        call: The use that is converted, with its arguments.
        package: Package under which its class is registered, or an empty text.
    """

    name: str
    cls: str
    config: Options
    builder: Builder
    weights: LayerWeights = EMPTY
    is_keras2: bool = False
    component: str = ""
    ordinal: int = 0
    origin: str = ""
    call: LayerCall = field(default_factory=LayerCall)
    package: str = ""

    @property
    def source(self) -> str:
        """Name and class, for people."""
        return f"{self.origin or self.name} ({self.cls})"

    @property
    def is_quantized(self) -> bool:
        """Whether it is a QKeras layer."""
        return self.cls.startswith("Q") and self.package in ("", "qkeras")

    def add(
        self,
        op: Op,
        inputs: tuple[ImportedTensor, ...],
        shape: Shape,
        suffix: str = "",
        types: Mapping[str, Fixed | None] | None = None,
    ) -> ImportedTensor:
        """Append a node named after the layer, or after the layer and a suffix."""
        name = self.builder.unique(f"{self.name}_{suffix}") if suffix else self.name
        return self.builder.add(name, op, inputs, shape, types or {}, self.source)

    def renamed(self, suffix: str) -> "ImportedLayer":
        """Return the same layer under another, free name."""
        return replace(self, name=self.builder.unique(f"{self.name}_{suffix}"), origin=self.origin or self.name)

    def inside(self, cls: str, config: Json, suffix: str) -> "ImportedLayer":
        """Return a layer that this one holds, under a free name."""
        return replace(self.renamed(suffix), cls=cls, config=Options(config))

    def require_all_read(self) -> None:
        """Refuse options that change the result and that the converter did not read, such as those of later versions.

        Raises:
            UnsupportedError: With the first of them.
        """
        unread = self.config.unread()
        if unread:
            raise self.refuse(f"the option {unread[0]} is not known.", "Build the layer without it.")

    def refuse(self, problem: str, way_out: str) -> UnsupportedError:
        """Make the error for something unsupported in this layer."""
        return UnsupportedError([f"layer {self.name!r} ({self.cls}): {problem} {way_out}"])

    def damaged(self, key: str, expected: str) -> ModelError:
        """Make the error for an option that no Keras would write."""
        value = str(self.config.get(key, "missing"))[:60]
        return ModelError(f"{self.where(key)}: the value {value!r} came, expected {expected}. The file is damaged.")

    def where(self, key: str) -> str:
        """Name an option, for messages."""
        return f"layer {self.name!r} ({self.cls}), {key}"

    def integer(self, key: str, default: int | None = None) -> int:
        """Return an option that is a positive integer."""
        value = self.config.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_ELEMENTS:
            raise self.damaged(key, f"an integer of 1 to {MAX_ELEMENTS}")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """Return an option that is a finite number (Keras may store it as an array of one element)."""
        value: Any = self.config.get(key, default)
        if isinstance(value, dict) and isinstance(value.get("config"), dict):
            value = value["config"].get("value")
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e30 or value != value:
            raise self.damaged(key, "a number")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """Return an option that is true or false."""
        value = self.config.get(key, default)
        if value not in (True, False, 0, 1):
            raise self.damaged(key, "true or false")
        return bool(value)

    def integers(self, key: str, count: int, default: int | None = None) -> tuple[int, ...]:
        """Return an option of `count` positive integers, or one integer for all of them."""
        value = self.config.get(key, default)
        values: list[Any] = list(value) if isinstance(value, list | tuple) else [value] * count
        if len(values) != count or not all(type(item) is int and 0 < item <= MAX_ELEMENTS for item in values):
            raise self.damaged(key, f"{count} integers of 1 to {MAX_ELEMENTS}")
        return tuple(values)

    def pair(self, key: str, rank: int, default: int | None = None) -> Pair:
        """Return an option of `rank` positive integers as (rows, columns); rows are 1 for rank 1."""
        values = self.integers(key, rank, default)
        return (values[0], values[1]) if rank == 2 else (1, values[0])

    def require_channels_last(self) -> None:
        """Refuse the channels_first layout.

        Raises:
            UnsupportedError: If the layer uses it.
        """
        if self.config.get("data_format") not in (None, "channels_last"):
            raise self.refuse("the layout channels_first is not supported.", "Build the model with channels_last data.")

    def has_weight(self, leaf: str) -> bool:
        """Whether a weight of this name is there; `.keras` files hold no names, so that any is."""
        return self.weights.find(leaf, 0, self.component, self.ordinal) is not None

    def weight(
        self, leaf: str, position: int, shape: tuple[int | None, ...], component: str = "", ordinal: int | None = None
    ) -> RealArray:
        """Read a weight.

        Args:
            leaf: Its name, such as `kernel`.
            position: Its place in its component's creation order.
            shape: The expected shape; None where any size fits.
            component: Component that owns it, such as `cell`.
            ordinal: Which of several weights of this name it is.

        Raises:
            ModelError: If it is missing or wrong.
        """
        path = "/".join(part for part in (self.component, component) if part)
        ref = self.weights.find(leaf, position, path, self.ordinal if ordinal is None else ordinal)
        if ref is None:
            raise ModelError(
                f"layer {self.name!r} ({self.cls}): its weight {leaf!r} is missing in the file. "
                "Save the whole model after it was built: model.save('NAME.keras')."
            )
        values = self.weights.read(ref, self.name, shape)
        return values + self._adapter(leaf, values.shape) if "lora_rank" in self.config else values

    def deviation(self, variance: NDArray[Any], epsilon: float) -> NDArray[Any]:
        """Return the square root of variances and an epsilon, in the variances' precision.

        Variances a little below 0 come from averaged models; the epsilon makes up for them.

        Raises:
            ModelError: If a sum is not above 0.
        """
        total: NDArray[Any] = variance + variance.dtype.type(epsilon)
        bad = int((total <= 0).sum())
        if bad:
            raise ModelError(
                f"layer {self.name!r} ({self.cls}): {bad} of {total.size} variances are too small, the least is "
                f"{float(variance.min()):.4g}, so that the network itself computes NaN. Train it again."
            )
        root: NDArray[Any] = np.sqrt(total)
        return root

    def _adapter(self, leaf: str, shape: tuple[int, ...]) -> RealArray | float:
        """Return what a LoRA adapter adds to a weight; `.keras` files hold weights with the adapter merged in."""
        pair = [self.weights.find(f"lora_{leaf}_{side}", -1, self.component, self.ordinal) for side in "ab"]
        if pair[0] is None or pair[1] is None:
            return 0.0
        rank = self.integer("lora_rank")
        a = self.weights.read(pair[0], self.name, (*shape[:-1], rank))
        b = self.weights.read(pair[1], self.name, (rank, shape[-1]))
        return self.number("lora_alpha", rank) / rank * (a @ b)


Converter = Callable[[ImportedLayer, tuple[ImportedTensor, ...]], ImportedTensor]


def only(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Return the only input of a layer.

    Raises:
        UnsupportedError: If it reads several tensors (initial states, masks).
    """
    if len(inputs) != 1:
        raise layer.refuse(f"it reads {len(inputs)} tensors where one is supported.", "Pass it a single tensor.")
    return inputs[0]
