"""What the plan of a layer depends on, as a key by content."""

from functools import lru_cache
from pathlib import Path

from hlsexplore.design import Design
from hlsexplore.graph import Node
from hlsexplore.layer_config import own_types
from hlsexplore.op_facts import options
from hlsexplore.ops import Lookup
from hlsexplore.rtl_plan.netlist.cmvm import has_search
from hlsexplore.rtl_plan.netlist.timing import budget_ns, fabric
from hlsexplore.rtl_plan.tensor import BusTensor
from hlsexplore.support.cache import content_key
from hlsexplore.weights import raw_weights


def layer_key(design: Design, node: Node, inputs: tuple[BusTensor, ...], holds: bool) -> str:
    """Hash all that `plan_layer` reads; names do not count.

    Args:
        design: The design.
        node: The layer.
        inputs: Tensors that it reads.
        holds: Whether it keeps its output until the next one.
    """
    config = design.layers[node.name]
    kinds = sorted((key, repr(type_)) for key, type_ in config.types.items())
    soft = (str(config.softmax), config.exp_integer)
    knobs = (
        config.reuse,
        str(config.strategy),
        config.table_size,
        *soft,
        config.parallel,
        str(config.multiplier),
        config.dsp_budget,
    )
    parts: list[str | bytes] = [planner_version(), node.kind, repr(options(node.op)), repr((node.shape, kinds, knobs))]
    parts.append(repr((design.input_types(node.name), design.result_type(node.name), holds)))
    parts.append(repr((fabric(design.target).name, budget_ns(design.target))))
    parts += [repr((tensor.shape, tensor.fraction, tensor.arrival_ns, tensor.is_held)) for tensor in inputs]
    parts += [repr((tensor.ranges, tensor.zeros)) for tensor in inputs]
    types = own_types(node, config)
    parts.append(repr(None if types is None else types.content()))
    if isinstance(node.op, Lookup):
        parts.append(node.op.entries.tobytes())
    for key, raw in raw_weights(design, node.name).items():
        parts += [key, repr(raw.shape), raw.tobytes()]
    return content_key(parts)


@lru_cache(maxsize=1)
def planner_version() -> str:
    """Hash the planner's own code, and name the solver that it would use."""
    texts = [path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py"))]
    solver = "search" if has_search() else "shared"
    return content_key([solver, *texts])
