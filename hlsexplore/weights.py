"""Quantised weights of a design, cast once for each (array, type)."""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, RawArray, RealArray, quantize
from hlsexplore.ops import weights

_CACHE_SIZE = 512
_cache: "OrderedDict[tuple[int, Fixed], tuple[RealArray, RawArray]]" = OrderedDict()
_lock = Lock()


def raw_weights(design: Design, name: str) -> Mapping[str, RawArray]:
    """Return the raw integers of a layer's weights by tensor key (`weight`, `bias`, ...).

    Args:
        design: The design.
        name: Layer.

    Returns:
        Read-only arrays in the shapes of the op's fields; empty for a layer without weights.
    """
    config = design.layers[name]
    return {key: quantized(values, config.types[key]) for key, values in weights(design.graph[name].op).items()}


def quantized(values: RealArray, type_: Fixed) -> RawArray:
    """Cast an immutable weight array, from a cache of the latest casts.

    Args:
        values: Float weights that are never changed afterwards.
        type_: Type to cast to.
    """
    key = (id(values), type_)
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key][1]
    raw = quantize(values, type_)
    raw.flags.writeable = False
    with _lock:
        _cache[key] = (values, raw)
        while len(_cache) > _CACHE_SIZE:
            _cache.popitem(last=False)
    return raw
