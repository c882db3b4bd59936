"""The estimate of a design: costs of its layers, their total, intervals and provenance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, get_args

from hlsexplore.design import Design, check_design
from hlsexplore.errors import ConfigError, NoModelError, unknown_name
from hlsexplore.estimate.calibration import Calibration, calibrated
from hlsexplore.estimate.coefficients import Coefficients, shipped
from hlsexplore.estimate.convert import record_of
from hlsexplore.estimate.cost import Cost, unknown
from hlsexplore.estimate.devices import device, misfits, unknown_part
from hlsexplore.estimate.hls.streams import Column
from hlsexplore.estimate.intervals import FIGURE_NAMES, Spreads, bounds_of, class_of, shipped_spreads
from hlsexplore.estimate.kinds import MATRIX_OPS, Kind
from hlsexplore.estimate.layers import layer_cost
from hlsexplore.estimate.liveness import neighbours
from hlsexplore.estimate.logic import LOGIC_TOOL, after_synthesis
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import DesignRecord
from hlsexplore.estimate.rtl.planned import planned_report
from hlsexplore.estimate.support import CellSupport, support_notes, support_of
from hlsexplore.estimate.technology import technology
from hlsexplore.estimate.timeline import timeline
from hlsexplore.estimate.totals import (
    columns_of,
    figures_at,
    layout_of,
    missing_of,
    mux_price,
    total_columns,
    with_one_price,
)
from hlsexplore.report import Figures, Report
from hlsexplore.rtl_plan.count.blocks import BLOCKS, counted_family
from hlsexplore.target import Tool

Level = Literal["hls", "logic", "plan"]

LARGE = "(large)"
"""End of the name of ops that keep whole tensors in memories, as hls4ml once did; they have no model."""
MAX_REGISTERS = 512
"""Elements from which another layer of such a design is taken to read a memory as well."""

_RULE_KEYS = {"lut": "lut", "ff": "ff", "dsp": "dsp", "bram18": "bram18", "ii_cycles": "ii"} | {
    "latency_cycles_min": "latency_min",
    "latency_cycles_max": "latency_max",
}


def estimate(
    design: Design,
    *,
    level: Level = "hls",
    calibration: Calibration | None = None,
    family: str | None = None,
    coefficients: Coefficients | None = None,
) -> Report:
    """Predict the synthesis report of a design, instantly and from its actual weights.

    The tool is `design.target.tool`. Figures without a model are None and named in `missing`; nothing is counted as 0
    because it is unknown.

    Args:
        design: Any design.
        level: `hls` for the HLS tool's own report (for the tool `yosys`, its netlist), `logic` for Vivado's utilisation
            after logic synthesis, `plan` for counts of the plan of our own RTL (tool `yosys` only): exact in latency,
            initiation interval and DSP blocks, but a layer that was never planned takes up to some seconds.
        calibration: The user's own reports, which correct the estimate; none when None. Counts of a plan stay.
        family: Device family whose cells are counted for the tool `yosys`: `xc7`, `xcup` or `ecp5`; None: the one that
            `synthesize(project, "yosys")` counts, `ecp5` for parts of Lattice and else `xc7`.
        coefficients: The user's own, as `hlsexplore calibrate FOLDER --fit` writes them and `own_coefficients` reads;
            the shipped ones when None.

    Raises:
        ConfigError: If there is no such family.

    Returns:
        A report with `source="estimate"`, intervals of 80 % and 95 % for the total and each layer, and a provenance for
        each figure: `rule` (follows from the weights without fitted numbers), `fitted` or `planned`. Its `notes` say
        what does not fit the part or that the part is unknown, and where no design of the kind was measured.
    """
    check_design(design)
    if family is not None and family not in BLOCKS:
        raise ConfigError(unknown_name("family", family, BLOCKS, "The tool 'yosys'"))
    if level not in get_args(Level):
        raise ConfigError(unknown_name("level", level, get_args(Level), "An estimate"))
    report = _estimate(design, calibration or Calibration(), level, family, coefficients or shipped())
    return _with_fit(report, design.target.part)


def _estimate(
    design: Design, learnt: Calibration, level: Level, family: str | None, coefficients: Coefficients
) -> Report:
    if level == "plan" and design.target.tool is Tool.YOSYS:
        try:
            return planned_report(design, family)
        except NoModelError as error:
            report = _estimate(design, learnt, "hls", family, coefficients)
            return replace(report, notes=(*report.notes, f"Estimated without a plan: {error}"))
    record = replace(record_of(design), cells=family or counted_family(design.target.part))
    report = _with_origin(estimate_record(record, coefficients), coefficients)
    part, model, name = design.target.part, design.graph.digest, coefficients.name
    if level != "logic" or design.target.tool is Tool.YOSYS:
        return calibrated(report, learnt, part, model, name)
    if any(item.tool == LOGIC_TOOL for item in learnt.observations):
        return calibrated(after_synthesis(report, record), learnt, part, model, name)
    return after_synthesis(calibrated(report, learnt, part, model, name), record)


def _with_origin(report: Report, coefficients: Coefficients) -> Report:
    """Return a report that says when it rests on the user's own coefficients."""
    if not coefficients.name:
        return report
    rows = coefficients.provenance.get("rows")
    what = f"fitted to {rows} designs" if isinstance(rows, int) else "of unknown origin"
    return replace(report, notes=(*report.notes, f"Estimated with your own coefficients, {what}."))


def _with_fit(report: Report, part: str) -> Report:
    """Return a report that says what does not fit the part, or that the device table lacks it."""
    if device(part) is None:
        note = f"Whether the design fits is not known: {unknown_part(part)}"
    else:
        missing = misfits(report.total, part)
        note = f"The design does not fit: {' '.join(missing)}" if missing else ""
    return replace(report, notes=(*report.notes, note)) if note else report


def estimate_many(designs: Iterable[Design], *, calibration: Calibration | None = None) -> list[Report]:
    """Estimate several designs; layers that they share are computed once."""
    return [estimate(design, calibration=calibration) for design in designs]


def estimate_totals(designs: Iterable[Design]) -> list[Figures]:
    """Return the totals of `estimate`, without its intervals, notes and layers: a fraction of its time.

    Args:
        designs: Any designs.
    """
    table, found = shipped(), []
    for design in designs:
        record = replace(record_of(design), cells=counted_family(design.target.part))
        columns = columns_of(record, costs_of(record, table))
        found.append(figures_at(total_columns(layout_of(record), columns, table)))
    return found


def pricing_of(design: DesignRecord, table: Coefficients) -> Pricing:
    """Return what the layers of a design are priced with."""
    flat = not design.is_dataflow
    return Pricing(
        tech=technology(design.tool, design.version, design.family, design.cells),
        io=design.io if flat or design.io == "stream" else "dataflow",
        budget_ns=design.budget_ns,
        table=table,
    )


def costs_of(design: DesignRecord, table: Coefficients) -> list[Cost]:
    """Return the cost of each layer of a record, in order."""
    p = pricing_of(design, table)
    around = neighbours(design) if p.is_flat else {}
    first = replace(p, reads_port=p.io == "dataflow")
    costs = [
        layer_cost(layer, p if index else first, around.get(layer.name, (None, None)))
        for index, layer in enumerate(design.layers)
    ]
    if any(layer.called.endswith(LARGE) for layer in design.layers):
        costs = [
            unknown(f"{layer.called} of a tensor in memory") if layer.elements > MAX_REGISTERS else cost
            for layer, cost in zip(design.layers, costs, strict=True)
        ]
    if any(layer.op == Kind.QUANTIZER for layer in design.layers):
        factors = table.of("quantizers", "default")
        return [
            _narrowed(cost, factors) if layer.op in MATRIX_OPS and layer.input_bits is None else cost
            for layer, cost in zip(design.layers, costs, strict=True)
        ]
    return costs


def _narrowed(cost: Cost, factors: Mapping[str, float]) -> Cost:
    """Scale a product where each element has a quantizer of its own, whose widths a report does not tell."""
    scaled = {key: getattr(cost, key) * factors[key] for key in ("lut", "ff", "dsp") if getattr(cost, key) is not None}
    return replace(cost, **scaled, rules=cost.rules - {"dsp"})


def estimate_record(
    design: DesignRecord,
    table: Coefficients | None = None,
    spreads: Spreads | None = None,
    cells: Mapping[str, CellSupport] | None = None,
) -> Report:
    """Estimate a record.

    Args:
        design: A design or a row of measured designs.
        table: Coefficients; the shipped ones when None.
        spreads: Intervals; the shipped ones when None.
        cells: Support of kinds of layers; the shipped one when None.
    """
    table = table or shipped()
    spreads = shipped_spreads() if spreads is None else spreads
    costs, layout = costs_of(design, table), layout_of(design)
    columns = columns_of(design, costs)
    figures = figures_at(total_columns(layout, columns, table))
    prices = with_one_price(layout.tech, columns)[:, 0]
    costs = [
        cost if cost.lut is None else replace(cost, lut=float(price)) for cost, price in zip(costs, prices, strict=True)
    ]
    name = class_of(design)
    support = {} if layout.tech.is_rtl else support_of(design, FIGURE_NAMES, cells)
    repositories = {key: item.repositories for key, item in support.items()}
    layers = {layer.name: figures_of(cost) for layer, cost in zip(design.layers, costs, strict=True)}
    return Report(
        source="estimate",
        tool=design.tool,
        tool_version=design.version or None,
        family=layout.tech.cells if layout.tech.is_rtl else None,
        design_key=design.key,
        total=figures,
        layers=layers,
        bounds=bounds_of(figures, name, spreads, repositories),
        layer_bounds={key: bounds_of(item, name, spreads, repositories) for key, item in layers.items()},
        provenance=_provenance(costs, figures),
        missing=missing_of(design.layers, costs),
        details=_details(design, costs, mux_price(layout.tech, columns)[:, 0]),
        support={key: item for key, item in support.items() if getattr(figures, key) is not None},
        notes=() if layout.tech.is_rtl else support_notes(design, cells),
    )


def _details(design: DesignRecord, costs: Sequence[Cost], prices: Column) -> dict[str, dict[str, float]]:
    """When layers of a stream work, and what logic synthesis shrinks most: wide multiplexers and shifts of tensors."""
    found = timeline(design.layers, costs) if design.io == "stream" else {}
    for layer, cost, price in zip(design.layers, costs, prices, strict=True):
        if cost.muxes or cost.shift_lut:
            more = {"multiplexer_lut": cost.muxes * float(price), "shift_lut": cost.shift_lut}
            found[layer.name] = found.get(layer.name, {}) | more
    return found


def figures_of(cost: Cost) -> Figures:
    """Return a layer's cost as figures."""
    return Figures(
        lut=cost.lut,
        ff=cost.ff,
        dsp=cost.dsp,
        bram18=cost.bram18,
        uram=None if cost.lut is None else 0.0,
        latency_cycles_min=cost.latency_min,
        latency_cycles_max=cost.latency_max,
        ii_cycles=cost.ii,
    )


def _provenance(costs: list[Cost], figures: Figures) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, key in _RULE_KEYS.items():
        if getattr(figures, name) is not None:
            single = name in ("dsp", "bram18") or len(costs) == 1
            by_rule = single and all(key in cost.rules for cost in costs if getattr(cost, key) is not None)
            found[name] = "rule" if by_rule else "fitted"
    return found
