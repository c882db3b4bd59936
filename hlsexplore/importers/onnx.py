"""Reads ONNX files as data: protobuf through the `onnx` package, weights beside it from plain files of its folder."""

import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.importers.content import Content
from hlsexplore.importers.flat.fold import MAX_CONSTANT
from hlsexplore.importers.flat.graph import (
    BATCH,
    MAX_AXIS,
    MAX_NODES,
    Array,
    FlatGraph,
    FlatInput,
    FlatNode,
    KnownRange,
)
from hlsexplore.importers.flat.names import path_name, quantizer_owner, says_something, weight_owner

ONNX_HEAD = re.compile(rb"(?!\x08\x01\x12[\x80-\xff])\x08[\x01-\x40][\x12\x1a\x22\x28\x32\x3a\x42\x72]")
"""ONNX' ModelProto: ir_version, a small number, then any other of its fields (onnx.proto, fields 2 to 8 and 14); not a
SavedModel of TensorFlow, which begins alike."""
MAX_ONNX_BYTES = 1 << 30
"""Largest file, and largest file of weights beside it, that is read (1 GiB)."""
_STANDARD = ("", "ai.onnx")
_QUANTIZERS = frozenset({"Quant", "IntQuant", "BipolarQuant", "Trunc", "FloatQuant", "MultiThreshold"})
"""Ops that QONNX and FINN have under several domains (`qonnx.custom_op.general`, `onnx.brevitas`, `finn.*`)."""
_KIND = re.compile(r"(?P<sign>U?INT)(?P<bits>\d{1,2})|FIXED<(?P<width>\d{1,2}),(?P<whole>\d{1,2})>")
MAX_KIND_BITS = 32
"""Most bits of a data type of an input."""
MAX_WHOLE_BITS = 16
"""Most bits of inputs that are integers of few bits, such as those of images; wider ones number things."""
_QDQ = frozenset({"QuantizeLinear", "DequantizeLinear"})
"""Ops that ONNX Runtime also has in its own domain, for the widths that older opsets lack; they compute the same."""
_MICROSOFT = "com.microsoft"
_RANGES = {
    2: (0, 255),
    3: (-128, 127),
    4: (0, 65535),
    5: (-32768, 32767),
    6: (-(2**31), 2**31 - 1),
    21: (0, 15),
    22: (-8, 7),
    25: (0, 3),
    26: (-2, 1),
}
"""Least and largest value of the integers of TensorProto.DataType that QuantizeLinear makes (ONNX 1.23, opset 25)."""
_TENSOR = 4
"""AttributeProto.AttributeType.TENSOR."""
_TEXTS = 8
"""TensorProto.DataType.STRING: names of classes, which only outputs that are left out read."""
_EXTERNAL = 1
"""TensorProto.DataLocation.EXTERNAL."""


def is_onnx(content: Content) -> bool:
    """Whether a content is an ONNX file."""
    return bool(ONNX_HEAD.match(content.head))


def read_onnx(content: Content) -> FlatGraph:
    """Read an ONNX file.

    Args:
        content: The file.

    Raises:
        ModelError: If the package `onnx` is missing, or the file is damaged or too large.
        UnsupportedError: If the inputs have no fixed shape.
    """
    size = content.path.stat().st_size
    if size > MAX_ONNX_BYTES:
        raise ModelError(f"{content.label!r} has {size} bytes; more than {MAX_ONNX_BYTES} are not read.")
    try:
        data = content.path.read_bytes()
    except OSError as error:
        raise ModelError(f"the model file {str(content.path)!r} cannot be read: {error.strerror or error}.") from None
    return parse_onnx(data, content.label, content.path.parent)


def read_onnx_object(model: Any) -> FlatGraph:
    """Read a live `onnx.ModelProto`, or a qonnx `ModelWrapper`, by its own serialisation."""
    proto = getattr(model, "model", model)
    if not hasattr(proto, "SerializeToString"):
        raise ModelError(f"a {type(model).__name__!r} is no whole ONNX model. Pass the ModelProto, or a path.")
    return parse_onnx(proto.SerializeToString(), "the ONNX model", None)


def parse_onnx(data: bytes, label: str, folder: Path | None) -> FlatGraph:
    """Read a serialised ONNX model.

    Args:
        data: The bytes of its ModelProto.
        label: What to call it in messages.
        folder: Where files of weights may lie; None if there is no such folder.

    Raises:
        ModelError: If the package `onnx` is missing, or the model is damaged.
        UnsupportedError: If the inputs have no fixed shape.
    """
    model = _parsed(data, label)
    graph = model.graph
    if len(graph.node) > MAX_NODES:
        raise ModelError(f"{label!r} has {len(graph.node)} nodes; more than {MAX_NODES} are not read.")
    arrays = [item for item in graph.initializer if item.data_type != _TEXTS]
    constants = {_text(item.name): _array(item, label, folder) for item in arrays}
    if graph.sparse_initializer:
        raise UnsupportedError([f"{label!r} holds sparse weights. Save them as plain arrays."])
    versions = {_text(item.domain): int(item.version) for item in model.opset_import}
    inputs = [item for item in graph.input if _text(item.name) not in constants]
    stored = {_text(item.name): int(item.data_type) for item in graph.initializer}
    nodes = []
    for item in graph.node:
        if item.op_type == "Constant" and item.domain in _STANDARD and len(item.output) == 1:
            constants[_text(item.output[0])] = _constant(item, label, folder)
            stored |= {_text(item.output[0]): int(each.t.data_type) for each in item.attribute if each.type == _TENSOR}
        else:
            nodes.append(_ranged(_node(item, label, folder), stored))
    kinds = _kinds(graph)
    return FlatGraph(
        name=_name(_text(graph.name), label),
        label=label,
        inputs=tuple(
            replace(item, known=known(kinds.get(item.name, "")) or item.known) for item in _inputs(inputs, label)
        ),
        constants=constants,
        nodes=tuple(nodes),
        outputs=tuple(_text(item.name) for item in graph.output),
        version=next((versions[domain] for domain in _STANDARD if domain in versions), 1),
    )


def _parsed(data: bytes, label: str) -> Any:
    """Parse the protobuf, functions written out in place.

    Raises:
        ModelError: If that is not possible.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
        from onnx.inliner import inline_local_functions
    except ImportError:
        raise ModelError(
            f"{label!r} is an ONNX model, and the package 'onnx' is missing. Install it: pip install hlsexplore[onnx]."
        ) from None
    try:
        model = onnx.ModelProto.FromString(data)
        if model.functions:
            check_written_out(model, label)
            model = inline_local_functions(model)
    except (DecodeError, ValueError, RuntimeError, RecursionError) as error:
        raise ModelError(f"{label!r} is damaged and cannot be read ({str(error)[:100]}). Export it again.") from None
    if not model.HasField("graph"):
        raise ModelError(f"{label!r} holds no network. Export it again.")
    return model


def check_written_out(model: Any, label: str) -> None:
    """Count the nodes that a model would have with its functions written out, which a few lines can make endless.

    Raises:
        ModelError: If there are too many, or functions use themselves.
    """
    functions = {(item.domain, item.name, item.overload): item for item in model.functions}
    counts: dict[tuple[str, str, str], int] = {}
    waiting: list[tuple[str, str, str]] = list(functions)
    open_: set[tuple[str, str, str]] = set()
    while waiting:
        key = waiting[-1]
        inner = [name for node in _all_nodes(functions[key].node) if (name := _called(node)) in functions]
        missing = [name for name in inner if name not in counts]
        if key in counts or not missing:
            counts.setdefault(key, sum(counts[name] for name in inner) + _num_nodes(functions[key].node))
            open_.discard(key)
            waiting.pop()
        elif key in open_ and any(name in open_ for name in missing):
            raise ModelError(f"{label!r}: its function {key[1][:60]!r} uses itself. Export it again.")
        else:
            open_.add(key)
            waiting += missing
    nodes = list(_all_nodes(model.graph.node))
    total = len(nodes) + sum(counts.get(_called(node), 0) for node in nodes)
    if total > MAX_NODES:
        raise ModelError(
            f"{label!r} has {total} nodes with its functions written out; more than {MAX_NODES} are not read."
        )


def _called(node: Any) -> tuple[str, str, str]:
    return node.domain, node.op_type, node.overload


def _num_nodes(nodes: Iterable[Any]) -> int:
    return sum(1 for _ in _all_nodes(nodes))


def _all_nodes(nodes: Iterable[Any]) -> Iterator[Any]:
    """Go through nodes and those of their subgraphs."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        for item in node.attribute:
            for graph in (item.g, *item.graphs):
                waiting += graph.node


def _text(value: str | bytes) -> str:
    """Return a text of the file; protobuf hands out bytes where it is no UTF-8."""
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value


def _name(name: str, label: str) -> str:
    """Return the model's name; exporters leave fixed texts there, which say less than the file's name."""
    usable = name if name.isprintable() and 0 < len(name) <= 80 else ""
    return Path(label).stem if usable in ("", "main_graph", "torch_jit", "torch-jit-export", "graph") else usable


def _array(tensor: Any, label: str, folder: Path | None) -> Array:
    """Return a stored tensor as an array.

    Raises:
        ModelError: If its data does not fit its shape, or lies in a file that is not read.
    """
    from onnx import numpy_helper

    shape = tuple(tensor.dims)
    name = _text(tensor.name)[:60]
    if any(size < 0 for size in shape) or prod(shape) > MAX_CONSTANT:
        raise ModelError(f"{label!r}: the weight {name!r} has the shape {shape}; at most {MAX_CONSTANT} elements are.")
    try:
        if tensor.data_location == _EXTERNAL:
            data = _external(tensor, label, folder)
            tensor = type(tensor)(dims=tensor.dims, data_type=tensor.data_type, raw_data=data)
        values = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        raise ModelError(
            f"{label!r}: the weight {name!r} cannot be read ({str(error)[:80]}). Export it again."
        ) from None
    if values.dtype.kind not in "fiub":
        values = _plain(values, label, name)
    return values


def _plain(values: Array, label: str, name: str) -> Array:
    """Return small float types as float32, integers of 2 and 4 bits as int8.

    Raises:
        ModelError: If it holds texts or complex numbers.
    """
    if values.dtype.kind in "OSUc":
        raise ModelError(f"{label!r}: the weight {name!r} holds no real numbers. Export it again.")
    return values.astype(np.int8 if values.dtype.name.startswith(("int", "uint")) else np.float32)


def _external(tensor: Any, label: str, folder: Path | None) -> bytes:
    """Read a weight from a file beside the model: a plain name, a regular file, within bounds.

    Raises:
        ModelError: If it is anything else.
    """
    entries = {_text(item.key): _text(item.value) for item in tensor.external_data}
    location, name = entries.get("location", ""), _text(tensor.name)[:60]
    where = f"{label!r}: the weight {name!r}"
    if folder is None:
        raise ModelError(f"{where} lies outside of the model. Save the model with its weights, and give the path.")
    if not re.fullmatch(r"[^/\\:\x00-\x1f]{1,255}", location) or location in (".", ".."):
        raise ModelError(
            f"{where} is said to lie in {location[:60]!r}. Only plain file names in the model's own folder are read."
        )
    path = folder / location
    try:
        found = path.lstat()
        offset, length = int(entries.get("offset", "0")), int(entries.get("length", "-1"))
    except (OSError, ValueError):
        raise ModelError(f"{where} lies in {location!r}, which is not beside the model. Copy that file too.") from None
    if not stat.S_ISREG(found.st_mode):
        raise ModelError(f"{where} lies in {location!r}, which is no regular file. Copy the file itself.")
    length = found.st_size - offset if length < 0 else length
    if offset < 0 or not 0 <= length <= MAX_ONNX_BYTES or offset + length > found.st_size:
        raise ModelError(f"{where} reaches beyond the end of {location!r}. Copy that file again.")
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data: bytes = file.read(length)
            return data
    except OSError as error:
        raise ModelError(f"{where} cannot be read from {location!r}: {error.strerror or error}.") from None


def _constant(node: Any, label: str, folder: Path | None) -> Array:
    """Return the value of a Constant node."""
    options = _options(node, label, folder)
    value = next((options[key] for key in options if key.startswith("value")), None)
    if value is None or isinstance(value, str):
        raise ModelError(f"{label!r}: a constant without a number. Export it again.")
    return np.asarray(value)


def _options(node: Any, label: str, folder: Path | None) -> dict[str, Any]:
    """Return the attributes of a node that are numbers, texts, arrays, or lists of them."""
    found: dict[str, Any] = {}
    for item in node.attribute:
        name = _text(item.name)
        match item.type:
            case 1:
                found[name] = float(item.f)
            case 2:
                found[name] = int(item.i)
            case 3:
                found[name] = _text(item.s)
            case 4:
                found[name] = _array(item.t, label, folder)
            case 6:
                found[name] = tuple(item.floats)
            case 7:
                found[name] = tuple(int(value) for value in item.ints)
            case 8:
                found[name] = tuple(_text(value) for value in item.strings)
            case _:
                pass  # subgraphs: the ops that have them are not supported
    return found


def _node(node: Any, label: str, folder: Path | None) -> FlatNode:
    domain, kind = _text(node.domain), _text(node.op_type)
    is_known = domain in _STANDARD or kind in _QUANTIZERS or (domain == _MICROSOFT and kind in _QDQ)
    return FlatNode(
        op=kind if is_known else f"{domain}.{kind}",
        inputs=tuple(_text(name) for name in node.input),
        outputs=tuple(_text(name) for name in node.output),
        options=_options(node, label, folder),
        label=_label(node),
        kind=kind if domain in _STANDARD else f"{domain}.{kind}"[:60],
    )


def _ranged(node: FlatNode, stored: Mapping[str, int]) -> FlatNode:
    """Note the range of the integers that a QuantizeLinear makes: those of its zero point, else of `output_dtype`.

    Args:
        node: Any node.
        stored: Data types of constants.
    """
    if node.op != "QuantizeLinear":
        return node
    zero = node.inputs[2] if len(node.inputs) > 2 else ""
    given = node.options.get("output_dtype") or 2
    found = _RANGES.get(stored.get(zero, 0) if zero else given if isinstance(given, int) else 0)
    return node if found is None else replace(node, options={**node.options, "low": found[0], "high": found[1]})


def _label(node: Any) -> str:
    """Return the module that a node's weights belong to or that it is part of, its path, or the name of its result."""
    owner = next((found for name in node.input[1:] if (found := weight_owner(_text(name))) is not None), None)
    scope = owner or _scope(node)
    if scope is not None:
        return scope
    name, output = _text(node.name), _text(node.output[0]) if node.output else ""
    if name.startswith("/"):
        return _module(path_name(name))
    if output == f"{name}_out0":  # as qonnx' clean-up names them
        return name
    return output if says_something(output) else ""


def _scope(node: Any) -> str | None:
    """Return the module that PyTorch's exporter notes beside a node, or the one that a quantizer's scale belongs to."""
    for item in node.metadata_props:
        if _text(item.key) == "pkg.torch.onnx.name_scopes":
            scopes = re.findall(r"'([\w.]{0,200})'", _text(item.value)[:4000])
            return _module(scopes[-2]) if len(scopes) > 1 and scopes[-2] else None
    found = quantizer_owner(_text(node.input[1])) if len(node.input) > 1 else None
    return found[0] if found is not None and not found[1] else None


def _module(name: str) -> str:
    """Return the module that a quantizer is part of, or the module itself."""
    found = quantizer_owner(name)
    return found[0] if found is not None and found[0] else name


def _kinds(graph: Any) -> dict[str, str]:
    """Return what QONNX and FINN say of tensors' values: `UINT8`, `BIPOLAR`, `FIXED<8,4>`."""
    return {
        _text(item.tensor_name): _text(entry.value)
        for item in graph.quantization_annotation
        for entry in item.quant_parameter_tensor_names
        if _text(entry.key) == "finn_datatype"
    }


def known(kind: str) -> KnownRange | None:
    """Return the values that a data type of QONNX has; None for floats and unknown ones.

    Examples:
        >>> known("INT4"), known("FIXED<8,4>"), known("FLOAT32")
        (Known(low=-8.0, high=7.0, step=1.0), Known(low=-128.0, high=127.0, step=0.0625), None)
    """
    found = _KIND.fullmatch(kind)
    if kind in ("BIPOLAR", "TERNARY"):
        return KnownRange(low=-1.0, high=1.0)
    if kind == "BINARY":
        return KnownRange(low=0.0, high=1.0)
    width = int(found["width"] or found["bits"]) if found else 0
    if found is None or not 1 <= width <= MAX_KIND_BITS:
        return None
    if found["sign"] == "UINT":
        return KnownRange(low=0.0, high=2.0**width - 1)
    half = 2.0 ** (width - 1)
    step = 2.0 ** (int(found["whole"]) - width) if found["width"] else 1.0
    return KnownRange(low=-half, high=half - 1, step=step)


def _inputs(items: Iterable[Any], label: str) -> tuple[FlatInput, ...]:
    """Return the inputs with their batch axes.

    Raises:
        UnsupportedError: If an axis other than one has no size; lists all of them.
    """
    found: list[FlatInput] = []
    problems: list[str] = []
    for item in items:
        dims = item.type.tensor_type.shape.dim if item.type.HasField("tensor_type") else ()
        shape = [int(dim.dim_value) if dim.dim_value > 0 else None for dim in dims]
        try:
            limits = _RANGES.get(item.type.tensor_type.elem_type, (0, -1))
            whole = KnownRange(low=limits[0], high=limits[1]) if 0 < limits[1] < 1 << MAX_WHOLE_BITS else None
            found.append(replace(free_batch(_text(item.name), shape, label), known=whole))
        except UnsupportedError as error:
            problems += error.problems
    if problems:
        raise UnsupportedError(problems)
    return tuple(found)


def free_batch(name: str, shape: list[int | None], label: str) -> FlatInput:
    """Return an input with its batch axis: the open one, else the first; a vector of fixed size is one sample.

    Args:
        name: Its name.
        shape: Its sizes; None for open ones.
        label: What to call the model in messages.

    Raises:
        UnsupportedError: If it has no shape, or several axes are open.
    """
    where = f"{label!r}: the input {name[:60]!r}"
    open_axes = [index for index, size in enumerate(shape) if size is None]
    if not shape:
        raise UnsupportedError([f"{where} has no shape. Export the model with fixed sizes."])
    if len(open_axes) > 1:
        raise UnsupportedError(
            [f"{where} leaves the axes {open_axes} open. Hardware needs fixed sizes: leave only the batch axis open."]
        )
    axis = open_axes[0] if open_axes else 0
    if any(size is not None and size > MAX_AXIS for index, size in enumerate(shape) if index != axis):
        raise UnsupportedError([f"{where} has an axis of more than {MAX_AXIS}."])
    if not open_axes and len(shape) == 1:
        return FlatInput(name=name, shape=tuple(size or 1 for size in shape))
    sizes = tuple(BATCH if index == axis else size or 1 for index, size in enumerate(shape))
    return FlatInput(name=name, shape=sizes, batch=shape[axis])
