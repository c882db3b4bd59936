"""What a planned layer is: its tensors and cycles, and one of eight bodies."""

from dataclasses import dataclass

from hlsexplore.graph import Node
from hlsexplore.rtl_plan.folded import Folded
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.schedule import NetSchedule
from hlsexplore.rtl_plan.tensor import BusTensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wires:
    """A layer that only moves bits."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parallel:
    """A fully parallel layer.

    Attributes:
        net: Its logic.
        schedule: Cycles of the net.
    """

    net: Net
    schedule: NetSchedule


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """A scan.

    Attributes:
        core: The matrix at one position.
        steps: How often the held image moves on, the first place included.
        copies: Positions computed at once.
        elements: Pixel of the input that each pixel of the held image is, or -1 for padding.
        pixel_bits: Bits of a pixel, all channels.
        taps: Pixels of the held image that each copy reads, by copy and tap.
        row_steps: Steps along a row of positions.
        step_pixels: Pixels by which the image moves from one step to the next.
        row_pixels: Pixels by which it moves at the end of a row.
        results: Results of each copy; fewer than steps where only the last step has one.
        is_backward: Whether the steps, and so their results, come in reverse.
    """

    core: "LayerPlan"
    steps: int
    copies: int
    elements: tuple[int, ...]
    pixel_bits: int
    taps: tuple[tuple[int, ...], ...]
    row_steps: int
    step_pixels: int
    row_pixels: int
    results: int
    is_backward: bool = False

    @property
    def pace(self) -> int:
        """Cycles of a step."""
        return self.core.ii_cycles

    @property
    def ii_cycles(self) -> int:
        """Cycles between two inputs."""
        return self.steps * self.pace

    @property
    def latency_cycles(self) -> int:
        """Cycles from the input to the collected output: a register before and one behind."""
        return 1 + (self.steps - 1) * self.pace + self.core.latency_cycles + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bank:
    """Layers side by side, each for some of the outputs.

    Attributes:
        parts: The layers.
        elements: Elements of the input that each of them reads.
    """

    parts: tuple["LayerPlan", ...]
    elements: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InTurn:
    """Copies of a layer that take their inputs in turn.

    Attributes:
        core: One of them.
        copies: How many there are.
    """

    core: "LayerPlan"
    copies: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedStep:
    """A step of a recurrent layer whose two products share multipliers.

    Attributes:
        products: W x + b and U h + c.
        gates: What follows; reads both and the states, which stay until the step is done.
    """

    products: tuple["LayerPlan", "LayerPlan"]
    gates: "LayerPlan"

    @property
    def waits(self) -> tuple[int, int]:
        """Cycles that each product is there before both are."""
        first, second = (product.latency_cycles for product in self.products)
        return max(second - first, 0), max(first - second, 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recurrence:
    """A recurrent layer.

    Attributes:
        step: Arithmetic of a step: reads the input of a step and the states, gives the output and the new states.
        steps: Steps of a sequence.
        states: Tensor of each state: the hidden one, and the memory of an LSTM.
        places: First output of the step that is each new state.
        is_sequence: Whether every step is an output, or the last one only.
    """

    step: "LayerPlan"
    steps: int
    states: tuple[BusTensor, ...]
    places: tuple[int, ...]
    is_sequence: bool

    @property
    def pace(self) -> int:
        """Cycles of a step: the state is in its registers a cycle after the arithmetic."""
        return self.step.latency_cycles + 1


Body = Wires | Parallel | Folded | Bank | InTurn | Scan | Recurrence | SharedStep
"""How a layer computes: at once, with shared multipliers, in parts, position by position, or step by step."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerPlan:
    """One module.

    Attributes:
        node: The layer.
        inputs: Tensors that it reads.
        output: Tensor that it makes.
        body: How it computes.
        latency_cycles: Cycles from input to output.
        ii_cycles: Cycles between two inputs.
    """

    node: Node
    inputs: tuple[BusTensor, ...]
    output: BusTensor
    body: Body
    latency_cycles: int
    ii_cycles: int = 1
