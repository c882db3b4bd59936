"""One small layer of every op and function, for tests that must leave none out."""

from typing import get_args

import numpy as np

from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node, Shape
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

Layer = tuple[Op, tuple[Shape, ...], Shape]
"""An op, the shapes that it reads and the shape that it makes."""
IMAGE, VECTOR = (4, 4, 3), (6,)
SIGNS, BITS = np.arange(6) % 2 == 0, np.arange(6) % 4


def every_layer(rng: np.random.Generator) -> tuple[Layer, ...]:
    """Return a layer for every op, and for every function, merge and cell of those that have several."""
    gates = {Cell.SIMPLE_RNN: 1, Cell.GRU: 3, Cell.LSTM: 4}
    found: list[Layer] = [
        (Dense(kernel=rng.normal(size=(6, 4)), bias=rng.normal(size=4)), (VECTOR,), (4,)),
        (Conv(kernel=rng.normal(size=(2, 2, 3, 2)), bias=rng.normal(size=2)), (IMAGE,), (3, 3, 2)),
        (DepthwiseConv(kernel=rng.normal(size=(2, 2, 3, 1)), bias=rng.normal(size=3)), (IMAGE,), (3, 3, 3)),
        (Affine(kernel=rng.normal(size=3), bias=rng.normal(size=3)), (IMAGE,), IMAGE),
        (Requantize(kernel=rng.normal(size=3), bias=rng.normal(size=3), low=-2.0, high=1.0), (IMAGE,), IMAGE),
        (LayerNorm(kernel=rng.normal(size=6), bias=rng.normal(size=6)), (VECTOR,), VECTOR),
        (PRelu(kernel=rng.normal(size=6)), (VECTOR,), VECTOR),
        (Clip(low=-0.5, high=1.5, floor=-0.5), (VECTOR,), VECTOR),
        (Clip(low=0.5, high=1.5, floor=0.0, slope=0.25), (VECTOR,), VECTOR),
        (Softmax(), (VECTOR,), VECTOR),
        (Quantize(types=ElementTypes(signed=SIGNS, integer=BITS, fraction=BITS, rounding="RND")), (VECTOR,), VECTOR),
        (Lookup(source=Fixed(5, 2), entries=rng.integers(-8, 8, 32), type=Fixed(4, 2)), (VECTOR,), VECTOR),
        (Pool(average=False, size=(2, 2), stride=(2, 2)), (IMAGE,), (2, 2, 3)),
        (Pool(average=True, size=(4, 4), stride=(4, 4), is_global=True), (IMAGE,), (1, 1, 3)),
        (Concatenate(axis=0), (VECTOR, VECTOR), (12,)),
        (Dot(), (VECTOR, VECTOR), (1,)),
        (Reshape(), (IMAGE,), (48,)),
        (Permute(axes=(1, 0, 2)), (IMAGE,), IMAGE),
        (Pad(padding=((1, 1), (0, 1))), (IMAGE,), (6, 5, 3)),
        (Crop(cropping=((1, 1), (0, 1))), (IMAGE,), (2, 3, 3)),
        (Upsample(size=(2, 2)), (IMAGE,), (8, 8, 3)),
    ]
    found += [(Activation(function=function, alpha=0.25), (VECTOR,), VECTOR) for function in Function]
    found += [(Merge(function=function), (VECTOR, VECTOR), VECTOR) for function in MergeFunction]
    for cell, count in gates.items():
        for is_plain in (True, False):
            op = Recurrent(
                cell=cell,
                kernel=rng.normal(size=(3, 2 * count)),
                recurrent_kernel=rng.normal(size=(2, 2 * count)),
                bias=rng.normal(size=2 * count),
                recurrent_bias=np.zeros(2 * count),
                reset_after=is_plain,
                quantizes_state=not is_plain,
            )
            found.append((op, ((4, 3),), (2,)))
    missing = set(get_args(Op)) - {type(op) for op, _, _ in found} - {Input}
    assert not missing, f"add these ops here: {missing}"
    return tuple(found)


def every_op(name: str = "every", rng: np.random.Generator | None = None) -> Graph:
    """Return a network of one layer of each op, side by side on inputs of their own."""
    nodes: list[Node] = []
    outputs: list[str] = []
    for index, (op, shapes, shape) in enumerate(every_layer(rng or np.random.default_rng(0))):
        inputs = [Node(name=f"in{index}_{k}", op=Input(), inputs=(), shape=item) for k, item in enumerate(shapes)]
        nodes += inputs
        nodes.append(Node(name=f"n{index}", op=op, inputs=tuple(node.name for node in inputs), shape=shape))
        outputs.append(nodes[-1].name)
    return Graph(name=name, nodes=tuple(nodes), outputs=tuple(outputs))
