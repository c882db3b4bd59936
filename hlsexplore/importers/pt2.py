"""Reads programs that torch.export wrote (.pt2) as data: JSON and raw weights; its pickles are never opened."""

import ast
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.importers.aten import Program, flat_nodes
from hlsexplore.importers.content import Content
from hlsexplore.importers.files import MAX_WEIGHTS_BYTES, parse_json
from hlsexplore.importers.flat.fold import MAX_CONSTANT
from hlsexplore.importers.flat.graph import BATCH, MAX_NODES, Array, FlatGraph, FlatInput
from hlsexplore.importers.hdf5 import readable
from hlsexplore.importers.onnx import free_batch

DTYPES = {1: "u1", 2: "i1", 3: "i2", 4: "i4", 5: "i8", 6: "f2", 7: "f4", 8: "f8", 12: "?", 28: "u2"}
"""Codes of torch/_export/serde/schema.py (ScalarType) as numpy types, little-endian; 13, bfloat16, is read apart."""
_BFLOAT16 = 13
_MODEL = re.compile(r"(.*?)models/([^/]+)\.json")
Json = dict[str, Any]


def is_pt2(content: Content) -> bool:
    """Whether a content is an exported PyTorch program."""
    return content.has_member("archive_format") and any(_MODEL.fullmatch(name) for name in content.members)


def read_pt2(content: Content) -> FlatGraph:
    """Read a `.pt2` file.

    Args:
        content: The file.

    Raises:
        ModelError: If it is damaged, too large, or needs a pickle.
        UnsupportedError: If the inputs have no fixed shape.
    """
    with readable(content.label), zipfile.ZipFile(content.path) as archive:
        return _read(archive, content.label)


def parse_pt2(data: bytes, label: str) -> FlatGraph:
    """Read a `.pt2` file from memory; errors as in `read_pt2`."""
    with readable(label), zipfile.ZipFile(BytesIO(data)) as archive:
        return _read(archive, label)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Archive:
    """An open archive.

    Attributes:
        file: The ZIP file.
        root: What all member names begin with.
        label: What to call it in messages.
    """

    file: zipfile.ZipFile
    root: str
    label: str

    def member(self, name: str, limit: int = MAX_WEIGHTS_BYTES) -> bytes:
        """Read a member, at most `limit` bytes whatever its header says.

        Raises:
            ModelError: If it is missing, twice there or larger.
        """
        path = self.root + name
        if self.file.namelist().count(path) != 1:
            raise ModelError(f"{self.label!r} has no member {name[:80]!r}, or several. Export it again.")
        with self.file.open(path) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise ModelError(f"{self.label!r}: {name[:80]!r} is larger than {limit} bytes and is not read.")
        return data

    def json(self, name: str) -> Json:
        """Read a member that is a JSON object."""
        return parse_json(self.member(name), repr(self.label), name)


def _read(file: zipfile.ZipFile, label: str) -> FlatGraph:
    found = [match for name in file.namelist() if (match := _MODEL.fullmatch(name))]
    if len(found) != 1:
        raise ModelError(f"{label!r} holds {len(found)} programs. Save one: torch.export.save(program, 'NAME.pt2').")
    archive, model = _Archive(file=file, root=found[0][1], label=label), found[0][2]
    if archive.member("archive_format").strip() != b"pt2":
        raise ModelError(f"{label!r} is an archive of another format than pt2. Save it with torch.export.save.")
    if archive.member("byteorder").strip() != b"little":
        raise ModelError(f"{label!r} holds big-endian weights. Export it on another machine.")
    try:
        return _program(archive, model)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, OverflowError, RecursionError) as error:
        version = _version(archive, model)
        raise ModelError(
            f"{label!r} has another structure than that of PyTorch 2.13 ({type(error).__name__}: {str(error)[:60]}); "
            f"it says it is of {version}. Export it again with PyTorch 2.9 or later."
        ) from None


def _version(archive: _Archive, model: str) -> str:
    try:
        return f"PyTorch {str(json.loads(archive.member(f'models/{model}.json'))['torch_version'])[:20]}"
    except (KeyError, TypeError, ValueError):
        return "an unknown version"


def _program(archive: _Archive, model: str) -> FlatGraph:
    """Read the graph and its weights."""
    body = archive.json(f"models/{model}.json")
    module = body["graph_module"]
    graph, signature = module["graph"], module["signature"]
    if len(graph["nodes"]) > MAX_NODES:
        raise ModelError(f"{archive.label!r} has {len(graph['nodes'])} nodes; more than {MAX_NODES} are not read.")
    constants, names, users = _stored(archive, model, signature)
    sizes = {name: _sizes(value) for name, value in graph["tensor_values"].items()}
    inputs = _inputs(users, sizes, archive.label)
    program = Program(
        sizes={name: tuple(_number(size, inputs.symbols) for size in item) for name, item in sizes.items()},
        constants=constants,
        parameters=names,
        label=archive.label,
    )
    nodes = flat_nodes(program, graph["nodes"])
    return FlatGraph(
        name=Path(archive.label).stem,
        label=archive.label,
        inputs=inputs.items,
        constants=program.constants,
        nodes=tuple(nodes),
        outputs=_outputs(signature, archive.label),
    )


def _stored(archive: _Archive, model: str, signature: Json) -> tuple[dict[str, Array], dict[str, str], list[str]]:
    """Read the weights that the graph takes as inputs.

    Returns:
        Arrays and full parameter names by tensor name, and the names of the network's own inputs.
    """
    configs = {
        kind: archive.json(f"data/{kind}/{model}_{kind}_config.json")["config"] for kind in ("weights", "constants")
    }
    constants: dict[str, Array] = {}
    names: dict[str, str] = {}
    users: list[str] = []
    for spec in signature["input_specs"]:
        ((kind, item),) = spec.items()
        match kind:
            case "user_input":
                argument = item["arg"]
                if "as_tensor" in argument:
                    users.append(argument["as_tensor"]["name"])
                elif "as_none" not in argument:
                    raise UnsupportedError([f"{archive.label!r}: an input is no tensor. Make it a constant."])
            case "parameter" | "buffer" | "tensor_constant":
                path = item.get("parameter_name") or item.get("buffer_name") or item.get("tensor_constant_name")
                name = item["arg"]["name"]
                folder = "weights" if path in configs["weights"] else "constants"
                if path in configs[folder]:
                    constants[name] = _weight(archive, folder, configs[folder][path], path)
                names[name] = path
            case _:
                raise UnsupportedError([f"{archive.label!r}: inputs of the kind {kind[:40]!r} are not supported."])
    return constants, names, users


def _weight(archive: _Archive, folder: str, entry: Json, path: str) -> Array:
    """Read one weight.

    Raises:
        ModelError: If it is a pickle, of an unknown type, or does not fit its shape.
    """
    where = f"{archive.label!r}: the weight {path[:60]!r}"
    if entry["use_pickle"] or entry.get("tensor_meta") is None:
        raise ModelError(f"{where} is stored as a pickle, which is code and never opened. Make it a plain tensor.")
    meta = entry["tensor_meta"]
    shape = tuple(size["as_int"] for size in meta["sizes"])
    steps = tuple(step["as_int"] for step in meta["strides"])
    code, offset = meta["dtype"], meta["storage_offset"]["as_int"]
    if code not in DTYPES and code != _BFLOAT16:
        raise ModelError(f"{where} has the type number {code}. Use float32: model.float().")
    if any(size < 0 for size in shape) or prod(shape) > MAX_CONSTANT or any(step < 0 for step in steps) or offset < 0:
        raise ModelError(f"{where} has the shape {shape}; at most {MAX_CONSTANT} elements are read.")
    name = entry["path_name"]
    if not re.fullmatch(r"[\w.-]{1,255}", name):
        raise ModelError(f"{where} lies in {name[:60]!r}. The file is damaged.")
    data = archive.member(f"data/{folder}/{name}")
    flat = np.frombuffer(data, dtype=np.dtype("<u2" if code == _BFLOAT16 else f"<{DTYPES[code]}".replace("<?", "?")))
    if code == _BFLOAT16:
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    return _viewed(flat, shape, steps, offset, where)


def _viewed(flat: Array, shape: tuple[int, ...], steps: tuple[int, ...], offset: int, where: str) -> Array:
    """Return the elements of a weight from its storage."""
    if prod(shape) == 0:
        return np.zeros(shape, dtype=flat.dtype)
    end = offset + sum((size - 1) * step for size, step in zip(shape, steps, strict=True))
    if end >= flat.size:
        raise ModelError(f"{where} has {flat.size} elements, too few for the shape {shape}. The file is damaged.")
    strides = [step * flat.itemsize for step in steps]
    return np.array(np.lib.stride_tricks.as_strided(flat[offset:], shape, strides, writeable=False))


Size = int | str
"""A size, or the text of an expression of the batch size."""


def _sizes(value: Json) -> list[Size]:
    return [size["as_int"] if "as_int" in size else str(size["as_expr"]["expr_str"]) for size in value["sizes"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """The inputs, and the symbols that stand for the batch size."""

    items: tuple[FlatInput, ...]
    symbols: frozenset[str]


def _inputs(users: list[str], sizes: Mapping[str, list[Size]], label: str) -> _Inputs:
    found: list[FlatInput] = []
    problems: list[str] = []
    symbols: set[str] = set()
    for name in users:
        shape = [size if isinstance(size, int) else None for size in sizes[name]]
        try:
            found.append(free_batch(name, shape, label))
        except UnsupportedError as error:
            problems += error.problems
        symbols |= {_symbol(size) for size in sizes[name] if isinstance(size, str)}
    if problems:
        raise UnsupportedError(problems)
    return _Inputs(items=tuple(found), symbols=frozenset(symbols))


def _symbol(text: str) -> str:
    match = re.match(r"Symbol\('(\w{1,40})'", text)
    return match[1] if match else text


def _number(size: Size, symbols: frozenset[str]) -> int:
    """Return a size with `BATCH` for the batch size."""
    if isinstance(size, int):
        return size
    if len(size) > 2000:
        raise ValueError("an expression of a size is too long")
    return _evaluated(ast.parse(size, mode="eval").body, symbols)


def _evaluated(node: ast.expr, symbols: frozenset[str]) -> int:
    """Compute an expression of integers and the batch size, of the few forms that sympy prints for sizes."""
    match node:
        case ast.Call(func=ast.Name(id="Symbol"), args=[ast.Constant(value=str(name)), *_]) if name in symbols:
            return BATCH
        case ast.Call(func=ast.Name(id="Integer"), args=[ast.Constant(value=int(number))]):
            return number
        case ast.Call(
            func=ast.Name(id="Integer"), args=[ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(n)))]
        ):
            return -n
        case ast.Call(func=ast.Name(id="Mul"), args=parts):
            return prod(_evaluated(part, symbols) for part in parts)
        case ast.Call(func=ast.Name(id="Add"), args=parts):
            return sum(_evaluated(part, symbols) for part in parts)
        case ast.Call(func=ast.Name(id="FloorDiv"), args=[first, second]):
            return _evaluated(first, symbols) // max(_evaluated(second, symbols), 1)
        case _:
            return -1


def _outputs(signature: Json, label: str) -> tuple[str, ...]:
    """Return the names of the network's outputs.

    Raises:
        UnsupportedError: If one is no tensor, or the network changes its own state.
    """
    names, problems = [], []
    for spec in signature["output_specs"]:
        ((kind, item),) = spec.items()
        argument = item["arg"]
        if kind == "user_output" and "as_tensor" in argument:
            names.append(argument["as_tensor"]["name"])
        elif kind == "user_output" and "as_none" not in argument:
            problems.append(f"{label!r}: an output is no tensor. Return tensors only.")
        elif kind == "buffer_mutation":
            problems.append(
                f"{label!r}: the network changes its buffer {str(item.get('buffer_name'))[:60]!r}. "
                "Call model.eval() before the export."
            )
    if problems:
        raise UnsupportedError(problems)
    return tuple(names)
