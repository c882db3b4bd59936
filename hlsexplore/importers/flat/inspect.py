"""What the readers of ONNX and PyTorch share behind their flat graphs: from ops to a network of ours."""

from collections.abc import Mapping
from dataclasses import replace

from hlsexplore.graph import Graph, Node
from hlsexplore.importers.flat.absorb import absorbed
from hlsexplore.importers.flat.carry import CARRIED, Carried
from hlsexplore.importers.flat.entry import encoded
from hlsexplore.importers.flat.graph import FlatGraph
from hlsexplore.importers.flat.scales import applied, entry, plain, quantize, returned, scaled
from hlsexplore.importers.flat.sketch import Draft, FakeQuant
from hlsexplore.importers.flat.sums import quantized_sum
from hlsexplore.importers.flat.track import Track
from hlsexplore.importers.flat.walk import Walked, walk
from hlsexplore.importers.flat.work import Work
from hlsexplore.importers.inspection import Inspection, LayerInfo
from hlsexplore.ops import Activation, Affine, Clip, Input, PRelu


def inspect_flat(graph: FlatGraph) -> Inspection:
    """List the layers of a flat graph and everything in it that does not fit, and make its network.

    Args:
        graph: The flat graph.

    Raises:
        ModelError: If it is damaged, or weights are NaN or infinite.
    """
    walked = walk(graph)
    if walked.problems:
        return Inspection(name=graph.name, layers=walked.infos, problems=walked.problems, graph=None)
    work = Work(drafts=_reached(walked), outputs=tuple(tensor.node for tensor in walked.outputs))
    for draft in work.drafts.values():
        if draft.name not in work.tracks:
            _append(work, draft)
    outputs = tuple(returned(work, tensor) for tensor in walked.outputs)
    network = Graph(name=graph.name, nodes=tuple(_needed(work, outputs)), outputs=outputs)
    names = {name: track.node for name, track in work.tracks.items()}
    layers = _kept(walked.infos, names, network)
    return Inspection(name=graph.name, layers=layers, problems=(), notes=(*walked.notes, *work.notes), graph=network)


def _append(work: Work, draft: Draft) -> None:
    """Append what a draft becomes."""
    op = draft.op
    if isinstance(op, Input):
        if not encoded(work, draft):
            work.tracks[draft.name] = entry(work, draft)
        return
    work.tracks[draft.name] = _track(work, draft)


def _track(work: Work, draft: Draft) -> Track:
    op = draft.op
    match op:
        case FakeQuant() if draft.inputs[0] in work.sums:
            return quantized_sum(work, draft, op)
        case FakeQuant():
            return quantize(work, draft, op)
        case Affine():
            return scaled(work, draft, op)
        case Activation() | Clip() | PRelu():
            return applied(work, draft, op)
        case _ if type(op) in CARRIED:
            return CARRIED(Carried(work=work, draft=draft), op)
        case _:
            return plain(work, draft, op)


def _reached(walked: Walked) -> dict[str, Draft]:
    """Return the drafts that the outputs depend on, and all inputs; equal quantizers of one tensor are one."""
    outputs = frozenset(tensor.node for tensor in walked.outputs)
    kept = absorbed(walked.sketch.drafts, outputs).values()
    same: dict[str, str] = {}
    found: dict[str, Draft] = {}
    known: dict[tuple[str, ...], str] = {}
    for item in kept:
        draft = replace(item, inputs=tuple(same.get(name, name) for name in item.inputs))
        key = _content(draft)
        if key is not None and key in known and draft.name not in outputs:
            same[draft.name] = known[key]
            continue
        if key is not None:
            known[key] = draft.name
        found[draft.name] = draft
    return found


def _content(draft: Draft) -> tuple[str, ...] | None:
    """Return what a quantizer does, as text; None for other ops."""
    op = draft.op
    if not isinstance(op, FakeQuant):
        return None
    arrays = (op.scale, op.zero, op.out_scale, op.out_zero)
    plain_ = (op.low, op.high, op.rounding, op.is_bipolar, op.cut)
    return (*draft.inputs, *(repr(item.tolist()) for item in arrays), *map(str, plain_))


def _needed(work: Work, outputs: tuple[str, ...]) -> list[Node]:
    """Return the nodes that the outputs depend on, and all inputs."""
    wanted: set[str] = set()
    stack = list(outputs)
    while stack:
        name = stack.pop()
        if name not in wanted:
            wanted.add(name)
            stack += work.nodes[name].inputs
    return [node for node in work.nodes.values() if node.name in wanted or isinstance(node.op, Input)]


def _kept(infos: tuple[LayerInfo, ...], names: Mapping[str, str], network: Graph) -> tuple[LayerInfo, ...]:
    """Name only the nodes that are still there."""
    return tuple(
        replace(info, nodes=tuple(dict.fromkeys(names[name] for name in info.nodes if names.get(name) in network)))
        for info in infos
    )
