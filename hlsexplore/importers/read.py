"""The one door of all importers: what a model is, is found from its content, and a row of a table reads it.

A new front end is a module with a `read` and an `inspect` function, and a row here (docs/importers.md).
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.graph import Graph
from hlsexplore.importers.content import Content, look
from hlsexplore.importers.files import is_json, is_keras_archive, is_keras_hdf5, read_archive, read_hdf5, read_pair
from hlsexplore.importers.flat import inspect_flat
from hlsexplore.importers.foreign import foreign_format, foreign_object
from hlsexplore.importers.graph_file import is_stored, read_stored
from hlsexplore.importers.hls4ml.members import is_project
from hlsexplore.importers.hls4ml.read import inspect_network, read_network
from hlsexplore.importers.inspection import Inspection, inspect_graph
from hlsexplore.importers.keras import inspect_keras
from hlsexplore.importers.live import read_live
from hlsexplore.importers.onnx import is_onnx, read_onnx, read_onnx_object
from hlsexplore.importers.pt2 import is_pt2, read_pt2
from hlsexplore.importers.torch_live import read_module
from hlsexplore.passes import fuse_affine

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader(Generic[S]):
    """A format of model files.

    Attributes:
        name: What people call it.
        recognises: Whether a content is of this format; looks at head and list of members, reads nothing.
        read: Reads it as data, without executing anything of it. `content.weights` is None unless `takes_weights`.
        inspect: Turns what was read into layers and a graph, batch normalisations unfused.
        takes_weights: Whether the weights lie in a second file.
    """

    name: str
    recognises: Callable[[Content], bool]
    read: Callable[[Content], S]
    inspect: Callable[[S], Inspection]
    takes_weights: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveReader(Generic[S]):
    """A framework whose models are read from memory.

    Attributes:
        name: What people call it.
        read: Reads a model, given with an example of its input, through its own public methods.
        inspect: As in `Reader`.
        takes_example: Whether a model may need the example; else that is None.
    """

    name: str
    read: Callable[[Any, Any], S]
    inspect: Callable[[S], Inspection]
    takes_example: bool = False


READERS: tuple[Reader[Any], ...] = (
    Reader(name="a Keras archive (.keras)", recognises=is_keras_archive, read=read_archive, inspect=inspect_keras),
    Reader(name="a Keras HDF5 file (.h5)", recognises=is_keras_hdf5, read=read_hdf5, inspect=inspect_keras),
    Reader(name="an ONNX model (.onnx)", recognises=is_onnx, read=read_onnx, inspect=inspect_flat),
    Reader(name="an exported PyTorch program (.pt2)", recognises=is_pt2, read=read_pt2, inspect=inspect_flat),
    Reader(name="a design exported for hls4ml", recognises=is_stored, read=read_stored, inspect=inspect_graph),
    Reader(name="an hls4ml project", recognises=is_project, read=read_network, inspect=inspect_network),
    Reader(
        name="a Keras architecture (.json)",
        recognises=is_json,
        read=read_pair,
        inspect=inspect_keras,
        takes_weights=True,
    ),
)
"""Formats in the order in which they are tried."""

_KERAS = LiveReader(
    name="a live Keras, QKeras or HGQ2 model", read=lambda model, example: read_live(model), inspect=inspect_keras
)

_ONNX = LiveReader(name="a live ONNX model", read=lambda model, example: read_onnx_object(model), inspect=inspect_flat)
_TORCH = LiveReader(name="a live PyTorch module", read=read_module, inspect=inspect_flat, takes_example=True)

LIVE_READERS: Mapping[str, LiveReader[Any]] = MappingProxyType(
    {"keras": _KERAS, "tf_keras": _KERAS, "onnx": _ONNX, "qonnx": _ONNX, "torch": _TORCH}
)
"""Frameworks by the package that defines a model's class or one of its bases."""


def read_model(source: Any, weights: Any = None, *, example: Any = None, fuse_batchnorm: bool = True) -> Graph:
    """Read a trained network.

    Nothing in a file is executed, and no framework is imported. Its content decides how it is read, not its name.

    Args:
        source: Path of a model file, or a live model.
        weights: Path of the weights, for formats that keep them in a second file.
        example: An input, or a tuple of them, of a live PyTorch module that does not say what it reads.
        fuse_batchnorm: Whether batch normalisations are fused into the products before them where that is exact.

    Returns:
        The network.

    Raises:
        UnsupportedError: If layers or options are not supported; lists all of them with a way out.
        ModelError: If the file is missing, damaged or no model that can be read, or weights are NaN or infinite.
    """
    inspection = inspect_model(source, weights, example=example, fuse_batchnorm=fuse_batchnorm)
    if inspection.graph is None:
        raise UnsupportedError(inspection.problems)
    return inspection.graph


def inspect_model(source: Any, weights: Any = None, *, example: Any = None, fuse_batchnorm: bool = True) -> Inspection:
    """Read a network and list its layers and everything in it that is not supported.

    Args:
        source: Path of a model file, or a live model.
        weights: As in `read_model`.
        example: As in `read_model`.
        fuse_batchnorm: As in `read_model`.

    Raises:
        ModelError: If the file is missing, damaged or no model that can be read, or weights are NaN or infinite.
    """
    if weights is not None and not isinstance(weights, str | os.PathLike):
        raise ModelError(f"weights is the path of a file, not {type(weights).__name__!r}. Pass the path as text.")
    if isinstance(source, str | os.PathLike):
        found = _inspect_file(look(Path(source), None if weights is None else Path(weights)))
    else:
        found = _inspect_object(source, weights, example)
    if found.graph is None or not fuse_batchnorm:
        return found
    return replace(found, graph=fuse_affine(found.graph))


def _inspect_file(content: Content) -> Inspection:
    """Hand a file to the first reader that recognises it.

    Raises:
        ModelError: If none does; names the format if it is known.
    """
    reader = next((reader for reader in READERS if reader.recognises(content)), None)
    if reader is None:
        raise ModelError(foreign_format(content))
    if content.weights is not None and not reader.takes_weights:
        raise ModelError(
            f"{content.label!r} is {reader.name}, which holds its own weights. Leave {content.weights.name!r} out."
        )
    return reader.inspect(reader.read(content))


def _inspect_object(source: Any, weights: Any, example: Any) -> Inspection:
    """Hand a live model to the reader of its framework.

    Raises:
        ModelError: If there is none, or weights or an example came beside it that it does not take.
    """
    packages = [base.__module__.split(".")[0] for base in type(source).__mro__]
    reader = next((LIVE_READERS[name] for name in packages if name in LIVE_READERS), None)
    if reader is None or isinstance(source, type):
        raise ModelError(foreign_object(source, packages))
    if weights is not None:
        raise ModelError("a live model holds its own weights. Leave weights out, or pass the path of the architecture.")
    if example is not None and not reader.takes_example:
        raise ModelError(f"{reader.name} knows what it reads. Leave the example out.")
    return reader.inspect(reader.read(source, example))
