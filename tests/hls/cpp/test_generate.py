"""Generated C++ as text: golden files, hostile names, wiring, refusals. Nothing is compiled here."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from agreement.networks import branched, cnn, mlp, node

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError, NoModelError
from hlsexplore.graph import Graph
from hlsexplore.ops import Input, Merge, MergeFunction
from hlsexplore.target import Target
from hlsexplore_hls.cpp.generate import generate

HOSTILE = ('x"; $(touch y)', "*/ int main() { /*", "a\nb\\", "int", "層")


def text_of(design: Design, path: str, interface: str = "plain") -> str:
    content = generate(design, interface=interface).files[path]
    return content if isinstance(content, str) else content.decode()


@pytest.mark.parametrize("io", ["parallel", "stream"])
def test_generated_text_is_the_golden_one(io: str, golden: Callable[[str, str], None]) -> None:
    design = mlp(io)
    for path in ("src/mlp.cpp", "src/mlp.h", "src/layers.h", "src/types.h", "src/weights/fc1.h", "build.tcl"):
        golden(f"mlp_{io}_{path.replace('/', '_')}", text_of(design, path))
    golden(f"cnn_{io}_layers.h", text_of(cnn(io), "src/layers.h"))
    golden(f"cnn_{io}_top.cpp", text_of(cnn(io), "src/cnn.cpp"))
    golden(f"branched_{io}_top.cpp", text_of(branched(io), "src/branched.cpp"))


@pytest.mark.parametrize("interface", ["axi_stream", "kernel"])
def test_generated_wrappers_are_the_golden_ones(interface: str, golden: Callable[[str, str], None]) -> None:
    generated = generate(mlp("stream"), interface=interface)
    golden(f"mlp_{interface}.cpp", str(generated.files[f"src/{generated.top}.cpp"]))
    if interface == "kernel":
        golden("mlp_host.cpp", str(generated.files["host/host.cpp"]))


def test_one_pipeline_has_the_largest_reuse_as_interval() -> None:
    design = mlp().with_layers({"fc1": {"reuse": 2}, "fc2": {"reuse": 6}})
    assert "#pragma HLS PIPELINE II=6\n" in text_of(design, "src/mlp.cpp")
    assert "DATAFLOW" not in text_of(design, "src/mlp.cpp")


def test_resource_strategy_makes_a_dataflow_design() -> None:
    design = mlp().with_layer("fc1", strategy="resource", reuse=2)
    assert "#pragma HLS DATAFLOW\n" in text_of(design, "src/mlp.cpp")


def test_weights_are_raw_integers() -> None:
    design = mlp()
    from hlsexplore.weights import raw_weights

    text = text_of(design, "src/weights/fc1.h")
    found = re.search(r"weight\[24\] = \{\n(.*?)\n\};", text, re.DOTALL)
    assert found is not None
    numbers = [int(word) for word in found[1].replace("\n", " ").split(",")]
    np.testing.assert_array_equal(numbers, raw_weights(design, "fc1")["weight"].ravel())


def test_hostile_names_reach_no_code() -> None:
    generated = generate(mlp(name='m"; exec rm', names=HOSTILE))
    for path, content in generated.files.items():
        text = content if isinstance(content, str) else content.decode()
        assert re.fullmatch(r"[A-Za-z0-9_./]+", path)
        if not path.startswith("src/nnet/"):
            assert text.isascii()
            for line in text.splitlines():
                assert "touch" not in line or re.search(r"x_touch_y|^ *//", line)
                assert not line.endswith("\\")
    assert generated.top == "m_exec_rm"


def test_unsupported_layer_is_named_with_its_reason() -> None:
    shape = (3,)
    nodes = [node(f"x{i}", Input(), (), shape) for i in range(5)]
    names = tuple(item.name for item in nodes)
    nodes.append(node("join", Merge(function=MergeFunction.AVERAGE), names, shape))
    design = Design.default(Graph(name="wide", nodes=tuple(nodes), outputs=("join",)), target=Target(io="parallel"))
    with pytest.raises(NoModelError) as caught:
        generate(design)
    assert str(caught.value) == (
        "layer 'join': the HLS C++ for io 'parallel' has no 'average' with 5 inputs. "
        "Choose another io or flow, or replace the layer."
    )


def test_a_long_join_becomes_calls_that_the_library_has() -> None:
    nodes = [node(f"x{i}", Input(), (), (3,)) for i in range(6)]
    names = tuple(item.name for item in nodes)
    nodes.append(node("join", Merge(function=MergeFunction.ADD), names, (3,)))
    design = Design.default(Graph(name="wide", nodes=tuple(nodes), outputs=("join",)))
    generated = generate(design)
    top = generated.files["src/wide.cpp"]
    assert isinstance(top, str)
    calls = re.findall(r"nnet::merge<[^;]*;", top)
    assert [call.count(",") for call in calls] == [6, 5]  # x0 to x3 into a part, then the part, x4 and x5
    assert "join_part1" in calls[0] and "join_part1" in calls[1]
    assert design.key[:12] in top


def test_too_wide_constants_are_refused_with_layer_and_key() -> None:
    with pytest.raises(ConfigError) as caught:
        generate(mlp().with_layer("fc1", weight="fixed<80,10>"))
    assert str(caught.value) == (
        "layer 'fc1', weight: fixed<80,10> is too wide for the constants of a C++ project. Give it at most 63 bits."
    )


def test_parallel_positions_of_a_stream_are_refused() -> None:
    design = cnn("stream").with_layer("conv", parallel=2)
    with pytest.raises(NoModelError, match="no 'conv2d' with parallel=2"):
        generate(design)


@pytest.mark.parametrize("io", ["parallel", "stream"])
def test_input_that_nothing_reads_is_refused(io: str) -> None:
    nodes = (
        node("a", Input(), (), (3,)),
        node("b", Input(), (), (3,)),
        node("sum", Merge(function=MergeFunction.ADD), ("a", "a"), (3,)),
    )
    design = Design.default(Graph(name="deaf", nodes=nodes, outputs=("sum",)), target=Target(io=io))
    with pytest.raises(NoModelError) as caught:
        generate(design)
    assert str(caught.value) == "input 'b' is read by no layer that an output depends on. Remove it from the model."
