"""Compiled code that is kept between runs."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hlsexplore

pytest.importorskip("numba")

ASK = "from hlsexplore.outer_kernel import outer; print(outer(1))"


def kept(cache: Path) -> set[Path]:
    """Return the folders of compiled code."""
    return set((cache / "numba").iterdir())


def ran(package: Path, cache: Path, text: str, *arguments: str) -> str:
    """Run a program on a copy of the package."""
    environment = {**os.environ, "PYTHONPATH": str(package), "HLSEXPLORE_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", text, *arguments],
        cwd=package,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Copy the package to a folder of its own, with two files whose function is compiled into another file's."""
    source = Path(hlsexplore.__file__).parent
    target = tmp_path / "copy"
    shutil.copytree(source, target / "hlsexplore", ignore=shutil.ignore_patterns("__pycache__"))
    (target / "hlsexplore/inner_kernel.py").write_text(
        "from numba import njit\n\n\n@njit\ndef inner(x):\n    return x + 1\n"
    )
    (target / "hlsexplore/outer_kernel.py").write_text(
        "from hlsexplore.inner_kernel import inner\nfrom hlsexplore.support.compiled import compiled\n\n\n"
        "@compiled\ndef outer(x):\n    return inner(x)\n"
    )
    return target


def test_a_changed_function_that_is_compiled_into_another_is_not_the_old_one(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert ran(package, cache, ASK) == "2\n"
    inner = package / "hlsexplore/inner_kernel.py"
    inner.write_text(inner.read_text().replace("x + 1", "x + 5"))
    assert ran(package, cache, ASK) == "6\n"


def test_code_of_another_numba_is_not_read(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    ask = "import sys, numba\nif sys.argv[1:]: numba.__version__ = sys.argv[1]\n" + ASK
    ran(package, cache, ask)
    before = kept(cache)
    for file in cache.rglob("*.nbc"):
        file.write_bytes(b"code of the first")
    assert ran(package, cache, ask, "0.999") == "2\n"
    assert len(kept(cache) - before) == 1


def test_code_is_kept_for_the_next_run_and_not_for_ever(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    ran(package, cache, ASK)
    files = {file: file.stat().st_mtime_ns for file in cache.rglob("*.nb?")}
    unused = cache / "numba" / "unused"
    unused.mkdir()
    os.utime(unused, (time.time() - 61 * 86400,) * 2)
    ran(package, cache, ASK)
    assert {file: file.stat().st_mtime_ns for file in cache.rglob("*.nb?")} == files
    assert not unused.exists()


def test_code_that_does_not_fit_on_the_disk_is_run_all_the_same(package: Path, tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)); "
    assert ran(package, tmp_path / "cache", limit + ASK) == "2\n"
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
