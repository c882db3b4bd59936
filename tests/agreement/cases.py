"""The registry of agreement cases: one small design per op and situation, run through every executor.

Executors are the emulator, our compiled C++, our simulated RTL and, as the outside oracle, hls4ml's compiled C++.
Each compares raw integers with the emulator's, exactly. Add a case here and every executor runs it:

    from agreement.cases import CASES, Case
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, Overflow, Rounding, quantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Affine, Dense, Function, Input, Op, Softmax, weights
from hlsexplore.target import Target

ROUNDINGS = tuple(Rounding)
OVERFLOWS = tuple(Overflow)
NUM_SAMPLES = 300

Built = tuple[Design, np.ndarray | tuple[np.ndarray, ...]]


@dataclass(frozen=True)
class Case:
    """A design and its data, built when it is needed.

    Attributes:
        name: Unique name; also seeds the random numbers.
        build: Makes the design and the inputs from a generator.
        differs: Why hls4ml computes something else on purpose, or does not support it; empty if it must agree.
        is_slow: Whether it runs only with `-m slow`.
    """

    name: str
    build: Callable[[np.random.Generator], Built]
    differs: str = ""
    is_slow: bool = False

    def make(self) -> Built:
        """Build the design and the inputs, the same ones each time."""
        return _make(self)


@lru_cache(maxsize=512)
def _make(case: Case) -> Built:
    return case.build(np.random.default_rng(zlib.crc32(case.name.encode())))


def random_type(
    rng: np.random.Generator,
    width: tuple[int, int] = (4, 16),
    integer: tuple[int, int] = (1, 6),
    is_signed: bool = True,
    rounding: Rounding | None = None,
    overflow: Overflow | None = None,
) -> Fixed:
    """Draw a type; modes are drawn too unless given."""
    return Fixed(
        int(rng.integers(width[0], width[1] + 1)),
        int(rng.integers(integer[0], integer[1] + 1)),
        signed=is_signed,
        rounding=rounding or ROUNDINGS[rng.integers(len(ROUNDINGS))],
        overflow=overflow or OVERFLOWS[rng.integers(len(OVERFLOWS))],
    )


def on_grid(values: np.ndarray, type_: Fixed) -> np.ndarray:
    """Round weights to a type's grid, so that every executor casts the same values."""
    return to_real(quantize(values, type_), type_)


def single(op: Op, shape: tuple[int, ...], out_shape: tuple[int, ...], types: dict[str, Fixed | str], **knobs) -> Design:
    """Make a design of one layer named `layer` after an input `x`.

    Args:
        op: The op; its weights are rounded to the grid of their types.
        shape: Input shape.
        out_shape: Output shape.
        types: Types by tensor key, and `input` for the input.
        **knobs: Knobs of the layer; `io` goes to the target.
    """
    return chain([("layer", op, out_shape, types | knobs)], shape, types["input"])


def chain(
    layers: list[tuple[str, Op, tuple[int, ...], dict[str, object]]], shape: tuple[int, ...], input_type: Fixed | str
) -> Design:
    """Make a design of layers in a row: (name, op, output shape, types and knobs), as in `single`."""
    io = "parallel"
    nodes = [Node(name="x", op=Input(), inputs=(), shape=shape)]
    changes: dict[str, dict[str, object]] = {"x": {"result": input_type}}
    for name, op, out_shape, settings in layers:
        settings = dict(settings)
        settings.pop("input", None)
        io = settings.pop("io", io)
        nodes.append(
            Node(name=name, op=grid_op(op, settings), inputs=(nodes[-1].name,), shape=out_shape)
        )
        if settings:
            changes[name] = settings
    graph = Graph(name="case", nodes=tuple(nodes), outputs=(nodes[-1].name,))
    design = Design.default(graph, target=Target(io=io))
    return design.with_layers(changes)


def grid_op(op: Op, types: dict[str, object]) -> Op:
    """Return the op with its weights rounded to the grid of their types."""
    from dataclasses import replace

    from hlsexplore.ops import WEIGHT_FIELDS

    rounded = {
        WEIGHT_FIELDS[key]: on_grid(values, Fixed.parse(types[key])) for key, values in weights(op).items() if key in types
    }
    return replace(op, **rounded) if rounded else op


def uniform(rng: np.random.Generator, type_: Fixed, shape: tuple[int, ...], count: int = NUM_SAMPLES) -> np.ndarray:
    """Draw inputs over a little more than a type's range, off its grid."""
    reach = 1.2 * max(abs(type_.low), abs(type_.high))
    return rng.uniform(-reach, reach, (count, *shape))


def dense_case(rounding: Rounding, overflow: Overflow, flavour: str) -> Callable[[np.random.Generator], Built]:
    """Make a random Dense layer; flavours: wide, narrow, tight (accumulator), resource (order of accumulation)."""

    def build(rng: np.random.Generator) -> Built:
        n_in, n_out = int(rng.choice([3, 4, 6, 8, 12])), int(rng.integers(1, 7))
        modes = {"rounding": rounding, "overflow": overflow}
        source = random_type(rng, (5, 12), (1, 4), is_signed=bool(rng.integers(2)))
        weight = random_type(rng, (4, 10), (0, 3))
        bias = random_type(rng, (4, 10), (0, 3))
        full = source.width + weight.width
        if flavour == "wide":
            accum = Fixed(full + 6, source.integer + weight.integer + 6, **modes)
        elif flavour == "tight":
            accum = Fixed(full - 2, source.integer + weight.integer - 2, **modes)
        else:
            accum = random_type(rng, (6, 12), (2, 5), **modes)
        knobs = {}
        if flavour == "resource":
            divisors = [r for r in range(2, n_in + 1) if n_in % r == 0]
            knobs = {"strategy": "resource", "reuse": int(rng.choice(divisors))}
        types = {
            "input": source,
            "weight": weight,
            "bias": bias,
            "accum": accum,
            "result": random_type(rng, (5, 14), (1, 6), rounding=rounding, overflow=overflow),
        }
        kernel, offset = rng.normal(0, 1, (n_in, n_out)), rng.normal(0, 1, n_out)
        design = single(Dense(kernel=kernel, bias=offset), (n_in,), (n_out,), types, **knobs)
        return design, uniform(rng, source, (n_in,))

    return build


def _dense_cases() -> list[Case]:
    return [
        Case(f"dense_{flavour}_{rounding}_{overflow}", dense_case(rounding, overflow, flavour))
        for flavour in ("wide", "narrow", "tight", "resource")
        for rounding in ROUNDINGS
        for overflow in OVERFLOWS
    ]


def mlp_case(index: int) -> Callable[[np.random.Generator], Built]:
    """Make a random network of Dense and ReLU layers with a softmax."""

    def build(rng: np.random.Generator) -> Built:
        sizes = [int(size) for size in rng.choice([4, 8, 10, 16], rng.integers(3, 5))]
        source = random_type(rng, (6, 14), (2, 5), overflow=Overflow.SAT)
        layers: list = []
        for i, (n_in, n_out) in enumerate(zip(sizes, sizes[1:], strict=False)):
            settings = {
                "weight": random_type(rng, (4, 10), (0, 2)),
                "bias": random_type(rng, (4, 10), (0, 2)),
                "accum": random_type(rng, (12, 24), (6, 8)),
                "result": random_type(rng, (8, 16), (3, 6)),
                "strategy": str(rng.choice(["latency", "resource"])),
                "reuse": int(rng.choice([r for r in range(1, n_in + 1) if n_in % r == 0])),
            }
            op = Dense(kernel=rng.normal(0, 0.7, (n_in, n_out)), bias=rng.normal(0, 0.5, n_out))
            layers.append((f"dense_{i}", op, (n_out,), settings))
            relu = Activation(function=Function.RELU)
            layers.append((f"relu_{i}", relu, (n_out,), {"result": random_type(rng, (6, 14), (3, 6))}))
        return chain(layers, (sizes[0],), source), uniform(rng, source, (sizes[0],))

    return build


def pointwise_case(function: Function, **options) -> Callable[[np.random.Generator], Built]:
    """Make an elementwise function on random types."""

    def build(rng: np.random.Generator) -> Built:
        source = random_type(rng, (8, 18), (2, 6))
        op = Activation(function=function, **options)
        types = {"input": source, "result": random_type(rng, (6, 16), (2, 5))}
        if function.value in ("sigmoid", "tanh", "softplus", "softsign", "elu", "selu"):
            types |= {"table": random_type(rng, (8, 18), (2, 6))}
            types |= {"table_size": int(rng.choice([256, 1024, 2048]))}
        return single(op, (16,), (16,), types), uniform(rng, source, (16,))

    return build


def affine_case() -> Callable[[np.random.Generator], Built]:
    """Make an affine layer (batch normalisation) on random types."""

    def build(rng: np.random.Generator) -> Built:
        source = random_type(rng, (6, 16), (1, 5))
        types = {
            "input": source,
            "weight": random_type(rng, (5, 12), (1, 4)),
            "bias": random_type(rng, (5, 12), (1, 4)),
            "result": random_type(rng, (6, 16), (2, 6)),
        }
        op = Affine(kernel=rng.normal(0, 2, 8), bias=rng.normal(0, 2, 8))
        return single(op, (8,), (8,), types), uniform(rng, source, (8,))

    return build


SOFTMAX_WRAP = "our softmax saturates max - x where hls4ml wraps"


def softmax_case(mode: str, reach: float, size: int = 1024) -> Callable[[np.random.Generator], Built]:
    """Make a softmax whose logits use a share of the input's range."""

    def build(rng: np.random.Generator) -> Built:
        source = Fixed(int(rng.integers(11, 18)), int(rng.integers(4, 7)), overflow=Overflow.SAT)
        count = int(rng.integers(2, 11))
        table = {"rounding": Rounding.RND, "overflow": Overflow.SAT}
        types = {
            "input": source,
            "exp_table": Fixed(int(rng.integers(12, 20)), 8, **table),
            "accum": Fixed(int(rng.integers(14, 20)), 8, **table),
            "inv_input": Fixed(int(rng.integers(12, 20)), int(rng.integers(5, 9)), **table),
            "inv_table": Fixed(int(rng.integers(12, 20)), 8, **table),
            "result": random_type(rng, (8, 16), (1, 4)),
            "table_size": size,
            "softmax": mode,
        }
        x = rng.uniform(-1, 1, (NUM_SAMPLES, count)) * reach * source.high
        return single(Softmax(), (count,), (count,), types), x

    return build


def _pointwise_cases() -> list[Case]:
    tables = ("sigmoid", "tanh", "softplus", "softsign", "elu", "selu")
    cases = [Case(f"{name}_{i}", pointwise_case(Function(name))) for name in ("relu", "linear") for i in range(4)]
    cases += [Case(f"relu6_{i}", pointwise_case(Function.RELU, max_value=6.0)) for i in range(2)]
    cases += [
        Case(f"{name}_{i}", pointwise_case(Function(name), **({"alpha": 1.0} if name == "elu" else {})))
        for name in tables
        for i in range(3)
    ]
    cases += [Case(f"affine_{i}", affine_case()) for i in range(4)]
    cases += [Case(f"softmax_stable_{i}", softmax_case("stable", 0.49)) for i in range(4)]
    cases += [Case(f"softmax_stable_small_{i}", softmax_case("stable", 0.49, 64)) for i in range(2)]
    cases += [Case("softmax_stable_spread", softmax_case("stable", 1.0), differs=SOFTMAX_WRAP)]
    cases += [Case(f"softmax_latency_{i}", softmax_case("latency", 0.2)) for i in range(3)]
    cases += [Case("softmax_argmax", softmax_case("argmax", 1.0))]
    return cases


CASES: tuple[Case, ...] = (
    *_dense_cases(),
    *(Case(f"mlp_{i}", mlp_case(i)) for i in range(8)),
    *_pointwise_cases(),
)
