"""Two hundred random networks through the RTL flow, exactly equal to the emulator (`-m slow`)."""

from pathlib import Path

import numpy as np
import pytest
from agreement.kit import Case, chain, random_type, uniform
from agreement.rtl_runner import is_available, is_refused
from agreement.test_rtl import compare

from hlsexplore.ops import Activation, Affine, Conv, Dense, Function, Op, Pool, Reshape, Softmax
from hlsexplore.reuse import legal_reuse

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not is_available(), reason="needs verilator and a C++ compiler")]

NETWORKS = 200
BATCH = 20


def build(rng: np.random.Generator) -> tuple:
    """Make a random network: maybe a convolution and a pooling, dense layers with any reuse, any types and modes."""
    layers: list[tuple[str, Op, tuple[int, ...], dict[str, object]]] = []
    source = random_type(rng, (3, 12), (1, 5), is_signed=bool(rng.integers(2)))
    shape: tuple[int, ...] = (int(rng.integers(2, 13)),)
    first = shape
    if rng.integers(4) == 0:
        shape = first = (4, 4, int(rng.integers(1, 3)))
        filters = int(rng.integers(1, 4))
        kernel = rng.normal(0, 0.6, (2, 2, shape[2], filters))
        layers.append(
            ("conv", Conv(kernel=kernel, bias=rng.normal(0, 0.4, filters)), (3, 3, filters), matrix_types(rng))
        )
        pool = Pool(average=bool(rng.integers(2)), size=(2, 2), stride=(1, 1))
        pool_types = {"accum": random_type(rng, (6, 16), (2, 8)), "result": random_type(rng, (4, 12), (2, 6))}
        layers.append(("pool", pool, (2, 2, filters), pool_types))
        shape = (4 * filters,)
        layers.append(("flat", Reshape(), shape, {}))
    for index in range(int(rng.integers(1, 4))):
        count = int(rng.integers(1, 9))
        op = Dense(kernel=rng.normal(0, 0.7, (shape[0], count)), bias=rng.normal(0, 0.5, count))
        layers.append((f"fc{index}", op, (count,), matrix_types(rng) | reuse_of(rng, op, shape, count)))
        shape = (count,)
        layers += pointwise(rng, index, shape)
    if rng.integers(3) == 0:
        layers.append(
            ("soft", Softmax(), shape, {"softmax": str(rng.choice(["stable", "latency", "argmax"])), "table_size": 64})
        )
    return chain(layers, first, source), uniform(rng, source, first, 120)


def matrix_types(rng: np.random.Generator) -> dict[str, object]:
    accum = random_type(rng, (6, 28), (2, 10))
    return {
        "weight": random_type(rng, (1, 10), (0, 3)),
        "bias": random_type(rng, (1, 10), (0, 3)),
        "accum": accum,
        "result": random_type(rng, (3, 14), (1, 6)),
    }


def reuse_of(rng: np.random.Generator, op: Dense, shape: tuple[int, ...], count: int) -> dict[str, object]:
    from hlsexplore.graph import Node

    legal = legal_reuse(Node(name="n", op=op, inputs=("x",), shape=(count,)))
    return {"reuse": int(rng.choice(legal)), "strategy": str(rng.choice(["latency", "resource"]))}


def pointwise(rng: np.random.Generator, index: int, shape: tuple[int, ...]) -> list:
    kind = int(rng.integers(4))
    result = {"result": random_type(rng, (3, 12), (1, 6))}
    if kind == 0:
        op: Op = Affine(kernel=rng.normal(0, 1, shape[0]), bias=rng.normal(0, 1, shape[0]))
        extra = {"weight": random_type(rng, (3, 8), (1, 4)), "bias": random_type(rng, (3, 8), (1, 4))}
        return [(f"affine{index}", op, shape, result | extra)]
    if kind == 1:
        op = Activation(function=Function(str(rng.choice(["tanh", "sigmoid", "hard_tanh", "binary_tanh"]))))
        extra = (
            {"table": random_type(rng, (4, 12), (2, 4)), "table_size": 64} if op.function in ("tanh", "sigmoid") else {}
        )
        return [(f"act{index}", op, shape, result | extra)]
    return [(f"relu{index}", Activation(function=Function.RELU), shape, result)] if kind == 2 else []


@pytest.mark.parametrize("first", range(0, NETWORKS, BATCH))
def test_random_networks_are_exact_in_rtl(first: int, tmp_path: Path) -> None:
    cases = [Case(f"soak_{index}", build) for index in range(first, first + BATCH)]
    assert not any(is_refused(case.make()[0]) for case in cases)
    assert not (problems := compare(cases, tmp_path)), "\n".join(problems)
