"""Simulation of an XLS project: its Verilog has the ports of the flow `rtl`, so the same simulator runs it."""

from hlsexplore_hls.rtl.simulate import simulate

__all__ = ["simulate"]
