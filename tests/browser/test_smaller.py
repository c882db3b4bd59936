"""The card of a smaller network in JupyterLab: neurons go, a training runs, its network stands on the Pareto plot."""

from typing import Any

import browser as harness
import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytest.importorskip("tensorflow")
pytestmark = pytest.mark.browser
SOURCE = """
import numpy as np
from hlsexplore import Design, Target
from hlsexplore.emulate import float_forward
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input
from hlsexplore_widgets import Explorer

rng = np.random.default_rng(5)
second = rng.normal(0, 0.6, (10, 3))
second[[2, 7]] = 0
nodes = (
    Node(name="x", op=Input(), inputs=(), shape=(5,)),
    Node(name="fc1", op=Dense(kernel=rng.normal(0, 0.6, (5, 10)), bias=rng.normal(0, 0.3, 10)), inputs=("x",), shape=(10,)),
    Node(name="act", op=Activation(function=Function.RELU), inputs=("fc1",), shape=(10,)),
    Node(name="fc2", op=Dense(kernel=second, bias=np.zeros(3)), inputs=("act",), shape=(3,)),
)
graph = Graph(name="tiny", nodes=nodes, outputs=("fc2",))
x = rng.normal(0, 1, (600, 5))
y = float_forward(graph, x).argmax(axis=1)
design = Design.default(graph, Target(tool="vitis_hls"), "fixed<4,3>")
explorer = Explorer(graph, x[:200], y[:200], design=design, train=(x[150:], y[150:]))
explorer
"""


@pytest.fixture(scope="module")
def small(chromium: Any, tmp_path_factory: pytest.TempPathFactory):
    """A page with a network of two layers and training data."""
    notebook = harness.write_notebook(tmp_path_factory.mktemp("smaller") / "smaller.ipynb", SOURCE)
    with harness.serving("lab", notebook) as server, harness.opened(chromium, "lab", server) as page:
        page.wait_for_selector("[data-tile=score]", timeout=180_000)
        harness.wait_for_figures(page, 60)
        yield page


def test_neurons_go_and_a_training_is_a_network_of_the_study(small) -> None:
    page, card = small, small.locator(".hx-area-smaller")
    expect(card.get_by_role("alert")).to_contain_text(
        "50 of the 200 evaluation samples are among the 450 training samples"
    )
    offers = card.get_by_role("list", name="Neurons that can go")
    expect(offers).to_contain_text("fc1: 2 neurons can go, nothing reads them; saves", timeout=30_000)
    card.get_by_role("button", name="Take all that are exact").click()
    expect(offers.get_by_role("listitem")).to_have_count(0, timeout=30_000)
    expect(card).to_contain_text("No neuron can go: all are needed.")
    harness.wait_for_figures(page, 60)
    card.get_by_label("Epochs", exact=True).fill("40")
    card.get_by_label("Learning rate").fill("0.01")
    card.get_by_role("button", name="Fine-tune", exact=True).click()
    expect(card.get_by_role("button", name="Cancel")).to_be_enabled()
    expect(card.get_by_role("status", name="Fine-tuning")).to_contain_text(
        "a new network of this study", timeout=240_000
    )
    expect(card.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    expect(card.locator(".js-plotly-plot, .plotly, svg.main-svg").first).to_be_visible(timeout=30_000)
    harness.wait_for_figures(page, 60)
    page.get_by_role("tab", name="Trials").click()
    expect(page.locator(".hx-area-explore")).to_contain_text("2 trials", timeout=30_000)
    page.get_by_role("button", name="Undo").first.click()
    harness.wait_for_figures(page, 60)


def test_a_training_is_cancelled(small) -> None:
    card = small.locator(".hx-area-smaller")
    card.get_by_label("Epochs", exact=True).fill("5000")
    card.get_by_role("button", name="Fine-tune", exact=True).click()
    status = card.get_by_role("status", name="Fine-tuning")
    expect(status).to_have_text("loading TensorFlow", timeout=30_000)
    card.get_by_role("button", name="Cancel").click()
    expect(status).to_contain_text("cancelled", timeout=30_000)
    expect(card.get_by_role("button", name="Fine-tune", exact=True)).to_be_enabled()
