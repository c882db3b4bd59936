"""Verilog from a design: generator, simulation, and everything that belongs to the project."""
