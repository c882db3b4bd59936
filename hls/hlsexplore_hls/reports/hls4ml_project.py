"""Reads what a foreign hls4ml project builds, so that its report can be set beside an estimate.

The C++ that hls4ml writes is regular: one `struct config` of constants for each layer, one `typedef` for each type, one
call for each layer, one header for each weight array. Only these are read, as text; nothing is compiled or executed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError, ToolError
from hlsexplore.estimate.record import DesignRecord
from hlsexplore.estimate.rows import design_of_row
from hlsexplore.fixed import Fixed, quantize
from hlsexplore.support.files import read_regular

MAX_BYTES = 64 << 20
_STRUCT = re.compile(r"struct\s+(\w+)\s*:\s*nnet::\w+\s*\{(.*?)\n\};", re.DOTALL)
_CONSTANT = re.compile(r"static\s+const\s+[\w:]+\s+(\w+)\s*=\s*([^;]+);")
_ALIAS = re.compile(r"typedef\s+([^;]+?)\s+(\w+)\s*;")
_ARRAY = re.compile(r"nnet::array<\s*(.+?)\s*,\s*[\d* ]+>$")
_CALL = re.compile(r"nnet::(\w+)<([^;(]*)>\(([^;]*)\);\s*//\s*(\S.*?)\s*$", re.MULTILINE)
_REFERENCE = re.compile(r"auto\s*&\s*(\w+)\s*=\s*(\w+)\s*;")
_SETTING = re.compile(r'set\s+(part|clock_period|clock_uncertainty|backend)\s+"?([\w.%\-]+)"?')
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")

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
}
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
    """

    design: DesignRecord
    model: str
    part: str


def read_hls4ml_project(folder: str | Path) -> ForeignProject:
    """Read a project that hls4ml wrote.

    Args:
        folder: The folder with `firmware/` and `project.tcl`.

    Raises:
        ToolError: If the folder holds no such project.
    """
    root = Path(folder)
    firmware = root / "firmware"
    names = [file.stem for file in sorted(firmware.glob("*.cpp"))] if firmware.is_dir() else []
    if not names or not (firmware / "parameters.h").is_file():
        raise ToolError(f"{str(root)!r} holds no hls4ml project: it needs firmware/parameters.h and a top function.")
    source = _text(firmware / f"{names[0]}.cpp")
    types = _types(_text(firmware / "defines.h")) if (firmware / "defines.h").is_file() else {}
    configs = {name: _config(body, types) for name, body in _STRUCT.findall(_text(firmware / "parameters.h"))}
    settings = _settings(root)
    weights: dict[str, NDArray[Any]] = {}
    references = dict(_REFERENCE.findall(source))
    layers = [_layer(match, configs, types, references, firmware, weights) for match in _CALL.finditer(source)]
    layers = [layer for layer in layers if layer is not None]
    pragma = "DATAFLOW" if "HLS DATAFLOW" in source else "PIPELINE"
    period = float(settings.get("clock_period") or 5.0)
    row = {
        "layers": layers,
        "tool": "vivado_hls" if settings.get("backend", "").lower().startswith("vivado") else "vitis_hls",
        "part": settings.get("part"),
        "clock_ns": period,
        "clock_uncertainty_ns": _uncertainty(settings.get("clock_uncertainty"), period),
        "io_type": "io_stream" if "hls::stream" in source else "io_parallel",
        "top": names[0],
        "top_pragma": [pragma],
    }
    return ForeignProject(design=design_of_row(row, weights), model=names[0], part=settings.get("part", ""))


def _text(file: Path) -> str:
    try:
        return read_regular(file, MAX_BYTES).decode("utf-8", errors="replace")
    except OSError as error:
        raise ToolError(f"{str(file)!r} cannot be read: {error.strerror or error}.") from None


def _settings(root: Path) -> dict[str, str]:
    files = [root / "project.tcl", root / "build_prj.tcl"]
    return {key: value for file in files if file.is_file() for key, value in _SETTING.findall(_text(file))}


def _uncertainty(text: str | None, period: float) -> float | None:
    if not text or not _NUMBER.match(text):
        return None
    return float(text.rstrip("%")) / 100 * period if text.endswith("%") else float(text)


def _types(text: str) -> dict[str, str]:
    """Names of types -> element type in the spelling of `Fixed`."""
    return {name: _element(body) for body, name in _ALIAS.findall(text)}


def _element(body: str) -> str:
    match = _ARRAY.match(body.strip())
    text = (match[1] if match else body).strip().replace(" ", "")
    return re.sub(r"(,AP_\w+,AP_\w+),\d+>$", r"\1>", text)


def _config(body: str, types: Mapping[str, str]) -> dict[str, str]:
    values = {name: value.strip() for name, value in _CONSTANT.findall(body)}
    for alias, name in _ALIAS.findall(body):
        values[name] = types.get(alias.strip(), alias.strip())
    return values


def _whole(config: Mapping[str, str], name: str) -> int | None:
    text = config.get(name, "")
    return int(text) if text.isdigit() else None


def _layer(
    match: re.Match[str],
    configs: Mapping[str, Mapping[str, str]],
    types: Mapping[str, str],
    references: Mapping[str, str],
    firmware: Path,
    weights: dict[str, NDArray[Any]],
) -> dict[str, Any] | None:
    function, template, call, name = match.groups()
    parameters = [item.strip() for item in template.split(",")]
    arguments = [item.strip() for item in call.split(",")]
    config = dict(configs.get(parameters[-1], {}))
    if function.startswith("load_weights") or len(parameters) < 2 or len(arguments) < 2:
        return None
    config |= {key: value for key, value in configs.get(config.get("mult_config", ""), {}).items() if key not in config}
    inner = configs.get(config.get("mult_config1", ""), {})
    strategy = config.get("strategy") or inner.get("strategy") or "nnet::latency"
    layer = {
        "name": name,
        "op": _OPS.get(function, function),
        "fn": function,
        "shape": _shape(config),
        "strategy": strategy.removeprefix("nnet::"),
        "reuse": _whole(config, "reuse_factor") or 1,
        "implementation": config.get("implementation", "").rpartition("::")[2],
        "n_partitions": _whole(config, "n_partitions"),
        "n_zeros_declared": _whole(config, "n_zeros"),
        "table_size": _whole(config, "table_size"),
        "pool_op": config.get("pool_op", "").removeprefix("nnet::"),
        "in_edge": references.get(arguments[0], arguments[0]),
        "out_edge": arguments[1],
        "input_type": types.get(parameters[0]),
        "result_type": types.get(parameters[1]),
    }
    for key in ("weight", "bias", "accum", "table", "recurrent_weight", "recurrent_bias"):
        layer[f"{key}_type"] = config.get(f"{key}_t") or (config.get("exp_table_t") if key == "table" else None)
    _add_weights(layer, config, arguments[2:], firmware, weights)
    return layer


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
    config: Mapping[str, str],
    arguments: list[str],
    firmware: Path,
    weights: dict[str, NDArray[Any]],
) -> None:
    for argument in arguments:
        match = re.fullmatch(r"([a-z]+)\d+\w*", argument)
        role = _FIELDS.get(match[1]) if match else None
        values = _values(firmware / "weights", argument) if role else None
        type_ = _fixed(layer.get(f"{role}_type") or config.get("scale_t"))
        if role is None or values is None or type_ is None:
            continue
        raw = quantize(values, type_)
        weights[argument] = _arranged(raw, role, layer)
        layer[_KEYS.get(role, f"{role}_key")] = argument


def _fixed(text: object) -> Fixed | None:
    try:
        return Fixed.parse(str(text)) if text else None
    except ConfigError:
        return None


def _values(folder: Path, name: str) -> NDArray[np.float64] | None:
    """Numbers of a weight array, from its text file or its header."""
    for file, cut in ((folder / f"{name}.txt", False), (folder / f"{name}.h", True)):
        if file.is_file():
            text = _text(file)
            body = text.partition("{")[2].partition("}")[0] if cut else text
            found = _NUMBER.findall(body)
            if found:
                return np.array(found, dtype=np.float64)
    return None


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
