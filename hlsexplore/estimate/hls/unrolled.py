"""Unrolled products: every weight is a constant of the logic, with or without shared multipliers."""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.constants import MatrixProfile, ProductWidths
from hlsexplore.estimate.cost import Cost, is_rounding
from hlsexplore.estimate.hls.matrix import Liveness, constants_of, profile_of, types_of
from hlsexplore.estimate.hls.schedule import TreeSchedule, chain, is_chain, saturating_stages, schedule
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import Speed, Technology
from hlsexplore.fixed import Fixed, Overflow

PIPELINED_MULTIPLIER_FF = 67.0
"""Registers of a multiplier of 16 x 10 bits with an inner stage, as the tools price it on 7-series."""


def multiplier_counts(found: MatrixProfile, widths: ProductWidths, tech: Technology) -> tuple[int, float, int]:
    """Count the multipliers of an unrolled product: DSP blocks, LUT of all of them, their number.

    Vivado HLS counts a positive constant without, Vitis HLS with its sign bit. The ports of a DSP block are signed, so
    an unsigned constant of 18 bits needs a second one in both.
    """
    needed = max(widths.accum + max(widths.dropped, 0), 1)
    dsp, lut, count = 0, 0.0, 0
    for wide, plain, signed, number in found.multipliers:
        operand = min(wide, needed)
        bits = signed if tech.is_vitis else plain
        blocks = tech.multiplier_dsp(operand, bits)
        dsp += blocks * number
        lut += number * (tech.dsp_lut() if blocks else tech.soft_multiplier(max(operand, bits)))
        count += number
        if not tech.is_vitis:
            ports = tech.multiplier_dsp(operand, signed, forced=True) - tech.multiplier_dsp(operand, plain, forced=True)
            dsp += number * ports
    return dsp, lut, count


def unrolled(layer: LayerRecord, p: Pricing, live: Liveness, lead_ns: float = 0.0) -> Cost:
    """Estimate a fully unrolled product: constants become wires, shift-adds or multipliers, sums become trees.

    Args:
        layer: The layer.
        p: Tool, family, interface and clock.
        live: Outputs that something reads and inputs that vary.
        lead_ns: Delay of what stands before the product in its first cycle.
    """
    tech, budget, table = p.tech, p.budget_ns, p.table
    source, weight, accum = types_of(layer)
    found, widths = profile_of(layer, live)
    dsp, lut, count = multiplier_counts(found, widths, tech)
    multiplied = min(1.0, count / max(found.nonzeros, 1))
    saturating = accum.overflow is not Overflow.WRAP
    is_chained = is_chain(source, weight, accum, tech)
    if is_chained:
        plan = chain(found, accum.width, tech, budget)
    elif saturating:
        plan = saturating_stages(found, multiplied, accum.width, tech, budget)
    else:
        is_resource, is_cut = layer.strategy == "resource", widths.dropped > 0
        plan = schedule(found, multiplied, accum.width, is_resource, tech, budget, dsp, lead_ns, is_cut)
    lut += found.nonzeros * (accum.width + 7.0) if is_chained else 0.0
    lut += _adder_lut(layer, found, multiplied, saturating, is_chained, p)
    if saturating:
        lut += table.of("saturating", tech.name)["saturate"] * found.nonzeros * accum.width
    elif is_rounding(_product(source, weight), accum):
        lut += found.nonzeros * tech.adder(accum.width)
    known = layer.constants is not None
    model = "saturating" if saturating else "unrolled"
    return Cost(
        model=model if known else "unweighted",
        lut=lut,
        ff=_registers(layer, found, plan, dsp, saturating, widths.dropped > 0, tech, table),
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
    is_chained: bool,
    p: Pricing,
) -> float:
    """LUT of accumulation and shift-adds: library prices, a share of them as three-input adders.

    Vitis HLS on 7 series merges sums where two fit a cycle (83 % of 1,640 sums of two repositories in 4.37 ns), not in
    3.65 ns (two other repositories).
    """
    tech = p.tech
    has_room = tech.is_vitis and tech.speed is Speed.SLOW and p.budget_ns >= TWO_SUMS_NS
    merged = "vitis_hls.fast" if has_room else tech.name
    coefficients = p.table.of("saturating" if saturating else "unrolled", merged)
    total = 0.0
    if found.adders and not is_chained:
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
    plan: TreeSchedule,
    dsp: int,
    saturating: bool,
    is_cut: bool,
    tech: Technology,
    table: Coefficients,
) -> float:
    """Register bits: values alive at each stage, inner stages of multipliers."""
    source, _, accum = types_of(layer)
    coefficients = table.of("saturating" if saturating else "unrolled", tech.name)
    if saturating:
        waiting = found.live_inputs * source.width + found.live_outputs * accum.width
        return coefficients["waiting"] * plan.stages * waiting
    width: float = accum.width
    if tech.sizes_sums and not is_cut and found.adders:  # sums of products in DSPs have all bits, those of shifts fewer
        share = min(1.0, dsp / max(found.nonzeros, 1))
        width = share * accum.width + (1 - share) * found.adder_bits / found.adders
    bits = coefficients["cut"] * sum(plan.alive) * found.live_outputs * width
    if _has_inner_stage(tech, plan.stages):
        bits += coefficients["multiplier_ff"] * dsp
    return bits


def _has_inner_stage(tech: Technology, stages: float) -> bool:
    """Whether multipliers in DSP blocks have registers of their own in the logic."""
    return tech.speed is Speed.SLOW and stages > 1 and tech.level_ns > 2


def shared(layer: LayerRecord, cost: Cost, p: Pricing, live: Liveness) -> Cost:
    """Estimate the latency strategy with reuse: an unrolled product whose multipliers are limited in number.

    The limit is ceil(n_in * n_out / reuse) - floor(zeros / reuse). A shared multiplier takes one constant a cycle, each
    through a multiplexer for the input and one for the constant; products wait in registers until all are there.

    Args:
        layer: The layer, reuse above 1.
        cost: Its cost without sharing.
        p: Tool, family, interface and clock.
        live: Outputs that something reads and inputs that vary.
    """
    tech = p.tech
    found, widths = profile_of(layer, live)
    dsp, _, count = multiplier_counts(found, widths, tech)
    zeros = constants_of(layer).zeros if layer.zeros is None else layer.zeros
    limit = max(1, ceil(layer.n_in * layer.n_out / layer.reuse) - zeros // layer.reuse)
    coefficients = p.of("shared")
    stages = cost.latency_min or 0.0
    if not count and not stages:
        return cost
    rounds = ceil(count / limit) if count else 1
    cycles = _shared_cycles(rounds, stages, bool(count), p)
    accum = types_of(layer)[2]
    used = min(dsp, limit)
    busy = limit if rounds > SHORT_ROUNDS else max(count - limit, 0)
    each = min(rounds, 2) if rounds <= SHORT_ROUNDS else count / limit
    choose = 2 * busy * (MUX_INPUT_LUT * each + MUX_START_LUT) + STATE_LUT * (cycles + 1) if rounds > 1 else 0.0
    merged = MERGED_SUM_LUT * found.adders * min(1.0, count / max(found.nonzeros, 1)) * (rounds > SHORT_ROUNDS)
    lut = (cost.lut or 0.0) - tech.dsp_lut() * (dsp - used) + coefficients["select"] * choose - merged
    waits = found.nonzeros * accum.width * (1 - 1 / rounds) ** 3
    is_late = tech.speed is Speed.SLOW and p.stages(coefficients["tail_ns"]) and not is_chain(*types_of(layer), tech)
    waits *= SLOW_WAITS if is_late else 1.0
    base_ff = (cost.ff or 0.0) if rounds <= SHORT_ROUNDS else 0.0
    if base_ff and _has_inner_stage(tech, stages):
        base_ff = max(base_ff - p.of("unrolled")["multiplier_ff"] * (dsp - used), 0.0)
    if tech.speed is Speed.SLOW and layer.reuse > 1:
        base_ff *= HELD_SHARE
    return replace(
        cost,
        model="shared",
        lut=lut,
        ff=base_ff + coefficients["waiting"] * waits,
        dsp=float(used),
        latency_min=cycles,
        latency_max=cycles,
        ii=float(min(cycles + 1, layer.reuse)),
        rules=cost.rules & {"dsp", "bram18"},
    )


TWO_SUMS_NS = 4.0
"""Time of a cycle from which two sums of 7 series fit it."""
SLOW_WAITS = 1.3
"""Registers of products that wait on 7 series where they and their sums take several cycles, over one (6 products);
the sums of a chain start with the first product."""
HELD_SHARE = 0.78
"""Registers of such a product on 7 series, over one that takes an input each cycle: what waits for two cycles needs one
register, not two (16 layers of one repository, 0.62 to 0.87)."""
SHORT_ROUNDS = 4
"""Rounds up to which a shared product lasts no longer than its tree."""
MUX_INPUT_LUT, MUX_START_LUT, STATE_LUT = 4.2, 6.0, 4.5
"""LUT of a multiplexer of a shared multiplier for each constant and beside them, of a state of its controller.

The multiplexers of 14 products of one repository, 36 to 288 weights, 4 to 50 rounds, within 5 %."""
MERGED_SUM_LUT = 4.0
"""LUT that a sum of products saves which wait in registers: more of them merge into one of three inputs (16 layers)."""


def _shared_cycles(rounds: int, stages: float, multiplies: bool, p: Pricing) -> float:
    """Cycles of a product with shared multipliers.

    One round after the other, and what is behind the last one: a multiplexer, a multiplication and some sums
    (`tail_ns`). Exact within one cycle for 60 products of four repositories, 2.5 to 25 ns.
    """
    if not multiplies:
        return stages + 1.0
    if rounds <= SHORT_ROUNDS:
        return max(stages, rounds - 1.0)
    return rounds - 1.0 + p.stages(p.of("shared")["tail_ns"])
