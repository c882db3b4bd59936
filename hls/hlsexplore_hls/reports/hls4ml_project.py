"""What a foreign hls4ml project builds, in the estimator's form, so that its report can be set beside an estimate.

The C++ is read by the importer (`hlsexplore.importers.hls4ml`), as text; nothing is compiled or executed. Unlike a
graph, a record may lack weights, and hold layers that no op of ours computes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hlsexplore.errors import ModelError, ToolError
from hlsexplore.estimate.element_bits import with_design_bits
from hlsexplore.estimate.record import DesignRecord
from hlsexplore.estimate.rows import design_of_row
from hlsexplore.fixed import Fixed, quantize
from hlsexplore.importers.content import look
from hlsexplore.importers.hls4ml.network import TWO_INPUTS, FunctionCall, Network
from hlsexplore.importers.hls4ml.read import read_network
from hlsexplore_hls.reports.files import read_report

_OPS = {
    "dense": "dense",
    "conv_1d_cl": "conv1d",
    "conv_2d_cl": "conv2d",
    "pointwise_conv_1d_cl": "conv1d",
    "pointwise_conv_2d_cl": "conv2d",
    "depthwise_conv_1d_cl": "depthwise_conv2d",
    "depthwise_conv_2d_cl": "depthwise_conv2d",
    "normalize": "batchnorm",
    "pooling1d_cl": "pooling",
    "pooling2d_cl": "pooling",
    "global_pooling1d_cl": "global_pooling",
    "global_pooling2d_cl": "global_pooling",
    "zeropad1d_cl": "zeropad",
    "zeropad2d_cl": "zeropad",
    "gru_stack": "gru",
    "lstm_stack": "lstm",
    "repack_stream": "repack",
    "resize_nearest": "upsample",
}
_QUANTIZER = re.compile(r"void (\w+)\(input_t \*inp, output_t \*out\) \{(.*?)\n\}", re.DOTALL)
_ELEMENT = re.compile(r"out\[(\d+)\] = (?:ap_u?fixed<(\d+),\s*(-?\d+)[^>]*>\(inp\[\d+\]\)|0)")
MAX_CODE_BYTES = 32 << 20
_SHAPE = {
    "n_chan": "in_chan",
    "n_filt": "filters",
    "filt_height": "kernel_h",
    "filt_width": "kernel_w",
    "pool_height": "pool_h",
    "pool_width": "pool_w",
    "stride_height": "stride_h",
    "stride_width": "stride_w",
}
"""hls4ml's names of dimensions -> those of measured rows; the others are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignProject:
    """A project of hls4ml.

    Attributes:
        design: What it builds, in the estimator's form.
        model: Its name.
        part: Device.
        variants: Functions of a branch of hls4ml that it calls.
    """

    design: DesignRecord
    model: str
    part: str
    variants: tuple[str, ...]


def read_hls4ml_project(folder: str | Path) -> ForeignProject:
    """Read a project that hls4ml wrote.

    Args:
        folder: The folder with `firmware/` and `project.tcl`.

    Raises:
        ToolError: If the folder holds no such project.
    """
    try:
        network = read_network(look(Path(folder)))
    except ModelError as error:
        raise ToolError(str(error)) from None
    settings = network.settings
    quantizers = read_quantizers(Path(folder))
    weights: dict[str, NDArray[Any]] = {}
    period = float(settings.get("clock_period") or 5.0)
    row = {
        "layers": [_layer(call, network, weights, quantizers) for call in network.calls if len(call.arguments) > 1],
        "tool": "vivado_hls" if settings.get("backend", "").lower().startswith("vivado") else "vitis_hls",
        "part": settings.get("part"),
        "clock_ns": period,
        "clock_uncertainty_ns": _uncertainty(settings.get("clock_uncertainty"), period),
        "io_type": settings.get("io_type"),
        "top": network.name,
        "top_pragma": [settings.get("top_pragma", "")],
    }
    design = design_of_row(row, weights)
    bits, ports = ({name: getattr(casts, key) for name, casts in quantizers.items()} for key in ("bits", "ports"))
    design = with_design_bits(design, _bits_read(design, bits), _bits_read(design, ports))
    design = replace(design, has_float_words=_has_float_words(Path(folder), network.name))
    return ForeignProject(design=design, model=network.name, part=settings.get("part", ""), variants=network.variants)


def _has_float_words(folder: Path, model: str) -> bool:
    """Whether the AXI wrapper of a project takes floating-point words, as hls4ml's does unless it is told otherwise."""
    try:
        text = read_report(folder / f"firmware/{model}_axi.h", MAX_CODE_BYTES)
    except ToolError:
        return True
    return re.search(r"typedef\s+ap_u?(?:fixed|int)<[^;]*>\s+(?:T_in|input_axi_t)\s*;", text) is None


def _uncertainty(text: str | None, period: float) -> float | None:
    """Return the clock's uncertainty in ns, given in ns or in percent of the period."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", text or "")
    return None if match is None else float(match[1]) * (period / 100 if match[2] else 1.0)


def _whole(config: Mapping[str, str], name: str) -> int | None:
    text = config.get(name, "")
    return int(text) if text.isdigit() else None


@dataclass(frozen=True, slots=True)
class Casts:
    """Types of the elements behind a quantizer.

    Attributes:
        bits: Bits of each; 0 where it is a constant.
        integers: Of them left of the binary point.
    """

    bits: tuple[int, ...]
    integers: tuple[int, ...]

    @property
    def ports(self) -> tuple[int, ...]:
        """Bits of each and the zeros below them, down to the finest element's."""
        pairs = list(zip(self.bits, self.integers, strict=True))
        finest = max((bits - integer for bits, integer in pairs if bits), default=0)
        return tuple(max(integer + finest, bits) if bits else 0 for bits, integer in pairs)


def read_quantizers(folder: Path) -> dict[str, Casts]:
    """Read the types of each element behind the quantizers that hls4ml writes for HGQ, by function; empty without any.

    Args:
        folder: A project; its `firmware/nnet_utils/nnet_code_gen.h` casts each element to a type of its own.
    """
    try:
        text = read_report(folder / "firmware/nnet_utils/nnet_code_gen.h", MAX_CODE_BYTES)
    except ToolError:
        return {}
    found = {}
    for name, body in _QUANTIZER.findall(text):
        types = {int(index): (int(width or 0), int(whole or 0)) for index, width, whole in _ELEMENT.findall(body)}
        if types and len(types) == max(types) + 1:
            bits, integers = zip(*(types[index] for index in range(len(types))), strict=True)
            found[name] = Casts(bits, integers)
    return found


def _bits_read(design: DesignRecord, quantizers: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return the bits of each element that dense layers read from a quantizer."""
    return {
        layer.name: quantizers[source]
        for layer in design.layers
        for source in layer.sources
        if layer.op == "dense" and len(layer.sources) == 1 and len(quantizers.get(source, ())) == layer.n_in
    }


def _layer(
    call: FunctionCall, network: Network, weights: dict[str, NDArray[Any]], quantizers: Mapping[str, Casts]
) -> dict[str, Any]:
    config = call.config
    strategy = config.get("strategy") or config.get("mult_config1.strategy") or "nnet::latency"
    sources = [network.aliases.get(name, (name,))[0] for name in call.arguments[: 1 + (call.function in TWO_INPUTS)]]
    layer: dict[str, Any] = {
        "name": call.layer,
        "op": "quantizer" if call.function in quantizers else _OPS.get(call.function, call.function),
        "fn": call.function,
        "shape": _shape(config),
        "strategy": strategy.removeprefix("nnet::"),
        "reuse": _whole(config, "mult_config1.reuse_factor") or _whole(config, "reuse_factor") or 1,
        "recurrent_reuse": _whole(config, "mult_config2.reuse_factor"),
        "implementation": _implementation(call, network),
        "n_partitions": _whole(config, "n_partitions"),
        "n_zeros_declared": _whole(config, "n_zeros"),
        "table_size": _whole(config, "table_size"),
        "pool_op": config.get("pool_op", "").removeprefix("nnet::"),
        "in_edge": sources,
        "out_edge": list(call.outputs),
    }
    names = {"input": call.input_type, "result": call.result_type}
    for key in ("weight", "bias", "accum", "table", "recurrent_weight", "recurrent_bias"):
        names[key] = config.get(f"{key}_t") or (config.get("exp_table_t", "") if key == "table" else "")
    types = {key: network.type(name) for key, name in names.items()}
    layer |= {f"{key}_type": str(type_) for key, type_ in types.items() if type_ is not None}
    _add_weights(layer, types | {"scale": network.type(config.get("scale_t"))}, call, network, weights)
    return layer


def _implementation(call: FunctionCall, network: Network) -> str:
    """Return the variant of a layer that its configuration names.

    A streamed convolution that names none is of hls4ml 0.5, which only had the encoded one: it lists which products
    each pixel of the least window that has them all (`min_width`) belongs to.
    """
    named = call.config.get("implementation", "").rpartition("::")[2]
    is_convolution = _OPS.get(call.function) in ("conv1d", "conv2d") and network.settings.get("io_type") == "io_stream"
    return "encoded" if not named and is_convolution and "min_width" in call.config else named


def _shape(config: Mapping[str, str]) -> dict[str, int]:
    found = {}
    for name in config:
        value = _whole(config, name)
        if value is not None and (name.startswith(("n_", "in_", "out_", "pad_")) or name in _SHAPE):
            found[_SHAPE.get(name, name)] = value
    if "out_width" not in found and "n_out" in found and "in_width" in found:
        found["out_width"] = found["n_out"]
    return found


_FIELDS = {"w": "weight", "s": "weight", "b": "bias", "wr": "recurrent_weight", "br": "recurrent_bias"}
_KEYS = {"weight": "weights_key", "bias": "bias_key", "recurrent_weight": "recurrent_weights_key"}


def _add_weights(
    layer: dict[str, Any],
    types: Mapping[str, Fixed | None],
    call: FunctionCall,
    network: Network,
    weights: dict[str, NDArray[Any]],
) -> None:
    for argument in call.arguments[2:]:
        match = re.fullmatch(r"([a-z]+)\d+\w*", argument)
        role = _FIELDS.get(match[1]) if match else None
        values = network.arrays(argument) if role else None
        type_ = types.get(role or "") or types["scale"]
        if role is None or values is None or type_ is None:
            continue
        raw = quantize(values, type_)
        weights[argument] = _arranged(raw, role, layer)
        layer[_KEYS.get(role, f"{role}_key")] = argument


def _arranged(raw: NDArray[Any], role: str, layer: Mapping[str, Any]) -> NDArray[Any]:
    """Shape weights (n_in, n_out); the resource strategy stores them the other way round."""
    if "weight" not in role or layer["op"] == "batchnorm":
        return raw
    shape = layer["shape"]
    gates = {"gru": 3, "lstm": 4}.get(layer["op"], 0)
    n_out = gates * shape.get("n_state", 1) if gates else shape.get("filters") or shape.get("n_out") or 1
    if raw.size % n_out:
        return raw.reshape(1, -1)
    if layer["strategy"] == "resource":
        return raw.reshape(n_out, -1).T
    return raw.reshape(-1, n_out)
