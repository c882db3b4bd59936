"""Samples that a network reads: checked, in blocks of bounded memory."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsexplore.errors import DataError
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph, Node, Shape
from hlsexplore.support.values import real_array

Inputs = ArrayLike | Sequence[ArrayLike] | Mapping[str, ArrayLike]
"""One array for a network with one input; else a tuple in the inputs' order, or a dictionary by input name."""

BLOCK_ELEMENTS = 3 << 18
"""Elements of the widest tensor of a block: large enough that numpy's calls do not count, small enough for a cache."""
VECTOR_ROWS = 64
"""Larger blocks are multiples of this, so that kernels with the samples last have no remainder to do one by one."""
MAX_BLOCK = 2048
CHECK_ROWS = 4096
"""Samples that are checked for NaN at once."""


def block_size(nodes: Iterable[Node]) -> int:
    """Samples of a block, so that the widest tensor has about BLOCK_ELEMENTS elements."""
    widest = max((node.num_elements for node in nodes), default=1)
    size = int(min(max(BLOCK_ELEMENTS // max(widest, 1), 1), MAX_BLOCK))
    return size - size % VECTOR_ROWS if size > VECTOR_ROWS else size


def unpack(outputs: Sequence[NDArray[Any]]) -> Any:
    """Return the only array, or a tuple of them."""
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


def real(block: NDArray[Any]) -> RealArray:
    """Return a block of data as float64."""
    return np.asarray(block, dtype=np.float64)


def check_inputs(graph: Graph, x: Inputs) -> dict[str, RealArray]:
    """Check data against a network and convert it; arguments and errors as for `open_inputs`.

    Returns:
        float64 arrays, (samples, *shape), by input name.
    """
    return {name: real(values) for name, values in open_inputs(graph, x).items()}


def open_inputs(graph: Graph, x: Inputs) -> dict[str, NDArray[Any]]:
    """Check data against a network without copying it, so that a file on disk may stay there.

    Args:
        graph: The network.
        x: The data.

    Returns:
        Arrays of real numbers, (samples, *shape), by input name.

    Raises:
        DataError: If a name, a shape or a number of samples is wrong, or a value is NaN or infinite.
    """
    return open_arrays({node.name: node.shape for node in graph.inputs}, x)


def open_arrays(shapes: Mapping[str, Shape], x: Inputs) -> dict[str, NDArray[Any]]:
    """Check data as `open_inputs` does.

    Args:
        shapes: Shape of each input by name, without the axis of the samples.
        x: The data.
    """
    if isinstance(x, Mapping):
        names = list(shapes)
        if set(x) != set(names):
            raise DataError(f"the data has the inputs {sorted(map(str, x))}, but the model reads {names}.")
        arrays = [x[name] for name in names]
    elif len(shapes) == 1 and not (isinstance(x, tuple) and len(x) == 1):
        arrays = [x]  # type: ignore[list-item]
    else:
        if not isinstance(x, list | tuple) or len(x) != len(shapes):
            raise DataError(f"the model reads {len(shapes)} inputs: pass a tuple of {len(shapes)} arrays.")
        arrays = list(x)
    checked = {
        name: _check_array(name, shape, values) for (name, shape), values in zip(shapes.items(), arrays, strict=True)
    }
    if len({len(values) for values in checked.values()}) > 1:
        counts = {name: len(values) for name, values in checked.items()}
        raise DataError(f"the inputs have different numbers of samples: {counts}.")
    return checked


def _check_array(name: str, shape: tuple[int, ...], values: ArrayLike) -> NDArray[Any]:
    array = real_array(values, f"input {name!r}")
    if array.shape[1:] != shape or array.ndim != len(shape) + 1:
        expected = ", ".join(map(str, ("samples", *shape)))
        raise DataError(f"input {name!r}: the data has shape {array.shape}, but the model reads ({expected}).")
    finite = (np.isfinite(array[i : i + CHECK_ROWS]) for i in range(0, len(array), CHECK_ROWS))
    bad = sum(0 if part.all() else int((~part).sum()) for part in finite)
    if bad:
        raise DataError(
            f"input {name!r}: {bad} of {array.size} values are NaN or infinite. Remove these samples first."
        )
    return array
