"""Pruning by size and by what a LUT costs, from Python and from the command line."""

import json
from pathlib import Path

import numpy as np
import pytest

from hlsexplore.cli import main
from hlsexplore.compress.files import save_network
from hlsexplore.compress.prune import PruneStep, kept_share, prunable, prune, prune_by_saliency
from hlsexplore.design import Design
from hlsexplore.emulate import emulate, float_forward
from hlsexplore.errors import ConfigError
from hlsexplore.estimate import estimate
from hlsexplore.foreign_design import read_design
from hlsexplore.graph import Graph, Node
from hlsexplore.importers import read_model
from hlsexplore.metrics import accuracy
from hlsexplore.ops import Activation, Dense, Function, Input
from hlsexplore.target import Target


@pytest.fixture
def design() -> Design:
    """A network whose second layer is worth nothing: its weights are a hundredth of a copy's beside it."""
    rng = np.random.default_rng(0)
    second = np.concatenate([np.eye(8), 0.01 * rng.normal(size=(8, 8))], axis=1)
    third = np.concatenate([rng.normal(size=(8, 3)), rng.normal(size=(8, 3))])
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(8,)),
        Node(name="fc1", op=Dense(kernel=rng.normal(0, 0.5, (8, 8))), inputs=("x",), shape=(8,)),
        Node(name="relu", op=Activation(function=Function.RELU), inputs=("fc1",), shape=(8,)),
        Node(name="fc2", op=Dense(kernel=second), inputs=("relu",), shape=(16,)),
        Node(name="fc3", op=Dense(kernel=third), inputs=("fc2",), shape=(3,)),
    )
    return Design.default(Graph(name="net", nodes=nodes, outputs=("fc3",)), Target(tool="yosys"), type="fixed<10,4>")


@pytest.fixture
def data(design: Design) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(1).normal(size=(300, 8))
    return x, np.argmax(float_forward(design.graph, x), axis=1)


def test_prune_keeps_a_share_of_every_layer_or_of_some(design: Design) -> None:
    assert prunable(design) == ("fc1", "fc2", "fc3")
    pruned = prune(design, 0.25)
    assert [pruned.layers[name].density for name in prunable(design)] == [0.25] * 3
    some = prune(design, 0.5, ["fc3"], "neurons")
    assert (some.layers["fc3"].pattern, some.layers["fc3"].density, some.layers["fc1"].density) == ("neurons", 0.5, 1)
    assert kept_share(prune(design, 0.25)) == pytest.approx(0.25, abs=0.02)


def test_saliency_drops_where_it_costs_least(design: Design, data: tuple[np.ndarray, np.ndarray]) -> None:
    steps: list[PruneStep] = []
    x, labels = data
    pruned = prune_by_saliency(design, x, labels, density=0.6, on_step=steps.append)
    even = prune(design, 0.6)
    assert accuracy(emulate(pruned, x), labels) > accuracy(emulate(even, x), labels)
    assert pruned.layers["fc2"].density < min(pruned.layers["fc1"].density, pruned.layers["fc3"].density)
    assert steps[-1].lut == estimate(pruned).total.lut < estimate(design).total.lut
    assert steps[-1].merit == accuracy(emulate(pruned, x), labels)


@pytest.mark.parametrize("density", [0, 1.5, True, "half", float("nan")])
def test_a_share_is_a_share(design: Design, data: tuple[np.ndarray, np.ndarray], density: object) -> None:
    with pytest.raises(ConfigError, match="density must be above 0 and at most 1"):
        prune_by_saliency(design, data[0], density=density)


def test_a_layer_without_weights_is_refused(design: Design, data: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(ConfigError, match="layer 'relu': a relu layer has no matrix of weights to prune."):
        prune_by_saliency(design, data[0], density=0.5, layers=["relu"])


def test_a_stored_network_is_read_as_it_was(design: Design, tmp_path: Path) -> None:
    pruned = prune(design, 0.5)
    save_network(pruned, tmp_path / "net")
    assert read_model(tmp_path / "net").digest == design.graph.digest
    assert read_design(tmp_path / "net").key == pruned.key


def test_commands_prune_and_fine_tune(
    design: Design,
    data: tuple[np.ndarray, np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    save_network(design, "net")
    np.savez("X.npz", x=data[0], y=data[1])
    assert (
        main(["prune", "net", "--density", "0.5", "--by", "saliency", "--data", "X.npz", "-o", "p.yaml", "--json"]) == 0
    )
    said = json.loads(capsys.readouterr().out)
    assert said["kept"] < 0.5 and said["costs"]["lut"][0] > said["costs"]["lut"][1]
    assert said["before"]["fc3"]["accuracy"] > said["after"]["fc3"]["accuracy"] - 0.3
    words = ["fine-tune", "net", "--design", "p.yaml", "--train", "X.npz", "--data", "X.npz", "--to", "tuned"]
    assert main([*words, "--epochs", "4", "--learning-rate", "0.01", "--json"]) == 0
    tuned = json.loads(capsys.readouterr().out)
    assert tuned["num_shared"] == 300
    assert tuned["after"]["fc3"]["accuracy"] >= said["after"]["fc3"]["accuracy"]
    assert [item["number"] for item in tuned["epochs"]] == [0, 1, 2, 3, 4]
    assert main(["emulate", "tuned", "--data", "X.npz", "--no-trace", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == tuned["after"]["fc3"]["accuracy"]
    assert main(words) == 1
    assert "tuned exists. Choose another folder with --to, or replace it with --force." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ["--density", "0.5", "--by", "saliency"],
            "--by saliency finds what each layer's weights are worth on samples",
        ),
        (["--density", "0"], "density must be above 0 and at most 1, not 0.0."),
        (["--density", "0.5", "--layers", "fc9"], "unknown layer 'fc9'"),
        (["--density", "0.5", "--layers", "relu"], "unknown key 'density'. A relu layer has 'result'."),
    ],
)
def test_the_command_refuses_in_a_sentence(
    design: Design,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    save_network(design, "net")
    assert main(["prune", "net", *words]) == 1
    assert text in capsys.readouterr().err


def test_a_training_that_could_not_be_kept_never_begins(
    design: Design, data, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    save_network(design, "net")
    np.savez("X.npz", x=data[0], y=data[1])
    np.savez("seven.npz", x=data[0], y=data[1] + 7)
    words = ["fine-tune", "net", "--train", "X.npz", "--to"]
    for more, text in (
        (["X.npz", "--force"], "cannot write 'X.npz': it is a file, and a folder is needed."),
        (["X.npz/deep"], "cannot write 'X.npz/deep': Not a directory."),
        (["tuned", "--data", "seven.npz"], "labels must be class numbers from 0 to 2, not"),
    ):
        assert main([*words, *more]) == 1
        assert text in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["X.npz", "net", "seven.npz"]
