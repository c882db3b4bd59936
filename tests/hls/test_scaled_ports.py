"""Projects of networks with real scales take real data and return real results, through their manifest too."""

from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore_hls import export
from hlsexplore_hls.project import Project

FOLDER = Path(__file__).parents[1] / "data" / "brevitas"


@pytest.mark.parametrize(("name", "io"), [("mlp", "parallel"), ("zero_points", "stream"), ("binary", "parallel")])
def test_simulated_results_are_those_of_the_emulator(tmp_path: Path, name: str, io: str) -> None:
    x = np.load(FOLDER / f"{name}.npz")["x"][:20]
    graph = hx.read_model(FOLDER / f"{name}.onnx")
    design = hx.Design.default(graph, hx.Target(io=io))
    export(design, tmp_path / "p", flow="vitis", golden_x=x)
    project = Project.load(tmp_path / "p")
    assert project.inputs[0].encoding.content() == graph.inputs[0].op.encoding.content()
    result = project.simulate(x)
    assert (result.y == hx.emulate(design, x)).all()
    assert project.simulate().differing == 0


def test_golden_vectors_without_data_stay_within_what_can_come_in(tmp_path: Path) -> None:
    graph = hx.read_model(FOLDER / "binary.onnx")
    project = export(hx.Design.default(graph), tmp_path / "p", flow="vitis")
    inputs, _ = project.golden()
    low, high = graph.inputs[0].op.encoding.limits
    assert (low, high) == (-1.0, 1.0)
    assert inputs[0].min() >= low
    assert inputs[0].max() <= high
