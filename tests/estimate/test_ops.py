"""Every op with every tool and interface: a figure or an honest None."""

from math import isfinite

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import (
    Activation,
    Affine,
    Cell,
    Clip,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    Function,
    Input,
    LayerNorm,
    Lookup,
    Merge,
    MergeFunction,
    Op,
    Pad,
    Permute,
    Pool,
    PRelu,
    Quantize,
    Recurrent,
    Requantize,
    Reshape,
    Softmax,
    Upsample,
)
from hlsexplore.report import FIGURES, Report

rng = np.random.default_rng(0)
IMAGE = (6, 6, 3)
ONE_PIXEL = ((0, 0), (1, 1))
FLAGS, WIDTHS = np.arange(8) % 2 == 0, np.arange(8) % 4


def normal(*shape: int) -> np.ndarray:
    return rng.normal(0, 0.5, shape)


def recurrent(cell: Cell, gates: int) -> Recurrent:
    kernels = {"kernel": normal(3, 4 * gates), "recurrent_kernel": normal(4, 4 * gates)}
    return Recurrent(cell=cell, **kernels, bias=np.zeros(4 * gates), recurrent_bias=np.zeros(4 * gates))


OPS: dict[str, tuple[Op, tuple[int, ...], tuple[int, ...]]] = {
    "dense": (Dense(kernel=normal(8, 4), bias=np.zeros(4)), (8,), (4,)),
    "dense on pixels": (Dense(kernel=normal(3, 4), bias=np.zeros(4)), IMAGE, (6, 6, 4)),
    "conv1d": (Conv(kernel=normal(1, 3, 2, 4), bias=np.zeros(4), rank=1), (8, 2), (6, 4)),
    "conv2d": (Conv(kernel=normal(3, 3, 3, 4), bias=np.zeros(4)), IMAGE, (4, 4, 4)),
    "depthwise": (DepthwiseConv(kernel=normal(3, 3, 3, 1), bias=np.zeros(3)), IMAGE, (4, 4, 3)),
    "affine": (Affine(kernel=normal(8), bias=normal(8)), (8,), (8,)),
    "requantize": (Requantize(kernel=normal(8), bias=normal(8), low=-1.0, high=1.0), (8,), (8,)),
    "layer norm": (LayerNorm(kernel=normal(8), bias=normal(8)), (8,), (8,)),
    "clip": (Clip(low=-0.5, high=1.5, floor=-0.5), (8,), (8,)),
    "clip with a slope": (Clip(low=0.5, high=1.5, floor=0.0, slope=0.3), (8,), (8,)),
    "prelu": (PRelu(kernel=normal(8)), (8,), (8,)),
    "softmax": (Softmax(), (8,), (8,)),
    "max pool": (Pool(average=False, size=(2, 2), stride=(2, 2)), IMAGE, (3, 3, 3)),
    "average pool": (Pool(average=True, size=(2, 2), stride=(2, 2)), IMAGE, (3, 3, 3)),
    "global pool": (Pool(average=True, size=(6, 6), stride=(6, 6), is_global=True), IMAGE, (3,)),
    "reshape": (Reshape(), IMAGE, (108,)),
    "permute": (Permute(axes=(1, 0, 2)), IMAGE, IMAGE),
    "pad": (Pad(padding=ONE_PIXEL), IMAGE, (6, 8, 3)),
    "crop": (Crop(cropping=ONE_PIXEL), IMAGE, (6, 4, 3)),
    "upsample": (Upsample(size=(2, 2)), IMAGE, (12, 12, 3)),
    "gru": (recurrent(Cell.GRU, 3), (5, 3), (4,)),
    "lstm": (recurrent(Cell.LSTM, 4), (5, 3), (4,)),
    "quantize": (Quantize(types=ElementTypes(signed=FLAGS, integer=WIDTHS, fraction=WIDTHS)), (8,), (8,)),
    "lookup": (Lookup(source=Fixed(6, 3), entries=np.arange(64), type=Fixed(8, 4)), (8,), (8,)),
} | {f"{item} activation": (Activation(function=item, alpha=0.3), (8,), (8,)) for item in Function}
JOINS: dict[str, tuple[Op, tuple[int, ...]]] = {
    "concatenate": (Concatenate(axis=0), (16,)),
    "dot": (Dot(), (1,)),
} | {f"{item} merge": (Merge(function=item), (8,)) for item in MergeFunction}
TOOLS = ("vivado_hls", "vitis_hls", "yosys")


def report_of(graph: Graph, tool: str, io: str) -> Report:
    return hx.estimate(hx.Design.default(graph, target=hx.Target(tool=tool, io=io)))


def check(report: Report) -> None:
    for key in FIGURES:
        value = getattr(report.total, key)
        assert value is None or (isfinite(value) and value >= 0), key
    if report.layers["y"].lut is None:
        assert report.missing
        assert report.total.lut is None


@pytest.mark.parametrize("name", OPS)
def test_every_op_has_figures_or_is_named_as_missing(name: str) -> None:
    op, source, shape = OPS[name]
    nodes = (Node(name="x", op=Input(), inputs=(), shape=source), Node(name="y", op=op, inputs=("x",), shape=shape))
    graph = Graph(name="net", nodes=nodes, outputs=("y",))
    for tool in TOOLS:
        for io in ("parallel", "stream"):
            check(report_of(graph, tool, io))


@pytest.mark.parametrize("name", JOINS)
def test_every_join_has_figures_or_is_named_as_missing(name: str) -> None:
    op, shape = JOINS[name]
    nodes = (
        Node(name="a", op=Input(), inputs=(), shape=(8,)),
        Node(name="b", op=Input(), inputs=(), shape=(8,)),
        Node(name="y", op=op, inputs=("a", "b"), shape=shape),
    )
    for tool in TOOLS:
        for io in ("parallel", "stream"):
            check(report_of(Graph(name="net", nodes=nodes, outputs=("y",)), tool, io))


@pytest.mark.parametrize("type_", ["fixed<6,3>", "fixed<8,4>", "fixed<16,6>", "ufixed<12,4>"])
def test_multipliers_of_a_hard_swish_are_those_of_its_plan(type_: str) -> None:
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(5,)),
        Node(name="act", op=Activation(function=Function.HARD_SWISH, alpha=1 / 6), inputs=("x",), shape=(5,)),
    )
    graph = Graph(name="m", nodes=nodes, outputs=("act",))
    design = hx.Design.default(graph, type=type_, target=hx.Target(tool="yosys"))
    assert hx.estimate(design).layers["act"].dsp == hx.estimate(design, level="plan").layers["act"].dsp > 0
