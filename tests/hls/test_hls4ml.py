"""The flow hls4ml: designs go out and come back, hls4ml's own C++ of them equals the emulator, refusals are named."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import yaml
from agreement.cases import CASES
from agreement.cases_elements import UNSUPPORTED as NO_ELEMENTS
from agreement.cases_joins import ONE_TYPE, UNSUPPORTED

import hlsexplore as hx
from hlsexplore.design import Design
from hlsexplore.errors import NoModelError, ToolError
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import (
    Activation,
    Cell,
    Concatenate,
    Dense,
    Function,
    Input,
    Merge,
    MergeFunction,
    Recurrent,
    Softmax,
)
from hlsexplore_hls import export
from hlsexplore_hls.hls4ml.directions import directions
from hlsexplore_hls.hls4ml.layers import LAYERS
from hlsexplore_hls.hls4ml.limits import differences, refusals

QUICK = [case for case in CASES if not case.is_slow]


@pytest.mark.parametrize("part", range(4))
def test_designs_that_hls4ml_supports_go_out_and_come_back(part, tmp_path: Path) -> None:
    lost = []
    for case in [case for case in QUICK if not case.differs][part::4]:
        design, x = case.make()
        folder = tmp_path / case.name
        export(design, folder, flow="hls4ml", golden_x=_few(x))
        back = hx.read_design(folder)
        if back.key != design.key or hx.read_model(folder).digest != design.graph.digest:
            lost.append(case.name)
    assert lost == []


def _few(x):
    return (
        [array[:2] for array in (x.values() if isinstance(x, dict) else x)] if not isinstance(x, np.ndarray) else x[:2]
    )


@pytest.mark.parametrize(
    "case", [case for case in QUICK if case.differs in (UNSUPPORTED, ONE_TYPE, NO_ELEMENTS)], ids=lambda case: case.name
)
def test_what_hls4ml_lacks_is_refused_by_layer(case) -> None:
    design, _ = case.make()
    assert refusals(design) and all(item.startswith("layer ") for item in refusals(design))


def small(io: str = "parallel") -> tuple[Design, np.ndarray]:
    rng = np.random.default_rng(4)
    nodes = (
        Node(name="in put", op=Input(), inputs=(), shape=(6,)),
        Node(
            name="fc", op=Dense(kernel=rng.normal(size=(6, 4)), bias=rng.normal(size=4)), inputs=("in put",), shape=(4,)
        ),
        Node(name="act", op=Activation(function=Function.TANH), inputs=("fc",), shape=(4,)),
        Node(name="out", op=Softmax(), inputs=("act",), shape=(4,)),
    )
    design = hx.Design.default(Graph(name="small", nodes=nodes, outputs=("out",)), hx.Target(io=io))
    return design.with_layer("fc", weight="fixed<7,3>", reuse=3, strategy="resource"), rng.normal(size=(50, 6))


@pytest.mark.skipif(find_spec("hls4ml") is None, reason="needs hls4ml")
@pytest.mark.parametrize("io", ["parallel", "stream"])
def test_cpp_of_hls4ml_equals_the_emulator(io: str, tmp_path: Path) -> None:
    design, x = small(io)
    project = export(design, tmp_path / "my project", flow="hls4ml", golden_x=x)
    result = project.simulate()
    assert (result.differing, result.tool) == (0, "hls4ml, back end Vitis")
    np.testing.assert_array_equal(project.simulate(x[:5]).y, hx.emulate(design, x[:5]))


@pytest.mark.skipif(find_spec("hls4ml") is None, reason="needs hls4ml")
def test_a_project_that_was_read_and_changed_builds_again(tmp_path: Path) -> None:
    design, x = small()
    project = export(design, tmp_path / "p", flow="hls4ml")
    argv = [sys.executable, "-W", "ignore", "build.py", "convert", "--to", "prj"]
    assert subprocess.run(argv, cwd=project.path, capture_output=True, timeout=300).returncode == 0
    changed = hx.read_design(project.path / "prj").with_layer("fc", weight="fixed<6,2>", reuse=6)
    assert changed != design
    result = export(changed, tmp_path / "again", flow="hls4ml", golden_x=x).simulate()
    assert (result.differing, result.tool) == (0, "hls4ml, back end Vitis")


@pytest.mark.skipif(find_spec("hls4ml") is None, reason="needs hls4ml")
@pytest.mark.parametrize(
    ("backend", "mark"),
    [
        ("vivado", "project.tcl"),
        ("vivado_accelerator", "vivado_synth.tcl"),
        ("alveo-u50", "vivado_synth.tcl"),
        ("oneapi", "CMakeLists.txt"),
        ("quartus", "Makefile"),
        ("catapult", "build_prj.tcl"),
    ],
)
def test_each_back_end_of_hls4ml_converts_the_project(backend: str, mark: str, tmp_path: Path) -> None:
    project = export(small()[0], tmp_path / "p", flow="hls4ml", interface=backend)
    argv = [sys.executable, "-W", "ignore", "build.py", "convert", "--to", "prj"]
    done = subprocess.run(argv, cwd=project.path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (project.path / "prj" / mark).exists()
    if backend == "vivado":
        back = hx.read_design(project.path / "prj")
        assert dict(back.layers["fc"].types) == dict(small()[0].layers["fc"].types)
        assert (back.layers["fc"].reuse, str(back.layers["fc"].strategy)) == (3, "resource")


def test_configuration_is_hls4mls(tmp_path: Path) -> None:
    project = export(small()[0], tmp_path / "p", flow="hls4ml")
    config = yaml.safe_load((project.path / "hls4ml_config.yml").read_text())
    layer = config["HLSConfig"]["LayerName"]["fc"]
    assert (layer["Precision"]["weight"], layer["ReuseFactor"], layer["Strategy"]) == (
        "ap_fixed<7,3,AP_TRN,AP_WRAP>",
        3,
        "Resource",
    )
    assert (config["Backend"], config["IOType"], config["ClockPeriod"]) == ("Vitis", "io_parallel", 5.0)
    names = [layer["name"] for layer in json.loads((project.path / "layers.json").read_text())["layers"]]
    assert names == ["in_put", "fc", "act", project.layers["out"]]


def test_refusals_come_all_at_once(tmp_path: Path) -> None:
    shape = (4,)
    nodes = [Node(name=f"x{i}", op=Input(), inputs=(), shape=shape) for i in range(3)]
    inputs = tuple(node.name for node in nodes)
    nodes.append(Node(name="sum", op=Merge(function=MergeFunction.ADD), inputs=inputs, shape=shape))
    nodes.append(Node(name="cut", op=Activation(function=Function.RELU, max_value=3.0), inputs=("sum",), shape=shape))
    design = hx.Design.default(Graph(name="g", nodes=tuple(nodes), outputs=("cut",)))
    with pytest.raises(NoModelError) as caught:
        export(design, tmp_path / "p", flow="hls4ml")
    assert str(caught.value).splitlines()[1:] == [
        "  - layer 'sum': hls4ml joins two tensors, not 3.",
        "  - layer 'cut': hls4ml limits a ReLU at 1 or 6 only, not 3.0.",
    ]
    assert not (tmp_path / "p").exists()


def test_differences_of_arithmetic_are_said_by_layer(tmp_path: Path) -> None:
    project = export(small()[0], tmp_path / "p", flow="hls4ml")
    assert project.extra["notes"] == list(differences(small()[0]))
    assert "distances of logits saturate at 2^0" in project.extra["notes"][0]


@pytest.mark.parametrize(
    ("part", "interface", "backend", "device", "note"),
    [
        ("xc7z020-clg400-1", "vivado_accelerator", "VivadoAccelerator (pynq-z2)", "xc7z020clg400-1", None),
        ("xcu250-figd2104-2L-e", "vivado_accelerator", "VivadoAccelerator (alveo-u250)", "xcu250-figd2104-2L-e", None),
        (
            "xcvu13p-flga2577-2-e",
            "zcu102",
            "VivadoAccelerator (zcu102)",
            "xczu9eg-ffvb1156-2-e",
            "the board 'zcu102' has the part 'xczu9eg-ffvb1156-2-e', the design is for 'xcvu13p-flga2577-2-e': hls4ml builds "
            "for the board's. Set the part, or take another board.",
        ),
        ("xcvu13p-flga2577-2-e", "catapult", "Catapult", "xcvu13p-flga2577-2-e", None),
        ("Stratix10", "oneapi", "oneAPI", "Stratix10", None),
        (
            "xcvu13p-flga2577-2-e",
            "oneapi",
            "oneAPI",
            "Agilex7",
            "the back end oneAPI builds for devices of Altera, and 'xcvu13p-flga2577-2-e' is none: 'Agilex7', hls4ml's "
            "default, is taken. Set the part.",
        ),
    ],
)
def test_part_and_board_that_disagree_are_said(
    part: str, interface: str, backend: str, device: str, note: str | None, tmp_path: Path
) -> None:
    design = small()[0].with_target(part=part)
    project = export(design, tmp_path / "p", flow="hls4ml", interface=interface)
    settings = yaml.safe_load((project.path / "hls4ml_config.yml").read_text())
    assert (project.extra["backend"], settings["Part"]) == (backend, device)
    assert f"{settings['Backend']}" == backend.partition(" ")[0]
    assert [item for item in project.extra["notes"] if not item.startswith("layer ")] == ([note] if note else [])
    if settings["Backend"] == "VivadoAccelerator":
        assert f"({settings['AcceleratorConfig']['Board']})" in backend


def test_a_board_has_one_input_and_one_output(tmp_path: Path) -> None:
    nodes = [Node(name=name, op=Input(), inputs=(), shape=(4,)) for name in ("a", "b")]
    nodes.append(Node(name="sum", op=Merge(function=MergeFunction.ADD), inputs=("a", "b"), shape=(4,)))
    design = hx.Design.default(Graph(name="g", nodes=tuple(nodes), outputs=("sum",)))
    with pytest.raises(NoModelError) as caught:
        export(design, tmp_path / "p", flow="hls4ml", interface="pynq-z2")
    assert str(caught.value).splitlines()[1:] == [
        "  - the back end VivadoAccelerator has one input and one output, this network 2 and 1. Take the back end vivado, "
        "or another network."
    ]


@pytest.mark.parametrize(
    ("interface", "name", "sentence"),
    [
        ("quartus", "depthwise2d_valid_stream_exact", "hls4ml's back end Quartus has no depthwise convolutions."),
        (
            "oneapi",
            "depthwise2d_valid_stream_exact",
            "hls4ml's back end oneAPI has no streamed depthwise convolutions.",
        ),
        ("oneapi", "lstm_stream_last", "hls4ml's back end oneAPI has no streamed LSTM layers."),
        ("oneapi", "crop2d", "hls4ml's back end oneAPI has no croppings."),
        (
            "catapult",
            "gru_parallel_last",
            "hls4ml's back end Catapult has no LSTM and GRU layers, for which its writer fails.",
        ),
        ("catapult", "layer_norm_0", "hls4ml's back end Catapult has no layer normalisations."),
        (
            "libero",
            "softmax_stable_0",
            "hls4ml's back end Libero has no other layers than dense ones over vectors and activations without parameters.",
        ),
        (
            "libero",
            "conv1d_valid_stream_narrow",
            "hls4ml's back end Libero has no streams, for which its writer fails.",
        ),
        (
            "catapult",
            "depthwise2d_same_parallel_narrow",
            "hls4ml's back end Catapult has no depthwise convolutions with padding or stride that are not streamed: their "
            "C++ reads other pixels.",
        ),
        (
            "catapult",
            "depthwise1d_valid_parallel_exact",
            "hls4ml's back end Catapult has no depthwise convolutions over one axis that are not streamed: their C++ does "
            "not compile.",
        ),
    ],
)
def test_what_a_back_end_lacks_is_refused_by_layer(interface: str, name: str, sentence: str, tmp_path: Path) -> None:
    design, _ = next(case for case in CASES if case.name == name).make()
    layer = design.graph.layers[0].name
    with pytest.raises(NoModelError) as caught:
        export(design, tmp_path / "p", flow="hls4ml", interface=interface)
    assert f"  - layer {layer!r}: {sentence}" in str(caught.value).splitlines()
    assert refusals(design) == ()


@pytest.mark.skipif(find_spec("hls4ml") is None, reason="needs hls4ml")
def test_cpp_of_quartus_equals_the_emulator_where_no_table_is(tmp_path: Path) -> None:
    design, x = next(case for case in CASES if case.name == "conv1d_same_stream_narrow").make()
    project = export(design, tmp_path / "p", flow="hls4ml", interface="quartus", golden_x=x[:50])
    assert [note for note in project.extra["notes"] if note.startswith("layer ")] == []
    result = project.simulate()
    assert (result.differing, result.tool) == (0, "hls4ml, back end Quartus")


def test_tables_of_other_back_ends_are_said_at_export(tmp_path: Path) -> None:
    design, _ = small()
    project = export(design, tmp_path / "p", flow="hls4ml", interface="catapult")
    assert "layer 'act': tables and averages of the back end Catapult have other last bits." in project.extra["notes"]


def both_directions(cell, units=(3, 3), return_sequences: bool = True) -> tuple[Design, np.ndarray]:
    rng = np.random.default_rng(6)
    nodes = [Node(name="x", op=Input(), inputs=(), shape=(5, 2))]
    gates = {Cell.GRU: 3, Cell.LSTM: 4}[cell]
    for name, size, is_backward in (("f", units[0], False), ("b", units[1], True)):
        arrays = [rng.normal(0, 0.5, shape) for shape in ((2, gates * size), (size, gates * size), (gates * size,))]
        op = Recurrent(
            cell=cell,
            kernel=arrays[0],
            recurrent_kernel=arrays[1],
            bias=arrays[2],
            recurrent_bias=arrays[2] * (cell is Cell.GRU),
            return_sequences=return_sequences,
            go_backwards=is_backward,
        )
        nodes.append(Node(name=name, op=op, inputs=("x",), shape=(5, size) if return_sequences else (size,)))
    shape = (5, sum(units)) if return_sequences else (sum(units),)
    nodes.append(Node(name="y", op=Concatenate(axis=len(shape) - 1), inputs=("f", "b"), shape=shape))
    design = hx.Design.default(Graph(name="g", nodes=tuple(nodes), outputs=("y",))).with_input(type="fixed<16,6>")
    one = dict.fromkeys(("accum", "result", "state", "activation", "gate"), "fixed<16,6>")
    for name in ("f", "b"):
        has = design.layers[name].types
        types = {key: text for key, text in one.items() if key in has}
        design = design.with_layer(name, weight="fixed<9,3>", table="fixed<18,8>", table_size=1024, **types)
    return design.with_layer("y", result="fixed<16,6>"), rng.normal(size=(40, 5, 2))


@pytest.mark.skipif(find_spec("hls4ml") is None, reason="needs hls4ml")
@pytest.mark.parametrize(
    ("cell", "units", "return_sequences"),
    [
        (Cell.GRU, (3, 2), False),
        pytest.param(Cell.GRU, (3, 3), True, marks=pytest.mark.slow),
        pytest.param(Cell.LSTM, (3, 3), False, marks=pytest.mark.slow),
    ],
)
def test_both_directions_are_one_layer_of_hls4ml_and_equal_to_the_bit(
    cell, units: tuple[int, int], return_sequences: bool, tmp_path: Path
) -> None:
    design, x = both_directions(cell, units, return_sequences)
    assert refusals(design) == () and list(directions(design)) == ["y"]
    project = export(design, tmp_path / "p", flow="hls4ml", golden_x=x)
    assert project.simulate().differing == 0
    assert hx.read_design(project.path).key == design.key


@pytest.mark.skipif(find_spec("hls4ml") is None, reason="needs hls4ml")
def test_a_project_with_both_directions_is_read_and_goes_out_again(tmp_path: Path) -> None:
    design, x = both_directions(Cell.GRU)
    project = export(design, tmp_path / "p", flow="hls4ml", golden_x=x)
    argv = [sys.executable, "-W", "ignore", "build.py", "convert", "--to", "prj"]
    assert subprocess.run(argv, cwd=project.path, capture_output=True, timeout=300).returncode == 0
    back = hx.read_design(project.path / "prj")
    np.testing.assert_array_equal(hx.emulate(back, x), hx.emulate(design, x))
    assert refusals(back) == () and len(directions(back)) == 1


def test_directions_that_hls4ml_cannot_join_are_refused(tmp_path: Path) -> None:
    design, _ = both_directions(Cell.GRU)
    other = design.with_layer("b", accum="fixed<18,7>", activation="fixed<18,7>", gate="fixed<18,7>")
    assert directions(other) == {}
    assert refusals(other)[-1] == (
        "layer 'b': hls4ml has no backward sequence and no state quantizer outside Bidirectional."
    )


def test_cases_of_agreement_go_through_every_op_of_hls4ml() -> None:
    found = {type(node.op) for case in QUICK if not case.differs for node in case.make()[0].graph}
    assert set(LAYERS.table) <= found


@pytest.mark.skipif(find_spec("hls4ml") is None, reason="needs hls4ml")
@pytest.mark.parametrize(
    ("interface", "backend", "compiler"), [("oneapi", "oneAPI", "icpx"), ("libero", "Libero", "shls")]
)
def test_a_compiler_that_is_missing_is_named(
    interface: str, backend: str, compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    design, x = next(case for case in CASES if case.name == "mlp_0").make()
    project = export(design, tmp_path / "p", flow="hls4ml", interface=interface, golden_x=x[:4])
    with pytest.raises(ToolError) as caught:
        project.simulate()
    assert str(caught.value) == (
        f"hls4ml's back end {backend} compiles with {compiler!r}, which was not found. Run build.py where it is, or export "
        "the design for another back end to compare."
    )
