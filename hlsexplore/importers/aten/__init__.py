"""Operations of exported PyTorch programs (aten) as ops of a flat graph, which have ONNX' names."""

from hlsexplore.importers.aten.call import Program
from hlsexplore.importers.aten.table import flat_nodes

__all__ = ["Program", "flat_nodes"]
