"""The network while its scales are resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hlsexplore.encoding import AffineUnit
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node, Shape
from hlsexplore.importers.flat.sketch import Draft, free_name
from hlsexplore.importers.flat.track import Track
from hlsexplore.ops import Op


@dataclass(slots=True, kw_only=True)
class Work:
    """A network while its scales are resolved. Mutable, because nodes are appended one after another.

    Attributes:
        drafts: The drafts by name, in topological order.
        outputs: Names of the drafts that are outputs.
        nodes: Nodes so far, by name.
        taken: Names in use.
        tracks: What became of each draft.
        notes: What people should know, a sentence each.
        sums: Sums of two tensors of different scales that quantizers alone read, by draft.
        settled: Tracks whose functions or scales became layers, by node and what was pending.
    """

    drafts: Mapping[str, Draft]
    outputs: tuple[str, ...]
    nodes: dict[str, Node] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    tracks: dict[str, Track] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    sums: dict[str, tuple[Track, Track]] = field(default_factory=dict)
    settled: dict[tuple[str, tuple[int, ...]], Track] = field(default_factory=dict)

    def add(
        self,
        base: str,
        op: Op,
        inputs: tuple[str, ...],
        shape: Shape,
        source: str,
        types: Mapping[str, Fixed] | None = None,
        unit: AffineUnit | None = None,
    ) -> str:
        """Append a node under a name, or the next free one, and return its name."""
        name = free_name(base, self.taken)
        self.nodes[name] = Node(
            name=name, op=op, inputs=inputs, shape=shape, types=types or {}, source=source, unit=unit
        )
        return name

    def readers(self, name: str) -> list[Draft]:
        """Return the drafts that read one."""
        return [draft for draft in self.drafts.values() if name in draft.inputs]
