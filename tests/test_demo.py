from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hlsexplore.cli import main
from hlsexplore.commands.demo import ALLOWED_LOSS, demo_text, run_demo
from hlsexplore.commands.outcome import Session
from hlsexplore.design import Design
from hlsexplore.emulate import emulate, float_forward
from hlsexplore.errors import CancelledError
from hlsexplore.examples import Example
from hlsexplore.graph import Graph, Node
from hlsexplore.metrics import accuracy
from hlsexplore.ops import Activation, Dense, Function, Input
from hlsexplore.study.study import Study
from hlsexplore_hls import Project


@pytest.fixture(scope="module")
def example() -> Example:
    """A tiny classifier whose labels are those of the float network, but for one in ten."""
    rng = np.random.default_rng(0)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6,)),
        Node(
            name="fc1",
            op=Dense(kernel=rng.normal(0, 0.6, (6, 8)), bias=rng.normal(0, 0.1, 8)),
            inputs=("x",),
            shape=(8,),
        ),
        Node(name="relu1", op=Activation(function=Function.RELU), inputs=("fc1",), shape=(8,)),
        Node(
            name="fc2",
            op=Dense(kernel=rng.normal(0, 0.6, (8, 4)), bias=rng.normal(0, 0.1, 4)),
            inputs=("relu1",),
            shape=(4,),
        ),
    )
    graph = Graph(name="tiny", nodes=nodes, outputs=("fc2",))
    x = rng.normal(0, 1, (400, 6))
    labels = float_forward(graph, x).argmax(axis=1)
    labels[::10] = (labels[::10] + 1) % 4
    return Example(
        name="tiny",
        variant="keras",
        path=Path("tiny.keras"),
        graph=graph,
        x=x,
        labels=labels,
        classes=("a", "b", "c", "d"),
        is_synthetic=True,
        description="",
    )


def test_demo_goes_from_the_network_to_a_verified_and_synthesized_design(example: Example, tmp_path: Path) -> None:
    said = []
    result = run_demo(example, tmp_path, Session(say=said.append))
    assert result.accuracy_float == 0.9
    assert result.accuracy_fixed >= result.accuracy_float - ALLOWED_LOSS
    assert (result.cpp.differing, result.rtl.differing, result.differing) == (0, 0, 0)
    assert (result.cpp.num_samples, result.rtl.num_samples) == (1400, 1400)
    assert result.cpp.accuracy == result.rtl.accuracy == result.accuracy_fixed
    design = Design.load(tmp_path / "design.yaml", example.graph)
    assert accuracy(emulate(design, example.x), example.labels) == result.accuracy_fixed
    assert Project.load(tmp_path / "vitis").design_key == Project.load(tmp_path / "rtl").design_key == design.key
    assert result.synthesized.lut > 0
    assert result.rtl.latency_cycles == result.synthesized.latency_cycles_max
    with Study(tmp_path / "study.db", example.graph, example.x, example.labels) as study:
        assert len(study) == result.num_designs >= 64
    text = demo_text(result)
    assert "integers that differ, RTL  0" in text
    assert "SYNTHETIC" in text
    assert "SYNTHETIC" not in demo_text(replace(result, is_synthetic=False))
    assert [line for line in said if "0 integers differ from the emulator" in line] == said[-3:-1]


def test_demo_can_be_cancelled(example: Example, tmp_path: Path) -> None:
    session = Session()
    session.cancel.set()
    with pytest.raises(CancelledError):
        run_demo(example, tmp_path, session)


def test_demo_in_a_place_that_is_no_folder_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["demo", "--to", str(tmp_path / "file")]) == 1
    assert "cannot be made: File exists." in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shuttle", "digits", "jets"])
@pytest.mark.parametrize("variant", ["keras", "qkeras"])
def test_demo_of_every_example_ends_without_a_difference(name: str, variant: str, tmp_path: Path) -> None:
    assert main(["demo", "--example", name, "--variant", variant, "--to", str(tmp_path / "demo"), "--json"]) == 0
