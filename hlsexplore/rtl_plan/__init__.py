"""Structure of a design in logic, shared by the RTL generator and the estimator."""

from hlsexplore.rtl_plan.layer_plan import LayerPlan
from hlsexplore.rtl_plan.plan import DesignPlan, plan
from hlsexplore.rtl_plan.tensor import BusTensor

__all__ = ["DesignPlan", "LayerPlan", "BusTensor", "plan"]
