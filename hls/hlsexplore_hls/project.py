"""A project: the files that a flow made of a design, with a manifest, golden vectors and digests of everything."""

import hashlib
import threading
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from hlsexplore.design import Design
from hlsexplore.encoding import decoded
from hlsexplore.errors import ConfigError, DataError
from hlsexplore.fixed import RawArray, RealArray, to_real
from hlsexplore.reference.samples import Inputs, open_arrays, real
from hlsexplore.report import Report
from hlsexplore.support.files import open_regular, reason_of
from hlsexplore.support.progress import Event, OnEvent, ignore
from hlsexplore.target import Target
from hlsexplore_hls.flows import Simulated, find_flow, resolve
from hlsexplore_hls.manifest import read_manifest
from hlsexplore_hls.ports import Port

GOLDEN = "golden.npz"
BUILD = "build"
"""Folder inside a project for everything that simulation and synthesis write; no part of the digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationResult:
    """What simulating a project gave.

    Attributes:
        y: Real values of the output, shape (samples, *shape); a tuple of arrays if the project has several outputs.
        raw: Raw integers, in the form of `y`.
        differing: Integers that differ from the golden vectors, or None if other inputs were simulated.
        latency_cycles: Measured cycles of one sample, or None when the simulation counts no cycles.
        ii_cycles: Measured cycles between two samples, or None.
        num_samples: Samples simulated.
        wall_s: Time it took, compilation included.
        tool: What ran it.
        modified: Files that were changed since the export, so that the result is of the changed project.
    """

    y: RealArray | tuple[RealArray, ...]
    raw: RawArray | tuple[RawArray, ...]
    differing: int | None
    latency_cycles: int | None
    ii_cycles: int | None
    num_samples: int
    wall_s: float
    tool: str
    modified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder that `export` wrote.

    Attributes:
        path: The folder.
        flow: `vitis`, `rtl` or `xls`.
        model: Name of the model.
        design_key: Key of the design that it was made from.
        target: Part, clock, interface and tool of that design.
        top: Identifier of the top function or module.
        interface: What the top level looks like to the outside.
        latency_cycles: Cycles from input to output, or None when only a tool knows.
        ii_cycles: Cycles between two samples, or None when only a tool knows.
        inputs: The inputs.
        outputs: The outputs.
        layers: Identifier in the generated files by name of the layer.
        files: SHA-256 of each file by its path in the folder.
        extra: What the flow keeps for its simulation and synthesis.
    """

    path: Path
    flow: str
    model: str
    design_key: str
    target: Target
    top: str
    interface: str
    latency_cycles: int | None
    ii_cycles: int | None
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    layers: Mapping[str, str]
    files: Mapping[str, str]
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def output_spellings(self) -> dict[str, str]:
        """Every name that may be said for an output, as `Graph.output_spellings`."""
        own = {port.name: port.name for port in self.outputs}
        return own | {port.layer: port.name for port in self.outputs if port.layer and port.layer not in own}

    @property
    def digest(self) -> str:
        """Content hash of all files."""
        return hashlib.sha256(
            "\n".join(f"{name} {sha}" for name, sha in sorted(self.files.items())).encode()
        ).hexdigest()

    @classmethod
    def load(cls, path: str | Path) -> "Project":
        """Read the manifest of a project.

        Args:
            path: The project's folder.

        Raises:
            ConfigError: If the folder is no project, its manifest is damaged, or a file of it is missing.
        """
        return cls(**read_manifest(Path(path)))

    def modified(self) -> tuple[str, ...]:
        """List the files whose content is not what `export` wrote."""
        return tuple(name for name, digest in self.files.items() if _file_digest(self.path / name) != digest)

    def is_stale(self, design: Design) -> bool:
        """Whether the project was made from another design than this one."""
        return self.design_key != design.key

    def golden(self) -> tuple[tuple[RawArray, ...], tuple[RawArray, ...]]:
        """Return the golden vectors: raw integers of the inputs and of the emulator's outputs.

        Raises:
            ConfigError: If their file is damaged.
        """
        return _read_golden(self)

    def simulate(
        self,
        x: Inputs | None = None,
        on_event: OnEvent = ignore,
        cancel: threading.Event | None = None,
    ) -> SimulationResult:
        """Run the project's simulation.

        Args:
            x: Real inputs, shape (samples, *shape); a tuple of arrays, or a dictionary by name, if there are several
                inputs. The golden vectors when None.
            on_event: Told stages and lines of tools.
            cancel: Stops the work when set.

        Raises:
            DataError: If `x` does not fit the inputs.
            ToolError: If the simulator is missing or fails.
            CancelledError: If `cancel` was set.
        """
        return _simulate(self, x, on_event, cancel)

    def synthesize(
        self,
        tool: str,
        on_event: OnEvent = ignore,
        cancel: threading.Event | None = None,
        timeout_s: float | None = None,
    ) -> Report:
        """Synthesize the project.

        Args:
            tool: A key of `hlsexplore_hls.tools.table.TOOLS` that takes this flow's files, such as `yosys`.
            on_event: Told stages and lines of the tool.
            cancel: Stops the work when set.
            timeout_s: Stops the tool after that time.

        Raises:
            ToolError: If the tool is missing, fails or takes too long.
            CancelledError: If `cancel` was set.
        """
        run = resolve("hlsexplore_hls.tools.synthesize:synthesize")
        report: Report = run(self, tool, on_event=on_event, cancel=cancel, timeout_s=timeout_s)
        return report


def quantize_inputs(ports: Sequence[Port], x: Inputs) -> tuple[RawArray, ...]:
    """Check real inputs against ports and cast them to the ports' types.

    Args:
        ports: The inputs.
        x: An array of shape (samples, *shape) for one port; else a tuple of them, or a dictionary by name.

    Raises:
        DataError: If shapes or numbers of samples do not fit, or a value is not finite.
    """
    arrays = open_arrays({port.name: port.shape for port in ports}, x)
    if not all(map(len, arrays.values())):
        raise DataError("the data holds no samples.")
    return tuple(port.cast(real(arrays[port.name])) for port in ports)


def _read_golden(project: Project) -> tuple[tuple[RawArray, ...], tuple[RawArray, ...]]:
    file = project.path / GOLDEN
    try:
        with open_regular(file) as stream, np.load(stream, allow_pickle=False) as data:
            inputs = tuple(np.asarray(data[f"x{index}"], dtype=np.int64) for index in range(len(project.inputs)))
            outputs = tuple(np.asarray(data[f"y{index}"], dtype=np.int64) for index in range(len(project.outputs)))
    except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile, zlib.error) as error:
        raise ConfigError(
            f"the golden vectors {str(file)!r} cannot be read ({reason_of(error)}). Export the design again."
        ) from None
    for port, array in zip((*project.inputs, *project.outputs), (*inputs, *outputs), strict=True):
        if array.shape != (len(inputs[0]), *port.shape):
            raise ConfigError(f"the golden vectors {str(file)!r} do not fit {port.name!r}. Export the design again.")
    return inputs, outputs


def _simulate(
    project: Project,
    x: Inputs | None,
    on_event: OnEvent,
    cancel: threading.Event | None,
) -> SimulationResult:
    start = time.perf_counter()
    modified = project.modified()
    if modified:
        on_event(Event(kind="log", text=f"changed since the export: {', '.join(modified)}"))
    if x is None:
        inputs, expected = project.golden()
    else:
        inputs, expected = quantize_inputs(project.inputs, x), ()
    run = resolve(find_flow(project.flow).simulate)
    simulated: Simulated = run(project, inputs, on_event=on_event, cancel=cancel)
    raw = tuple(simulated.outputs)
    real = tuple(decoded(to_real(item, port.type), port.unit) for item, port in zip(raw, project.outputs, strict=True))
    differing = sum(int((got != want).sum()) for got, want in zip(raw, expected, strict=True)) if expected else None
    return SimulationResult(
        y=real[0] if len(real) == 1 else real,
        raw=raw[0] if len(raw) == 1 else raw,
        differing=differing,
        latency_cycles=simulated.latency_cycles,
        ii_cycles=simulated.ii_cycles,
        num_samples=len(inputs[0]),
        wall_s=time.perf_counter() - start,
        tool=simulated.tool,
        modified=modified,
    )


def _file_digest(path: Path) -> str | None:
    try:
        with open_regular(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
