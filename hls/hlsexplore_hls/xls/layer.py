"""What the DSLX of one layer depends on."""

from dataclasses import dataclass

from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, RawArray
from hlsexplore.graph import Node, Shape
from hlsexplore.layer_config import LayerConfig
from hlsexplore.weights import raw_weights
from hlsexplore_hls.xls.code import DslxCode


@dataclass(frozen=True, slots=True, kw_only=True)
class DslxLayer:
    """A layer to write.

    Attributes:
        code: Collects its helper functions.
        design: The design.
        node: The layer.
    """

    code: DslxCode
    design: Design
    node: Node

    @property
    def config(self) -> LayerConfig:
        """Types and knobs."""
        return self.design.layers[self.node.name]

    @property
    def sources(self) -> tuple[Fixed, ...]:
        """Types of the tensors that it reads."""
        return self.design.input_types(self.node.name)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of the tensors that it reads."""
        return self.design.graph.input_shapes(self.node)

    @property
    def result(self) -> Fixed:
        """Type of what it computes."""
        return self.design.result_type(self.node.name)

    @property
    def raw(self) -> dict[str, RawArray]:
        """Raw weights by tensor key."""
        return dict(raw_weights(self.design, self.node.name))
