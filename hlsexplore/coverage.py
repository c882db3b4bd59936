"""Which executor has an answer for which op: all refusals in one table, with their sentences (docs/coverage.md).

What is not in `REFUSALS` is answered. `tests/test_coverage.py` walks every op, function and cell through them all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hlsexplore.errors import NoModelError
from hlsexplore.graph import Node
from hlsexplore.op_facts import PARTS
from hlsexplore.ops import (
    Activation,
    Cell,
    Clip,
    Concatenate,
    Crop,
    Dot,
    Function,
    LayerNorm,
    Lookup,
    Op,
    Permute,
    Pool,
    Quantize,
    Recurrent,
    Requantize,
)


class Executor(StrEnum):
    """Whatever gives an answer for a layer."""

    EMULATOR = "emulator"
    REFERENCE = "float reference"
    CPP_PARALLEL = "C++, parallel"
    CPP_STREAM = "C++, stream"
    RTL_PARALLEL = "RTL, parallel"
    RTL_STREAM = "RTL, stream"
    XLS = "XLS"
    HLS4ML = "hls4ml"
    VITIS_PARALLEL = "estimate for Vitis HLS, parallel"
    VITIS_STREAM = "estimate for Vitis HLS, stream"
    VIVADO_PARALLEL = "estimate for Vivado HLS, parallel"
    VIVADO_STREAM = "estimate for Vivado HLS, stream"
    YOSYS_PARALLEL = "estimate for our RTL, parallel"
    YOSYS_STREAM = "estimate for our RTL, stream"


CPP = (Executor.CPP_PARALLEL, Executor.CPP_STREAM)
RTL = (Executor.RTL_PARALLEL, Executor.RTL_STREAM)
HLS_PARALLEL = (Executor.VITIS_PARALLEL, Executor.VIVADO_PARALLEL)
HLS_STREAM = (Executor.VITIS_STREAM, Executor.VIVADO_STREAM)
YOSYS = (Executor.YOSYS_PARALLEL, Executor.YOSYS_STREAM)

_HLS_PLACE = "hlsexplore/estimate/layers.py"
PLACES: dict[Executor, str] = {
    Executor.EMULATOR: "hlsexplore/emulate/plan.py",
    Executor.REFERENCE: "hlsexplore/reference/forward.py",
    Executor.CPP_PARALLEL: "hls/hlsexplore_hls/cpp/layers.py",
    Executor.CPP_STREAM: "hls/hlsexplore_hls/cpp/layers.py",
    Executor.RTL_PARALLEL: "hlsexplore/rtl_plan/layers.py",
    Executor.RTL_STREAM: "hlsexplore/rtl_plan/stream/beats.py",
    Executor.XLS: "hls/hlsexplore_hls/xls/layers.py",
    Executor.HLS4ML: "hls/hlsexplore_hls/hls4ml/layers.py",
    **dict.fromkeys((*HLS_PARALLEL, *HLS_STREAM), _HLS_PLACE),
    **dict.fromkeys(YOSYS, "hlsexplore/estimate/rtl/layers.py"),
}
"""The file with the table of ops of each executor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Something that executors have no answer for.

    Attributes:
        executors: Who refuses.
        what: What is refused, in the plural, for people.
        text: The sentence behind the layer's name, with the way out; may hold fields in braces.
        covers: Whether all layers with an op are refused; None where it depends on options or knobs.
    """

    executors: tuple[Executor, ...]
    what: str
    text: str
    covers: Callable[[Op], bool] | None = None

    def error(self, node: Node, **values: object) -> NoModelError:
        """Return the error for a layer.

        Args:
            node: The layer.
            **values: Fields of the text; `kind` is there.
        """
        return NoModelError(self.sentence(node, **values))

    def sentence(self, node: Node, **values: object) -> str:
        """Return what the error says."""
        return f"layer {node.name!r}: {self.text.format(kind=node.kind, **values)}"


AVERAGE_OF_MANY = Refusal(
    executors=CPP,
    what="averages of more than four tensors",
    text="the HLS C++ for io {io!r} has no 'average' with {count} inputs. "
    "Choose another io or flow, or replace the layer.",
)
MANY_AXES = Refusal(
    executors=CPP,
    what="transpositions of more than six axes",
    text="the HLS C++ for io {io!r} has no 'permute' with {count} axes. "
    "Choose another io or flow, or replace the layer.",
)
CPP_PARALLEL_ON_STREAM = Refusal(
    executors=(Executor.CPP_STREAM,),
    what="`parallel` above 1",
    text="the HLS C++ for io 'stream' has no {kind!r} with parallel={parallel}. "
    "Choose another io or flow, or replace the layer.",
)
PARTS_OF_ROWS = Refusal(
    executors=(Executor.RTL_PARALLEL,),
    what="`parallel` that is neither part of a row of positions nor whole rows",
    text="the RTL flow computes parts of a row of {columns} positions at once or whole rows, and parallel={parallel} "
    "is neither. Set it to one of {valid}.",
)
SHARED_CHANNELS = Refusal(
    executors=RTL,
    what="multipliers that several channels of a depthwise convolution would share",
    text="the RTL flow shares no multiplier between the channels of a depthwise convolution, as reuse={reuse} would. "
    "Set it to one of {valid}, or use the flow 'vitis'.",
)
SHARED_CELLS = Refusal(
    executors=RTL,
    what="recurrent layers whose saturating sums would need another order than shared multipliers have",
    text="reuse={reuse} does not divide this layer's units, and with strategy 'resource' and an accumulator that "
    "saturates the states would have to be summed in its order. Use strategy 'latency', or a reuse that divides them.",
)
BACKWARD_STREAM = Refusal(
    executors=(Executor.RTL_STREAM,),
    what="recurrent layers that read their sequence backwards",
    text="a stream begins with the first step, and this layer reads its sequence from the end. "
    "Set the target's io to 'parallel'.",
)
SLOPES_BY_POSITION = Refusal(
    executors=(Executor.RTL_STREAM,),
    what="slopes of a PReLU that differ by position",
    text="a stream needs the same slopes at every position, and this layer has others. "
    "Set the target's io to 'parallel'.",
)
TYPES_BY_POSITION = Refusal(
    executors=(Executor.CPP_STREAM, Executor.RTL_STREAM),
    what="types of elements that differ by position",
    text="a stream needs the same types of elements at every position, and this layer has others. "
    "Set its granularity to 'uniform', or the target's io to 'parallel'.",
)
XLS_CELLS = Refusal(
    executors=(Executor.XLS,),
    what="recurrent layers",
    text="the XLS flow has no {kind} layer. Use the flow 'vitis' for this network.",
    covers=lambda op: isinstance(op, Recurrent),
)
MANY_PRODUCTS = Refusal(
    executors=(Executor.XLS,),
    what="more than 50,000 unrolled multiplications",
    text="the XLS flow would unroll {count:,} multiplications, and takes at most {most:,}. "
    "Raise the layer's reuse, or use the flow 'rtl'.",
)
UNEVEN_STEPS = Refusal(
    executors=(Executor.XLS,),
    what="a reuse that does not split the product of a channel into equal steps",
    text="the XLS flow cannot split a {n_in} x {n_out} product into {reuse} equal steps. "
    "Choose another reuse, or use the flow 'rtl'.",
)
MANY_LANES = Refusal(
    executors=(Executor.XLS,),
    what="more than 2,048 multipliers with reuse above 1",
    text="reuse={reuse} leaves {count:,} multipliers, because every position has its own, and the XLS flow takes at "
    "most {most:,}. Raise the layer's reuse, or use the flow 'vitis'.",
)

_HLS4ML = (Executor.HLS4ML,)
HLS4ML_LAYERS = Refusal(
    executors=_HLS4ML,
    what="casts of single elements, requantizations, tables of the model, clips, hard_swish, SiLU, GELU, Mish, "
    "sparse_plus, logarithms of the sigmoid, tanh_shrink, exponentials, SimpleRNN",
    text="hls4ml has no {kind}. Use the flow 'vitis' or 'rtl'.",
    covers=lambda op: (
        isinstance(op, Quantize | Requantize | Lookup | Clip)
        or (isinstance(op, Activation) and (op.function is Function.HARD_SWISH or op.function in PARTS))
        or (isinstance(op, Recurrent) and op.cell is Cell.SIMPLE_RNN)
    ),
)
HLS4ML_JOINS = Refusal(
    executors=_HLS4ML, what="joins of more than two tensors", text="hls4ml joins two tensors, not {count}."
)
HLS4ML_DILATION = Refusal(executors=_HLS4ML, what="dilated convolutions", text="hls4ml has no dilation.")
HLS4ML_MULTIPLIER = Refusal(
    executors=_HLS4ML, what="depthwise multipliers above 1", text="hls4ml has no depthwise multiplier above 1."
)
HLS4ML_DEPTHWISE = Refusal(
    executors=_HLS4ML,
    what="depthwise convolutions in the resource strategy",
    text="hls4ml's depthwise convolutions have the latency strategy only.",
)
HLS4ML_STRIDES = Refusal(
    executors=_HLS4ML,
    what="streamed convolutions whose kernel is smaller than the stride",
    text="hls4ml's streaming convolution leaves pixels behind where the kernel is smaller than the stride.",
)
HLS4ML_RESET = Refusal(
    executors=_HLS4ML, what="GRUs that reset before the product", text="hls4ml's GRU resets after the product only."
)
HLS4ML_STATES = Refusal(
    executors=_HLS4ML,
    what="backward sequences and state quantizers",
    text="hls4ml has no backward sequence and no state quantizer outside Bidirectional.",
)
HLS4ML_FUNCTIONS = Refusal(
    executors=_HLS4ML,
    what="other functions of cells than relu, sigmoid and tanh",
    text="cells of hls4ml have relu, sigmoid and tanh only.",
)
HLS4ML_GATES = Refusal(
    executors=_HLS4ML,
    what="types of activations and gates of a cell other than its accumulator's",
    text="activations and gates of hls4ml's cells have the accumulator's type: set both to {accum}.",
)
HLS4ML_LSTM = Refusal(
    executors=_HLS4ML,
    what="LSTMs whose input, accumulator, state and result have several types",
    text="hls4ml's LSTM compiles only where input, accumulator, state and result have one type, such as {accum}.",
)
HLS4ML_LIMIT = Refusal(
    executors=_HLS4ML,
    what="limits of a ReLU other than 1 and 6",
    text="hls4ml limits a ReLU at 1 or 6 only, not {limit}.",
)
_NO_FIGURES = "no model for any figure; the total leaves it out."

REFUSALS = (
    AVERAGE_OF_MANY,
    MANY_AXES,
    CPP_PARALLEL_ON_STREAM,
    PARTS_OF_ROWS,
    SHARED_CHANNELS,
    SHARED_CELLS,
    BACKWARD_STREAM,
    SLOPES_BY_POSITION,
    TYPES_BY_POSITION,
    XLS_CELLS,
    MANY_PRODUCTS,
    UNEVEN_STEPS,
    MANY_LANES,
    HLS4ML_LAYERS,
    HLS4ML_JOINS,
    HLS4ML_DILATION,
    HLS4ML_MULTIPLIER,
    HLS4ML_DEPTHWISE,
    HLS4ML_STRIDES,
    HLS4ML_RESET,
    HLS4ML_STATES,
    HLS4ML_FUNCTIONS,
    HLS4ML_GATES,
    HLS4ML_LSTM,
    HLS4ML_LIMIT,
    Refusal(
        executors=(*HLS_PARALLEL, *HLS_STREAM),
        what="layer normalisations, dot products",
        text=_NO_FIGURES,
        covers=lambda op: isinstance(op, LayerNorm | Dot),
    ),
    Refusal(
        executors=HLS_STREAM,
        what="concatenations, transpositions, croppings",
        text=_NO_FIGURES,
        covers=lambda op: isinstance(op, Concatenate | Permute | Crop),
    ),
    Refusal(
        executors=YOSYS,
        what="layer normalisations, dot products, recurrent layers",
        text=_NO_FIGURES,
        covers=lambda op: isinstance(op, LayerNorm | Dot | Recurrent),
    ),
    Refusal(
        executors=(Executor.YOSYS_STREAM,),
        what="global poolings",
        text=_NO_FIGURES,
        covers=lambda op: isinstance(op, Pool) and op.is_global,
    ),
    Refusal(
        executors=(Executor.YOSYS_PARALLEL,),
        what="dense layers at several positions with reuse above 1",
        text=_NO_FIGURES,
    ),
)
"""Everything that is refused, whatever the design's graph looks like otherwise."""


def no_answer(executor: Executor, node: Node, what: str = "") -> NoModelError:
    """Return the error for an op or function that is in no table of an executor: the last answer of a dispatcher.

    Args:
        executor: Who has none.
        node: The layer.
        what: What it has none of; the layer's kind when empty.
    """
    return NoModelError(f"layer {node.name!r}: {_NO_ANSWER[executor].format(what=what or node.kind)}")


_NO_CPP = "the HLS C++ for io {io!r} has no {{what}}. Choose another io or flow, or replace the layer."
_NO_RTL = "the RTL flow has no {what} layer. Use the flow 'vitis' for this network."
_NO_ANSWER: dict[Executor, str] = {
    Executor.EMULATOR: "no emulation of {what} exists.",
    Executor.REFERENCE: "no float implementation of {what} exists.",
    Executor.CPP_PARALLEL: _NO_CPP.format(io="parallel"),
    Executor.CPP_STREAM: _NO_CPP.format(io="stream"),
    **dict.fromkeys(RTL, _NO_RTL),
    Executor.XLS: "the XLS flow has no {what} layer. Use the flow 'vitis' for this network.",
}
