"""Which reuse factors a layer can have (docs/ir.md, section Reuse)."""

from functools import lru_cache

import numpy as np

from hlsexplore.errors import ConfigError, quoted
from hlsexplore.graph import Node
from hlsexplore.op_facts import matmul_shape


def legal_reuse(node: Node) -> tuple[int, ...]:
    """List the reuse factors that a layer accepts, ascending.

    With a matrix of n_in x n_out these are the divisors of n_in, and n_in times the divisors of n_out: every
    multiplier then serves whole columns or a whole number of outputs, the rule of the field's generators.

    Args:
        node: Any node; one without a constant matrix can only have reuse 1.
    """
    shape = matmul_shape(node.op)
    return (1,) if shape is None else legal_factors(*shape)


def check_reuse(node: Node, reuse: object) -> int:
    """Return a valid reuse factor, or say which ones are near.

    Raises:
        ConfigError: If the layer cannot have this reuse.
    """
    if isinstance(reuse, bool) or not isinstance(reuse, int | np.integer):
        raise ConfigError(f"layer {node.name!r}: reuse must be an integer, not {quoted(reuse)}.")
    reuse = int(reuse)
    legal = legal_reuse(node)
    if reuse in legal:
        return reuse
    shape = matmul_shape(node.op)
    if shape is None:
        raise ConfigError(
            f"layer {node.name!r}: reuse={quoted(reuse)}, but a {node.kind} layer multiplies by no matrix; "
            "only 1 is valid."
        )
    total = shape[0] * shape[1]
    below = [value for value in legal if value < reuse][-1:]
    above = [value for value in legal if value > reuse][:1]
    near = ", ".join(map(str, below + above))
    reason = (
        f"does not divide the {total} multiplications of this layer"
        if reuse < 1 or total % reuse
        else f"does not split the {shape[0]} x {shape[1]} matrix of this layer evenly"
    )
    raise ConfigError(
        f"layer {node.name!r}: reuse={quoted(reuse)} {reason}. Valid values near {quoted(reuse)}: {near}."
    )


@lru_cache(maxsize=1024)
def legal_factors(n_in: int, n_out: int) -> tuple[int, ...]:
    """List the reuse factors of a matrix, ascending."""
    return tuple(sorted(set(_divisors(n_in)) | {n_in * value for value in _divisors(n_out)}))


def _divisors(number: int) -> list[int]:
    return [value for value in range(1, number + 1) if number % value == 0]
