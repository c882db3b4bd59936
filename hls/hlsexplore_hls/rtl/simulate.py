"""Simulation of an RTL project, sample after sample through its handshake."""

import threading
from collections.abc import Sequence
from math import prod

from hlsexplore.errors import ConfigError, ToolError
from hlsexplore.fixed import RawArray
from hlsexplore.support.files import read_text, reason_of
from hlsexplore.support.progress import OnEvent, ignore
from hlsexplore.support.work_folder import work_folder
from hlsexplore_hls.flows import Simulated
from hlsexplore_hls.project import Project
from hlsexplore_hls.rtl.packing import pack, unpack
from hlsexplore_hls.rtl.verilator import Bus, Model, simulate_models, tool_title

MAX_SOURCE_BYTES = 256 << 20


def simulate(
    project: Project,
    raw_inputs: Sequence[RawArray],
    on_event: OnEvent = ignore,
    cancel: threading.Event | None = None,
) -> Simulated:
    """Run an RTL project with Verilator.

    Args:
        project: The project; its files are read as they are now.
        raw_inputs: Raw integers of each input, shape (samples, *shape).
        on_event: Told stages and lines of the tools.
        cancel: Stops the work when set.

    Raises:
        ToolError: If a tool is missing or fails, or the module does not answer every input.
        CancelledError: If `cancel` was set.
    """
    model = project_model(project, raw_inputs)
    with work_folder() as where:
        (measured,) = simulate_models([model], where, on_event, cancel)
    samples = len(raw_inputs[0])
    outputs = []
    for port, words in zip(project.outputs, measured.words, strict=True):
        elements = samples * prod(port.shape) // len(words)
        outputs.append(unpack(words, elements, port.type).reshape(samples, *port.shape))
    return Simulated(
        outputs=outputs,
        tool=tool_title(),
        latency_cycles=measured.latency_cycles,
        ii_cycles=measured.ii_cycles,
    )


def project_model(project: Project, raw_inputs: Sequence[RawArray]) -> Model:
    """Collect what the simulator needs of a project."""
    try:
        inputs, outputs = (
            tuple(Bus(port=item["port"], bits=item["bits"], beats=item.get("beats", 0)) for item in project.extra[key])
            for key in ("inputs", "outputs")
        )
        names = [str(name) for name in project.extra["sources"]]
    except (KeyError, TypeError) as error:
        raise ConfigError(f"the manifest of {str(project.path)!r} lacks {error}. Export the design again.") from None
    sources: dict[str, str] = {}
    for name in names:
        if name not in project.files:
            raise ConfigError(
                f"the manifest of {str(project.path)!r} lists {name!r} without its digest. Export the design again."
            )
        try:
            sources[name] = read_text(project.path / name, MAX_SOURCE_BYTES)
        except (OSError, UnicodeDecodeError) as error:
            raise ToolError(f"the file {name!r} of the project cannot be read: {reason_of(error)}.") from None
    latency, ii = project.latency_cycles or 0, project.ii_cycles or 1
    return Model(
        sources=sources,
        top=project.top,
        inputs=inputs,
        outputs=outputs,
        words=[
            pack(raw.reshape(len(raw) * bus.values, -1), port.type.width)
            for port, bus, raw in zip(project.inputs, inputs, raw_inputs, strict=True)
        ],
        limit_cycles=10 * (latency + ii) + 1000,
    )
