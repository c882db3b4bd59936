"""The C++ of each op in io_parallel: its configuration struct, constants and call (docs/cpp.md)."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, prod

import numpy as np

from hlsexplore.design import Design, LayerConfig, SoftmaxMode, Strategy
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import Fixed, RawArray, quantize
from hlsexplore.graph import Node, Shape
from hlsexplore.ops import Activation, Dense, Function, Op, Softmax
from hlsexplore.tables import softmax_tables
from hlsexplore.weights import raw_weights
from hlsexplore_hls.cpp.code import LayerCode, constant, cpp_type, raw_constant, rom, rom_type, typedef

MAX_LANES = 512
"""Elements that an elementwise layer of a dataflow design computes at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the C++ of a layer depends on.

    Attributes:
        design: The design.
        node: The layer.
        is_dataflow: Whether layers run side by side on several samples, each at its own pace.
    """

    design: Design
    node: Node
    is_dataflow: bool

    @property
    def config(self) -> LayerConfig:
        """Types and knobs."""
        return self.design.layers[self.node.name]

    @property
    def types(self) -> tuple[Fixed, ...]:
        """Types of the tensors that it reads."""
        return self.design.input_types(self.node.name)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of the tensors that it reads."""
        return self.design.graph.input_shapes(self.node)


Generator = Callable[[Context], LayerCode]


def generate_layer(context: Context) -> LayerCode:
    """Return the C++ of a layer.

    Raises:
        NoModelError: If the flow cannot build the op.
    """
    found = _GENERATORS.get(type(context.node.op))
    if found is None:
        raise unsupported(context)
    return found(context)


def unsupported(context: Context, what: str = "") -> NoModelError:
    """Return the error for an op or option that cannot be built."""
    node = context.node
    detail = f"{node.kind!r}{f' with {what}' if what else ''}"
    return NoModelError(
        f"layer {node.name!r}: the HLS C++ for io {context.design.target.io.value!r} has no {detail}. "
        "Choose another io or flow, or replace the layer."
    )


def matrix_members(context: Context, num_in: int, num_out: int, multiplier: int, weight: RawArray) -> tuple[str, ...]:
    """Return the members that every product with a constant matrix has.

    Args:
        context: The layer.
        num_in: Rows.
        num_out: Columns.
        multiplier: Outputs of each channel of a depthwise convolution, else 0.
        weight: Raw weights.
    """
    config, types = context.config, context.config.types
    if config.strategy is Strategy.LATENCY:
        multipliers = ceil(int(np.count_nonzero(weight)) / config.reuse)
    else:
        multipliers = num_in * num_out // config.reuse
    return (
        constant("num_in", num_in),
        constant("num_out", num_out),
        constant("channel_multiplier", multiplier),
        constant("reuse", config.reuse),
        constant("num_multipliers", max(multipliers * config.parallel, 1)),
        constant("kind", f"nnet::strategy::{config.strategy.value}", "nnet::strategy"),
        typedef("weight_t", cpp_type(types["weight"])),
        typedef("bias_t", cpp_type(types["bias"])),
        typedef("accum_t", cpp_type(types["accum"])),
        typedef("weight_rom", rom_type(types["weight"])),
        typedef("bias_rom", rom_type(types["bias"])),
    )


def stored_weights(config: LayerConfig, weight: RawArray) -> RawArray:
    """Return a matrix in the order of its constant array.

    Latency: row after row. Resource: the weights of one step lie `reuse` apart (nnet/matvec.h).

    Args:
        config: Configuration of the layer.
        weight: Raw weights, shape (num_in, num_out).
    """
    if config.strategy is Strategy.LATENCY:
        return weight.ravel()
    num_in, num_out = weight.shape
    if config.reuse <= num_in:
        # Row i belongs to step i mod reuse; output k and parallel row t make the position within the word.
        rows = weight.reshape(num_in // config.reuse, config.reuse, num_out)
        return rows.transpose(2, 0, 1).ravel()
    groups = config.reuse // num_in
    return weight.reshape(num_in, groups, num_out // groups).transpose(2, 1, 0).ravel()


def biases(context: Context, num_out: int) -> RawArray:
    """Return the raw biases of a layer; zeros if it has none."""
    return raw_weights(context.design, context.node.name).get("bias", np.zeros(num_out, dtype=np.int64))


def num_lanes(context: Context) -> int:
    """Return how many elements an elementwise layer computes at once.

    All of them in a design that is one pipeline; in a dataflow design one position, as many as the layers around it.
    """
    shape, total = context.node.shape, context.node.num_elements
    if not context.is_dataflow:
        return total
    if len(shape) > 1:
        return shape[-1]
    return max(size for size in range(1, min(total, MAX_LANES) + 1) if total % size == 0)


def _dense(context: Context) -> LayerCode:
    node, config = context.node, context.config
    weight = raw_weights(context.design, node.name)["weight"]
    num_in, num_out = weight.shape
    positions = prod(node.shape[:-1])
    bias = biases(context, num_out)
    return LayerCode(
        header="dense.h",
        function="nnet::dense",
        summary=f"{num_in} -> {num_out}" + (f" at {positions} positions" if positions > 1 else ""),
        members=(
            constant("num_inputs", positions * num_in),
            constant("num_positions", positions),
            constant("parallel", config.parallel),
            *matrix_members(context, num_in, num_out, 0, weight),
        ),
        roms=(
            rom(node.name, "weight", stored_weights(config, weight), config.types["weight"]),
            rom(node.name, "bias", bias, config.types["bias"]),
        ),
        ii_cycles=positions // config.parallel * config.reuse,
    )


def _activation(context: Context) -> LayerCode:
    op = context.node.op
    if not isinstance(op, Activation) or op.function not in _ACTIVATIONS:
        raise unsupported(context)
    return _ACTIVATIONS[op.function](context)


def elementwise(context: Context, functor: str, members: tuple[str, ...] = ()) -> LayerCode:
    """Return the C++ of an elementwise function without tables."""
    total, lanes = context.node.num_elements, num_lanes(context)
    return LayerCode(
        header="activation.h",
        function="nnet::activate",
        template=(f"nnet::{functor}",),
        summary=f"{total} elements",
        members=(constant("num_elements", total), constant("num_parallel", lanes), *members),
        ii_cycles=total // lanes,
    )


def _linear(context: Context) -> LayerCode:
    return elementwise(context, "linear")


def _relu(context: Context) -> LayerCode:
    op, source = context.node.op, context.types[0]
    top = op.max_value if isinstance(op, Activation) else None
    limit = None if top is None else floor(top * 2.0**source.fraction)
    if top is None or limit is None or limit >= source.max_raw:
        return elementwise(context, "relu")
    ceiling = int(quantize(np.float64(top), context.config.types["result"]))
    return elementwise(
        context, "clipped_relu", (raw_constant("limit_raw", limit), raw_constant("ceiling_raw", ceiling))
    )


def _softmax(context: Context) -> LayerCode:
    node, config, types = context.node, context.config, context.config.types
    classes, positions = node.shape[-1], prod(node.shape[:-1])
    common = (constant("num_in", classes), constant("num_positions", positions))
    summary = f"{classes} classes" + (f" at {positions} positions" if positions > 1 else "")
    if config.softmax is SoftmaxMode.ARGMAX:
        one = int(quantize(np.float64(1.0), types["result"]))
        members = (*common, raw_constant("one_raw", one))
        return LayerCode(
            header="softmax.h", function="nnet::argmax", summary=summary, members=members, ii_cycles=positions
        )
    is_stable = config.softmax is SoftmaxMode.STABLE
    tables = softmax_tables(
        context.types[0], types["exp_table"], types["inv_input"], types["inv_table"], config.table_size, is_stable
    )
    return LayerCode(
        header="softmax.h",
        function="nnet::softmax",
        template=("nnet::stable_norm" if is_stable else "nnet::latency_norm",),
        summary=summary,
        members=(
            *common,
            constant("exp_bits", tables.exp_bits),
            constant("inverse_bits", tables.inverse_bits),
            typedef("norm_t", cpp_type(tables.norm)),
            typedef("exp_table_t", cpp_type(types["exp_table"])),
            typedef("accum_t", cpp_type(types["accum"])),
            typedef("inv_input_t", cpp_type(types["inv_input"])),
            typedef("inv_table_t", cpp_type(types["inv_table"])),
            typedef("exp_rom", rom_type(types["exp_table"])),
            typedef("inv_rom", rom_type(types["inv_table"])),
        ),
        roms=(
            rom(node.name, "exp_table", tables.exp, types["exp_table"]),
            rom(node.name, "inv_table", tables.inverse, types["inv_table"]),
        ),
        ii_cycles=positions,
    )


_ACTIVATIONS: dict[Function, Generator] = {
    Function.LINEAR: _linear,
    Function.RELU: _relu,
}

_GENERATORS: dict[type[Op], Generator] = {
    Dense: _dense,
    Activation: _activation,
    Softmax: _softmax,
}
