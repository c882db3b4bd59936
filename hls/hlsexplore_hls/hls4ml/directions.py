"""Recurrent layers in both directions: two of ours and a concatenation are one `Bidirectional` of hls4ml's."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hlsexplore.design import Design
from hlsexplore.graph import Node
from hlsexplore.ops import Cell, Concatenate, Recurrent

Pair = tuple[Node, Node]
SHARED = ("accum", "result", "table")
"""Types that both directions of hls4ml's layer have in common."""


def directions(design: Design) -> dict[str, Pair]:
    """Return the concatenations that join both directions of a sequence: name -> (forward, backward)."""
    graph = design.graph
    readers: dict[str, int] = dict.fromkeys(graph.outputs, 1)
    for node in graph:
        for source in node.inputs:
            readers[source] = readers.get(source, 0) + 1
    found: dict[str, Pair] = {}
    for node in graph:
        if not isinstance(node.op, Concatenate) or len(node.inputs) != 2 or node.op.axis != len(node.shape) - 1:
            continue
        first, second = (graph[name] for name in node.inputs)
        if all(readers[name] == 1 for name in node.inputs) and _are_one(node, first, second, design):
            found[node.name] = (first, second)
    return found


def _are_one(node: Node, first: Node, second: Node, design: Design) -> bool:
    """Whether two layers are the directions of one layer, with the same types and knobs."""
    if not isinstance(first.op, Recurrent) or not isinstance(second.op, Recurrent):
        return False
    a, b = design.layers[first.name], design.layers[second.name]
    return (
        first.inputs == second.inputs
        and (first.op.go_backwards, second.op.go_backwards) == (False, True)
        and first.op.cell is not Cell.SIMPLE_RNN
        and second.op.cell is not Cell.SIMPLE_RNN
        and first.op.return_sequences == second.op.return_sequences
        and (a.reuse, a.strategy, a.table_size) == (b.reuse, b.strategy, b.table_size)
        and all(a.types[key] == b.types[key] for key in SHARED if key in a.types)
        and design.result_type(node.name) == a.types["result"]
    )


def bidirectional_words(node: Node, pair: Pair, ops: tuple[Recurrent, ...], design: Design) -> dict[str, Any]:
    """Return the entry of hls4ml's layer list.

    Args:
        node: The concatenation.
        pair: Its layers.
        ops: Their ops with weights on the grids of their types.
        design: The design.
    """
    steps, n_in = design.graph.input_shapes(pair[0])[0]
    words: dict[str, Any] = {
        "class_name": "Bidirectional",
        "direction": "bidirectional",
        "merge_mode": "concat",
        "return_sequences": ops[0].return_sequences,
        "return_state": False,
        "time_major": False,
        "n_timesteps": steps,
        "n_in": n_in,
        "n_out": node.shape[-1],
    }
    for side, op in zip(("forward", "backward"), ops, strict=True):
        words |= {
            f"{side}_name": f"{side}_{op.cell}",
            f"{side}_class_name": op.cell.value.upper(),
            f"{side}_activation": str(op.activation),
            f"{side}_recurrent_activation": str(op.recurrent_activation),
            f"{side}_use_bias": True,
            f"{side}_n_states": op.recurrent_kernel.shape[0],
            f"{side}_weight_data": np.array(op.kernel),
            f"{side}_recurrent_weight_data": np.array(op.recurrent_kernel),
            f"{side}_bias_data": np.array(op.bias),
            f"{side}_recurrent_bias_data": np.array(op.recurrent_bias),
            f"{side}_apply_reset_gate": "after",
        }
    return words


def bidirectional_settings(settings: tuple[Mapping[str, Any], Mapping[str, Any]]) -> dict[str, Any]:
    """Return the entry of the configuration, from those of both layers: shared knobs, weights of each direction."""
    first, second = settings
    precision = {key: text for key, text in first["Precision"].items() if key in SHARED}
    found = {key: value for key, value in first.items() if key not in ("Precision",) and not key.endswith("_t")}
    for side, entry in zip(("forward", "backward"), (first, second), strict=True):
        for key, text in entry["Precision"].items():
            if key.endswith(("weight", "bias")):
                precision[f"{side}_{key}"] = text
                found[f"{side}_{key}_t"] = text
    found |= {f"{key}_t": text for key, text in precision.items() if key == "table"}
    return found | {"Precision": precision}
