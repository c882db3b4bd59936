"""Structure of a design in logic, shared by the RTL generator and the estimator."""

from hlsexplore.structure.layers import LayerPlan
from hlsexplore.structure.plan import DesignPlan, plan
from hlsexplore.structure.tensor import Tensor

__all__ = ["DesignPlan", "LayerPlan", "Tensor", "plan"]
