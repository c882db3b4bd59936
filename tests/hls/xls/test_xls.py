"""The XLS flow: its text, its refusals, and a project through Verilator and Yosys."""

from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hlsexplore import Design, Graph, Node
from hlsexplore.errors import NoModelError, ToolError
from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.ops import Activation, Dense, Function, Input, Softmax
from hlsexplore_hls import export
from hlsexplore_hls.xls.compiler import compile_layers, xls_version
from hlsexplore_hls.xls.generate import chain, generate
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


def test_hostile_layer_name_stays_in_a_comment() -> None:
    design = network('x*/"; $(touch y)\nfn evil() {}')
    text = layer_text(design, design.graph.layers[0], "safe").text
    assert "\nfn evil" not in text and text.splitlines()[0].startswith("// Layer 'x")


def test_refusals_name_the_layer_and_the_way_out(small_graph: Graph) -> None:
    design = Design.default(small_graph)
    with pytest.raises(NoModelError) as error:
        layer_text(design, small_graph["softmax"], "softmax")
    assert isinstance(small_graph["softmax"].op, Softmax)
    assert str(error.value) == "layer 'softmax': the XLS flow has no softmax layer of this kind. Use the flow 'rtl'."
    with pytest.raises(NoModelError) as error:
        layer_text(design.with_layer("dense_1", reuse=4), small_graph["dense_1"], "dense_1")
    assert str(error.value) == (
        "layer 'dense_1': the XLS flow has no reuse, and this layer has reuse=4. Set it to 1, or use the flow 'rtl'."
    )


def test_branching_graph_is_refused() -> None:
    graph = network().graph
    nodes = (*graph.nodes, Node(name="other", op=Activation(function=Function.RELU), inputs=("x",), shape=(4,)))
    with pytest.raises(NoModelError, match="builds chains of layers only"):
        chain(Design.default(Graph(name="b", nodes=nodes, outputs=("act", "other"))))


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
