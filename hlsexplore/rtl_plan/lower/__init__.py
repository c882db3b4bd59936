"""Lowering: each kind of layer as cells of a netlist (docs/ir.md gives the arithmetic)."""
