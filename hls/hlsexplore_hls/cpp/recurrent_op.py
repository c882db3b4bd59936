"""The C++ of recurrent layers."""

from collections.abc import Mapping

import numpy as np

from hlsexplore.defaults.bounds import slope_type
from hlsexplore.fixed import Fixed
from hlsexplore.layer_config import Strategy
from hlsexplore.ops import Activation, Cell, Function, Recurrent
from hlsexplore_hls.cpp.code import LayerCode, Rom, constant, cpp_type, rom, rom_type, typedef
from hlsexplore_hls.cpp.functions import FunctionCode, FunctionContext, function_code
from hlsexplore_hls.cpp.matrix import Matrix, matrix_of
from hlsexplore_hls.cpp.op_context import OpContext

_NO_TABLE = Fixed(1, 1)
_CELLS = {Cell.SIMPLE_RNN: "nnet::simple_rnn", Cell.LSTM: "nnet::lstm", Cell.GRU: "nnet::gru"}


def recurrent(context: OpContext, op: Recurrent) -> LayerCode:
    """Return the C++ of a recurrent layer."""
    types, units = context.config.types, op.recurrent_kernel.shape[0]
    num_steps, num_in = context.shapes[0]
    products = _products(context, op)
    inner = _inner_types(op, types)
    act = _function(context, op.activation, op.alpha, types["accum"], inner["activation"])
    rec = act
    if op.cell is not Cell.SIMPLE_RNN:
        rec = _function(context, op.recurrent_activation, op.recurrent_alpha, types["accum"], inner["gate"])
    state_act = _function(context, op.activation, op.alpha, inner["state"], inner["activation"])
    functions = {"act": act, "rec": rec, "state": state_act}
    resets_first = op.cell is Cell.GRU and not op.reset_after
    return LayerCode(
        header=context.header("recurrent"),
        function="nnet::gru_reset_first" if resets_first else "nnet::recurrent",
        template=() if resets_first else (_CELLS[op.cell],),
        summary=f"{num_steps} steps of {num_in} -> {units} units",
        config_headers=("recurrent.h",),
        members=(
            constant("num_steps", num_steps),
            constant("num_in", num_in),
            constant("num_units", units),
            constant("returns_sequences", op.return_sequences),
            constant("is_backward", op.go_backwards),
            *(typedef(f"{key}_t", cpp_type(type_)) for key, type_ in inner.items()),
            *(line for name, item in products.items() for line in _nested(f"{name}_product", _product_members(item))),
            *(line for name, code in functions.items() for line in _nested(f"{name}_function", _members(code))),
        ),
        roms=(
            *(item for name, matrix in products.items() for item in matrix.roms(context.node.name, f"{name}_")),
            _table_rom(context, "act_table", act),
            _table_rom(context, "rec_table", rec),
        ),
        ii_cycles=None,
    )


def _inner_types(op: Recurrent, types: Mapping[str, Fixed]) -> dict[str, Fixed]:
    """Return the types inside the cell; where the op has none of its own, the one that takes its place."""
    result = types["result"]
    state = types.get("state", result)
    return {
        "accum": types["accum"],
        "activation": types["activation"],
        "gate": types.get("gate", types["activation"]),
        "state": state,
        "hidden": types.get("hidden", result),
        "memory": types.get("memory", state),
        "result": result,
    }


def _products(context: OpContext, op: Recurrent) -> dict[str, Matrix]:
    """Return the products of a step: of the input, of the hidden state, and of the masked one where there is one."""
    raw, config = context.raw, context.config
    split = 2 * op.recurrent_kernel.shape[0] if op.cell is Cell.GRU and not op.reset_after else None
    hidden, bias = raw["recurrent_weight"], raw.get("recurrent_bias")
    products = {"input": matrix_of(context, raw["weight"], raw.get("bias"), raw["weight"].shape[1])}
    parts = {"hidden": slice(None, split)} | ({"masked": slice(split, None)} if split else {})
    for name, columns in parts.items():
        weight = np.ascontiguousarray(hidden[:, columns])
        products[name] = matrix_of(
            context,
            weight,
            None if bias is None else bias[columns],
            weight.shape[1],
            weight_key="recurrent_weight",
            bias_key="recurrent_bias",
            reuse=_hidden_reuse(config.reuse, config.strategy, *weight.shape),
        )
    return products


def _hidden_reuse(reuse: int, strategy: Strategy, num_rows: int, num_columns: int) -> int:
    """Return the reuse of a product with the hidden state: the layer's, or the next below that the shape allows."""
    if strategy is Strategy.LATENCY or reuse <= num_rows:
        return reuse
    groups = max(size for size in range(1, reuse // num_rows + 1) if num_columns % size == 0)
    return num_rows * groups


def _function(context: OpContext, function: Function, alpha: float, source: Fixed, result: Fixed) -> FunctionCode:
    op = Activation(function=function, alpha=alpha)
    part = FunctionContext(layer=context, op=op, source=source, result=result, weight=slope_type(alpha))
    return function_code(part)


def _product_members(matrix: Matrix) -> tuple[str, ...]:
    """Return the members of a product at one position."""
    place = (
        constant("num_inputs", matrix.weight.shape[0]),
        constant("num_positions", 1),
        constant("num_columns", 1),
        constant("parallel", 1),
    )
    return (*place, *matrix.members())


def _members(code: FunctionCode) -> tuple[str, ...]:
    """Return the members of an activation; one without a table has a table of one zero."""
    how = "by_value" if code.table is None else "by_table"
    dummy = (constant("table_bits", 0), typedef("table_rom", rom_type(_NO_TABLE)))
    return (
        typedef("Function", f"nnet::{how}<nnet::{code.functor}>"),
        *code.members,
        *(dummy if code.table is None else ()),
    )


def _nested(name: str, members: tuple[str, ...]) -> tuple[str, ...]:
    return (f"struct {name} {{", *(f"    {line}" for line in members), "};")


def _table_rom(context: OpContext, name: str, code: FunctionCode) -> Rom:
    if code.table is None or code.table_type is None:
        return rom(context.node.name, name, np.zeros(1, dtype=np.int64), _NO_TABLE)
    return rom(context.node.name, name, code.table, code.table_type)
