"""Small projects that hls4ml writes, for the tests of what reads them."""

import warnings

import numpy as np
from agreement import oracle_hls4ml as oracle

import hlsexplore as hx
from hlsexplore.design import Design
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input, Softmax


def written(design, folder, backend: str = "Vivado"):
    """Write a design as hls4ml's project, its record of the configuration left out since it would import a framework."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = oracle.convert([design], folder, backend)
        model.config.backend.writer.write_yml = lambda model: None
        model.write()
    return model


def flat(arrays) -> list[np.ndarray]:
    return [array.reshape(len(array), -1) for array in arrays]


def small_design(io: str = "parallel") -> tuple[Design, np.ndarray]:
    rng = np.random.default_rng(4)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6,)),
        Node(name="fc", op=Dense(kernel=rng.normal(size=(6, 4)), bias=rng.normal(size=4)), inputs=("x",), shape=(4,)),
        Node(name="act", op=Activation(function=Function.TANH), inputs=("fc",), shape=(4,)),
        Node(name="out", op=Softmax(), inputs=("act",), shape=(4,)),
    )
    design = hx.Design.default(Graph(name="small", nodes=nodes, outputs=("out",)), hx.Target(io=io))
    return design.with_layer("fc", weight="fixed<9,3>", reuse=3, strategy="resource"), rng.normal(size=(50, 6))


def edit(folder, name, old, new) -> None:
    path = folder / "firmware" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
