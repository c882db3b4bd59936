"""What an estimate rests on: measured designs and modules of the kinds of layers that a design has."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from hlsexplore.estimate.cells import cell_of, cells_of
from hlsexplore.estimate.kinds import MOVE_OPS
from hlsexplore.estimate.record import DesignRecord
from hlsexplore.report import Support

FEW_REPOSITORIES = 3
"""Repositories below which a kind of layer counts as unseen: rules found on one or two did not carry over."""
PRICED = frozenset({"lut", "dsp"})
"""Figures for which projects that force their multipliers do not count."""
NOTHING = Support(modules=0, repositories=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSupport:
    """Measured designs and modules of one kind of layer.

    Attributes:
        all: Of every figure.
        priced: Of LUT and DSP blocks.
    """

    all: Support
    priced: Support

    def of(self, figure: str) -> Support:
        """Return the support of a figure."""
        return self.priced if figure in PRICED else self.all


@lru_cache(maxsize=1)
def shipped_support() -> Mapping[str, CellSupport]:
    """Return the support of each kind of layer in the data that the shipped coefficients were fitted to."""
    text = files("hlsexplore.estimate").joinpath("intervals.toml").read_text(encoding="utf-8")
    return {name: _cell(item) for name, item in tomllib.loads(text).get("cells", {}).items()}


def _cell(item: Mapping[str, list[int]]) -> CellSupport:
    found, priced = (Support(modules=item[key][0], repositories=item[key][1]) for key in ("all", "priced"))
    return CellSupport(all=found, priced=priced)


def support_from(observations: Iterable[tuple[frozenset[str], str, bool]]) -> dict[str, CellSupport]:
    """Count measured designs and modules of each kind of layer.

    Args:
        observations: Kinds of layers, repository, and whether LUT and DSP blocks count, of each design or module.
    """
    found: dict[str, list[tuple[str, bool]]] = {}
    for cells, repository, is_priced in observations:
        for cell in cells:
            found.setdefault(cell, []).append((repository, is_priced))
    return {
        name: CellSupport(
            all=Support(modules=len(items), repositories=len({repository for repository, _ in items})),
            priced=Support(
                modules=sum(priced for _, priced in items),
                repositories=len({repository for repository, priced in items if priced}),
            ),
        )
        for name, items in sorted(found.items())
    }


def support_of(
    design: DesignRecord, figures: Iterable[str], cells: Mapping[str, CellSupport] | None = None
) -> dict[str, Support]:
    """Return the support of each of a design's figures: that of its layer that was measured least.

    Args:
        design: The design.
        figures: Names of figures.
        cells: Support of kinds of layers; the shipped one when None.
    """
    known = shipped_support() if cells is None else cells
    own = [known.get(name) for name in cells_of(design)]
    least: dict[str, Support] = {}
    for figure in figures:
        found = [NOTHING if item is None else item.of(figure) for item in own]
        least[figure] = min(found, key=lambda item: (item.repositories, item.modules), default=NOTHING)
    return least


def support_notes(design: DesignRecord, cells: Mapping[str, CellSupport] | None = None) -> tuple[str, ...]:
    """Say which layers of a design are of a kind that few or no measured designs have, one sentence for each kind."""
    known = shipped_support() if cells is None else cells
    layers: dict[str, list[str]] = {}
    for layer in design.layers:
        name = cell_of(design, layer)
        found = known[name].all if name in known else NOTHING
        if layer.op not in MOVE_OPS and found.repositories < FEW_REPOSITORIES:
            layers.setdefault(name, []).append(layer.name)
    sentences = []
    for name, members in layers.items():
        shown = ", ".join(map(repr, members[:3])) + (f" and {len(members) - 3} more" if len(members) > 3 else "")
        count = known[name].all.repositories if name in known else 0
        if count:
            seen = f"measured designs of this kind in {count} of the {FEW_REPOSITORIES} repositories that it takes"
        else:
            seen = "no measured design of this kind"
        sentences.append(f"{shown}: {seen} ({name}); the interval is widened.")
    return tuple(sentences)
