"""How good outputs are: against labels, or against the float network."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hlsexplore.errors import DataError
from hlsexplore.fixed import RealArray
from hlsexplore.metrics import accuracy, agreement


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quality:
    """Scores outputs; larger is better, 1 is best.

    Attributes:
        reference: Outputs of the float network.
        labels: Classes, or None to compare with the reference.
    """

    reference: RealArray
    labels: ArrayLike | None = None

    @property
    def name(self) -> str:
        """What the score is."""
        if self.labels is not None:
            return "accuracy"
        return "agreement" if self.reference.shape[-1] > 1 else "explained variance"

    def of(self, y: RealArray) -> float:
        """Return accuracy, agreement of decisions, or 1 - squared error / variance for a single output."""
        if self.labels is not None:
            return accuracy(y, self.labels)
        if self.reference.shape[-1] > 1:
            return agreement(y, self.reference)
        spread = float(np.square(self.reference - self.reference.mean()).sum())
        return 1.0 - float(np.square(y - self.reference).sum()) / max(spread, 1e-300)


def pick_samples(count: int, labels: ArrayLike | None, most: int) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Return indices of at most `most` samples: evenly spread, every class in proportion.

    Args:
        count: Samples that there are.
        labels: Class numbers or one-hot rows, or None.
        most: Samples wanted.

    Raises:
        DataError: If there are fewer labels than samples.
    """
    if labels is None:
        return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.intp))
    classes = np.asarray(labels)
    if len(classes) != count:
        raise DataError(f"there are {count} samples but {len(classes)} labels.")
    if count <= most:
        return np.arange(count)
    if classes.ndim > 1:
        classes = classes.reshape(count, -1).argmax(axis=1)
    # Stable sort by class, then even steps: each class gets its share.
    order = np.argsort(classes, kind="stable")
    return np.sort(order[np.linspace(0, count - 1, most).astype(np.intp)])
