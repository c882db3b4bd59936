"""The command that an exported project's README gives, as a user types it."""

import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input
from hlsexplore_hls import export
from hlsexplore_hls.cpp.compiler import find_headers, own_headers
from hlsexplore_hls.tools.compiler import find_compiler


@pytest.mark.parametrize(("io", "interface"), [("parallel", "plain"), ("stream", "axi_stream")])
def test_the_test_bench_compiles_and_passes_by_the_command_of_the_readme(
    tmp_path: Path, io: str, interface: str
) -> None:
    rng = np.random.default_rng(0)
    dense = Dense(kernel=rng.normal(0, 0.5, (6, 4)), bias=rng.normal(0, 0.5, 4))
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6,)),
        Node(name="fc", op=dense, inputs=("x",), shape=(4,)),
        Node(name="relu", op=Activation(function=Function.RELU), inputs=("fc",), shape=(4,)),
    )
    design = hx.Design.default(Graph(name="small", nodes=nodes, outputs=("relu",))).with_target(io=io)
    folder = export(design, tmp_path / "project", flow="vitis", interface=interface).path
    lines = [line.strip() for line in (folder / "README.md").read_text().splitlines()]
    (line,) = [line for line in lines if line.startswith("c++ ")]
    compiled, ran = (shlex.split(part) for part in line.split(" && "))
    place = compiled.index("DIR")
    compiled[place : place + 1] = [str(find_headers()), "-I", str(own_headers())]
    done = subprocess.run([*find_compiler().argv, *compiled[1:]], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    done = subprocess.run(ran, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
