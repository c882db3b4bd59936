"""Writes the coefficient and interval tables that the package ships."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hlsexplore.errors import ConfigError
from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.intervals import Spreads
from hlsexplore.estimate.support import CellSupport
from hlsexplore.support.files import replace_text

FOLDER = Path(__file__).parent


def write_tables(
    table: Coefficients, spreads: Spreads, cells: Mapping[str, CellSupport], entries: Sequence[Mapping[str, Any]]
) -> None:
    """Store a fit: new values in place, comments kept, intervals, support and provenance written anew.

    Args:
        table: Fitted coefficients.
        spreads: Intervals.
        cells: Support of kinds of layers.
        entries: Pairs of estimates and reports that each left its repository out, as the benchmark makes them.
    """
    path = FOLDER / "coefficients.toml"
    path.write_text(_with_values(path.read_text(encoding="utf-8"), table, _provenance(entries)), encoding="utf-8")
    (FOLDER / "intervals.toml").write_text(_intervals(spreads) + _cells(cells), encoding="utf-8")


def write_own_coefficients(path: Path, table: Coefficients, tools: Sequence[str], rows: int) -> None:
    """Store a user's own coefficients, complete and with the comments of the shipped ones.

    Args:
        path: The file.
        table: Fitted coefficients.
        tools: Tools whose reports they are fitted to.
        rows: Designs.

    Raises:
        ConfigError: If the file cannot be written.
    """
    provenance = [
        "[provenance]",
        f"rows = {rows}",
        f"tools = {sorted(set(tools))}".replace("'", '"'),
        f'date = "{datetime.now(tz=UTC).date().isoformat()}"',
        'method = "ridge regression around the shipped coefficients, hlsexplore calibrate --fit"',
        "",
    ]
    text = _with_values((FOLDER / "coefficients.toml").read_text(encoding="utf-8"), table, provenance)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, text)
    except OSError as error:
        raise ConfigError(f"cannot write the coefficients {str(path)!r}: {error.strerror or error}.") from None


def write_rtl_tables(table: Coefficients, spreads: Spreads, rows: int, summary: Sequence[Mapping[str, Any]]) -> None:
    """Store a fit of the RTL level.

    Args:
        table: Fitted coefficients.
        spreads: Intervals.
        rows: Synthesised networks.
        summary: Errors of estimates whose rows the fit did not see.
    """
    path = FOLDER / "rtl.toml"
    text = path.read_text(encoding="utf-8")
    body = _with_values(text.partition("[classes.")[0], table, _rtl_provenance(rows, summary))
    path.write_text(body + "\n" + _classes(spreads), encoding="utf-8")


def _rtl_provenance(rows: int, summary: Sequence[Mapping[str, Any]]) -> list[str]:
    errors = {item["case"].replace(" ", "_"): item["median_ape"] for item in summary}
    return [
        "[provenance]",
        f"rows = {rows}",
        'tools = ["yosys"]',
        f'date = "{datetime.now(tz=UTC).date().isoformat()}"',
        'method = "least squares; errors and intervals leave a tenth of the networks out"',
        *(f"median_error_{name} = {value}" for name, value in errors.items() if name.endswith(("lut", "_ff"))),
        "",
    ]


def _with_values(text: str, table: Coefficients, provenance: Sequence[str]) -> str:
    """Return a coefficient file with new values and provenance; comments stay."""
    lines: list[str] = []
    section: tuple[str, ...] = ()
    skip = False
    for line in text.splitlines():
        if line.startswith("["):
            skip = line == "[provenance]"
            parts = line.strip("[]").replace('"', "").split(".", 2)
            section = tuple(parts[1:]) if parts[0] == "models" else ()
            if skip:
                lines += provenance
                continue
        if skip:
            continue
        name, equals, rest = line.partition(" = ")
        if section and equals:
            comment = rest.partition("#")[2]
            value = table.models[section[0]][section[1]][name]
            line = f"{name} = {value:.4g}" if value != int(value) else f"{name} = {value:.1f}"
            line = f"{line:<23}#{comment}" if comment else line
        lines.append(line)
    return "\n".join(lines) + "\n"


def _provenance(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = {item["row"]["id"] for item in entries}
    repositories = {item["row"].get("repo") for item in entries}
    tools = sorted({str(item["row"].get("tool")) for item in entries})
    return [
        "[provenance]",
        f"rows = {len(rows)}",
        f"repositories = {len(repositories)}",
        f"tools = {tools}".replace("'", '"'),
        f'date = "{datetime.now(tz=UTC).date().isoformat()}"',
        'method = "ridge regression around library prices, chosen rules; intervals leave repositories, kinds out"',
        "",
    ]


def _intervals(spreads: Spreads) -> str:
    head = "# Report over estimate by class of design. Written by benchmarks/estimator.py --fit --write.\n\n"
    return head + _classes(spreads)


def _classes(spreads: Spreads) -> str:
    lines: list[str] = []
    for name, figures in spreads.items():
        lines.append(f"[classes.{name}]")
        for key, spread in figures.items():
            units = f"units = [{spread.units[0]}, {spread.units[1]}]"
            novel = "" if spread.novel is None else f", novel = [{_joined(spread.novel)}]"
            lines.append(f"{key} = {{ ratios = [{_joined(spread.ratios)}], {units}{novel} }}")
        lines.append("")
    return "\n".join(lines)


def _joined(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


def _cells(cells: Mapping[str, CellSupport]) -> str:
    """Lines of the support of each kind of layer: measured designs and modules, and their repositories."""
    lines = [
        "# Designs and modules, repositories of each kind of layer: of all figures, of LUT and DSP blocks.",
        "[cells]",
    ]
    for name, cell in cells.items():
        both = (
            f"{key} = [{item.modules}, {item.repositories}]"
            for key, item in (("all", cell.all), ("priced", cell.priced))
        )
        lines.append(f'"{name}" = {{ {", ".join(both)} }}')
    return "\n".join(lines) + "\n"
