"""LUTs and flip-flops around the arithmetic of a layer that computes its positions one after another."""

from hlsexplore.rtl_plan.layer_plan import Scan


def scan_figures(scan: Scan, output_bits: int) -> tuple[int, int]:
    """Count LUTs and flip-flops of the held image, the counters and the collected results.

    Args:
        scan: The scan.
        output_bits: Bits of the results of all steps.
    """
    held = _held_pixels(scan)
    # A bit of the image that slides is a new one or the next one in the row, or also the one in the next row.
    lut = len(held) * scan.pixel_bits * (1 + (scan.row_steps > 1)) if scan.steps > 1 else 0
    ff = len(held) * scan.pixel_bits + output_bits
    for count in (scan.pace, scan.steps, scan.row_steps, scan.steps):
        bits = (count - 1).bit_length()
        lut, ff = lut + bits + (bits > 0), ff + bits
    return lut + 4, ff + 2


def _held_pixels(scan: Scan) -> set[int]:
    """Return the pixels of the held image that need registers: read at some step, and not always padding."""
    moves = [scan.step_pixels] * (scan.row_steps > 1) + [scan.row_pixels]
    size = len(scan.elements)
    varies = [element >= 0 for element in scan.elements]
    for pixel in reversed(range(size)):
        varies[pixel] |= any(pixel + move < size and varies[pixel + move] for move in moves if scan.steps > 1)
    needed: set[int] = set()
    taps = {tap for copy in scan.taps for tap in copy}
    for pixel in range(size):
        if pixel in taps or (scan.steps > 1 and any(pixel - move in needed for move in moves)):
            needed.add(pixel)
    return {pixel for pixel in needed if varies[pixel]}
