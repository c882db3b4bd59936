"""The table of layers: what its rows show, as plain data for the browser."""

from collections.abc import Iterable, Mapping
from math import log2
from typing import Any

from hlsexplore.design import Design
from hlsexplore.emulate import Trace
from hlsexplore.emulate.trace import TensorTrace
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import Granularity, Multiplier, SoftmaxMode, Strategy, knobs
from hlsexplore.masks import patterns_of
from hlsexplore.op_facts import element_types, weight_types
from hlsexplore.ops import WEIGHT_FIELDS, Input, Requantize, tensor_keys, weights
from hlsexplore.proof import proof_of
from hlsexplore.report import Figures, Report
from hlsexplore.reuse import legal_reuse
from hlsexplore_widgets.profile import MagnitudeSpread
from hlsexplore_widgets.protocol import CastEvent, ConfigData, FixedType, KnobData, LaneData, LayersLive, RowData
from hlsexplore_widgets.widths import width_data, widths, widths_of

TAGS = {
    "weight": ("w", "weights", "weight"),
    "bias": ("b", "biases", "weight"),
    "recurrent_weight": ("rw", "recurrent weights", "weight"),
    "recurrent_bias": ("rb", "recurrent biases", "weight"),
    "accum": ("acc", "accumulator", "internal"),
    "result": ("out", "result", "activation"),
    "activation": ("act", "activation", "activation"),
    "gate": ("gate", "gates", "activation"),
    "state": ("st", "state", "activation"),
    "hidden": ("h", "hidden state of the next step", "activation"),
    "memory": ("mem", "memory of the next step", "activation"),
    "table": ("tab", "table", "internal"),
    "exp_table": ("exp", "table of exp", "internal"),
    "inv_table": ("inv", "table of 1/x", "internal"),
    "inv_input": ("sum", "sum of exponentials", "internal"),
}
"""Tensor key -> short tag, name for people, colour."""
MAIN = ("weight", "result")
EXP_INTEGERS = (2, 3, 4, 5, 6, 8, 64)
TABLE_SIZES = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
MAX_DSP_POWER = 13
"""Budgets of DSP blocks that are offered are powers of two below two to this."""
MAX_REUSE_CHOICES = 64


def row_data(
    graph: Graph, weight_spreads: Mapping[str, Mapping[str, MagnitudeSpread]], spreads: Mapping[str, MagnitudeSpread]
) -> list[RowData]:
    """Describe every layer: what does not change with the design.

    Args:
        graph: The network.
        weight_spreads: Magnitudes of weights, layer -> tensor key.
        spreads: Magnitudes of results by layer.
    """
    return [_row(graph, node, weight_spreads[node.name], spreads[node.name]) for node in graph]


def config_data(design: Design, seq: float, revision: int) -> ConfigData:
    """Return a design's types and knobs, the widths of single elements, and what is proven, for the browser."""
    return {
        "seq": seq,
        "revision": revision,
        "types": {
            node.name: {key: type_data(design.layers[node.name].types[key]) for key in tensor_keys(node.op)}
            for node in design.graph
        },
        "knobs": {
            node.name: {key: _plain(getattr(design.layers[node.name], key)) for key in knobs(node)}
            for node in design.graph
        },
        "widths": {node.name: found for node in design.graph if (found := width_data(widths_of(design, node)))},
        "proofs": {node.name: str(proof) for node in design.graph if (proof := proof_of(node, design)) is not None},
    }


def type_data(type_: Fixed) -> FixedType:
    """Return a type as the browser keeps it.

    Examples:
        >>> type_data(Fixed(8, 2, overflow="SAT"))
        (8, 2, True, 'TRN', 'SAT')
    """
    return type_.width, type_.integer, type_.signed, str(type_.rounding), str(type_.overflow)


def live_data(report: Report | None, counts: Trace | None, seq: float) -> LayersLive:
    """Return shares of resources and counts of losses for the browser."""
    is_planned = report is not None and "planned" in report.provenance.values()
    return {"seq": seq, "share": shares(report), "planned": is_planned, "events": events(counts)}


def shares(report: Report | None) -> dict[str, dict[str, float]]:
    """Return each layer's share of LUT, DSP and latency, where the report knows them."""
    if report is None:
        return {}
    found: dict[str, dict[str, float]] = {name: {} for name in report.layers}
    for key, field in (("lut", "lut"), ("dsp", "dsp"), ("latency", "latency_cycles_max")):
        values = {name: getattr(figures, field) for name, figures in report.layers.items()}
        total = sum(value for value in values.values() if value)
        for name, value in values.items():
            if value is not None and total:
                found[name][key] = value / total
    return found


def events(counts: Trace | None) -> dict[str, dict[str, CastEvent]]:
    """Return what the casts lose as short texts, and where values lie: layer -> tensor key -> `out below text box`."""
    found: dict[str, dict[str, CastEvent]] = {}
    for item in counts or ():
        found.setdefault(item.layer, {})[item.key] = _event(item, counts.num_samples if counts else 0)
    return found


def cost_texts(totals: Mapping[int, Figures | None]) -> dict[str, list[str]]:
    """Return what each reuse factor of a layer would cost: reuse -> cycles, DSP and LUT of the layer as texts."""
    return {
        str(reuse): [_count(figures.latency_cycles_max), _count(figures.dsp), _count(figures.lut)]
        for reuse, figures in totals.items()
        if figures is not None
    }


def reuse_choices(node: Node, current: int = 1) -> list[int]:
    """Return the legal reuse factors, thinned out evenly when there are very many; the current one is among them."""
    legal = list(legal_reuse(node))
    if len(legal) > MAX_REUSE_CHOICES:
        step = len(legal) / MAX_REUSE_CHOICES
        legal = [legal[int(index * step)] for index in range(MAX_REUSE_CHOICES)] + [legal[-1]]
    return sorted({*legal, current})


def _row(graph: Graph, node: Node, weight_spreads: Mapping[str, MagnitudeSpread], result: MagnitudeSpread) -> RowData:
    shape = " × ".join(map(str, node.shape))
    return {
        "name": node.name,
        "kind": node.kind,
        "shape": shape,
        "detail": _detail(node, weight_spreads),
        "lanes": [_lane(key, weight_spreads, result) for key in tensor_keys(node.op)],
        "knobs": list(knobs(node)),
        "reuse": reuse_choices(node),
        "choices": _choices(node),
    }


def _lane(key: str, weight_spreads: Mapping[str, MagnitudeSpread], result: MagnitudeSpread) -> LaneData:
    tag, label, look = TAGS[key]
    found = result if key == "result" else weight_spreads.get(key)
    return {
        "key": key,
        "tag": tag,
        "label": label,
        "look": look,
        "main": key in MAIN,
        "box": list(found.log2) if found is not None and found.log2 is not None else None,
    }


def _choices(node: Node) -> list[KnobData]:
    """Knobs besides reuse, each with the values that the layer can have."""
    return [choice for knob in knobs(node) if (choice := _choice(node, knob)) is not None]


def _choice(node: Node, knob: str) -> KnobData | None:
    """Describe one knob for the browser; None for one that has a place of its own or leaves no choice."""
    match knob:
        case "strategy":
            return _of_words(knob, "strategy", Strategy)
        case "density":
            label = "share of the weights that are kept, the largest ones"
            return _of_numbers(knob, label, (), "", is_slider=True)
        case "pattern" if len(patterns_of(node.op)) > 1:
            return _of_words(knob, "what is dropped as a whole", patterns_of(node.op))
        case "multiplier":
            return _of_words(knob, "what multipliers are made of", Multiplier, "mul ")
        case "dsp_budget":
            values = [0, *(1 << power for power in range(MAX_DSP_POWER))]
            return _of_numbers(knob, "most DSP blocks, where multipliers are mixed", values, "dsp ")
        case "softmax":
            return _of_words(knob, "softmax algorithm", SoftmaxMode)
        case "table_size":
            return _of_numbers(knob, "table entries", TABLE_SIZES, "tab ")
        case "exp_integer":
            return _of_numbers(knob, "bits of logit distances", EXP_INTEGERS, "exp ")
        case "parallel":
            positions = node.num_elements // node.shape[-1]
            values = [value for value in range(1, positions + 1) if positions % value == 0][:MAX_REUSE_CHOICES]
            return _of_numbers(knob, "positions at once", values, "par ")
        case "granularity":
            return _of_words(knob, f"a type for each {_noun(node)}, or one uniform type for all", Granularity)
        case "trim":
            types = element_types(node.op) or weight_types(node.op)
            most = 0 if types is None else int(types.width.max(initial=0))
            return _of_numbers(knob, f"fraction bits that every {_noun(node)} loses", range(most + 1), "trim ")
    return None


def _of_words(knob: str, label: str, values: Iterable[str], prefix: str = "") -> KnobData:
    words = list(map(str, values))
    return {"name": knob, "label": label, "values": words, "numeric": False, "prefix": prefix, "slider": False}


def _of_numbers(knob: str, label: str, values: Iterable[int], prefix: str, is_slider: bool = False) -> KnobData:
    numbers = list(values)
    return {"name": knob, "label": label, "values": numbers, "numeric": True, "prefix": prefix, "slider": is_slider}


def _noun(node: Node) -> str:
    """What has a type of its own in a layer."""
    return "element" if weight_types(node.op) is None else "weight"


def _detail(node: Node, weight_spreads: Mapping[str, MagnitudeSpread]) -> str:
    """One line about a layer: where it comes from, parameters, sparsity, bits of its elements in the model."""
    parts = [node.source or ("input" if isinstance(node.op, Input) else node.kind)]
    count = sum(values.size for values in weights(node.op).values())
    if isinstance(node.op, Requantize) and node.op.proven:
        parts.append("proven equal: with the model's own types the model's integer for every input that can reach it")
    elif isinstance(node.op, Requantize):
        parts.append("not proven to give the model's integers; see inspect")
    if count:
        zeros = sum(item.zeros * item.size for item in weight_spreads.values()) / count
        parts.append(f"{count:,} parameters, {100 * zeros:.1f} % of them 0")
    types = element_types(node.op)
    if types is not None:
        parts.append(width_data({"result": widths(types.broadcast_to(node.shape).width)})["result"]["text"])
    return " · ".join(parts)


def _event(item: TensorTrace, num_samples: int) -> CastEvent:
    parts = []
    if item.num_wrapped:
        parts.append(f"{item.num_wrapped:,} wrap around")
    if item.num_saturated:
        parts.append(f"{item.num_saturated:,} saturate")
    if item.num_underflowed:
        parts.append(f"{item.num_underflowed:,} become 0")
    seen = f"{item.num_values:,} values" + ("" if item.key in WEIGHT_FIELDS else f" ({num_samples:,} samples)")
    quantiles = item.quantiles
    lost = (item.num_overflowed + item.num_underflowed) / max(1, item.num_values)
    return {
        "lost": lost,
        "out": _share(item.num_overflowed, item.num_values) if item.num_overflowed else "",
        "below": _share(item.num_underflowed, item.num_values)
        if item.num_underflowed > 0.005 * item.num_values
        else "",
        "text": f"{', '.join(parts)} of {seen}" if parts else f"nothing lost in {seen}",
        "box": [log2(quantiles[index]) for index in (0, 2, 3, 4, 6)] if quantiles else None,
    }


def _share(count: int, size: int) -> str:
    share = 100 * count / max(1, size)
    return f"{count:,}" if share < 0.1 else f"{share:.1f} %" if share < 10 else f"{share:.0f} %"


def _count(value: float | None) -> str:
    return "?" if value is None else f"{value:,.0f}"


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float) else str(value)
