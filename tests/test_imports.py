"""Importing the core is light: no framework, no panels, nothing but numpy and the standard library."""

import pickle
import subprocess
import sys

import pytest

from hlsexplore.graph import Graph

HEAVY = {
    "tensorflow",
    "keras",
    "qkeras",
    "h5py",
    "yaml",
    "jinja2",
    "numba",
    "pandas",
    "scipy",
    "sklearn",
    "plotly",
    "ipywidgets",
}


@pytest.mark.parametrize("module", ["hlsexplore", "hlsexplore_hls"])
def test_import_loads_no_heavy_package(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not HEAVY & set(done.stdout.split())


def test_every_public_name_exists() -> None:
    import hlsexplore

    missing = [name for name in hlsexplore.__all__ if not hasattr(hlsexplore, name)]
    assert missing == []


@pytest.mark.parametrize("first", ["hlsexplore.emulate.run", "hlsexplore.estimate.estimator", "hlsexplore"])
def test_emulate_and_estimate_can_be_called_whatever_was_imported_first(first: str, small_graph: Graph) -> None:
    code = (
        f"import {first}, pickle, sys, hlsexplore as hx\n"
        "design = hx.Design.default(pickle.load(sys.stdin.buffer))\n"
        "print(hx.emulate(design, [[0.5] * 16]).shape, hx.estimate(design).source)"
    )
    data = pickle.dumps(small_graph)
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True, timeout=120)
    assert done.stdout.split() == [b"(1,", b"5)", b"estimate"]
