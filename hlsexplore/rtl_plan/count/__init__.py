"""LUTs, flip-flops, DSP blocks, block RAMs and cycles of a plan, counted cell by cell."""
