"""Weights and activations of each layer as boxes of log2(abs(value)) over the range of their types."""

from dataclasses import dataclass
from math import log2

from hlsexplore.design import Design, check_design
from hlsexplore.element_types import WidthSpread
from hlsexplore.emulate.trace import TensorTrace, trace
from hlsexplore.fixed import Fixed
from hlsexplore.layer_config import own_types, own_weight_types
from hlsexplore.ops import weights
from hlsexplore.reference.samples import Inputs

SHOWN = ("weight", "bias", "recurrent_weight", "recurrent_bias", "accum", "state", "result")
"""Tensors that have a box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileBox:
    """Distribution of one tensor over what its type can represent; all bounds are exponents of two.

    Attributes:
        layer: Name of the layer.
        key: Tensor key.
        type: Type of the tensor.
        low: Smallest abs(value) other than 0.
        whisker_low: 5 % quantile.
        box_low: 25 % quantile.
        median: 50 % quantile.
        box_high: 75 % quantile.
        whisker_high: 95 % quantile.
        high: Largest abs(value).
        type_low: Exponent of the type's step: smaller values vanish.
        type_high: Exponent above the type's range: values from here on overflow.
        share_out: Share of the values out of range.
        share_lost: Share of the values that became 0.
        spread: Bits of single elements or weights where the model gave them types of their own, else None; elements
            without bits are always 0, whatever the data.
    """

    layer: str
    key: str
    type: Fixed
    low: float
    whisker_low: float
    box_low: float
    median: float
    box_high: float
    whisker_high: float
    high: float
    type_low: int
    type_high: int
    share_out: float
    share_lost: float
    spread: WidthSpread | None = None


def profile(design: Design, x: Inputs) -> tuple[ProfileBox, ...]:
    """Return a box for each weight, accumulator and result of a design; tensors that are all 0 have none.

    Args:
        design: The design.
        x: Real inputs as for `emulate`.

    Raises:
        DataError: If the data does not fit the network.
    """
    check_design(design)
    return tuple(_box(item, design) for item in trace(design, x) if item.key in SHOWN and item.quantiles)


def _spread(design: Design, layer: str, key: str) -> WidthSpread | None:
    """Return how the bits of the elements of a tensor spread, as the design trims them."""
    node, config = design.graph[layer], design.layers[layer]
    if key == "result" and (types := own_types(node, config)) is not None:
        return types.spread(node.shape)
    if key == "weight" and (types := own_weight_types(node.op, config)) is not None:
        return types.spread(weights(node.op)["weight"].shape)
    return None


def _box(item: TensorTrace, design: Design) -> ProfileBox:
    exponents = [log2(value) for value in item.quantiles]
    names = ("low", "whisker_low", "box_low", "median", "box_high", "whisker_high", "high")
    total = max(item.num_values, 1)
    return ProfileBox(
        layer=item.layer,
        key=item.key,
        type=item.type,
        **dict(zip(names, exponents, strict=True)),
        type_low=-item.type.fraction,
        type_high=item.type.integer - int(item.type.signed),
        share_out=item.num_overflowed / total,
        share_lost=item.num_underflowed / total,
        spread=_spread(design, item.layer, item.key),
    )
