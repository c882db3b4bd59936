"""The XLS flow: its text, its refusals, and a project through Verilator and Yosys."""

import threading
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hlsexplore import Design, Graph, Node
from hlsexplore.errors import CancelledError, NoModelError, ToolError
from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.ops import (
    Activation,
    Cell,
    Conv,
    Dense,
    Function,
    Input,
    Merge,
    MergeFunction,
    Op,
    Recurrent,
    Reshape,
    Softmax,
)
from hlsexplore.support.progress import Event
from hlsexplore.target import Target
from hlsexplore_hls import export
from hlsexplore_hls.xls.compiler import compile_layers, xls_version
from hlsexplore_hls.xls.generate import check, generate
from hlsexplore_hls.xls.layers import layer_text
from hlsexplore_hls.xls.text import cast_function, digits, times_function

needs_xls = pytest.mark.skipif(find_spec("xls") is None, reason="needs xls-python (pip install 'hlsexplore[xls]')")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def network(name: str = "fc 1") -> Design:
    rng = np.random.default_rng(3)
    graph = Graph(
        name="tiny",
        nodes=(
            Node(name="x", op=Input(), inputs=(), shape=(4,)),
            Node(
                name=name, op=Dense(kernel=rng.normal(size=(4, 3)), bias=rng.normal(size=3)), inputs=("x",), shape=(3,)
            ),
            Node(name="act", op=Activation(function=Function.RELU), inputs=(name,), shape=(3,)),
        ),
        outputs=("act",),
    )
    return Design.default(graph, type="fixed<8,3>").with_layer(name, weight="fixed<6,2>", bias="fixed<8,3>")


@needs_xls
def test_project_is_simulated_exactly_and_synthesized(tmp_path: Path) -> None:
    project = export(network(), tmp_path / "out", flow="xls")
    top = project.top
    assert {f"xls/{top}_fc_1.x", f"xls/{top}_act.x", f"rtl/{top}_fc_1.v", f"rtl/{top}.v"} <= set(project.files)
    result = project.simulate()
    assert (result.differing, result.latency_cycles, result.ii_cycles) == (0, project.latency_cycles, 1)
    report = project.synthesize("yosys")
    assert report.total.dsp == 0 and (report.layers["fc 1"].lut or 0) > 20
    assert report.layers["act"].latency_cycles_max == 1
    assert report.design_key == project.design_key


@needs_xls
def test_unchanged_layers_are_not_compiled_again(own_cache: Path) -> None:
    first = generate(network())
    assert len(list((own_cache / "xls").iterdir())) == 2
    events: list[object] = []
    design = network()
    layers = [layer_text(design, design.graph["act"], f"{first.top}_act")]
    compile_layers(layers, design.target.clock_ns, on_event=events.append)
    assert events == [] and generate(network()) == first


def test_layer_text_is_golden(golden) -> None:
    design = network()
    golden("fc_1.x", layer_text(design, design.graph["fc 1"], "fc_1").text)
    golden("act.x", layer_text(design, design.graph["act"], "act").text)
    shared = design.with_layer("fc 1", reuse=4)
    golden("fc_1_shared.x", layer_text(shared, design.graph["fc 1"], "fc_1").text)


def test_hostile_layer_name_stays_in_a_comment() -> None:
    design = network('x*/"; $(touch y)\nfn evil() {}')
    text = layer_text(design, design.graph.layers[0], "safe").text
    assert "\nfn evil" not in text and text.splitlines()[0].startswith("// Layer 'x")


def test_refusals_name_the_layer_and_the_way_out() -> None:
    lstm = Recurrent(
        cell=Cell.LSTM,
        kernel=np.ones((2, 8)),
        recurrent_kernel=np.ones((2, 8)),
        bias=np.zeros(8),
        recurrent_bias=np.zeros(8),
    )
    with pytest.raises(NoModelError) as error:
        one_layer(lstm, (3, 2), (2,))
    assert str(error.value) == ("layer 'layer': the XLS flow has no lstm layer. Use the flow 'vitis' for this network.")
    with pytest.raises(NoModelError) as error:
        one_layer(Conv(kernel=np.ones((3, 3, 8, 16))), (30, 30, 8), (28, 28, 16))
    assert str(error.value) == (
        "layer 'layer': the XLS flow would unroll 903,168 multiplications, and takes at most 50,000. Raise the layer's "
        "reuse, or use the flow 'rtl'."
    )
    with pytest.raises(NoModelError) as error:
        one_layer(Conv(kernel=np.ones((3, 3, 8, 16))), (30, 30, 8), (28, 28, 16), reuse=72)
    assert str(error.value) == (
        "layer 'layer': reuse=72 leaves 12,544 multipliers, because every position has its own, and the XLS flow takes at "
        "most 2,048. Raise the layer's reuse, or use the flow 'vitis'."
    )


@needs_xls
def test_cancelled_export_leaves_nothing_behind(tmp_path: Path, own_cache: Path) -> None:
    cancel = threading.Event()
    told: list[str] = []

    def on_event(event: Event) -> None:
        told.append(event.text)
        cancel.set()

    with pytest.raises(CancelledError):
        export(network(), tmp_path / "out", flow="xls", on_event=on_event, cancel=cancel)
    # A layer that was compiled before the cancel took effect may be kept: it is as good as any.
    assert told and not {path.name for path in tmp_path.iterdir()} - {own_cache.name}


def one_layer(op: Op, shape: tuple[int, ...], out_shape: tuple[int, ...], **settings: object) -> str:
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=shape),
        Node(name="layer", op=op, inputs=("x",), shape=out_shape),
    )
    design = Design.default(Graph(name="one", nodes=nodes, outputs=("layer",)), type="fixed<8,3>")
    return layer_text(design.with_layer("layer", **settings) if settings else design, nodes[1], "layer").text


def test_streams_and_mere_moves_are_refused() -> None:
    graph = network().graph
    with pytest.raises(NoModelError, match="has no streaming interface"):
        check(Design.default(graph, target=Target(io="stream")))
    nodes = (graph["x"], Node(name="flat", op=Reshape(), inputs=("x",), shape=(2, 2)))
    with pytest.raises(NoModelError, match="needs a layer that computes something"):
        check(Design.default(Graph(name="b", nodes=nodes, outputs=("flat",))))


@needs_xls
def test_project_with_branches_and_shared_multipliers_is_simulated_exactly(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4,)),
        Node(name="fc", op=Dense(kernel=rng.normal(size=(4, 4))), inputs=("x",), shape=(4,)),
        Node(name="turn", op=Reshape(), inputs=("x",), shape=(4,)),
        Node(name="sum", op=Merge(function=MergeFunction.ADD), inputs=("fc", "turn"), shape=(4,)),
        Node(name="soft", op=Softmax(), inputs=("sum",), shape=(4,)),
    )
    design = Design.default(Graph(name="branch", nodes=nodes, outputs=("soft", "fc")), type="fixed<8,3>")
    design = design.with_layer("fc", weight="fixed<6,2>", reuse=8).with_layer("soft", table_size=64)
    project = export(design, tmp_path / "out", flow="xls")
    result = project.simulate()
    assert (result.differing, result.latency_cycles, result.ii_cycles) == (0, project.latency_cycles, 8)
    assert "pub proc" in (tmp_path / "out" / "xls" / f"{project.top}_fc.x").read_text()


def test_missing_compiler_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hlsexplore_hls.xls.compiler.find_spec", lambda name: None)
    with pytest.raises(ToolError) as error:
        xls_version()
    assert str(error.value) == (
        "'xls-python' was not found. Install it with \"pip install 'hlsexplore[xls]'\" (Linux only), or use the flow 'rtl', "
        "which needs no compiler."
    )


@pytest.mark.parametrize("value", [1, 2, 3, 7, 11, 45, 119, 1023, 43691])
def test_digits_are_canonical_and_add_up(value: int) -> None:
    found = digits(value)
    assert sum(sign << place for place, sign in found) == value
    places = [place for place, _ in found]
    assert all(high - low >= 2 for high, low in pairwise(places))
    assert found[0][1] == 1, "the first term is added to nothing"
    assert f"fn times_{value}(" in times_function(value, 20)


@needs_xls
@pytest.mark.parametrize("rounding", list(Rounding))
def test_casts_equal_the_specification_on_every_value(rounding: Rounding) -> None:
    import xls

    from hlsexplore.fixed import requantize
    from hlsexplore_hls.xls.text import type_of

    raw = np.arange(-128, 128)
    for overflow in Overflow:
        for target in (Fixed(4, 2, rounding=rounding, overflow=overflow), Fixed(5, 7, False, rounding, overflow)):
            text = cast_function("f", 8, 4, target)
            text += f"\npub fn m(d: uN[8]) -> uN[{target.width}] {{ f(d as sN[8]) as uN[{target.width}] }}"
            ir = xls.convert_dslx_to_ir(text, "m.x", "m", xls.c_api.DSLX_STDLIB_PATH, [])
            package = xls.Package.parse_ir(ir)
            function = package.get_function(xls.mangle_dslx_name("m", "m")).to_jit()
            values = [xls.Value.from_bits(xls.Bits.from_bytes(8, bytes([int(v) & 255]))) for v in raw]
            got = [function.run([value]).get_bits().to_uint64() for value in values]
            expected = [int(v) & ((1 << target.width) - 1) for v in requantize(raw, 4, target)]
            assert got == expected, type_of(target)
