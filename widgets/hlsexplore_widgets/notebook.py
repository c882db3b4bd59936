"""The text of a notebook file."""

import json
from collections.abc import Iterable
from typing import Any, Literal

Cell = tuple[Literal["code", "markdown"], str]
"""Kind and source of a cell."""


def notebook_text(cells: Iterable[Cell]) -> str:
    """Return the text of a notebook for Python; the same cells give the same text."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    found = []
    for index, (kind, source) in enumerate(cells):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{index}", "metadata": {}, "source": source}
        found.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    data = {"cells": found, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(data, indent=1)
