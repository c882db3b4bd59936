"""The flow hls4ml: a design in the words of hls4ml, for each of its back ends (docs/hls4ml.md)."""
