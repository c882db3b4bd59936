"""A design as a QKeras model: our own reader and Keras itself compute what the design computes."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest

from hlsexplore.compress.to_qkeras import to_qkeras, with_qkeras_modes
from hlsexplore.design import Design
from hlsexplore.emulate import emulate
from hlsexplore.errors import ConfigError, UnsupportedError
from hlsexplore.graph import Graph, Node
from hlsexplore.importers import read_model
from hlsexplore.ops import Activation, Conv, Dense, Function, Input, Pool, Reshape


@pytest.fixture
def design() -> Design:
    rng = np.random.default_rng(8)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6, 6, 1)),
        Node(
            name="conv",
            op=Conv(kernel=rng.normal(0, 0.5, (3, 3, 1, 4)), bias=rng.normal(0, 0.5, 4), padding=((1, 1), (1, 1))),
            inputs=("x",),
            shape=(6, 6, 4),
        ),
        Node(name="relu", op=Activation(function=Function.RELU), inputs=("conv",), shape=(6, 6, 4)),
        Node(name="pool", op=Pool(average=False, size=(2, 2), stride=(2, 2)), inputs=("relu",), shape=(3, 3, 4)),
        Node(name="flat", op=Reshape(), inputs=("pool",), shape=(36,)),
        Node(name="fc", op=Dense(kernel=rng.normal(0, 0.3, (36, 3))), inputs=("flat",), shape=(3,)),
    )
    design = Design.default(Graph(name="net", nodes=nodes, outputs=("fc",)), type="fixed<8,3>")
    changes = {"conv": {"weight": "fixed<5,2>", "density": 0.5}, "relu": {"result": "ufixed<5,2>"}}
    return design.with_layers({**changes, "fc": {"weight": "fixed<4,1,RND,SAT_SYM>", "result": "fixed<7,4>"}})


def test_the_model_computes_what_the_design_computes(design: Design, tmp_path: Path) -> None:
    changed = with_qkeras_modes(design)
    path = to_qkeras(changed, tmp_path / "net.keras")
    x = np.random.default_rng(1).uniform(-5, 5, (200, 6, 6, 1))
    wanted = emulate(changed, x)
    np.testing.assert_array_equal(emulate(Design.default(read_model(path)), x), wanted)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qkeras.utils import load_qmodel

        model = load_qmodel(str(path), compile=False)
    np.testing.assert_array_equal(np.asarray(model(x.astype(np.float32))), wanted)


def test_modes_that_qkeras_lacks_are_named(design: Design, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError) as error:
        to_qkeras(design, tmp_path / "net.keras")
    text = str(error.value)
    assert (
        "layer 'relu': QKeras rounds half to even and saturates, ufixed<5,2> does not. with_qkeras_modes(design)"
        in text
    )
    assert "layer 'fc': QKeras" in text and not list(tmp_path.iterdir())


def test_an_accumulator_that_loses_bits_is_named(design: Design, tmp_path: Path) -> None:
    narrow = with_qkeras_modes(design).with_layer("fc", accum="fixed<6,4>")
    with pytest.raises(UnsupportedError, match="layer 'fc': its accumulator loses bits or range"):
        to_qkeras(narrow, tmp_path / "net.keras")


def test_other_places_are_refused(design: Design, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a file that ends in .keras, not 'net.h5'"):
        to_qkeras(design, tmp_path / "net.h5")
    with pytest.raises(ConfigError, match="there is no folder"):
        to_qkeras(design, tmp_path / "nowhere" / "net.keras")
