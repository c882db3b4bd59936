"""Samples and labels: checked against a graph, read from `.npz` files, identified by a digest."""

import hashlib
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import DataError, unknown_name
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph
from hlsexplore.support.files import open_regular, reason_of
from hlsexplore.support.values import real_array
from hlsexplore.task import numbers

Samples = RealArray | tuple[RealArray, ...]
"""Inputs of a network: one array, shape `(samples, *input_shape)`, or one for each input in the graph's order."""
Labels = NDArray[Any] | Mapping[str, NDArray[Any]]
"""Labels of the only or the first output, or of several by their names."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Data:
    """Samples with their labels.

    Attributes:
        x: Inputs, one array or one for each input of the graph.
        labels: Class numbers, one-hot rows or wanted values, for several outputs by their names; None when unknown.
    """

    x: Samples
    labels: Labels | None = None

    @property
    def num_samples(self) -> int:
        """How many samples there are."""
        return len(self.x[0] if isinstance(self.x, tuple) else self.x)


class NamedTensor(Protocol):
    """An input or output of a network or of a generated project."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape without the batch axis."""
        ...


def load_data(path: str | Path, inputs: Sequence[NamedTensor], outputs: Sequence[str] | Mapping[str, str] = ()) -> Data:
    """Read an `.npz` file with `x` and optionally `y`.

    Several inputs need a key each: `x_NAME`, their names, or `x0`, `x1`, ... in order. Labels of several outputs have
    the keys `y_NAME`; a plain `y` belongs to the first one. Nothing in the file is executed: pickled objects are
    refused.

    Args:
        path: File to read.
        inputs: What the samples are for, such as `graph.inputs`.
        outputs: Names of the outputs that labels may be for, such as `graph.outputs`, or what else they may be called,
            `graph.output_spellings`.

    Raises:
        DataError: If the file is missing or broken, a key is missing, or an array does not fit the network.
    """
    source = Path(path)
    arrays = _read_arrays(source)
    try:
        found = _inputs_in(arrays, inputs)
        x = _check(inputs, found[0] if len(found) == 1 else found)
        data = Data(x=x, labels=_labels_in(arrays, outputs))
        check_labels(data)
    except DataError as error:
        raise DataError(f"{source.name}: {error}") from None
    return data


def _inputs_in(arrays: Mapping[str, NDArray[Any]], inputs: Sequence[NamedTensor]) -> list[NDArray[Any]]:
    """Return the arrays of the inputs."""
    names = [item.name for item in inputs]
    spellings = [[f"x_{name}" for name in names], names, [f"x{index}" for index in range(len(names))]]
    if len(names) == 1:
        spellings = [["x"], spellings[0]]
    keys = next((keys for keys in spellings if any(key in arrays for key in keys)), spellings[0])
    missing = [key for key in keys if key not in arrays]
    if missing:
        raise DataError(unknown_name("key", missing[0], arrays, "The file"))
    return [arrays[key] for key in keys]


def _labels_in(arrays: Mapping[str, NDArray[Any]], outputs: Sequence[str] | Mapping[str, str]) -> Labels | None:
    """Return the labels, by output where they are given so."""
    spellings = outputs if isinstance(outputs, Mapping) else {name: name for name in outputs}
    named: dict[str, NDArray[Any]] = {}
    for key, values in arrays.items():
        if not spellings or not key.startswith("y_"):
            continue
        if key[2:] not in spellings:
            known = [f"y_{name}" for name in sorted(spellings)]
            raise DataError(unknown_name("key", key, known, "The model, for labels,"))
        name = spellings[key[2:]]
        if name in named:
            raise DataError(f"the labels of output {name!r} are given twice. Give each output's labels once.")
        named[name] = values
    if not named:
        return arrays.get("y")
    if "y" in arrays:
        raise DataError(f"labels are both in 'y' and in 'y_{next(iter(named))}'. Give each output's labels once.")
    ordered = {name: named[name] for name in dict.fromkeys(spellings.values()) if name in named}
    return ordered if len(set(spellings.values())) > 1 else next(iter(ordered.values()))


def check_samples(graph: Graph, x: Any) -> Samples:
    """Return samples as float64 arrays that fit a graph.

    Args:
        graph: The network.
        x: An array of shape `(samples, *input_shape)`; for several inputs a sequence, or a mapping by input name.

    Raises:
        DataError: If a shape does not fit, a value is NaN or infinite, or there are no samples.
    """
    return _check(graph.inputs, x)


def _check(nodes: Sequence[NamedTensor], x: Any) -> Samples:
    if len(nodes) == 1:
        if isinstance(x, Mapping):
            x = _by_name(nodes, x)[0]
        return _checked(nodes[0], x)
    parts = _by_name(nodes, x) if isinstance(x, Mapping) else x
    if not isinstance(parts, Sequence) or len(parts) != len(nodes):
        raise DataError(f"the model has {len(nodes)} inputs ({_names(nodes)}); give an array for each.")
    arrays = tuple(_checked(node, part) for node, part in zip(nodes, parts, strict=True))
    counts = {len(array) for array in arrays}
    if len(counts) > 1:
        raise DataError(f"the inputs have different numbers of samples: {', '.join(map(str, sorted(counts)))}.")
    return arrays


def check_labels(data: Data) -> None:
    """Check that there is a label for each sample.

    Raises:
        DataError: If the numbers differ or the labels are no finite numbers.
    """
    for labels in _label_arrays(data):
        if labels.ndim == 0 or len(labels) != data.num_samples:
            count = len(labels) if labels.ndim else 1
            raise DataError(f"there are {count} labels for {data.num_samples} samples.")
        numbers(labels)


def _label_arrays(data: Data) -> list[NDArray[Any]]:
    if data.labels is None:
        return []
    return list(data.labels.values()) if isinstance(data.labels, Mapping) else [data.labels]


def data_digest(data: Data) -> str:
    """Return a content hash of samples and labels.

    Examples:
        >>> data_digest(Data(x=np.zeros((2, 3)))) == data_digest(Data(x=np.zeros((3, 2))))
        False
    """
    digest = hashlib.sha256()
    arrays: list[NDArray[Any]] = list(data.x) if isinstance(data.x, tuple) else [data.x]
    if isinstance(data.labels, Mapping):
        digest.update(repr(tuple(data.labels)).encode())
    arrays += [labels.astype(np.float64) for labels in _label_arrays(data)]
    for array in arrays:
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _read_arrays(source: Path) -> dict[str, NDArray[Any]]:
    if not source.exists():
        raise DataError(f"there is no file {str(source)!r}.")
    try:
        with open_regular(source) as stream:
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DataError(f"{source.name} holds a single array. Save it with numpy.savez(path, x=x, y=labels).")
            with archive:
                return {name: archive[name] for name in archive.files}
    except (
        OSError,
        ValueError,
        EOFError,
        LookupError,
        TypeError,
        AttributeError,
        SyntaxError,
        RuntimeError,  # encrypted, or a method that is not known (NotImplementedError)
        MemoryError,
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        tokenize.TokenError,  # numpy parses the headers of arrays as Python's literals
    ) as error:
        raise DataError(
            f"{source.name or source} cannot be read: {reason_of(error)}. Expected a file written with "
            "numpy.savez(path, x=x, y=labels)."
        ) from None


def _checked(node: NamedTensor, values: Any) -> RealArray:
    array: RealArray = real_array(values, f"the samples of input {node.name!r}").astype(np.float64, copy=False)
    expected = ", ".join(["samples", *map(str, node.shape)])
    if array.shape[1:] != node.shape or array.ndim == 0:
        raise DataError(f"input {node.name!r} needs samples of shape ({expected}), not {array.shape}.")
    if not len(array):
        raise DataError(f"input {node.name!r} needs at least one sample.")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise DataError(
            f"input {node.name!r}: {bad} of {array.size} values are NaN or infinite. Remove such samples first."
        )
    return array


def _by_name(nodes: Sequence[NamedTensor], values: Mapping[Any, Any]) -> list[Any]:
    names = [node.name for node in nodes]
    for name in values:
        if name not in names:
            raise DataError(unknown_name("input", name, names, "The model"))
    missing = [name for name in names if name not in values]
    if missing:
        raise DataError(f"the samples of input {missing[0]!r} are missing.")
    return [values[name] for name in names]


def _names(nodes: Sequence[NamedTensor]) -> str:
    return ", ".join(repr(node.name) for node in nodes)
