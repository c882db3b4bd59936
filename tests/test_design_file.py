import logging
import stat

import pytest

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError
from hlsexplore.graph import Graph


@pytest.fixture
def saved(small_graph, tmp_path):
    design = Design.default(small_graph).with_layer("dense_1", weight="fixed<8,2,RND,SAT>", reuse=4)
    path = tmp_path / "design.yaml"
    design.save(path)
    return design, path


def test_load_gives_back_what_was_saved(saved, small_graph):
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
def test_load_names_the_file_and_the_mistake(saved, small_graph, old, new, message):
    _, path = saved
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        Design.load(path, small_graph)
    assert message in str(caught.value)


def test_load_fills_in_defaults_for_what_is_left_out(small_graph, tmp_path):
    path = tmp_path / "short.yaml"
    path.write_text("layers:\n  dense_1: {reuse: 2}\n")
    assert Design.load(path, small_graph) == Design.default(small_graph).with_layer("dense_1", reuse=2)


def test_load_warns_when_the_file_belongs_to_other_weights(saved, small_graph, caplog):
    _, path = saved
    other = Graph(name="small", nodes=small_graph.nodes, outputs=("dense_2",))
    with caplog.at_level(logging.WARNING):
        Design.load(path, other)
    assert "saved for other weights" in caplog.text


def test_save_to_an_unwritable_place_gives_one_clear_error_and_leaves_nothing(saved, tmp_path):
    design, _ = saved
    with pytest.raises(ConfigError, match="cannot write .*nowhere"):
        design.save(tmp_path / "nowhere" / "design.yaml")
    with pytest.raises(ConfigError, match="cannot read"):
        Design.load(tmp_path / "missing.yaml", design.graph)


def test_save_is_readable_by_its_owner_only_after_the_whole_text_is_there(saved):
    _, path = saved
    assert stat.S_ISREG(path.stat().st_mode)
    assert [item.name for item in path.parent.iterdir()] == ["design.yaml"]
