"""What the vendor's HLS tools report, by layer: formulas fitted on real reports (docs/estimates.md)."""
