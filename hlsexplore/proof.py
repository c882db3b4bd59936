"""What the importer proved of requantizations, and whether a design still keeps it (docs/ir.md, section Scales)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hlsexplore.design import Design
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Requantize


class Proof(StrEnum):
    """What is known of the integers of a requantization."""

    EQUAL = "proven equal"
    CHANGED = "proof lost"
    OPEN = "not proven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """The requantizations of a network or design.

    Attributes:
        equal: Those that give the model's integer for every input that can reach them.
        changed: Those that did, before the design changed their types.
        open: Those of which that is not proven.
    """

    equal: tuple[str, ...]
    changed: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def total(self) -> int:
        """Number of requantizations."""
        return len(self.equal) + len(self.changed) + len(self.open)

    @property
    def sentence(self) -> str:
        """What they are, for people; empty if there are none."""
        if not self.total:
            return ""
        text = (
            f"Proven equal: {len(self.equal)} of {self.total} requantizations give the model's integer for every input "
            "that can reach them."
        )
        if self.changed:
            text += f" The design changed the types of {', '.join(map(repr, self.changed))}."
        return text

    def to_dict(self) -> dict[str, list[str]]:
        """Return the names as plain data."""
        return {"proven_equal": list(self.equal), "proof_lost": list(self.changed), "not_proven": list(self.open)}


def proof_of(node: Node, design: Design | None = None) -> Proof | None:
    """Return what is known of a node.

    Args:
        node: A node of a network.
        design: Its design; without one the model's own types are meant.

    Returns:
        None if it is no requantization.
    """
    if not isinstance(node.op, Requantize):
        return None
    if not node.op.proven:
        return Proof.OPEN
    types = {} if design is None else design.layers[node.name].types
    return Proof.CHANGED if any(types.get(key, own) != own for key, own in node.types.items()) else Proof.EQUAL


def proofs(graph: Graph, design: Design | None = None) -> Proofs:
    """Sort the requantizations of a network by what is known of them.

    Args:
        graph: The network.
        design: Its design; without one the model's own types are meant.
    """
    found: Mapping[str, Proof | None] = {node.name: proof_of(node, design) for node in graph}

    def those(kind: Proof) -> tuple[str, ...]:
        return tuple(name for name, proof in found.items() if proof is kind)

    return Proofs(equal=those(Proof.EQUAL), changed=those(Proof.CHANGED), open=those(Proof.OPEN))
