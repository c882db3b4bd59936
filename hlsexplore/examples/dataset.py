"""A labelled data set, split into a training and an evaluation part."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Samples and their classes.

    Attributes:
        x_train: Training samples, shape (samples, ...); may be empty where only the evaluation part is at hand.
        y_train: Their classes, integers from 0.
        x: Evaluation samples.
        labels: Their classes.
        classes: Names of the classes.
    """

    x_train: RealArray
    y_train: NDArray[np.int64]
    x: RealArray
    labels: NDArray[np.int64]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        """Make the arrays read-only: they are shared by everybody who loads them."""
        for values in (self.x_train, self.y_train, self.x, self.labels):
            values.flags.writeable = False

    def mapped(self, function: Callable[[RealArray], RealArray]) -> "Dataset":
        """Return the same data with a function applied to all samples."""
        return replace(self, x_train=function(self.x_train), x=function(self.x))


def split(x: RealArray, labels: NDArray[np.int64], num_train: int, classes: tuple[str, ...], seed: int) -> Dataset:
    """Shuffle samples and split them into training and evaluation.

    Args:
        x: Samples, shape (samples, ...).
        labels: Classes, shape (samples,).
        num_train: How many samples train.
        classes: Names of the classes.
        seed: Seed of the permutation.
    """
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:num_train], order[num_train:]
    return Dataset(x_train=x[train], y_train=labels[train], x=x[test], labels=labels[test], classes=classes)
