"""The neutral form in which designs and tool reports meet: one record for each layer, one for the design."""

from collections.abc import Iterable
from dataclasses import dataclass

from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.kinds import MATRIX_OPS, RECURRENT_OPS, Kind
from hlsexplore.estimate.rtl.timing import rtl_budget_ns
from hlsexplore.fixed import Fixed


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """Geometry of convolutions, poolings and paddings; one-dimensional ones have height 1.

    Attributes:
        in_height: Rows of the input.
        in_width: Columns of the input.
        in_channels: Channels of the input.
        out_height: Rows of the output.
        out_width: Columns of the output.
        out_channels: Channels of the output.
        kernel_height: Rows of the window.
        kernel_width: Columns of the window.
        stride_height: Rows between two windows.
        stride_width: Columns between two windows.
        padding: Elements added: top, bottom, left, right.
        rank: 1 or 2.
    """

    in_height: int = 1
    in_width: int
    in_channels: int
    out_height: int = 1
    out_width: int
    out_channels: int
    kernel_height: int = 1
    kernel_width: int = 1
    stride_height: int = 1
    stride_width: int = 1
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    rank: int = 2

    @property
    def in_pixels(self) -> int:
        """Pixels of the input."""
        return self.in_height * self.in_width

    @property
    def padded_width(self) -> int:
        """Columns of the input with its padding."""
        return self.in_width + self.padding[2] + self.padding[3]

    @property
    def padded_pixels(self) -> int:
        """Pixels of the input with its padding."""
        return (self.in_height + self.padding[0] + self.padding[1]) * self.padded_width

    @property
    def out_pixels(self) -> int:
        """Pixels of the output."""
        return self.out_height * self.out_width

    @property
    def window(self) -> int:
        """Pixels of the window."""
        return self.kernel_height * self.kernel_width


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRecord:
    """What the estimator knows of one layer.

    Attributes:
        name: Name in the design or report.
        op: What it is to the estimator.
        word: What its report calls it where that is none of the kinds; empty: as `op`.
        n_in: Inputs of the matrix at one position; for elementwise ops the elements.
        n_out: Outputs of the matrix at one position; for elementwise ops the elements.
        channels: Elements of the output that travel together in a stream.
        pixels: Groups of `channels` elements that the output has.
        image: Geometry, for image ops.
        strategy: `latency` or `resource`.
        reuse: Multiplications that share a multiplier.
        implementation: Variant: `linebuffer` or `encoded`; `stable`, `latency`, `argmax` or
            `legacy` (the oldest one, without products).
        parallel: Positions computed at once.
        multiplier: What multipliers are made of: `auto`, `dsp`, `lut` or `mixed`.
        dsp_budget: Most DSP blocks of the layer's multipliers where that is `mixed`.
        input: Type of the input.
        weight: Type of the weights.
        bias: Type of the bias.
        accum: Type of the accumulator.
        result: Type of the output.
        table: Type of table entries.
        table_size: Entries of tables.
        constants: Quantised weights, or None when they are unknown.
        zeros: Zero weights as the project declares them, or None to count them.
        recurrent: Quantised state weights of a recurrent layer, or None.
        recurrent_reuse: Reuse of the product with them; None: that of the layer.
        units: State elements of a recurrent layer.
        steps: Time steps of a recurrent layer.
        packets: Groups of elements in which the input arrives on a stream.
        sources: Names of the layers whose output it reads.
        input_bits: Bits of each input element of a position where they have types of their own (0: constant), or None.
        input_ports: The same with the zeros below an element's bits down to the finest element's, which a multiplier
            takes too; None: as `input_bits`.
        is_rectified: Whether no input is negative, as behind a ReLU.
        is_held: Whether a layer before keeps the input until the next one (own RTL).
        is_average: Whether a pooling takes averages.
    """

    name: str
    op: Kind
    word: str = ""
    n_in: int = 1
    n_out: int = 1
    channels: int = 1
    pixels: int = 1
    image: Image | None = None
    strategy: str = "latency"
    reuse: int = 1
    implementation: str = ""
    parallel: int = 1
    multiplier: str = "auto"
    dsp_budget: int = 0
    input: Fixed | None = None
    weight: Fixed | None = None
    bias: Fixed | None = None
    accum: Fixed | None = None
    result: Fixed | None = None
    table: Fixed | None = None
    table_size: int = 1024
    constants: Constants | None = None
    zeros: int | None = None
    recurrent: Constants | None = None
    recurrent_reuse: int | None = None
    units: int = 0
    steps: int = 1
    packets: int = 1
    sources: tuple[str, ...] = ()
    input_bits: tuple[int, ...] | None = None
    input_ports: tuple[int, ...] | None = None
    is_rectified: bool = False
    is_held: bool = False
    is_average: bool = False

    @property
    def called(self) -> str:
        """Its kind in a word, that of its report where the kind is another one."""
        return self.word or str(self.op)

    @property
    def elements(self) -> int:
        """Elements of the output."""
        return self.channels * self.pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignRecord:
    """What the estimator knows of a design.

    Attributes:
        layers: Every layer in the order of computation.
        tool: `vitis_hls`, `vivado_hls` or `yosys`.
        version: Version of the tool, such as `2020.1`; empty when unknown.
        family: Device family, such as `virtexuplus` (see `devices.py`).
        part: Device.
        clock_ns: Clock period asked for.
        cells: Family whose cells are counted for our RTL; empty: the one that Yosys counts when none is named.
        uncertainty_ns: Part of the period that the scheduler keeps free; None: the tool's default.
        io: `parallel` or `stream`.
        dataflow: Whether the layers are separate processes; None: decided by io and layers.
        waits: Whether an input is read only after the result of the one before.
        verified: Whether the description is known to be that of the synthesised design.
        axi: Whether a wrapper moves the words of an AXI interface.
        has_float_words: Whether these are floating-point numbers that it converts, as hls4ml's are by default.
        key: Key of the design it was made of.
    """

    layers: tuple[LayerRecord, ...]
    tool: str
    version: str = ""
    family: str = "virtexuplus"
    part: str = ""
    clock_ns: float = 5.0
    cells: str = ""
    uncertainty_ns: float | None = None
    io: str = "parallel"
    dataflow: bool | None = None
    waits: bool = False
    verified: bool = True
    axi: bool = False
    has_float_words: bool = True
    key: str | None = None

    @property
    def budget_ns(self) -> float:
        """Time that the scheduler fills in one cycle: the period less its uncertainty.

        The defaults are 12.5 % for Vivado HLS (UG902) and 27 % for Vitis HLS (UG1399).
        """
        if self.tool == "yosys":
            return rtl_budget_ns(self.family, self.clock_ns)
        if self.uncertainty_ns is not None and self.uncertainty_ns < self.clock_ns:
            return self.clock_ns - self.uncertainty_ns
        return self.clock_ns * (0.73 if self.tool == "vitis_hls" else 0.875)

    @property
    def is_dataflow(self) -> bool:
        """Whether layers run as processes of their own instead of one flat pipeline."""
        if self.tool == "yosys":
            return False
        if self.dataflow is not None:
            return self.dataflow
        if self.io != "stream" and len(self.layers) == 1 and self.layers[0].pixels == 1:
            return False
        return self.io == "stream" or any(
            layer.op in RECURRENT_OPS or (layer.op in MATRIX_OPS and (layer.pixels > 1 or layer.strategy == "resource"))
            for layer in self.layers
        )

    def consumers(self, name: str) -> Iterable[LayerRecord]:
        """Layers that read a layer's output."""
        return (layer for layer in self.layers if name in layer.sources)
