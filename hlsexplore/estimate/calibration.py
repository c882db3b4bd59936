"""Learning from the user's own reports: what synthesis said about a design sharpens the estimates of similar ones."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

from hlsexplore.errors import ConfigError
from hlsexplore.estimate.devices import family_of
from hlsexplore.estimate.intervals import FIGURE_NAMES, LEAST, whole_bounds
from hlsexplore.report import Bounds, Figures, Report
from hlsexplore.rtl_plan.count.blocks import counted_family
from hlsexplore.support.cache import cache_directory
from hlsexplore.support.files import read_json, reason_of, replace_text
from hlsexplore.target import Tool

MAX_BYTES = 256 << 20
OTHER_MODEL = 0.5
"""Weight of a report of another network, over one of the same network."""
OTHER_FAMILY = 0.5
"""Weight of a report for another device family."""
PRIOR_WEIGHT = 0.3
"""Weight of the estimate itself, in reports of the same network for the same family."""
KEPT_VARIANCE = 0.15
"""Share of the variance that stays whatever was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One report beside its estimate.

    Attributes:
        tool: Tool of both.
        family: Device family, of our RTL the one whose cells were counted.
        model: Digest of the network, or its name for a foreign project.
        design_key: Key of the design; empty for a foreign project.
        estimate: Estimated figures by name.
        report: Reported figures by name.
        coefficients: Digest of the user's own coefficients that the estimate is made with; empty for the shipped ones.
    """

    tool: str
    family: str
    model: str
    design_key: str
    estimate: Mapping[str, float]
    report: Mapping[str, float]
    coefficients: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """What a newer report of the same design has in common with it."""
        return (self.tool, self.family, self.model, self.design_key, self.coefficients)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Reports of the user's own syntheses.

    Attributes:
        observations: One for each report, the latest last.
    """

    observations: tuple[Observation, ...] = ()

    def with_observations(self, added: Iterable[Observation]) -> "Calibration":
        """Return a calibration with more reports; a report of a design replaces an earlier one of the same design."""
        found = list(self.observations)
        for item in added:
            found = [
                old
                for old in found
                if old.identity != item.identity or (not item.design_key and old.estimate != item.estimate)
            ]
            found.append(item)
        return Calibration(observations=tuple(found))

    def save(self, path: Path | None = None) -> Path:
        """Write the calibration as JSON, atomically; to `calibration_path()` when no path is given.

        Raises:
            ConfigError: If the file cannot be written.
        """
        file = path or calibration_path()
        text = json.dumps({"format": 1, "observations": [asdict(item) for item in self.observations]}, indent=1)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_text(file, text + "\n")
        except OSError as error:
            raise ConfigError(f"cannot write the calibration {str(file)!r}: {error}.") from None
        return file

    @classmethod
    def load(cls, path: Path | None = None) -> "Calibration":
        """Read a calibration; an absent file is an empty one.

        Raises:
            ConfigError: If the file is damaged.
        """
        file = path or calibration_path()
        try:
            data = read_json(file, MAX_BYTES)
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"the calibration {str(file)!r} cannot be read ({reason_of(error)}). Delete it to start anew."
            ) from None
        try:
            return cls(observations=tuple(_observation(item) for item in data["observations"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"the calibration {str(file)!r} is damaged ({error}). Delete it to start anew.") from None


def _observation(item: Mapping[str, Any]) -> Observation:
    return Observation(
        tool=str(item["tool"]),
        family=str(item["family"]),
        model=str(item["model"]),
        design_key=str(item["design_key"]),
        estimate={str(name): float(value) for name, value in item["estimate"].items()},
        report={str(name): float(value) for name, value in item["report"].items()},
        coefficients=str(item.get("coefficients", "")),
    )


def calibration_path() -> Path:
    """Return where the user's calibration lives.

    `HLSEXPLORE_CALIBRATION` names the file; else it is in `HLSEXPLORE_CACHE` where that is set, or in the user's data
    folder: it cannot be made again as what a cache holds usually can.
    """
    given = os.environ.get("HLSEXPLORE_CALIBRATION")
    if given:
        return Path(given).expanduser()
    if os.environ.get("HLSEXPLORE_CACHE"):
        return cache_directory() / "calibration.json"
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "hlsexplore" / "calibration.json"


def observe(estimate: Report, report: Report, part: str, model: str, coefficients: str = "") -> Observation:
    """Put a report beside its estimate.

    Args:
        estimate: The estimate for the tool that reported.
        report: The tool's report.
        part: Part of the design.
        model: Digest of the network, or its name for a foreign project.
        coefficients: Digest of the user's own coefficients that the estimate is made with.
    """
    return Observation(
        tool=report.tool,
        family=report.counted_family or _family(report.tool, part),
        model=model,
        design_key=estimate.design_key or "",
        estimate=_known(estimate.total),
        report=_known(report.total),
        coefficients=coefficients,
    )


def calibrated(report: Report, calibration: Calibration, part: str, model: str, coefficients: str = "") -> Report:
    """Correct an estimate by what earlier reports said.

    The logarithm of report over estimate has a prior around 0, as wide as the interval of 80 %; reports of the same
    tool move it, those of the same network and family most, and narrow the interval. A design that was synthesised
    itself gets its measured figures.

    Args:
        report: An estimate.
        calibration: Reports.
        part: Part of the design.
        model: Digest of the network.
        coefficients: Digest of the user's own coefficients that the estimate is made with.
    """
    family = report.counted_family or _family(report.tool, part)
    mine = _of_family(calibration, report.tool, family, coefficients)
    exact = [item for item in mine if item.design_key and item.design_key == report.design_key]
    if not mine or not report.bounds:
        return report
    measured = exact[-1].report if exact else {}
    moves = _factors(mine, family, model)
    total = _moved(report.total, moves, measured)
    bounds = whole_bounds([_narrowed(item, report.total, moves, measured) for item in report.bounds], total)
    layers = {name: _moved(figures, moves, {}) for name, figures in report.layers.items()}
    provenance = dict(report.provenance) | {
        name: "measured" if name in measured else "fitted" for name in (*moves, *measured) if name in report.provenance
    }
    return replace(report, total=total, bounds=bounds, layers=layers, provenance=provenance)


def factors(calibration: Calibration, tool: str, part: str, model: str) -> dict[str, float]:
    """Return the factors by which `calibrated` corrects estimates: (figure + 1) * factor - 1, by figure.

    Args:
        calibration: Reports.
        tool: The tool that is estimated.
        part: Part of the designs.
        model: Digest of the network.
    """
    family = _family(tool, part)
    mine = _of_family(calibration, tool, family, "")
    return {name: factor for name, (factor, _) in _factors(mine, family, model).items()}


def _factors(observations: list[Observation], family: str, model: str) -> dict[str, tuple[float, float]]:
    """Factor and narrowing of each figure that some report is of."""
    shifts = {name: _shift(name, observations, family, model) for name in FIGURE_NAMES}
    return {name: (exp(shift), sqrt(rest)) for name, (shift, rest) in shifts.items() if rest < 1}


def _family(tool: str, part: str) -> str:
    """Return the family that a report of a tool counts for when none is named."""
    return counted_family(part) if tool == Tool.YOSYS else family_of(part)


def _of_family(calibration: Calibration, tool: str, family: str, coefficients: str) -> list[Observation]:
    """Return a tool's reports; of our RTL those that counted the cells of a family, which say nothing of others."""
    found = [item for item in calibration.observations if (item.tool, item.coefficients) == (tool, coefficients)]
    return [item for item in found if tool != Tool.YOSYS or item.family == family]


def _known(figures: Figures) -> dict[str, float]:
    values = {item.name: getattr(figures, item.name) for item in fields(Figures)}
    return {name: float(value) for name, value in values.items() if value is not None}


def _shift(name: str, observations: list[Observation], family: str, model: str) -> tuple[float, float]:
    """Posterior mean of log(report / estimate), and the share of the prior variance that is left."""
    total = weighted = 0.0
    for item in observations:
        if name not in item.estimate or name not in item.report:
            continue
        weight = (1.0 if item.model == model else OTHER_MODEL) * (1.0 if item.family == family else OTHER_FAMILY)
        total += weight
        weighted += weight * log((item.report[name] + 1) / (item.estimate[name] + 1))
    return weighted / (total + PRIOR_WEIGHT), 1.0 if not total else min(
        1.0, PRIOR_WEIGHT / (total + PRIOR_WEIGHT) + KEPT_VARIANCE
    )


def _moved(figures: Figures, factors: Mapping[str, tuple[float, float]], measured: Mapping[str, float]) -> Figures:
    values = {item.name: getattr(figures, item.name) for item in fields(Figures)}
    for name, (factor, _) in factors.items():
        if values[name] is not None:
            values[name] = max((values[name] + 1) * factor - 1, min(LEAST.get(name, 0.0), values[name]))
    return Figures(**values | {name: measured[name] for name in measured if name in values})


def _narrowed(
    bounds: Bounds, center: Figures, factors: Mapping[str, tuple[float, float]], measured: Mapping[str, float]
) -> Bounds:
    ends: list[Figures] = []
    for end in (bounds.lower, bounds.upper):
        values = {item.name: getattr(end, item.name) for item in fields(Figures)}
        for name, (factor, narrow) in factors.items():
            middle = getattr(center, name)
            if values[name] is not None and middle is not None:
                ratio = (values[name] + 1) / (middle + 1)
                values[name] = max((middle + 1) * factor * ratio**narrow - 1, 0.0)
        ends.append(Figures(**values | {name: measured[name] for name in measured if name in values}))
    return Bounds(level=bounds.level, lower=ends[0], upper=ends[1])
