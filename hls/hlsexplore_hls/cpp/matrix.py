"""A product with a constant matrix in C++: its constants, its memory layout, its multipliers (nnet/matvec.h)."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from hlsexplore.fixed import Fixed, RawArray, requantize
from hlsexplore.layer_config import Multiplier, Strategy
from hlsexplore.ops import Cell, Recurrent
from hlsexplore.rtl_plan.count.blocks import DSP48E1, DSP48E2
from hlsexplore.rtl_plan.netlist.timing import SERIES7, part_fabric
from hlsexplore_hls.cpp.code import Rom, constant, cpp_type, rom, rom_type, typedef
from hlsexplore_hls.cpp.op_context import OpContext


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matrix:
    """A constant matrix and how it is multiplied with.

    Attributes:
        weight: Raw weights, a row for each input and a column for each output it counts for.
        weight_type: Type of them.
        bias: Raw biases in `bias_type`, shape (num_out,).
        bias_type: Type in which biases are stored.
        accum: Type of the accumulator.
        multiplier: Outputs of each channel of a depthwise convolution, else 0.
        strategy: Layout.
        reuse: Multiplications that share a multiplier.
        parallel: Positions computed at once.
        product_of: What multiplies, a name of `nnet::multiplier`.
    """

    weight: RawArray
    weight_type: Fixed
    bias: RawArray
    bias_type: Fixed
    accum: Fixed
    multiplier: int = 0
    strategy: Strategy
    reuse: int
    parallel: int = 1
    product_of: str = "any"

    @property
    def num_steps(self) -> int:
        """Cycles for one position."""
        if self.strategy is Strategy.RESOURCE and self.multiplier:
            return min(self.reuse, int(self.weight.shape[0]))
        return self.reuse

    @property
    def num_multipliers(self) -> int:
        """Multiplications that happen at once."""
        if self.strategy is Strategy.LATENCY:
            return max(ceil(int(np.count_nonzero(self.weight)) / self.reuse), 1) * self.parallel
        return self.stored().size // self.num_steps * self.parallel

    def stored(self) -> RawArray:
        """Return the weights in the order of their constant array.

        Latency: row after row. Resource: the weights of one step lie `num_steps` apart; rows that the last word lacks
        are zeros.
        """
        if self.strategy is Strategy.LATENCY:
            return self.weight.ravel()
        num_rows, num_columns = self.weight.shape
        if self.reuse > num_rows and not self.multiplier:
            groups = self.reuse // num_rows
            return self.weight.reshape(num_rows, groups, num_columns // groups).transpose(2, 1, 0).ravel()
        steps = min(self.reuse, num_rows)
        words = -(-num_rows // steps)
        padded = np.zeros((words * steps, num_columns), dtype=self.weight.dtype)
        padded[:num_rows] = self.weight
        # Row i belongs to step i mod reuse; parallel row and column make the position within the word.
        return padded.reshape(words, steps, num_columns).transpose(0, 2, 1).ravel()

    def members(self) -> tuple[str, ...]:
        """Return the members of the configuration."""
        return (
            constant("num_in", self.weight.shape[0]),
            constant("num_out", self.bias.size),
            constant("num_weights", self.stored().size),
            constant("channel_multiplier", self.multiplier),
            constant("reuse", self.reuse),
            constant("num_multipliers", self.num_multipliers),
            constant("kind", f"nnet::strategy::{self.strategy.value}", "nnet::strategy"),
            typedef("weight_t", cpp_type(self.weight_type)),
            typedef("bias_t", cpp_type(self.bias_type)),
            typedef("accum_t", cpp_type(self.accum)),
            typedef("product_of", f"nnet::multiplier::{self.product_of}"),
            typedef("weight_rom", rom_type(self.weight_type)),
            typedef("bias_rom", rom_type(self.bias_type)),
        )

    def roms(self, layer: str, prefix: str = "") -> tuple[Rom, Rom]:
        """Return the constant arrays.

        Args:
            layer: Name of the layer, for messages.
            prefix: Put before `weight` and `bias`.
        """
        return (
            rom(layer, f"{prefix}weight", self.stored(), self.weight_type),
            rom(layer, f"{prefix}bias", self.bias, self.bias_type),
        )


def matrix_of(
    context: OpContext,
    weight: RawArray,
    bias: RawArray | None,
    num_out: int,
    multiplier: int = 0,
    weight_key: str = "weight",
    bias_key: str = "bias",
    reuse: int | None = None,
) -> Matrix:
    """Return the matrix of a layer.

    Args:
        context: The layer.
        weight: Raw weights, shape (rows, columns).
        bias: Raw biases in the type of `bias_key`, or None for zeros.
        num_out: Outputs.
        multiplier: Outputs of each channel of a depthwise convolution, else 0.
        weight_key: Tensor key of the weights.
        bias_key: Tensor key of the biases.
        reuse: Reuse of this product; the layer's when None.
    """
    config, accum = context.config, context.config.types["accum"]
    bias_type = config.types[bias_key]
    # Biases are stored already cast to the accumulator, unless that is too wide for a constant array.
    stored = accum if accum.fits_int64 else bias_type
    raw = np.zeros(num_out, dtype=np.int64) if bias is None else requantize(bias, bias_type.fraction, stored)
    return Matrix(
        weight=weight,
        weight_type=config.types[weight_key],
        bias=raw,
        bias_type=stored,
        accum=accum,
        multiplier=multiplier,
        strategy=config.strategy,
        reuse=config.reuse if reuse is None else reuse,
        parallel=config.parallel,
        product_of=_product_of(context, config.types[weight_key].width),
    )


def _product_of(context: OpContext, weight_bits: int) -> str:
    """Return what multiplies, as `matvec.h` names it; a budget of DSP blocks is shared by all products of a layer."""
    config, op = context.config, context.node.op
    if config.multiplier is not Multiplier.MIXED:
        return {Multiplier.AUTO: "any", Multiplier.DSP: "dsp", Multiplier.LUT: "lut"}[config.multiplier]
    blocks = DSP48E1 if part_fabric(context.design.target.part) is SERIES7 else DSP48E2
    source = context.design.input_types(context.node.name)[0]
    products = 1
    if isinstance(op, Recurrent):
        products = 3 if op.cell is Cell.GRU and not op.reset_after else 2
    each = max(blocks.count(weight_bits, source.width + (not source.signed)), 1)
    return f"mixed<{config.dsp_budget // (each * products * config.parallel)}>"
