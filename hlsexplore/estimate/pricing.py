"""What the models of an HLS tool's layers need beside the layer."""

from collections.abc import Mapping
from dataclasses import dataclass

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.technology import Technology


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """What all layers of a design are priced with.

    Attributes:
        tech: Tool and family.
        io: `parallel` (one flat pipeline), `dataflow` (processes that hand whole tensors on) or `stream`.
        budget_ns: Time of a cycle that the scheduler fills.
        table: Fitted coefficients.
        reads_port: Whether the layer reads the input of the design, one packed word in a region of whole tensors.
    """

    tech: Technology
    io: str
    budget_ns: float
    table: Coefficients
    reads_port: bool = False

    @property
    def is_stream(self) -> bool:
        """Whether tensors travel pixel by pixel."""
        return self.io == "stream"

    @property
    def is_flat(self) -> bool:
        """Whether the design is one pipeline, in which unread and constant elements vanish."""
        return self.io == "parallel"

    def of(self, model: str) -> Mapping[str, float]:
        """Return the coefficients of a model for this tool and family."""
        return self.table.of(model, self.tech.name)

    def stages(self, delay_ns: float) -> float:
        """Count the registers that a chain of this delay needs, its last one excluded."""
        return float(delay_ns // self.budget_ns)
