"""Simulation of a C++ project: compiled with the machine's compiler and run as a process of its own."""

import threading
from collections.abc import Sequence
from math import prod

import numpy as np

from hlsexplore.errors import ToolError
from hlsexplore.fixed import RawArray
from hlsexplore.support.progress import Event, OnEvent, ignore
from hlsexplore.support.work_folder import work_folder
from hlsexplore_hls.cpp.compiler import compiled
from hlsexplore_hls.cpp.testbench import sample_rows
from hlsexplore_hls.flows import Simulated
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.files import read_integers
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.log import Listeners, log_to
from hlsexplore_hls.tools.runner import run

RUN_TIMEOUT_S = 3600.0


def simulate(
    project: Project,
    raw_inputs: Sequence[RawArray],
    on_event: OnEvent = ignore,
    cancel: threading.Event | None = None,
) -> Simulated:
    """Compile a project, unless the same content was compiled before, and run its top function on samples.

    Args:
        project: A project of the flow `vitis`.
        raw_inputs: Raw integers of each input, shape (samples, *shape).
        on_event: Told stages and the compiler's messages.
        cancel: Stops the work when set.

    Raises:
        ToolError: If there is no compiler, or compiling or running fails.
        CancelledError: If `cancel` was set.
    """
    folder = project.path.absolute()
    main = folder / "sim" / "main.cpp"
    sources = [folder / name for name in project.files if name.startswith(("src/", "sim/"))]
    program, compiler = compiled(sources, main, folder, on_event, cancel)
    num_samples = len(raw_inputs[0])
    sizes = [prod(port.shape) for port in project.outputs]
    on_event(Event(kind="stage", text=f"run {num_samples} samples"))
    with work_folder() as scratch:
        sample_rows(raw_inputs).astype("<i8").tofile(scratch / "inputs.bin")
        run(
            [program, str(num_samples), "inputs.bin", "outputs.bin"],
            cwd=scratch,
            limits=Limits.after(RUN_TIMEOUT_S, cancel=cancel),
            listeners=Listeners(on_line=log_to(on_event)),
            what="C++ simulation",
        )
        rows = read_integers(scratch / "outputs.bin", "<i8", num_samples * sum(sizes)).astype(np.int64)
    if rows.size != num_samples * sum(sizes):
        raise ToolError(
            f"the C++ simulation wrote {rows.size} integers instead of {num_samples * sum(sizes)}. "
            "Export the design again if its files were changed."
        )
    parts = np.split(rows.reshape(num_samples, sum(sizes)), np.cumsum(sizes)[:-1], axis=1)
    outputs = [part.reshape(num_samples, *port.shape) for part, port in zip(parts, project.outputs, strict=True)]
    return Simulated(outputs=outputs, tool=compiler.title)
