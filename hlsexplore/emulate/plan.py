"""Plans of whole designs: one step a node, cached by what its numbers depend on."""

from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from hlsexplore.coverage import Executor, no_answer
from hlsexplore.design import Design, check_design
from hlsexplore.emulate.carrier import Carrier, Span
from hlsexplore.emulate.dense import build_affine, build_dense, build_requantize
from hlsexplore.emulate.elements import InputCast, build_quantize
from hlsexplore.emulate.merge import build_concatenate, build_dot, build_merge
from hlsexplore.emulate.moves import build_move
from hlsexplore.emulate.norm import build_layer_norm
from hlsexplore.emulate.piecewise import build_clip, build_prelu
from hlsexplore.emulate.pointwise import build_activation, build_lookup
from hlsexplore.emulate.recurrent import build_recurrent
from hlsexplore.emulate.softmax import build_softmax
from hlsexplore.emulate.spatial import build_conv, build_pool
from hlsexplore.emulate.step import PlanContext, Probe, Run, Step
from hlsexplore.fixed import Fixed, Overflow
from hlsexplore.graph import Graph, Node
from hlsexplore.handlers import Handlers
from hlsexplore.layer_config import LayerConfig, Strategy, own_types, pruning_of
from hlsexplore.ops import (
    Activation,
    Affine,
    Clip,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    Input,
    LayerNorm,
    Lookup,
    Merge,
    Pad,
    Permute,
    Pool,
    PRelu,
    Quantize,
    Recurrent,
    Requantize,
    Reshape,
    Softmax,
    Upsample,
)
from hlsexplore.support.recent import Recent
from hlsexplore.target import Io

BUILDERS = (
    Handlers[PlanContext, Step](refuse=lambda context, op: no_answer(Executor.EMULATOR, context.node))
    .on(Dense, build_dense)
    .on(Conv, build_conv)
    .on(DepthwiseConv, build_conv)
    .on(Affine, build_affine)
    .on(Requantize, build_requantize)
    .on(LayerNorm, build_layer_norm)
    .on(PRelu, build_prelu)
    .on(Pool, build_pool)
    .on(Merge, build_merge)
    .on(Concatenate, build_concatenate)
    .on(Dot, build_dot)
    .on(Recurrent, build_recurrent)
    .on(Activation, build_activation)
    .on(Clip, build_clip)
    .on(Quantize, build_quantize)
    .on(Lookup, build_lookup)
    .on(Softmax, build_softmax)
    .on(Reshape, build_move)
    .on(Permute, build_move)
    .on(Pad, build_move)
    .on(Crop, build_move)
    .on(Upsample, build_move)
)
"""How each op is planned."""

_steps: Recent[Hashable, tuple[Node, Step, int]] = Recent(1024)
"""Each with its node, so that no other one gets its identity meanwhile, and a number that stands for it."""
_keys: Recent[Hashable, int] = Recent(1 << 16)
_plans: "Recent[str, Plan]" = Recent(16)
_numbers = count()


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """A node to compute, the function that does it (None: its input is its result), and what is not read any more."""

    node: Node
    run: Run | None
    last_read: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """A design ready to run on blocks.

    Attributes:
        graph: The network.
        steps: A step for each node that is not an input, by name.
        inputs: How the data of each input is cast, by name.
        spans: Span of every node's result, by name.
        types: Type of every node's result, by name.
        keys: For every node a number that stands for all that its result depends on; equal keys mean equal results.
        tasks: Orders of work found so far, by known nodes, wanted ones and whether layers are merged.
    """

    graph: Graph
    steps: dict[str, Step]
    inputs: dict[str, InputCast]
    spans: dict[str, Span]
    types: dict[str, Fixed]
    keys: dict[str, int]
    tasks: dict[tuple[frozenset[str], frozenset[str], bool], tuple["_Task", ...]] = field(
        default_factory=dict, repr=False
    )

    def run(
        self,
        blocks: dict[str, Carrier],
        probe: "NodeProbe | None" = None,
        is_fused: bool = False,
        outputs: Iterable[str] | None = None,
    ) -> Iterator[tuple[str, Carrier]]:
        """Compute the nodes of a block in order; yields each name and result and forgets what nobody reads any more.

        Args:
            blocks: Inputs already cast, or any nodes' results, by name; nodes before them are not computed.
            probe: Sees every cast.
            is_fused: Whether only outputs matter: a layer before a ReLU may then give the ReLU's result.
            outputs: Nodes whose results are wanted; the network's outputs when None. What only others need is left out.
        """
        values = dict(blocks)
        wanted = frozenset(self.graph.outputs if outputs is None else outputs)
        for task in self._tasks(frozenset(blocks), wanted, is_fused and probe is None):
            node = task.node
            inputs = [values[name] for name in node.inputs]
            result = inputs[0] if task.run is None else task.run(inputs, probe.of(node.name) if probe else None)
            values[node.name] = result
            for name in task.last_read:
                del values[name]
            yield node.name, result

    def _tasks(self, known: frozenset[str], outputs: frozenset[str], is_fused: bool) -> tuple["_Task", ...]:
        """Return what to do for each node, in order; found once for all blocks."""
        if (known, outputs, is_fused) in self.tasks:
            return self.tasks[known, outputs, is_fused]
        merged = self.mergeable() if is_fused else {}
        wanted = self.needed(known, outputs)
        last = {name: node.name for node in wanted for name in node.inputs if name not in self.graph.outputs}
        tasks, done_before = [], set[str]()
        for node in wanted:
            run = None if node.name in done_before else self.steps[node.name].run
            if node.name not in done_before and node.name in merged:
                run, followers = self._merged_run(node.name, merged)
                done_before.update(followers)
            done = tuple(name for name in dict.fromkeys(node.inputs) if last.get(name) == node.name)
            tasks.append(_Task(node, run, done))
        self.tasks[known, outputs, is_fused] = tuple(tasks)
        return self.tasks[known, outputs, is_fused]

    def mergeable(self) -> dict[str, str]:
        """Return the layers that yield the result of the only one that reads them, and that one.

        A layer may rectify for the ReLU behind it, and keep the largest values for the pooling behind both.
        """
        readers: dict[str, list[str]] = {}
        for node in self.graph:
            for name in node.inputs:
                readers.setdefault(name, []).append(node.name)
        alone = {
            name: names[0] for name, names in readers.items() if len(names) == 1 and name not in self.graph.outputs
        }
        merged = {}
        for name, step in self.steps.items():
            last = name
            if step.rectified is not None and name in alone and self.steps[alone[name]].is_rectifier:
                last = merged[name] = alone[name]
            window = self.steps[alone[last]].window if last in alone else None
            if step.pooled is not None and window is not None and step.pooled(window, last != name) is not None:
                merged[last] = alone[last]
        return merged

    def _merged_run(self, name: str, merged: dict[str, str]) -> tuple[Run, list[str]]:
        """Return what a layer runs for itself and those behind it, and their names; for names of `merged`."""
        step, followers = self.steps[name], [merged[name]]
        is_rectified = step.rectified is not None and self.steps[merged[name]].is_rectifier
        if is_rectified and merged[name] in merged:
            followers.append(merged[merged[name]])
        window = self.steps[followers[-1]].window
        run = step.pooled(window, is_rectified) if step.pooled is not None and window is not None else step.rectified
        return (run, followers) if run is not None else (step.run, [])

    def needed(self, known: Collection[str], outputs: Iterable[str]) -> list[Node]:
        """Return the nodes to compute for some outputs when some nodes' results are known, in order; no inputs."""
        wanted: set[str] = set()
        stack = list(outputs)
        while stack:
            name = stack.pop()
            if name not in wanted and name not in known and name not in self.inputs:
                wanted.add(name)
                stack += self.graph[name].inputs
        return [node for node in self.graph if node.name in wanted]


class NodeProbe:
    """Gives each node its own probe; subclasses say which."""

    def of(self, name: str) -> Probe:
        """Return the probe of a node."""
        raise NotImplementedError


def plan_design(design: Design) -> Plan:
    """Plan every layer of a design, or return the plan of a recent one.

    Args:
        design: The design.

    Raises:
        ConfigError: If it is no design.
        NoModelError: If a layer has no emulation.
    """
    check_design(design)
    return _plans.find(design.key, lambda: _plan(design))


def _plan(design: Design) -> Plan:
    """Plan every layer of a design that is not known yet."""
    graph = design.graph
    steps: dict[str, Step] = {}
    inputs: dict[str, InputCast] = {}
    spans: dict[str, Span] = {}
    types: dict[str, Fixed] = {}
    keys: dict[str, int] = {}
    for node in graph:
        config = design.layers[node.name]
        if isinstance(node.op, Input):
            types[node.name] = config.types["result"]
            cast = InputCast.of(types[node.name], own_types(node, config), node.shape, node.op.encoding)
            inputs[node.name], spans[node.name] = cast, cast.span
            keys[node.name] = _key((node.name, cast.type, cast.types, cast.encoding))
            continue
        context = PlanContext(
            node=node,
            config=config,
            types=tuple(types[name] for name in node.inputs),
            spans=tuple(spans[name] for name in node.inputs),
            shapes=graph.input_shapes(node),
            io=design.target.io,
        )
        step, own = _step(context)
        steps[node.name], spans[node.name], types[node.name] = step, step.span, step.type
        keys[node.name] = _key((own, *(keys[name] for name in node.inputs)))
    return Plan(graph=graph, steps=steps, inputs=inputs, spans=spans, types=types, keys=keys)


def _key(content: Hashable) -> int:
    """Return a number for some content: cheap to compare, however long the chain of layers behind it."""
    return _keys.find(content, lambda: next(_numbers))


def _step(context: PlanContext) -> tuple[Step, int]:
    """Return the step of a layer, the kept one where it was planned before, and its number."""

    def make() -> tuple[Node, Step, int]:
        return context.node, BUILDERS(context, context.node.op), next(_numbers)

    return _steps.find(step_key(context), make)[1:]


def step_key(context: PlanContext) -> Hashable:
    """Return what the numbers of a layer depend on, besides its inputs' values."""
    config = context.config
    return (
        id(context.node.op),
        context.node.shape,
        tuple(sorted((key, type_) for key, type_ in config.types.items())),
        context.types,
        context.spans,
        context.shapes,
        config.table_size,
        config.softmax,
        config.exp_integer,
        config.granularity,
        config.trim,
        pruning_of(config),
        _order_key(config),
        context.io if context.io is Io.STREAM else None,
    )


def _order_key(config: LayerConfig) -> int:
    """Return the reuse factor if it decides the order of a saturating accumulator, else 1."""
    accum = config.types.get("accum")
    if accum is None or accum.overflow is Overflow.WRAP or config.strategy is not Strategy.RESOURCE:
        return 1
    return config.reuse
