"""Simulation of a project of the flow hls4ml: hls4ml's own C++ of the design, compiled, on the emulator's inputs."""

import shutil
import sys
import threading
import zlib
from collections.abc import Sequence
from importlib.util import find_spec
from zipfile import BadZipFile

import numpy as np

from hlsexplore.errors import ToolError
from hlsexplore.fixed import RawArray
from hlsexplore.support.files import npz_bytes, open_regular, read_regular, reason_of
from hlsexplore.support.progress import Event, OnEvent, ignore
from hlsexplore.support.work_folder import work_folder
from hlsexplore_hls.flows import Simulated
from hlsexplore_hls.project import Project
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.log import Listeners, log_to
from hlsexplore_hls.tools.runner import run

TIMEOUT_S = 3600.0
COMPILERS = {"oneAPI": "icpx", "Libero": "shls"}
"""Compilers of back ends that take no other."""
MAX_BYTES = 2 << 30


def simulate(
    project: Project,
    raw_inputs: Sequence[RawArray],
    on_event: OnEvent = ignore,
    cancel: threading.Event | None = None,
) -> Simulated:
    """Convert a project with hls4ml, compile its C++ and run it.

    Args:
        project: A project of the flow `hls4ml`.
        raw_inputs: Raw integers of each input, shape (samples, *shape).
        on_event: Told stages and the tool's messages.
        cancel: Stops the work when set.

    Raises:
        ToolError: If hls4ml or a compiler is missing, or fails.
        CancelledError: If `cancel` was set.
    """
    if find_spec("hls4ml") is None:
        raise ToolError("hls4ml is not installed here. Install it: pip install hls4ml. Or run build.py elsewhere.")
    backend = str(project.extra.get("backend", ""))
    compiler = COMPILERS.get(backend, "")
    if compiler and shutil.which(compiler) is None:
        raise ToolError(
            f"hls4ml's back end {backend} compiles with {compiler!r}, which was not found. Run build.py where it is, "
            "or export the design for another back end to compare."
        )
    on_event(Event(kind="stage", text="hls4ml converts and compiles the design"))
    with work_folder() as scratch:
        for name in ("build.py", "layers.json", "weights.npz"):
            try:
                (scratch / name).write_bytes(read_regular(project.path / name, MAX_BYTES))
            except OSError as error:
                raise ToolError(f"the file {name!r} of the project cannot be read: {reason_of(error)}.") from None
        (scratch / "in.npz").write_bytes(npz_bytes({f"x{i}": raw for i, raw in enumerate(raw_inputs)}))
        argv = [sys.executable, "build.py", "check", "--data", "in.npz", "--raw", "out.npz"]
        run(
            argv,
            cwd=scratch,
            limits=Limits.after(TIMEOUT_S, cancel=cancel),
            listeners=Listeners(on_line=log_to(on_event)),
            what="hls4ml",
        )
        try:
            with open_regular(scratch / "out.npz") as file, np.load(file, allow_pickle=False) as found:
                rows = [np.asarray(found[f"y{i}"], dtype=np.int64) for i in range(len(project.outputs))]
        except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile, zlib.error) as error:
            raise ToolError(f"hls4ml left no usable outputs: {reason_of(error)}. Run it again.") from None
    outputs = [row.reshape(-1, *port.shape) for row, port in zip(rows, project.outputs, strict=True)]
    return Simulated(outputs=outputs, tool=f"hls4ml, back end {backend}")
