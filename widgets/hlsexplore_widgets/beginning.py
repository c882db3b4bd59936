"""The design that an explorer begins with: at once from some of the samples, then from all of them."""

from dataclasses import dataclass

import numpy as np

from hlsexplore.data import Samples
from hlsexplore.design import Design
from hlsexplore.graph import Graph
from hlsexplore.study.study import Study
from hlsexplore.target import Target, Tool
from hlsexplore_widgets.outlook import missing

QUICK_VALUES = 8_000_000
"""Values, over all layers and samples, that are looked at before the page is there: about 0.1 s of processor time."""
MIN_SAMPLES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A first design.

    Attributes:
        design: The design.
        is_whole: Whether its types were chosen from all samples.
    """

    design: Design
    is_whole: bool


def first_design(graph: Graph, x: Samples, study: Study | None = None) -> Beginning:
    """Return the default design for samples and a tool that can be asked: a vendor's HLS if installed, else Yosys.

    Args:
        graph: The network.
        x: Samples that its types shall fit; of very many, some that are spread over them.
        study: A study that the page shows; its newest trial says what the designs are for.
    """
    newest = None if study is None else study.store.newest()
    if newest is not None:
        target = Target(**newest.config["target"])
    else:
        vendors = (Tool.VITIS_HLS, Tool.VIVADO_HLS)
        target = Target(tool=next((tool for tool in vendors if not missing(tool)), Tool.YOSYS))
    some = quick_samples(graph, x)
    return Beginning(design=Design.default(graph, target, data=some), is_whole=some is x)


def quick_samples(graph: Graph, x: Samples) -> Samples:
    """Return as many samples as are looked at quickly: the same object where these are all.

    Args:
        graph: The network.
        x: Checked samples.
    """
    arrays = x if isinstance(x, tuple) else (x,)
    total, each = len(arrays[0]), sum(node.num_elements for node in graph)
    count = max(MIN_SAMPLES, QUICK_VALUES // max(1, each))
    if count >= total:
        return x
    rows = np.linspace(0, total - 1, count).astype(int)
    some = tuple(array[rows] for array in arrays)
    return some if isinstance(x, tuple) else some[0]
