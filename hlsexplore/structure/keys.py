"""What the plan of a layer depends on, as a key by content."""

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files

from hlsexplore.cache import content_key
from hlsexplore.design import Design
from hlsexplore.graph import Node
from hlsexplore.ops import options
from hlsexplore.structure.tensor import Tensor
from hlsexplore.structure.timing import budget_ns, fabric
from hlsexplore.weights import raw_weights


def layer_key(design: Design, node: Node, inputs: tuple[Tensor, ...], holds: bool) -> str:
    """Hash all that `plan_layer` reads; names do not count.

    Args:
        design: The design.
        node: The layer.
        inputs: Tensors that it reads.
        holds: Whether it keeps its output until the next one.
    """
    config = design.layers[node.name]
    types = sorted((key, repr(type_)) for key, type_ in config.types.items())
    knobs = (config.reuse, str(config.strategy), config.table_size, str(config.softmax), config.parallel)
    parts: list[str | bytes] = [planner_version(), node.kind, repr(options(node.op)), repr((node.shape, types, knobs))]
    parts.append(repr((design.input_types(node.name), design.result_type(node.name), holds)))
    parts.append(repr((fabric(design.target).name, budget_ns(design.target))))
    parts += [repr((tensor.shape, tensor.fraction, tensor.arrival_ns, tensor.is_held)) for tensor in inputs]
    parts += [repr(tensor.ranges) for tensor in inputs]
    for key, raw in raw_weights(design, node.name).items():
        parts += [key, repr(raw.shape), raw.tobytes()]
    return content_key(parts)


@lru_cache(maxsize=1)
def planner_version() -> str:
    """Hash the planner's own code, and name the solver that it would use."""
    folder = files("hlsexplore.structure")
    texts = [
        item.read_bytes() for item in sorted(folder.iterdir(), key=lambda item: item.name) if item.name[-3:] == ".py"
    ]
    try:
        solver = version("da4ml")
    except PackageNotFoundError:
        solver = "none"
    return content_key([solver, *texts])
