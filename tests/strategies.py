"""What hypothesis draws in several tests."""

import numpy as np
from hypothesis import strategies as st

from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Concatenate, Dense, Function, Input, Merge, MergeFunction, Softmax


def fixed_types(width: st.SearchStrategy[int], integer: st.SearchStrategy[int]) -> st.SearchStrategy[Fixed]:
    """Draw types of every rounding and overflow, signed and not, with these bits and integer bits."""
    modes = st.sampled_from(list(Rounding)), st.sampled_from(list(Overflow))
    return st.builds(Fixed, width, integer, st.booleans(), *modes)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Draw networks of one to three inputs and one to four outputs, which may be layers inside and inputs as well."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    nodes = [
        Node(name=f"x{index}", op=Input(), inputs=(), shape=(draw(st.integers(1, 4)),))
        for index in range(draw(st.integers(1, 3)))
    ]
    for index in range(draw(st.integers(1, 8))):
        source = draw(st.sampled_from(nodes))
        alike = [node for node in nodes if node.shape == source.shape]
        other = draw(st.sampled_from(alike))
        name, size = f"n{index}", source.shape[0]
        match draw(st.sampled_from(["dense", "dense", "relu", "add", "concatenate", "sigmoid", "softmax"])):
            case "dense":
                width = draw(st.integers(1, 4))
                op, inputs, shape = Dense(kernel=rng.normal(size=(size, width))), (source.name,), (width,)
            case "add":
                op, inputs, shape = Merge(function=MergeFunction.ADD), (source.name, other.name), source.shape
            case "concatenate":
                op, inputs, shape = Concatenate(axis=0), (source.name, other.name), (2 * size,)
            case "softmax":
                op, inputs, shape = Softmax(), (source.name,), source.shape
            case function:
                op, inputs, shape = Activation(function=Function(function)), (source.name,), source.shape
        nodes.append(Node(name=name, op=op, inputs=inputs, shape=shape))
    names = st.sampled_from([node.name for node in nodes])
    outputs = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    return Graph(name="drawn", nodes=tuple(nodes), outputs=tuple(outputs))
