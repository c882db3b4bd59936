"""Search spaces: which types and knobs a sweep may choose, and the design of each choice (docs/search.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hlsexplore.errors import ConfigError, quoted, unknown_name
from hlsexplore.fixed import MAX_WIDTH, Fixed, Overflow, Rounding
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import (
    KNOBS,
    MAX_EXP_INTEGER,
    MAX_TRIM,
    Granularity,
    Multiplier,
    SoftmaxMode,
    Strategy,
    knobs,
)
from hlsexplore.masks import Pattern, patterns_of
from hlsexplore.ops import (
    TABLE_FUNCTIONS,
    Activation,
    Conv,
    Dense,
    DepthwiseConv,
    Function,
    Input,
    Pool,
    Softmax,
    tensor_keys,
)
from hlsexplore.reuse import check_reuse, legal_reuse
from hlsexplore.support.values import plain
from hlsexplore.support.yaml_file import read_yaml
from hlsexplore.target import Target

SECTIONS = ("uniform", "per_layer", "layers", "input", "target")
TYPE_PARTS = ("width", "integer", "rounding", "overflow", "signed")
MAX_CHOICES = 4096
Ranges = Mapping[str, tuple[float, float]]
"""Smallest and largest value of each layer's result on some samples, by layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Choices of types and knobs, for any network. Every section maps keys to choices, as in a space file.

    Attributes:
        uniform: One choice for all layers that have the key.
        per_layer: A choice of its own for each layer that has the key.
        layers: Choices of single layers by name; they replace the sections above for that key.
        input: Choices of the inputs' type.
        target: Choices of `clock_ns`, `io`, `part`, `tool`.
    """

    uniform: Mapping[str, Any] = field(default_factory=dict)
    per_layer: Mapping[str, Any] = field(default_factory=dict)
    layers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    input: Any = None
    target: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take numpy's numbers and arrays, and ranges, for lists of numbers."""
        for item in fields(self):
            object.__setattr__(self, item.name, plain(getattr(self, item.name)))

    @classmethod
    def load(cls, path: str | Path) -> "Space":
        """Read a space file (YAML).

        Raises:
            ConfigError: If the file is unreadable or has an unknown section.
        """
        source = Path(path)
        try:
            return cls.from_dict(read_yaml(source))
        except ConfigError as error:
            text = str(error)
            raise ConfigError(text if source.name in text else f"{source.name}: {text}") from None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Space":
        """Build a space from the plain data of a space file.

        Raises:
            ConfigError: If the data, or a section of it, is no mapping, or a section is unknown.
        """
        if not isinstance(data, Mapping):
            raise ConfigError(
                f"a space is a mapping of sections ({', '.join(map(repr, SECTIONS))}), not {quoted(data)}."
            )
        for name, value in data.items():
            if name not in SECTIONS:
                raise ConfigError(unknown_name("section", name, SECTIONS, "A space"))
            if name != "input" and not isinstance(value, Mapping):
                raise ConfigError(f"section {name!r} of the space must hold keys with choices, not {quoted(value)}.")
        layers = data.get("layers", {})
        for name, value in layers.items():
            if not isinstance(value, Mapping):
                raise ConfigError(
                    f"layer {quoted(name)} of the space must hold keys with choices, not {quoted(value)}."
                )
        return cls(**data)

    @classmethod
    def default(cls, graph: Graph) -> "Space":
        """Return a space to begin with: common widths of weights and results, and common reuse factors.

        Args:
            graph: The network; keys that none of its layers has are left out.
        """
        keys = {"weight": [4, 6, 8, 10, 12, 16], "result": [6, 8, 10, 12, 16], "reuse": [1, 2, 4, 8, 16]}
        return cls(uniform={key: value for key, value in keys.items() if applicable(graph, key)})

    def to_dict(self) -> dict[str, Any]:
        """Return the space as plain data; empty sections are left out."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAxis:
    """One choice of a bound space.

    Attributes:
        name: Name, such as `dense_1.weight.width`, or `weight.width` for all layers.
        layers: Layers that it sets; empty for the target.
        key: Tensor key, knob or field of the target.
        part: `type`, a part of a type (`width`, `integer`, `rounding`, `overflow`, `signed`), or `value`.
        choices: What can be chosen.
    """

    name: str
    layers: tuple[str, ...]
    key: str
    part: str
    choices: tuple[Any, ...]


def read_axes(space: Space, graph: Graph) -> tuple[SearchAxis, ...]:
    """List the choices of a space for a graph, in the graph's order.

    Raises:
        ConfigError: If a key, layer or choice is not valid.
    """
    for name in space.layers:
        graph[name]
    both = sorted(set(space.uniform) & set(space.per_layer))
    if both:
        raise ConfigError(f"the key {both[0]!r} is in 'uniform' and in 'per_layer' of the space; keep one of them.")
    axes: list[SearchAxis] = []
    for key, choices in space.target.items():
        axes.append(_target_axis(key, choices))
    if space.input is not None:
        inputs = tuple(node.name for node in graph.inputs)
        axes += _axes("input", [graph[name] for name in inputs], "result", space.input, "section 'input'")
    for key, choices in space.uniform.items():
        names = [name for name in _having(graph, key, "uniform") if key not in space.layers.get(name, {})]
        axes += _axes(key, [graph[name] for name in names], key, choices, f"section 'uniform', {key!r}")
    single: list[SearchAxis] = []
    for key, choices in space.per_layer.items():
        for name in _having(graph, key, "per_layer"):
            if key not in space.layers.get(name, {}):
                single += _axes(f"{name}.{key}", [graph[name]], key, choices, f"section 'per_layer', {key!r}")
    for name, items in space.layers.items():
        node = graph[name]
        for key, choices in items.items():
            valid = (*tensor_keys(node.op), *knobs(node))
            if key not in valid:
                raise ConfigError(f"layer {name!r}: {unknown_name('key', key, valid, f'A {node.kind} layer')}")
            single += _axes(f"{name}.{key}", [node], key, choices, f"layer {name!r}, {key!r}", is_strict=True)
    order = {node.name: index for index, node in enumerate(graph)}
    return (*axes, *sorted(single, key=lambda axis: order[axis.layers[0]]))


def applicable(graph: Graph, key: str) -> list[str]:
    """List the layers that a key of 'uniform' or 'per_layer' sets.

    `result` sets the layers whose results are worth choosing: not inputs, softmax and pools, and not a layer that only
    a simple activation reads, for its result needs no logic when it keeps the accumulator's type.
    """
    names = [node.name for node in graph if key in (*tensor_keys(node.op), *knobs(node))]
    if key != "result":
        return names
    skipped = (Input, Softmax, Pool)
    return [
        name for name in names if not isinstance(graph[name].op, skipped) and not is_intermediate(graph, graph[name])
    ]


def is_intermediate(graph: Graph, node: Node) -> bool:
    """Whether a matrix product is read by nothing but one activation that is computed without a table."""
    if not isinstance(node.op, Dense | Conv | DepthwiseConv) or node.name in graph.outputs:
        return False
    readers = graph.consumers(node.name)
    return len(readers) == 1 and isinstance(readers[0].op, Activation) and readers[0].op.function not in TABLE_FUNCTIONS


def is_never_negative(node: Node) -> bool:
    """Whether a layer's result cannot be negative."""
    op = node.op
    functions = (Function.RELU, Function.SIGMOID, Function.HARD_SIGMOID, Function.SOFTPLUS, Function.EXPONENTIAL)
    return isinstance(op, Softmax) or (isinstance(op, Activation) and op.function in functions)


def nearest_reuse(node: Node, reuse: int) -> int:
    """Return the legal reuse of a layer with the smallest ratio to a wanted one; the smaller of two equal ones."""
    return min(legal_reuse(node), key=lambda legal: (max(legal / reuse, reuse / legal), legal))


def _having(graph: Graph, key: str, section: str) -> list[str]:
    valid = sorted({item for node in graph.layers for item in (*tensor_keys(node.op), *knobs(node))})
    if key not in valid:
        raise ConfigError(f"section {section!r} of the space: {unknown_name('key', key, valid, 'This graph')}")
    return applicable(graph, key)


def _axes(
    name: str, nodes: Sequence[Node], key: str, choices: Any, where: str, *, is_strict: bool = False
) -> list[SearchAxis]:
    """Axes of one key of some layers; none when no layer is left."""
    layers = tuple(node.name for node in nodes)
    if not layers:
        return []
    if key in KNOBS:
        values = _knob_choices(nodes, key, choices, where, is_strict=is_strict)
        return [SearchAxis(name=name, layers=layers, key=key, part="value", choices=values)]
    parts = _type_parts(choices, where)
    return [
        SearchAxis(name=name if part == "type" else f"{name}.{part}", layers=layers, key=key, part=part, choices=values)
        for part, values in parts.items()
    ]


def _type_parts(choices: Any, where: str) -> dict[str, tuple[Any, ...]]:
    if isinstance(choices, Mapping):
        for part in choices:
            if part not in TYPE_PARTS:
                raise ConfigError(f"{where}: {unknown_name('key', part, TYPE_PARTS, 'A choice of types')}")
        if not choices:
            raise ConfigError(f"{where}: no choice is given.")
        return {part: _part_choices(part, value, f"{where}, {part!r}") for part, value in choices.items()}
    items = _listed(choices, where)
    if all(isinstance(item, int) for item in items):
        return {"width": _part_choices("width", items, where)}
    return {"type": tuple(_parse(item, where) for item in items)}


def _parse(item: object, where: str) -> Fixed:
    if not isinstance(item, str | Fixed):
        raise ConfigError(f"{where}: {quoted(item)} is neither a type nor a width. Write all types or all widths.")
    try:
        return Fixed.parse(item)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def _part_choices(part: str, value: Any, where: str) -> tuple[Any, ...]:
    match part:
        case "width":
            return _numbers(value, where, 1, MAX_WIDTH)
        case "integer":
            if isinstance(value, Mapping):
                return _numbers(value, where, -MAX_WIDTH, MAX_WIDTH)
            return tuple(_integer(item, where) for item in _listed(value, where))
        case "rounding" | "overflow":
            kind = Rounding if part == "rounding" else Overflow
            valid = [mode.value for mode in kind]
            for item in _listed(value, where):
                if item not in valid:
                    raise ConfigError(f"{where}: {unknown_name('mode', item, valid, 'A type')}")
            return tuple(kind(item) for item in _listed(value, where))
        case _:
            for item in _listed(value, where):
                if item not in (True, False, "auto"):
                    raise ConfigError(f"{where}: expected true, false or auto, not {quoted(item)}.")
            return tuple(_listed(value, where))


def _integer(item: object, where: str) -> int | str:
    """A number, or `auto`, `auto+1`, `auto-2`: relative to the bits that the values need."""
    if isinstance(item, str):
        text = item.replace(" ", "")
        offset = text.removeprefix("auto")
        if text.startswith("auto") and (
            not offset or (offset[0] in "+-" and offset[1:].isdecimal() and len(offset) < 6)
        ):
            return text
    elif isinstance(item, int) and not isinstance(item, bool) and abs(item) <= MAX_WIDTH:
        return item
    raise ConfigError(f"{where}: expected integer bits such as 2, auto or auto+1, not {quoted(item)}.")


def _knob_choices(nodes: Sequence[Node], key: str, choices: Any, where: str, *, is_strict: bool) -> tuple[Any, ...]:
    if key == "reuse":
        return _reuse_choices(nodes, choices, where, is_strict=is_strict)
    if key in ("table_size", "parallel"):
        return _numbers(choices, where, 1, 1 << 18)
    if key == "dsp_budget":
        return _numbers(choices, where, 0, 1 << 18)
    if key == "exp_integer":
        return _numbers(choices, where, 0, MAX_EXP_INTEGER)
    if key == "trim":
        return _numbers(choices, where, 0, MAX_TRIM)
    if key == "density":
        return _shares(choices, where)
    valid = _words(nodes, key, where)
    items = _listed(choices, where)
    for item in items:
        if item not in valid:
            raise ConfigError(f"{where}: {unknown_name(key, item, valid, 'This knob')}")
    return tuple(items)


def _words(nodes: Sequence[Node], key: str, where: str) -> tuple[str, ...]:
    """Words that a knob of all the layers can be."""
    match key:
        case "strategy":
            return (*(item.value for item in Strategy), "auto")
        case "multiplier":
            return tuple(item.value for item in Multiplier)
        case "softmax":
            return tuple(item.value for item in SoftmaxMode)
        case "granularity":
            return tuple(item.value for item in Granularity)
        case "pattern":
            return tuple(item.value for item in Pattern if all(item in patterns_of(node.op) for node in nodes))
    raise ConfigError(f"{where}: {key!r} belongs to the model and is no choice of a space.")


def _shares(choices: Any, where: str) -> tuple[float, ...]:
    """Shares of weights that are kept."""
    items = _listed(choices, where)
    for item in items:
        if isinstance(item, bool) or not isinstance(item, int | float) or not 0 < item <= 1:
            raise ConfigError(f"{where}: expected shares of weights above 0 and up to 1, not {quoted(item)}.")
    return tuple(dict.fromkeys(float(item) for item in items))


def _reuse_choices(nodes: Sequence[Node], choices: Any, where: str, *, is_strict: bool) -> tuple[int, ...]:
    """Legal values for one layer; wanted values, each layer to take the nearest legal one, for several."""
    legal = sorted({value for node in nodes for value in legal_reuse(node)})
    if choices == "legal":
        return tuple(legal)
    if isinstance(choices, Mapping):
        low, high, step = _bounds(choices, where, default_high=legal[-1])
        found = tuple(value for value in legal if low <= value <= high and (value - low) % step == 0)
        if not found:
            raise ConfigError(f"{where}: no reuse from {low} to {high} is legal for {nodes[0].name!r}.")
        return found
    wanted = _numbers(choices, where, 1, 1 << 30)
    if is_strict:
        return tuple(check_reuse(nodes[0], value) for value in wanted)
    if len(nodes) > 1:
        return wanted
    return tuple(dict.fromkeys(nearest_reuse(nodes[0], value) for value in wanted))


def _numbers(value: Any, where: str, low: int, high: int) -> tuple[int, ...]:
    """Whole numbers: a list, one, or {min, max, step}."""
    if isinstance(value, Mapping):
        first, last, step = _bounds(value, where)
        if (last - first) // step >= MAX_CHOICES:
            raise ConfigError(f"{where}: more than {MAX_CHOICES} choices.")
        value = list(range(first, last + 1, step))
    items = _listed(value, where)
    for item in items:
        if isinstance(item, bool) or not isinstance(item, int) or not low <= item <= high:
            raise ConfigError(f"{where}: expected whole numbers from {low} to {high}, not {quoted(item)}.")
    return tuple(dict.fromkeys(items))


def _bounds(value: Mapping[str, Any], where: str, default_high: int | None = None) -> tuple[int, int, int]:
    for name, item in value.items():
        if name not in ("min", "max", "step"):
            raise ConfigError(f"{where}: {unknown_name('key', name, ('min', 'max', 'step'), 'A range')}")
        if isinstance(item, bool) or not isinstance(item, int):
            raise ConfigError(f"{where}: {name!r} must be a whole number, not {quoted(item)}.")
    low, high, step = value.get("min", 1), value.get("max", default_high), value.get("step", 1)
    if high is None or high < low or step < 1:
        raise ConfigError(f"{where}: a range needs max at or above min and a step above 0, not {quoted(dict(value))}.")
    return low, high, step


def _listed(value: Any, where: str) -> list[Any]:
    items = list(value) if isinstance(value, list | tuple) else [value]
    if not items or value is None:
        raise ConfigError(f"{where}: no choice is given.")
    if len(items) > MAX_CHOICES:
        raise ConfigError(f"{where}: more than {MAX_CHOICES} choices.")
    return items


def _target_axis(key: str, choices: Any) -> SearchAxis:
    if key not in Target.__slots__:
        raise ConfigError(f"section 'target' of the space: {unknown_name('key', key, Target.__slots__, 'A target')}")
    items = _listed(choices, f"section 'target', {key!r}")
    for item in items:
        Target(**{key: item})
    return SearchAxis(name=key, layers=(), key=key, part="value", choices=tuple(items))
