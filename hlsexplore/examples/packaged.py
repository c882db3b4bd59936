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


VOWELS_FILE = Path(__file__).parent / "models" / "vowels.npz"
VOWELS_STEP = 2.0**-11
"""Grid on which the stored vowels lie (12 bits behind the sign for values of +-16)."""


@lru_cache(maxsize=1)
def vowels() -> Dataset:
    """Return the evaluation part of Japanese Vowels: 370 utterances of 25 steps and 12 coefficients, 9 speakers.

    It comes with this package, standardised and rounded to 11 fraction bits (UCI Machine Learning Repository, Kudo,
    Toyama and Shimbo 1999, CC BY 4.0; the resampled form of the package aeon). The training part is left out.
    """
    with np.load(VOWELS_FILE, allow_pickle=False) as stored:
        x, labels = stored["x"] * VOWELS_STEP, stored["labels"].astype(np.int64)
    classes = tuple(f"speaker {number}" for number in range(1, 10))
    return Dataset(x_train=x[:0], y_train=labels[:0], x=x, labels=labels, classes=classes)


def read_vowels() -> Dataset:
    """Read Japanese Vowels, training part included, from the package aeon, standardised and rounded.

    Raises:
        DataError: If aeon is not installed.
    """
    folder = "datasets/data/JapaneseVowels"
    parts = [_series(_file("aeon", f"{folder}/JapaneseVowels_eq_{part}.ts", "vowels")) for part in ("TRAIN", "TEST")]
    (x_train, y_train), (x, labels) = parts
    mean, deviation = x_train.mean(axis=(0, 1)), x_train.std(axis=(0, 1))
    data = Dataset(x_train=x_train, y_train=y_train, x=x, labels=labels, classes=())
    return data.mapped(lambda values: np.round((values - mean) / deviation / VOWELS_STEP) * VOWELS_STEP)


def _series(path: Path) -> tuple[RealArray, NDArray[np.int64]]:
    """Read a `.ts` file: dimensions separated by colons, steps by commas, the class last."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split(":") for line in lines[lines.index("@data") + 1 :] if line.strip()]
    x = np.array([[dimension.split(",") for dimension in row[:-1]] for row in rows], dtype=np.float64)
    return x.transpose(0, 2, 1).copy(), np.array([int(row[-1]) - 1 for row in rows], dtype=np.int64)


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
