"""Running designs and networks on data, in blocks of bounded memory."""

from collections.abc import Iterable, Iterator, Mapping
from threading import Event as CancelEvent
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.design import Design
from hlsexplore.emulate.carrier import Carrier, to_float, to_raw
from hlsexplore.emulate.plan import Plan, plan_design
from hlsexplore.encoding import decoded
from hlsexplore.errors import CancelledError
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Node
from hlsexplore.reference.samples import Inputs, block_size, open_inputs, real, unpack
from hlsexplore.support.threads import one_blas_thread


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
    return unpack(real_outputs(plan, run_plan(plan, open_inputs(design.graph, x), cancel)))


def real_outputs(plan: Plan, outputs: Mapping[str, Carrier]) -> list[RealArray]:
    """Return what the outputs of a plan stand for, in the network's order."""
    graph = plan.graph
    return [decoded(to_float(outputs[name], plan.spans[name].fraction), graph[name].unit) for name in graph.outputs]


def emulate_raw(design: Design, x: Inputs, cancel: CancelEvent | None = None) -> Any:
    """Compute the raw integers of the outputs; arguments and errors as in `emulate`.

    Returns:
        int64 (object for types wider than 63 bits), shape (samples, *output_shape); a tuple when there are several.
    """
    return unpack(raw_outputs(design, x, cancel))


def raw_outputs(
    design: Design, x: Inputs, cancel: CancelEvent | None = None, is_encoded: bool = False
) -> tuple[NDArray[Any], ...]:
    """Compute what `emulate_raw` does, as a tuple for one output too.

    Args:
        design: The design.
        x: Real inputs, or with `is_encoded` the values that the hardware reads.
        cancel: Set it from another thread to stop.
        is_encoded: Whether scales that stay outside of the hardware are applied to the data already.
    """
    plan = plan_design(design)
    outputs = run_plan(plan, open_inputs(design.graph, x), cancel, is_encoded)
    return tuple(raw_output(plan, name, outputs[name]) for name in design.graph.outputs)


def raw_output(plan: Plan, name: str, values: Carrier) -> NDArray[Any]:
    """Return a node's result as raw integers of its type."""
    type_ = plan.types[name]
    lift = type_.fraction - plan.spans[name].fraction
    raw = to_raw(values, type_)
    return raw << lift if lift else raw


@one_blas_thread()
def run_plan(
    plan: Plan, inputs: Mapping[str, NDArray[Any]], cancel: CancelEvent | None = None, is_encoded: bool = False
) -> dict[str, Carrier]:
    """Run a plan over all samples.

    Args:
        plan: The plan.
        inputs: Checked inputs by name; each block is converted by itself.
        cancel: Set it from another thread to stop.
        is_encoded: As in `raw_outputs`.

    Returns:
        The outputs by name.
    """
    count = len(next(iter(inputs.values())))
    parts: dict[str, list[Carrier]] = {name: [] for name in plan.graph.outputs}
    for block in blocks(plan, count):
        check_cancelled(cancel)
        casts = {name: cast.pack if is_encoded else cast.cast for name, cast in plan.inputs.items()}
        values = {name: casts[name](real(x[block])) for name, x in inputs.items()}
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
