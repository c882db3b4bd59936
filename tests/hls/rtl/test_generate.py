"""Generated Verilog: names, refusals, lint, and a project that is simulated through its handshake."""

import json
from pathlib import Path

import numpy as np
import pytest

from hlsexplore.design import Design
from hlsexplore.errors import CancelledError, NoModelError
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Cell, Dense, Function, Input, Merge, MergeFunction, Recurrent, Softmax
from hlsexplore.target import Target
from hlsexplore_hls import export
from hlsexplore_hls.rtl.generate import generate
from hlsexplore_hls.rtl.packing import pack
from hlsexplore_hls.rtl.verilator import Bus, Model, simulate_models


def network(name: str = "net", layer: str = "fc", branch: bool = False) -> Graph:
    rng = np.random.default_rng(4)
    nodes = [
        Node(name="x", op=Input(), inputs=(), shape=(6,)),
        Node(
            name=layer,
            op=Dense(kernel=rng.normal(0, 0.4, (6, 4)), bias=rng.normal(0, 0.1, 4)),
            inputs=("x",),
            shape=(4,),
        ),
        Node(name="act", op=Activation(function=Function.RELU), inputs=(layer,), shape=(4,)),
        Node(name="out", op=Dense(kernel=rng.normal(0, 0.4, (4, 4))), inputs=("act",), shape=(4,)),
    ]
    if branch:
        nodes.append(Node(name="sum", op=Merge(function=MergeFunction.ADD), inputs=("act", "out"), shape=(4,)))
    nodes.append(Node(name="soft", op=Softmax(), inputs=(nodes[-1].name,), shape=(4,)))
    return Graph(name=name, nodes=tuple(nodes), outputs=("soft",))


def lint(design: Design, folder: Path) -> None:
    generated = generate(design)
    samples = np.zeros((1, 6), dtype=np.int64)
    model = Model(
        sources={name: str(generated.files[name]) for name in generated.extra["sources"]},
        top=generated.top,
        inputs=tuple(Bus(**item) for item in generated.extra["inputs"]),
        outputs=tuple(Bus(**item) for item in generated.extra["outputs"]),
        words=[pack(samples, design.result_type("x").width)],
        limit_cycles=1000,
    )
    simulate_models([model], folder, lint=True)


@pytest.mark.parametrize("reuse", [1, 2])
def test_verilog_has_no_warning_in_verilator(reuse: int, tmp_path: Path) -> None:
    design = Design.default(network(branch=True), type="fixed<8,3>")
    lint(design.with_layers({name: {"reuse": reuse, "strategy": "resource"} for name in ("fc", "out")}), tmp_path)


def test_project_simulates_exactly_with_the_planned_cycles(tmp_path: Path) -> None:
    design = Design.default(network(branch=True), type="fixed<8,3>").with_layer("fc", reuse=3, strategy="resource")
    project = export(design, tmp_path / "project", flow="rtl")
    result = project.simulate()
    assert result.differing == 0
    assert result.num_samples == 1000
    assert (result.latency_cycles, result.ii_cycles) == (project.latency_cycles, project.ii_cycles)
    assert project.ii_cycles == 3


def test_changed_verilog_is_simulated_as_it_is(tmp_path: Path) -> None:
    design = Design.default(network(), type="fixed<8,3>")
    project = export(design, tmp_path / "project", flow="rtl")
    file = project.path / "rtl" / f"{project.top}_act.v"
    file.write_text(file.read_text().replace("? 7'd0 :", "? 7'd1 :"))
    result = project.simulate()
    assert result.modified == (f"rtl/{project.top}_act.v",)
    assert result.differing


def test_cancelled_simulation_stops(tmp_path: Path) -> None:
    import threading

    project = export(Design.default(network(), type="fixed<8,3>"), tmp_path / "project", flow="rtl")
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        project.simulate(cancel=cancel)


def test_names_from_the_model_never_reach_the_verilog() -> None:
    graph = network(name='m"; $finish; //', layer='x"; $(touch y)\nendmodule')
    generated = generate(Design.default(graph, type="fixed<8,3>"))
    text = "\n".join(str(generated.files[name]) for name in generated.extra["sources"])
    assert "$finish" not in text and "$(touch" not in text
    scripts = [str(content) for name, content in generated.files.items() if name.endswith((".tcl", ".xdc", "_tb.v"))]
    assert all("$(touch" not in script and 'x"' not in script for script in scripts)
    adders = sum(line.startswith("module ") and line.endswith("_add3 #(") for line in text.splitlines())
    assert text.splitlines().count("endmodule") == len(generated.extra["sources"]) + adders
    assert all(
        name.replace("_", "").replace(".v", "").replace("rtl/", "").isalnum() for name in generated.extra["sources"]
    )


def test_manifest_names_the_module_and_cycles_of_each_layer() -> None:
    design = Design.default(network(), type="fixed<8,3>")
    generated = generate(design)
    layers = json.loads(json.dumps(dict(generated.extra)))["layers"]
    assert list(layers) == ["fc", "act", "out", "soft"]
    assert sum(layer["latency_cycles"] for layer in layers.values()) + 1 == generated.latency_cycles
    assert {f"rtl/{layer['module']}.v" for layer in layers.values()} <= set(generated.files)


def test_equal_designs_give_equal_files() -> None:
    first, second = (generate(Design.default(network(), type="fixed<8,3>")) for _ in range(2))
    assert first.files == second.files


def recurrent(**options) -> Graph:
    rng = np.random.default_rng(0)
    op = Recurrent(
        cell=Cell.GRU,
        kernel=rng.normal(size=(2, 6)),
        recurrent_kernel=rng.normal(size=(2, 6)),
        bias=np.zeros(6),
        recurrent_bias=np.zeros(6),
        **options,
    )
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(3, 2)),
        Node(name="my_gru", op=op, inputs=("x",), shape=(2,)),
    )
    return Graph(name="r", nodes=nodes, outputs=("my_gru",))


def test_backward_sequences_are_refused_on_streams() -> None:
    design = Design.default(recurrent(go_backwards=True), target=Target(io="stream"))
    with pytest.raises(NoModelError, match="layer 'my_gru': a stream begins with the first step, and this layer reads"):
        generate(design)


def test_recurrent_layer_takes_a_step_as_often_as_its_state_is_ready() -> None:
    generated = generate(Design.default(recurrent(), type="fixed<8,3>"))
    found = generated.extra["layers"]["my_gru"]
    pace = found["ii_cycles"] // 3
    assert found["ii_cycles"] == 3 * pace
    assert found["latency_cycles"] == 1 + 2 * pace + (pace - 1) + 1
