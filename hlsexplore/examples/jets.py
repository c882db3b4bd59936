"""Jets: a synthetic stand-in of the field's reference data set, and the loader of the real one.

The reference network (16-64-32-32-5) classifies jets as gluon, quark, top, W or Z from 16 substructure observables
(OpenML `hls4ml_lhc_jets_hlf`, 830,000 jets). That data ships in no package. Without a network connection a generator
stands in, so that speed and resources can be compared with published designs; its accuracy says nothing about physics.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from hlsexplore.examples.dataset import Dataset, split
from hlsexplore.examples.openml import OpenmlTable, fetch, read_arff
from hlsexplore.fixed import RealArray

FEATURES = (
    "zlogz",
    "c1_b0_mmdt",
    "c1_b1_mmdt",
    "c1_b2_mmdt",
    "c2_b1_mmdt",
    "c2_b2_mmdt",
    "d2_b1_mmdt",
    "d2_b2_mmdt",
    "d2_a1_b1_mmdt",
    "d2_a1_b2_mmdt",
    "m2_b1_mmdt",
    "m2_b2_mmdt",
    "n2_b1_mmdt",
    "n2_b2_mmdt",
    "mass_mmdt",
    "multiplicity",
)
"""Columns of the real data set, in order."""
CLASSES = ("g", "q", "t", "w", "z")
"""Classes: gluon, light quark, top, W, Z."""
OPENML_NAME = "hls4ml_lhc_jets_hlf"
NUM_SYNTHETIC, NUM_TRAIN = 60_000, 40_000
_SEED = 20_180_417


@lru_cache(maxsize=1)
def synthetic_jets() -> Dataset:
    """Return synthetic jets: 60,000 samples of 16 correlated observables in 5 overlapping classes, standardised.

    Each class is a Gaussian in four latent coordinates (mass, number of prongs, radiation, multiplicity); a fixed
    random tanh layer and noise make the 16 observables of it. W and Z differ only a little in mass, gluons and quarks
    in radiation, so that accuracy is near three quarters, as it is for the real data.
    """
    rng = np.random.default_rng(_SEED)
    centres = np.array(
        [
            [-0.6, -0.7, 0.9, 0.8],
            [-0.9, -0.9, -0.5, -0.7],
            [1.6, 1.4, 0.4, 0.9],
            [0.2, 0.6, -0.4, -0.2],
            [0.9, 0.6, -0.3, -0.1],
        ]
    )
    spreads = np.array(
        [
            [0.8, 0.8, 1.0, 1.0],
            [0.8, 0.8, 1.0, 0.9],
            [0.7, 0.7, 1.0, 1.0],
            [0.45, 0.8, 0.9, 0.9],
            [0.45, 0.8, 0.9, 0.9],
        ]
    )
    labels = rng.integers(0, len(CLASSES), NUM_SYNTHETIC)
    latent = centres[labels] + spreads[labels] * rng.standard_normal((NUM_SYNTHETIC, 4))
    mixing, offset = rng.standard_normal((4, 16)), rng.standard_normal(16)
    x: RealArray = np.tanh(0.6 * (latent @ mixing) + 0.5 * offset) + 0.1 * rng.standard_normal((NUM_SYNTHETIC, 16))
    return _standardised(split(x, labels.astype(np.int64), num_train=NUM_TRAIN, classes=CLASSES, seed=1))


def load_jets(path: Path | None = None, cache: Path | None = None) -> Dataset:
    """Return the real jets: read from a file, from the cache, or downloaded from OpenML into the cache.

    Args:
        path: An ARFF file of the data set that is already there; None to use cache and network.
        cache: Folder of the cache; None for the user's cache folder.

    Returns:
        Jets standardised with mean and deviation of the training part (four fifths).

    Raises:
        DataError: If the file has other columns, or the download fails or does not match its checksum.
    """
    table = read_arff(path if path is not None else fetch(OPENML_NAME, cache), FEATURES, CLASSES)
    return standard_jets(table)


def standard_jets(table: OpenmlTable) -> Dataset:
    """Split and standardise the real data set."""
    num_train = len(table.labels) * 4 // 5
    return _standardised(split(table.x, table.labels, num_train=num_train, classes=CLASSES, seed=1))


def _standardised(data: Dataset) -> Dataset:
    mean, deviation = data.x_train.mean(axis=0), data.x_train.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return data.mapped(lambda x: (x - mean) / scale)
