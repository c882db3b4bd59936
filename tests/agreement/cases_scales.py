"""Agreement cases of requantizations: a factor and a summand for each channel, one cast, a clip."""

from collections.abc import Callable

import numpy as np
from agreement.kit import Built, Case, chain, uniform

from hlsexplore.fixed import Fixed
from hlsexplore.ops import Conv, Dense, Requantize

UNSUPPORTED = "hls4ml has no clip behind a scale"


def factors(rng: np.random.Generator, channels: int, fraction: int) -> np.ndarray:
    """Draw factors of both signs, some of them 0."""
    return rng.integers(-40, 41, channels) * 2.0**-fraction


def vector_case(result: str, low: float, high: float, io: str = "parallel", **settings: object) -> Callable[..., Built]:
    """Make integers of a dense layer, requantized twice."""

    def build(rng: np.random.Generator) -> Built:
        source = Fixed.parse("fixed<6,6>")
        dense = Dense(kernel=rng.integers(-7, 8, (9, 7)).astype(float), bias=rng.integers(-20, 21, 7).astype(float))
        op = Requantize(kernel=factors(rng, 7, 9), bias=rng.integers(-99, 100, 7) / 32, low=low, high=high)
        again = Requantize(kernel=factors(rng, 7, 3), bias=np.full(7, 0.5), low=-1.0, high=1.0)
        layers = [
            ("dense", dense, (7,), {"weight": "fixed<4,4>", "bias": "fixed<6,6>", "result": "fixed<12,12>", "io": io}),
            ("scaled", op, (7,), {"weight": "fixed<9,0>", "bias": "fixed<9,4>", "result": result, **settings}),
            ("sign", again, (7,), {"weight": "fixed<8,5>", "bias": "fixed<2,1>", "result": "fixed<2,2,TRN,SAT>"}),
        ]
        return chain(layers, (9,), source), uniform(rng, source, (9,))

    return build


def image_case(io: str, parallel: int = 1) -> Callable[..., Built]:
    """Make integers of a convolution, requantized by channel."""

    def build(rng: np.random.Generator) -> Built:
        source = Fixed.parse("ufixed<4,4>")
        conv = Conv(kernel=rng.integers(-3, 4, (3, 2, 2, 3)).astype(float), padding=((1, 1), (0, 1)))
        op = Requantize(kernel=factors(rng, 3, 8), bias=rng.integers(-9, 10, 3) / 4, low=0.0, high=14.0)
        layers = [
            ("conv", conv, (4, 5, 3), {"weight": "fixed<3,3>", "result": "fixed<9,9>", "parallel": parallel, "io": io}),
            (
                "scaled",
                op,
                (4, 5, 3),
                {"weight": "fixed<8,0>", "bias": "fixed<6,4>", "result": "ufixed<4,4,RND_CONV,SAT>"},
            ),
        ]
        return chain(layers, (4, 5, 2), source), uniform(rng, source, (4, 5, 2), 60)

    return build


def scale_cases() -> list[Case]:
    """List the cases."""
    builds = {
        "requantize_floor": vector_case("fixed<4,4,TRN,SAT>", -8, 7),
        "requantize_narrow": vector_case("fixed<4,4,TRN,SAT>", -7, 7),
        "requantize_even": vector_case("fixed<5,5,RND_CONV,SAT>", -11, 9),
        "requantize_unsigned": vector_case("ufixed<3,3,TRN,SAT>", 0, 6),
        "requantize_fraction": vector_case("fixed<6,3,RND,SAT>", -2.5, 3.25),
        "requantize_wraps": vector_case("fixed<3,3,TRN,WRAP>", -2, 2),
        "requantize_stream": vector_case("fixed<4,4,TRN,SAT>", -7, 7, io="stream"),
        "requantize_image": image_case("parallel"),
        "requantize_image_parallel": image_case("parallel", parallel=20),
        "requantize_image_stream": image_case("stream"),
    }
    return [Case(name, build, differs=UNSUPPORTED) for name, build in builds.items()]
