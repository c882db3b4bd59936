"""Designs of other tools: what an hls4ml project builds, as a `Design` of ours (docs/hls4ml.md)."""

from dataclasses import dataclass, replace
from pathlib import Path

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError
from hlsexplore.graph import Graph, Node
from hlsexplore.hls4ml_config import unknown_keys, with_plain_tables
from hlsexplore.importers.content import look
from hlsexplore.importers.graph_file import DESIGN, is_stored, read_stored
from hlsexplore.importers.hls4ml.members import is_project, open_members
from hlsexplore.importers.hls4ml.plain_yaml import plain_yaml
from hlsexplore.importers.hls4ml.project import CONFIGURATION
from hlsexplore.importers.hls4ml.read import Hls4mlModel, read_hls4ml
from hlsexplore.layer_config import knobs
from hlsexplore.reuse import legal_reuse
from hlsexplore.target import Io, Target, Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignDesign:
    """A design that another tool's project holds.

    Attributes:
        design: Graph, types, reuse, strategies, table sizes, interface, part and clock of the project.
        notes: What could not be taken over as it is, and how the numbers were read; a sentence each.
        model: The project that it was read from; None for what was exported for hls4ml.
    """

    design: Design
    notes: tuple[str, ...]
    model: Hls4mlModel | None = None


def read_design(path: str | Path) -> Design:
    """Read the design of an hls4ml project: its folder, its .tar.gz or a .fml, or what was exported for hls4ml.

    Nothing in it is executed.

    Args:
        path: The project.

    Returns:
        The graph with the types of its `defines.h`, reuse, strategy, table sizes, interface, part and clock.

    Raises:
        ModelError: If it is no such project, half of one, or cannot be read.
        UnsupportedError: If layers are not supported; lists all of them.
    """
    return read_foreign_design(path).design


def read_foreign_design(path: str | Path) -> ForeignDesign:
    """Read the design of an hls4ml project as `read_design` does, with notes on what differs."""
    content = look(Path(path))
    if is_stored(content) and DESIGN in content.members:
        return ForeignDesign(design=Design.load(content.path / DESIGN, read_stored(content)), notes=())
    model = read_hls4ml(content)
    graph = model.graph
    notes = list(model.notes)
    design = with_plain_tables(Design.default(graph, _target(model, notes)))
    for name, values in model.knobs.items():
        wanted = {key: value for key, value in values.items() if key in knobs(graph[name])}
        if "reuse" in wanted:
            wanted["reuse"] = _legal(graph[name], int(wanted["reuse"]), notes)
        try:
            design = design.with_layer(name, **wanted)
        except ConfigError as error:
            notes.append(f"{error} The default is kept.")
    return ForeignDesign(design=design, notes=tuple(notes), model=model)


def first_design(path: str | Path, graph: Graph) -> Design:
    """Return the design to start from: that of an hls4ml project, else the default one.

    Args:
        path: The file or folder that the graph was read from.
        graph: The network.
    """
    return read_design(path) if has_design(path) else Design.default(graph)


def has_design(path: str | Path) -> bool:
    """Whether a file or folder brings a design along with its network."""
    content = look(Path(path))
    return is_stored(content) or is_project(content)


def _legal(node: Node, reuse: int, notes: list[str]) -> int:
    """Return the nearest reuse that a layer can have, with a note if it is another one."""
    legal = legal_reuse(node)
    if reuse in legal:
        return reuse
    nearest = min(legal, key=lambda value: (abs(value - reuse), value))
    notes.append(f"layer {node.name!r}: reuse {reuse} divides its multiplications unevenly; {nearest} is taken.")
    return nearest


def _target(model: Hls4mlModel, notes: list[str]) -> Target:
    """Return the target of a project; what it does not say keeps its default."""
    settings = model.settings
    is_vivado = settings.get("backend", "").lower().startswith("vivado")
    tool = Tool.VIVADO_HLS if is_vivado else Tool.VITIS_HLS
    io = Io.STREAM if settings.get("io_type") == "io_stream" else Io.PARALLEL
    default = Target()
    try:
        clock = float(settings.get("clock_period") or default.clock_ns)
        return Target(part=settings.get("part") or default.part, clock_ns=clock, io=io, tool=tool)
    except (ConfigError, ValueError):
        notes.append(f"part {settings.get('part')!r} or clock {settings.get('clock_period')!r} cannot be used.")
        return Target(io=io, tool=tool)


def without_prescriptions(design: Design) -> Design:
    """Return a design whose graph prescribes no types, with the same types as a choice that can change."""
    graph = design.graph
    nodes = tuple(replace(node, types={}) for node in graph)
    return Design(
        graph=Graph(name=graph.name, nodes=nodes, outputs=graph.outputs), target=design.target, layers=design.layers
    )


def configuration_notes(path: str | Path, found: ForeignDesign) -> tuple[str, ...]:
    """Say what of a project's own configuration hls4ml ignored or rounded, by layer.

    Args:
        path: An hls4ml project; what brings no `hls4ml_config.yml` has no notes.
        found: The design that was read from it.
    """
    model = found.model
    if model is None:
        return ()
    members = open_members(look(Path(path)))
    if CONFIGURATION not in members:
        return ()
    data = plain_yaml(members.text(CONFIGURATION), CONFIGURATION)
    config = data.get("HLSConfig")
    inner = config if isinstance(config, dict) else {}
    notes = [note for note in unknown_keys(data, inner, model.graph) if "no layer is called" not in note]
    asked = inner.get("LayerName")
    for name, settings in (asked if isinstance(asked, dict) else {}).items():
        reuse = settings.get("ReuseFactor") if isinstance(settings, dict) else None
        built = model.knobs.get(name, {}).get("reuse")
        if isinstance(reuse, int) and isinstance(built, int) and reuse != built:
            was_legal = reuse in legal_reuse(model.graph[name])
            fate = f"is not what parameters.h has: {built}" if was_legal else f"was rounded to {built}"
            notes.append(f"layer {name!r}: ReuseFactor {reuse} {fate}.")
    return tuple(notes)
