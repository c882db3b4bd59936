"""The values of one tensor before and after its type."""

from hlsexplore.design import Design
from hlsexplore.emulate import trace
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import to_real
from hlsexplore.layer_config import own_types
from hlsexplore.ops import tensor_keys, weights
from hlsexplore.reference.samples import Inputs
from hlsexplore.weights import raw_weights
from hlsexplore_widgets.figures.histogram import HistogramInfo, histogram_info
from hlsexplore_widgets.profile import float_tensors
from hlsexplore_widgets.rows import TAGS

SAMPLES = 500
"""Samples whose values are counted."""


def tensor_choices(design: Design) -> list[list[str]]:
    """Return the tensors whose values can be seen: `layer/key` and a name for people."""
    return [
        [f"{node.name}/{key}", f"{node.name} {TAGS[key][1]}"]
        for node in design.graph
        for key in tensor_keys(node.op)
        if key == "result" or key in weights(node.op)
    ]


def tensor_histogram(design: Design, x: Inputs, layer: str, key: str) -> HistogramInfo:
    """Count the values of a tensor: weights before and after their cast, results of the float network and the design.

    Args:
        design: The design.
        x: Inputs; a few hundred samples spread over them are used.
        layer: Name of the layer.
        key: `result`, or the key of a weight.

    Raises:
        ConfigError: If the layer has no such tensor, or its values are not kept.
    """
    node = design.graph[layer]
    if key not in design.layers[layer].types:
        raise ConfigError(f"layer {layer!r} has no tensor {key!r}.")
    type_, title = design.layers[layer].types[key], f"{layer} {TAGS[key][1]}"
    if key == "result":
        values = float_tensors(design.graph, x, SAMPLES)
        inputs = {item.name: values[item.name] for item in design.graph.inputs}
        after = trace(design, inputs, keep_results=True).results[layer]
        return histogram_info(title, type_, values[layer], after, own_types(node, design.layers[layer]))
    if key not in weights(node.op):
        raise ConfigError(
            f"{title}: values inside a layer are counted but not kept. Its row shows how they are spread."
        )
    return histogram_info(title, type_, weights(node.op)[key], to_real(raw_weights(design, layer)[key], type_))
