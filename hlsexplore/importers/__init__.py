"""Importers: trained models to graphs, without executing anything that a file holds."""

from hlsexplore.importers.inspection import Inspection, LayerInfo
from hlsexplore.importers.read import inspect_model, read_model

__all__ = ["Inspection", "LayerInfo", "inspect_model", "read_model"]
