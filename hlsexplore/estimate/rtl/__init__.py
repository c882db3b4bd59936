"""Fast figures of our own RTL, as Yosys counts it, without planning it (docs/estimates.md)."""
