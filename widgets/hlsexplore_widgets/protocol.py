"""What the kernel says to the browser: the form of every trait and message of the widgets.

`protocol_jobs` has those of builds, sweeps and trainings, `protocol_messages` the messages. `scripts/protocol_types.py`
writes the same forms for the JavaScript, `static/protocol.d.ts`; a test compares the two.
A key that the browser may miss is `NotRequired`. A trait that is still empty is a `Nothing`.
"""

from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict

FixedType = tuple[int, int, bool, str, str]
"""A fixed-point type: width, integer bits, whether it is signed, rounding, overflow."""


class Nothing(TypedDict):
    """A trait that nothing was written to yet."""


# ---- layers ----------------------------------------------------------------------------------------------------------


class LaneData(TypedDict):
    """A tensor of a layer: `box` has minimum, quartiles and maximum of log2 of its magnitudes."""

    key: str
    tag: str
    label: str
    look: str
    main: bool
    box: list[float] | None


class KnobData(TypedDict):
    """A knob besides reuse and the values that the layer can have."""

    name: str
    label: str
    values: Sequence[str | int]
    numeric: bool
    prefix: str
    slider: bool


class RowData(TypedDict):
    """A layer: what does not change with the design."""

    name: str
    kind: str
    shape: str
    detail: str
    lanes: list[LaneData]
    knobs: list[str]
    reuse: list[int]
    choices: list[KnobData]


class ElementBits(TypedDict):
    """Bits of single elements: `bars` has pairs of bits and share of the elements."""

    bars: list[tuple[int, float]]
    note: str
    text: str


class ConfigData(TypedDict):
    """A design: types, knobs, element widths and proofs of its layers."""

    seq: float
    revision: int
    types: dict[str, dict[str, FixedType]]
    knobs: dict[str, dict[str, str | int | float]]
    widths: dict[str, dict[str, ElementBits]]
    proofs: dict[str, str]


class CastEvent(TypedDict):
    """What a cast loses: its share, short texts, a sentence, and where the values lie."""

    lost: float
    out: str
    below: str
    text: str
    box: list[float] | None


class LayersLive(TypedDict):
    """Shares of the resources by layer, and what its casts lose by tensor."""

    seq: float
    share: dict[str, dict[str, float]]
    planned: bool
    events: dict[str, dict[str, CastEvent]]


ReuseCosts = dict[str, dict[str, list[str]]]
"""Layer -> reuse -> cycles, DSP and LUT as texts."""


# ---- tiles -----------------------------------------------------------------------------------------------------------


class TileData(TypedDict):
    """A read-out. Without a `value` the old one stays; `fraction`, `lower` and `upper` are shares of the part."""

    id: str
    label: str
    value: NotRequired[str]
    unit: NotRequired[str]
    delta: NotRequired[str]
    tone: NotRequired[str]
    tip: NotRequired[str]
    source: NotRequired[str]
    alarm: NotRequired[str]
    fraction: NotRequired[float]
    lower: NotRequired[float]
    upper: NotRequired[float]
    refining: NotRequired[bool]
    pending: NotRequired[bool]


class ShownData(TypedDict):
    """The head of the explorer."""

    seq: float
    revision: int
    times: dict[str, float]
    stale: bool
    pending: bool
    title: str
    subtitle: str
    can_undo: bool
    can_redo: bool
    tiles: list[TileData]


class TargetChoices(TypedDict):
    """What a target can be made of."""

    part: list[str]
    io: list[str]
    tool: list[str]
    level: list[str]


class TargetData(TypedDict):
    """What the design is built for."""

    part: str
    clock_ns: str
    io: str
    tool: str
    level: str
    choices: TargetChoices


class ToolCell(TypedDict):
    """A figure with its interval as texts."""

    value: str
    range: str


class ToolRow(TypedDict):
    """The figures of a tool."""

    name: str
    cells: list[ToolCell]


class ToolTable(TypedDict):
    """One design as several tools would report it."""

    columns: list[str]
    rows: list[ToolRow]
    notes: list[str]
    text: str


# ---- messages, tabs, controls ----------------------------------------------------------------------------------------


class ToastData(TypedDict):
    """A note to the user; `level` is `error`, `done` or `note`."""

    id: int
    level: str
    text: str


class TabData(TypedDict):
    """A tab."""

    id: str
    label: str


class SelectItem(TypedDict):
    """A list of values, each with what people read."""

    id: str
    kind: Literal["select"]
    label: str
    values: list[list[str]]
    value: str


class CheckItem(TypedDict):
    """A check box."""

    id: str
    kind: Literal["check"]
    label: str
    title: str
    value: bool


class ChecksItem(TypedDict):
    """A list of check boxes behind a button."""

    id: str
    kind: Literal["checks"]
    label: str
    values: list[list[str]]
    value: list[str]


class ButtonItem(TypedDict):
    """A button; one that `edits` makes the figures on the screen stale."""

    id: str
    kind: Literal["button"]
    label: str
    title: str
    edits: NotRequired[bool]
    disabled: NotRequired[bool]


class InputItem(TypedDict):
    """A line of text."""

    id: str
    kind: Literal["input"]
    label: str
    value: str
    size: int
    hint: NotRequired[str]


class TextItem(TypedDict):
    """Words; `short` ones are not cut off."""

    id: str
    kind: Literal["text"]
    label: str
    short: NotRequired[bool]


Item = SelectItem | CheckItem | ChecksItem | ButtonItem | InputItem | TextItem


# ---- trials, network, comparison, plots ------------------------------------------------------------------------------


class TrialColumn(TypedDict):
    """A column; one without an `id` does not sort, one that is `largest` sorts the largest first."""

    id: str
    label: str
    largest: bool


class TrialRow(TypedDict):
    """A trial."""

    id: int
    front: bool
    cells: list[str]
    key: str
    note: str


class PageData(TypedDict):
    """A page of the trials."""

    columns: list[TrialColumn]
    rows: list[TrialRow]
    sort: str
    descending: bool
    offset: int
    size: int
    total: int
    choices: list[list[str]]
    chosen: list[str]
    objectives: str


class NetworkNode(TypedDict):
    """A layer of the graph."""

    name: str
    kind: str
    shape: str


class NetworkData(TypedDict):
    """Layers, and edges from layer to layer."""

    nodes: list[NetworkNode]
    edges: list[tuple[str, str]]


class NodeLive(TypedDict):
    """What a layer shows of the design."""

    type: str
    cost: str
    share: float
    loss: str
    tip: str


class EdgeLive(TypedDict):
    """What the edges of a layer show of the design."""

    type: str
    loss: str


class NetworkLive(TypedDict):
    """The design on the graph, by layer."""

    layers: dict[str, NodeLive]
    edges: dict[str, EdgeLive]


class ComparedDesign(TypedDict):
    """A design of the comparison."""

    name: str
    key: str


class ComparedRow(TypedDict):
    """A line of the comparison; `best` has the places of the best cells."""

    label: str
    cells: list[str]
    differs: bool
    best: list[int]


class ComparedSection(TypedDict):
    """Lines under one title."""

    title: str
    rows: list[ComparedRow]


class ComparisonData(TypedDict):
    """Designs side by side."""

    designs: list[ComparedDesign]
    sections: list[ComparedSection]


class PinData(TypedDict):
    """A mark on a plot, in values of its axes; nowhere if one is None."""

    kind: Literal["current", "baseline"]
    x: float | None
    y: float | None
    seq: float
    text: str
