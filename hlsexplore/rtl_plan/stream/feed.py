"""Feeds: what stands between the beats of a stream and the arithmetic of a layer."""

from dataclasses import dataclass
from enum import StrEnum

from hlsexplore.ops import Pair
from hlsexplore.rtl_plan.netlist.cells import bits_of
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.tensor import BusTensor
from hlsexplore.rtl_plan.walk import Walk


class FeedKind(StrEnum):
    """How beats reach the arithmetic."""

    DIRECT = "direct"
    """As they come: the arithmetic reads the beats of all inputs in the cycle in which they are taken."""
    ACCUMULATE = "accumulate"
    """As they come; the arithmetic sums over all beats, and every position takes its time."""
    CHOOSE = "choose"
    """A beat of one input at a time, with a flag for each input that says whose it is."""
    WINDOW = "window"
    """A window that slides over an image; lines of pixels wait in shift registers or block RAMs."""
    COLLECT = "collect"
    """Several beats side by side."""
    SPLIT = "split"
    """A beat in several parts, one after another."""
    BUFFER = "buffer"
    """A whole tensor is collected, its elements change places, and it leaves beat by beat."""
    REDUCE = "reduce"
    """All beats run into registers, channel by channel."""


BLOCK_LINE_BITS = 8192
"""From this size on, a line of at least `BLOCK_LINE_PIXELS` pixels lives in a block RAM: half of one of 18 kbit."""
BLOCK_LINE_PIXELS = 64
"""Shorter lines take at most two LUTs for each bit: shift registers of 32 places (CLB user guide UG474)."""


def is_block_line(pixels: int, bits: int) -> bool:
    """Whether a line of pixels of so many bits lives in a block RAM, not in shift registers."""
    return pixels >= BLOCK_LINE_PIXELS and pixels * bits >= BLOCK_LINE_BITS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Feed:
    """A feed.

    Attributes:
        kind: How it works.
        walk: When it takes beats and issues.
        inputs: A beat of each input.
        reach: Rows and columns of a window.
        taps: Places (row, column) in the window that the arithmetic reads, in order.
        has_flags: Whether the arithmetic also reads for each tap whether it lies in the image.
        elements: Element of the collected tensor that each element of the output is, or -1 for zero.
        loop: A step of a reduction; inputs are all registers, then the beat.
        starts: What the registers of a reduction start from.
    """

    kind: FeedKind
    walk: Walk
    inputs: tuple[BusTensor, ...]
    reach: Pair = (1, 1)
    taps: tuple[Pair, ...] = ((0, 0),)
    has_flags: bool = False
    elements: tuple[int, ...] = ()
    loop: Net | None = None
    starts: tuple[int, ...] = ()

    @property
    def is_registered(self) -> bool:
        """Whether the arithmetic starts a cycle after the position that issues it."""
        return self.kind not in (FeedKind.DIRECT, FeedKind.ACCUMULATE, FeedKind.CHOOSE)

    @property
    def pixel_bits(self) -> int:
        """Bits of a pixel in the window, with its flag."""
        return self.inputs[0].size * self.inputs[0].width + self.has_flags

    @property
    def line_pixels(self) -> int:
        """Pixels that wait between two rows of a window."""
        return self.walk.columns.length - self.reach[1] if self.reach[0] > 1 else 0

    @property
    def is_block_line(self) -> bool:
        """Whether lines live in block RAMs."""
        return is_block_line(self.line_pixels, self.pixel_bits)

    @property
    def buffer_bits(self) -> int:
        """Bits that the feed stores."""
        pixel = self.pixel_bits
        match self.kind:
            case FeedKind.DIRECT | FeedKind.ACCUMULATE | FeedKind.CHOOSE:
                return 0
            case FeedKind.WINDOW:
                rows, columns = self.reach
                return (rows * columns + (rows - 1) * self.line_pixels) * pixel
            case FeedKind.SPLIT:
                return pixel
            case FeedKind.COLLECT:
                return self.walk.columns.takes[0].count * pixel
            case FeedKind.BUFFER:
                return self.walk.columns.takes[0].count * pixel + len(self.elements) * self.inputs[0].width
            case FeedKind.REDUCE:
                return sum(bits_of(*span) for span in self.register_ranges)

    @property
    def register_ranges(self) -> tuple[tuple[int, int], ...]:
        """Range of each register of a reduction."""
        cells = () if self.loop is None else self.loop.cells[: len(self.starts)]
        return tuple((cell.low, cell.high) for cell in cells)
