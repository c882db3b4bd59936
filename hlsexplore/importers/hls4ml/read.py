"""hls4ml projects as graphs and as designs."""

from dataclasses import dataclass

from hlsexplore.errors import ConfigError, ModelError, UnsupportedError
from hlsexplore.graph import Graph, Node
from hlsexplore.importers.content import Content
from hlsexplore.importers.hls4ml.back_ends import computes_otherwise
from hlsexplore.importers.hls4ml.build import Build, CallStep, Knobs
from hlsexplore.importers.hls4ml.fml import read_fml
from hlsexplore.importers.hls4ml.layers import CONVERTERS
from hlsexplore.importers.hls4ml.members import ARCHITECTURE, PARAMETERS, is_project, open_members
from hlsexplore.importers.hls4ml.network import Network
from hlsexplore.importers.hls4ml.project import read_project
from hlsexplore.importers.inspection import Inspection, LayerInfo
from hlsexplore.ops import Input, weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Hls4mlModel:
    """A project of hls4ml that was read.

    Attributes:
        inspection: Its layers, and the graph if all of them are supported; every type of the project is prescribed.
        knobs: Reuse, strategy, table size, softmax mode and parallel positions of each node.
        settings: `part`, `clock_period`, `clock_uncertainty`, `backend`, `io_type`.
        notes: What is worth knowing of how it was read.
    """

    inspection: Inspection
    knobs: dict[str, Knobs]
    settings: dict[str, str]
    notes: tuple[str, ...]

    @property
    def graph(self) -> Graph:
        """The network.

        Raises:
            UnsupportedError: If layers are not supported; lists all of them.
        """
        if self.inspection.graph is None:
            raise UnsupportedError(self.inspection.problems)
        return self.inspection.graph


def read_network(content: Content) -> Network:
    """Read what a project folder, its .tar.gz or a .fml computes, as data.

    Raises:
        ModelError: If it is no such project, half of one, or cannot be read.
    """
    members = open_members(content)
    if ARCHITECTURE in members and PARAMETERS not in members:
        return read_fml(members)
    return read_project(members)


def inspect_network(network: Network) -> Inspection:
    """Turn a project into layers and a graph, and list everything that is not supported."""
    return build_model(network).inspection


def build_model(network: Network) -> Hls4mlModel:
    """Turn a project into a graph with the types of its C++, and the knobs that it sets."""
    build = Build(network=network)
    for variable, (kind, shape) in network.inputs.items():
        types = {"result": network.types[kind]} if kind in network.types else {}
        build.add(Node(name=variable, op=Input(), inputs=(), shape=shape, types=types), variable)
    layers: list[LayerInfo] = []
    problems: list[str] = []
    for call in network.calls:
        known = set(build.nodes)
        convert, problem = CONVERTERS.get(call.function), None
        if convert is None:
            problem = (
                f"layer {call.layer!r}: hls4ml's nnet::{call.function} is not read. Give the trained model instead."
            )
        elif not problems:
            try:
                convert(CallStep(call=call, build=build))
            except (ModelError, ConfigError) as error:
                problem = f"layer {call.layer!r}: {error}"
        if problem:
            problems.append(problem)
        nodes = tuple(name for name in build.nodes if name not in known)
        count = sum(values.size for name in nodes for values in weights(build.nodes[name].op).values())
        made = build.nodes[nodes[-1]].shape if nodes else None
        info = LayerInfo(
            name=call.layer, cls=call.function, shape=made, num_parameters=count, nodes=nodes, problem=problem
        )
        layers.append(info)
    graph = None if problems else _graph(network, build)
    build.notes += _back_end_notes(network, build)
    inspection = Inspection(name=network.name, layers=tuple(layers), problems=tuple(problems), graph=graph)
    notes = (*network.notes, *build.notes)
    return Hls4mlModel(inspection=inspection, knobs=build.knobs, settings=dict(network.settings), notes=notes)


def _back_end_notes(network: Network, build: Build) -> list[str]:
    """Say what the C++ of a back end other than Vivado's and Vitis' computes otherwise."""
    if network.is_of_amd:
        return []
    name = network.settings["backend"]
    others = [node.name for node in build.nodes.values() if computes_otherwise(node.op, name)]
    note = f"the project is of the back end {name}: estimates are those of Vitis HLS."
    if not others:
        return [note]
    return [
        note,
        f"layers {', '.join(map(repr, others))}: tables and averages of the back end {name} differ from those of Vitis "
        "in their last bits; those of Vitis are computed.",
    ]


def _graph(network: Network, build: Build) -> Graph:
    if not network.outputs:
        raise ModelError(
            f"no layer of the hls4ml project {network.name!r} that is read gives an output of its top function. The "
            "project was edited; write it again with hls4ml."
        )
    outputs = tuple(build.read(variable) for variable in network.outputs)
    return Graph(name=network.name, nodes=tuple(build.nodes.values()), outputs=outputs)


def read_hls4ml(content: Content) -> Hls4mlModel:
    """Read an hls4ml project folder, its .tar.gz or a .fml.

    Raises:
        ModelError: If it is none, half of one, or cannot be read.
    """
    if not is_project(content):
        raise ModelError(f"{content.label!r} is no hls4ml project: neither its folder, its .tar.gz nor a .fml.")
    return build_model(read_network(content))
