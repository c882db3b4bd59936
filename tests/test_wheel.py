"""The wheel holds every file of the packages, and nothing that could shadow another package."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "hlsexplore": "hlsexplore",
    "hlsexplore_widgets": "widgets/hlsexplore_widgets",
    "hlsexplore_hls": "hls/hlsexplore_hls",
}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory):
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize(("package", "folder"), PACKAGES.items())
def test_wheel_holds_every_file_of_the_package(names, package, folder) -> None:
    source = ROOT / folder
    skipped = {"__pycache__", ".ipynb_checkpoints", "node_modules"}
    files = [path for path in source.rglob("*") if path.is_file() and not skipped & set(path.parts)]
    wanted = {f"{package}/{path.relative_to(source).as_posix()}" for path in files}
    assert wanted - names == set()


def test_wheel_has_no_other_top_level_package(names) -> None:
    tops = {name.split("/")[0] for name in names if not name.split("/")[0].endswith((".dist-info", ".data"))}
    assert tops == set(PACKAGES)


def test_wheel_holds_the_notebooks(names) -> None:
    notebooks = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert notebooks <= {Path(name).name for name in names}


def test_wheel_enables_its_extension_of_the_jupyter_server(names) -> None:
    (found,) = [name for name in names if ".data/" in name]
    assert found.endswith("data/etc/jupyter/jupyter_server_config.d/hlsexplore.json")
