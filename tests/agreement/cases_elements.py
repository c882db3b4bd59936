"""Agreement cases of casts where each element has a type of its own, and of tables that belong to the model."""

from collections.abc import Callable

import numpy as np
from agreement.kit import OVERFLOWS, ROUNDINGS, Built, Case, chain, random_type, uniform

from hlsexplore.design import Design
from hlsexplore.element_types import ElementTypes, quantize_elements
from hlsexplore.fixed import Fixed, Overflow, Rounding, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import (
    Activation,
    Conv,
    Dense,
    DepthwiseConv,
    Function,
    Input,
    Lookup,
    Merge,
    MergeFunction,
    Op,
    Pool,
    Quantize,
)
from hlsexplore.target import Target

UNSUPPORTED = "hls4ml takes such layers from live HGQ2 models only"


def random_elements(
    rng: np.random.Generator, shape: tuple[int, ...], rounding: Rounding, overflow: Overflow
) -> ElementTypes:
    """Draw types of elements; about a tenth of them have no bits."""
    integer, fraction = rng.integers(-1, 4, shape), rng.integers(-1, 6, shape)
    fraction = np.where(rng.random(shape) < 0.1, -4, fraction)
    return ElementTypes(
        signed=rng.random(shape) < 0.6, integer=integer, fraction=fraction, rounding=rounding, overflow=overflow
    )


def elements_case(rounding: Rounding, overflow: Overflow, **settings: object) -> Callable[..., Built]:
    """Make a cast of the elements of a vector, then a dense layer, a ReLU and a second cast."""

    def build(rng: np.random.Generator) -> Built:
        source = random_type(rng, (8, 14), (3, 5), is_signed=bool(rng.integers(2)))
        first, second = (random_elements(rng, (size,), rounding, overflow) for size in (9, 5))
        kernel = rng.normal(0, 1, (9, 5)).round(2)
        layers = [
            ("cast", Quantize(types=first), (9,), dict(settings)),
            (
                "dense",
                Dense(kernel=kernel, bias=rng.normal(0, 1, 5)),
                (5,),
                {"weight": "fixed<7,3>", "bias": "fixed<8,3>"},
            ),
            ("relu", Activation(function=Function.RELU), (5,), {"result": "ufixed<14,7,TRN,SAT>"}),
            ("again", Quantize(types=second), (5,), {}),
        ]
        return chain(layers, (9,), source), uniform(rng, source, (9,))

    return build


def image_case(op: Op, out: tuple[int, ...], io: str = "parallel", per_channel: bool = False, **settings: object):
    """Make a cast of the elements of an image before a layer that looks at several positions."""

    def build(rng: np.random.Generator) -> Built:
        source = random_type(rng, (8, 10), (3, 5))
        shape = (2,) if per_channel else (4, 5, 2)
        types = random_elements(rng, shape, Rounding.RND, Overflow.WRAP)
        made = op
        extra: dict[str, object] = {}
        if isinstance(op, Conv):
            made = Conv(kernel=rng.normal(0, 1, (3, 2, 2, 3)), bias=rng.normal(0, 1, 3), padding=op.padding)
            extra = {"weight": "fixed<6,2>", "bias": "fixed<6,2>"}
        layers = [
            ("cast", Quantize(types=types), (4, 5, 2), {"io": io}),
            ("layer", made, out, {**extra, **settings}),
        ]
        return chain(layers, (4, 5, 2), source), uniform(rng, source, (4, 5, 2), 60)

    return build


def weights_case(kind: type[Dense | Conv | DepthwiseConv], **settings: object) -> Callable[..., Built]:
    """Make a product whose single weights have types of the model and lose bits of them."""

    def build(rng: np.random.Generator) -> Built:
        source = random_type(rng, (6, 9), (2, 4))
        sizes = {Dense: (9, 5), Conv: (3, 2, 2, 3), DepthwiseConv: (2, 2, 2, 2)}
        types = random_elements(rng, sizes[kind], Rounding.RND, Overflow.SAT_SYM)
        kernel = to_real(quantize_elements(rng.normal(0, 1, (1, *types.shape)), types), types.hull())[0]
        shape, out = {
            Dense: ((9,), (5,)),
            Conv: ((4, 5, 2), (2, 4, 3)),
            DepthwiseConv: ((4, 5, 2), (3, 4, 4)),
        }[kind]
        op = kind(kernel=kernel, bias=rng.normal(0, 1, out[-1]), types=types)
        layers: list[tuple[str, Op, tuple[int, ...], dict[str, object]]] = [
            ("layer", op, out, {"weight": types.hull(), "bias": "fixed<7,3>", **settings})
        ]
        return chain(layers, shape, source), uniform(rng, source, shape, 60)

    return build


def merge_case(function: MergeFunction) -> Callable[..., Built]:
    """Make two casts of one input that meet in a merge, and an input whose data is cast element by element."""

    def build(rng: np.random.Generator) -> Built:
        a, b, own = (random_elements(rng, (8,), Rounding.RND_CONV, Overflow.SAT_SYM) for _ in range(3))
        nodes = (
            Node(name="x", op=Input(types=own), inputs=(), shape=(8,)),
            Node(name="a", op=Quantize(types=a), inputs=("x",), shape=(8,)),
            Node(name="b", op=Quantize(types=b), inputs=("x",), shape=(8,)),
            Node(name="both", op=Merge(function=function), inputs=("a", "b"), shape=(8,)),
        )
        graph = Graph(name="case", nodes=nodes, outputs=("both",))
        design = Design.default(graph, target=Target()).with_layer("both", result="fixed<14,7>")
        return design, own_values(rng, own)

    return build


def own_values(rng: np.random.Generator, types: ElementTypes) -> np.ndarray:
    """Draw data that lies on its elements' own grids, so that a cast to the bus alone gives the same integers."""
    low, high, zeros = types.limits(types.shape)
    steps = rng.integers(low >> zeros, (high >> zeros) + 1, (200, *types.shape)) << zeros
    return np.ldexp(steps.astype(float), -types.hull().fraction)


def lookup_case(source: str, table: str, entry: str, result: str, io: str = "parallel", cast: bool = False):
    """Make a table of the model, behind a cast of single elements or not."""

    def build(rng: np.random.Generator) -> Built:
        address, type_ = Fixed.parse(table), Fixed.parse(entry)
        entries = rng.integers(type_.min_raw, type_.max_raw + 1, 1 << address.width)
        op = Lookup(source=address, entries=entries, type=type_)
        layers = [("layer", op, (3, 4), {"result": result, "io": io})]
        if cast:
            types = random_elements(rng, (3, 4), Rounding.RND, Overflow.WRAP)
            layers.insert(0, ("cast", Quantize(types=types), (3, 4), {}))
        return chain(layers, (3, 4), source), uniform(rng, Fixed.parse(source), (3, 4))

    return build


def element_cases() -> list[Case]:
    """List the cases."""
    cases = [
        Case(f"elements_{rounding}_{overflow}", elements_case(rounding, overflow), differs=UNSUPPORTED)
        for rounding in ROUNDINGS
        for overflow in OVERFLOWS
    ]
    default, padding = (Rounding.RND, Overflow.WRAP), ((1, 1), (0, 1))
    conv, pool = Conv(kernel=np.zeros((3, 2, 2, 3)), padding=padding), Pool(average=False, size=(2, 2), stride=(2, 2))
    builds = {
        "elements_trimmed": elements_case(*default, trim=2),
        "elements_uniform": elements_case(*default, granularity="uniform", result="fixed<6,3,RND,SAT>"),
        "elements_narrow": elements_case(*default, result="fixed<6,3,RND_CONV,SAT>"),
        "weights_trimmed": weights_case(Dense, trim=1),
        "weights_trimmed_reused": weights_case(Dense, trim=2, reuse=9, strategy="resource"),
        "weights_trimmed_and_pruned": weights_case(Dense, trim=1, density=0.5),
        "weights_uniform": weights_case(Dense, granularity="uniform", trim=1),
        "weights_trimmed_conv": weights_case(Conv, trim=1),
        "weights_trimmed_depthwise": weights_case(DepthwiseConv, trim=1),
        "elements_reused": elements_case(*default, trim=1),
        "elements_conv": image_case(conv, (4, 5, 3)),
        "elements_conv_parallel": image_case(conv, (4, 5, 3), parallel=20),
        "elements_conv_stream": image_case(conv, (4, 5, 3), io="stream", per_channel=True),
        "elements_max_pool": image_case(pool, (2, 2, 2), result="fixed<10,5>"),
        "elements_max_pool_stream": image_case(pool, (2, 2, 2), io="stream", per_channel=True),
        "lookup_same": lookup_case("fixed<7,3>", "fixed<7,3>", "ufixed<6,1>", "ufixed<6,1>"),
        "lookup_wraps": lookup_case("fixed<9,5>", "fixed<6,3,RND,WRAP>", "fixed<7,2>", "fixed<5,2,RND,SAT>"),
        "lookup_unsigned": lookup_case("fixed<9,4>", "ufixed<6,3,TRN,SAT>", "fixed<7,2>", "fixed<9,3>"),
        "lookup_wider": lookup_case("ufixed<4,2>", "fixed<8,4>", "fixed<7,2>", "fixed<7,2>"),
        "lookup_stream": lookup_case("fixed<7,3>", "fixed<6,3,RND,SAT>", "ufixed<6,1>", "ufixed<6,1>", io="stream"),
        "lookup_of_elements": lookup_case("fixed<9,4>", "fixed<9,4>", "fixed<6,1>", "fixed<6,1>", cast=True),
    }
    # hls4ml takes weights as they are, whatever their own types are, but has no depthwise multiplier.
    lacking = {name for name in builds if not name.startswith("weights_") or name.endswith("depthwise")}
    cases += [Case(name, build, differs=UNSUPPORTED if name in lacking else "") for name, build in builds.items()]
    return cases + [
        Case(f"elements_{function}", merge_case(function), differs=UNSUPPORTED) for function in MergeFunction
    ]
