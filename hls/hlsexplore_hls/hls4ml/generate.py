"""The flow hls4ml: configuration, layers and weights of a design, and a script that converts and builds them."""

import json
from typing import Any

import numpy as np
import yaml

from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import RealArray
from hlsexplore.importers.graph_file import graph_to_plain
from hlsexplore.support.files import npz_bytes
from hlsexplore.target import Tool
from hlsexplore_hls.flows import Generated
from hlsexplore_hls.hls4ml.layers import layer_settings, layer_words
from hlsexplore_hls.hls4ml.limits import differences, refusals
from hlsexplore_hls.names import identifier, identifiers
from hlsexplore_hls.templates import template

BACKENDS = {
    "vitis": "Vitis",
    "vivado": "Vivado",
    "vivado_accelerator": "VivadoAccelerator",
    "oneapi": "oneAPI",
    "catapult": "Catapult",
    "libero": "Libero",
}
"""Interface of the flow -> back end of hls4ml."""
XILINX = ("vitis", "vivado")
"""Back ends that take the part of a design; the others have boards or devices of their own."""


def generate(design: Design, interface: str = "plain") -> Generated:
    """Write a design in hls4ml's words.

    Args:
        design: The design.
        interface: Back end: a key of `BACKENDS`; `plain` takes the one of the design's tool.

    Raises:
        NoModelError: If hls4ml cannot express layers; lists all of them.
    """
    problems = refusals(design)
    if problems:
        raise NoModelError("hls4ml cannot express this design:\n" + "\n".join(f"  - {item}" for item in problems))
    backend = BACKENDS.get(interface) or ("Vivado" if design.target.tool is Tool.VIVADO_HLS else "Vitis")
    graph = design.graph
    names = identifiers(graph)
    top = identifier(f"{graph.name}_hls4ml", names.values())
    settings = _settings(design, backend, top, names)
    layers, weights = _layers(design, names)
    described = {
        "settings": settings,
        "device": {"part": design.target.part} if interface in (*XILINX, "plain") else {},
        "layers": layers,
        "inputs": [names[node.name] for node in graph.inputs],
        "outputs": [names[name] for name in graph.outputs],
        "input_fractions": [design.result_type(node.name).fraction for node in graph.inputs],
        "output_fractions": [design.result_type(name).fraction for name in graph.outputs],
    }
    plain, arrays = graph_to_plain(graph)
    contents: dict[str, str | bytes] = {
        "hls4ml_config.yml": yaml.safe_dump(settings, sort_keys=False, width=120),
        "layers.json": json.dumps(described, indent=1),
        "weights.npz": npz_bytes(weights),
        "build.py": template("hls4ml", "build.py.j2").render(),
        "design.yaml": yaml.safe_dump(design.to_dict(), sort_keys=False, allow_unicode=True, width=120),
        "graph.json": json.dumps(plain, indent=1),
        "graph.npz": npz_bytes(arrays),
    }
    return Generated(files=contents, top=top, extra={"backend": backend, "notes": list(differences(design))})


def _settings(design: Design, backend: str, top: str, names: dict[str, str]) -> dict[str, Any]:
    target, graph = design.target, design.graph
    return {
        "OutputDir": "hls4ml_prj",
        "ProjectName": top,
        "Backend": backend,
        "Part": target.part,
        "ClockPeriod": target.clock_ns,
        "IOType": f"io_{target.io}",
        "HLSConfig": {
            "Model": {"Precision": {"default": "fixed<16,6>"}, "ReuseFactor": 1, "Strategy": "Latency"},
            "LayerName": {names[node.name]: layer_settings(node, design) for node in graph},
        },
        "InputShapes": {names[node.name]: list(node.shape) for node in graph.inputs},
    }


def _layers(design: Design, names: dict[str, str]) -> tuple[list[dict[str, Any]], dict[str, RealArray]]:
    """Return hls4ml's layer list with references in place of arrays, and the arrays."""
    layers: list[dict[str, Any]] = []
    weights: dict[str, RealArray] = {}
    for node in design.graph:
        words = layer_words(node, design, names)
        entry: dict[str, Any] = {}
        for key, value in words.items():
            if isinstance(value, np.ndarray):
                name = f"{names[node.name]}_{key}"
                weights[name], entry[key] = np.asarray(value, dtype=np.float64), {"array": name}
            else:
                entry[key] = value
        layers.append(entry)
    return layers, weights
