"""Images made larger: pixels repeated, or interpolated between."""

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.importers.einsum import Weights, contract, parse_equation
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.importers.reshape import image_rank, image_sizes
from hlsexplore.ops import Pair, Upsample


def between(size: int, places: RealArray) -> RealArray:
    """Return the weights of a linear interpolation between elements.

    Args:
        size: Number of elements.
        places: Where to interpolate, in elements; places beyond the ends have the value there.

    Returns:
        Shape (size, number of places).

    Examples:
        >>> between(2, np.array([-0.25, 0.25])).tolist()
        [[1.0, 0.75], [0.0, 0.25]]
    """
    at = np.clip(places, 0, size - 1)
    lower = np.floor(at).astype(int)
    columns = np.arange(len(at))
    weights = np.zeros((size, len(at)))
    weights[lower, columns] += 1 - (at - lower)
    weights[np.minimum(lower + 1, size - 1), columns] += at - lower
    return weights


def upsampling(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert UpSampling1D and UpSampling2D: nearest neighbour, or bilinear as a product along each axis."""
    x, rank = only(layer, inputs), image_rank(layer)
    how = layer.config.get("interpolation", "nearest")
    if how not in ("nearest", "bilinear"):
        raise layer.refuse(f"the interpolation {how!r} is not supported.", "Use 'nearest' or 'bilinear'.")
    size: Pair = layer.pair("size", rank, 2)
    height, width, channels = image_sizes(layer, x, rank)
    if how == "bilinear":
        return _interpolated(layer, x, size)
    shape = (height * size[0], width * size[1], channels)
    return layer.add(Upsample(size=size, rank=rank), (x,), shape if rank == 2 else shape[1:])


def _interpolated(layer: ImportedLayer, x: ImportedTensor, factors: Pair) -> ImportedTensor:
    """Append products that interpolate between rows, then between columns, pixels being areas (half-pixel centres)."""
    for axis, (factor, equation) in enumerate(zip(factors, ("bhwc,hn->bnwc", "bhwc,wn->bhnc"), strict=True)):
        if factor == 1:
            continue
        count = x.shape[axis] * factor
        weights = between(x.shape[axis], (np.arange(count) + 0.5) / factor - 0.5)
        part = layer.renamed("rows") if axis == 0 and factors[1] > 1 else layer
        x = contract(part, x, parse_equation(layer, equation, x.shape, weights.shape), Weights(values=weights), None)
    return x
