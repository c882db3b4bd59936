"""Pruned weights: which weights of a layer are left, by rule or one by one (docs/compression.md)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import prod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsexplore.errors import ConfigError, quoted
from hlsexplore.fixed import RealArray
from hlsexplore.op_facts import matmul_shape
from hlsexplore.ops import WEIGHT_FIELDS, DepthwiseConv, Op, Recurrent, weights

MAX_MASKED = 1 << 28
"""Most weights that a mask in a file may claim."""
MEMORY_BITS = 36
"""Bits of the widest port of a block RAM (UG473 for 7-series, UG573 for UltraScale: 36 bits of an 18 Kib block)."""
PRUNED = ("weight", "recurrent_weight")
"""Tensor keys of which `density` drops weights; explicit masks may drop biases, too."""
Bools = NDArray[np.bool_]
Groups = NDArray[np.int64]
AnyOp = TypeVar("AnyOp", bound=Op)


class Pattern(StrEnum):
    """What `density` drops: single weights, or all weights of a thing that the hardware pays for as a whole."""

    WEIGHTS = "weights"
    NEURONS = "neurons"
    MULTIPLIERS = "multipliers"
    WORDS = "words"


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Which weights of a tensor are kept. Masks are equal where their shapes and choices are.

    Attributes:
        kept: True where the weight stays, in the shape of the tensor; read-only.
        text: The same as text, such as `2x3:0Ag=`: the shape, and the bits in base 64.
    """

    kept: Bools
    text: str = field(init=False)

    def __post_init__(self) -> None:
        """Copy the choices and write them as text.

        Raises:
            ConfigError: If they are no truth values.
        """
        kept = np.array(self.kept)
        if kept.dtype != np.bool_:
            raise ConfigError(f"a mask holds true where a weight is kept, not {kept.dtype}. Convert it: mask != 0.")
        kept.flags.writeable = False
        bits = base64.b64encode(np.packbits(kept).tobytes()).decode()
        object.__setattr__(self, "kept", kept)
        object.__setattr__(self, "text", f"{'x'.join(map(str, kept.shape))}:{bits}")

    @classmethod
    def parse(cls, value: "Mask | str | ArrayLike") -> "Mask":
        """Return a mask, its text or an array of truth values as a mask.

        Raises:
            ConfigError: If the text or the array is no mask.

        Examples:
            >>> Mask.parse(Mask.parse([[True, False, True]]).text).kept.tolist()
            [[True, False, True]]
        """
        if isinstance(value, Mask):
            return value
        if not isinstance(value, str):
            return cls(np.asarray(value))
        head, _, bits = value.partition(":")
        try:
            shape = tuple(int(size) for size in head.split("x") if size.isascii() and size.isdecimal())
            data = np.frombuffer(base64.b64decode(bits, validate=True), dtype=np.uint8)
        except (ValueError, binascii.Error):
            shape, data = (), np.zeros(0, dtype=np.uint8)
        count = prod(shape)
        if not shape or "x".join(map(str, shape)) != head or count > MAX_MASKED or len(data) != (count + 7) // 8:
            raise ConfigError(f"expected a shape and bits in base 64, such as '2x3:/A==', not {quoted(value)}.")
        return cls(np.unpackbits(data, count=count).astype(bool).reshape(shape))

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return isinstance(other, Mask) and self.text == other.text

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self.text)

    def __repr__(self) -> str:
        """Return Python that makes this mask again."""
        return f"Mask.parse({self.text!r})"

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        return self.text

    @property
    def density(self) -> float:
        """Share of the weights that is kept."""
        return float(self.kept.mean()) if self.kept.size else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """How a layer's weights are pruned: first the masks, then the smallest weights until `density` of all are left.

    Attributes:
        density: Share of the weights that is kept, above 0 and up to 1.
        pattern: What is dropped as a whole.
        masks: Explicit masks, sorted by tensor key.
        reuse: Multiplications that share a multiplier; 1 where the pattern does not ask.
        interleaved: Whether a multiplier takes neighbouring inputs one after another (resource strategy).
        width: Bits of a weight in memory; 0 where the pattern does not ask.
    """

    density: float = 1.0
    pattern: Pattern = Pattern.WEIGHTS
    masks: tuple[tuple[str, Mask], ...] = ()
    reuse: int = 1
    interleaved: bool = False
    width: int = 0


def can_prune(op: Op) -> bool:
    """Whether an op multiplies with a constant matrix whose weights can be dropped."""
    return matmul_shape(op) is not None


def pruned(op: AnyOp, pruning: Pruning) -> AnyOp:
    """Return an op with dropped weights set to zero; nothing else of it changes.

    Groups with the least mean square go first; of equal ones those that come last in memory. One is always kept.

    Args:
        op: An op with a constant matrix.
        pruning: What to drop.
    """
    arrays = {key: np.where(mask.kept, weights(op)[key], 0.0) for key, mask in pruning.masks}
    if pruning.density < 1:
        for key in PRUNED:
            if key not in weights(op):
                continue
            values = arrays.get(key, weights(op)[key])
            groups = group_of(op, pruning, key)
            kept = kept_groups(values, groups, pruning.density)
            arrays[key] = np.where(kept[groups], values, 0.0)
            bias = arrays.get("bias", weights(op).get("bias"))
            if pruning.pattern is Pattern.NEURONS and bias is not None:
                arrays["bias"] = np.where(kept, bias, 0.0)
    changed: dict[str, Any] = {WEIGHT_FIELDS[key]: values for key, values in arrays.items()}
    return replace(op, **changed)


def kept_groups(values: RealArray, groups: Groups, density: float) -> Bools:
    """Choose the groups of weights that stay.

    Args:
        values: Weights.
        groups: Group of each weight, same shape.
        density: Share of the groups that is kept.

    Returns:
        True for each group that stays, shape `(groups,)`.

    Examples:
        >>> kept_groups(np.array([0.5, -2.0, 1.0, 0.1]), np.arange(4), 0.5).tolist()
        [False, True, True, False]
    """
    flat = groups.ravel()
    size = np.bincount(flat)
    worth = np.bincount(flat, weights=np.square(values.ravel())) / np.maximum(size, 1)
    kept = np.zeros(len(size), dtype=bool)
    kept[np.argsort(-worth, kind="stable")[: max(1, int(density * len(size) + 0.5))]] = True
    return kept


def group_of(op: Op, pruning: Pruning, key: str = "weight") -> Groups:
    """Number what a pattern drops as a whole: the group of each weight, in the shape of the tensor.

    Args:
        op: An op with a constant matrix.
        pruning: Pattern, and what it depends on.
        key: Tensor key.
    """
    shape = weights(op)[key].shape
    each = np.arange(prod(shape), dtype=np.int64).reshape(shape)
    rows = prod(shape[:2]) if isinstance(op, DepthwiseConv) else prod(shape[:-1])
    columns = prod(shape) // max(rows, 1)
    row, column = np.divmod(each, max(columns, 1))
    match pruning.pattern:
        case Pattern.WEIGHTS:
            return each
        case Pattern.NEURONS:
            return column
    lanes = multiplier_of(row, column, (rows, columns), pruning)
    if pruning.pattern is Pattern.MULTIPLIERS:
        return lanes
    return lanes // max(1, MEMORY_BITS // max(pruning.width, 1))


def multiplier_of(row: Groups, column: Groups, size: tuple[int, int], pruning: Pruning) -> Groups:
    """Number the multipliers that share weights, as our RTL and hls4ml's resource strategy lay them out.

    Args:
        row: Row of each weight in the layer's matrix.
        column: Column of each weight.
        size: Rows and columns of the matrix.
        pruning: Reuse and layout.
    """
    rows, turns = size[0], max(1, pruning.reuse // max(size[0], 1))
    steps = min(pruning.reuse, rows)
    groups = rows // max(steps, 1)
    group = row // max(steps, 1) if pruning.interleaved else row % max(groups, 1)
    return column // turns * groups + group


def check_masks(op: Op, masks: Mapping[str, Mask]) -> None:
    """Check explicit masks against the weights of an op.

    Raises:
        ConfigError: If a mask has another shape, or belongs to no weights of the op.
    """
    arrays = weights(op)
    for key, mask in masks.items():
        if key not in arrays:
            valid = ", ".join(repr(name) for name in arrays) or "none"
            raise ConfigError(f"a mask of {quoted(key)} came, and the weights here are: {valid}.")
        if mask.kept.shape != arrays[key].shape:
            raise ConfigError(f"the mask of {key!r} has shape {mask.kept.shape}, its weights have {arrays[key].shape}.")


def patterns_of(op: Op) -> tuple[Pattern, ...]:
    """Patterns that an op can be pruned in; the gates of a recurrent cell share no neurons and no multipliers."""
    return (Pattern.WEIGHTS,) if isinstance(op, Recurrent) else tuple(Pattern)
