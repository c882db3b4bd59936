"""Estimates by fits that left something out: a repository, or a cell (a kind of layer, `estimate/cells.py`).

Leaving a repository out tells how well the fitted numbers carry over. It does not tell what a rule is worth where
nobody has looked, since the rules were found with all repositories in view; leaving out every design with a kind of
layer, and refitting the constants of rules without it, comes closer.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from hlsexplore.errors import HlsExploreError
from hlsexplore.estimate.cells import cell_of, cells_of
from hlsexplore.estimate.coefficients import Coefficients, read_coefficients
from hlsexplore.estimate.estimator import estimate_record
from hlsexplore.estimate.fitting import Key, Linearised, Sample, fit, linearise
from hlsexplore.estimate.intervals import FirstSight, Residual, Spreads, bounds_of, class_of, spreads_from
from hlsexplore.estimate.record import DesignRecord
from hlsexplore.estimate.support import CellSupport, support_from, support_notes, support_of
from hlsexplore.report import Report

PRIOR = Path(__file__).parent / "estimator_prior.toml"
FIRST_SIGHT = Path(__file__).parent / "estimator_first_sight.toml"
LABELS = {
    "lut": "lut",
    "ff": "ff",
    "dsp": "dsp",
    "bram18": "bram18",
    "latency_cycles_max": "latency_max",
    "latency_cycles_min": "latency_min",
    "ii_cycles": "ii_max",
}
"""Figure -> key of the row's `hls` labels."""
FORCED = frozenset({"lut", "dsp"})
"""Figures that do not count where a project forces its multipliers into DSP blocks or LUTs."""
UNREADABLE = (HlsExploreError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, MemoryError)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row with its record and estimate.

    Attributes:
        row: The measured design.
        design: Its record.
        report: The estimate, or None where it failed.
        left: What the fit did not see, in words.
    """

    row: Row
    design: DesignRecord
    report: Report | None
    left: str = ""

    @property
    def repository(self) -> str:
        """Where the row comes from."""
        return str(self.row.get("repo"))


def labels_of(row: Row) -> dict[str, float]:
    """Reported figures of a row or module by name, those that count."""
    labels = row.get("hls") or {}
    found = {figure: labels.get(label) for figure, label in LABELS.items()}
    forced = FORCED if row.get("kind") == "project_forced_mul" else frozenset()
    return {key: float(value) for key, value in found.items() if value is not None and key not in forced}


def is_trusted(row: Row) -> bool:
    """Whether a row's configuration was checked against its report; others are evaluated, not learned from."""
    return row.get("kind") != "project" or bool(row.get("config_verified"))


def evaluate(rows: Sequence[Row], designs: Sequence[DesignRecord], table: Coefficients, left: str = "") -> list[Case]:
    """Estimate every row; one that fails is unknown."""
    cases = []
    for row, design in zip(rows, designs, strict=True):
        try:
            report: Report | None = estimate_record(design, table)
        except UNREADABLE as error:
            print(f"{row.get('id')}: {error}")
            report = None
        cases.append(Case(row=row, design=design, report=report, left=left))
    return cases


def samples_of(rows: Sequence[Row], designs: Sequence[DesignRecord], modules: Iterable[Row]) -> list[Sample]:
    """Collect what a fit learns from: trusted designs without per-element quantizers, and their modules."""
    found, by_id = [], {}
    for row, design in zip(rows, designs, strict=True):
        if is_trusted(row) and class_of(design) != "quantizers":
            by_id[row["id"]] = (row, design)
            found.append(Sample(design=design, layer=None, truth=labels_of(row), repository=str(row.get("repo"))))
    for module in modules:
        row, design = by_id.get(module.get("design"), (None, None))
        names = [layer.name for layer in design.layers] if design is not None else []
        if module.get("rank", 0) != 0 or module.get("layer") not in names or row is None or design is None:
            continue
        truth = labels_of({"hls": module["hls"], "kind": row.get("kind")})
        index = names.index(module["layer"])
        found.append(Sample(design=design, layer=index, truth=truth, repository=str(row.get("repo"))))
    return found


def choices() -> dict[Key, list[float]]:
    """Read the values that rules' constants may take."""
    listed = tomllib.loads(PRIOR.read_text(encoding="utf-8"))["choices"]
    return {_key(name): [float(value) for value in values] for name, values in listed.items()}


def first_sight() -> list[FirstSight]:
    """Read the errors of networks of repositories that no rule had seen when they were estimated."""
    data = tomllib.loads(FIRST_SIGHT.read_text(encoding="utf-8"))
    return [
        (table == "flat", figure, repository, size)
        for table in ("flat", "others")
        for repository, designs in data[table].items()
        for sizes in designs
        for figure, size in zip(data["figures"], sizes, strict=True)
        if not isnan(size)
    ]


def _key(name: str) -> Key:
    model, _, rest = name.partition(".")
    tech, _, last = rest.rpartition(".")
    return model, tech.strip('"'), last


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Collection:
    """Measured designs, what a fit learns from them, and their linearised estimates."""

    rows: Sequence[Row]
    designs: Sequence[DesignRecord]
    samples: Sequence[Sample]
    lines: Linearised

    @classmethod
    def of(cls, rows: Sequence[Row], designs: Sequence[DesignRecord], modules: Iterable[Row]) -> "Collection":
        """Collect samples and differentiate their estimates."""
        samples = samples_of(rows, designs, modules)
        lines = linearise(samples, read_coefficients(PRIOR), choices())
        return cls(rows=rows, designs=designs, samples=samples, lines=lines)

    def fitted(self, use: np.ndarray[Any, np.dtype[np.bool_]] | None = None) -> Coefficients:
        """Fit to some samples, or to all."""
        return fit(self.samples, self.lines, np.ones(len(self.samples), dtype=bool) if use is None else use)

    def without_repositories(self) -> list[Case]:
        """Estimate each row by a fit that never saw its repository."""
        names = [str(row.get("repo")) for row in self.rows]
        held = np.array([sample.repository for sample in self.samples])
        return self._left_out(names, {name: held != name for name in set(names)})

    def without_cells(self) -> list[Case]:
        """Estimate each row by a fit that never saw a design with its rarest cell."""
        cells = [_sample_cells(sample) for sample in self.samples]
        repositories: dict[str, set[str]] = {}
        counts: Counter[str] = Counter()
        for found, sample in zip(cells, self.samples, strict=True):
            for cell in found:
                repositories.setdefault(cell, set()).add(sample.repository)
                counts[cell] += 1
        names = [
            min(cells_of(design), key=lambda cell: (len(repositories.get(cell, ())), counts[cell], cell), default="")
            for design in self.designs
        ]
        use = {name: np.array([name not in found for found in cells]) for name in set(names)}
        return self._left_out(names, use)

    def _left_out(self, names: Sequence[str], use: Mapping[str, np.ndarray[Any, np.dtype[np.bool_]]]) -> list[Case]:
        cases: dict[int, Case] = {}
        for name in sorted(set(names)):
            table = self.fitted(use[name])
            chosen = [index for index, other in enumerate(names) if other == name]
            found = evaluate([self.rows[i] for i in chosen], [self.designs[i] for i in chosen], table, name)
            cases |= dict(zip(chosen, found, strict=True))
        return [cases[index] for index in range(len(self.rows))]


def _sample_cells(sample: Sample) -> frozenset[str]:
    if sample.layer is None:
        return cells_of(sample.design)
    return frozenset({cell_of(sample.design, sample.design.layers[sample.layer])})


def residuals_of(cases: Iterable[Case]) -> list[Residual]:
    """Pair figures of trusted rows with their reports."""
    found: list[Residual] = []
    for case in cases:
        if case.report is None or not is_trusted(case.row):
            continue
        for figure, truth in labels_of(case.row).items():
            value = getattr(case.report.total, figure)
            if value is not None:
                found.append((class_of(case.design), figure, case.repository, value, truth))
    return found


def observations(rows: Sequence[Row], samples: Iterable[Sample]) -> list[tuple[frozenset[str], str, bool]]:
    """Cells, repository and whether LUT and DSP count, of each measured design and module."""
    forced = {str(row.get("repo")) for row in rows if row.get("kind") == "project_forced_mul"}
    return [(_sample_cells(sample), sample.repository, sample.repository not in forced) for sample in samples]


def bounded(
    collection: Collection, cases: Sequence[Case], repositories: Sequence[Case], cells: Sequence[Case], by_cell: bool
) -> list[Case]:
    """Give each case intervals and support that saw nothing of what its fit did not see.

    Args:
        collection: All measured designs.
        cases: Cases whose fits left something out.
        repositories: Cases whose fits left their repository out, in the order of the rows.
        cells: Cases whose fits left their rarest cell out, in the order of the rows.
        by_cell: Whether `cases` left out cells.
    """
    seen, first = observations(collection.rows, collection.samples), first_sight()
    found = []
    known: dict[str, tuple[Spreads, dict[str, CellSupport]]] = {}
    for case in cases:
        if case.left not in known:
            if by_cell:
                keep = [index for index, other in enumerate(cells) if other.left != case.left]
                rest = [item for item in seen if case.left not in item[0]]
            else:
                keep = [index for index, other in enumerate(cells) if other.repository != case.left]
                rest = [item for item in seen if item[1] != case.left]
            lists = (residuals_of(items[index] for index in keep) for items in (repositories, cells))
            own, novel = lists
            known[case.left] = spreads_from(own, novel=novel, first=first), support_from(rest)
        found.append(_with(case, *known[case.left]))
    return found


def _with(case: Case, spreads: Spreads, support: Mapping[str, CellSupport]) -> Case:
    if case.report is None:
        return case
    least = support_of(case.design, LABELS, support)
    counts = {figure: least[figure].repositories for figure in LABELS}
    bounds = bounds_of(case.report.total, class_of(case.design), spreads, counts)
    notes = support_notes(case.design, support)
    return replace(case, report=replace(case.report, bounds=bounds, notes=notes))
