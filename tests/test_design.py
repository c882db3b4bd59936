import pickle
from dataclasses import replace

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.design import Design, design_from_dict
from hlsexplore.element_types import ElementTypes
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed, least_type, quantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import LayerConfig, knobs
from hlsexplore.ops import Dense, Input, Quantize
from hlsexplore.target import Target
from hlsexplore.weights import raw_weights
from hlsexplore_hls import export


@pytest.fixture(scope="module")
def design(small_graph: Graph) -> Design:
    return Design.default(small_graph)


@pytest.mark.parametrize(
    ("layer", "changes", "message"),
    [
        (
            "dens_2",
            {"reuse": 1},
            "unknown layer 'dens_2'. This graph has 'x', 'dense_1', 'relu', 'dense_2', 'softmax'. Did you mean 'dense_2'?",
        ),
        (
            "dense_1",
            {"reuse": 7},
            "layer 'dense_1': reuse=7 does not divide the 512 multiplications of this layer. Valid values near 7: 4, 8.",
        ),
        (
            "dense_2",
            {"reuse": 5},
            "layer 'dense_2': reuse=5 does not split the 32 x 5 matrix of this layer evenly. Valid values near 5: 4, 8.",
        ),
        ("dense_1", {"reuse": 0}, "Valid values near 0: 1."),
        ("dense_1", {"reuse": True}, "layer 'dense_1': reuse must be an integer, not True."),
        ("relu", {"reuse": 2}, "layer 'relu': unknown key 'reuse'. A relu layer has 'result'."),
        ("dense_1", {"wieght": "fixed<8,2>"}, "unknown key 'wieght'"),
        ("dense_1", {"wieght": "fixed<8,2>"}, "Did you mean 'weight'?"),
        ("dense_1", {"weight": "fixed<8>"}, "layer 'dense_1', weight: 'fixed<8>' is not a fixed-point type."),
        ("dense_1", {"strategy": "latncy"}, "unknown strategy 'latncy'. Valid values: 'latency', 'resource'."),
        ("softmax", {"table_size": 1000}, "table_size must be a power of two from 2 to 262144, not 1000."),
        ("softmax", {"softmax": "exact"}, "Valid values: 'stable', 'latency', 'argmax'."),
    ],
)
def test_with_layer_says_what_is_wrong_and_what_is_valid(design: Design, layer: str, changes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        design.with_layer(layer, **changes)
    assert message in str(caught.value)


def test_with_layer_changes_one_layer_and_leaves_the_original(design: Design) -> None:
    changed = design.with_layer("dense_1", weight="fixed<8,2>", reuse=4, strategy="resource")
    assert changed.layers["dense_1"].types["weight"] == Fixed(8, 2)
    assert (changed.layers["dense_1"].reuse, changed.layers["dense_1"].strategy) == (4, "resource")
    assert design.layers["dense_1"].reuse == 1
    assert changed.layers["dense_2"] is design.layers["dense_2"]
    assert changed.key != design.key


def test_key_is_equal_for_equal_content_however_it_was_reached(design: Design) -> None:
    there_and_back = design.with_layer("dense_1", reuse=4).with_layer("dense_1", reuse=1)
    assert there_and_back == design
    assert there_and_back.key == design.key
    assert hash(there_and_back) == hash(design)


def test_with_input_changes_the_type_of_the_input(design: Design) -> None:
    assert design.with_input(type="ufixed<8,0>").result_type("x") == Fixed(8, 0, signed=False)


def test_with_target_rejects_unknown_keys(design: Design) -> None:
    assert design.with_target(io="stream").target.io == "stream"
    with pytest.raises(
        ConfigError,
        match="unknown key 'clock'. A target has 'part', 'clock_ns', 'io', 'tool'. Did you mean 'clock_ns'?",
    ):
        design.with_target(clock=5)


def test_design_refuses_a_missing_layer(design: Design, small_graph: Graph) -> None:
    with pytest.raises(ConfigError, match="layer 'x' has no configuration"):
        Design(graph=small_graph, target=Target(), layers={})
    layers = {**design.layers, "relu": LayerConfig()}
    with pytest.raises(ConfigError, match="layer 'relu': the type of 'result' is missing"):
        Design(graph=small_graph, target=Target(), layers=layers)


def test_pickle_gives_an_equal_design(design: Design) -> None:
    assert pickle.loads(pickle.dumps(design)) == design


def test_knobs_depend_on_the_op(small_graph: Graph) -> None:
    assert knobs(small_graph["dense_1"]) == (
        "reuse",
        "strategy",
        "multiplier",
        "dsp_budget",
        "density",
        "pattern",
    )
    assert knobs(small_graph["softmax"]) == ("table_size", "softmax", "exp_integer")
    assert knobs(small_graph["relu"]) == ()


def test_multipliers_are_part_of_a_design_only_where_they_are_chosen(design: Design, small_graph: Graph) -> None:
    assert not {"multiplier", "dsp_budget"} & set(design.to_dict()["layers"]["dense_1"])
    changed = design.with_layer("dense_1", multiplier="mixed", dsp_budget=3)
    assert changed.key != design.key and changed.with_layer("dense_1", multiplier="auto", dsp_budget=0) == design
    words = changed.to_dict()["layers"]["dense_1"]
    assert (words["multiplier"], words["dsp_budget"]) == ("mixed", 3)
    assert design_from_dict(changed.to_dict(), small_graph) == changed
    with pytest.raises(ConfigError, match=r"unknown multiplier 'dps'\. Valid values: 'auto', 'dsp', 'lut', 'mixed'\."):
        design.with_layer("dense_1", multiplier="dps")
    with pytest.raises(ConfigError, match="dsp_budget must be a number of DSP blocks, 0 or more, not -1"):
        design.with_layer("dense_1", dsp_budget=-1)


def test_raw_weights_are_cast_with_the_layers_types_and_cached(design: Design, small_graph: Graph) -> None:
    changed = design.with_layer("dense_1", weight="fixed<6,1>")
    raw = raw_weights(changed, "dense_1")
    np.testing.assert_array_equal(raw["weight"], quantize(small_graph["dense_1"].op.kernel, Fixed(6, 1)))
    assert raw_weights(changed, "dense_1")["weight"] is raw["weight"]
    assert raw_weights(changed, "relu") == {}


def test_default_accumulator_holds_every_possible_sum(design: Design, small_graph: Graph) -> None:
    source, config = design.input_types("dense_1")[0], design.layers["dense_1"]
    raw = raw_weights(design, "dense_1")
    accum, weight, bias = (config.types[key] for key in ("accum", "weight", "bias"))
    assert accum.fraction >= weight.fraction + source.fraction
    kernel = raw["weight"].astype(object)
    shift = accum.fraction - weight.fraction - source.fraction
    top = (np.maximum(kernel, 0) * source.max_raw + np.minimum(kernel, 0) * source.min_raw).sum(axis=0) * 2**shift
    top += raw["bias"].astype(object) * 2 ** (accum.fraction - bias.fraction)
    assert top.max() <= accum.max_raw
    assert top.max() > accum.max_raw // 4


def test_trim_takes_bits_from_each_weight_by_its_own_type_and_the_type_follows() -> None:
    types = ElementTypes(
        signed=[[True, True, False, True]],
        integer=[[2, 1, 1, 1]],
        fraction=[[3, 1, 2, 0]],
        rounding="RND",
        overflow="SAT",
    )
    kernel = np.array([[1.375, -0.5, 1.75, -1.0]])
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(1,)),
        Node(name="y", op=Dense(kernel=kernel, types=types), inputs=("x",), shape=(4,), types={"weight": Fixed(6, 3)}),
    )
    graph = Graph(name="m", nodes=nodes, outputs=("y",))
    design = Design.default(graph)
    trimmed = {0: [1.375, -0.5, 1.75, -1.0], 1: [1.5, 0.0, 1.5, 0.0], 2: [1.5, 0.0, 1.0, 0.0], 4: [0.0, 0.0, 0.0, 0.0]}
    for bits, values in trimmed.items():
        changed = design.with_layer("y", trim=bits)
        type_ = changed.type("y", "weight")
        assert to_real(raw_weights(changed, "y")["weight"], type_).tolist() == [values]
        assert type_ == (Fixed(6, 3) if bits == 0 else least_type(np.array(values)))
    uniform = design.with_layer("y", trim=2, granularity="uniform", weight="fixed<4,2,RND>")
    assert to_real(raw_weights(uniform, "y")["weight"], Fixed(4, 2)).tolist() == [[1.5, -0.5, 1.75, -1.0]]
    plain = replace(nodes[1], op=Dense(kernel=kernel))
    assert Graph(name="m", nodes=(nodes[0], plain), outputs=("y",)).digest != graph.digest
    with pytest.raises(ConfigError, match="unknown key 'trim'"):
        Design.default(Graph(name="m", nodes=(nodes[0], plain), outputs=("y",))).with_layer("y", trim=1)


def test_the_result_of_a_cast_follows_what_is_trimmed_while_it_is_the_hull() -> None:
    types = ElementTypes(signed=[True, False], integer=[3, 2], fraction=[1, 5], rounding="RND")
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(2,)),
        Node(name="q", op=Quantize(types=types), inputs=("x",), shape=(2,)),
    )
    design = Design.default(Graph(name="m", nodes=nodes, outputs=("q",)))
    assert str(design.result_type("q")) == "fixed<8,3,RND>"
    assert str(design.with_layer("q", trim=2).result_type("q")) == "fixed<6,3,RND>"
    assert design.with_layer("q", trim=2).with_layer("q", trim=0) == design
    own = design.with_layer("q", result="fixed<12,6>")
    assert str(own.with_layer("q", trim=2).result_type("q")) == "fixed<12,6>"
    assert str(design.with_layer("q", granularity="uniform").result_type("q")) == "fixed<8,3,RND>"
    with pytest.raises(ConfigError, match="layer 'q': trim must be a number of bits from 0 to 64, not -1"):
        design.with_layer("q", trim=-1)
    with pytest.raises(ConfigError, match="unknown granularity 'bit'. Valid values: 'element', 'uniform'"):
        design.with_layer("q", granularity="bit")


@pytest.mark.parametrize(
    "call",
    [
        lambda graph: hx.emulate(graph, np.zeros((1, 4))),
        lambda graph: hx.trace(graph, np.zeros((1, 4))),
        lambda graph: hx.blame(graph, np.zeros((1, 4))),
        lambda graph: hx.propose_types(graph, np.zeros((1, 4))),
        lambda graph: hx.fine_tune(graph, np.zeros((1, 4)), np.zeros(1)),
        lambda graph: hx.estimate(graph),
        lambda graph: export(graph, "out"),
    ],
)
def test_a_graph_in_place_of_a_design_is_named(small_graph: Graph, call) -> None:
    with pytest.raises(ConfigError, match=r"^a design is needed, not <Graph .* Design.default\(graph\) makes one"):
        call(small_graph)


@pytest.mark.parametrize(
    "call",
    [
        lambda value: hx.predict(value, np.zeros((1, 4))),
        lambda value: Design.default(value),
        lambda value: Design.load("d.yaml", value),
        lambda value: hx.Study("s.db", value, np.zeros((1, 4))),
        lambda value: hx.Emulator(value, np.zeros((1, 4))),
    ],
)
def test_what_is_no_graph_is_named_and_how_it_becomes_one(small_graph: Graph, call) -> None:
    with pytest.raises(ConfigError, match=r"^a graph is needed, not 'm.keras'. read_model makes one"):
        call("m.keras")
    with pytest.raises(ConfigError, match=r"^a graph is needed, not <Design .* Pass its graph."):
        call(Design.default(small_graph))


def test_a_part_in_place_of_a_target_is_named(small_graph: Graph) -> None:
    with pytest.raises(ConfigError, match=r"^a target is needed, not 'xc7z020clg400-1'. Write Target\(part="):
        Design.default(small_graph, target="xc7z020clg400-1")
