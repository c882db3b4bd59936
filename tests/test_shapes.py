"""A graph is valid by construction: arrays, tensors that are read and the shape that is said fit together."""

import re

import numpy as np
import pytest

from hlsexplore.errors import ModelError
from hlsexplore.graph import Graph, Node, Shape
from hlsexplore.ops import (
    Affine,
    Cell,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Input,
    Op,
    Pad,
    Permute,
    Pool,
    Recurrent,
    Reshape,
    Upsample,
)


def make(op: Op, source: Shape, shape: Shape) -> Graph:
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=source),
        Node(name="y", op=op, inputs=("x",), shape=shape),
    )
    return Graph(name="net", nodes=nodes, outputs=("y",))


def lstm(units: int = 3, is_sequence: bool = False, bias: int = 12) -> Recurrent:
    return Recurrent(
        cell=Cell.LSTM,
        kernel=np.ones((5, 4 * units)),
        recurrent_kernel=np.ones((units, 4 * units)),
        bias=np.zeros(bias),
        recurrent_bias=np.zeros(4 * units),
        return_sequences=is_sequence,
    )


@pytest.mark.parametrize(
    ("op", "source", "shape"),
    [
        (Dense(kernel=np.ones((2, 3)), bias=np.ones(3)), (4, 2), (4, 3)),
        (Conv(kernel=np.ones((1, 3, 2, 5)), stride=(1, 2), padding=((0, 0), (1, 1)), rank=1), (9, 2), (5, 5)),
        (Conv(kernel=np.ones((3, 3, 2, 5)), dilation=(2, 2)), (9, 8, 2), (5, 4, 5)),
        (DepthwiseConv(kernel=np.ones((2, 2, 3, 2))), (4, 4, 3), (3, 3, 6)),
        (Pool(average=True, size=(4, 4), stride=(4, 4), is_global=True), (4, 4, 3), (3,)),
        (Pool(average=False, size=(2, 2), stride=(2, 2)), (5, 4, 3), (2, 2, 3)),
        (Permute(axes=(2, 0, 1)), (4, 5, 6), (6, 4, 5)),
        (Reshape(), (4, 5), (20,)),
        (Pad(padding=((1, 0), (2, 2))), (3, 3, 1), (4, 7, 1)),
        (Crop(cropping=((0, 0), (1, 0)), rank=1), (3, 2), (2, 2)),
        (Upsample(size=(2, 3)), (2, 2, 1), (4, 6, 1)),
        (lstm(), (7, 5), (3,)),
        (lstm(is_sequence=True), (7, 5), (7, 3)),
    ],
)
def test_what_fits_is_a_graph(op: Op, source: Shape, shape: Shape) -> None:
    assert make(op, source, shape)["y"].shape == shape


@pytest.mark.parametrize(
    ("op", "source", "shape", "sentence"),
    [
        (Dense(kernel=np.ones((3, 2))), (2,), (2,), "'kernel' must have the shape (2, any), not (3, 2)"),
        (Dense(kernel=np.ones((2, 2)), bias=np.ones(3)), (2,), (2,), "'bias' must have the shape (2,), not (3,)"),
        (
            Dense(kernel=np.ones((2, 2))),
            (2,),
            (3,),
            "'dense' makes (2,) of (2,), but the layer's shape is said to be (3,)",
        ),
        (Dense(kernel=np.ones((2, 2)) * 1j), (2,), (2,), "a numpy array of real numbers, not of complex128"),
        (Dense(kernel=np.array([["a", "b"]])), (1,), (2,), "a numpy array of real numbers, not of <U1"),
        (Dense(kernel=[[1.0, 2.0]]), (1,), (2,), "a numpy array of real numbers, not of list"),  # type: ignore[arg-type]
        (Affine(kernel=np.ones(1), bias=np.ones(2)), (2,), (2,), "'kernel' must have the shape (2,), not (1,)"),
        (
            Conv(kernel=np.ones((3, 3, 2, 5))),
            (2, 9, 2),
            (1, 7, 5),
            "a window of (3, 3) does not fit into an image of (2, 9)",
        ),
        (Conv(kernel=np.ones((1, 3, 2, 5)), rank=1), (9, 2, 2), (7, 5), "2 axes, not those of (9, 2, 2)"),
        (Permute(axes=(0, 0)), (4, 5), (4, 4), "axes (0, 0) are no order of the 2 axes"),
        (Reshape(), (4, 5), (19,), "20 elements of (4, 5) cannot have the shape (19,)"),
        (Concatenate(axis=2), (4, 5), (4, 5), "joins two or more tensors"),
        (lstm(bias=3), (7, 5), (3,), "'bias' must have the shape (12,), not (3,)"),
        (Input(), (4,), (0,), "a shape is a tuple of whole numbers above 0, not (0,)"),
    ],
)
def test_what_does_not_fit_is_one_sentence(op: Op, source: Shape, shape: Shape, sentence: str) -> None:
    with pytest.raises(ModelError, match=re.escape(sentence)) as caught:
        make(op, source, shape)
    assert str(caught.value).startswith("layer 'y': ")


def test_tensors_that_are_joined_agree_beside_the_axis() -> None:
    nodes = (
        Node(name="a", op=Input(), inputs=(), shape=(4, 2)),
        Node(name="b", op=Input(), inputs=(), shape=(3, 2)),
        Node(name="y", op=Concatenate(axis=1), inputs=("a", "b"), shape=(4, 4)),
    )
    with pytest.raises(ModelError, match=re.escape("tensors of (4, 2) and (3, 2) cannot be joined on axis 1")):
        Graph(name="net", nodes=nodes, outputs=("y",))
