"""Networks beside the one that a study was made for, with the same inputs and outputs: trained or made smaller."""

import io
import json
from zipfile import BadZipFile

import numpy as np

from hlsexplore.errors import ConfigError, HlsExploreError, StudyError
from hlsexplore.graph import Graph
from hlsexplore.importers.graph_file import graph_from_plain, graph_to_plain

_TEXT = "graph.json"


def pack(graph: Graph) -> bytes:
    """Return a network as the bytes that a study keeps."""
    data, arrays = graph_to_plain(graph)
    text = np.frombuffer(json.dumps(data).encode(), dtype=np.uint8)
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **{_TEXT: text}, **arrays)
    return stream.getvalue()


def unpack(data: bytes, digest: str) -> Graph:
    """Return the network that `pack` packed.

    Args:
        data: The bytes.
        digest: The digest that the network must have.

    Raises:
        StudyError: If the data is damaged.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        graph = graph_from_plain(json.loads(arrays.pop(_TEXT).tobytes().decode()), arrays)
    except (HlsExploreError, BadZipFile, KeyError, ValueError, EOFError, OSError, UnicodeDecodeError) as error:
        raise StudyError(f"the network {digest[:12]} of this study is damaged ({error}).") from None
    if graph.digest != digest:
        raise StudyError(f"the network {digest[:12]} of this study is damaged (its digest is {graph.digest[:12]}).")
    return graph


def check_sibling(graph: Graph, first: Graph) -> None:
    """Check that a network takes the same samples as another one and gives the same outputs.

    Raises:
        ConfigError: If not.
    """

    def ends(network: Graph) -> list[tuple[str, tuple[int, ...]]]:
        return [(node.name, node.shape) for node in (*network.inputs, *(network[name] for name in network.outputs))]

    if ends(graph) != ends(first):
        raise ConfigError(
            f"the network {graph.name!r} has other inputs or outputs than {first.name!r}, to which this study belongs."
        )
