import numpy as np
import pytest

from hlsexplore.graph import Node
from hlsexplore.ops import Conv, Dense, DepthwiseConv, Softmax
from hlsexplore.reuse import legal_reuse


def accepted_by_the_field(n_in, n_out):
    """The rule of hls4ml's resource strategy, as its documentation states it."""
    found = []
    for reuse in range(1, n_in * n_out + 1):
        limit = -(-n_in * n_out // min(n_in, reuse))
        even = limit % n_out == 0 or reuse >= n_in
        if even and (reuse % n_in == 0 or reuse < n_in) and n_in * n_out % reuse == 0:
            found.append(reuse)
    return tuple(found)


@pytest.mark.parametrize(("n_in", "n_out"), [(16, 64), (64, 32), (9, 7), (1, 12), (30, 1), (27, 16)])
def test_legal_reuse_of_a_dense_layer_is_what_the_field_accepts(n_in: int, n_out: int) -> None:
    node = Node(name="d", op=Dense(kernel=np.zeros((n_in, n_out))), inputs=("x",), shape=(n_out,))
    assert legal_reuse(node) == accepted_by_the_field(n_in, n_out)


def test_legal_reuse_of_convolutions_counts_one_position() -> None:
    conv = Node(name="c", op=Conv(kernel=np.zeros((3, 3, 2, 4))), inputs=("x",), shape=(6, 6, 4))
    depthwise = Node(name="w", op=DepthwiseConv(kernel=np.zeros((3, 3, 2, 1))), inputs=("x",), shape=(6, 6, 2))
    assert legal_reuse(conv) == (1, 2, 3, 6, 9, 18, 36, 72)
    assert legal_reuse(depthwise) == (1, 3, 9, 18)


def test_layers_without_a_matrix_have_no_reuse() -> None:
    assert legal_reuse(Node(name="s", op=Softmax(), inputs=("x",), shape=(5,))) == (1,)
