"""With which delays the RTL generator plans a device family."""

from hlsexplore.estimate.technology import SEVEN_SERIES
from hlsexplore.rtl_plan.netlist.timing import LATTICE, MARGIN, SERIES7, ULTRASCALE, Fabric


def rtl_fabric(family: str) -> Fabric:
    """Return the delays of a device family."""
    if family == "ecp5":
        return LATTICE
    return SERIES7 if family in SEVEN_SERIES else ULTRASCALE


def rtl_budget_ns(family: str, clock_ns: float) -> float:
    """Return the time between two registers that the RTL generator fills."""
    return max(MARGIN * clock_ns - rtl_fabric(family).register_ns, 0.1)
