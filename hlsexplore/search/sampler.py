"""What every sampler does: propose points, and learn what they cost."""

from collections.abc import Sequence
from typing import Protocol

from hlsexplore.fixed import RealArray
from hlsexplore.search.bound_space import Point


class Sampler(Protocol):
    """Proposes points of a space. It is mutable: it learns. The same seed and costs give the same points."""

    def ask(self, count: int) -> list[Point]:
        """Propose up to `count` points that were not proposed before; none when nothing is left."""
        ...

    def tell(self, points: Sequence[Point], costs: RealArray) -> None:
        """Learn what the points of the last `ask` cost.

        Args:
            points: The points.
            costs: Objectives, all to be minimised, shape `(points, objectives)`; NaN where unknown.
        """
        ...
