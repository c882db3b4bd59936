import json
import os
import pickle
import resource
import shutil
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hlsexplore_hls.destination as destination
from hlsexplore.cli import main
from hlsexplore.design import Design
from hlsexplore.emulate import emulate, emulate_raw
from hlsexplore.errors import CancelledError, ConfigError, DataError
from hlsexplore.graph import Graph
from hlsexplore.metrics import accuracy
from hlsexplore.support.locks import held
from hlsexplore_hls import Project, export


@pytest.fixture(scope="module")
def design(small_graph: Graph) -> Design:
    return Design.default(small_graph)


@pytest.fixture(scope="module")
def exported(design: Design, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return export(design, tmp_path_factory.mktemp("project") / "out")


@pytest.fixture
def project(exported: Project, tmp_path: Path) -> Project:
    shutil.copytree(exported.path, tmp_path / "out")
    return Project.load(tmp_path / "out")


def test_loaded_project_is_the_exported_one(exported: Project) -> None:
    assert Project.load(exported.path) == exported


def test_export_is_reproducible_file_for_file(design: Design, exported: Project, tmp_path: Path) -> None:
    assert export(design, tmp_path / "again").files == exported.files


def test_manifest_knows_design_ports_and_layers(design: Design, exported: Project) -> None:
    assert exported.design_key == design.key
    assert not exported.is_stale(design)
    assert exported.is_stale(design.with_layer("dense_1", weight="fixed<8,2>"))
    assert [(port.name, port.shape, str(port.type)) for port in exported.inputs] == [
        ("x", (16,), str(design.result_type("x")))
    ]
    assert [(port.name, port.shape) for port in exported.outputs] == [("softmax", (5,))]
    assert exported.layers == {name: name for name in ("dense_1", "relu", "dense_2", "softmax")}
    assert exported.target == design.target


def test_golden_vectors_are_the_emulators_results(design: Design, exported: Project) -> None:
    (x,), (y,) = exported.golden()
    assert x.shape == (1000, 16)
    assert x.min() < -30000 < 30000 < x.max()
    np.testing.assert_array_equal(y, emulate_raw(design, x * design.result_type("x").step))


def test_golden_vectors_can_be_chosen(design: Design, tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(7, 16))
    project = export(design, tmp_path / "out", golden_x=x)
    np.testing.assert_array_equal(project.golden()[1][0], emulate_raw(design, x))


def test_simulation_of_golden_vectors_has_no_differing_integer(exported: Project) -> None:
    result = exported.simulate()
    assert (result.differing, result.num_samples, result.modified) == (0, 1000, ())


def test_simulation_of_other_inputs_equals_the_emulator(design: Design, exported: Project) -> None:
    x = np.random.default_rng(2).normal(size=(50, 16))
    result = exported.simulate(x)
    assert result.differing is None
    np.testing.assert_array_equal(result.y, emulate(design, x))
    np.testing.assert_array_equal(result.raw, emulate_raw(design, x))


def test_simulation_of_a_changed_project_finds_the_change_and_says_so(project: Project) -> None:
    file = project.path / "src" / "weights" / "dense_2.h"
    text = file.read_text()
    file.write_text(text.replace("bias[5] = {\n    ", "bias[5] = {\n    1"))
    result = project.simulate()
    assert result.modified == ("src/weights/dense_2.h",)
    assert result.differing is not None
    assert result.differing > 0


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((3, 15)), "input 'x': the data has shape (3, 15), but the model reads (samples, 16)."),
        (np.zeros((0, 16)), "the data holds no samples."),
        (np.full((1, 16), np.nan), "input 'x': 16 of 16 values are NaN or infinite. Remove these samples first."),
        ("abc", "input 'x': real numbers are needed, not texts (<U3). Convert them first."),
        ({"y": np.zeros((3, 16))}, "the data has the inputs ['y'], but the model reads ['x']."),
    ],
)
def test_simulation_refuses_data_that_does_not_fit(exported: Project, x: object, message: str) -> None:
    with pytest.raises(DataError) as caught:
        exported.simulate(x)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_export_refuses_unknown_flow_and_interface(design: Design, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        export(design, tmp_path / "out", flow="vitus")
    assert (
        str(caught.value)
        == "unknown flow 'vitus'. hlsexplore has 'vitis', 'rtl', 'xls', 'hls4ml'. Did you mean 'vitis'?"
    )
    with pytest.raises(ConfigError, match="the flow 'vitis' has no interface 'usb'"):
        export(design, tmp_path / "out", interface="usb")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match="path must be a folder's name, not None"):
        export(design, None)  # type: ignore[arg-type]


def test_export_never_touches_a_folder_with_other_files(design: Design, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ConfigError) as caught:
        export(design, tmp_path)
    assert str(caught.value) == (
        f"the folder {str(tmp_path)!r} holds files but no hlsexplore project. Choose another folder for the project."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_export_replaces_an_untouched_project_and_what_tools_left(design: Design, project: Project) -> None:
    for name in (
        "vitis_hls/report.json",
        "vitis_hls/csynth.json",
        "vitis_hls/result/build/hls/a.rpt",
        "bitfile/failed/x",
    ):
        (project.path / "build" / name).parent.mkdir(parents=True, exist_ok=True)
        (project.path / "build" / name).write_text("old")
    changed = design.with_layer("dense_1", weight="fixed<8,2>")
    again = export(changed, project.path)
    assert again.design_key == changed.key
    assert not (project.path / "build").exists()
    assert [path.name for path in project.path.parent.iterdir()] == ["out"]


def put(project: Project, *names: str) -> None:
    for name in names:
        file = project.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"mine: {name}")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OWN = (
    "notes.txt",
    "build/hls/solution1/a.rpt",
    "build/vitis_hls/notes.txt",
    "build/notes.txt",
    "src/.hidden",
    "build.tcl",
)
"""Files that a user adds or changes, also where tools put theirs."""


def test_export_names_the_files_of_the_user_and_changes_nothing(design: Design, project: Project) -> None:
    put(project, *OWN)
    (project.path / "link").symlink_to("/nowhere")
    before = contents(project.path)
    with pytest.raises(ConfigError) as caught:
        export(design.with_layer("dense_1", weight="fixed<8,2>"), project.path)
    names = sorted([*OWN, "link"])
    assert str(caught.value) == (
        f"exporting into {str(project.path)!r} would lose {', '.join(map(repr, names))}, added or changed since its export. "
        "Choose another folder, or replace the project with overwrite=True (--force on the command line): what was added "
        "stays then, and what was changed is kept as NAME.orig."
    )
    assert contents(project.path) == before
    put(project, *(f"more/{index}" for index in range(30)))
    with pytest.raises(ConfigError, match="'more/21' and 17 more, added or changed"):
        export(design, project.path)


def test_overwriting_keeps_what_was_added_and_a_copy_of_what_was_changed(
    design: Design, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    put(project, *OWN, "build.tcl.orig")
    os.mkfifo(project.path / "pipe")
    (project.path / "link").symlink_to("/nowhere")
    (project.path / "build" / "vitis_hls" / "report.json").write_text("stale")
    again = export(design, project.path, overwrite=True)
    for name in OWN:
        kept = "build.tcl.orig.orig" if name == "build.tcl" else name
        assert (project.path / kept).read_text() == f"mine: {name}"
    assert (project.path / "build.tcl.orig").read_text() == "mine: build.tcl.orig"
    assert (project.path / "pipe").is_fifo() and (project.path / "link").readlink() == Path("/nowhere")
    assert not (project.path / "build" / "vitis_hls" / "report.json").exists()
    assert again.modified() == () and Project.load(project.path) == again
    assert "'build.tcl.orig.orig'" in caplog.text and "'notes.txt'" in caplog.text
    assert [path.name for path in project.path.parent.iterdir()] == ["out"]


def test_damaged_project_can_be_overwritten_without_a_loss(design: Design, project: Project) -> None:
    put(project, "notes.txt", "hlsexplore.json")
    with pytest.raises(ConfigError, match="the manifest .* cannot be read"):
        export(design, project.path)
    assert export(design, project.path, overwrite=True).modified() == ()
    assert (project.path / "notes.txt").read_text() == "mine: notes.txt"


def test_failed_export_leaves_the_old_project_and_no_debris(
    design: Design, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(fresh: Path, folder: Path, stack: ExitStack) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(destination, "swap", fail)
    with pytest.raises(ConfigError, match="cannot write the project .*: disk full"):
        export(design.with_layer("dense_1", weight="fixed<8,2>"), project.path)
    assert Project.load(project.path) == project
    assert [path.name for path in project.path.parent.iterdir()] == ["out"]


KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from hlsexplore_hls import destination, export
design = pickle.load(sys.stdin.buffer)
rename, when = Path.rename, sys.argv[2]

def killed(self, target):
    if when == "writing" or (when == "swapping" and self.name == "project"):
        os.kill(os.getpid(), signal.SIGKILL)
    made = rename(self, target)
    if when == "cleaning" and self.name == "project":
        os.kill(os.getpid(), signal.SIGKILL)
    return made

Path.rename = killed
export(design, sys.argv[1], overwrite=True)
"""


@pytest.mark.parametrize("when", ["writing", "swapping", "cleaning"])
def test_killed_export_loses_nothing_and_the_next_one_clears_up(design: Design, project: Project, when: str) -> None:
    put(project, "notes.txt")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(project.path), when], input=pickle.dumps(design), check=False, timeout=120
    )
    assert done.returncode == -signal.SIGKILL
    left = {path.name for path in project.path.parent.iterdir()} - {"out"}
    assert any(".new-" in name for name in left), "it was killed in the middle"
    with pytest.raises(ConfigError, match=r"would lose 'notes\.txt'"):
        export(design, project.path)
    assert (project.path / "notes.txt").read_text() == "mine: notes.txt"
    assert export(design, project.path, overwrite=True).modified() == ()
    assert [path.name for path in project.path.parent.iterdir()] == ["out"]


def test_exports_to_one_folder_at_once_leave_one_whole_project(design: Design, tmp_path: Path) -> None:
    others = [
        design,
        design.with_layer("dense_1", weight="fixed<8,2>"),
        design.with_layer("dense_2", weight="fixed<9,2>"),
    ]
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda item: export(item, tmp_path / "out"), others))
    loaded = Project.load(tmp_path / "out")
    assert loaded in made and loaded.modified() == ()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_export_while_another_one_writes_says_so(
    design: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destination, "WAIT_S", 0.2)
    with held(tmp_path / ".out.lock"), pytest.raises(ConfigError) as caught:
        export(design, tmp_path / "out")
    assert str(caught.value) == (
        f"another process is exporting to {str(tmp_path / 'out')!r}. Wait for its end, or choose another folder."
    )


@pytest.mark.parametrize(
    ("mask", "folder", "file"), [(0o022, 0o755, 0o644), (0o077, 0o700, 0o600), (0o002, 0o775, 0o664)]
)
def test_permissions_follow_the_umask(design: Design, tmp_path: Path, mask: int, folder: int, file: int) -> None:
    old = os.umask(mask)
    try:
        made = export(design, tmp_path / "out").path
    finally:
        os.umask(old)
    assert stat.S_IMODE(made.stat().st_mode) == stat.S_IMODE((made / "src").stat().st_mode) == folder
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.rglob("*") if path.is_file()} == {file}


def test_full_disk_leaves_the_old_project(design: Design, project: Project) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        with pytest.raises(ConfigError, match="cannot write the project .*: File too large"):
            export(design.with_layer("dense_1", weight="fixed<8,2>"), project.path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert Project.load(project.path) == project and project.modified() == ()
    assert [path.name for path in project.path.parent.iterdir()] == ["out"]


def test_cancelled_export_writes_nothing(design: Design, tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    for flow in ("vitis", "rtl"):
        with pytest.raises(CancelledError):
            export(design, tmp_path / "out", flow=flow, cancel=cancel)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_export_into_a_read_only_folder_says_so(design: Design, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="cannot write the project"):
        export(design, tmp_path / "out")


def test_load_of_a_folder_without_manifest_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Project.load(tmp_path)
    assert str(caught.value) == (
        f"{str(tmp_path)!r} is no hlsexplore project: it has no file 'hlsexplore.json'. Export a design there."
    )


def test_load_names_missing_files(project: Project) -> None:
    (project.path / "build.tcl").unlink()
    with pytest.raises(ConfigError) as caught:
        Project.load(project.path)
    assert str(caught.value) == f"the project {str(project.path)!r} lacks 'build.tcl'. Export the design again."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "has the format 99, and this version reads format 1"),
        ({"flow": "vitus"}, "Did you mean 'vitis'?"),
        ({"top": 'x"; $(touch y)'}, "is damaged"),
        ({"files": {"../outside": "0" * 64}}, "is damaged"),
        ({"files": {"/etc/passwd": "0" * 64}}, "is damaged"),
        ({"inputs": 3}, "is damaged"),
        ({"latency_cycles": "soon"}, "is damaged"),
        ({"target": {"part": "a; rm -rf"}}, "is no device name"),
    ],
)
def test_load_of_a_manipulated_manifest_is_an_error(project: Project, change: dict[str, object], message: str) -> None:
    file = project.path / "hlsexplore.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        Project.load(project.path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00"])
def test_load_of_a_broken_manifest_is_an_error(project: Project, text: str) -> None:
    (project.path / "hlsexplore.json").write_text(text)
    with pytest.raises(ConfigError, match="Export the design again"):
        Project.load(project.path)


def test_truncated_golden_vectors_are_an_error(project: Project) -> None:
    file = project.path / "golden.npz"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ConfigError, match=r"the golden vectors '.*golden.npz' cannot be read"):
        project.golden()


def test_outputs_of_a_project_may_be_said_by_their_layers(
    two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph, x, labels = two_outputs
    nodes = [replace(node, source="class (Dense)") if node.name == "kind" else node for node in graph.nodes]
    design = Design.default(replace(graph, nodes=tuple(nodes)), data=x)
    assert export(design, tmp_path / "out").output_spellings == {"kind": "kind", "energy": "energy", "class": "kind"}
    assert Project.load(tmp_path / "out").outputs[0].layer == "class"
    np.savez(tmp_path / "X.npz", x=x[:20], y_class=labels["kind"][:20], y_energy=labels["energy"][:20])
    argv = ["simulate", str(tmp_path / "out"), "--data", str(tmp_path / "X.npz"), "--json"]
    assert main([*argv, "--task", "class=multiclass,energy=regression"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["accuracy_kind"] == accuracy(emulate(design, x[:20])[0], labels["kind"][:20])
