"""hls4ml's configurations (hls4ml_config.yml) applied to a graph: the types and knobs that hls4ml would build with.

Precedence is hls4ml's: the layer's name, then its type, then the model. `auto` follows its own rules
(`hls4ml.model.optimizer.passes.infer_precision`, version 1.3): they look at types and numbers of terms only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import ceil, log2, prod
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.importers.hls4ml.back_ends import BOARDS
from hlsexplore.importers.hls4ml.plain_yaml import plain_yaml
from hlsexplore.layer_config import MAX_EXP_INTEGER, knobs
from hlsexplore.op_facts import matmul_shape
from hlsexplore.ops import (
    MOVES,
    Affine,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Merge,
    MergeFunction,
    Pool,
    tensor_keys,
)
from hlsexplore.reuse import legal_reuse
from hlsexplore.support.files import read_regular
from hlsexplore.target import Io, Target, Tool, is_same_part

MAX_BYTES = 64 << 20
AUTO = "auto"
_LINEAR = "_linear"
_PRECISION = {
    "weight": ("weight", "scale", "param", "pointwise", "depthwise"),
    "bias": ("bias",),
    "accum": ("accum",),
    "result": ("result",),
    "table": ("table",),
    "exp_table": ("exp_table", "table"),
    "inv_table": ("inv_table", "table"),
    "inv_input": ("inv_inp", "accum"),
    "recurrent_weight": ("recurrent_weight", "weight"),
    "recurrent_bias": ("recurrent_bias", "bias"),
}
"""Our tensor key -> hls4ml's names, the most special one first."""
_KNOBS = {
    "reuse": "ReuseFactor",
    "strategy": "Strategy",
    "table_size": "TableSize",
    "softmax": "Implementation",
    "parallel": "ParallelizationFactor",
}
_KNOWN = {*_KNOBS.values(), "Precision", "Trace", "Skip", "TargetCycles", "ConvImplementation", "StoreWeightsInBRAM"}
_KNOWN |= {"BramFactor", "TraceOutput", "BitExact", "MergedRelu", "Compression", "PipelineStyle", "ExpTableSize"}
_KNOWN |= {"PipelineInterval", "InvTableSize", "DenseResourceImplementation", "Quantizer"}
_UNUSED: Mapping[str, object] = MappingProxyType(
    {
        "RecurrentReuseFactor": None,
        "DepthwiseReuseFactor": None,
        "PointwiseReuseFactor": None,
        "ForwardReuseFactor": None,
        "BackwardReuseFactor": None,
        "ForwardRecurrentReuseFactor": None,
        "BackwardRecurrentReuseFactor": None,
        "Static": True,
        "Direction": "forward",
        "TableRangePower2": 0,
        "TimeStepLoopParallelism": "off",
        "Algorithm": "nearest",
    }
)
"""Keys of hls4ml 1.3 that have no word here -> the value that changes nothing; None is the layer's ReuseFactor."""
_KNOWN |= set(_UNUSED)
_STRATEGIES = {"latency": "latency", "resource": "resource", "unrolled": "latency", "distributed_arithmetic": "latency"}
_TOP = {"Part", "XilinxPart", "Board", "ClockPeriod", "ClockUncertainty", "IOType", "Backend", "HLSConfig", "OutputDir"}
_TOP |= {"ProjectName", "KerasModel", "KerasJson", "KerasH5", "OnnxModel", "PytorchModel", "InputData", "Version"}
_TOP |= {"OutputPredictions", "InputShapes", "OutputShapes", "Stamp", "WriterConfig", "AcceleratorConfig"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A configuration on a graph.

    Attributes:
        design: The design that hls4ml would build.
        notes: Keys and layers that are unknown or not used, and settings that were rounded; a sentence each.
    """

    design: Design
    notes: tuple[str, ...]


def read_config(path: str | Path, graph: Graph) -> Configured:
    """Apply a configuration file of hls4ml to a graph.

    Args:
        path: An `hls4ml_config.yml`, or the part of it below `HLSConfig`.
        graph: The network.

    Raises:
        ConfigError: If the file cannot be read or a value is not valid.
        ModelError: If it is no YAML with keys.
    """
    file = Path(path)
    try:
        text = read_regular(file, MAX_BYTES).decode("utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}.") from None
    return apply_config(plain_yaml(text, file.name), graph)


def apply_config(data: Mapping[str, Any], graph: Graph) -> Configured:
    """Apply a configuration to a graph; arguments and errors as for `read_config`."""
    inner = data.get("HLSConfig", data)
    if not isinstance(inner, Mapping) or not ({"Model", "LayerName", "LayerType"} & set(inner)):
        raise ConfigError("this is no configuration of hls4ml: it has none of Model, LayerType and LayerName.")
    notes = list(unknown_keys(data, inner, graph))
    design = with_plain_tables(Design.default(graph, _target(data, notes)))
    results: dict[str, Fixed] = {}
    for node in graph:
        design = _apply(design, node, _Settings(inner, node), results, notes)
        results[node.name] = design.result_type(node.name)
    notes += _cast_again(inner, design)
    return Configured(design=design, notes=tuple(notes))


def _cast_again(inner: Mapping[str, Any], design: Design) -> Iterator[str]:
    """Say where a linear activation, which hls4ml keeps as a layer of its own, has another type than its layer."""
    for name, entry in _mapping(inner.get("LayerName")).items():
        layer = str(name).removesuffix(_LINEAR)
        value = _mapping(entry).get("Precision")
        text = str(_mapping(value).get("result", _mapping(value).get("default", AUTO)) if _mapping(value) else value)
        if not _is_linear(name, design.graph) or text in (AUTO, "None"):
            continue
        type_, result = _fixed(text, design.graph[layer], "result"), design.result_type(layer)
        if type_ != result:
            yield f"layer {layer!r}: hls4ml casts its result, {result}, to {type_} ({name}), which is not taken over."


def _is_linear(name: object, graph: Graph) -> bool:
    """Whether a name is that of the linear activation which hls4ml's readers put behind a layer."""
    text = str(name)
    return text not in graph and text.endswith(_LINEAR) and text.removesuffix(_LINEAR) in graph


def with_plain_tables(design: Design) -> Design:
    """Return a design with tables as hls4ml makes them when nothing is said: 1024 entries, over all logits' range."""
    plain = {"table_size": 1024, "exp_integer": MAX_EXP_INTEGER}
    changes = {node.name: {key: plain[key] for key in knobs(node) if key in plain} for node in design.graph}
    return design.with_layers({name: values for name, values in changes.items() if values})


class _Settings:
    """What a configuration says of one layer."""

    def __init__(self, config: Mapping[str, Any], node: Node) -> None:
        levels = [_mapping(config.get("LayerName")).get(node.name), _by_type(_mapping(config.get("LayerType")), node)]
        self.levels = [_mapping(level) for level in levels if level]
        self.model = _mapping(config.get("Model"))

    def knob(self, name: str) -> Any:
        """Return a knob's value, None if nothing sets it."""
        return next((level[name] for level in (*self.levels, self.model) if name in level), None)

    def precision(self, names: tuple[str, ...]) -> str:
        """Return a tensor's type as text: `auto` if a layer leaves it open, the model's default else."""
        for level in self.levels:
            value = level.get("Precision")
            if isinstance(value, Mapping):
                found = next((value[name] for name in (*names, "default") if name in value), None)
                if found is not None:
                    return str(found)
            elif value is not None:
                return str(value)
        return self.default

    @property
    def default(self) -> str:
        """The model's type."""
        value = self.model.get("Precision", "fixed<16,6>")
        return str(value.get("default", "fixed<16,6>") if isinstance(value, Mapping) else value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _by_type(types: Mapping[str, Any], node: Node) -> Any:
    """Return the entry of a layer's class: `Dense`, `QConv2D`, ... as the model or hls4ml calls it."""
    cls = node.source.rpartition("(")[2].rstrip(")")
    names = {cls, cls.removeprefix("Q"), node.kind, type(node.op).__name__}
    return next((value for name, value in types.items() if name in names), None)


def _apply(design: Design, node: Node, settings: _Settings, results: Mapping[str, Fixed], notes: list[str]) -> Design:
    inputs = [results[name] for name in node.inputs]
    types: dict[str, Fixed] = {}
    for key in tensor_keys(node.op):
        if key not in _PRECISION:
            continue
        text = settings.precision(_PRECISION[key])
        if text != AUTO:
            types[key] = _fixed(text, node, key)
        elif key in node.types:
            types[key] = node.types[key]
    for key, type_ in _automatic(node, inputs, types, _fixed(settings.default, node, "default")).items():
        types.setdefault(key, type_)
    changes: dict[str, Any] = dict(types)
    for key in knobs(node):
        value = settings.knob(_KNOBS[key]) if key in _KNOBS else None
        if value is not None:
            changes[key] = _knob(node, key, value, notes)
    changes = {key: value for key, value in changes.items() if value is not None}
    return design.with_layer(node.name, **changes) if changes and not isinstance(node.op, MOVES) else design


def _fixed(text: str, node: Node, key: str) -> Fixed:
    try:
        return Fixed.parse(text)
    except ConfigError as error:
        raise ConfigError(f"layer {node.name!r}, {key}: {error}") from None


def _automatic(node: Node, inputs: list[Fixed], given: Mapping[str, Fixed], default: Fixed) -> dict[str, Fixed]:
    """Return the types that hls4ml infers for what is `auto`."""
    found: dict[str, Fixed] = {}
    keys = tensor_keys(node.op)
    for key in ("weight", "bias", "recurrent_weight", "recurrent_bias", "table"):
        if key in keys:
            found[key] = default
    types = {**found, **given}
    match node.op:
        case Dense() | Conv() | DepthwiseConv():
            shape = matmul_shape(node.op)
            found["accum"] = _sum_of(inputs[0], types["weight"], types["bias"], shape[0] if shape else 1)
            found["result"] = given.get("accum", found["accum"])
        case Affine():
            found["result"] = _sum_of(inputs[0], types["weight"], types["bias"], 1)
        case Pool(average=average):
            bits = ceil(log2(prod(node.op.size))) if average else 0
            wide = Fixed(inputs[0].width + 2 * bits, inputs[0].integer + bits, inputs[0].signed)
            found["accum"] = wide if average else inputs[0]
            found["result"] = given.get("accum", found["accum"])
        case Merge(function=function):
            found["result"] = _merged(function, inputs)
        case Concatenate():
            found["result"] = _union(inputs)
        case _:
            found["result"] = default
            if "accum" in keys:
                found["accum"] = default
    return found


def _sum_of(source: Fixed, weight: Fixed, bias: Fixed, terms: int) -> Fixed:
    """Return hls4ml's accumulator of `terms` products and a bias."""
    bits = ceil(log2(terms)) if terms > 1 else 0
    signed = source.signed or weight.signed or bias.signed
    integer = source.integer + weight.integer + bits
    fraction = source.fraction + weight.fraction
    integer = (
        max(integer + (signed and not (source.signed or weight.signed)), bias.integer + (signed and not bias.signed))
        + 1
    )
    fraction = max(fraction, bias.fraction)
    return Fixed(integer + fraction, integer, signed)


def _merged(function: MergeFunction, inputs: list[Fixed]) -> Fixed:
    signed = any(type_.signed for type_ in inputs) or function is MergeFunction.SUBTRACT
    if function is MergeFunction.MULTIPLY:
        return Fixed(sum(t.width for t in inputs), sum(t.integer for t in inputs), signed)
    union = _union(inputs)
    grows = function in (MergeFunction.ADD, MergeFunction.SUBTRACT, MergeFunction.AVERAGE)
    return Fixed(union.width + 1, union.integer + 1, signed) if grows else union


def _union(inputs: list[Fixed]) -> Fixed:
    signed = any(type_.signed for type_ in inputs)
    integer = max(type_.integer + (signed and not type_.signed) for type_ in inputs)
    return Fixed(integer + max(type_.fraction for type_ in inputs), integer, signed)


def _knob(node: Node, key: str, value: Any, notes: list[str]) -> Any:
    """Return a knob in our words, None if it stays at its default."""
    word = str(value).lower()
    if key == "strategy":
        if word not in _STRATEGIES:
            notes.append(f"layer {node.name!r}: hls4ml ignores the strategy {value!r} and takes Latency.")
        elif word not in ("latency", "resource"):
            notes.append(f"layer {node.name!r}: Strategy {value} multiplies by constants, which is latency here.")
        return _STRATEGIES.get(word, "latency")
    if key == "softmax":
        return word if word in ("stable", "latency", "argmax") else None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"layer {node.name!r}: {_KNOBS[key]} must be a whole number, not {value!r}.")
    if key == "reuse":
        legal = legal_reuse(node)
        nearest = min(legal, key=lambda item: (abs(item - value), item))
        if nearest != value:
            notes.append(f"layer {node.name!r}: reuse {value} became {nearest}, the nearest that divides evenly.")
        return nearest
    if key == "parallel":
        positions = prod(node.shape[:-1])
        return max(item for item in range(1, max(1, value) + 1) if positions % item == 0)
    return value


def _part(data: Mapping[str, Any], notes: list[str]) -> str:
    """Return the device: that of the board, where there is one, as hls4ml has it."""
    given = str(data.get("Part") or data.get("XilinxPart") or "")
    board = str(data.get("Board") or _mapping(data.get("AcceleratorConfig")).get("Board") or "")
    if board not in BOARDS:
        if board:
            notes.append(f"the board {board!r} is none of hls4ml's{_near(board, BOARDS)}")
        return given or Target().part
    if given and not is_same_part(given, BOARDS[board]):
        notes.append(f"Part {given!r} is not that of the board {board!r}: hls4ml builds for {BOARDS[board]!r}.")
    return BOARDS[board]


def _target(data: Mapping[str, Any], notes: list[str]) -> Target:
    default = Target()
    clock = data.get("ClockPeriod", default.clock_ns)
    try:
        return Target(
            part=_part(data, notes),
            clock_ns=float(clock),
            io=Io.STREAM if data.get("IOType") == "io_stream" else Io.PARALLEL,
            tool=Tool.VIVADO_HLS if str(data.get("Backend", "")).startswith("Vivado") else Tool.VITIS_HLS,
        )
    except (TypeError, ValueError):
        raise ConfigError(f"ClockPeriod must be a period in ns, not {clock!r}.") from None


def unknown_keys(data: Mapping[str, Any], inner: Mapping[str, Any], graph: Graph) -> Iterator[str]:
    """Name the keys and layers that nothing reads; hls4ml itself says nothing of them."""
    if data is not inner:
        yield from (f"unknown key {key!r}{_near(key, _TOP)}" for key in data if key not in _TOP)
    yield from (
        f"unknown key {key!r}{_near(key, _LEVELS)}" for key in inner if key not in _LEVELS and data is not inner
    )
    names = [node.name for node in graph]
    for name, entry in _mapping(inner.get("LayerName")).items():
        if name not in graph and not _is_linear(name, graph):
            yield f"no layer is called {name!r}{_near(name, names)}"
        for key in _mapping(entry):
            if key not in _KNOWN and not key.endswith("_t"):
                yield f"layer {name!r}: unknown key {key!r}{_near(key, _KNOWN)}"
        yield from _unused(name, _mapping(entry), _mapping(inner.get("Model")))
    for key in _mapping(inner.get("Model")):
        if key not in _KNOWN:
            yield f"Model: unknown key {key!r}{_near(key, _KNOWN)}"


def _unused(name: object, entry: Mapping[str, Any], model: Mapping[str, Any]) -> Iterator[str]:
    """Name the keys that hls4ml reads and a design of ours has no word for, where they change anything."""
    reuse = entry.get("ReuseFactor", model.get("ReuseFactor", 1))
    for key, plain in _UNUSED.items():
        if key in entry and entry[key] not in ((1, reuse) if plain is None else (plain,)):
            yield f"layer {name!r}: {key} {entry[key]!r} has no counterpart here and is not taken over."


_LEVELS = ("Model", "LayerType", "LayerName", "SkipOptimizers", "Optimizers")


def _near(word: str, names: Any) -> str:
    near = get_close_matches(word, list(names), n=1)
    return f". Did you mean {near[0]!r}?" if near else "."
