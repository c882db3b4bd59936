"""A design as an HLS C++ project for Vitis HLS and Vivado HLS (docs/cpp.md)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import files
from math import prod

from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import Strategy
from hlsexplore.ops import Conv, Dense, DepthwiseConv, Recurrent, Reshape
from hlsexplore.target import Io
from hlsexplore_hls.cpp.code import LayerCode, cpp_type
from hlsexplore_hls.cpp.context import (
    BufferContext,
    LayerContext,
    PortContext,
    ProjectContext,
    StepContext,
    TypeContext,
)
from hlsexplore_hls.cpp.joins import with_small_joins
from hlsexplore_hls.cpp.layers import WRITERS
from hlsexplore_hls.cpp.op_context import OpContext, beats
from hlsexplore_hls.cpp.wiring import TopCall, Wiring, wire
from hlsexplore_hls.flows import Generated
from hlsexplore_hls.names import comment, identifier, identifiers
from hlsexplore_hls.templates import template

SHALLOW_DEPTH = 32
"""Beats of a stream between two layers in a row: as deep as one shift register."""


_WRAPPERS: dict[str, Callable[[str], dict[str, str]]] = {
    "plain": lambda top: {},
    "axi_stream": lambda top: {f"src/{top}.h": "axi_stream.h.j2", f"src/{top}.cpp": "axi_stream.cpp.j2"},
    "kernel": lambda top: {
        f"src/{top}.h": "kernel.h.j2",
        f"src/{top}.cpp": "kernel.cpp.j2",
        "host/host.cpp": "host.cpp.j2",
    },
}
"""Templates of the wrapper of each interface, by path."""


def generate(design: Design, interface: str = "plain") -> Generated:
    """Generate the C++ of a design.

    Args:
        design: The design.
        interface: `plain`, `axi_stream` or `kernel`.

    Returns:
        The files; cycles are None, since only the vendor's tool knows them.

    Raises:
        NoModelError: If an op has no C++.
        ConfigError: If a type is too wide for a constant array.
    """
    key, names, design = design.key, identifiers(design.graph), with_small_joins(design)
    for node in design.graph:
        if node.name not in names:  # part of a join
            names[node.name] = identifier(node.name, names.values())
    project = replace(_project_context(design, names, interface), design_key=key)
    rendered: dict[str, str | bytes] = {
        path: template("cpp", name).render(p=project)
        for path, name in {
            **_WRAPPERS[interface](project.top),
            f"src/{project.core}.h": "top.h.j2",
            f"src/{project.core}.cpp": "top.cpp.j2",
            "src/types.h": "types.h.j2",
            "src/layers.h": "layers.h.j2",
            "tb/testbench.cpp": "testbench.cpp.j2",
            "sim/main.cpp": "simulation.cpp.j2",
            "build.tcl": "build.tcl.j2",
            "README.md": "README.md.j2",
        }.items()
    }
    weights = template("cpp", "weights.h.j2")
    for layer in project.layers:
        if layer.code.roms:
            rendered[f"src/weights/{layer.identifier}.h"] = weights.render(p=project, layer=layer)
    library = files("hlsexplore_hls.cpp") / "nnet"
    for header in sorted(library.iterdir(), key=lambda file: file.name):
        rendered[f"src/nnet/{header.name}"] = header.read_bytes()
    extra = {"hls_project": "build/hls", "solution": "solution1", "script": "build.tcl"}
    return Generated(files=rendered, top=project.top, extra=extra)


def is_one_pipeline(design: Design) -> bool:
    """Whether the whole design is one pipeline: every matrix is unrolled over all its positions.

    Otherwise layers run side by side, each at its own pace (dataflow).
    """
    for node in design.graph.layers:
        config = design.layers[node.name]
        if isinstance(node.op, Recurrent):
            return False
        if isinstance(node.op, Dense | Conv | DepthwiseConv):
            positions = prod(node.shape[:-1])
            if config.strategy is not Strategy.LATENCY or positions != config.parallel:
                return False
    return True


def _project_context(design: Design, names: Mapping[str, str], interface: str) -> ProjectContext:
    graph, is_stream = design.graph, design.target.io is Io.STREAM
    is_dataflow = is_stream or not is_one_pipeline(design)
    wiring = wire(graph, names, lambda node: is_view(graph, node, is_stream), has_single_readers=is_dataflow)
    _check_inputs_are_read(design, wiring)
    layers: dict[str, LayerContext] = {}
    for call in wiring.calls:
        if not call.is_copy:
            node = graph[call.node]
            code = WRITERS(OpContext(design=design, node=node, is_dataflow=is_dataflow), node.op)
            text = f"layer '{comment(node.name)}' ({node.kind}): {code.summary}"
            layers[node.name] = LayerContext(identifier=names[node.name], comment=text, code=code)
    headers = {layer.code.header for layer in layers.values()}
    if any(call.is_copy for call in wiring.calls):
        headers.add("stream.h" if is_stream else "copy.h")
    taken = (*names.values(), *wiring.buffers, *wiring.outputs)
    core = identifier(graph.name, taken)
    variables = [wiring.inputs[node.name] for node in graph.inputs] + [*wiring.outputs]
    inner: dict[str, str] = {}
    for variable in variables:
        inner[variable] = identifier(f"{variable}_inner", (*taken, *inner.values()))
    suffix = {"plain": "", "axi_stream": "_axi", "kernel": "_kernel"}[interface]
    return ProjectContext(
        model=comment(graph.name),
        design_key=design.key,
        core=core,
        top=identifier(f"{core}{suffix}", (*taken, core)) if suffix else core,
        part=design.target.part,
        clock_ns=design.target.clock_ns,
        interface=interface,
        is_stream=is_stream,
        is_dataflow=is_dataflow,
        ii_cycles=max((layer.code.ii_cycles or 1 for layer in layers.values()), default=1),
        headers=tuple(sorted(headers)),
        config_headers=tuple(sorted({name for layer in layers.values() for name in layer.code.config_headers})),
        types=tuple(
            TypeContext(identifier=names[node.name], text=cpp_type(design.result_type(node.name))) for node in graph
        ),
        layers=tuple(layers.values()),
        inputs=tuple(_port(design, names, node, wiring.inputs[node.name], inner) for node in graph.inputs),
        outputs=tuple(
            _port(design, names, graph[name], variable, inner)
            for name, variable in zip(graph.outputs, wiring.outputs, strict=True)
        ),
        buffers=tuple(_buffer(design, names, name, graph[node]) for name, node in wiring.buffers.items()),
        steps=_steps(design, names, wiring, layers),
    )


def _check_inputs_are_read(design: Design, wiring: Wiring) -> None:
    """Refuse an input that no call reads: its stream would fill up and stop whoever writes it."""
    read = {variable for call in wiring.calls for variable in call.reads}
    for name, variable in wiring.inputs.items():
        if variable not in read:
            raise NoModelError(
                f"input {name!r} is read by no layer that an output depends on. Remove it from the model."
            )


def is_view(graph: Graph, node: Node, is_stream: bool) -> bool:
    """Whether a node needs no code: a reshape, in a stream if its beats stay the same."""
    if not isinstance(node.op, Reshape):
        return False
    return not is_stream or beats(graph[node.inputs[0]].shape) == beats(node.shape)


def _buffer(design: Design, names: Mapping[str, str], variable: str, node: Node) -> BufferContext:
    """Return an inner variable.

    In a graph where branches meet, one of them may have to wait for a whole tensor of the other; elsewhere a stream
    only has to even out bursts, and one of up to 32 beats costs a shift register.
    """
    num_beats, size = beats(node.shape)
    has_joins = any(len(item.inputs) > 1 for item in design.graph)
    return BufferContext(
        type=f"type::{names[node.name]}",
        identifier=variable,
        size=size if design.target.io is Io.STREAM else node.num_elements,
        depth=num_beats if has_joins else min(num_beats, SHALLOW_DEPTH),
    )


def _port(design: Design, names: Mapping[str, str], node: Node, variable: str, inner: Mapping[str, str]) -> PortContext:
    type_ = design.result_type(node.name)
    shape = " x ".join(map(str, node.shape))
    num_beats, beat_size = beats(node.shape)
    return PortContext(
        identifier=variable,
        type=names[node.name],
        inner=inner[variable],
        comment=f"'{comment(node.name)}', {shape} of {type_}",
        size=node.num_elements,
        num_beats=num_beats,
        beat_size=beat_size,
        word_width=next((width for width in (8, 16, 32) if width >= type_.width + (not type_.signed)), 64),
    )


def _steps(
    design: Design, names: Mapping[str, str], wiring: Wiring, layers: Mapping[str, LayerContext]
) -> tuple[StepContext, ...]:
    steps = []
    for call in wiring.calls:
        if call.is_copy:
            steps.append(_copy_step(design, call))
        else:
            layer = layers[call.node]
            steps.append(StepContext(text=_call_text(layer.code, names[call.node], call), comment=layer.comment))
    return tuple(steps)


def _call_text(code: LayerCode, name: str, call: TopCall) -> str:
    template = ", ".join((*code.template, f"config::{name}"))
    constants = (f"weights::{name}::{rom.name}" for rom in code.roms)
    return f"{code.function}<{template}>({', '.join((*call.reads, *call.writes, *constants))});"


def _copy_step(design: Design, call: TopCall) -> StepContext:
    node = design.graph[call.node]
    size = beats(node.shape)[0] if design.target.io is Io.STREAM else node.num_elements
    return StepContext(
        text=f"nnet::copy<{size}>({', '.join((*call.reads, *call.writes))});",
        comment=f"copy of '{comment(node.name)}' for several readers",
    )
