"""hls4ml projects, archives (.tar.gz, .fml) and configurations as graphs and designs (docs/hls4ml.md)."""
