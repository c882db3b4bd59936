"""What brings the windows of a streamed image to its arithmetic: line buffers and FIFOs."""

from math import ceil

LINE_BUFFER_LUT = 32.0
LINE_BUFFER_FF = 64.0
"""A line buffer of one channel is priced so, whatever its length up to a row of 64 (shift registers in LUTs)."""
FIFO_DEPTH_IN_LUT = 32
FIFO_BITS_IN_LUT = 512
"""FIFOs below this depth, or up to so many bits, are shift registers in LUTs; 36 x 16 = 576 bits take a block.

Thresholds of 512 to 575 give the same for all designs (45 streams of 12 repositories)."""


def tap_fifos(taps: int, depth: int, width: int) -> tuple[float, float, float]:
    """LUT, FF and BRAM of the FIFOs of the encoded variant: one for each element of the window, an image deep."""
    if depth * width > FIFO_BITS_IN_LUT and depth >= FIFO_DEPTH_IN_LUT:
        return 43.0 * taps, 36.0 * taps, float(taps * ceil(width / 18))
    return (88.0 * taps, 82.0 * taps, 0.0) if depth > 16 else (28.0 * taps, 5.0 * taps, 0.0)


def fifo_width(depth: int) -> int:
    """Bits of a word that one block RAM holds in a FIFO of this depth; 28 bits x 64 words take two blocks."""
    return next((width for words, width in ((1024, 18), (2048, 9), (4096, 4), (8192, 2)) if depth <= words), 1)
