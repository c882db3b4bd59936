"""What Intel's HLS compiler estimated of an hls4ml project of the back end Quartus: its `summary.json`."""

import json
from pathlib import Path

from hlsexplore.support.files import read_regular

SUMMARY = "*-fpga.prj/reports/lib/json/summary.json"
MAX_BYTES = 16 << 20


def altera_estimate(folder: str | Path) -> dict[str, float]:
    """Return the resources that the compiler expects, by its names (`ALUTs`, `FFs`, `RAMs`, `DSPs`, `MLABs`).

    Args:
        folder: The project.

    Returns:
        Empty where the project has no such report, or it cannot be read.
    """
    for path in sorted(Path(folder).glob(SUMMARY)):
        try:
            data = json.loads(read_regular(path, MAX_BYTES))
            resources = data["estimatedResources"]
            names = [str(name).strip() for name in resources["columns"][1:]]
            rows = {str(row["name"]): row["data"] for row in resources["children"]}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        values = rows.get("Total")
        if isinstance(values, list) and len(values) == len(names) and all(_is_count(value) for value in values):
            return dict(zip(names, map(float, values), strict=True))
    return {}


def _is_count(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
