"""Which variables the top function has and which call reads and writes which."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Input
from hlsexplore_hls.names import identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class TopCall:
    """One call of the top function.

    Attributes:
        node: Name of the layer it computes, or of the tensor that it copies.
        is_copy: Whether it only copies a tensor.
        reads: Variables that it reads.
        writes: Variables that it writes.
    """

    node: str
    is_copy: bool
    reads: tuple[str, ...]
    writes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """The body of the top function.

    Attributes:
        inputs: Variable of each input port, by name of the node.
        outputs: Variable of each output port, in the graph's order.
        buffers: Name of the node whose tensor it holds, by name of the inner variable, in order of creation.
        calls: The calls, in order.
    """

    inputs: Mapping[str, str]
    outputs: tuple[str, ...]
    buffers: Mapping[str, str]
    calls: tuple[TopCall, ...]


def wire(graph: Graph, names: Mapping[str, str], is_alias: Callable[[Node], bool], has_single_readers: bool) -> Wiring:
    """Plan the variables and calls of a graph.

    Args:
        graph: The network.
        names: Identifier of every node.
        is_alias: Whether a node is only another view of what it reads, so that it needs no call.
        has_single_readers: Whether a variable may be read by one call only (dataflow), so that others get copies.
    """
    roots: dict[str, str] = {}
    for node in graph:
        roots[node.name] = roots[node.inputs[0]] if is_alias(node) else node.name
    needed = _needed(graph)
    reads: dict[str, list[tuple[str, int]]] = {name: [] for name in roots.values()}
    for node in graph:
        if node.name in needed and roots[node.name] == node.name:
            for index, source in enumerate(node.inputs):
                reads[roots[source]].append((node.name, index))
    plan = _Plan(set(names.values()))
    ports = _output_ports(graph, names, plan)
    inputs = {node.name: names[node.name] for node in graph.inputs}
    sources: dict[tuple[str, int], str] = {}
    for node in graph:
        if roots[node.name] != node.name or (node.name not in needed and node.name not in inputs):
            continue
        drains = [port for name, port in zip(graph.outputs, ports, strict=True) if roots[name] == node.name]
        own = _own_variable(node, names, drains, bool(reads[node.name]), plan)
        if not isinstance(node.op, Input):
            arguments = tuple(sources[node.name, index] for index in range(len(node.inputs)))
            plan.calls.append(TopCall(node=node.name, is_copy=False, reads=arguments, writes=(own,)))
        _distribute(
            node.name,
            own,
            [port for port in drains if port != own],
            reads[node.name],
            sources,
            plan,
            has_single_readers,
        )
    return Wiring(inputs=inputs, outputs=ports, buffers=plan.buffers, calls=tuple(plan.calls))


class _Plan:
    """Variables and calls while they are being collected."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self.buffers: dict[str, str] = {}
        self.calls: list[TopCall] = []

    def buffer(self, node: str, wanted: str) -> str:
        """Add an inner variable for the tensor of a node."""
        name = identifier(wanted, self.taken)
        self.taken.add(name)
        self.buffers[name] = node
        return name


def _output_ports(graph: Graph, names: Mapping[str, str], plan: _Plan) -> tuple[str, ...]:
    """Return the variable of each output port: the node's own name, unless an input or an earlier output has it."""
    ports: list[str] = []
    inputs = {node.name for node in graph.inputs}
    for index, name in enumerate(graph.outputs):
        if name in inputs or name in graph.outputs[:index]:
            port = identifier(f"{names[name]}_out", plan.taken)
            plan.taken.add(port)
        else:
            port = names[name]
        ports.append(port)
    return tuple(ports)


def _needed(graph: Graph) -> set[str]:
    """Nodes that an output depends on."""
    needed: set[str] = set()
    stack = list(graph.outputs)
    while stack:
        name = stack.pop()
        if name not in needed:
            needed.add(name)
            stack += graph[name].inputs
    return needed


def _own_variable(node: Node, names: Mapping[str, str], drains: Sequence[str], is_read: bool, plan: _Plan) -> str:
    """Return the variable that a node's call writes: a port if nothing else reads it, else an inner one."""
    if isinstance(node.op, Input):
        return names[node.name]
    if len(drains) == 1 and not is_read:
        return drains[0]
    if names[node.name] in drains:
        return plan.buffer(node.name, f"{names[node.name]}_inner")
    plan.buffers[names[node.name]] = node.name
    return names[node.name]


def _distribute(
    node: str,
    own: str,
    drains: Sequence[str],
    readers: Sequence[tuple[str, int]],
    sources: dict[tuple[str, int], str],
    plan: _Plan,
    has_single_readers: bool,
) -> None:
    """Give every reader of a tensor its variable, and fill output ports that need a copy."""
    if not has_single_readers:
        sources.update(dict.fromkeys(readers, own))
        plan.calls.extend(TopCall(node=node, is_copy=True, reads=(own,), writes=(port,)) for port in drains)
        return
    ends: list[str | tuple[str, int]] = [*drains, *readers]
    current = own
    for index, end in enumerate(ends):
        is_last = index == len(ends) - 1
        if isinstance(end, str):
            rest = () if is_last else (plan.buffer(node, f"{own}_rest"),)
            plan.calls.append(TopCall(node=node, is_copy=True, reads=(current,), writes=(end, *rest)))
            current = rest[0] if rest else current
        elif is_last:
            sources[end] = current
        else:
            copy, rest = plan.buffer(node, f"{own}_copy"), (plan.buffer(node, f"{own}_rest"),)
            plan.calls.append(TopCall(node=node, is_copy=True, reads=(current,), writes=(copy, *rest)))
            sources[end] = copy
            current = rest[0]
