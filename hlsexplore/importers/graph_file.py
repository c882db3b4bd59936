"""Graphs as plain data and arrays, so that a project brings the very network that it was made from."""

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, get_args, get_type_hints
from zipfile import BadZipFile

import numpy as np

from hlsexplore import ops
from hlsexplore.element_types import ElementTypes
from hlsexplore.errors import ConfigError, HlsExploreError, ModelError
from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.graph import Graph, Node
from hlsexplore.importers.content import Content
from hlsexplore.support.files import open_regular, read_json, reason_of

FORMAT = 1
MAX_JSON_BYTES = 1 << 26
GRAPH, ARRAYS, DESIGN = "graph.json", "graph.npz", "design.yaml"
"""Files of an export that holds its graph and design."""
_OPS: Mapping[str, type[Any]] = {cls.__name__: cls for cls in get_args(ops.Op)}


def graph_to_plain(graph: Graph) -> tuple[dict[str, Any], dict[str, RealArray]]:
    """Return a graph as data for JSON, and its arrays by the names that the data refers to.

    Args:
        graph: The network.
    """
    arrays: dict[str, RealArray] = {}
    nodes = []
    for index, node in enumerate(graph):
        options = {}
        for item in fields(node.op):
            options[item.name] = _plain(getattr(node.op, item.name), f"n{index}_{item.name}", arrays)
        nodes.append(
            {
                "name": node.name,
                "op": type(node.op).__name__,
                "options": options,
                "inputs": list(node.inputs),
                "shape": list(node.shape),
                "types": {key: str(type_) for key, type_ in node.types.items()},
                "source": node.source,
            }
        )
    return {"hlsexplore": FORMAT, "name": graph.name, "nodes": nodes, "outputs": list(graph.outputs)}, arrays


def graph_from_plain(data: Mapping[str, Any], arrays: Mapping[str, Any]) -> Graph:
    """Return the graph that `graph_to_plain` took apart, with the same digest.

    Raises:
        ConfigError: If the data is damaged or of another format.
    """
    try:
        if data["hlsexplore"] != FORMAT:
            raise ConfigError(f"this graph has format {data['hlsexplore']!r}; this version reads {FORMAT}.")
        nodes = tuple(_node(item, arrays) for item in data["nodes"])
        return Graph(name=str(data["name"]), nodes=nodes, outputs=tuple(map(str, data["outputs"])))
    except HlsExploreError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ConfigError(f"the graph of this project is damaged ({error!r}). Export the design again.") from None


def _plain(value: Any, name: str, arrays: dict[str, RealArray]) -> Any:
    match value:
        case np.ndarray():
            arrays[name] = value
            return {"array": name}
        case ElementTypes():
            parts = {key: getattr(value, key) for key in ("signed", "integer", "fraction")}
            parts |= {"rounding": str(value.rounding), "overflow": str(value.overflow)}
            return {"elements": {key: _plain(part, f"{name}_{key}", arrays) for key, part in parts.items()}}
        case Fixed():
            return {"fixed": str(value)}
        case StrEnum():
            return str(value)
        case tuple():
            return [_plain(item, f"{name}_{index}", arrays) for index, item in enumerate(value)]
        case _:
            return value


def _node(data: Mapping[str, Any], arrays: Mapping[str, Any]) -> Node:
    cls = _OPS[data["op"]]
    hints = get_type_hints(cls)
    options = {key: _value(value, hints[key], arrays) for key, value in data["options"].items()}
    return Node(
        name=str(data["name"]),
        op=cls(**options),
        inputs=tuple(map(str, data["inputs"])),
        shape=tuple(int(size) for size in data["shape"]),
        types={str(key): Fixed.parse(text) for key, text in data["types"].items()},
        source=str(data["source"]),
    )


def _value(value: Any, hint: Any, arrays: Mapping[str, Any]) -> Any:
    match value:
        case {"array": name}:
            return np.array(arrays[name])
        case {"elements": types}:
            return ElementTypes.from_dict({key: _value(part, None, arrays) for key, part in types.items()})
        case {"fixed": text}:
            return Fixed.parse(text)
        case list():
            return tuple(_value(item, None, arrays) for item in value)
        case str() if isinstance(hint, type) and issubclass(hint, StrEnum):
            return hint(value)
        case _:
            return value


def is_stored(content: Content) -> bool:
    """Whether a folder holds a graph in the files that an export writes."""
    return content.is_folder and {GRAPH, ARRAYS} <= content.members


def read_stored(content: Content) -> Graph:
    """Read the graph of an exported folder.

    Raises:
        ModelError: If a file cannot be read.
        ConfigError: If the data is damaged or of another format.
    """
    try:
        data = read_json(content.path / GRAPH, MAX_JSON_BYTES)
        with open_regular(content.path / ARRAYS) as file, np.load(file, allow_pickle=False) as stored:
            return graph_from_plain(data, dict(stored))
    except (OSError, ValueError, EOFError, BadZipFile, RecursionError) as error:
        raise ModelError(
            f"the graph in {content.label!r} cannot be read ({reason_of(error)}). Export the design again."
        ) from None
