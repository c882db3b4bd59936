"""Neurons that are unread, constant or equal are found, and the network without them gives the same integers."""

from dataclasses import replace

import numpy as np
import pytest

from hlsexplore.compress.merge import SavingKind, find_savings, hidden_layers, narrowed, simplify
from hlsexplore.design import Design
from hlsexplore.emulate import emulate, emulate_raw
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Conv, Dense, Function, Input, Pool, Reshape
from hlsexplore.target import Target


def dense_design(change=lambda first, bias, second: None) -> Design:
    rng = np.random.default_rng(6)
    first, bias, second = rng.normal(0, 0.7, (5, 8)), rng.normal(0, 1, 8), rng.normal(0, 0.7, (8, 3))
    change(first, bias, second)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(5,)),
        Node(name="fc1", op=Dense(kernel=first, bias=bias), inputs=("x",), shape=(8,)),
        Node(name="relu", op=Activation(function=Function.RELU), inputs=("fc1",), shape=(8,)),
        Node(name="fc2", op=Dense(kernel=second, bias=rng.normal(0, 1, 3)), inputs=("relu",), shape=(3,)),
    )
    return Design.default(Graph(name="net", nodes=nodes, outputs=("fc2",)), Target(tool="yosys"), type="fixed<8,3>")


def unread(first, bias, second) -> None:
    second[[1, 4]] = 0


def constant(first, bias, second) -> None:
    first[:, [2, 5]] = 0
    bias[[2, 5]] = 1.3, -0.4


def equal(first, bias, second) -> None:
    first[:, 6], bias[6] = first[:, 3], bias[3]
    second[6] = second[3] * 0.9


def never_active(first, bias, second) -> None:
    first[:, 7], bias[7] = np.abs(first[:, 7]) / 100, -50


CASES = {
    "unread": (unread, SavingKind.UNREAD, (1, 4)),
    "constant": (constant, SavingKind.CONSTANT, (2, 5)),
    "equal": (equal, SavingKind.EQUAL, (6,)),
    "never_active": (never_active, SavingKind.CONSTANT, (7,)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_neuron_that_is_not_needed_goes_and_nothing_changes(name: str) -> None:
    change, kind, channels = CASES[name]
    design = dense_design(change)
    offers = [item for item in find_savings(design) if item.kind is kind]
    assert [(item.layer, item.channels, item.is_exact, item.differing) for item in offers] == [
        ("fc1", channels, True, 0)
    ]
    smaller = offers[0].design
    assert smaller.graph["fc1"].shape == smaller.graph["relu"].shape == (8 - len(channels),)
    x = np.random.default_rng(1).uniform(-4, 4, (500, 5))
    np.testing.assert_array_equal(emulate_raw(smaller, x) * 1.0 * scale(design, smaller), emulate_raw(design, x))


def scale(design: Design, smaller: Design) -> float:
    return 2.0 ** (design.result_type("fc2").fraction - smaller.result_type("fc2").fraction)


def test_a_network_that_needs_all_offers_nothing() -> None:
    assert find_savings(dense_design()) == ()
    design, taken = simplify(dense_design())
    assert taken == () and design == dense_design()


def test_everything_that_is_exact_goes() -> None:
    def all_of_them(first, bias, second) -> None:
        for change, _, _ in CASES.values():
            change(first, bias, second)

    design = dense_design(all_of_them)
    small, taken = simplify(design)
    assert {item.kind for item in taken} == set(SavingKind) and small.graph["fc1"].shape == (2,)
    assert all("neurons can go" in str(item) and "exactly equal" in str(item) for item in taken)
    x = np.random.default_rng(1).uniform(-4, 4, (500, 5))
    np.testing.assert_array_equal(emulate_raw(small, x), emulate_raw(design, x))


def test_pruned_neurons_go_with_masks_and_reuse() -> None:
    design = dense_design().with_layers(
        {
            "fc1": {"density": 0.5, "pattern": "neurons", "reuse": 5},
            "fc2": {"mask": np.arange(24).reshape(8, 3) % 4 > 0},
        }
    )
    small, _ = simplify(design)
    assert small.graph["fc1"].shape == (4,) and small.layers["fc1"].density == 1
    x = np.random.default_rng(1).uniform(-4, 4, (500, 5))
    np.testing.assert_array_equal(emulate_raw(small, x), emulate_raw(design, x))


def test_a_saturating_sum_may_change_and_the_loss_is_said() -> None:
    design = dense_design(equal).with_layer("fc2", accum="fixed<9,4,TRN,SAT>")
    x = np.random.default_rng(1).uniform(-4, 4, (500, 5))
    offer = next(item for item in find_savings(design, x) if item.kind is SavingKind.EQUAL)
    differing = int((emulate_raw(offer.design, x) != emulate_raw(design, x)).sum())
    assert not offer.is_exact and offer.differing == differing and f"{differing:,} outputs differ" in str(offer)
    assert simplify(design)[1] == ()


def test_channels_of_convolutions_go_but_not_beside_padding() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.normal(0, 0.7, (2, 2, 1, 4)), rng.normal(0, 0.7, (2, 2, 4, 2))
    first[..., 1] = 0
    bias = np.array([0.2, 1.5, -0.3, 0.1])
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4, 4, 1)),
        Node(name="c1", op=Conv(kernel=first, bias=bias), inputs=("x",), shape=(3, 3, 4)),
        Node(name="c2", op=Conv(kernel=second, bias=np.zeros(2)), inputs=("c1",), shape=(2, 2, 2)),
    )
    design = Design.default(Graph(name="net", nodes=nodes, outputs=("c2",)), type="fixed<8,3>")
    x = rng.uniform(-4, 4, (50, 4, 4, 1))
    small, taken = simplify(design)
    assert [(item.kind, item.channels) for item in taken] == [(SavingKind.CONSTANT, (1,))]
    np.testing.assert_array_equal(emulate_raw(small, x), emulate_raw(design, x))
    padded = replace(nodes[2], op=replace(nodes[2].op, padding=((1, 0), (0, 1))), shape=(3, 3, 2))
    other = Design.default(Graph(name="net", nodes=(*nodes[:2], padded), outputs=("c2",)), type="fixed<8,3>")
    assert find_savings(other) == ()


def test_a_layer_that_two_others_read_stays() -> None:
    design = dense_design(constant)
    nodes = (*design.graph.nodes, Node(name="pool", op=Dense(kernel=np.ones((8, 1))), inputs=("relu",), shape=(1,)))
    assert find_savings(Design.default(Graph(name="net", nodes=nodes, outputs=("fc2", "pool")))) == ()


def image_design(average: bool = False) -> Design:
    """A convolution whose channels 1 and 4 are unread behind a pool and a flattening, 3 constant, 5 equal to 2."""
    rng = np.random.default_rng(8)
    first, bias, second = rng.normal(0, 0.6, (3, 3, 2, 6)), rng.normal(0, 0.5, 6), rng.normal(0, 0.6, (9, 6, 3))
    second[:, [1, 4]] = 0
    first[..., 3], bias[3] = 0, 0.7
    first[..., 5], bias[5] = first[..., 2], bias[2]
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(8, 8, 2)),
        Node(name="conv", op=Conv(kernel=first, bias=bias), inputs=("x",), shape=(6, 6, 6)),
        Node(name="relu", op=Activation(function=Function.RELU), inputs=("conv",), shape=(6, 6, 6)),
        Node(name="pool", op=Pool(size=(2, 2), stride=(2, 2), average=average), inputs=("relu",), shape=(3, 3, 6)),
        Node(name="flat", op=Reshape(), inputs=("pool",), shape=(54,)),
        Node(name="fc", op=Dense(kernel=second.reshape(54, 3), bias=rng.normal(0, 1, 3)), inputs=("flat",), shape=(3,)),
    )
    return Design.default(Graph(name="image", nodes=nodes, outputs=("fc",)), Target(tool="yosys"), type="fixed<8,4>")


@pytest.mark.parametrize("average", [False, True])
def test_channels_go_through_pools_and_flattening(average: bool) -> None:
    design = image_design(average)
    offers = {item.kind: item for item in find_savings(design)}
    assert {kind: (item.layer, item.channels, item.is_exact) for kind, item in offers.items()} == {
        SavingKind.UNREAD: ("conv", (1, 4), True),
        SavingKind.CONSTANT: ("conv", (3,), True),
        SavingKind.EQUAL: ("conv", (5,), True),
    }
    small, _ = simplify(design)
    assert [small.graph[name].shape for name in ("conv", "pool", "flat")] == [(6, 6, 2), (3, 3, 2), (18,)]
    x = np.random.default_rng(1).uniform(-4, 4, (200, 8, 8, 2))
    np.testing.assert_array_equal(emulate(small, x), emulate(design, x))


def test_a_narrowed_network_keeps_the_channels_of_the_largest_weights() -> None:
    design = image_design()
    small = narrowed(design, dict.fromkeys(hidden_layers(design), 0.5))
    assert [small.graph[name].shape for name in ("conv", "relu", "pool", "flat", "fc")] == [
        (6, 6, 3), (6, 6, 3), (3, 3, 3), (27,), (3,),
    ]  # fmt: skip
    old, new = design.graph["conv"].op.kernel, small.graph["conv"].op.kernel
    kept = [index for index in range(6) if any((old[..., index] == new[..., at]).all() for at in range(3))]
    assert not {1, 3, 4} & set(kept)  # unread ones, and the one without weights
    assert narrowed(design, dict.fromkeys(hidden_layers(design), 1.0)) == design
    assert narrowed(design, dict.fromkeys(hidden_layers(design), 0.01)).graph["conv"].shape == (6, 6, 1)
