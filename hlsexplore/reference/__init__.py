"""The network in float64: what designs are fitted to and compared with."""
