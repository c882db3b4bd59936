"""The test bench of an RTL project in Icarus Verilog."""

import shutil
import subprocess

import pytest

from hlsexplore_hls.project import Project

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs iverilog")


def icarus(project: Project) -> str:
    """Compile and run the test bench of a project; return what it prints."""
    sources = sorted(str(file.relative_to(project.path)) for file in (project.path / "rtl").glob("*.v"))
    out = project.path.parent / "sim"
    argv = ["iverilog", "-g2005", "-o", str(out), f"tb/{project.top}_tb.v", *sources]
    subprocess.run(argv, cwd=project.path, check=True, timeout=60)
    return subprocess.run([str(out)], cwd=project.path, check=True, timeout=60, capture_output=True, text=True).stdout
