"""Resources and latency, estimated or reported by a tool: one form for all."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from hlsexplore.errors import ConfigError, quoted

YOSYS_FAMILIES = ("xc7", "xcup", "ecp5")
"""Device families in the words of Yosys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Resources and timing of a layer or a design; what is unknown is None, never 0.

    Attributes:
        lut: Lookup tables.
        ff: Flip-flops.
        dsp: DSP blocks.
        bram18: Block RAMs of 18 kbit.
        uram: Ultra RAMs.
        latency_cycles_min: Fewest cycles from input to output.
        latency_cycles_max: Most cycles from input to output.
        ii_cycles: Initiation interval: cycles between two inputs.
        clock_ns: Clock period that the tool estimates or reached.
    """

    lut: float | None = None
    ff: float | None = None
    dsp: float | None = None
    bram18: float | None = None
    uram: float | None = None
    latency_cycles_min: float | None = None
    latency_cycles_max: float | None = None
    ii_cycles: float | None = None
    clock_ns: float | None = None


FIGURES = tuple(item.name for item in fields(Figures))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Interval of an estimate.

    Attributes:
        level: Share of designs, in percent, whose report lies inside.
        lower: Lower ends.
        upper: Upper ends.
    """

    level: int
    lower: Figures
    upper: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Measured designs that an estimated figure rests on, of the kind of layer that has the fewest.

    Attributes:
        modules: Synthesised designs and modules.
        repositories: Repositories that they come from.
    """

    modules: int
    repositories: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a design costs and how fast it is, by one source.

    Attributes:
        source: `estimate`, `csynth`, `yosys`, `nextpnr`, `vsynth`, `cosim` or `rtl`.
        tool: Tool that the figures are of.
        tool_version: Its version, or None.
        family: Device family whose cells are counted, in the words of Yosys; None for the vendors' tools.
        design_key: Key of the design that they belong to, or None when unknown (a foreign report).
        total: Figures of the whole design.
        layers: Figures of each layer by name; may be empty.
        bounds: Intervals of the total, for estimates.
        layer_bounds: Intervals of each layer, for estimates.
        provenance: Where each figure comes from: `rule`, `fitted`, `planned`, `measured`.
        missing: What the total leaves out, one sentence each.
        support: What each estimated figure rests on, for estimates of the vendors' tools.
        notes: What else to know of the figures, one sentence each.
        details: Further figures of each layer by name, such as `logic_depth`.
    """

    source: str
    tool: str
    tool_version: str | None = None
    family: str | None = None
    design_key: str | None = None
    total: Figures
    layers: Mapping[str, Figures] = field(default_factory=dict)
    bounds: tuple[Bounds, ...] = ()
    layer_bounds: Mapping[str, tuple[Bounds, ...]] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    support: Mapping[str, Support] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    details: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def counted_family(self) -> str | None:
        """Device family whose cells are counted; older reports of Yosys and nextpnr end the tool's version with it."""
        last = (self.tool_version or "").rpartition(", ")[2]
        return self.family or (last if last in YOSYS_FAMILIES else None)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Report":
        """Rebuild a report from `to_dict`.

        Raises:
            ConfigError: If the data is no report.
        """
        try:
            values = dict(data)
            values["total"] = _figures(values["total"])
            values["layers"] = {name: _figures(item) for name, item in values.get("layers", {}).items()}
            values["bounds"] = tuple(map(_bounds, values.get("bounds", ())))
            layer_bounds = values.get("layer_bounds", {})
            values["layer_bounds"] = {name: tuple(map(_bounds, items)) for name, items in layer_bounds.items()}
            values["support"] = {name: _support(item) for name, item in values.get("support", {}).items()}
            values |= {key: tuple(values.get(key, ())) for key in ("missing", "notes")}
            report = cls(**values)
            _check_texts(report)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"this is no report: {quoted(str(error))}.") from None
        return report


def _bounds(data: Mapping[str, Any]) -> Bounds:
    return Bounds(level=_number(data["level"]), lower=_figures(data["lower"]), upper=_figures(data["upper"]))


def _figures(data: Mapping[str, Any]) -> Figures:
    return Figures(**{name: None if value is None else _number(value) for name, value in data.items()})


def _support(data: Mapping[str, Any]) -> Support:
    return Support(**{name: _number(value) for name, value in data.items()})


def _number(value: Any) -> Any:
    """Return a number of a report's plain data.

    Raises:
        TypeError: If it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{quoted(value)} is no number")
    return value


def _check_texts(report: Report) -> None:
    """Check what else a report holds.

    Raises:
        TypeError: If a text is none, or a detail is no number.
    """
    texts = [report.source, report.tool, *report.missing, *report.notes, *report.provenance.values()]
    texts += [text for text in (report.tool_version, report.family, report.design_key) if text is not None]
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{quoted(text)} is no text")
    for details in report.details.values():
        for value in details.values():
            _number(value)
