"""Running designs and networks on data, in blocks of bounded memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Event as CancelEvent
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsexplore.design import Design
from hlsexplore.emulate.carrier import Carrier, to_float, to_raw
from hlsexplore.emulate.plan import Plan, plan_design
from hlsexplore.errors import CancelledError, DataError
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph, Node
from hlsexplore.support.threads import one_blas_thread

Inputs = ArrayLike | Sequence[ArrayLike] | Mapping[str, ArrayLike]
"""One array for a network with one input; else a tuple in the inputs' order, or a dictionary by input name."""

BLOCK_ELEMENTS = 3 << 18
"""Elements of the widest tensor of a block: large enough that numpy's calls do not count, small enough for a cache."""
VECTOR_ROWS = 64
"""Larger blocks are multiples of this, so that kernels with the samples last have no remainder to do one by one."""
MAX_BLOCK = 2048
CHECK_ROWS = 4096
"""Samples that are checked for NaN at once."""


def emulate(design: Design, x: Inputs, cancel: CancelEvent | None = None) -> Any:
    """Compute the outputs of a design, bit for bit as its C++ and RTL.

    Args:
        design: The design.
        x: Real inputs, shape (samples, *graph.input_shape), cast to the input type here.
        cancel: Set it from another thread to stop.

    Returns:
        Real outputs, float64, shape (samples, *output_shape); a tuple of arrays when the network has several outputs.

    Raises:
        DataError: If the data does not fit the network.
        NoModelError: If a layer has no emulation.
        CancelledError: If `cancel` was set.

    Examples:
        >>> import numpy as np
        >>> from hlsexplore.graph import Graph, Node
        >>> from hlsexplore.ops import Dense, Input
        >>> nodes = (
        ...     Node(name="x", op=Input(), inputs=(), shape=(2,)),
        ...     Node(name="y", op=Dense(kernel=np.array([[0.5], [0.25]])), inputs=("x",), shape=(1,)),
        ... )
        >>> design = Design.default(Graph(name="tiny", nodes=nodes, outputs=("y",)))
        >>> emulate(design, [[1.0, 2.0], [3.0, -1.0]])
        array([[1.  ],
               [1.25]])
    """
    plan = plan_design(design)
    outputs = run_plan(plan, open_inputs(design.graph, x), cancel)
    return unpack([to_float(outputs[name], plan.spans[name].fraction) for name in design.graph.outputs])


def emulate_raw(design: Design, x: Inputs, cancel: CancelEvent | None = None) -> Any:
    """Compute the raw integers of the outputs; arguments and errors as in `emulate`.

    Returns:
        int64 (object for types wider than 63 bits), shape (samples, *output_shape); a tuple when there are several.
    """
    return unpack(raw_outputs(design, x, cancel))


def raw_outputs(design: Design, x: Inputs, cancel: CancelEvent | None = None) -> tuple[NDArray[Any], ...]:
    """Compute what `emulate_raw` does, as a tuple for one output too."""
    plan = plan_design(design)
    outputs = run_plan(plan, open_inputs(design.graph, x), cancel)
    return tuple(raw_output(plan, name, outputs[name]) for name in design.graph.outputs)


def raw_output(plan: Plan, name: str, values: Carrier) -> NDArray[Any]:
    """Return a node's result as raw integers of its type."""
    type_ = plan.types[name]
    lift = type_.fraction - plan.spans[name].fraction
    raw = to_raw(values, type_)
    return raw << lift if lift else raw


@one_blas_thread()
def run_plan(plan: Plan, inputs: Mapping[str, NDArray[Any]], cancel: CancelEvent | None = None) -> dict[str, Carrier]:
    """Run a plan over all samples.

    Args:
        plan: The plan.
        inputs: Checked inputs by name; each block is converted by itself.
        cancel: Set it from another thread to stop.

    Returns:
        The outputs by name.
    """
    count = len(next(iter(inputs.values())))
    parts: dict[str, list[Carrier]] = {name: [] for name in plan.graph.outputs}
    for block in blocks(plan, count):
        check_cancelled(cancel)
        values = {name: plan.inputs[name].cast(real(x[block])) for name, x in inputs.items()}
        results = {name: value for name, value in values.items() if name in parts}
        for name, value in plan.run(values, is_fused=True):
            if name in parts:
                results[name] = value
        for name, value in results.items():
            parts[name].append(value)
    return {name: np.concatenate(items) if len(items) > 1 else items[0] for name, items in parts.items()}


def check_cancelled(cancel: CancelEvent | None) -> None:
    """Stop if the user asked for it.

    Raises:
        CancelledError: If `cancel` is set.
    """
    if cancel is not None and cancel.is_set():
        raise CancelledError("the emulation was cancelled.")


def blocks(plan: Plan, count: int, nodes: Iterable[Node] | None = None) -> Iterator[slice]:
    """Split samples into blocks, at least one, for all nodes or for those that are computed."""
    size = block_size(plan.graph) if nodes is None else block_size(nodes)
    for start in range(0, max(count, 1), size):
        yield slice(start, min(start + size, count))


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
    nodes = graph.inputs
    if isinstance(x, Mapping):
        names = [node.name for node in nodes]
        if set(x) != set(names):
            raise DataError(f"the data has the inputs {sorted(map(str, x))}, but the model reads {names}.")
        arrays = [x[name] for name in names]
    elif len(nodes) == 1 and not (isinstance(x, tuple) and len(x) == 1):
        arrays = [x]  # type: ignore[list-item]
    else:
        if not isinstance(x, list | tuple) or len(x) != len(nodes):
            raise DataError(f"the model reads {len(nodes)} inputs: pass a tuple of {len(nodes)} arrays.")
        arrays = list(x)
    checked = {
        node.name: _check_array(node.name, node.shape, values) for node, values in zip(nodes, arrays, strict=True)
    }
    if len({len(values) for values in checked.values()}) > 1:
        counts = {name: len(values) for name, values in checked.items()}
        raise DataError(f"the inputs have different numbers of samples: {counts}.")
    return checked


def _check_array(name: str, shape: tuple[int, ...], values: ArrayLike) -> NDArray[Any]:
    try:
        array = np.asarray(values)
        array = array if array.dtype.kind in "fiub" else np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"input {name!r}: the data is no array of numbers ({error}).") from None
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
