"""Projects of hls4ml's other back ends, and what its writers do to kernels and gates."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from agreement.cases import CASES
from agreement.kit import mismatches
from hls4ml_kit import edit, flat, small_design, written

import hlsexplore as hx
from hlsexplore.emulate.run import raw_outputs
from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.foreign_design import read_foreign_design
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Cell, Dense, Function, Input, Recurrent

oracle = pytest.importorskip("agreement.oracle_hls4ml", reason="needs hls4ml")
pytestmark = pytest.mark.skipif(not oracle.is_available(), reason="needs hls4ml and a C++ compiler")
BACKENDS = ("Quartus", "oneAPI", "Catapult")
EXACT = ("mlp_0", "leaky_relu_0", "prelu_0", "affine_0", "conv1d_same_parallel_exact", "conv2d_valid_stream_narrow")
"""Cases without tables, which every back end computes alike."""


@pytest.mark.parametrize("backend", BACKENDS)
def test_projects_of_other_back_ends_are_the_design_that_went_in(backend, tmp_path: Path) -> None:
    chosen = [case for case in CASES if case.name in EXACT]
    problems = []
    for case in chosen:
        design, x = case.make()
        written(design, tmp_path / case.name, backend)
        found = read_foreign_design(tmp_path / case.name)
        problems += mismatches(case.name, flat(raw_outputs(design, x)), flat(raw_outputs(found.design, x)), backend)
        assert f"the project is of the back end {backend}: estimates are those of Vitis HLS." in found.notes
    assert len(chosen) == len(EXACT) and problems == []


@pytest.mark.parametrize("io", ["parallel", "stream"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_tables_of_other_back_ends_are_named(backend, io: str, tmp_path: Path) -> None:
    design, _ = small_design(io)
    written(design, tmp_path / "prj", backend)
    found = read_foreign_design(tmp_path / "prj")
    assert found.design.target.io == io and found.design.layers["c0_fc"].reuse == 3
    assert [str(type_) for type_ in found.design.layers["c0_fc"].types.values()] == [
        str(type_) for type_ in design.layers["fc"].types.values()
    ]
    assert found.notes[-1] == (
        f"layers 'c0_act', 'c0_out': tables and averages of the back end {backend} differ from those of Vitis in their last "
        "bits; those of Vitis are computed."
    )
    written(design, tmp_path / "plain")
    kernels = [read["c0_fc"].op.kernel for read in map(hx.read_model, (tmp_path / "prj", tmp_path / "plain"))]
    np.testing.assert_array_equal(*kernels)


@pytest.mark.parametrize("backend", ["Quartus", "oneAPI"])
def test_a_saved_model_of_an_altera_back_end_is_named(backend: str, tmp_path: Path) -> None:
    model = written(small_design()[0], tmp_path / "prj", backend)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / "m.fml")
    with pytest.raises(ModelError, match=f"was saved with the back end {backend}, whose saved models are not read"):
        hx.read_design(tmp_path / "m.fml")


def test_kernels_that_are_padded_for_reuse_are_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    kernel, bias = np.round(rng.normal(size=(60, 40)) * 16) / 16, np.zeros(40)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(60,)),
        Node(name="fc", op=Dense(kernel=kernel, bias=bias), inputs=("x",), shape=(40,)),
    )
    design = hx.Design.default(Graph(name="g", nodes=nodes, outputs=("fc",)))
    design = design.with_layer("fc", weight="fixed<10,4>", reuse=12, strategy="resource")
    written(design, tmp_path / "prj", "Quartus")
    assert "rf_pad = 4;" in (tmp_path / "prj/firmware/parameters.h").read_text()
    np.testing.assert_array_equal(hx.read_model(tmp_path / "prj")["c0_fc"].op.kernel, kernel)


def test_a_layer_that_hls4ml_left_out_is_said(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == "depthwise1d_valid_parallel_exact")
    design, _ = case.make()
    last = design.graph[design.graph.outputs[0]]
    relu = Node(name="y", op=Activation(function=Function.RELU), inputs=(last.name,), shape=last.shape)
    longer = hx.Design.default(Graph(name="g", nodes=(*design.graph, relu), outputs=("y",)), design.target)
    written(longer, tmp_path / "prj", "Quartus")
    with pytest.raises(
        UnsupportedError, match="no layer gives 'layer2_out'. hls4ml leaves out what its back end lacks"
    ):
        hx.read_design(tmp_path / "prj")


def recurrent_project(tmp_path: Path, order: str = "false"):
    rng = np.random.default_rng(8)
    arrays = [rng.normal(0, 0.4, size) for size in ((3, 12), (4, 12), (12,), (12,))]
    op = Recurrent(
        cell=Cell.GRU, kernel=arrays[0], recurrent_kernel=arrays[1], bias=arrays[2], recurrent_bias=arrays[3]
    )
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(5, 3)),
        Node(name="gru", op=op, inputs=("x",), shape=(4,)),
    )
    design = hx.Design.default(Graph(name="g", nodes=nodes, outputs=("gru",)))
    written(design, tmp_path / "prj")
    edit(tmp_path / "prj", "parameters.h", "pytorch_order = false", f"pytorch_order = {order}")
    return hx.read_model(tmp_path / "prj")["c0_gru"].op


def test_gates_in_pytorchs_order_are_turned(tmp_path: Path) -> None:
    plain, turned = recurrent_project(tmp_path / "a"), recurrent_project(tmp_path / "b", "true")
    for key in ("kernel", "recurrent_kernel", "bias", "recurrent_bias"):
        first, second = getattr(plain, key), getattr(turned, key)
        np.testing.assert_array_equal(second[..., :4], first[..., 4:8])
        np.testing.assert_array_equal(second[..., 4:8], first[..., :4])
        np.testing.assert_array_equal(second[..., 8:], first[..., 8:])
