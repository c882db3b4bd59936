"""One flat op graph for ONNX and PyTorch: constants folded, batch axis freed, layouts noted, then our ops."""

from hlsexplore.importers.flat.inspect import inspect_flat

__all__ = ["inspect_flat"]
