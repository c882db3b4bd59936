"""An environment of its own for HGQ2, whose wheel overwrites the package `qkeras`: scripts run themselves inside it."""

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

PACKAGES = ("HGQ2==0.2.0", "keras==3.15.1", "tensorflow-cpu==2.21.0", "numpy")
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "KERAS_BACKEND": "tensorflow"}
ZIP_DATE = (2026, 1, 1, 0, 0, 0)


def is_inside(environment: Path) -> bool:
    """Whether this process runs in an environment."""
    return Path(sys.prefix).resolve() == environment.resolve()


def python_of(environment: Path, packages: Sequence[str] = PACKAGES) -> Path:
    """Return the interpreter of an environment, which is made with some packages if it is missing."""
    python = environment / "bin" / "python"
    if not python.exists():
        venv.create(environment, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
    return python


def run_inside(environment: Path, script: str, arguments: Sequence[str]) -> None:
    """Run a script in an environment with HGQ2, which is made if it is missing.

    Args:
        environment: Folder of the environment.
        script: The script.
        arguments: Its arguments.
    """
    # what leads to the packages of the calling environment must not lead this one there
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([python_of(environment), script, *arguments], check=True, env={**inherited, **QUIET})


def compress(path: Path) -> None:
    """Pack an archive that Keras stores without compression, so that its bytes do not depend on the time."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_DATE), data, zipfile.ZIP_DEFLATED, 9)
