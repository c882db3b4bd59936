"""The examples of docs/search.md work as they stand."""

import re
from pathlib import Path

import yaml

from hlsexplore.design import Design
from hlsexplore.graph import Graph
from hlsexplore.search.bound_space import BoundSpace
from hlsexplore.space import Space

TEXT = (Path(__file__).parents[1] / "docs" / "search.md").read_text(encoding="utf-8")


def test_the_space_file_of_the_documentation_is_valid(small_graph: Graph) -> None:
    document = yaml.safe_load(re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[1])
    document["layers"] = {"dense_2": document["layers"]["output"]}
    document["layers"]["dense_2"]["reuse"] = "legal"
    space = BoundSpace.bind(Space.from_dict(document), Design.default(small_graph))
    assert space.design(space.point(space.size - 1)).target.clock_ns == 5.0
