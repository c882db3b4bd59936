from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hlsexplore.design import Design
from hlsexplore.element_types import ElementTypes
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed, quantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Conv, Dense, Input, Pool, Quantize, Reshape
from hlsexplore.search.bound_space import BoundSpace
from hlsexplore.space import Space, nearest_reuse, read_axes


@pytest.fixture(scope="module")
def base(small_graph: Graph) -> Design:
    return Design.default(small_graph)


def bind(base, ranges=None, **sections):
    return BoundSpace.bind(Space.from_dict(sections), base, ranges)


def test_uniform_width_sets_every_layer_and_finds_integer_bits_from_the_weights(base: Design) -> None:
    space = bind(base, uniform={"weight": {"width": [4, 8]}})
    assert space.shape == (2,)
    design = space.design((0,))
    for name in ("dense_1", "dense_2"):
        type_ = design.type(name, "weight")
        kernel = base.graph[name].op.kernel
        assert type_.width == 4
        assert type_.low <= kernel.min()
        assert kernel.max() < type_.high + type_.step
        assert max(-kernel.min(), kernel.max()) > 2.0 ** (type_.integer - 2)
    assert design.type("dense_1", "bias") == base.type("dense_1", "bias")


def test_a_plain_list_of_numbers_means_widths_and_of_texts_means_types(base: Design) -> None:
    assert read_axes(Space(uniform={"weight": [4, 8]}), base.graph)[0].name == "weight.width"
    axes = read_axes(Space(layers={"dense_1": {"weight": ["fixed<4,1>", "fixed<6,1,RND,SAT>"]}}), base.graph)
    assert axes[0].name == "dense_1.weight"
    assert axes[0].choices == (Fixed(4, 1), Fixed.parse("fixed<6,1,RND,SAT>"))


def test_per_layer_gives_each_layer_its_own_axis_in_the_order_of_the_graph(base: Design) -> None:
    space = bind(base, per_layer={"reuse": [1, 2], "weight": [4, 8], "result": [8, 12]})
    assert [axis.name for axis in space.axes] == [
        "dense_1.reuse",
        "dense_1.weight.width",
        "relu.result.width",
        "dense_2.reuse",
        "dense_2.weight.width",
        "dense_2.result.width",
    ]
    design = space.design((1, 0, 1, 0, 1, 0))
    assert (design.layers["dense_1"].reuse, design.layers["dense_2"].reuse) == (2, 1)
    assert design.type("relu", "result").width == 12
    assert design.type("dense_2", "result").width == 8


def test_layers_replace_the_general_sections_for_that_key(base: Design) -> None:
    space = bind(base, uniform={"weight": [4], "reuse": [4]}, layers={"dense_2": {"weight": [10]}})
    design = space.design(space.point(0))
    assert design.type("dense_1", "weight").width == 4
    assert design.type("dense_2", "weight").width == 10
    assert (design.layers["dense_1"].reuse, design.layers["dense_2"].reuse) == (4, 4)


def test_reuse_of_many_layers_takes_the_nearest_legal_value_of_each(base: Design) -> None:
    space = bind(base, uniform={"reuse": [5, 512]})
    first, second = space.design((0,)), space.design((1,))
    assert (first.layers["dense_1"].reuse, first.layers["dense_2"].reuse) == (4, 4)
    assert (second.layers["dense_1"].reuse, second.layers["dense_2"].reuse) == (512, 160)
    assert nearest_reuse(base.graph["dense_2"], 6) == 8


def test_reuse_of_one_layer_must_be_legal_and_can_be_all_legal_values(base: Design) -> None:
    with pytest.raises(ConfigError, match="layer 'dense_1': reuse=7 does not divide the 512 multiplications"):
        bind(base, layers={"dense_1": {"reuse": [7]}})
    space = bind(base, layers={"dense_2": {"reuse": "legal"}})
    assert space.axes[0].choices == (1, 2, 4, 8, 16, 32, 160)
    assert bind(base, per_layer={"reuse": {"max": 4}}).shape == (3, 3)


def test_reuse_above_one_takes_the_resource_strategy_unless_the_space_says_otherwise(base: Design) -> None:
    assert bind(base, uniform={"reuse": [4]}).design((0,)).layers["dense_1"].strategy == "resource"
    assert bind(base, uniform={"reuse": [1]}).design((0,)).layers["dense_1"].strategy == "latency"
    both = bind(base, uniform={"reuse": [4], "strategy": ["latency"]})
    assert both.design((0, 0)).layers["dense_1"].strategy == "latency"


def test_accumulator_follows_the_weights_and_stays_where_the_user_chose_it(base: Design) -> None:
    design = bind(base, uniform={"weight": [4]}).design((0,))
    assert design.type("dense_1", "accum").width < base.type("dense_1", "accum").width
    narrow = base.with_layer("dense_1", accum="fixed<20,8>")
    design = bind(narrow, uniform={"weight": [4]}).design((0,))
    assert design.type("dense_1", "accum") == Fixed(20, 8)
    chosen = bind(base, uniform={"weight": [4]}, layers={"dense_1": {"accum": ["fixed<18,8>"]}})
    assert chosen.design((0, 0)).type("dense_1", "accum") == Fixed(18, 8)


def test_result_before_an_activation_keeps_the_accumulator_when_the_activation_is_chosen(base: Design) -> None:
    design = bind(base, uniform={"result": [8]}).design((0,))
    assert design.type("dense_1", "result") == design.type("dense_1", "accum")
    assert design.type("relu", "result").width == 8
    explicit = bind(base, layers={"dense_1": {"result": ["fixed<9,4>"]}}).design((0,))
    assert explicit.type("dense_1", "result") == Fixed(9, 4)


def test_result_integer_bits_follow_the_ranges_with_offsets(base: Design) -> None:
    ranges = {"relu": (0.0, 3.5), "dense_2": (-9.0, 2.0)}
    space = bind(base, ranges, per_layer={"result": {"width": [8], "integer": ["auto", "auto-1", 6]}})
    first = space.design((0,) * len(space.axes))
    assert first.type("relu", "result").integer == 3
    assert first.type("dense_2", "result").integer == 5
    names = [axis.name for axis in space.axes]
    point = tuple(1 if name.endswith("integer") else 0 for name in names)
    assert space.design(point).type("relu", "result").integer == 2
    plain = bind(base, per_layer={"result": [8]}).design((0, 0))
    assert plain.type("relu", "result").integer == base.type("relu", "result").integer


def test_signed_auto_makes_a_relu_unsigned_at_the_same_range(base: Design) -> None:
    space = bind(base, {"relu": (0.0, 3.5)}, layers={"relu": {"result": {"width": 8, "signed": "auto"}}})
    type_ = space.design((0, 0)).type("relu", "result")
    assert (type_.signed, type_.integer) == (False, 2)


def test_rounded_weights_never_wrap(base: Design) -> None:
    space = bind(base, uniform={"weight": {"width": {"min": 2, "max": 8}, "rounding": "RND", "overflow": "WRAP"}})
    for width in range(7):
        design = space.design((width, 0, 0))
        for name in ("dense_1", "dense_2"):
            type_, kernel = design.type(name, "weight"), base.graph[name].op.kernel
            assert np.abs(to_real(quantize(kernel, type_), type_) - kernel).max() <= type_.step / 2


def test_target_and_input_are_axes_too(base: Design) -> None:
    space = bind(base, target={"clock_ns": [2.5, 5]}, input={"width": [8, 12], "integer": 4})
    design = space.design((0, 1, 0))
    assert design.target.clock_ns == 2.5
    assert design.type("x", "result") == Fixed(12, 4, overflow="SAT")


def test_pools_pass_their_input_type_on() -> None:
    rng = np.random.default_rng(0)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4, 4, 1)),
        Node(name="conv", op=Conv(kernel=rng.normal(size=(1, 1, 1, 2))), inputs=("x",), shape=(4, 4, 2)),
        Node(name="pool", op=Pool(average=True, size=(2, 2), stride=(2, 2)), inputs=("conv",), shape=(2, 2, 2)),
        Node(name="flat", op=Reshape(), inputs=("pool",), shape=(8,)),
        Node(name="dense", op=Dense(kernel=rng.normal(size=(8, 3))), inputs=("flat",), shape=(3,)),
    )
    base = Design.default(Graph(name="cnn", nodes=nodes, outputs=("dense",)))
    design = bind(base, uniform={"result": [8]}).design((0,))
    assert design.type("pool", "result") == design.type("conv", "result")
    assert design.type("pool", "accum").width == 8 + 4
    assert design.type("dense", "accum").width < base.type("dense", "accum").width
    wide = bind(base, uniform={"parallel": [3, 16]})
    assert [wide.design((index,)).layers["conv"].parallel for index in (0, 1)] == [4, 16]


def test_points_are_numbered_with_the_last_axis_fastest(base: Design) -> None:
    space = bind(base, uniform={"weight": [4, 6, 8], "reuse": [1, 2]})
    assert space.size == 6
    assert [space.point(index) for index in range(3)] == [(0, 0), (0, 1), (1, 0)]
    assert space.choices((2, 1)) == {"weight.width": 8, "reuse": 2}


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_every_point_of_the_default_space_is_a_valid_design_with_its_own_key(small_graph: Graph, data) -> None:
    space = BoundSpace.bind(Space.default(small_graph), Design.default(small_graph))
    first, second = (data.draw(st.integers(0, space.size - 1)) for _ in range(2))
    keys = [space.design(space.point(index)).key for index in (first, second)]
    assert (keys[0] == keys[1]) == (first == second)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            {"unifrom": {}},
            "unknown section 'unifrom'. A space has 'uniform', 'per_layer', 'layers', 'input', 'target'. Did you mean 'uniform'?",
        ),
        ({"uniform": {"wieght": [4]}}, "section 'uniform' of the space: unknown key 'wieght'."),
        ({"uniform": {"wieght": [4]}}, "Did you mean 'weight'?"),
        ({"uniform": [4]}, "section 'uniform' of the space must hold keys with choices, not [4]."),
        ({"uniform": {"weight": {"widths": [4]}}}, "Did you mean 'width'?"),
        ({"uniform": {"weight": {"width": []}}}, "section 'uniform', 'weight', 'width': no choice is given."),
        ({"uniform": {"weight": {}}}, "no choice is given."),
        ({"uniform": {"weight": None}}, "no choice is given."),
        ({"uniform": {"weight": {"width": [0]}}}, "expected whole numbers from 1 to 1024, not 0."),
        ({"uniform": {"weight": {"width": [True]}}}, "expected whole numbers from 1 to 1024, not True."),
        ({"uniform": {"weight": {"width": {"min": 9, "max": 4}}}}, "a range needs max at or above min"),
        ({"uniform": {"weight": {"width": {"min": 1, "maxx": 4}}}}, "Did you mean 'max'?"),
        (
            {"uniform": {"weight": {"integer": ["autp"]}}},
            "expected integer bits such as 2, auto or auto+1, not 'autp'.",
        ),
        ({"uniform": {"weight": {"rounding": "RNDD"}}}, "Did you mean 'RND'?"),
        ({"uniform": {"weight": ["fixed<4>"]}}, "'fixed<4>' is not a fixed-point type."),
        ({"uniform": {"weight": [4, "fixed<4,2>"]}}, "4 is neither a type nor a width. Write all types or all widths."),
        ({"uniform": {"strategy": ["latncy"]}}, "Did you mean 'latency'?"),
        ({"uniform": {"reuse": [0]}}, "expected whole numbers from 1"),
        (
            {"uniform": {"weight": [4]}, "per_layer": {"weight": [4]}},
            "the key 'weight' is in 'uniform' and in 'per_layer'",
        ),
        ({"layers": {"dens_1": {"weight": [4]}}}, "unknown layer 'dens_1'."),
        ({"layers": {"relu": {"weight": [4]}}}, "layer 'relu': unknown key 'weight'. A relu layer has 'result'."),
        ({"layers": {"relu": [4]}}, "layer 'relu' of the space must hold keys with choices, not [4]."),
        ({"target": {"clock": [5]}}, "Did you mean 'clock_ns'?"),
        ({"target": {"clock_ns": [-1]}}, "clock_ns must be a period in ns above 0, not -1."),
        ({"uniform": {"table_size": [100]}}, "table_size must be a power of two"),
        ({"uniform": {"weight": {"width": {"min": 1, "max": 10**9}}}}, "more than 4096 choices."),
    ],
)
def test_a_wrong_space_is_named(base: Design, sections, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        bind(base, **sections)
    assert message in str(caught.value)


@pytest.mark.parametrize("data", [3, ["uniform"], None])
def test_a_space_that_is_no_mapping_is_named(data) -> None:
    with pytest.raises(ConfigError, match=r"^a space is a mapping of sections \('uniform', .*\), not "):
        Space.from_dict(data)


def test_space_files_are_read_and_their_errors_name_the_file(base: Design, tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text("uniform:\n  weight: {width: [4, 8]}\n  reuse: [1, 2]\ninput: [8, 16]\n")
    space = Space.load(path)
    assert space == Space.from_dict(space.to_dict())
    assert BoundSpace.bind(space, base).size == 8
    path.write_text("uniformm: {}\n")
    with pytest.raises(ConfigError, match=r"^space.yaml: unknown section 'uniformm'"):
        Space.load(path)
    with pytest.raises(ConfigError, match="cannot read"):
        Space.load(tmp_path / "none.yaml")


def test_default_space_leaves_out_what_no_layer_has() -> None:
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4, 4, 1)),
        Node(name="pool", op=Pool(average=False, size=(2, 2), stride=(2, 2)), inputs=("x",), shape=(2, 2, 1)),
    )
    assert Space.default(Graph(name="pool", nodes=nodes, outputs=("pool",))).to_dict() == {}


def test_multipliers_are_choices_of_a_space(small_graph: Graph) -> None:
    design = Design.default(small_graph)
    bound = bind(design, uniform={"multiplier": ["auto", "lut", "mixed"], "dsp_budget": [0, 8]})
    assert bound.size == 6
    found = {
        (made.layers["dense_1"].multiplier.value, made.layers["dense_1"].dsp_budget)
        for made in map(bound.design, map(bound.point, range(6)))
    }
    assert found == {(word, budget) for word in ("auto", "lut", "mixed") for budget in (0, 8)}
    with pytest.raises(ConfigError, match="'dps'"):
        bind(design, uniform={"multiplier": ["dps"]})


def test_types_of_single_elements_are_trimmed_and_made_uniform_by_a_space() -> None:
    types = ElementTypes(signed=[True, False], integer=[2, 1], fraction=[3, 0])
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(2,)),
        Node(name="cast", op=Quantize(types=types), inputs=("x",), shape=(2,)),
    )
    design = Design.default(Graph(name="elements", nodes=nodes, outputs=("cast",)))
    bound = bind(design, layers={"cast": {"trim": [0, 2], "granularity": ["element", "uniform"]}})
    assert bound.size == 4
    with pytest.raises(ConfigError, match="expected whole numbers from 0"):
        bind(design, layers={"cast": {"trim": [-1]}})
