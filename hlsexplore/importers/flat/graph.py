"""One flat op graph for ONNX and exported PyTorch programs: what both readers make, before shapes are known.

Ops have the names of ONNX, whatever the source. What ONNX passes as constant inputs in one version and as attributes
in another may come as either. `Linear` is one op beyond ONNX: x @ transposed(weight) + bias over the last axis.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from hlsexplore.importers.inspection import Inspection

BATCH = 1_000_003
"""Stands for the batch size in shapes: a prime above `MAX_AXIS`, so that its multiples are no real sizes."""
MAX_AXIS = 1 << 19
"""Largest size of one axis; 2**24 elements are the most that a tensor may have (importers/layer.py)."""
MAX_NODES = 100_000
"""Most nodes of a flat graph; an exported ResNet-152 has about 500."""

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlatNode:
    """One operation.

    Attributes:
        op: Its name in ONNX, or with the domain before a dot where it is no standard op.
        inputs: Names of the tensors that it reads; empty texts for optional ones that are absent.
        outputs: Names of the tensors that it makes.
        options: Attributes by name: numbers, texts, lists of them, or arrays.
        label: What to call it in messages and after which its layers are named.
        kind: Its class in the source, such as `Gemm` or `aten.linear`.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    label: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRange:
    """Values that are whole numbers of steps between limits.

    Attributes:
        low: Least number of steps.
        high: Largest number of steps.
        step: The step, a power of two.
    """

    low: float
    high: float
    step: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatInput:
    """An input of the network.

    Attributes:
        name: Its name.
        shape: Its shape, with `BATCH` for the axis that counts samples.
        batch: Size that the source gives to that axis, or None where it leaves it open or has none.
        known: What the source says of its values, or None.
    """

    name: str
    shape: tuple[int, ...]
    batch: int | None = None
    known: KnownRange | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlatGraph:
    """A network as its source describes it.

    Attributes:
        name: Name of the model.
        label: What to call it in messages, such as the file's name.
        inputs: Its inputs.
        constants: Arrays that the source stores, by tensor name.
        nodes: Operations in topological order.
        outputs: Names of the output tensors.
        version: Version of ONNX' standard ops (opset); 0 where options are explicit.
    """

    name: str
    label: str
    inputs: tuple[FlatInput, ...]
    constants: Mapping[str, Array]
    nodes: tuple[FlatNode, ...]
    outputs: tuple[str, ...]
    version: int = 0


__all__ = ["BATCH", "MAX_AXIS", "MAX_NODES", "Array", "FlatGraph", "FlatInput", "FlatNode", "Inspection", "KnownRange"]
