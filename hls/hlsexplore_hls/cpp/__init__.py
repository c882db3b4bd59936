"""HLS C++ for Vitis HLS and Vivado HLS: header library, generator, simulation."""
