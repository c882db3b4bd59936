"""From rows of labelled synthesis results (JSON lines plus an archive of weights) to the estimator's record.

The form is that of `benchmarks/estimator.py`: a row describes a synthesised hls4ml project, its layers in call order
and the tool's figures. Rows are foreign data: whatever is missing or odd becomes unknown, nothing raises.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError
from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.devices import family_of
from hlsexplore.estimate.record import MATRIX_OPS, RECURRENT_OPS, DesignRecord, Image, LayerRecord
from hlsexplore.fixed import Fixed

Row = Mapping[str, Any]
Weights = Mapping[str, NDArray[Any]]

POOLING_OPS = frozenset({"pooling", "global_pooling"})


def design_of_row(row: Row, weights: Weights) -> DesignRecord:
    """Convert a row.

    Args:
        row: A row of `designs.jsonl`.
        weights: Raw integers by key, such as an opened `weights.npz`.

    Returns:
        The record; layers that cannot be read keep only their name and op.
    """
    layers: list[LayerRecord] = []
    edges: dict[str, str] = {}
    channels: dict[str, tuple[int, int]] = {}
    for index, item in enumerate(row.get("layers") or ()):
        try:
            layer = _layer(item, weights, edges)
        except (ConfigError, KeyError, TypeError, ValueError, IndexError, AttributeError):
            layer = LayerRecord(name=str(item.get("name", index)), op=f"unreadable {item.get('op')}")
        layer = _like_source(layer, channels)
        channels[layer.name] = (layer.channels, layer.pixels)
        layers.append(layer)
        for edge in _edges(item.get("out_edge")):
            edges[edge] = layer.name
    pragmas = " ".join(row.get("top_pragma") or ())
    io = "stream" if "stream" in str(row.get("io_type")) else "parallel"
    dataflow = None if not pragmas else ("DATAFLOW" in pragmas and "PIPELINE" not in pragmas)
    part = str(row.get("part") or "")
    return DesignRecord(
        layers=tuple(layers),
        tool=str(row.get("tool") or ""),
        version=str(row.get("version") or ""),
        family=str(row.get("family") or family_of(part)),
        part=part,
        clock_ns=float(row.get("clock_ns") or 5.0),
        uncertainty_ns=row.get("clock_uncertainty_ns"),
        io=io,
        dataflow=dataflow,
        verified=row.get("kind") != "project" or bool(row.get("config_verified")),
        waits=row.get("kind") == "two_layer_no_weights",
        axi="axi" in str(row.get("top") or "") and io == "parallel",
    )


def _like_source(layer: LayerRecord, channels: Mapping[str, tuple[int, int]]) -> LayerRecord:
    """Give an elementwise layer the channels of the layer before it; rows only count its elements."""
    width, pixels = channels.get(layer.sources[0], (0, 0)) if len(layer.sources) == 1 else (0, 0)
    if layer.op in ("dense", "repack") and pixels > 1:
        return replace(layer, packets=pixels)
    if layer.image is not None or layer.op in MATRIX_OPS | RECURRENT_OPS or not pixels:
        return layer
    if pixels > 1 and width * pixels == layer.elements and layer.op not in ("softmax", "flatten"):
        return replace(layer, channels=width, pixels=pixels)
    return layer


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


def _layer(item: Row, weights: Weights, edges: Mapping[str, str]) -> LayerRecord:
    op, shape = str(item["op"]), item.get("shape") or {}
    if "large" in str(item.get("fn") or ""):
        op = f"{op} (large)"
    pool = str(item.get("pool_op") or item.get("name") or "").lower()
    if op in POOLING_OPS:
        average = "average" in pool or "avg" in pool
        op = "global_pooling" if op == "global_pooling" else ("average_pooling" if average else "max_pooling")
    values: dict[str, Any] = {
        "name": str(item["name"]),
        "op": op,
        "strategy": str(item.get("strategy") or "latency"),
        "reuse": max(1, int(item.get("reuse") or 1)),
        "implementation": str(item.get("implementation") or ""),
        "sources": tuple(edges[edge] for edge in _edges(item.get("in_edge")) if edge in edges),
        "table_size": int(item.get("table_size") or 1024),
    }
    for key in ("input", "weight", "bias", "accum", "result", "table"):
        values[key] = _type(item.get(f"{key}_type"))
    image = _image(shape) if "in_width" in shape or "in_height" in shape or "pool_w" in shape else None
    if image is not None:
        values |= {"image": image, "channels": image.out_channels, "pixels": image.out_pixels}
        values |= {"n_in": image.in_pixels * image.in_channels, "n_out": image.out_pixels * image.out_channels}
    if op in MATRIX_OPS or op in RECURRENT_OPS or op == "batchnorm":
        values |= _matrix(op, item, shape, image, weights)
    elif image is None:
        n_in = int(shape.get("n_in") or shape.get("n_elements") or 1)
        filters = int(shape.get("filters") or shape.get("n_filt") or 0)
        values |= {"n_in": n_in, "n_out": n_in, "channels": n_in}
        if op == "global_pooling" and filters:
            values["image"] = Image(
                in_width=n_in, in_channels=filters, out_width=1, out_channels=filters, kernel_width=n_in, rank=1
            )
            values |= {"channels": filters, "n_in": n_in * filters, "n_out": filters}
    return LayerRecord(**values)


def _image(shape: Row) -> Image:
    get = shape.get
    in_width = int(get("in_width") or get("n_in") or 1)
    out_width = int(get("out_width") or get("n_out") or 1)
    channels = int(get("in_chan") or get("n_chan") or get("filters") or 1)
    one = "in_height" not in shape and "pool_h" not in shape
    return Image(
        in_height=int(get("in_height") or 1),
        in_width=in_width,
        in_channels=channels,
        out_height=int(get("out_height") or 1),
        out_width=out_width,
        out_channels=int(get("filters") or channels),
        kernel_height=int(get("kernel_h") or get("pool_h") or 1),
        kernel_width=int(get("kernel_w") or get("kernel") or get("pool_w") or 1),
        stride_height=int(get("stride_h") or 1),
        stride_width=int(get("stride_w") or get("stride") or 1),
        padding=(
            int(get("pad_top") or 0),
            int(get("pad_bottom") or 0),
            int(get("pad_left") or 0),
            int(get("pad_right") or 0),
        ),
        rank=1 if one else 2,
    )


def _matrix(op: str, item: Row, shape: Row, image: Image | None, weights: Weights) -> dict[str, Any]:
    raw = _array(item.get("weights_key"), weights)
    bias = _array(item.get("bias_key"), weights)
    values: dict[str, Any] = {"zeros": item.get("n_zeros_declared")}
    if op == "batchnorm":
        n_in = int(shape.get("n_in") or (0 if raw is None else raw.size) or 1)
        values |= {"n_in": n_in, "n_out": n_in, "channels": n_in}
    elif op in RECURRENT_OPS:
        values |= _recurrent(item, shape, raw, weights)
    elif image is None:
        values |= {"n_in": int(shape["n_in"]), "n_out": int(shape["n_out"]), "channels": int(shape["n_out"])}
    else:
        inputs = image.window * (1 if op == "depthwise_conv2d" else image.in_channels)
        values |= {"n_in": inputs, "n_out": image.out_channels}
        partitions = int(item.get("n_partitions") or image.out_pixels)
        values["parallel"] = max(1, image.out_pixels // max(1, partitions))
    if raw is not None:
        if op == "depthwise_conv2d":
            raw = raw.reshape(-1, image.out_channels if image is not None else raw.shape[-1])
        values["constants"] = Constants.of(raw, bias)
    return values


def _recurrent(item: Row, shape: Row, raw: NDArray[Any] | None, weights: Weights) -> dict[str, Any]:
    get = shape.get
    units = int(get("n_state") or get("n_out") or get("units") or 1)
    n_in = int(get("n_in") or get("n_features") or (raw.shape[0] if raw is not None else 1))
    steps = int(get("n_sequence") or get("n_steps") or get("n_timesteps") or 1)
    gates = {"gru": 3, "lstm": 4}.get(str(item["op"]), 1)
    state = _array(item.get("recurrent_weights_key"), weights)
    return {
        "n_in": n_in,
        "n_out": gates * units,
        "units": units,
        "steps": steps,
        "channels": units,
        "recurrent": None if state is None else Constants.of(state, _array(item.get("recurrent_bias_key"), weights)),
    }


def _array(key: object, weights: Weights) -> NDArray[Any] | None:
    if not isinstance(key, str) or key not in weights:
        return None
    return np.asarray(weights[key])
