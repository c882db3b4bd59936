"""Strips of the bits of single elements: what is counted, how it is said, and what trim and uniform make of it."""

from dataclasses import replace

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.element_types import ElementTypes
from hlsexplore.emulate import profile
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input, Quantize
from hlsexplore_widgets.figures.profile import profile_figure
from hlsexplore_widgets.profile import MagnitudeSpread
from hlsexplore_widgets.rows import config_data, row_data
from hlsexplore_widgets.widths import width_data, widths

TYPES = ElementTypes(signed=[True, False, True, False], integer=[2, 1, 0, 3], fraction=[3, 2, 0, -1])
"""Elements of 5, 3, 0 and 2 bits."""
KERNEL = np.array([[0.5, -0.75], [0.0, 1.25], [0.25, 0.0], [-1.0, 0.0]])
"""In fixed<4,2>: bits 1, 3; 0, 3; 1, 0; 2, 0."""


@pytest.fixture
def design() -> hx.Design:
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4,)),
        Node(name="cast", op=Quantize(types=TYPES), inputs=("x",), shape=(4,)),
        Node(
            name="fc",
            op=Dense(kernel=KERNEL),
            inputs=("cast",),
            shape=(2,),
            types={"weight": hx.Fixed.parse("fixed<4,2>")},
        ),
    )
    return hx.Design.default(Graph(name="elements", nodes=nodes, outputs=("fc",)))


def texts(design: hx.Design) -> dict[str, dict[str, str]]:
    shown = config_data(design, 0.0, 0)["widths"]
    return {name: {key: item["text"] for key, item in found.items()} for name, found in shown.items()}


def test_elements_and_weights_have_a_sentence_each(design: hx.Design) -> None:
    assert texts(design) == {
        "cast": {"result": "4 elements: 25 % always 0, the others 2 to 5 bits, median 3"},
        "fc": {"weight": "8 weights: 37.5 % always 0, the others 1 to 3 bits, median 2"},
    }


def test_trim_takes_a_bit_from_each_element_and_uniform_has_no_strip(design: hx.Design) -> None:
    trimmed = texts(design.with_layer("cast", trim=2))
    assert trimmed["cast"] == {"result": "4 elements: 50 % always 0, the others 1 to 3 bits, median 2"}
    assert texts(design.with_layer("cast", trim=5))["cast"] == {"result": "4 elements, all of them always 0"}
    assert "cast" not in texts(design.with_layer("cast", granularity="uniform"))


def with_types_of_weights(design: hx.Design) -> hx.Design:
    """Give the single weights of `fc` types: 2 fraction bits each, but for those that are 0."""
    graph = design.graph
    shape = KERNEL.shape
    types = ElementTypes(
        signed=np.ones(shape, bool), integer=np.where(KERNEL == 0, -2, 2), fraction=np.full(shape, 2), rounding="RND"
    )
    fc = replace(graph["fc"], op=Dense(kernel=KERNEL, types=types))
    return hx.Design.default(Graph(name="elements", nodes=(*graph.nodes[:2], fc), outputs=("fc",)))


def test_trim_takes_a_bit_from_each_weight_and_the_row_offers_it(design: hx.Design) -> None:
    typed = with_types_of_weights(design)
    assert texts(typed)["fc"] == texts(design)["fc"]
    assert texts(typed.with_layer("fc", trim=1))["fc"] == {
        "weight": "8 weights: 37.5 % always 0, the others 1 to 2 bits, median 2"
    }
    empty = MagnitudeSpread(log2=None, zeros=0.0, size=1, low=0.0, high=0.0)
    names = [node.name for node in typed.graph]
    row = row_data(typed.graph, {name: {} for name in names}, dict.fromkeys(names, empty))[2]
    choices = {choice["name"]: choice for choice in row["choices"]}
    assert choices["granularity"]["values"] == ["element", "uniform"]
    assert choices["trim"]["values"] == [0, 1, 2, 3, 4]
    assert choices["trim"]["label"] == "fraction bits that every weight loses"


def test_the_profile_speaks_of_elements(design: hx.Design) -> None:
    boxes = profile(with_types_of_weights(design).with_layer("cast", trim=1), np.ones((8, 4)))
    spreads = {(box.layer, box.key): str(box.spread) for box in boxes if box.spread is not None}
    assert spreads == {
        ("cast", "result"): "1 to 4 bits, median 2, 1 of 4 without",
        ("fc", "weight"): "4 bits each, 3 of 8 without",
    }
    hover = profile_figure(boxes).data[0].hovertext
    assert any(text.endswith("; 8 elements of 4 bits each, 3 of 8 without") for text in hover)


def test_a_strip_has_a_part_for_each_width_and_the_zeros() -> None:
    found = width_data({"result": widths(np.array([3, 0, 2, 3]))})["result"]
    assert found["bars"] == [(0, 0.25), (2, 0.25), (3, 0.5)]
    assert width_data({"result": widths(np.array([4, 4]))})["result"]["note"] == "4 bits"


def test_a_quantize_row_offers_trim_and_uniform(design: hx.Design) -> None:
    empty = MagnitudeSpread(log2=None, zeros=0.0, size=1, low=0.0, high=0.0)
    names = [node.name for node in design.graph]
    rows = row_data(design.graph, {name: {} for name in names}, dict.fromkeys(names, empty))
    assert rows[1]["detail"] == "quantize · 4 elements: 25 % always 0, the others 2 to 5 bits, median 3"
    choices = {choice["name"]: choice["values"] for choice in rows[1]["choices"]}
    assert choices == {"granularity": ["element", "uniform"], "trim": [0, 1, 2, 3, 4, 5]}
