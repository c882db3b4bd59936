"""A convolution whose largest values a global pooling keeps: the image becomes one vector, of either rank."""

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.design import Design
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Conv, Input, Pool


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("is_flat", [True, False])
def test_global_pooling_behind_a_convolution_equals_the_largest_of_its_results(rank: int, is_flat: bool) -> None:
    rng = np.random.default_rng(rank)
    shape, size = ((9, 4), (1, 7)) if rank == 1 else ((9, 6, 4), (7, 4))
    kernel = rng.normal(size=(1 if rank == 1 else 3, 3, 4, 5))
    image = (7, 5) if rank == 1 else (7, 4, 5)
    pooled = (5,) if is_flat else (*(1,) * rank, 5)
    pool = Pool(average=False, size=size, stride=size, rank=rank, is_global=True)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=shape),
        Node(name="y", op=Conv(kernel=kernel, rank=rank), inputs=("x",), shape=image),
        Node(name="p", op=pool, inputs=("y",), shape=pooled),
    )
    x = rng.normal(size=(20, *shape))
    single = Graph(name="images", nodes=nodes[:2], outputs=("y",))
    images = hx.emulate(Design.default(single, data=x), x)
    both = Design.default(Graph(name="pooled", nodes=nodes, outputs=("p",)), data=x)
    wanted = images.max(axis=tuple(range(1, rank + 1))).reshape(20, *pooled)
    np.testing.assert_array_equal(hx.emulate(both, x), wanted)
