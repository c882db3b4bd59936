"""Pruning as a part of designs: kept, saved, refused; what it saves in estimates."""

from pathlib import Path

import numpy as np
import pytest

from hlsexplore.design import Design
from hlsexplore.emulate import trace
from hlsexplore.errors import ConfigError
from hlsexplore.estimate import estimate
from hlsexplore.graph import Graph, Node
from hlsexplore.masks import Mask
from hlsexplore.ops import Activation, Cell, Dense, Function, Input, Recurrent, Softmax
from hlsexplore.search.bound_space import BoundSpace
from hlsexplore.space import Space
from hlsexplore.target import Target
from hlsexplore.weights import raw_weights


@pytest.fixture
def design() -> Design:
    rng = np.random.default_rng(5)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(16,)),
        Node(
            name="fc1",
            op=Dense(kernel=rng.normal(0, 0.4, (16, 12)), bias=rng.normal(0, 1, 12)),
            inputs=("x",),
            shape=(12,),
        ),
        Node(name="relu", op=Activation(function=Function.RELU), inputs=("fc1",), shape=(12,)),
        Node(name="fc2", op=Dense(kernel=rng.normal(0, 0.4, (12, 4))), inputs=("relu",), shape=(4,)),
        Node(name="softmax", op=Softmax(), inputs=("fc2",), shape=(4,)),
    )
    graph = Graph(name="net", nodes=nodes, outputs=("softmax",))
    return Design.default(graph, Target(tool="yosys"), type="fixed<10,4>")


def test_a_design_that_drops_nothing_says_nothing_of_it(design: Design) -> None:
    assert not {"density", "pattern", "mask"} & set(design.to_dict()["layers"]["fc1"])
    same = design.with_layer("fc1", density=1, mask=np.ones((16, 12), dtype=bool), pattern="weights")
    assert same.key == design.key


@pytest.mark.parametrize(
    "change",
    [
        {"density": 0.3},
        {"density": np.float64(0.5), "pattern": "neurons"},
        {"pattern": "words"},
        {"mask": np.arange(192).reshape(16, 12) % 5 != 0},
        {"mask": {"weight": np.eye(16, 12, dtype=bool), "bias": np.arange(12) < 6}, "density": 0.05},
    ],
)
def test_pruning_is_saved_and_loaded_with_the_same_key(design: Design, change: dict, tmp_path: Path) -> None:
    changed = design.with_layer("fc1", **change)
    assert changed.key != design.key
    changed.save(tmp_path / "d.yaml")
    loaded = Design.load(tmp_path / "d.yaml", design.graph)
    assert loaded.key == changed.key
    for key, raw in raw_weights(changed, "fc1").items():
        np.testing.assert_array_equal(raw_weights(loaded, "fc1")[key], raw)


def test_density_keeps_the_largest_weights(design: Design) -> None:
    kernel = design.graph["fc1"].op.kernel
    raw = raw_weights(design.with_layer("fc1", density=0.25), "fc1")["weight"]
    border = np.sort(np.abs(kernel).ravel())[-48]
    full = raw_weights(design, "fc1")["weight"]
    np.testing.assert_array_equal(raw, np.where(np.abs(kernel) >= border, full, 0))


def test_equal_weights_go_from_the_end(design: Design) -> None:
    graph = Graph(
        name="equal",
        nodes=(design.graph["x"], Node(name="fc", op=Dense(kernel=np.ones((16, 1))), inputs=("x",), shape=(1,))),
        outputs=("fc",),
    )
    pruned = Design.default(graph).with_layer("fc", density=0.5)
    assert (raw_weights(pruned, "fc")["weight"].ravel() != 0).tolist() == [True] * 8 + [False] * 8


def test_one_weight_stays_at_the_smallest_density(design: Design) -> None:
    assert np.count_nonzero(raw_weights(design.with_layer("fc1", density=1e-9), "fc1")["weight"]) == 1


@pytest.mark.parametrize("tool", ["yosys", "vitis_hls"])
def test_estimates_fall_with_the_density(design: Design, tool: str) -> None:
    found = [
        estimate(design.with_target(tool=tool).with_layers({"fc1": {"density": d}, "fc2": {"density": d}})).total.lut
        for d in (1.0, 0.6, 0.3)
    ]
    assert found[0] > found[1] > found[2] > 0


def test_dropped_multipliers_are_not_counted(design: Design) -> None:
    shared = design.with_layer("fc1", reuse=4, weight="fixed<10,2>")
    dsp = estimate(shared).layers["fc1"].dsp
    half = estimate(shared.with_layer("fc1", density=0.5, pattern="multipliers")).layers["fc1"].dsp
    assert (dsp, half) == (48, 24)


def test_dropped_weights_are_not_counted_as_lost(design: Design) -> None:
    pruned = design.with_layer("fc1", density=0.1)
    lost = next(item for item in trace(pruned, np.zeros((3, 16))) if (item.layer, item.key) == ("fc1", "weight"))
    assert lost.num_underflowed == 0


@pytest.mark.parametrize(
    ("name", "change", "text"),
    [
        ("fc1", {"density": 0}, "layer 'fc1': density must be above 0 and at most 1, not 0.0."),
        ("fc1", {"density": 1.5}, "layer 'fc1': density must be above 0 and at most 1, not 1.5."),
        ("fc1", {"density": float("nan")}, "layer 'fc1': density must be above 0 and at most 1, not nan."),
        ("fc1", {"density": True}, "layer 'fc1': density must be above 0 and at most 1, not True."),
        ("fc1", {"density": "half"}, "layer 'fc1': density must be above 0 and at most 1, not 'half'."),
        ("fc1", {"pattern": "rows"}, "layer 'fc1': unknown pattern 'rows'. Valid values: 'weights', 'neurons', "),
        (
            "fc1",
            {"mask": "2x3:AA"},
            "layer 'fc1': expected a shape and bits in base 64, such as '2x3:/A==', not '2x3:AA'.",
        ),
        ("fc1", {"mask": "9999999999x9999999999:AA=="}, "layer 'fc1': expected a shape and bits in base 64"),
        ("fc1", {"mask": "02x03:/A=="}, "layer 'fc1': expected a shape and bits in base 64"),
        (
            "fc1",
            {"mask": np.ones((12, 16), dtype=bool)},
            "layer 'fc1': the mask of 'weight' has shape (12, 16), its weights have (16, 12).",
        ),
        ("fc1", {"mask": np.ones((16, 12))}, "layer 'fc1': a mask holds true where a weight is kept, not float64."),
        (
            "fc2",
            {"mask": {"bias": [True] * 4}},
            "layer 'fc2': a mask of 'bias' came, and the weights here are: 'weight'.",
        ),
        ("relu", {"density": 0.5}, "layer 'relu': unknown key 'density'. A relu layer has 'result'."),
        ("relu", {"mask": None}, "layer 'relu': unknown key 'mask'. A relu layer has 'result'."),
    ],
)
def test_what_cannot_be_pruned_is_refused(design: Design, name: str, change: dict, text: str) -> None:
    with pytest.raises(ConfigError) as error:
        design.with_layer(name, **change)
    assert str(error.value).startswith(text)


def test_cells_have_no_neurons_to_drop() -> None:
    rng = np.random.default_rng(1)
    cell = Recurrent(
        cell=Cell.GRU,
        kernel=rng.normal(size=(3, 12)),
        recurrent_kernel=rng.normal(size=(4, 12)),
        bias=np.zeros(12),
        recurrent_bias=np.zeros(12),
    )
    nodes = Node(name="x", op=Input(), inputs=(), shape=(5, 3)), Node(name="gru", op=cell, inputs=("x",), shape=(4,))
    design = Design.default(Graph(name="cell", nodes=nodes, outputs=("gru",)))
    raw = raw_weights(design.with_layer("gru", density=0.5), "gru")
    assert np.count_nonzero(raw["weight"]) == 18 and np.count_nonzero(raw["recurrent_weight"]) == 24
    with pytest.raises(ConfigError, match="a gru layer cannot be pruned by 'neurons'. Valid: 'weights'."):
        design.with_layer("gru", pattern="neurons")


def test_space_chooses_densities(design: Design) -> None:
    space = Space(per_layer={"density": [0.25, np.float32(0.5), 1]}, uniform={"pattern": ["weights", "neurons"]})
    bound = BoundSpace.bind(space, design)
    assert bound.shape == (2, 3, 3)
    chosen = bound.design((1, 0, 2))
    assert (chosen.layers["fc1"].density, chosen.layers["fc1"].pattern, chosen.layers["fc2"].density) == (
        0.25,
        "neurons",
        1,
    )


@pytest.mark.parametrize("shares", [[0.5, 2], [0], ["half"], [True], []])
def test_space_refuses_what_is_no_share(design: Design, shares: list) -> None:
    with pytest.raises(ConfigError, match="expected shares of weights above 0 and up to 1|no choice is given"):
        BoundSpace.bind(Space(uniform={"density": shares}), design)


def test_masks_are_equal_by_content() -> None:
    mask = Mask.parse([[True, False], [False, True]])
    assert mask == Mask.parse(mask.text) and eval(repr(mask)) == mask and len({mask, Mask.parse(mask.text)}) == 1
    assert mask.density == 0.5 and mask.kept.flags.writeable is False
