"""What was proven at import, and what a design keeps of it."""

from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.graph import Graph
from hlsexplore.proof import Proof, proof_of, proofs

FOLDER = Path(__file__).parent / "data" / "brevitas"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return hx.read_model(FOLDER / "mlp.onnx")


def test_default_designs_keep_what_the_importer_proved(graph: Graph) -> None:
    found = proofs(graph, hx.Design.default(graph))
    assert (found.equal, found.changed, found.open) == (("3", "5"), (), ())
    assert found.sentence == (
        "Proven equal: 2 of 2 requantizations give the model's integer for every input that can reach them."
    )


def test_a_changed_type_loses_its_proof_and_no_other(graph: Graph) -> None:
    name = proofs(graph).equal[0]
    design = hx.Design.default(graph).with_layer(name, weight="fixed<3,1>")
    found = proofs(graph, design)
    assert found.changed == (name,)
    assert found.total == 2
    assert found.sentence.endswith(f"The design changed the types of {name!r}.")
    assert proof_of(graph[name], design) is Proof.CHANGED
    assert found.to_dict()["proof_lost"] == [name]


def test_networks_without_real_scales_have_nothing_to_prove() -> None:
    found = proofs(hx.read_model(FOLDER / "powers.onnx"))
    assert (found.total, found.sentence) == (0, "")


def test_a_lost_proof_is_lost_for_a_reason(graph: Graph) -> None:
    name = proofs(graph).equal[0]
    x = np.load(FOLDER / "mlp.npz")["x"]
    design = hx.Design.default(graph).with_layer(name, weight="fixed<3,1>")
    assert (hx.emulate(design, x) != hx.predict(graph, x)).any()
