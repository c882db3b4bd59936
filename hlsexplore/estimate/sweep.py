"""Estimates of many designs that differ in a few types and knobs, as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError
from hlsexplore.estimate.coefficients import Coefficients, shipped
from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.convert import layer_record, record_of
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.hls.streams import Column
from hlsexplore.estimate.layers import layer_cost
from hlsexplore.estimate.liveness import live_results, neighbours
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import DesignRecord, LayerRecord
from hlsexplore.estimate.technology import technology
from hlsexplore.estimate.totals import COST_FIELDS, Columns, Layout, layout_of, total_columns
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node
from hlsexplore.layer_config import PRUNING, changed_config
from hlsexplore.masks import Pattern
from hlsexplore.op_facts import matmul_shape
from hlsexplore.ops import MOVES, Input
from hlsexplore.report import FIGURES

Picks = NDArray[np.integer]
ElementBits = tuple[tuple[int, ...] | None, tuple[int, ...] | None]
"""`input_bits` and `input_ports` of a layer."""
BIT_KEYS = ("granularity", "trim")
"""Knobs that change the types of single elements, which layers behind them read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Values that one tensor key or knob of a layer takes in a sweep.

    Attributes:
        layer: Layer or input.
        key: Tensor key or knob, as in `Design.with_layer`.
        values: The values.
    """

    layer: str
    key: str
    values: tuple[Fixed | str | float, ...]


def estimate_columns(design: Design, choices: Sequence[Choice], picks: Picks) -> dict[str, Column]:
    """Estimate the designs of a sweep at once; layers that repeat are computed once.

    Args:
        design: The design that the choices change.
        choices: What changes.
        picks: Index of the value of each choice, shape (designs, choices).

    Returns:
        A column of length `designs` for each figure of `Figures` that estimates have; NaN is unknown.

    Raises:
        ConfigError: If a choice is not valid for the design, or `picks` does not fit.

    Examples:
        >>> import numpy as np
        >>> from hlsexplore.estimate.sweep import Choice, estimate_columns
        >>> # estimate_columns(design, [Choice(layer="fc1", key="reuse", values=(1, 2))], np.array([[0], [1]]))
    """
    picks = np.asarray(picks)
    if picks.ndim != 2 or picks.shape[1] != len(choices):
        raise ConfigError(f"picks must have the shape (designs, {len(choices)}), not {picks.shape}.")
    for index, choice in enumerate(choices):
        column = picks[:, index]
        if column.size and not (column.min() >= 0 and column.max() < len(choice.values)):
            raise ConfigError(f"choice {choice.layer!r}.{choice.key} has {len(choice.values)} values; picks go beyond.")
    return _Sweep(design, choices, picks).run()


class _Sweep:
    """State of one sweep: which choices matter to a layer, and the costs computed so far. Lives for one call."""

    def __init__(self, design: Design, choices: Sequence[Choice], picks: Picks) -> None:
        self.design, self.choices, self.picks = design, choices, picks
        self.table: Coefficients = shipped()
        self.by_layer: dict[str, list[int]] = {}
        for index, choice in enumerate(choices):
            self.by_layer.setdefault(choice.layer, []).append(index)
        for name, indices in self.by_layer.items():
            node = design.graph[name]
            for index in indices:
                for value in choices[index].values:
                    changed_config(node, design.layers[name], {choices[index].key: value})
        self.base = record_of(design)
        self.bits: dict[str, dict[str, ElementBits]] = {}
        self.pricing: dict[bool, Pricing] = {}

    def run(self) -> dict[str, Column]:
        """Split the designs by what their layers share, and add each part up."""
        count = self.picks.shape[0]
        found = {name: np.full(count, np.nan) for name in FIGURES}
        shared = self._shared()
        groups, inverse = _unique(self.picks[:, shared])
        flats = ~self._is_dataflow()
        for number, group in enumerate(groups):
            layout = layout_of(self._record(shared, group))
            for flat in (False, True):
                chosen = np.flatnonzero((inverse == number) & (flats == flat))
                if chosen.size:
                    for name, column in self._columns(chosen, replace(layout, flat=flat)).items():
                        found[name][chosen] = column
        return {name: column for name, column in found.items() if name != "clock_ns"}

    def _shared(self) -> list[int]:
        """Choices that change the ports: types of inputs, and the knobs of an only layer."""
        single = len(self.base.layers) == 1
        return [
            index
            for index, choice in enumerate(self.choices)
            if isinstance(self.design.graph[choice.layer].op, Input) or (single and choice.key in ("strategy", "reuse"))
        ]

    def _is_dataflow(self) -> NDArray[np.bool_]:
        """Which designs run their layers as processes of their own, shape (designs,)."""
        latency = {name: {"strategy": "latency"} for name in self.design.layers if self._has_strategy(name)}
        plain = record_of(self.design.with_layers(latency)) if latency else self.base
        always = np.full(self.picks.shape[0], plain.is_dataflow)
        for layer in self.base.layers:
            with_resource = [
                replace(item, strategy="resource") if item.name == layer.name else item for item in plain.layers
            ]
            if not replace(plain, layers=tuple(with_resource)).is_dataflow:
                continue
            own = [i for i in self.by_layer.get(layer.name, ()) if self.choices[i].key == "strategy"]
            if not own:
                always |= layer.strategy == "resource"
            for index in own:
                resource = np.array([str(value) == "resource" for value in self.choices[index].values])
                always |= resource[self.picks[:, index]]
        return always

    def _has_strategy(self, name: str) -> bool:
        return matmul_shape(self.design.graph[name].op) is not None

    def _record(self, indices: Sequence[int], values: NDArray[np.integer]) -> DesignRecord:
        changes: dict[str, dict[str, Fixed | str | float]] = {}
        for index, value in zip(indices, values.tolist(), strict=True):
            choice = self.choices[index]
            changes.setdefault(choice.layer, {})[choice.key] = choice.values[value]
        return record_of(self.design.with_layers(changes)) if changes else self.base

    def _columns(self, chosen: NDArray[np.integer], layout: Layout) -> dict[str, Column]:
        picks, flat = self.picks[chosen], layout.flat
        layers = self.base.layers
        values = {name: np.empty((len(layers), len(chosen))) for name in (*COST_FIELDS, "width", "live")}
        around = _neighbour_names(self.base) if flat else {}
        for index, layer in enumerate(layers):
            near = around.get(layer.name, (None, None))
            relevant = self._relevant(layer.name, near)
            groups, inverse = _unique(picks[:, relevant])
            costs = [self._cost(layer, near, relevant, group, flat) for group in groups]
            for name in COST_FIELDS:
                column = np.array([_number(getattr(cost, name)) for cost, _, _ in costs])
                values[name][index] = column[inverse]
            for place, name in enumerate(("width", "live"), 1):
                values[name][index] = np.array([item[place] for item in costs])[inverse]
        return total_columns(layout, Columns(**values), self.table)

    def _relevant(self, name: str, near: tuple[str | None, str | None]) -> list[int]:
        """Choices that change a layer's cost: its own, its sources' results, its neighbours' weights, element types."""
        found = set(self.by_layer.get(name, ()))
        for source in self._sources(name):
            found |= {i for i in self.by_layer.get(source, ()) if self.choices[i].key == "result"}
        for other in near:
            found |= {i for i in self.by_layer.get(other or "", ()) if self.choices[i].key in self._weight_keys(other)}
        found |= {i for i, choice in enumerate(self.choices) if choice.key in BIT_KEYS}
        return sorted(found)

    def _weight_keys(self, name: str | None) -> tuple[str, ...]:
        """Keys that change which weights of a layer are 0; its layout too, where multipliers are dropped as a whole."""
        keys = ("weight", *PRUNING)
        own = self.by_layer.get(name or "", ())
        patterns = {str(value) for i in own if self.choices[i].key == "pattern" for value in self.choices[i].values}
        patterns.add(str(self.design.layers[name].pattern) if name else "")
        return (*keys, "reuse", "strategy") if patterns & {Pattern.MULTIPLIERS, Pattern.WORDS} else keys

    def _sources(self, name: str) -> list[str]:
        """Nodes whose result type a node reads, behind those that only move elements."""
        node, found = self.design.graph[name], []
        for source in node.inputs:
            reached = self.design.graph[source]
            while isinstance(reached.op, MOVES):
                reached = self.design.graph[reached.inputs[0]]
            found.append(reached.name)
        if isinstance(node.op, MOVES):
            return found
        return found

    def _cost(
        self, layer: LayerRecord, near: tuple[str | None, str | None], relevant: list[int], group: Picks, flat: bool
    ) -> tuple[Cost, float, float]:
        changes: dict[str, dict[str, Fixed | str | float]] = {}
        for index, value in zip(relevant, group.tolist(), strict=True):
            choice = self.choices[index]
            changes.setdefault(choice.layer, {})[choice.key] = choice.values[value]
        record = self._layer(layer.name, changes)
        around = tuple(None if other is None else self._layer(other, changes).constants for other in near)
        pricing = self._pricing(flat)
        is_first = layer.name == self.base.layers[0].name
        cost = layer_cost(record, replace(pricing, reads_port=is_first and pricing.io == "dataflow"), _pair(around))
        return cost, float((record.result or DEFAULT_TYPE).width), float(live_results(record, *_pair(around)))

    def _pricing(self, flat: bool) -> Pricing:
        if flat not in self.pricing:
            io = self.base.io if flat or self.base.io == "stream" else "dataflow"
            tech = technology(self.base.tool, self.base.version, self.base.family, self.base.cells)
            self.pricing[flat] = Pricing(tech=tech, io=io, budget_ns=self.base.budget_ns, table=self.table)
        return self.pricing[flat]

    def _layer(self, name: str, changes: Mapping[str, Mapping[str, Fixed | str | float]]) -> LayerRecord:
        node = self.design.graph[name]
        config = changed_config(node, self.design.layers[name], dict(changes.get(name, {})))
        layer = layer_record(self.design.graph, node, config, self._input_type(node, changes))
        bits, ports = self._bits(changes)[name]
        return replace(layer, input_bits=bits, input_ports=ports)

    def _bits(self, changes: Mapping[str, Mapping[str, Fixed | str | float]]) -> dict[str, ElementBits]:
        """Bits of the elements that each layer reads, where some of them are cast to other types."""
        own = {name: {key: one[key] for key in BIT_KEYS if key in one} for name, one in changes.items()}
        own = {name: one for name, one in own.items() if one}
        key = repr(sorted((name, sorted(one.items())) for name, one in own.items()))
        if key not in self.bits:
            record = record_of(self.design.with_layers(own)) if own else self.base
            self.bits[key] = {layer.name: (layer.input_bits, layer.input_ports) for layer in record.layers}
        return self.bits[key]

    def _input_type(self, node: Node, changes: Mapping[str, Mapping[str, Fixed | str | float]]) -> Fixed:
        source = self._sources(node.name)[0]
        changed = changes.get(source)
        if not changed:
            return self.design.result_type(source)
        config = changed_config(self.design.graph[source], self.design.layers[source], dict(changed))
        return config.types["result"]


def _pair(items: tuple[Constants | None, ...]) -> tuple[Constants | None, Constants | None]:
    return items[0], items[1]


def _neighbour_names(design: DesignRecord) -> dict[str, tuple[str | None, str | None]]:
    owners = {id(layer.constants): layer.name for layer in design.layers if layer.constants is not None}
    return {
        name: (None if before is None else owners.get(id(before)), None if after is None else owners.get(id(after)))
        for name, (before, after) in neighbours(design).items()
    }


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _unique(rows: Picks) -> tuple[Picks, NDArray[np.intp]]:
    """Distinct rows and, for each row, which one it is."""
    if rows.shape[1] == 0:
        return rows[:1], np.zeros(rows.shape[0], dtype=np.intp)
    code = np.zeros(rows.shape[0], dtype=np.int64)
    for column in rows.T:
        code = code * (int(column.max(initial=0)) + 1) + column
        _, code = np.unique(code, return_inverse=True)
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    return rows[first], inverse
