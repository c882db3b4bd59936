"""Agreement cases of Dense layers, networks of them, and elementwise functions."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from agreement.kit import NUM_SAMPLES, OVERFLOWS, ROUNDINGS, Built, Case, chain, on_grid, random_type, single, uniform

from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import MAX_EXP_INTEGER
from hlsexplore.op_facts import PARTS
from hlsexplore.ops import TABLE_FUNCTIONS, Activation, Affine, Clip, Dense, Function, Input, Permute, PRelu, Softmax


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


def dense_cases() -> list[Case]:
    """List the cases; every mode in an accumulator that rounds, the others in part by default and in full when slow."""
    cases = [
        Case(
            f"dense_{flavour}_{rounding}_{overflow}",
            dense_case(rounding, overflow, flavour),
            is_slow=flavour in ("wide", "tight") and (i + j) % 4 != 0,
        )
        for flavour in ("wide", "narrow", "tight", "resource")
        for i, rounding in enumerate(ROUNDINGS)
        for j, overflow in enumerate(OVERFLOWS)
    ]
    cases.append(Case("dense_one_position", one_position_case((1, 3), (1, 0))))
    cases.append(Case("dense_one_pixel", one_position_case((1, 1, 3), (2, 0, 1))))
    return cases


def one_position_case(shape: tuple[int, ...], axes: tuple[int, ...]) -> Callable[[np.random.Generator], Built]:
    """Make a Dense layer at one position, whose shape the next layer needs: axes of length one change places."""

    def build(rng: np.random.Generator) -> Built:
        source = Fixed.parse("fixed<7,3>")
        dense = Dense(kernel=rng.normal(0, 1, (shape[-1], 4)), bias=rng.normal(0, 1, 4))
        made = (*shape[:-1], 4)
        types = {"weight": "fixed<6,2>", "bias": "fixed<6,2>", "accum": "fixed<14,7>", "result": "fixed<8,4,RND,SAT>"}
        moved = tuple(made[axis] for axis in axes)
        design = chain([("layer", dense, made, types), ("moved", Permute(axes=axes), moved, {})], shape, source)
        return design, uniform(rng, source, shape)

    return build


def mlp_case(index: int) -> Callable[[np.random.Generator], Built]:
    """Make a random network of Dense and ReLU layers with a softmax."""

    def build(rng: np.random.Generator) -> Built:
        sizes = [int(size) for size in rng.choice([4, 8, 10, 16], rng.integers(3, 5))]
        source = random_type(rng, (6, 14), (2, 5), overflow=Overflow.SAT)
        layers: list = []
        for i, (n_in, n_out) in enumerate(pairwise(sizes)):
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
        if function in TABLE_FUNCTIONS:
            types |= {"table": random_type(rng, (8, 18), (2, 6))}
            types |= {"table_size": int(rng.choice([256, 1024, 2048]))}
        if function.value in ("leaky_relu", "thresholded_relu", "hard_swish"):
            types |= {"weight": random_type(rng, (6, 10), (1, 2))}
        if function is Function.HARD_SIGMOID:
            types |= {"weight": Fixed(16, 0, signed=False)}
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


def prelu_case() -> Callable[[np.random.Generator], Built]:
    """Make a PReLU on random types."""

    def build(rng: np.random.Generator) -> Built:
        source = random_type(rng, (6, 16), (1, 5))
        types = {
            "input": source,
            "weight": random_type(rng, (5, 12), (1, 3)),
            "result": random_type(rng, (6, 16), (2, 6)),
        }
        return single(PRelu(kernel=rng.normal(0, 1, (8,))), (8,), (8,), types), uniform(rng, source, (8,))

    return build


def clip_case(slope: float) -> Callable[[np.random.Generator], Built]:
    """Make a clip on random types."""

    def build(rng: np.random.Generator) -> Built:
        source = random_type(rng, (6, 16), (1, 5))
        low, high, floor = rng.uniform(-0.6, 0.2) * source.high, rng.uniform(0.3, 0.9) * source.high, rng.normal()
        types = {"input": source, "result": random_type(rng, (6, 16), (2, 6))}
        if slope:
            types |= {"weight": random_type(rng, (5, 12), (1, 3)), "bias": random_type(rng, (5, 12), (1, 5))}
        return single(Clip(low=low, high=high, floor=floor, slope=slope), (8,), (8,), types), uniform(rng, source, (8,))

    return build


NO_SUCH = "hls4ml has no such function"
TERNARY = "hls4ml doubles x in its own type, and its ternary tanh of the threshold itself is 0"


def softmax_case(
    mode: str, reach: float, size: int = 1024, exp_integer: int = MAX_EXP_INTEGER
) -> Callable[[np.random.Generator], Built]:
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
            "exp_integer": exp_integer,
        }
        x = rng.uniform(-1, 1, (NUM_SAMPLES, count)) * reach * source.high
        return single(Softmax(), (count,), (count,), types), x

    return build


def default_softmax_case(type_: str) -> Callable[[np.random.Generator], Built]:
    """Make a Dense layer and a softmax with default types and table, but for the weights' on the grid."""

    def build(rng: np.random.Generator) -> Built:
        count = int(rng.integers(2, 11))
        kernel, bias = rng.normal(0, 1.5, (6, count)), rng.normal(0, 1, count)
        weight = {"weight": Fixed(12, 5), "bias": Fixed(12, 5)}
        dense = Dense(kernel=on_grid(kernel, weight["weight"]), bias=on_grid(bias, weight["bias"]))
        nodes = (
            Node(name="x", op=Input(), inputs=(), shape=(6,)),
            Node(name="dense", op=dense, inputs=("x",), shape=(count,)),
            Node(name="softmax", op=Softmax(), inputs=("dense",), shape=(count,)),
        )
        graph = Graph(name="case", nodes=nodes, outputs=("softmax",))
        design = Design.default(graph, type=type_).with_layer("dense", **weight)
        return design, rng.normal(0, 1, (NUM_SAMPLES, 6))

    return build


def pointwise_cases() -> list[Case]:
    """List the cases."""
    tables = ("sigmoid", "tanh", "softplus", "softsign", "elu", "selu")
    cases = [Case(f"{name}_{i}", pointwise_case(Function(name))) for name in ("relu", "linear") for i in range(4)]
    cases += [Case(f"relu6_{i}", pointwise_case(Function.RELU, max_value=6.0)) for i in range(2)]
    cases += [
        Case(f"{name}_{i}", pointwise_case(Function(name), **({"alpha": 1.0} if name == "elu" else {})))
        for name in tables
        for i in range(3)
    ]
    for name, alpha in (("leaky_relu", 0.3), ("thresholded_relu", 0.7), ("hard_sigmoid", 0.2)):
        cases += [Case(f"{name}_{i}", pointwise_case(Function(name), alpha=alpha)) for i in range(2)]
    cases += [
        Case(f"hard_swish_{i}", pointwise_case(Function.HARD_SWISH, alpha=1 / 6), differs=NO_SUCH) for i in range(2)
    ]
    cases += [Case(f"{part}_{i}", pointwise_case(part), differs=NO_SUCH) for part in PARTS for i in range(2)]
    cases += [Case(f"clip_{i}", clip_case(0.0), differs=NO_SUCH) for i in range(2)]
    cases += [Case(f"clip_with_a_slope_{i}", clip_case(0.3), differs=NO_SUCH) for i in range(2)]
    cases += [Case("hard_tanh", pointwise_case(Function.HARD_TANH))]
    cases += [Case("binary_tanh", pointwise_case(Function.BINARY_TANH))]
    cases += [Case("ternary_tanh", pointwise_case(Function.TERNARY_TANH, alpha=0.5), differs=TERNARY)]
    cases += [Case(f"prelu_{i}", prelu_case()) for i in range(2)]
    cases += [
        Case("elu_scaled", pointwise_case(Function.ELU, alpha=0.4), differs="our table holds alpha * (exp(x) - 1)")
    ]
    cases += [Case(f"affine_{i}", affine_case()) for i in range(4)]
    cases += [Case(f"softmax_stable_{i}", softmax_case("stable", 0.49)) for i in range(4)]
    cases += [Case(f"softmax_stable_small_{i}", softmax_case("stable", 0.49, 64)) for i in range(2)]
    cases += [Case(f"softmax_default_{i}", default_softmax_case(f"fixed<{w},{i}>")) for w, i in ((16, 6), (24, 8))]
    cases += [Case("softmax_stable_spread", softmax_case("stable", 1.0))]
    cases += [Case(f"softmax_stable_near_{i}", softmax_case("stable", 1.0, exp_integer=i)) for i in (1, 3)]
    cases += [Case(f"softmax_latency_{i}", softmax_case("latency", 0.2)) for i in range(3)]
    cases += [Case("softmax_argmax", softmax_case("argmax", 1.0))]
    return cases
