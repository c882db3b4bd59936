"""Wrappers of layers that act in training only: read as the layer that they wrap."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ModelError
from hlsexplore.importers.source import LayerWeights, WeightRef

PRUNING, SPECTRAL = "PruneLowMagnitude", "SpectralNormalization"
_OWN = ("mask", "threshold", "pruning_step", "vector_u")
"""Variables of the wrappers themselves."""
_PRUNED = {
    **dict.fromkeys(
        ("SeparableConv1D", "SeparableConv2D", "QSeparableConv1D", "QSeparableConv2D"), ("pointwise_kernel",)
    ),
    **dict.fromkeys(("SimpleRNN", "LSTM", "GRU", "QSimpleRNN", "QLSTM", "QGRU"), ("kernel", "recurrent_kernel")),
}
"""Weights of a layer that pruning masks, where it is not the kernel alone (tfmot's prune_registry)."""
_POSITIONS = {"kernel": 0, "pointwise_kernel": 1, "recurrent_kernel": 1}


def stripped_weights(weights: LayerWeights, wrapper: str, cls: str) -> LayerWeights:
    """Return the weights of a wrapped layer, with the masks of pruning applied.

    A mask counts at inference too: the wrapper multiplies the weights by it whenever it is called.

    Args:
        weights: Weights of the wrapper.
        wrapper: Its class.
        cls: Class of the layer in it.

    Raises:
        ModelError: If a mask has another shape than its weight.
    """
    names = _PRUNED.get(cls, ("kernel",))
    if weights.groups is None:
        masks = [ref for ref in weights.named if _leaf(ref) == "mask"]
        inner = [ref for ref in weights.named if _leaf(ref) not in _OWN]
        places = [next((at for at, ref in enumerate(inner) if _leaf(ref) == name), None) for name in names]
        for mask, at in zip(masks, places, strict=False):
            if at is not None:
                inner[at] = _masked(inner[at], mask)
        return LayerWeights(named=tuple(inner))
    own = weights.groups.get("", ())
    groups = {
        component.removeprefix("layer").lstrip("/"): refs
        for component, refs in weights.groups.items()
        if component == "layer" or component.startswith("layer/")
    }
    if wrapper == PRUNING:  # the pruned weights themselves, a mask and a threshold for each, the step
        count = (len(own) - 1) // 3
        for index, name in enumerate(names[:count]):
            component, position = "cell" if "cell" in groups else "", _POSITIONS[name]
            refs = list(groups.get(component, ()))
            if position < len(refs):
                refs[position] = _masked(refs[position], own[count + 2 * index])
                groups[component] = tuple(refs)
    return LayerWeights(groups=groups)


def _leaf(ref: WeightRef) -> str:
    return ref.path.split("/")[-1].split(":")[0]


def _masked(ref: WeightRef, mask: WeightRef) -> WeightRef:
    """Return a weight times its mask."""
    if mask.shape != ref.shape:
        raise ModelError(
            f"the mask {mask.path!r} has the shape {mask.shape}, but its weight {ref.path!r} has {ref.shape}. "
            "The file is damaged."
        )

    def load() -> NDArray[np.float64]:
        return np.asarray(ref.load(), dtype=np.float64) * np.asarray(mask.load(), dtype=np.float64)

    return replace(ref, load=load)
