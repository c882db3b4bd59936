"""A pipe, a device or a loop of links in place of a file is one clear error at once, wherever a file is read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import json, sys
from pathlib import Path
import numpy as np
import hlsexplore as hx
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input

folder, bad = Path(sys.argv[1]), Path(sys.argv[2])
nodes = (Node(name="x", op=Input(), inputs=(), shape=(3,)),
         Node(name="d", op=Dense(kernel=np.ones((3, 2))), inputs=("x",), shape=(2,)))
graph = Graph(name="t", nodes=nodes, outputs=("d",))
design = hx.Design.default(graph)


def put(path):
    "Put the bad file in place of a good one."
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(bad)
    return path


def project(name="", flow="vitis"):
    from hlsexplore_hls import export
    made = export(design, folder / f"project_{flow}", flow=flow)
    if name:
        put(made.path / name)
    return made


def model(suffix):
    return lambda: hx.read_model(put(folder / f"model{suffix}"))


def design_file():
    return hx.Design.load(put(folder / "design.yaml"), graph)


def space():
    from hlsexplore.space import Space
    return Space.load(put(folder / "space.yaml"))


def data():
    from hlsexplore.data import load_data
    return load_data(put(folder / "x.npz"), graph.inputs)


def study():
    return hx.Study(put(folder / "s.db"), graph, np.ones((4, 3)))


def calibration():
    from hlsexplore.estimate import Calibration
    return Calibration.load(put(folder / "calibration.json"))


def manifest():
    from hlsexplore_hls import Project
    return Project.load(project("hlsexplore.json").path)


def golden():
    return project("golden.npz").golden()


def source():
    return project("src/t.cpp").simulate()


def verilog():
    made = project(flow="rtl")
    put(made.path / made.extra["sources"][0])
    return made.simulate()


def synthesis():
    made = project(flow="rtl")
    put(made.path / made.extra["sources"][0])
    return made.synthesize("yosys")


def kept_report():
    from hlsexplore_hls.reports.stored import load_report
    made = project(flow="rtl")
    put(made.path / "build" / "yosys" / "report.json")
    if load_report(made, "yosys") is None:
        raise hx.ToolError("no report")


def foreign():
    from hlsexplore_hls.reports.hls4ml_project import read_hls4ml_project
    firmware = folder / "foreign" / "firmware"
    firmware.mkdir(parents=True)
    (firmware / "parameters.h").write_text("")
    put(firmware / "t.cpp")
    return read_hls4ml_project(folder / "foreign")


def foreign_report():
    from hlsexplore_hls.reports.folder import read_report_folder
    put(folder / "solution1" / "syn" / "report" / "t_csynth.xml")
    return read_report_folder(folder)


def stored():
    from hlsexplore_hls import export
    made = export(design, folder / "stored", flow="hls4ml")
    put(made.path / "graph.npz")
    return hx.read_model(made.path)


def cache():
    from hlsexplore.support import cache
    put(cache.cache_directory() / "kind" / "key.json")
    if cache.load("kind", "key") is None:
        raise hx.ToolError("not kept")


def example():
    from hlsexplore.examples.openml import read_arff
    return read_arff(put(folder / "a.arff"), ("a",), ("0", "1"))


READERS = {name: value for name, value in globals().items() if callable(value) and getattr(value, "__module__", "") == "__main__"
           and name not in ("put", "project", "model")}
READERS |= {f"model{suffix}": model(suffix) for suffix in (".keras", ".h5", ".json", ".onnx", ".pt2", ".fml", ".tar.gz")}
for name, reader in READERS.items():
    try:
        reader()
        print(name, "accepted", flush=True)
    except hx.HlsExploreError as error:
        print(name, "ok", json.dumps(str(error)), flush=True)
"""


@pytest.mark.parametrize("kind", ["pipe", "device", "loop"])
def test_no_reader_waits_for_what_is_no_file(tmp_path: Path, kind: str) -> None:
    bad = tmp_path / "bad"
    if kind == "pipe":
        os.mkfifo(bad)
    elif kind == "loop":
        bad.symlink_to(bad)
    else:
        bad = Path("/dev/zero")
    (tmp_path / "work").mkdir()
    env = {**os.environ, "HLSEXPLORE_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "work"), str(bad)],
        capture_output=True,
        text=True,
        timeout=150,
        env=env,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    answers = [line.split(" ", 2) for line in done.stdout.splitlines()]
    assert len(answers) == 23 and [name for name, state, *_ in answers if state != "ok"] == []
    for name, _, text in answers:
        sentence = json.loads(text)
        assert "Errno" not in sentence and len(sentence) < 1000, (name, sentence)
