"""The tiles: what they show, as plain data for the browser."""

import math
import time
from collections.abc import Mapping, Sequence

from hlsexplore.estimate.devices import Device, device
from hlsexplore.merit import Measure, task_text
from hlsexplore.report import Report
from hlsexplore.target import Tool
from hlsexplore_hls.flows import find_flow
from hlsexplore_widgets.figures.base import PERCENT, label_of
from hlsexplore_widgets.known import PLAN, source_of
from hlsexplore_widgets.live import Live, Verification
from hlsexplore_widgets.protocol import ShownData, TileData
from hlsexplore_widgets.scoring import Score, headlines
from hlsexplore_widgets.state import ExplorerState

RESOURCES = (("lut", "LUT"), ("ff", "FF"), ("dsp", "DSP"), ("bram18", "BRAM 18k"))
PLANNED_TIP = "Counted from the RTL's plan; latency, II, DSP and block RAM are those of the RTL"
LEVEL_TEXTS = {"hls": "", "logic": ", after logic synthesis", "plan": ""}
"""What the subtitle says of a level."""
TIPS = {
    "relative_error": "RMSE against the float network, in % of the spread of its outputs",
    "agreement": "Share of decisions that are the float network's",
}
TINY = 1e-9


def shown_data(state: ExplorerState, title: str, note: str = "") -> ShownData:
    """Return everything that the head of the explorer shows."""
    live, target = state.newest, state.design.target
    parts = [
        note,
        task_text(state.evaluator.goals),
        f"{len(state.graph.layers)} layers",
        target.part,
        f"{target.clock_ns:g} ns",
        f"io {target.io}",
    ]
    parts.append(f"as {target.tool}{LEVEL_TEXTS[state.level] if target.tool is not Tool.YOSYS else ''}")
    return {
        "seq": live.seq,
        "revision": live.revision,
        "times": dict(live.times),
        "stale": live.revision != state.revision,
        "pending": live.revision != state.revision or not live.is_complete,
        "title": title,
        "subtitle": " · ".join(filter(None, parts)),
        "can_undo": bool(state.history.past),
        "can_redo": bool(state.history.future),
        "tiles": tiles(live, state.baseline, headlines(state.evaluator), state.verifications(live.design)),
    }


def tiles(
    live: Live, baseline: Live | None, judged: Sequence[Measure], verifications: Mapping[str, Verification]
) -> list[TileData]:
    """Describe every tile.

    Args:
        live: Figures of the design on the screen.
        baseline: Figures to compare with.
        judged: The figures of merit.
        verifications: Comparisons of the generated code with the emulator, by flow.
    """
    part = device(live.design.target.part)
    return [
        *(_score_tile(index, measure, live, baseline) for index, measure in enumerate(judged)),
        *_float_tile(live, judged),
        *(_resource_tile(key, label, live, baseline, part) for key, label in RESOURCES),
        _latency_tile(live, baseline),
        _cycles_tile("ii", "Interval (II)", live, baseline),
        _verified_tile(verifications),
    ]


def _score_tile(index: int, measure: Measure, live: Live, baseline: Live | None) -> TileData:
    name, found = measure.name, live.scores.get(measure.name)
    item: TileData = {"id": f"score{index or ''}", "label": label_of(name)}
    if found is None:
        return _missing(item, live, live.errors.get("score", ""))
    is_percent = measure.metric.name in PERCENT
    scale, unit = (100.0, "%") if is_percent else (1.0, "")
    digits = 2 if is_percent else _digits(found.value)
    item["value"] = f"{scale * found.value:,.{digits}f}"
    item["unit"] = _margin(found, scale, digits, unit)
    tips = (_score_tip(found, scale, digits), TIPS.get(measure.metric.name), _beside(measure, live))
    item["tip"] = "\n".join(filter(None, tips))
    item["refining"] = not live.is_complete
    other = _comparable(name, baseline, found)
    if other is not None:
        change = scale * (found.value - other.value)
        text = "no change" if abs(change) < TINY else f"{change:+,.{digits}f} vs baseline"
        item |= {"delta": text, "tone": _tone(change, measure.metric.is_maximized)}
    return item


def _float_tile(live: Live, judged: Sequence[Measure]) -> list[TileData]:
    """The float network's figure, which the design's is measured against; none where that is agreement with it."""
    own = [measure for measure in judged if not measure.metric.is_against_float]
    if not own:
        return []
    first = own[0]
    item: TileData = {"id": "float", "label": "Float network"}
    if first.name not in live.floats:
        return [_missing(item, live, "")]
    texts = {
        measure.name: _plain_score(measure, live.floats[measure.name]) for measure in own if measure.name in live.floats
    }
    found = live.scores.get(first.name)
    change = None if found is None else found.value - live.floats[first.name]
    scale = 100.0 if first.metric.name in PERCENT else 1.0
    digits = 2 if first.metric.name in PERCENT else _digits(live.floats[first.name])
    delta = (
        "" if change is None else f"design {scale * change:+,.{digits}f}" if abs(change) > TINY else "design the same"
    )
    tone = "" if change is None else _tone(change, first.metric.is_maximized)
    value, _, unit = texts[first.name].partition(" ")
    tip = "\n".join(f"{label_of(name)} of the float network: {text}" for name, text in texts.items())
    return [item | {"value": value, "unit": unit, "delta": delta, "tone": tone, "tip": tip}]


def _plain_score(measure: Measure, value: float) -> str:
    return f"{100 * value:,.2f} %" if measure.metric.name in PERCENT else f"{value:,.{_digits(value)}f}"


def _beside(measure: Measure, live: Live) -> str:
    """Say beside an RMSE how far the values are from the float network's, in units of their spread."""
    other = live.scores.get(measure.name.replace("rmse", "relative_error", 1))
    if measure.metric.name != "rmse" or other is None:
        return ""
    return f"Against the float network: {100 * other.value:.3g} % of the spread of its outputs"


def _digits(value: float) -> int:
    """Digits behind the point that show about four places of a figure, at least none and at most six.

    Examples:
        >>> [_digits(value) for value in (0.98, 12.3, 0.00021, 45000.0, 0.0)]
        [4, 2, 6, 0, 4]
    """
    if not value or not math.isfinite(value):
        return 4
    return min(max(3 - math.floor(math.log10(abs(value))), 0), 6)


def _comparable(name: str, baseline: Live | None, found: Score) -> Score | None:
    """The baseline's score on the same samples, if there is one: other samples would add their own noise."""
    scores = () if baseline is None else (baseline.scores.get(name), baseline.early.get(name))
    return next((item for item in scores if item is not None and item.num_samples == found.num_samples), None)


def _missing(item: TileData, live: Live, reason: str) -> TileData:
    """A tile without its figure; while one is on its way the browser keeps the old one and marks it."""
    return item | {"value": "–", "tip": reason} if live.is_complete else item | {"pending": True}


def _margin(score: Score, scale: float, digits: int, unit: str) -> str:
    if score.lower is None or score.upper is None:
        return unit
    half = scale * (score.upper - score.lower) / 2
    return f"{unit} ± {half:.{max(1, digits - 1)}f}".strip()


def _score_tip(score: Score, scale: float, digits: int) -> str:
    text = f"{score.num_samples:,} samples"
    if score.lower is None or score.upper is None:
        return text
    return f"{text}; 95 % confidence: {scale * score.lower:.{digits}f} to {scale * score.upper:.{digits}f}"


def _resource_tile(key: str, label: str, live: Live, baseline: Live | None, part: Device | None) -> TileData:
    value, budget = _figure(live.best, key), getattr(part, key) if part is not None else None
    if part is None or value is None or not budget:
        return _figure_tile(key, label, key, live, baseline)
    item = _figure_tile(key, label, key, live, baseline, f"{part.part} has {budget:,}")
    share = 100 * value / budget
    item |= {"unit": f"{share:.0f} %" if share >= 1 else f"{share:.1f} %"}
    item |= {"fraction": value / budget, "alarm": "over" if value > budget else ""}
    found = interval(live.best, key)
    return item if found is None else item | {"lower": found[1] / budget, "upper": found[2] / budget}


def _latency_tile(live: Live, baseline: Live | None) -> TileData:
    item = _figure_tile("latency", "Latency", "latency_cycles_max", live, baseline)
    cycles = _figure(live.best, "latency_cycles_max")
    if cycles is not None:
        item["unit"] = f"cycles · {_time(cycles * live.design.target.clock_ns)}"
    return item


def _cycles_tile(id_: str, label: str, live: Live, baseline: Live | None) -> TileData:
    cycles = _figure(live.best, "ii_cycles")
    if not cycles:
        return _figure_tile(id_, label, "ii_cycles", live, baseline)
    clock_ns = live.design.target.clock_ns
    rate = f"{1e3 / (cycles * clock_ns):,.2f} million samples a second at {clock_ns:g} ns"
    return _figure_tile(id_, label, "ii_cycles", live, baseline, rate) | {"unit": "cycles"}


def _figure_tile(id_: str, label: str, key: str, live: Live, baseline: Live | None, remark: str = "") -> TileData:
    item: TileData = {"id": id_, "label": label}
    value = _figure(live.best, key)
    if live.best is None or value is None:
        reason = live.errors.get("report", "the estimate does not know this figure")
        return _missing(item, live, reason) if live.best is None else item | {"value": "–", "tip": reason}
    source = source_of(key, live.best, live.reports)
    level, low, high = interval(live.best, key) or (0, value, value)
    lower, upper = f"{low:,.0f}", f"{high:,.0f}"
    told = f"{level} % interval: {lower} to {upper}" if lower != upper else ""
    words = "; ".join(filter(None, (told, remark)))
    origin = PLANNED_TIP if source == PLAN else f"Reported by {source} for this very design" if source else ""
    tip = "\n".join(filter(None, (words, origin, *(() if source else live.best.notes))))
    item |= {"value": f"{value:,.0f}", "tip": tip, "source": source}
    change = _change(live, baseline, key)
    if change is not None:
        item |= {"delta": f"{change:+,} vs baseline" if change else "no change", "tone": _tone(change, False)}
    return item


def _change(live: Live, baseline: Live | None, key: str) -> int | None:
    """How a figure differs from the baseline's: reported ones are compared if both are there, then planned ones."""
    if baseline is None:
        return None
    for value, other in zip(_kinds(live, key), _kinds(baseline, key), strict=True):
        if value is not None and other is not None:
            return round(value) - round(other)
    return None


def _kinds(live: Live, key: str) -> tuple[float | None, ...]:
    """A figure as a tool reported it, as the plan counts it, and as it is estimated."""
    reported = next((value for value in (_figure(item, key) for item in live.reports) if value is not None), None)
    return reported, _figure(live.planned, key), _figure(live.report, key)


def _verified_tile(verifications: Mapping[str, Verification]) -> TileData:
    """The badge: whether this design's generated code was compared with the emulator, and when."""
    item: TileData = {"id": "verified", "label": "Generated code"}
    if not verifications:
        return item | {"value": "not checked", "delta": "export verifies it", "alarm": ""}
    latest = max(verifications.values(), key=lambda found: found.at)
    when = time.strftime("%H:%M", time.localtime(latest.at))
    wrong = [found for found in verifications.values() if found.differing]
    if wrong:
        return item | {
            "value": f"{wrong[0].differing:,} differ",
            "delta": f"{wrong[0].flow}, {when}",
            "alarm": "failed",
        }
    names = " + ".join(find_flow(flow).badge for flow in verifications)
    tip = "; ".join(
        f"{found.flow}: 0 of {found.num_samples:,} samples differ ({found.tool})" for found in verifications.values()
    )
    return item | {
        "value": f"✓ {names} exact",
        "delta": f"{latest.num_samples:,} samples, {when}",
        "alarm": "verified",
        "tip": tip,
    }


def _figure(report: Report | None, key: str) -> float | None:
    value: float | None = getattr(report.total, key) if report is not None else None
    return value


def interval(report: Report | None, key: str) -> tuple[int, float, float] | None:
    """Return level in percent and ends of the narrowest interval of a figure, if it has one."""
    if report is None or not report.bounds:
        return None
    narrowest = min(report.bounds, key=lambda item: item.level)
    lower, upper = getattr(narrowest.lower, key), getattr(narrowest.upper, key)
    return None if lower is None or upper is None else (narrowest.level, lower, upper)


def _tone(change: float, is_maximized: bool) -> str:
    return "" if abs(change) < TINY else "good" if (change > 0) == is_maximized else "bad"


def _time(ns: float) -> str:
    return f"{ns:,.0f} ns" if ns < 1e4 else f"{ns / 1e3:,.1f} µs" if ns < 1e7 else f"{ns / 1e6:,.1f} ms"
