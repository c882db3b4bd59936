"""What one layer costs, before totals and intervals."""

from dataclasses import dataclass, replace

from hlsexplore.fixed import Fixed, Overflow, Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Figures of a layer by one model; None is unknown.

    Attributes:
        model: Name of the model, the key of its coefficients and intervals.
        lut: Lookup tables.
        ff: Flip-flops.
        dsp: DSP blocks.
        bram18: Block RAMs of 18 kbit.
        latency_min: Fewest cycles from the layer's first input to its last output, registers only.
        latency_max: Most cycles.
        ii: Cycles between two inputs of the layer.
        head: Cycles from the first input of a stream to the first output; all of them when None.
        tail: Cycles that a process of a stream adds behind a longer one; all but one when None.
        visit: Cycles of a pixel, of a process of a stream that visits one after the other.
        muxes: Multiplexers of many inputs that `lut` counts; Vivado HLS prices all those of a design alike.
        mux_lut: LUT of each.
        shift_lut: LUT of shifts that pick a step out of a whole tensor, which `lut` counts.
        delay_ns: Combinational delay behind the last register.
        rules: Figures that follow from a rule without fitted coefficients.
        notes: Assumptions, one sentence each.
    """

    model: str
    lut: float | None = None
    ff: float | None = None
    dsp: float | None = None
    bram18: float | None = None
    latency_min: float | None = None
    latency_max: float | None = None
    ii: float | None = 1.0
    head: float | None = None
    tail: float | None = None
    visit: float | None = None
    muxes: float = 0.0
    mux_lut: float = 0.0
    shift_lut: float = 0.0
    delay_ns: float = 0.0
    rules: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def free(model: str) -> Cost:
    """Return the cost of an op that is wiring only."""
    rules = frozenset({"lut", "ff", "dsp", "bram18", "latency_min", "latency_max", "ii"})
    return Cost(
        model=model,
        lut=0.0,
        ff=0.0,
        dsp=0.0,
        bram18=0.0,
        latency_min=0.0,
        latency_max=0.0,
        head=0.0,
        tail=0.0,
        rules=rules,
    )


def unknown(op: str) -> Cost:
    """Return the cost of an op without a model: every figure None."""
    return Cost(model="unknown", ii=None, notes=(f"no model for {op!r}",))


def plus(cost: Cost, **added: float) -> Cost:
    """Return a cost with amounts added to known figures."""
    values = {key: None if getattr(cost, key) is None else getattr(cost, key) + amount for key, amount in added.items()}
    return replace(cost, **values)  # type: ignore[arg-type]


DEFAULT_TYPE = Fixed(16, 6)
"""Assumed where a row does not say the type; the default of the field's generators."""


def is_rounding(source: Fixed, target: Fixed) -> bool:
    """Whether a cast needs a rounding adder."""
    return target.rounding is not Rounding.TRN and source.fraction > target.fraction


def is_saturating(source: Fixed, target: Fixed) -> bool:
    """Whether a cast needs saturation logic."""
    if target.overflow is Overflow.WRAP:
        return False
    shrinks = source.integer + (not source.signed) > target.integer + (not target.signed)
    return shrinks or (source.signed and not target.signed) or is_rounding(source, target)


def relu_bits(source: Fixed, target: Fixed) -> int:
    """Bits of a ReLU's output that are not always zero: those of the input and of the output have, less the sign."""
    return min(source.width - source.signed, target.width - target.signed)
