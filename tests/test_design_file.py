import logging
import stat
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from every_op import every_op
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import fixed_types

from hlsexplore.design import Design, design_from_dict
from hlsexplore.emulate import emulate
from hlsexplore.errors import ConfigError
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import MAX_EXP_INTEGER, Granularity, Multiplier, SoftmaxMode, Strategy, knobs
from hlsexplore.masks import can_prune, patterns_of
from hlsexplore.ops import Dense, Input, Softmax, tensor_keys, weights
from hlsexplore.reuse import legal_reuse
from hlsexplore.search.bound_space import BoundSpace
from hlsexplore.space import Space
from hlsexplore.study import Study
from hlsexplore.target import Io, Target, Tool

TYPES = fixed_types(st.integers(1, 40), st.integers(-8, 40))
EVERY_OP = every_op()


@pytest.fixture
def saved(small_graph: Graph, tmp_path: Path) -> tuple[Design, Path]:
    design = Design.default(small_graph).with_layer("dense_1", weight="fixed<8,2,RND,SAT>", reuse=4)
    path = tmp_path / "design.yaml"
    design.save(path)
    return design, path


def test_load_gives_back_what_was_saved(saved: tuple[Design, Path], small_graph: Graph) -> None:
    design, path = saved
    assert Design.load(path, small_graph) == design


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("reuse: 4", "reuse: 7", "design.yaml: layer 'dense_1': reuse=7 does not divide"),
        ("reuse: 4", "reuze: 4", "unknown key 'reuze'"),
        ("dense_1:", "dense1:", "unknown layer 'dense1'"),
        (
            "layers:",
            "layer:",
            "unknown key 'layer'. A design file has 'hlsexplore', 'model', 'target', 'layers'. Did you mean 'layers'?",
        ),
        ("clock_ns:", "clock:", "unknown key 'clock'"),
        ("hlsexplore: 1", "hlsexplore: 99", "this design file has format 99; this version reads 1."),
        ("layers:", "layers: [", "design.yaml is not valid YAML"),
        ("target:", "target: !!python/object/apply:os.system ['true']\nx:", "is not valid YAML"),
    ],
)
def test_load_names_the_file_and_the_mistake(
    saved: tuple[Design, Path], small_graph: Graph, old: str, new: str, message: str
) -> None:
    _, path = saved
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        Design.load(path, small_graph)
    assert message in str(caught.value)


def test_load_fills_in_defaults_for_what_is_left_out(small_graph: Graph, tmp_path: Path) -> None:
    path = tmp_path / "short.yaml"
    path.write_text("layers:\n  dense_1: {reuse: 2}\n")
    assert Design.load(path, small_graph) == Design.default(small_graph).with_layer("dense_1", reuse=2)


def test_load_warns_when_the_file_belongs_to_other_weights(
    saved: tuple[Design, Path], small_graph: Graph, caplog: pytest.LogCaptureFixture
) -> None:
    _, path = saved
    other = Graph(name="small", nodes=small_graph.nodes, outputs=("dense_2",))
    with caplog.at_level(logging.WARNING):
        Design.load(path, other)
    assert "saved for other weights" in caplog.text


def test_save_to_an_unwritable_place_gives_one_clear_error_and_leaves_nothing(
    saved: tuple[Design, Path], tmp_path: Path
) -> None:
    design, _ = saved
    with pytest.raises(ConfigError, match="cannot write .*nowhere"):
        design.save(tmp_path / "nowhere" / "design.yaml")
    with pytest.raises(ConfigError, match="cannot read"):
        Design.load(tmp_path / "missing.yaml", design.graph)


def test_save_is_readable_by_its_owner_only_after_the_whole_text_is_there(saved: tuple[Design, Path]) -> None:
    _, path = saved
    assert stat.S_ISREG(path.stat().st_mode)
    assert [item.name for item in path.parent.iterdir()] == ["design.yaml"]


def settings_of(node: Node) -> st.SearchStrategy[dict[str, object]]:
    """Draw types and knobs of a layer, some or all of those that it has, in any order."""
    positions = node.num_elements // node.shape[-1] if len(node.shape) > 1 else 1
    values = {
        "reuse": st.sampled_from(legal_reuse(node)),
        "strategy": st.sampled_from(Strategy),
        "table_size": st.sampled_from([2**bits for bits in range(1, 19)]),
        "softmax": st.sampled_from(SoftmaxMode),
        "multiplier": st.sampled_from(sorted(Multiplier)),
        "dsp_budget": st.integers(0, 99),
        "exp_integer": st.integers(0, MAX_EXP_INTEGER),
        "parallel": st.sampled_from([n for n in range(1, positions + 1) if positions % n == 0]),
        "granularity": st.sampled_from(Granularity),
        "trim": st.integers(0, 9),
        "density": st.floats(0, 1, exclude_min=True) | st.integers(1, 1000).map(lambda n: np.float32(n / 1000)),
        "pattern": st.sampled_from(patterns_of(node.op)),
    }
    keys = dict.fromkeys(tensor_keys(node.op), TYPES) | {key: values[key] for key in knobs(node)}
    if can_prune(node.op):
        keys["mask"] = st.fixed_dictionaries({}, optional={key: masks(a.shape) for key, a in weights(node.op).items()})
    changes = st.fixed_dictionaries({}, optional=keys)
    return st.tuples(changes, st.randoms()).map(lambda drawn: shuffled(*drawn))


def masks(shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    """Draw which weights of a tensor stay."""
    return st.integers(0, 2**31).map(lambda seed: np.random.default_rng(seed).random(shape) < 0.6)


def shuffled(changes, random):
    items = list(changes.items())
    random.shuffle(items)
    return dict(items)


def steps(graph: Graph) -> st.SearchStrategy[list[tuple[str, dict[str, object]]]]:
    """Draw changes of layers, one after the other; a layer may change several times."""
    softmax = [node for node in graph if isinstance(node.op, Softmax)]
    nodes = st.sampled_from([*graph.nodes, *(5 * softmax)])
    return st.lists(nodes.flatmap(lambda node: st.tuples(st.just(node.name), settings_of(node))), max_size=8)


TARGETS = st.builds(
    Target,
    part=st.sampled_from(["xcvu13p-flga2577-2-e", "xc7z020clg400-1", "1e5", "2024-01-01"]),
    clock_ns=st.floats(1e-9, 1e6) | st.integers(1, 10) | st.floats(1, 10, width=32).map(np.float32),
    io=st.sampled_from(Io),
    tool=st.sampled_from(Tool),
)


def reloaded(design: Design) -> Design:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "design.yaml"
        design.save(path)
        return Design.load(path, design.graph)


@settings(deadline=None, max_examples=60)
@given(steps(EVERY_OP), TARGETS, st.sampled_from(["fixed<16,6>", "fixed<8,3,RND>", "fixed<24,8,TRN,SAT_SYM>"]))
def test_any_design_of_any_op_is_the_same_when_loaded(changes, target, type_) -> None:
    design = Design.default(EVERY_OP, target=target, type=type_)
    for name, values in changes:
        design = design.with_layer(name, **values)
    back = reloaded(design)
    assert back.key == design.key
    assert back.layers == design.layers
    assert design_from_dict(design.to_dict(), EVERY_OP) == design


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12) | st.sampled_from(
    ["yes", "null", "<<", "=", "1", "1e3", "~", "!tag", "&a", "*a", "a: b", "- x", "2024-01-01", "#", "\x85", "\u2028"]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(NAMES, min_size=3, max_size=3, unique=True))
def test_names_of_any_text_are_the_same_when_loaded(names) -> None:
    x, dense, softmax = names
    nodes = (
        Node(name=x, op=Input(), inputs=(), shape=(2,)),
        Node(name=dense, op=Dense(kernel=np.eye(2)), inputs=(x,), shape=(2,)),
        Node(name=softmax, op=Softmax(), inputs=(dense,), shape=(2,)),
    )
    design = Design.default(Graph(name=names[0], nodes=nodes, outputs=(softmax,)))
    assert reloaded(design.with_layer(softmax, softmax="argmax")).key != design.key
    assert reloaded(design).key == design.key


MODES = list(SoftmaxMode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("types_of", MODES)
def test_a_softmax_with_the_types_of_another_mode_is_the_same_from_file_and_study(
    small_graph: Graph, tmp_path: Path, mode, types_of
) -> None:
    start = Design.default(small_graph)
    types = start.with_layer("softmax", softmax=types_of).layers["softmax"].types
    design = start.with_layer("softmax", softmax=mode).with_layer("softmax", **types)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 16))
    back = reloaded(design)
    np.testing.assert_array_equal(emulate(back, x), emulate(design, x))
    with Study(tmp_path / "study.db", small_graph, x, rng.integers(0, 5, 60)) as study:
        assert study.design(study.evaluate(design)) == design


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_every_design_of_a_space_is_the_same_when_loaded(data) -> None:
    node = data.draw(st.sampled_from(EVERY_OP.nodes))
    drawn = data.draw(st.lists(settings_of(node), min_size=1, max_size=3))
    keys = [key for key in drawn[0] if key != "mask" and all(key in item for item in drawn)]
    layers = {
        key: list(dict.fromkeys(str(item[key]) if key in tensor_keys(node.op) else item[key] for item in drawn))
        for key in keys
    }
    target = {"clock_ns": [2.5, 5], "io": ["parallel", "stream"]}
    space = Space.from_dict({"layers": {node.name: layers}, "target": target})
    bound = BoundSpace.bind(space, Design.default(EVERY_OP))
    design = bound.design(bound.point(data.draw(st.integers(0, bound.size - 1))))
    assert reloaded(design).key == design.key


def test_a_space_that_chooses_the_mode_of_a_softmax_gives_it_the_types_of_the_mode(small_graph: Graph) -> None:
    base = Design.default(small_graph)
    bound = BoundSpace.bind(Space.from_dict({"uniform": {"softmax": ["stable", "latency"]}}), base)
    assert bound.design((0,)) == base
    assert bound.design((1,)) == base.with_layer("softmax", softmax="latency")
    own = {"uniform": {"softmax": ["latency"], "exp_table": ["ufixed<18,1,RND,SAT>"]}}
    design = BoundSpace.bind(Space.from_dict(own), base).design((0, 0))
    assert design == base.with_layer("softmax", softmax="latency", exp_table="ufixed<18,1,RND,SAT>")


def test_numbers_of_numpy_are_the_same_as_plain_ones(small_graph: Graph) -> None:
    design = Design.default(small_graph)
    plain = design.with_layer("dense_1", reuse=4).with_layer("softmax", table_size=512)
    other = design.with_layer("dense_1", reuse=np.int64(4)).with_layer("softmax", table_size=np.uint16(512))
    assert other == plain
    assert reloaded(other).key == plain.key


def test_a_check_leaves_the_configuration_that_was_handed_to_it(small_graph: Graph) -> None:
    design = Design.default(small_graph)
    config = replace(design.layers["dense_1"], strategy="resource")
    assert config.strategy is Strategy.RESOURCE
    copy = replace(config)
    Design(graph=small_graph, target=Target(), layers={**design.layers, "dense_1": config})
    assert config == copy
    with pytest.raises(ConfigError, match="unknown softmax 'exact'. Valid values: 'stable', 'latency', 'argmax'."):
        replace(config, softmax="exact")
