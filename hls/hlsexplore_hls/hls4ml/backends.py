"""Back ends of hls4ml 1.3 as interfaces of the flow: what its converter is told, and where a part disagrees."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from hlsexplore.design import Design
from hlsexplore.graph import Node
from hlsexplore.importers.hls4ml.back_ends import BOARDS, OTHERS, Maker, computes_otherwise, maker_of
from hlsexplore.ops import (
    Activation,
    Cell,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Function,
    Input,
    LayerNorm,
    Pool,
    Recurrent,
    Reshape,
    Softmax,
)
from hlsexplore.target import Io, Target, Tool, is_same_part

DEFAULT_BOARD = "pynq-z2"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackEnd:
    """A back end of hls4ml, for a board where it builds for one.

    Attributes:
        name: As hls4ml writes it.
        maker: Whose devices it builds for.
        default: The device that hls4ml takes by itself.
        board: Board of `VivadoAccelerator`; "" for the others.
        platform: Shell that `v++` links the kernel of an accelerator card to.
    """

    name: str
    maker: Maker = Maker.XILINX
    default: str = "xcvu13p-flga2577-2-e"
    board: str = ""
    platform: str = ""

    def __str__(self) -> str:
        """Name and board."""
        return f"{self.name} ({self.board})" if self.board else self.name


_PLATFORMS = MappingProxyType(
    {
        "alveo-u50": "xilinx_u50_gen3x16_xdma_201920_3",
        "alveo-u200": "xilinx_u200_xdma_201830_2",
        "alveo-u250": "xilinx_u250_xdma_201830_2",
        "alveo-u280": "xilinx_u280_xdma_201920_3",
    }
)
"""Shells of AMD's cards for the tools of 2019 and 2020 that this back end drives; hls4ml takes the U250's for all."""
BACKENDS = MappingProxyType(
    {
        "vitis": BackEnd(name="Vitis"),
        "vivado": BackEnd(name="Vivado"),
        "vivado_accelerator": BackEnd(name="VivadoAccelerator", board=DEFAULT_BOARD),
        **{
            board: BackEnd(name="VivadoAccelerator", board=board, platform=_PLATFORMS.get(board, ""))
            for board in BOARDS
        },
        "oneapi": BackEnd(name="oneAPI", maker=Maker.INTEL, default="Agilex7"),
        "quartus": BackEnd(name="Quartus", maker=Maker.INTEL, default="Arria10"),
        "catapult": BackEnd(name="Catapult", default="xcku115-flvb2104-2-i"),
        "libero": BackEnd(name="Libero", maker=Maker.MICROCHIP, default="MPF300"),
    }
)
"""Interface of the flow -> back end."""


def backend_of(target: Target, interface: str) -> BackEnd:
    """Return the back end of an interface.

    Args:
        target: What the design is for.
        interface: A key of `BACKENDS`; `plain` is the back end of the target's tool, `vivado_accelerator` the board
            that has the target's part, else a PYNQ-Z2.
    """
    if interface == "plain":
        return BACKENDS["vivado" if target.tool is Tool.VIVADO_HLS else "vitis"]
    if interface == "vivado_accelerator":
        fitting = (board for board, part in BOARDS.items() if is_same_part(part, target.part))
        return BACKENDS[next(fitting, DEFAULT_BOARD)]
    return BACKENDS[interface]


def converter_options(backend: BackEnd, target: Target) -> dict[str, Any]:
    """Return what hls4ml's converter is told beside clock and interface: part, or board with its part and shell."""
    if backend.board:
        shell = {"platform": backend.platform} if backend.platform else {}
        return {"board": backend.board, "part": BOARDS[backend.board], **shell}
    return {"part": target.part if maker_of(target.part) in (backend.maker, None) else backend.default}


def disagreements(backend: BackEnd, target: Target) -> Iterator[str]:
    """Say where the part of a design is not the one that the back end builds for."""
    part = converter_options(backend, target)["part"]
    if is_same_part(part, target.part):
        return
    if backend.board:
        yield (
            f"the board {backend.board!r} has the part {part!r}, the design is for {target.part!r}: hls4ml builds for "
            "the board's. Set the part, or take another board."
        )
        return
    yield (
        f"the back end {backend.name} builds for devices of {backend.maker}, and {target.part!r} is none: {part!r}, "
        "hls4ml's default, is taken. Set the part."
    )


Lack = tuple[str, Callable[[Node, Design], bool]]


def _is_streamed(design: Design) -> bool:
    return design.target.io is Io.STREAM


def _has_padding(op: Conv | DepthwiseConv) -> bool:
    return any(map(any, op.padding))


def _is_stepped_depthwise(node: Node, design: Design) -> bool:
    op = node.op
    if not isinstance(op, DepthwiseConv) or _is_streamed(design):
        return False
    return op.rank == 2 and (_has_padding(op) or op.stride != (1, 1))


_CROPS: Lack = ("croppings", lambda node, design: isinstance(node.op, Crop))
_NORMS: Lack = ("layer normalisations", lambda node, design: isinstance(node.op, LayerNorm))
_CELLS: Lack = ("LSTM and GRU layers, for which its writer fails", lambda node, design: isinstance(node.op, Recurrent))
_DEPTHWISE: Lack = ("depthwise convolutions", lambda node, design: isinstance(node.op, DepthwiseConv))
_STREAMED: Lack = (
    "streamed depthwise convolutions",
    lambda node, design: isinstance(node.op, DepthwiseConv) and _is_streamed(design),
)
_DEPTHWISE_ROWS: Lack = (
    "depthwise convolutions over one axis that are not streamed: their C++ does not compile",
    lambda node, design: isinstance(node.op, DepthwiseConv) and node.op.rank == 1 and not _is_streamed(design),
)
_STEPPED: Lack = (
    "depthwise convolutions with padding or stride that are not streamed: their C++ reads other pixels",
    _is_stepped_depthwise,
)
_LSTM: Lack = (
    "streamed LSTM layers",
    lambda node, design: isinstance(node.op, Recurrent) and node.op.cell is Cell.LSTM and _is_streamed(design),
)
_ROWS: Lack = (
    "softmaxes over several rows at once",
    lambda node, design: isinstance(node.op, Softmax) and len(node.shape) > 1 and not _is_streamed(design),
)
_OF_LIBERO = frozenset(
    {
        Function.LINEAR,
        Function.RELU,
        Function.SIGMOID,
        Function.TANH,
        Function.SOFTPLUS,
        Function.SOFTSIGN,
        Function.SELU,
        Function.BINARY_TANH,
    }
)


def _is_foreign_to_libero(node: Node, design: Design) -> bool:
    match node.op:
        case Input() | Reshape():
            return False
        case Dense():
            return len(node.shape) > 1
        case Activation(function=function, max_value=limit):
            return function not in _OF_LIBERO or limit is not None
    return True


_ALL_BUT_DENSE: Lack = (
    "other layers than dense ones over vectors and activations without parameters",
    _is_foreign_to_libero,
)
_STREAMS: Lack = ("streams, for which its writer fails", lambda node, design: _is_streamed(design))
_LACKS: Mapping[str, tuple[Lack, ...]] = MappingProxyType(
    {
        "Quartus": (_DEPTHWISE, _CROPS, _NORMS, _ROWS),
        "oneAPI": (_STREAMED, _LSTM, _CROPS, _NORMS, _ROWS),
        "Libero": (_ALL_BUT_DENSE, _STREAMS),
        "Catapult": (_CELLS, _CROPS, _NORMS, _ROWS, _DEPTHWISE_ROWS, _STEPPED),
    }
)
"""What hls4ml 1.3 leaves out of a back end's projects, mostly without a message: found by writing and reading each."""


def differences_of(backend: BackEnd, design: Design) -> Iterator[str]:
    """List the layers that a back end computes otherwise than Vivado's and Vitis', which the emulator is like."""
    if backend.name.lower() not in OTHERS:
        return
    for node in design.graph:
        if computes_otherwise(node.op, backend.name):
            yield f"layer {node.name!r}: tables and averages of the back end {backend.name} have other last bits."
        elif backend.name == "Catapult" and _sums_in_result(node, design):
            yield f"layer {node.name!r}: depthwise sums of the back end Catapult have the result's type, not accum."
        elif isinstance(node.op, Pool) and design.layers[node.name].types["accum"] != design.input_types(node.name)[0]:
            yield f"layer {node.name!r}: maxima of the back end {backend.name} have the input's type, not accum."


def _sums_in_result(node: Node, design: Design) -> bool:
    """Whether Catapult's depthwise convolution, which sums in the type of its result, loses bits that ours keeps."""
    types = design.layers[node.name].types
    return isinstance(node.op, DepthwiseConv) and not _is_streamed(design) and types["accum"] != types["result"]


def lacks(backend: BackEnd, design: Design) -> Iterator[str]:
    """Say what a back end cannot build of a design."""
    graph = design.graph
    for node in graph:
        for what, is_lacking in _LACKS.get(backend.name, ()):
            if is_lacking(node, design):
                yield f"layer {node.name!r}: hls4ml's back end {backend.name} has no {what}."
    ranks = {node.op.rank for node in graph if isinstance(node.op, DepthwiseConv)}
    if len(ranks) > 1:
        yield "hls4ml's headers of depthwise convolutions over one and over two axes exclude each other: keep one kind."
    if backend.board and max(len(graph.inputs), len(graph.outputs)) > 1:
        yield (
            f"the back end {backend.name} has one input and one output, this network {len(graph.inputs)} and "
            f"{len(graph.outputs)}. Take the back end vivado, or another network."
        )
