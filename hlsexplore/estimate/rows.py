"""From rows of labelled synthesis results (JSON lines plus an archive of weights) to the estimator's record.

The form is that of `benchmarks/estimator.py`: a row describes a synthesised hls4ml project, its layers in call order
and the tool's figures. Rows are foreign data: whatever is missing or odd becomes unknown, nothing raises.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError
from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.devices import family_of
from hlsexplore.estimate.kinds import MATRIX_OPS, RECURRENT_OPS, Kind, kind_of
from hlsexplore.estimate.liveness import without_dead
from hlsexplore.estimate.record import DesignRecord, Image, LayerRecord
from hlsexplore.fixed import Fixed

Row = Mapping[str, Any]
Weights = Mapping[str, NDArray[Any]]

MAX_COUNT = 1 << 26
"""Largest dimension or reuse of a row that is believed."""
UPSAMPLED = 4
"""Pixels that an upsampling of two dimensions makes of one; rows do not say it, twice each way is the default."""
POOLING = "pooling"
"""Word of a row for both poolings of windows."""
GATES: Mapping[Kind, int] = MappingProxyType({Kind.GRU: 3, Kind.LSTM: 4, Kind.SIMPLE_RNN: 1})
"""Matrices of a cell that stand side by side."""


def design_of_row(row: Row, weights: Weights) -> DesignRecord:
    """Convert a row.

    Args:
        row: A row of `designs.jsonl`.
        weights: Raw integers by key, such as an opened `weights.npz`.

    Returns:
        The record; layers that cannot be read keep only their name and op.
    """
    layers: list[LayerRecord] = []
    io = "stream" if "stream" in str(row.get("io_type")) else "parallel"
    edges: dict[str, str] = {}
    channels: dict[str, tuple[int, int]] = {}
    for index, item in enumerate(_list(row.get("layers"))):
        try:
            layer = _layer(item, weights, edges)
        except (ConfigError, KeyError, TypeError, ValueError, IndexError, AttributeError):
            layer = LayerRecord(name=f"layer {index}", op=Kind.OTHER, word="unreadable")
        if not layer.sources and layers and _is_inner(item):
            layer = replace(layer, sources=(layers[-1].name,))
        layer = _like_source(layer, channels, io)
        channels[layer.name] = (layer.channels, layer.pixels)
        layers.append(layer)
        for edge in _edges(item.get("out_edge") if isinstance(item, Mapping) else None):
            edges[edge] = layer.name
    if io == "stream":
        layers = _like_readers(layers)
    if any(layer.op == Kind.QUANTIZER for layer in layers):
        layers = [_pruned(layer) for layer in layers]
    pragmas = " ".join(map(str, _list(row.get("top_pragma"))))
    dataflow = None if not pragmas else ("DATAFLOW" in pragmas and "PIPELINE" not in pragmas)
    if io == "parallel":
        layers = [_legacy(layer) for layer in layers]
    if io == "parallel" and dataflow is False:
        layers = [_unrolled(layer, item) for layer, item in zip(layers, _list(row.get("layers")), strict=True)]
    part = str(row.get("part") or "")
    record = DesignRecord(
        layers=tuple(layers),
        tool=str(row.get("tool") or ""),
        version=str(row.get("version") or ""),
        family=str(row.get("family") or family_of(part)),
        part=part,
        clock_ns=_number(row.get("clock_ns")) or 5.0,
        uncertainty_ns=_number(row.get("clock_uncertainty_ns")),
        io=io,
        dataflow=dataflow,
        verified=row.get("kind") != "project" or bool(row.get("config_verified")),
        waits=row.get("kind") == "two_layer_no_weights",
        axi="axi" in str(row.get("top") or ""),
    )
    return record if record.is_dataflow else without_dead(record)


def _pruned(layer: LayerRecord) -> LayerRecord:
    """Drop the outputs of a matrix whose bias is 0 where each element has a quantizer of its own.

    HGQ gives an output that no bit is left of a bias of 0: the non-zero biases of six layers of two repositories are as
    many (14, 8, 7, 29, 13, 12) as the elements that their report compares in the ReLU behind.
    """
    found = layer.constants
    if found is None or found.bias is None or layer.op not in MATRIX_OPS or not found.bias.any():
        return layer
    return replace(layer, constants=Constants.of(found.weight * (found.bias != 0), found.bias), zeros=None)


def _legacy(layer: LayerRecord) -> LayerRecord:
    """Name the softmax of hls4ml before it had variants to choose from; streams came later."""
    is_old = layer.op == Kind.SOFTMAX and not layer.implementation
    return replace(layer, implementation="legacy") if is_old else layer


def _unrolled(layer: LayerRecord, item: object) -> LayerRecord:
    """Unroll the positions of a convolution that names no partitions: a pipelined top function unrolls every loop."""
    if layer.image is None or not isinstance(item, Mapping) or item.get("n_partitions") or layer.reuse > 1:
        return layer
    return replace(layer, parallel=layer.pixels) if layer.op in MATRIX_OPS else layer


def _is_inner(item: object) -> bool:
    """Whether a layer reads another one's output, as hls4ml names it; a reshape between them has no edge in a row."""
    edges = _edges(item.get("in_edge")) if isinstance(item, Mapping) else ()
    return len(edges) == 1 and re.fullmatch(r"layer\d+_(out|cpy\d+)", edges[0]) is not None


def _like_source(layer: LayerRecord, channels: Mapping[str, tuple[int, int]], io: str) -> LayerRecord:
    """Give an elementwise layer the channels of the layer before it; rows only count its elements.

    The softmax of a stream works on the channels of one pixel, that of whole tensors on all elements.
    """
    width, pixels = channels.get(layer.sources[0], (0, 0)) if len(layer.sources) == 1 else (0, 0)
    if layer.op == Kind.REPACK and pixels:
        size = width * pixels
        return replace(layer, packets=pixels, n_in=size, n_out=size, channels=size, pixels=1)
    if layer.op == Kind.UPSAMPLE and pixels:
        return replace(layer, channels=width, pixels=pixels * UPSAMPLED)
    if layer.op == Kind.DENSE and pixels > 1:
        return replace(layer, packets=pixels)
    if layer.image is not None or layer.op in MATRIX_OPS | RECURRENT_OPS or not pixels:
        return layer
    is_whole = layer.op == Kind.FLATTEN or (layer.op == Kind.SOFTMAX and io != "stream")
    if pixels > 1 and width * pixels == layer.elements and not is_whole:
        return replace(layer, channels=width, pixels=pixels)
    return layer


def _like_readers(layers: list[LayerRecord]) -> list[LayerRecord]:
    """Give layers that read the input of a stream the pixels of the window behind them; rows only count elements.

    An activation of 64 x 64 pixels of one channel takes 4,097 cycles and 118 LUT, not one cycle of 4,096 elements.
    """
    found, chain = list(layers), list[int]()
    for index, layer in enumerate(layers):
        if layer.image is not None:
            pixels = {"": (layer.image.in_channels, layer.image.in_pixels)}
            for before in chain:
                found[before] = _like_source(replace(layers[before], sources=("",)), pixels, "stream")
                found[before] = replace(found[before], sources=layers[before].sources)
            break
        if layer.op in MATRIX_OPS | RECURRENT_OPS or layer.pixels > 1:
            break
        chain.append(index)
    return found


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: object) -> float | None:
    """Return a finite number of at least 0, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        return None
    return float(value)


def _whole(value: object, default: int = 1) -> int:
    """Return a count; the default for an absent one.

    Raises:
        ConfigError: If it is no count.
    """
    if value is None or value == 0:
        return default
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 < value < MAX_COUNT
        or value != int(value)
    ):
        raise ConfigError(f"{value!r} is no count.")
    return int(value)


def _reuse(value: object) -> int:
    """Return a reuse factor; one that only asks for as much as possible, such as 4e12, is cut to what is believed."""
    return _whole(min(value, MAX_COUNT - 1) if isinstance(value, int) and not isinstance(value, bool) else value)


def _edges(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(map(str, value)) if isinstance(value, list | tuple) else ()


def _type(text: object) -> Fixed | None:
    if not isinstance(text, str):
        return None
    try:
        return Fixed.parse(text)
    except ConfigError:
        return None


def _word(item: Row) -> str:
    """Return what a row's layer is, the two poolings of windows told apart."""
    word = str(item["op"])
    if "large" in str(item.get("fn") or ""):
        return f"{word} (large)"
    if word != POOLING:
        return word
    pool = str(item.get("pool_op") or item.get("name") or "").lower()
    return str(Kind.AVERAGE_POOLING if "average" in pool or "avg" in pool else Kind.MAX_POOLING)


def _layer(item: Row, weights: Weights, edges: Mapping[str, str]) -> LayerRecord:
    shape = item.get("shape") or {}
    if not isinstance(shape, Mapping):
        raise ConfigError(f"{shape!r} is no shape.")
    word = _word(item)
    op = kind_of(word)
    values: dict[str, Any] = {
        "name": str(item["name"]),
        "op": op,
        "word": word if op == Kind.OTHER else "",
        "strategy": str(item.get("strategy") or "latency").lower(),
        "reuse": _reuse(item.get("reuse")),
        "implementation": str(item.get("implementation") or ""),
        "sources": tuple(edges[edge] for edge in _edges(item.get("in_edge")) if edge in edges),
        "table_size": _whole(item.get("table_size"), 1024),
    }
    for key in ("input", "weight", "bias", "accum", "result", "table"):
        values[key] = _type(item.get(f"{key}_type"))
    image = _image(shape) if "in_width" in shape or "in_height" in shape or "pool_w" in shape else None
    if image is not None:
        values |= {"image": image, "channels": image.out_channels, "pixels": image.out_pixels}
        values |= {"n_in": image.in_pixels * image.in_channels, "n_out": image.out_pixels * image.out_channels}
    if op in MATRIX_OPS or op in RECURRENT_OPS or op == Kind.BATCHNORM:
        values |= _matrix(op, item, shape, image, weights)
    elif image is None:
        n_in = _whole(shape.get("n_in") or shape.get("n_elements"))
        filters = _whole(shape.get("filters") or shape.get("n_filt"), 0)
        values |= {"n_in": n_in, "n_out": n_in, "channels": n_in}
        if op == Kind.GLOBAL_POOLING and filters:
            values["image"] = Image(
                in_width=n_in, in_channels=filters, out_width=1, out_channels=filters, kernel_width=n_in, rank=1
            )
            values |= {"channels": filters, "n_in": n_in * filters, "n_out": filters}
    return LayerRecord(**values)


def _image(shape: Row) -> Image:
    get = shape.get
    in_width = _whole(get("in_width") or get("n_in"))
    out_width = _whole(get("out_width") or get("n_out"))
    channels = _whole(get("in_chan") or get("n_chan") or get("filters"))
    one = "in_height" not in shape and "pool_h" not in shape
    return Image(
        in_height=_whole(get("in_height")),
        in_width=in_width,
        in_channels=channels,
        out_height=_whole(get("out_height")),
        out_width=out_width,
        out_channels=_whole(get("filters"), channels),
        kernel_height=_whole(get("kernel_h") or get("pool_h")),
        kernel_width=_whole(get("kernel_w") or get("kernel") or get("pool_w")),
        stride_height=_whole(get("stride_h")),
        stride_width=_whole(get("stride_w") or get("stride")),
        padding=(
            _whole(get("pad_top"), 0),
            _whole(get("pad_bottom"), 0),
            _whole(get("pad_left"), 0),
            _whole(get("pad_right"), 0),
        ),
        rank=1 if one else 2,
    )


def _matrix(op: Kind, item: Row, shape: Row, image: Image | None, weights: Weights) -> dict[str, Any]:
    raw = _array(item.get("weights_key"), weights)
    bias = _array(item.get("bias_key"), weights)
    zeros = item.get("n_zeros_declared")
    values: dict[str, Any] = {"zeros": zeros if isinstance(zeros, int) and zeros >= 0 else None}
    if op == Kind.BATCHNORM:
        n_in = _whole(shape.get("n_in") or (0 if raw is None else raw.size))
        values |= {"n_in": n_in, "n_out": n_in, "channels": n_in}
    elif op in RECURRENT_OPS:
        values |= _recurrent(item, shape, raw, weights)
    elif image is None:
        n_in, n_out = _whole(shape["n_in"]), _whole(shape["n_out"])
        if raw is not None and raw.shape != (n_in, n_out):
            raise ConfigError(f"the weights have the shape {raw.shape}, not ({n_in}, {n_out}).")
        values |= {"n_in": n_in, "n_out": n_out, "channels": n_out}
    else:
        inputs = image.window * (1 if op == Kind.DEPTHWISE_CONV2D else image.in_channels)
        values |= {"n_in": inputs, "n_out": image.out_channels}
        partitions = _whole(item.get("n_partitions"), image.out_pixels)
        values["parallel"] = max(1, image.out_pixels // max(1, partitions))
    if raw is not None:
        if op == Kind.DEPTHWISE_CONV2D and image is not None:
            raw = raw.reshape(-1, image.out_channels)
            values |= {"constants": Constants.of_channels(raw, bias), "zeros": int((raw == 0).sum())}
        else:
            values["constants"] = Constants.of(raw, bias)
    return values


def _recurrent(item: Row, shape: Row, raw: NDArray[Any] | None, weights: Weights) -> dict[str, Any]:
    get = shape.get
    gates = GATES.get(kind_of(str(item["op"])), 1)
    units = _whole(get("n_state") or get("units") or (raw.shape[-1] // gates if raw is not None else get("n_out")))
    n_in = _whole(get("n_in") or get("n_features") or (raw.shape[0] if raw is not None else 1))
    keys = {name: key for name, key in item.items() if name.startswith("recurrent") and name.endswith("key")}
    bias = next((key for name, key in keys.items() if "bias" in name), None)
    state = _array(next((key for name, key in keys.items() if "bias" not in name), None), weights)
    sequence = bool(get("n_sequence_out") and get("n_sequence_out") == get("n_sequence"))
    steps = _whole(get("n_sequence") or get("n_steps") or get("n_timesteps"))
    return {
        "n_in": n_in,
        "n_out": gates * units,
        "units": units,
        "steps": steps,
        "channels": units,
        "pixels": steps if sequence else 1,
        "recurrent_reuse": _whole(item.get("recurrent_reuse"), 0) or None,
        "recurrent": None if state is None else Constants.of(state, _array(bias, weights)),
    }


def _array(key: object, weights: Weights) -> NDArray[Any] | None:
    if not isinstance(key, str) or key not in weights:
        return None
    return np.asarray(weights[key])
