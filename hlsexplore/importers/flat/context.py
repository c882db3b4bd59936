"""What a converter of one op works with: the op's inputs and options, and the network built so far."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Shape
from hlsexplore.importers.flat.graph import Array, FlatNode
from hlsexplore.importers.flat.sketch import FakeQuant, Grid, Sketch
from hlsexplore.importers.flat.value import Atoms, Constant, FlatValue, Item, Masked, arrange, plain
from hlsexplore.importers.layer import ImportedTensor
from hlsexplore.ops import Op


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatContext:
    """One op that is being converted.

    Attributes:
        node: The op.
        name: Name of the layer that it becomes.
        items: Its inputs; None for optional ones that are absent.
        sketch: Where layers go.
        version: Version of ONNX' standard ops; 0 for other sources.
        batch: Number of samples that the source fixed, or None.
    """

    node: FlatNode
    name: str
    items: tuple[Item | None, ...]
    sketch: Sketch
    version: int
    batch: int | None

    @property
    def source(self) -> str:
        """Name and class, for people."""
        return f"{self.name} ({self.node.kind})"

    def refuse(self, problem: str, way_out: str) -> UnsupportedError:
        """Make the error for something unsupported in this op."""
        return UnsupportedError([f"layer {self.name!r} ({self.node.kind}): {problem} {way_out}"])

    def damaged(self, what: str) -> ModelError:
        """Make the error for what no exporter would write."""
        return ModelError(f"layer {self.name!r} ({self.node.kind}): {what}. The file is damaged.")

    def add(
        self,
        op: Op | FakeQuant,
        inputs: tuple[ImportedTensor, ...],
        shape: Shape,
        suffix: str = "",
        grids: Mapping[str, Grid] | None = None,
    ) -> ImportedTensor:
        """Append a layer named after the op, or after the op and a suffix."""
        name = f"{self.name}_{suffix}" if suffix else self.name
        return self.sketch.add(name, op, inputs, shape, self.source, grids)

    def arrange(self, value: FlatValue, groups: Sequence[Atoms]) -> ImportedTensor:
        """Return a stored tensor of given axes (see `value.arrange`)."""
        return arrange(self.sketch, value, groups, self.source)

    def plain(self, value: FlatValue) -> FlatValue:
        """Return a value with one stored axis for each axis of the source (see `value.plain`)."""
        return plain(self.sketch, value, self.source)

    def has(self, index: int) -> bool:
        """Whether an input is there."""
        return index < len(self.items) and self.items[index] is not None

    def item(self, index: int) -> Item:
        """Return an input.

        Raises:
            ModelError: If it is absent.
        """
        found = self.items[index] if index < len(self.items) else None
        if found is None:
            raise self.damaged(f"its input number {index + 1} is missing")
        return found

    def value(self, index: int = 0) -> FlatValue:
        """Return an input that depends on the network's inputs.

        Raises:
            UnsupportedError: If it is constant.
        """
        found = self.item(index)
        if isinstance(found, Constant):
            raise self.refuse(f"its input number {index + 1} is constant.", "Leave this layer out.")
        if isinstance(found, Masked):
            raise self.refuse("it reads scores that a mask hides in part.", "Let only a Softmax read them.")
        if not isinstance(found, FlatValue):
            raise self.refuse("it reads the integers of a QuantizeLinear.", "Put DequantizeLinear before it.")
        return found

    def constant(self, index: int, what: str) -> Constant:
        """Return an input that is constant.

        Args:
            index: Which input.
            what: What it is, for messages.

        Raises:
            UnsupportedError: If it depends on the network's inputs.
        """
        found = self.item(index)
        if not isinstance(found, Constant):
            raise self.refuse(f"its {what} depends on the input data.", f"Use a constant {what}.")
        return found

    def real(self, index: int, what: str) -> RealArray:
        """Return a constant input as float64."""
        return self.constant(index, what).real

    def given(self, name: str, index: int | None = None) -> Any:
        """Return an option, or the constant input that stands for it; None if neither is there.

        Args:
            name: Name of the option.
            index: Which input may hold it.
        """
        if name in self.node.options:
            return self.node.options[name]
        if index is None or not self.has(index):
            return None
        return self.constant(index, name).values

    def integers(self, name: str, index: int | None = None) -> tuple[int, ...] | None:
        """Return an option of integers, or None if it is not given."""
        found = self.given(name, index)
        if found is None:
            return None
        try:
            values: Array = np.atleast_1d(np.asarray(found))
            if values.ndim != 1 or values.size > 1 << 16 or not np.isfinite(values.astype(np.float64)).all():
                raise ValueError
            whole = values.astype(np.int64)
            if (whole != values).any():
                raise ValueError
        except (TypeError, ValueError, OverflowError):
            raise self.damaged(f"{name!r} is {str(found)[:60]!r}, expected integers") from None
        return tuple(int(item) for item in whole)

    def integer(self, name: str, default: int, index: int | None = None) -> int:
        """Return an option that is one integer."""
        found = self.integers(name, index)
        if found is None:
            return default
        if len(found) != 1:
            raise self.damaged(f"{name!r} has {len(found)} values, expected one")
        return found[0]

    def number(self, name: str, default: float, index: int | None = None) -> float:
        """Return an option that is one number."""
        found = self.given(name, index)
        if found is None:
            return default
        try:
            values = np.asarray(found, dtype=np.float64).reshape(-1)
        except (TypeError, ValueError):
            raise self.damaged(f"{name!r} is {str(found)[:60]!r}, expected a number") from None
        if values.size != 1 or np.isnan(values[0]):
            raise self.damaged(f"{name!r} is {str(found)[:60]!r}, expected a number")
        return float(values[0])

    def text(self, name: str, default: str) -> str:
        """Return an option that is a text."""
        found = self.node.options.get(name, default)
        if not isinstance(found, str):
            raise self.damaged(f"{name!r} is {str(found)[:60]!r}, expected a text")
        return found

    def flag(self, name: str, default: bool) -> bool:
        """Return an option that is true or false."""
        return bool(self.integer(name, int(default)))

    def axis(self, axis: int, rank: int) -> int:
        """Return an axis counted from the front.

        Raises:
            ModelError: If there is no such axis.
        """
        if not -rank <= axis < rank:
            raise self.damaged(f"it names the axis {axis} of a tensor with {rank} axes")
        return axis % rank


__all__ = ["FlatContext", "Converter", "Item", "Result"]

Result = Item | tuple[Item | None, ...]
Converter = Callable[[FlatContext], Result]
"""Turns an op into layers and returns what its outputs are."""
