"""What every lowering of a layer to cells gets: the net, the layer, its inputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hlsexplore.coverage import Executor, no_answer
from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node
from hlsexplore.layer_config import LayerConfig
from hlsexplore.rtl_plan.netlist.casts import cast
from hlsexplore.rtl_plan.netlist.cells import Value
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.tensor import BusTensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoweredLayer:
    """One layer to lower.

    Attributes:
        net: Net that grows.
        design: The design.
        node: The layer.
        inputs: Tensors that it reads.
        values: Their elements as cells, one list for each tensor.
    """

    net: Net
    design: Design
    node: Node
    inputs: tuple[BusTensor, ...]
    values: tuple[list[Value], ...]

    @property
    def config(self) -> LayerConfig:
        """Types and knobs."""
        return self.design.layers[self.node.name]

    @property
    def result(self) -> Fixed:
        """Type of the output."""
        return self.design.result_type(self.node.name)

    @property
    def fraction(self) -> int:
        """Fraction bits of the first input."""
        return self.inputs[0].fraction

    def finish(self, value: Value, fraction: int) -> Value:
        """Cast a value to the result."""
        return cast(self.net, value, fraction, self.result)

    def map(self, function: Callable[[Value], Value]) -> list[Value]:
        """Apply a function to each element of the only input."""
        return [function(value) for value in self.values[0]]


def refuse(node: Node) -> NoModelError:
    """Build the error for a layer that has no RTL."""
    return no_answer(Executor.RTL_PARALLEL, node)


def aligned(net: Net, values: Sequence[Value], fractions: Sequence[int]) -> tuple[list[Value], int]:
    """Shift values so that all have the fraction bits of the finest; returns them and that number."""
    fraction = max(fractions)
    return [net.shift(value, fraction - own) for value, own in zip(values, fractions, strict=True)], fraction
