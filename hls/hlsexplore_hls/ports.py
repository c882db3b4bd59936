"""Inputs and outputs of a project: how real data becomes what a bus carries."""

from dataclasses import dataclass

from hlsexplore.element_types import ElementTypes, quantize_elements
from hlsexplore.encoding import AffineUnit, Encoding
from hlsexplore.fixed import Fixed, RawArray, RealArray, quantize, requantize
from hlsexplore.task import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An input or output of a project.

    Attributes:
        name: Name of the node in the graph.
        identifier: Its name in the generated files.
        shape: Shape without the batch axis.
        type: Type of each element on the bus.
        types: Types of single elements to which data is cast first, or None.
        encoding: How real data becomes what the bus carries, of an input of a network with real scales; else None.
        unit: What the values of an output stand for where that is not themselves.
        head: What the values promise, of an output.
        layer: Another name of an output: that of its layer in the model file. Empty where there is none.
    """

    name: str
    identifier: str
    shape: tuple[int, ...]
    type: Fixed
    types: ElementTypes | None = None
    encoding: Encoding | None = None
    unit: AffineUnit | None = None
    head: Head = Head.FREE
    layer: str = ""

    def cast(self, values: RealArray) -> RawArray:
        """Cast real values, shape (samples, *shape), to raw integers of the bus."""
        return self.pack(values if self.encoding is None else self.encoding.encode(values))

    def pack(self, values: RealArray) -> RawArray:
        """Cast values that are encoded already to raw integers of the bus."""
        if self.types is None:
            return quantize(values, self.type)
        return requantize(quantize_elements(values, self.types), self.types.hull().fraction, self.type)
