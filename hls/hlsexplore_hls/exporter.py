"""Writes the project of a design: generated files, golden vectors and manifest, all at once."""

import hashlib
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from hlsexplore.design import Design, check_design
from hlsexplore.errors import ConfigError, quoted
from hlsexplore.fixed import RawArray, quantize, to_real
from hlsexplore.layer_config import own_types
from hlsexplore.ops import Input
from hlsexplore.support.cancel import cancellable, check_cancelled
from hlsexplore.support.files import npz_bytes
from hlsexplore.support.progress import OnEvent, ignore
from hlsexplore.task import head_of
from hlsexplore_hls.destination import check_destination, write_project
from hlsexplore_hls.flows import Flow, Generated, find_flow, resolve
from hlsexplore_hls.names import identifiers
from hlsexplore_hls.ports import Port
from hlsexplore_hls.project import GOLDEN, Project, quantize_inputs
from hlsexplore_hls.reports.observations import estimates_of

GOLDEN_SAMPLES = 1000
GOLDEN_SEED = 20250701


def export(
    design: Design,
    path: str | Path,
    flow: str = "vitis",
    golden_x: ArrayLike | Sequence[ArrayLike] | None = None,
    interface: str | None = None,
    overwrite: bool = False,
    on_event: OnEvent = ignore,
    cancel: threading.Event | None = None,
) -> Project:
    """Write the files of a design, atomically: the folder is complete or not there.

    A project that is already in the folder is replaced with all that `synthesize` left in it, unless files in it were
    added or changed by hand.

    Args:
        design: The design.
        path: Folder to write.
        flow: `vitis` (HLS C++), `rtl` (Verilog), `xls` or `hls4ml`.
        golden_x: Real inputs for the golden vectors, as in `Project.simulate`; 1,000 random samples over the whole
            range of the input types when None.
        interface: What the top level looks like, or hls4ml's back end or board; the flow's first when None.
        overwrite: Replace the project even if files in it were added or changed by hand: the ones added stay, the ones
            changed are kept as `NAME.orig`.
        on_event: Told stages of a flow that compiles.
        cancel: Stops the work when set.

    Raises:
        ConfigError: If the folder holds something else or files of the user's own, or flow or interface do not exist.
        NoModelError: If the flow cannot build an op.
        ToolError: If the flow's compiler is missing or fails.
        CancelledError: If `cancel` was set.
    """
    check_design(design)
    chosen, folder = find_flow(flow), _folder(path, overwrite)
    interface = _interface(flow, chosen, interface)
    options = {"on_event": on_event, "cancel": cancel} if chosen.is_compiled else {}
    with cancellable(cancel, on_event):
        generated: Generated = resolve(chosen.generate)(design, interface=interface, **options)
        vectors = _golden_vectors(design, golden_x, cancel)
        check_cancelled()
    files, names = _contents(chosen, generated, vectors), identifiers(design.graph)
    project = Project(
        path=folder,
        flow=flow,
        model=design.graph.name,
        design_key=design.key,
        target=design.target,
        top=generated.top,
        interface=interface,
        latency_cycles=generated.latency_cycles,
        ii_cycles=generated.ii_cycles,
        inputs=tuple(_port(design, names, node.name) for node in design.graph.inputs),
        outputs=tuple(_port(design, names, name) for name in design.graph.outputs),
        layers={node.name: names[node.name] for node in design.graph.layers},
        files={name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
        extra={**generated.extra, **estimates_of(design)},
    )
    write_project(project, files, overwrite)
    return project


def _folder(path: object, overwrite: bool) -> Path:
    """Return the folder to write to.

    Raises:
        ConfigError: If it is no path, or what is in it may not be replaced.
    """
    if not isinstance(path, str | os.PathLike):
        raise ConfigError(f"path must be a folder's name, not {quoted(path)}.")
    check_destination(Path(path), overwrite)
    return Path(path)


def _interface(name: str, flow: Flow, interface: str | None) -> str:
    """Return the interface that was asked for, or the flow's first."""
    if interface and interface not in flow.interfaces:
        valid = ", ".join(map(repr, flow.interfaces))
        raise ConfigError(f"the flow {name!r} has no interface {interface!r}. Valid interfaces: {valid}.")
    return interface or next(iter(flow.interfaces))


def _contents(
    flow: Flow, generated: Generated, vectors: tuple[Sequence[RawArray], Sequence[RawArray]]
) -> dict[str, bytes]:
    """Return the generated files, those of the test bench and the golden vectors, by path."""
    texts = dict(generated.files)
    if flow.golden_files is not None:
        texts |= resolve(flow.golden_files)(*vectors)
    files = {name: text.encode() if isinstance(text, str) else text for name, text in texts.items()}
    return {**files, GOLDEN: _pack_golden(*vectors)}


def _port(design: Design, names: Mapping[str, str], name: str) -> Port:
    node = design.graph[name]
    types = own_types(node, design.layers[name]) if isinstance(node.op, Input) else None
    return Port(
        name=name,
        identifier=names[name],
        shape=node.shape,
        type=design.result_type(name),
        types=types,
        encoding=node.op.encoding if isinstance(node.op, Input) else None,
        unit=node.unit,
        head=head_of(design.graph, name),
        layer=next((said for said, own in design.graph.output_spellings.items() if own == name != said), ""),
    )


def _golden_vectors(
    design: Design, x: ArrayLike | Sequence[ArrayLike] | None, cancel: threading.Event | None
) -> tuple[tuple[RawArray, ...], tuple[RawArray, ...]]:
    from hlsexplore.emulate.run import raw_outputs

    nodes = design.graph.inputs
    ports = tuple(_port(design, {node.name: "" for node in nodes}, node.name) for node in nodes)
    for name in (*(node.name for node in nodes), *design.graph.outputs):
        type_ = design.result_type(name)
        if not type_.fits_int64:
            raise ConfigError(f"layer {name!r}: {type_} is too wide for a port of a project. Give it at most 63 bits.")
    if x is None:
        rng = np.random.default_rng(GOLDEN_SEED)
        raw = tuple(_random_raw(rng, port) for port in ports)
        # A float64 holds 53 bits: what the emulator sees is what the vectors hold.
        raw = tuple(port.pack(to_real(item, port.type)) for item, port in zip(raw, ports, strict=True))
    else:
        raw = quantize_inputs(ports, x)
    real = tuple(to_real(item, port.type) for item, port in zip(raw, ports, strict=True))
    return raw, raw_outputs(design, real[0] if len(real) == 1 else real, cancel, is_encoded=True)


def _random_raw(rng: np.random.Generator, port: Port) -> RawArray:
    low, high = port.type.min_raw, port.type.max_raw
    if port.encoding is not None:
        ends = port.type.with_modes(overflow="SAT")
        low, high = (int(quantize(end, ends)) for end in port.encoding.limits)
    return rng.integers(low, high, size=(GOLDEN_SAMPLES, *port.shape), endpoint=True, dtype=np.int64)


def _pack_golden(raw_inputs: Sequence[RawArray], raw_outputs: Sequence[RawArray]) -> bytes:
    arrays = {f"x{index}": raw for index, raw in enumerate(raw_inputs)}
    arrays |= {f"y{index}": raw for index, raw in enumerate(raw_outputs)}
    return npz_bytes(arrays)
