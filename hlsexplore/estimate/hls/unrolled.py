"""Unrolled products: every weight is a constant of the logic, with or without shared multipliers."""

from collections.abc import Mapping
from math import ceil

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.constants import MatrixProfile, Widths
from hlsexplore.estimate.cost import Cost, is_rounding
from hlsexplore.estimate.hls.matrix import Live, constants_of, profile_of, types_of
from hlsexplore.estimate.hls.schedule import Schedule, saturating_stages, schedule
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import Speed, Technology
from hlsexplore.fixed import Fixed, Overflow

PIPELINED_MULTIPLIER_FF = 67.0
"""Registers of a multiplier of 16 x 10 bits with an inner stage, as the tools price it on 7-series."""


def multiplier_counts(found: MatrixProfile, widths: Widths, tech: Technology) -> tuple[int, float, int]:
    """Count the multipliers of an unrolled product: DSP blocks, LUT of all of them, their number.

    Vivado HLS counts a positive constant without, Vitis HLS with its sign bit. The ports of a DSP block are signed, so
    an unsigned constant of 18 bits needs a second one in both.
    """
    needed = widths.accum + max(widths.dropped, 0)
    operand = min(widths.input, max(needed, 1))
    dsp, lut, count = 0, 0.0, 0
    for bits, number in found.positive_bits if tech.is_vitis else found.constant_bits:
        blocks = tech.multiplier_dsp(operand, bits)
        dsp += blocks * number
        lut += number * (tech.dsp_lut() if blocks else tech.soft_multiplier(max(operand, bits)))
        count += number
    if not tech.is_vitis:
        dsp += _ports(operand, found.positive_bits, tech) - _ports(operand, found.constant_bits, tech)
    return dsp, lut, count


def _ports(operand: int, bits: tuple[tuple[int, int], ...], tech: Technology) -> int:
    """DSP blocks of products by constants if each were in DSP blocks."""
    return sum(number * tech.multiplier_dsp(operand, width, forced=True) for width, number in bits)


def unrolled(layer: LayerRecord, tech: Technology, budget: float, table: Coefficients, live: Live) -> Cost:
    """Estimate a fully unrolled product: constants become wires, shift-adds or multipliers, sums become trees."""
    source, weight, accum = types_of(layer)
    found, widths = profile_of(layer, live)
    dsp, lut, count = multiplier_counts(found, widths, tech)
    multiplied = min(1.0, count / max(found.nonzeros, 1))
    saturating = accum.overflow is not Overflow.WRAP
    if saturating:
        plan = saturating_stages(found, multiplied, accum.width, tech, budget)
    else:
        plan = schedule(found, multiplied, accum.width, layer.strategy == "resource", tech, budget, dsp)
    lut += _adder_lut(layer, found, multiplied, saturating, tech, table)
    if saturating:
        lut += table.of("saturating", tech.name)["saturate"] * found.nonzeros * accum.width
    elif is_rounding(_product(source, weight), accum):
        lut += found.nonzeros * tech.adder(accum.width)
    known = layer.constants is not None
    model = "saturating" if saturating else "unrolled"
    return Cost(
        model=model if known else "unweighted",
        lut=lut,
        ff=_registers(layer, found, plan, dsp, saturating, tech, table),
        dsp=float(dsp),
        bram18=0.0,
        latency_min=float(plan.stages),
        latency_max=float(plan.stages),
        ii=1.0 if layer.strategy != "resource" else plan.stages + 1.0,
        delay_ns=plan.delay_ns,
        rules=frozenset({"dsp", "bram18", "ii"} if known else {"bram18", "ii"}),
        notes=() if known else ("weights unknown, typical ones assumed",),
    )


def _product(source: Fixed, weight: Fixed) -> Fixed:
    return Fixed(min(source.width + weight.width, 1024), source.integer + weight.integer)


def _adder_lut(
    layer: LayerRecord,
    found: MatrixProfile,
    multiplied: float,
    saturating: bool,
    tech: Technology,
    table: Coefficients,
) -> float:
    """LUT of accumulation and shift-adds: library prices, a share of them as three-input adders."""
    coefficients = table.of("saturating" if saturating else "unrolled", tech.name)
    total = 0.0
    if found.adders:
        price = _adder_price(layer, found, tech, coefficients)
        if layer.strategy == "resource" and tech.has_wide_levels:
            price -= coefficients["in_dsp"] * multiplied**2
        total += coefficients["adder"] * (found.adders - found.repeated_adders) * price
    if found.shift_adds:
        width, chained = found.shift_bits / found.shift_adds, coefficients["shift_chained"]
        total += coefficients["shift"] * found.shift_adds * (chained * width + (1 - chained) * tech.adder(width))
    return total


def _adder_price(
    layer: LayerRecord, found: MatrixProfile, tech: Technology, coefficients: Mapping[str, float]
) -> float:
    """Mean LUT of an accumulation adder.

    The tools merge two adders into one of three inputs mostly where both have the accumulator's width: 67 to 85 % of
    such adders are priced so, 10 to 30 % of narrower ones, and these at the accumulator's width.
    """
    accum = types_of(layer)[2].width
    narrow = found.adders - found.full_adders
    chained = coefficients["chained"]
    total = found.full_adders * (chained * tech.chained_adder(accum) + (1 - chained) * tech.adder(accum))
    if narrow:
        width = (found.adder_bits - found.full_adders * accum) / narrow
        merged = coefficients["chained_narrow"]
        total += narrow * (merged * tech.chained_adder(accum) + (1 - merged) * tech.adder(width))
    return total / found.adders


def _registers(
    layer: LayerRecord,
    found: MatrixProfile,
    plan: Schedule,
    dsp: int,
    saturating: bool,
    tech: Technology,
    table: Coefficients,
) -> float:
    """Register bits: values alive at each stage, inner stages of multipliers."""
    source, _, accum = types_of(layer)
    coefficients = table.of("saturating" if saturating else "unrolled", tech.name)
    if saturating:
        waiting = found.live_inputs * source.width + found.live_outputs * accum.width
        return coefficients["waiting"] * plan.stages * waiting
    bits = coefficients["cut"] * sum(plan.alive) * found.live_outputs * accum.width
    if tech.speed is Speed.SLOW and plan.stages > 1 and tech.level_ns > 2:
        bits += coefficients["multiplier_ff"] * dsp
    return bits


def shared(layer: LayerRecord, cost: Cost, tech: Technology, table: Coefficients, live: Live) -> Cost:
    """Estimate the latency strategy with reuse: an unrolled product whose multipliers are limited in number.

    The limit is ceil(n_in * n_out / reuse) - floor(zeros / reuse); a shared multiplier takes one constant a cycle.

    Args:
        layer: The layer, reuse above 1.
        cost: Its cost without sharing.
        tech: Tool and family.
        table: Fitted coefficients.
        live: Outputs that something reads and inputs that vary.
    """
    found, widths = profile_of(layer, live)
    dsp, _, count = multiplier_counts(found, widths, tech)
    zeros = constants_of(layer).zeros if layer.zeros is None else layer.zeros
    limit = max(1, ceil(layer.n_in * layer.n_out / layer.reuse) - zeros // layer.reuse)
    coefficients = table.of("shared", tech.name)
    stages = cost.latency_min or 0.0
    if not count:
        cycles = stages + 1 if stages else 0.0
        if not cycles:
            return cost
        rounds = 1
    else:
        rounds = ceil(count / limit)
        cycles = max(stages, rounds + 1.0) if rounds > 4 else max(stages, rounds - 1.0)
    accum = types_of(layer)[2]
    stalled = found.nonzeros * accum.width * (1 - 1 / rounds) ** 3
    used = min(dsp, limit)
    lut = (cost.lut or 0.0) - tech.dsp_lut() * (dsp - used) + (coefficients["select"] * count if rounds > 1 else 0.0)
    base_ff = (cost.ff or 0.0) if rounds <= 4 else 0.0
    return Cost(
        model="shared",
        lut=lut,
        ff=base_ff + coefficients["waiting"] * stalled,
        dsp=float(used),
        bram18=0.0,
        latency_min=float(cycles),
        latency_max=float(cycles),
        ii=float(min(cycles + 1, layer.reuse)),
        delay_ns=cost.delay_ns,
        rules=cost.rules & {"dsp", "bram18"},
        notes=cost.notes,
    )
