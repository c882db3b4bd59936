"""Walks: in which order a streaming layer takes beats and starts computations (docs/rtl.md, section Streams).

A beat is one position of a tensor with all its channels. A layer walks over rows and columns, for instance over a
padded image. At each position it takes a beat from some of its inputs and may start (issue) one computation.
"""

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from hlsexplore.graph import Shape
from hlsexplore.ops import Pair

Flags = NDArray[np.bool_]
"""One flag for each position of a walk, row by row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stride:
    """Some of the places along an axis: `first`, `first + step`, ..., `count` of them."""

    first: int
    count: int
    step: int = 1

    @property
    def last(self) -> int:
        """The last place."""
        return self.first + (self.count - 1) * self.step

    def flags(self, length: int) -> Flags:
        """Tell for each place along an axis of a length whether it is one of them."""
        found = np.zeros(length, dtype=np.bool_)
        found[self.first : self.last + 1 : self.step] = self.count > 0
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkAxis:
    """One axis of a walk.

    Attributes:
        length: Places.
        takes: Where a beat of each input is taken.
        issue: Where a computation starts.
    """

    length: int
    takes: tuple[Stride, ...]
    issue: Stride


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Rows and columns; a position takes or issues where both of its axes do."""

    rows: WalkAxis
    columns: WalkAxis

    @property
    def num_positions(self) -> int:
        """Positions for a sample."""
        return self.rows.length * self.columns.length

    @property
    def num_inputs(self) -> int:
        """Inputs."""
        return len(self.columns.takes)

    @property
    def is_plain(self) -> bool:
        """Whether every position takes a beat of every input and issues."""
        return all(flags.all() for flags in (self.issues(), *map(self.takes, range(self.num_inputs))))

    def takes(self, index: int) -> Flags:
        """Tell for each position whether it takes a beat of an input."""
        return _crossed(self.rows.takes[index], self.rows.length, self.columns.takes[index], self.columns.length)

    def issues(self) -> Flags:
        """Tell for each position whether it issues."""
        return _crossed(self.rows.issue, self.rows.length, self.columns.issue, self.columns.length)


def _crossed(rows: Stride, num_rows: int, columns: Stride, num_columns: int) -> Flags:
    found: Flags = np.outer(rows.flags(num_rows), columns.flags(num_columns)).ravel()
    return found


def every(count: int, num_inputs: int = 1) -> WalkAxis:
    """Return an axis whose places all take and issue."""
    whole = Stride(first=0, count=count)
    return WalkAxis(length=count, takes=(whole,) * num_inputs, issue=whole)


def plain_walk(count: int, num_inputs: int = 1) -> Walk:
    """Return a walk that takes a beat of every input and issues, `count` times."""
    return Walk(rows=every(1, num_inputs), columns=every(count, num_inputs))


def collecting_walk(blocks: int, count: int) -> Walk:
    """Return a walk that takes `count` beats and issues with the last one, `blocks` times."""
    last = Stride(first=count - 1, count=1)
    return Walk(rows=every(blocks), columns=WalkAxis(length=count, takes=(Stride(first=0, count=count),), issue=last))


def splitting_walk(blocks: int, count: int) -> Walk:
    """Return a walk that takes a beat and issues `count` times, `blocks` times."""
    whole = Stride(first=0, count=count)
    return Walk(rows=every(blocks), columns=WalkAxis(length=count, takes=(Stride(first=0, count=1),), issue=whole))


def buffering_walk(num_in: int, num_out: int) -> Walk:
    """Return a walk that takes all beats of a tensor, then issues all beats of another one."""
    taken, issued = Stride(first=0, count=num_in), Stride(first=num_in, count=num_out)
    return Walk(rows=every(1), columns=WalkAxis(length=num_in + num_out, takes=(taken,), issue=issued))


def choosing_walk(blocks: int, counts: tuple[int, ...]) -> Walk:
    """Return a walk that takes some beats of the first input, then of the second, and so on, `blocks` times."""
    takes, first = [], 0
    for count in counts:
        takes.append(Stride(first=first, count=count))
        first += count
    columns = WalkAxis(length=first, takes=tuple(takes), issue=Stride(first=0, count=first))
    return Walk(rows=every(blocks, len(counts)), columns=columns)


def window_walk(size: Pair, out: Pair, reach: Pair, stride: Pair, padding: tuple[Pair, Pair]) -> Walk:
    """Return the walk of a window over a padded image; it issues where a window that counts is complete.

    Args:
        size: Rows and columns of the image.
        out: Windows (rows, columns).
        reach: Rows and columns from the first to the last tap of a window.
        stride: Steps.
        padding: Zeros ((top, bottom), (left, right)); those that no window reaches are left out.
    """
    axes = []
    for i in (0, 1):
        before = padding[i][0]
        length = max(before + size[i], (out[i] - 1) * stride[i] + reach[i])
        issue = Stride(first=reach[i] - 1, count=out[i], step=stride[i])
        axes.append(WalkAxis(length=length, takes=(Stride(first=before, count=size[i]),), issue=issue))
    return Walk(rows=axes[0], columns=axes[1])


def frame_walk(size: Pair, padding: tuple[Pair, Pair]) -> Walk:
    """Return the walk that adds zeros around an image, or cuts it where a padding is negative."""
    axes = []
    for i in (0, 1):
        before, after = padding[i]
        length = size[i] + max(before, 0) + max(after, 0)
        issue = Stride(first=max(-before, 0), count=size[i] + before + after)
        axes.append(WalkAxis(length=length, takes=(Stride(first=max(before, 0), count=size[i]),), issue=issue))
    return Walk(rows=axes[0], columns=axes[1])


def beats_of(shape: Shape) -> Pair:
    """Return how many beats carry a tensor, and the elements of each: all channels of a position.

    Examples:
        >>> beats_of((28, 28, 3)), beats_of((64,))
        ((784, 3), (1, 64))
    """
    return prod(shape[:-1]), shape[-1]


def image_of(shape: Shape) -> tuple[Pair, int]:
    """Return (rows, columns) and channels of a tensor; one-dimensional ones have one row."""
    if len(shape) == 3:
        return (shape[0], shape[1]), shape[2]
    return (1, shape[0]), shape[1]
