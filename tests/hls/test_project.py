import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import hlsexplore_hls.exporter as exporter
from hlsexplore.design import Design
from hlsexplore.emulate import emulate, emulate_raw
from hlsexplore.errors import ConfigError, DataError
from hlsexplore.graph import Graph
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
        (np.zeros((3, 15)), "input 'x' needs data of shape (samples, 16), not (3, 15)."),
        (np.zeros((0, 16)), "input 'x' needs data of shape (samples, 16), not (0, 16)."),
        (np.full((1, 16), np.nan), "the data for input 'x' holds NaN or infinity. Remove such samples first."),
    ],
)
def test_simulation_refuses_data_that_does_not_fit(exported: Project, x: object, message: str) -> None:
    with pytest.raises(DataError) as caught:
        exported.simulate(x)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_export_refuses_unknown_flow_and_interface(design: Design, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        export(design, tmp_path / "out", flow="vitus")
    assert str(caught.value) == "unknown flow 'vitus'. hlsexplore has 'vitis', 'rtl', 'xls'. Did you mean 'vitis'?"
    with pytest.raises(ConfigError, match="the flow 'vitis' has no interface 'usb'"):
        export(design, tmp_path / "out", interface="usb")
    assert not (tmp_path / "out").exists()


def test_export_never_touches_a_folder_with_other_files(design: Design, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ConfigError) as caught:
        export(design, tmp_path)
    assert str(caught.value) == (
        f"the folder {str(tmp_path)!r} holds files but no hlsexplore project. Choose another folder for the project."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_export_replaces_an_untouched_project_and_what_tools_built(design: Design, project: Project) -> None:
    (project.path / "build").mkdir()
    (project.path / "build" / "report.xml").write_text("old")
    changed = design.with_layer("dense_1", weight="fixed<8,2>")
    again = export(changed, project.path)
    assert again.design_key == changed.key
    assert not (project.path / "build").exists()
    assert [path.name for path in project.path.parent.iterdir()] == ["out"]


def test_export_keeps_files_of_the_user_unless_allowed_to_overwrite(design: Design, project: Project) -> None:
    (project.path / "notes.txt").write_text("mine")
    file = project.path / "build.tcl"
    file.write_text(file.read_text() + "# mine\n")
    with pytest.raises(ConfigError) as caught:
        export(design, project.path)
    assert str(caught.value) == (
        f"exporting into {str(project.path)!r} would lose 'build.tcl', 'notes.txt', added or changed since its export. "
        "Choose another folder, or allow overwriting."
    )
    export(design, project.path, overwrite=True)
    assert not (project.path / "notes.txt").exists()


def test_failed_export_leaves_the_old_project_and_no_debris(
    design: Design, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(fresh: Path, folder: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(exporter, "_swap", fail)
    with pytest.raises(ConfigError, match="cannot write the project .*: disk full"):
        export(design.with_layer("dense_1", weight="fixed<8,2>"), project.path)
    assert Project.load(project.path) == project
    assert [path.name for path in project.path.parent.iterdir()] == ["out"]


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
