"""Names of layers that clash with words of the languages or with what the generators write, in every flow, as exported."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from agreement.cases_modes import mode_case
from agreement.cpp_runner import is_available as has_cpp
from agreement.draws import DRAWS
from agreement.icarus import icarus
from agreement.rtl_runner import is_available as has_rtl

from hlsexplore.design import Design
from hlsexplore.fixed import Overflow, Rounding
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Function, Input, Merge, MergeFunction
from hlsexplore.target import Target
from hlsexplore_hls import Project, export
from hlsexplore_hls.cpp.generate import generate
from hlsexplore_hls.names import RESERVED, identifiers

NAMES = [
    "x_valid",
    "x_ready",
    "x_r",
    "x_layer",
    "x_d1",
    "x_d1_valid",
    "x_0_q",
    "x_room",
    "x_promise",
    "x_inner",
    "x_copy",
    "x_rest",
    "x_out",
    "x_i",
    "x_fed",
    "x_moves",
    "in_x",
    "in_x_valid",
    "out_y",
    "out_y_valid",
    "out_y_seen",
    "y_beat",
    "in_valid",
    "in_ready",
    "out_valid",
    "clk",
    "rst",
    "taken",
    "wait_cycles",
    "fed",
    "seen",
    "wrong",
    "idle",
    "dut",
    "golden",
    "axis",
    "tb",
    "x_core",
    "x_step",
    "x_table0",
    "x_queue2",
    "x_part0",
    "x_after1",
    "core",
    "result",
    "head",
    "tail",
    "places",
    "main",
    "std",
    "nnet",
    "hls",
    "config",
    "type",
    "types",
    "layers",
    "weights",
    "port",
    "send",
    "receive",
    "run_sample",
    "read_raw",
    "ap_fixed",
    "linux",
    "unix",
    "major",
    "uint",
    "num_in",
    "accum_t",
    "weight_t",
    "reuse",
    "kind",
    "parallel",
    "shift",
    "left",
    "top",
    "act",
    "hidden",
    "input",
    "table_rom",
    "strategy",
    "EOF",
    "INFINITY",
    "NAN",
    "M_PIl",
    "BUFSIZ",
    "errno",
    "assert",
    "stdin",
    "int",
    "class",
    "template",
    "new",
    "operator",
    "and",
    "xor",
    "reg",
    "wire",
    "module",
    "endmodule",
    "logic",
    "always_ff",
    "bit",
    "byte",
    "string",
    "event",
    "begin",
    "end",
    "initial",
    "output",
    "signal",
    "entity",
    "architecture",
    "con",
    "nul",
    "aux",
    "x",
    "X",
    "relu",
    "Relu",
    "RELU",
    "_",
    "__",
    "1",
    "1x",
    "a-b",
    "a.b",
    "a_b",
    "a/b",
    '"quoted"',
    "層",
    "é",
    "ü",
    "$x",
    "\\x",
]
NAMES += ["x" * 300, "x" * 301, "x" * 48, "x" * 47, "", " ", "a b", "*/ int x; /*", "`define y", "%s", "a\nb"]


def network(names: list[str], io: str, source: str = "x", last: str = "y") -> Design:
    """A chain of layers, one for each name, with a sum of two of them in its middle and three outputs."""
    nodes = [Node(name=source, op=Input(), inputs=(), shape=(2,))]
    before = source
    for index, name in enumerate(names):
        op, inputs = Activation(function=Function.RELU), (before,)
        if index % 9 == 8:
            op, inputs = Merge(function=MergeFunction.ADD), (before, names[index - 4])
        nodes.append(Node(name=name, op=op, inputs=inputs, shape=(2,)))
        before = name
    nodes.append(Node(name=last, op=Activation(function=Function.LINEAR), inputs=(before,), shape=(2,)))
    graph = Graph(name=names[0], nodes=tuple(nodes), outputs=(last, names[len(names) // 2], source))
    return Design.default(graph, target=Target(io=io, clock_ns=1.0), type="fixed<6,5>")


def distinct() -> list[str]:
    return [name for name in dict.fromkeys(NAMES) if name not in ("x", "y")]


def check(names: list[str], io: str, flow: str, folder: Path, interface: str | None = None) -> Project:
    design = network(names, io)
    x = np.random.default_rng(1).uniform(-16, 16, (20, 2))
    project = export(design, folder / "out", flow=flow, golden_x=x, interface=interface)
    assert project.layers == {name: text for name, text in identifiers(design.graph).items() if name != "x"}
    assert project.simulate().differing == 0
    return project


@pytest.mark.skipif(not has_cpp(), reason="needs a C++ compiler and the package da4ml")
@pytest.mark.parametrize(("io", "interface"), [("parallel", "plain"), ("stream", "kernel"), ("parallel", "axi_stream")])
def test_no_name_breaks_the_cpp(io: str, interface: str, tmp_path: Path) -> None:
    check(distinct(), io, "vitis", tmp_path, interface)


@pytest.mark.skipif(not has_rtl(), reason="needs verilator and a C++ compiler")
@pytest.mark.parametrize("io", ["parallel", "stream"])
def test_no_name_breaks_the_rtl(io: str, tmp_path: Path) -> None:
    project = check(distinct(), io, "rtl", tmp_path)
    if shutil.which("iverilog"):
        assert icarus(project).splitlines()[0] == "PASSED: 20 samples"
        sources = [f"axis/{project.top}_axis.v", *project.extra["sources"]]
        argv = ["iverilog", "-g2005", "-t", "null", "-s", f"{project.top}_axis", *sources]
        subprocess.run(argv, cwd=project.path, check=True, timeout=60)


@pytest.mark.skipif(not has_rtl() or find_spec("xls") is None, reason="needs xls-python, verilator and a compiler")
def test_no_name_breaks_the_verilog_of_xls(tmp_path: Path) -> None:
    check(
        ["in_x", "x_valid", "x_after1", "out_y", "taken", "int", "x_elements", "to_result", "pub"],
        "parallel",
        "xls",
        tmp_path,
    )


GRAPHS = ["types", "layers", "weights", "main", "send", "run_sample", "read_raw", "uint", "x", "y" * 48, "nnet", "con"]


@pytest.mark.skipif(not has_cpp(), reason="needs a C++ compiler and the package da4ml")
@pytest.mark.parametrize("name", GRAPHS)
def test_no_name_of_a_model_breaks_the_cpp(name: str, tmp_path: Path) -> None:
    graph = Graph(name=name, nodes=network(["relu"], "stream").graph.nodes, outputs=("y",))
    interface = "kernel" if len(name) > 10 else "plain"
    x = np.random.default_rng(1).uniform(-16, 16, (5, 2))
    project = export(
        Design.default(graph, target=Target(io="stream")), tmp_path / "out", golden_x=x, interface=interface
    )
    assert project.simulate().differing == 0


def configurations() -> Iterator[str]:
    """The configurations of every op, as text."""
    for name, draw in DRAWS.items():
        for io in ("parallel", "stream"):
            for strategy in ("latency", "resource"):
                build = mode_case(name, draw, io, strategy, Rounding.RND, Overflow.SAT)
                yield str(generate(build(np.random.default_rng(0))[0]).files["src/layers.h"])


def test_no_layer_is_named_like_a_member_of_a_configuration() -> None:
    text = "\n".join(line for part in configurations() for line in part.splitlines() if line.startswith("    "))
    members = set(re.findall(r"(\w+)(?: = [^;]*)?;", text)) | set(re.findall(r"struct (\w+)", text))
    headers = (files("hlsexplore_hls.cpp") / "nnet").iterdir()
    members |= {word for file in headers for word in re.findall(r"Config::(?:\w+::)*(\w+)", file.read_text())}
    assert len(members) > 80
    assert {word for word in members - {"template", "Function"} if not word.endswith("_t")} <= RESERVED
