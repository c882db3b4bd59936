"""The flows that turn a design into a project: names of their functions, imported on first use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import Any

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore.fixed import RawArray
from hlsexplore.layer_config import Multiplier


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What a generator makes of a design.

    Attributes:
        files: Content by path relative to the project's folder, with forward slashes.
        top: Identifier of the top function or module.
        latency_cycles: Cycles from the first input to the last output, or None when only the tool knows.
        ii_cycles: Cycles between two samples, or None when only the tool knows.
        extra: Anything else that the flow's simulation or synthesis needs, as plain data for JSON.
    """

    files: Mapping[str, str | bytes]
    top: str
    latency_cycles: int | None = None
    ii_cycles: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What a flow's simulation computed.

    Attributes:
        outputs: Raw integers of each output, shape (samples, *shape).
        tool: What ran it, such as `g++ 12.2.0`.
        latency_cycles: Measured cycles of one sample, or None when the simulation counts no cycles.
        ii_cycles: Measured cycles between two samples, or None.
    """

    outputs: Sequence[RawArray]
    tool: str
    latency_cycles: int | None = None
    ii_cycles: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Where a flow's functions are, as `module:function`.

    Attributes:
        label: What people call it, in lists.
        badge: Short name on a badge.
        generate: `(design, interface) -> Generated`; with `is_compiled` also `on_event` and `cancel`.
        simulate: `(project, raw_inputs, on_event, cancel) -> Simulated`.
        golden_files: `(raw_inputs, raw_outputs) -> files` of golden vectors for the flow's own test bench, or None.
        interfaces: What the top level can look like to the outside, or the back end, with a label; the first is the
            default.
        choice: What people call the choice among them.
        is_compiled: Whether generating runs a compiler, which takes its time.
    """

    label: str
    badge: str
    generate: str
    simulate: str
    golden_files: str | None = None
    interfaces: Mapping[str, str] = field(default_factory=lambda: {"plain": "plain"})
    choice: str = "Interface"
    is_compiled: bool = False


FLOWS: dict[str, Flow] = {
    "vitis": Flow(
        label="HLS C++ (Vitis, Vivado)",
        badge="C++",
        generate="hlsexplore_hls.cpp.generate:generate",
        simulate="hlsexplore_hls.cpp.simulate:simulate",
        golden_files="hlsexplore_hls.cpp.testbench:golden_files",
        interfaces=MappingProxyType({"plain": "plain", "axi_stream": "AXI stream", "kernel": "kernel of a card"}),
    ),
    "rtl": Flow(
        label="RTL (Verilog)",
        badge="RTL",
        generate="hlsexplore_hls.rtl.generate:generate",
        simulate="hlsexplore_hls.rtl.simulate:simulate",
        golden_files="hlsexplore_hls.rtl.extras:golden_files",
    ),
    "xls": Flow(
        label="RTL by XLS",
        badge="XLS",
        generate="hlsexplore_hls.xls.generate:generate",
        simulate="hlsexplore_hls.xls.simulate:simulate",
        is_compiled=True,
    ),
    "hls4ml": Flow(
        label="hls4ml (all its back ends)",
        badge="hls4ml",
        generate="hlsexplore_hls.hls4ml.generate:generate",
        simulate="hlsexplore_hls.hls4ml.simulate:simulate",
        interfaces=MappingProxyType(
            {
                "plain": "the target's (Vitis, Vivado)",
                "vitis": "Vitis",
                "vivado": "Vivado",
                "vivado_accelerator": "VivadoAccelerator, board of the part",
                "pynq-z2": "VivadoAccelerator, PYNQ-Z2",
                "zcu102": "VivadoAccelerator, ZCU102",
                "alveo-u50": "VivadoAccelerator, Alveo U50",
                "alveo-u200": "VivadoAccelerator, Alveo U200",
                "alveo-u250": "VivadoAccelerator, Alveo U250",
                "alveo-u280": "VivadoAccelerator, Alveo U280",
                "oneapi": "oneAPI (Altera)",
                "quartus": "Quartus (Altera)",
                "catapult": "Catapult",
                "libero": "Libero (Microchip)",
            }
        ),
        choice="Back end",
    ),
}


TIMESCALE = "`timescale 1ns / 1ps\n"
"""First line of each Verilog file: simulators want a time scale in all files or in none (IEEE 1800, 3.14.2.3)."""


def with_timescale(files: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """Return files with the time scale in front of each Verilog file.

    Args:
        files: Content by path.
    """
    return {
        path: TIMESCALE + text if path.endswith(".v") and isinstance(text, str) else text
        for path, text in files.items()
    }


def unused_multipliers(design: Design, flow: str) -> list[str]:
    """Say which layers choose what their multipliers are made of, for a flow that leaves that to synthesis."""
    return [
        f"layer {name!r}: multiplier={config.multiplier.value!r} changes nothing, since the flow {flow!r} leaves "
        "multipliers to the synthesis tool."
        for name, config in design.layers.items()
        if config.multiplier is not Multiplier.AUTO
    ]


def find_flow(name: str) -> Flow:
    """Return a flow by name.

    Raises:
        ConfigError: If there is none of that name.
    """
    if name not in FLOWS:
        raise ConfigError(unknown_name("flow", name, FLOWS, "hlsexplore"))
    return FLOWS[name]


def resolve(reference: str) -> Callable[..., Any]:
    """Import a function named as `module:function`.

    Raises:
        ConfigError: If this version does not contain it.
    """
    module, _, function = reference.partition(":")
    try:
        found: Callable[..., Any] = getattr(import_module(module), function)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise ConfigError(f"this version of hlsexplore has no {module!r} yet; use another flow.") from None
    return found
