"""Importing the core is light: no framework, no panels, nothing but numpy and the standard library."""

import subprocess
import sys

import pytest

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
def test_import_loads_no_heavy_package(module):
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not HEAVY & set(done.stdout.split())


def test_every_public_name_exists():
    import hlsexplore

    missing = [name for name in hlsexplore.__all__ if not hasattr(hlsexplore, name)]
    assert missing == []
