"""Explore fixed-point designs of neural networks on FPGAs: exact accuracy, resources and latency, before synthesis."""

from hlsexplore.design import Design, LayerConfig
from hlsexplore.errors import HlsExploreError
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.report import Report
from hlsexplore.target import Target

__version__ = "0.1.0"

__all__ = ["Design", "Fixed", "Graph", "HlsExploreError", "LayerConfig", "Node", "Report", "Target", "__version__"]
