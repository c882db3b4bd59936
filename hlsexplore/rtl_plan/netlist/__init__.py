"""Integer arithmetic as a netlist of cells: exact ranges, shared shift-adds, delays and pipelining."""
