"""Writes measured tables into docs/estimates.md, between markers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hlsexplore.estimate.coefficients import Coefficients

DOCS = Path(__file__).parents[1] / "docs" / "estimates.md"
COLUMNS = {
    "n": "n",
    "median_ape": "median error, %",
    "p90_ape": "90 % of errors below, %",
    "exact_share": "exact",
    "covered80": "in 80 % interval",
    "covered95": "in 95 % interval",
    "width95": "its width",
}


def fill(section: str, lines: Sequence[str]) -> None:
    """Replace what stands between `<!-- section -->` and `<!-- /section -->`."""
    text = DOCS.read_text(encoding="utf-8")
    begin, end = f"<!-- {section} -->\n", f"<!-- /{section} -->"
    head, _, rest = text.partition(begin)
    _, marker, tail = rest.partition(end)
    if not marker:
        raise SystemExit(f"docs/estimates.md has no section {section!r}.")
    DOCS.write_text(head + begin + "\n".join(lines) + "\n" + end + tail, encoding="utf-8")


def error_lines(rows: Sequence[Mapping[str, Any]], suffix: str = "") -> list[str]:
    """Format the rows of a benchmark as a Markdown table, those of classes apart.

    Args:
        rows: Rows of the benchmark.
        suffix: End of the cases to list; it is left out of their names.
    """
    columns = {key: name for key, name in COLUMNS.items() if any(key in row for row in rows)}
    lines = ["| case | " + " | ".join(columns.values()) + " |", "|---|" + "---:|" * len(columns)]
    for row in rows:
        case = str(row["case"])
        if "median_ape" in row and case.endswith(suffix) and not case.startswith("class "):
            cells = " | ".join(str(row[key]) for key in columns)
            lines.append(f"| {case.removesuffix(suffix)} | {cells} |")
    return lines


def comparison_lines(rows: Sequence[Mapping[str, Any]], other: Mapping[str, float]) -> list[str]:
    """Format median errors of projects beside those of another estimator as a Markdown table.

    Args:
        rows: Rows of the benchmark.
        other: The other's median error in percent by figure.
    """
    found = {row["case"]: row for row in rows}
    lines = ["| median error, % | " + " | ".join(other) + " |", "|---|" + "---:|" * len(other)]
    lines.append(
        "| rule4ml, measured on 23 project MLPs | " + " | ".join(f"{value:g}" for value in other.values()) + " |"
    )
    for tool, name in (("vivado_hls", "Vivado HLS"), ("vitis_hls", "Vitis HLS")):
        own = [found[f"project {tool} {figure}"] for figure in other if f"project {tool} {figure}" in found]
        if len(own) == len(other):
            cells = " | ".join(f"{row['median_ape']:.1f}" for row in own)
            lines.append(f"| this estimator, {name} projects ({own[0]['n']}, all ops), left out | {cells} |")
    return lines


def coefficient_lines(table: Coefficients, is_rtl: bool) -> list[str]:
    """Format coefficients as a Markdown table, one row for each model and technology."""
    lines = ["| model | technology | coefficients |", "|---|---|---|"]
    for model, technologies in table.models.items():
        if model.startswith("rtl_") != is_rtl:
            continue
        for name, values in technologies.items():
            shown = ", ".join(f"`{key}` {value:.4g}" for key, value in values.items())
            lines.append(f"| {model} | {name} | {shown} |")
    return lines
