"""What designs cost, where they are compared by it."""

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError
from hlsexplore.estimate import estimate


def known_lut(design: Design) -> float:
    """Return the estimated LUTs of a design, to which every layer contributes.

    Raises:
        ConfigError: If a layer has no estimate: its part would count as nothing, whatever is done to it.
    """
    report = estimate(design)
    unknown = [name for name, cost in report.layers.items() if cost.lut is None]
    if unknown or report.total.lut is None:
        where = ", ".join(map(repr, unknown)) or repr(design.graph.name)
        raise ConfigError(
            f"the LUTs of {where} have no estimate for {design.target.tool}, so that designs cannot be compared by "
            "them. Set another tool of the target."
        )
    return report.total.lut
