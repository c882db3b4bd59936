"""What brings the windows of a streamed image to its arithmetic: line buffers and FIFOs."""

from math import ceil

import numpy as np

from hlsexplore.estimate.hls.streams import Column
from hlsexplore.estimate.technology import Technology

LINE_BUFFER_LUT = 32.0
LINE_BUFFER_FF = 64.0
"""A line buffer of one channel is priced so, whatever its length up to a row of 64 (shift registers in LUTs)."""
FIFO_DEPTH_IN_LUT = 32
FIFO_BITS_IN_LUT = 512
"""FIFOs below this depth, or up to so many bits, are shift registers in LUTs; 36 x 16 = 576 bits take a block.

Thresholds of 512 to 575 give the same for all designs (45 streams of 12 repositories)."""

FIFO_LUT, FIFO_LUT_WORD = 50.0, 0.05
"""LUT of a FIFO in block RAM, and for each word of its depth (4 designs, 64 to 9,252 words)."""
PADDED_FROM = 2024.0
"""Version of Vitis HLS from which a word of a FIFO is padded to a power of two."""
VITIS_BITS_IN_LUT, VITIS_DEPTH_IN_LUT = 1024.0, 2
"""FIFOs of Vitis HLS up to so many bits or so deep are shift registers (2023.1: 1,024 bits of 16 words are, 1,312 of 82
and 2,048 of 4 are not, 2,048 of one word are; 110 FIFOs of three repositories)."""
VITIS_SHORT_LUT, VITIS_SHORT_FF = 75.0, 99.0
"""LUT and FF of one in shift registers, whatever its width (6 to 2,048 bits; 15 FIFOs of two repositories on 7 series,
2,704 on Kintex UltraScale+); on Virtex UltraScale+ two words wait in registers (4,134 FIFOs of two)."""
VITIS_MEMORY_FF = 156.0
"""FF of one in block RAM up to 2023 (147 to 164, from 4 to 4,761 words and 16 to 1,408 bits)."""


def tap_fifos(taps: int, depth: int, width: int) -> tuple[float, float, float]:
    """LUT, FF and BRAM of the FIFOs of the encoded variant: one for each element of the window, an image deep."""
    if depth * width > FIFO_BITS_IN_LUT and depth >= FIFO_DEPTH_IN_LUT:
        return 43.0 * taps, 36.0 * taps, float(taps * ceil(width / 18))
    return (88.0 * taps, 82.0 * taps, 0.0) if depth > 16 else (28.0 * taps, 5.0 * taps, 0.0)


def fifo_width(depth: int) -> int:
    """Bits of a word that one block RAM holds in a FIFO of this depth; 28 bits x 64 words take two blocks."""
    return next((width for words, width in ((1024, 18), (2048, 9), (4096, 4), (8192, 2)) if depth <= words), 1)


def fifo_lut(depth: int) -> float:
    """LUT that steer a FIFO in block RAM."""
    return FIFO_LUT + FIFO_LUT_WORD * depth


def vitis_fifo(bits: Column, depth: int, tech: Technology) -> tuple[Column, Column, Column]:
    """LUT, FF and BRAM of a FIFO of Vitis HLS, which holds a pixel with all its channels as one word.

    Up to 2023 a block holds as many bits of it as in Vivado HLS (all 96 FIFOs in block RAM of three repositories); in
    2024.1 words of 96 and 144 bits are padded to 128 and 256, a block holds 32 bits, and two words wait in registers
    before it (10 FIFOs of one design).

    Args:
        bits: Bits of a word, shape (designs,).
        depth: Words.
        tech: Tool and family.
    """
    is_padded = tech.version >= PADDED_FROM
    if is_padded:
        bits = 2.0 ** np.ceil(np.log2(np.maximum(bits, 1.0)))
    in_memory = (depth > VITIS_DEPTH_IN_LUT) & (bits * depth > VITIS_BITS_IN_LUT)
    held = 32 if is_padded and depth <= 512 else fifo_width(depth)
    bram = np.ceil(bits / held) * ceil(depth / 16384)
    memory_ff = 2.0 * bits + 27.0 if is_padded else np.full(bits.shape, VITIS_MEMORY_FF)
    if tech.family.startswith("virtexuplus"):
        lut, ff = 0.9 * bits + 20.0, 2.0 * bits + 4.0
    else:
        lut, ff = np.full(bits.shape, VITIS_SHORT_LUT), np.full(bits.shape, VITIS_SHORT_FF)
    return (
        np.where(in_memory, fifo_lut(depth), lut),
        np.where(in_memory, memory_ff, ff),
        np.where(in_memory, bram, 0.0),
    )
