"""Cases that random networks once found wrong, kept as small ones."""

from pathlib import Path

import numpy as np
import pytest
from agreement.kit import chain
from agreement.rtl_runner import run_designs

from hlsexplore.design import Design
from hlsexplore.emulate.run import raw_outputs
from hlsexplore.ops import Activation, Affine, Dense, Function


def check(design: Design, x: np.ndarray, folder: Path) -> None:
    ((outputs, planned, measured),) = run_designs([(design, x)], folder)
    np.testing.assert_array_equal(outputs[0], raw_outputs(design, x)[0])
    assert planned == measured


@pytest.mark.parametrize("reuse", [1, 2, 4, 8])
def test_outputs_whose_weights_are_all_zero_are_their_bias(reuse: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    kernel = rng.normal(0, 1, (4, 2))
    kernel[:, 1] = 0
    types = {
        "weight": "fixed<6,3>",
        "bias": "fixed<6,3>",
        "accum": "fixed<18,9,RND,SAT>",
        "result": "fixed<9,5,RND,SAT>",
    }
    op = Dense(kernel=kernel, bias=np.array([0.5, -1.25]))
    design = chain([("fc", op, (2,), types | {"reuse": reuse, "strategy": "resource"})], (4,), "fixed<6,3>")
    check(design, rng.uniform(-4, 4, (60, 4)), tmp_path)


@pytest.mark.parametrize("scale", [23, -44, -61, 64, -64, 0, 127, -128])
def test_scales_by_any_constant_are_exact(scale: int, tmp_path: Path) -> None:
    """The ranges that come from a dense layer are far from symmetric, so inverted values have empty top bits."""
    rng = np.random.default_rng(2)
    dense = Dense(kernel=np.abs(rng.normal(0, 1, (3, 2))), bias=np.array([-1.0, 0.5]))
    affine = Affine(kernel=np.full(2, scale / 64), bias=np.array([1.0, -2.0]))
    layers = [
        (
            "fc",
            dense,
            (2,),
            {"weight": "fixed<8,3>", "bias": "fixed<8,3>", "accum": "fixed<20,9>", "result": "fixed<16,8>"},
        ),
        ("affine", affine, (2,), {"weight": "fixed<8,2>", "bias": "fixed<8,4>", "result": "fixed<12,8,RND_INF>"}),
    ]
    check(chain(layers, (3,), "ufixed<6,3>"), rng.uniform(0, 8, (60, 3)), tmp_path)


@pytest.mark.parametrize("function", ["tanh", "sigmoid", "relu", "hard_tanh"])
def test_functions_of_a_constant_element_are_exact(function: str, tmp_path: Path) -> None:
    """A column of zero weights makes an element that never changes; its table has a constant address."""
    kernel = np.array([[0.5, 0.0], [-0.75, 0.0]])
    dense = Dense(kernel=kernel, bias=np.array([0.25, -2.0]))
    op = Activation(function=Function(function))
    types = {"result": "fixed<5,2,RND>"}
    types |= {"table": "fixed<8,2>", "table_size": 64} if function in ("tanh", "sigmoid") else {}
    layers = [
        (
            "fc",
            dense,
            (2,),
            {"weight": "fixed<6,2>", "bias": "fixed<6,3>", "accum": "fixed<18,8>", "result": "fixed<4,3>"},
        ),
        ("act", op, (2,), types),
    ]
    check(chain(layers, (2,), "fixed<5,2>"), np.random.default_rng(3).uniform(-2, 2, (40, 2)), tmp_path)


@pytest.mark.parametrize(
    ("weight", "source", "reuse", "modes"),
    [
        ("fixed<4,1>", "fixed<8,3>", 4, ""),
        ("fixed<3,1>", "ufixed<6,3>", 16, ""),
        ("fixed<2,1>", "fixed<8,3>", 4, ",RND,SAT"),
        ("fixed<1,1>", "fixed<1,1>", 2, ""),
        ("ufixed<3,1>", "fixed<5,3>", 8, ""),
    ],
)
def test_narrow_weights_are_multiplied_in_luts_exactly(
    weight: str, source: str, reuse: int, modes: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(4)
    kernel = rng.uniform(-1, 1, (8, 4))
    kernel[:, 3] = 0
    types = {"weight": weight, "bias": "fixed<6,3>", "accum": f"fixed<12,5{modes}>", "result": f"fixed<10,5{modes}>"}
    op = Dense(kernel=kernel, bias=rng.normal(0, 1, 4))
    design = chain([("fc", op, (4,), types | {"reuse": reuse, "strategy": "resource"})], (8,), source)
    check(design, rng.uniform(-4, 4, (60, 8)), tmp_path)
