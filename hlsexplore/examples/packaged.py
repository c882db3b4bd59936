"""Data sets that ship inside other packages' wheels, read without importing those packages where possible."""

import gzip
from functools import lru_cache
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import DataError
from hlsexplore.examples.dataset import Dataset, split
from hlsexplore.fixed import RealArray

SHUTTLE_LIMIT = 8.0
"""Standard deviations at which the shuttle's readings are clipped, as a converter with a fixed range does."""
SHUTTLE_TRAIN, DIGITS_TRAIN = 34_000, 797
"""Samples used for training; the others evaluate."""


@lru_cache(maxsize=1)
def shuttle() -> Dataset:
    """Return Statlog (Shuttle) as the package river ships it: 49,097 readings of 9 sensors, 3,511 of them anomalies.

    Readings are standardised with mean and deviation of the training part and clipped to +-8 deviations.
    """
    table = _table(_file("river", "datasets/shuttle.csv.gz", "shuttle"), "shuttle", columns=10, skip=1)
    x, labels = table[:, :9], table[:, 9].astype(np.int64)
    data = split(x, labels, num_train=SHUTTLE_TRAIN, classes=("normal", "anomaly"), seed=1)
    mean, deviation = data.x_train.mean(axis=0), data.x_train.std(axis=0)
    return data.mapped(lambda values: np.clip((values - mean) / deviation, -SHUTTLE_LIMIT, SHUTTLE_LIMIT))


@lru_cache(maxsize=2)
def digits(is_image: bool = False) -> Dataset:
    """Return the handwritten digits that the package scikit-learn ships: 1,797 images of 8x8 pixels, values 0 to 1.

    Args:
        is_image: Whether samples have the shape (8, 8, 1) instead of (64,).
    """
    table = _table(_file("sklearn", "datasets/data/digits.csv.gz", "digits"), "digits", columns=65, skip=0)
    x, labels = table[:, :64] / 16.0, table[:, 64].astype(np.int64)
    x = x.reshape(-1, 8, 8, 1) if is_image else x
    return split(x, labels, num_train=DIGITS_TRAIN, classes=tuple("0123456789"), seed=1)


def _file(package: str, path: str, example: str) -> Path:
    """Locate a file of an installed package.

    Raises:
        DataError: If the package or the file is missing; says what to install.
    """
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder) / path
        if file.is_file():
            return file
    state = "does not ship it in this version" if spec else "is not installed"
    raise DataError(
        f"the example {example!r} uses data that ships in the package {package!r}, which {state}. "
        "Install it: pip install 'hlsexplore[examples]'."
    )


def _table(path: Path, example: str, columns: int, skip: int) -> NDArray[Any]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            table: RealArray = np.loadtxt(
                StringIO(file.read()), delimiter=",", skiprows=skip, dtype=np.float64, ndmin=2
            )
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"the data of the example {example!r} in {path.name!r} cannot be read ({error}). Reinstall it."
        ) from None
    if table.shape[1] != columns:
        raise DataError(f"the data of the example {example!r} has {table.shape[1]} columns, expected {columns}.")
    return table
