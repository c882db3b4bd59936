"""Inputs whose elements have types of their own: data is cast to them before it enters, in every flow and from file."""

from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.element_types import ElementTypes
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input, Quantize
from hlsexplore_hls import export
from hlsexplore_hls.project import Project

TYPES = ElementTypes(signed=[True, False, True], integer=[2, 2, 0], fraction=[1, 3, 0], rounding="RND")


def network() -> Graph:
    nodes = (
        Node(name="x", op=Input(types=TYPES), inputs=(), shape=(3,), types={"result": hx.Fixed.parse("fixed<8,4>")}),
        Node(name="q", op=Quantize(types=TYPES), inputs=("x",), shape=(3,)),
        Node(name="d", op=Dense(kernel=np.eye(3) + 0.25), inputs=("q",), shape=(3,)),
    )
    return Graph(name="m", nodes=nodes, outputs=("d",))


@pytest.mark.parametrize("flow", ["vitis", "rtl"])
def test_a_project_casts_data_to_the_types_of_its_input(tmp_path: Path, flow: str) -> None:
    design = hx.Design.default(network()).with_layer("x", granularity="element")
    x = np.random.default_rng(0).uniform(-1.9, 1.9, (80, 3))
    export(design, tmp_path / "p", flow=flow)
    project = Project.load(tmp_path / "p")
    assert project.inputs[0].types == TYPES
    np.testing.assert_array_equal(project.simulate(x).y, hx.emulate(design, x))
    assert project.simulate().differing == 0


def test_the_bus_has_the_type_that_the_model_gives_and_the_layers_cast_the_same() -> None:
    design = hx.Design.default(network())
    assert design.layers["x"].granularity == "uniform" and str(design.result_type("x")) == "fixed<8,4>"
    x = np.random.default_rng(0).uniform(-1.9, 1.9, (500, 3))
    np.testing.assert_array_equal(hx.emulate(design, x), hx.predict(network(), x))
    np.testing.assert_array_equal(
        hx.emulate(design.with_layer("x", granularity="element"), x), hx.predict(network(), x)
    )
