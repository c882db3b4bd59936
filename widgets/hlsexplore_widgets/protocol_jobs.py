"""What the kernel says to the browser of builds, sweeps and trainings; see `protocol`."""

from collections.abc import Sequence
from typing import TypedDict


class BuildChoice(TypedDict):
    """A value with what people read."""

    value: str
    label: str


class BuildOptionData(TypedDict):
    """What the next build does; `choice` says what `interfaces` are of its flow."""

    flow: str
    interface: str
    choice: str
    tool: str
    folder: str
    flows: list[BuildChoice]
    interfaces: list[BuildChoice]
    tools: list[BuildChoice]


class BuildStatusData(TypedDict):
    """How far a build is; `started` counts seconds since 1970, `elapsed` seconds."""

    state: str
    stage: int
    stages: list[str]
    message: str
    fraction: float
    started: float
    elapsed: float


class BuildTable(TypedDict):
    """Estimate and report side by side."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    notes: list[str]


class OutlookData(TypedDict):
    """What a synthesis will take."""

    text: str
    warnings: list[str]


class SweepChoices(TypedDict):
    """Values with what people read."""

    scope: Sequence[tuple[str, str]]
    reuse: Sequence[tuple[str, str]]
    sampler: Sequence[tuple[str, str]]


class SweepOptionData(TypedDict):
    """What the next sweep varies."""

    trials: int
    low: int
    high: int
    scope: str
    reuse: str
    sampler: str
    choices: SweepChoices


class SweepStatusData(TypedDict):
    """How far a sweep is."""

    state: str
    message: str
    fraction: float
    remaining_s: float | None


class OfferData(TypedDict):
    """Neurons that can go; `exact` ones change no output."""

    text: str
    exact: bool


class Offers(TypedDict):
    """What can be taken away, and how many weights stay."""

    rows: list[OfferData]
    text: str


class TuneOptionData(TypedDict):
    """What the next training does; `density` is in percent."""

    epochs: int
    learning_rate: float
    distill: float
    mixed: int
    minutes: float
    density: float


class TuneStatusData(TypedDict):
    """How far a training is."""

    state: str
    message: str
    fraction: float
    path: str
    has_data: bool
    warning: str
