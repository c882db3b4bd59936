"""The flow hls4ml: configuration, layers and weights of a design, and a script that converts and builds them."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import yaml

from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Node
from hlsexplore.importers.graph_file import graph_to_plain
from hlsexplore.support.files import npz_bytes
from hlsexplore_hls.flows import Generated, unused_multipliers
from hlsexplore_hls.hls4ml.backends import BackEnd, backend_of, converter_options, differences_of, disagreements, lacks
from hlsexplore_hls.hls4ml.directions import Pair as Directions
from hlsexplore_hls.hls4ml.directions import bidirectional_settings, directions
from hlsexplore_hls.hls4ml.layers import layer_settings, layer_words, pair_words
from hlsexplore_hls.hls4ml.limits import differences, refusals
from hlsexplore_hls.names import identifier, identifiers
from hlsexplore_hls.templates import template


def generate(design: Design, interface: str = "plain") -> Generated:
    """Write a design in hls4ml's words.

    Args:
        design: The design.
        interface: Back end or board: a key of `BACKENDS`; `plain` takes the back end of the design's tool.

    Raises:
        NoModelError: If hls4ml cannot express layers; lists all of them.
    """
    backend = backend_of(design.target, interface)
    problems = (*refusals(design), *lacks(backend, design))
    if problems:
        raise NoModelError("hls4ml cannot express this design:\n" + "\n".join(f"  - {item}" for item in problems))
    graph = design.graph
    names = identifiers(graph)
    top = identifier(f"{graph.name}_hls4ml", names.values())
    settings = _settings(design, backend, top, names)
    layers, weights = _layers(design, names)
    described = {
        "settings": settings,
        "device": converter_options(backend, design.target),
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
    notes = [
        *disagreements(backend, design.target),
        *differences_of(backend, design),
        *differences(design),
        *unused_multipliers(design, "hls4ml"),
    ]
    return Generated(files=contents, top=top, extra={"backend": str(backend), "notes": notes})


def _settings(design: Design, backend: BackEnd, top: str, names: dict[str, str]) -> dict[str, Any]:
    target, graph, pairs = design.target, design.graph, directions(design)
    options = converter_options(backend, target)
    return {
        "OutputDir": "hls4ml_prj",
        "ProjectName": top,
        "Backend": backend.name,
        "Part": options["part"],
        **_accelerator(options),
        "ClockPeriod": target.clock_ns,
        "IOType": f"io_{target.io}",
        "HLSConfig": {
            "Model": {"Precision": {"default": "fixed<16,6>"}, "ReuseFactor": 1, "Strategy": "Latency"},
            "LayerName": {names[node.name]: _layer_settings(node, design, pairs) for node in _written(design, pairs)},
        },
        "InputShapes": {names[node.name]: list(node.shape) for node in graph.inputs},
    }


def _written(design: Design, pairs: Mapping[str, Directions]) -> list[Node]:
    """Return the nodes that are layers of hls4ml's; both directions of a recurrent layer are one with their join."""
    parts = {node.name for pair in pairs.values() for node in pair}
    return [node for node in design.graph if node.name not in parts]


def _layer_settings(node: Node, design: Design, pairs: Mapping[str, Directions]) -> dict[str, Any]:
    pair = pairs.get(node.name)
    if pair is None:
        return layer_settings(node, design)
    return bidirectional_settings((layer_settings(pair[0], design), layer_settings(pair[1], design)))


def _accelerator(options: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a board, as hls4ml's own converter writes them; none for a back end without boards."""
    if "board" not in options:
        return {}
    shell = {"Platform": options["platform"]} if "platform" in options else {}
    words = {"Board": options["board"], "Interface": "axi_stream", "Driver": "python"}
    return {"AcceleratorConfig": {**words, "Precision": {"Input": "float", "Output": "float"}, **shell}}


def _layers(design: Design, names: dict[str, str]) -> tuple[list[dict[str, Any]], dict[str, RealArray]]:
    """Return hls4ml's layer list with references in place of arrays, and the arrays."""
    layers: list[dict[str, Any]] = []
    weights: dict[str, RealArray] = {}
    pairs = directions(design)
    for node in _written(design, pairs):
        pair = pairs.get(node.name)
        words = pair_words(node, pair, design, names) if pair else layer_words(node, design, names)
        entry: dict[str, Any] = {}
        for key, value in words.items():
            if isinstance(value, np.ndarray):
                name = f"{names[node.name]}_{key}"
                weights[name], entry[key] = np.asarray(value, dtype=np.float64), {"array": name}
            else:
                entry[key] = value
        layers.append(entry)
    return layers, weights
