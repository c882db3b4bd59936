"""Turns a flat op graph into a network: op by op, everything that does not fit listed at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.importers.flat.blocks import BLOCKS
from hlsexplore.importers.flat.concatenation import CONCATENATIONS
from hlsexplore.importers.flat.context import Converter, FlatContext, Item
from hlsexplore.importers.flat.contractions import CONTRACTIONS
from hlsexplore.importers.flat.endings import hardware_part, needed_nodes
from hlsexplore.importers.flat.fold import FOLDS, MOVING, fold
from hlsexplore.importers.flat.graph import BATCH, FlatGraph, FlatInput, FlatNode
from hlsexplore.importers.flat.integer_ops import WRITTEN_OUT, write_out
from hlsexplore.importers.flat.interpolation import INTERPOLATIONS
from hlsexplore.importers.flat.joins import JOINS
from hlsexplore.importers.flat.masks import MASKS
from hlsexplore.importers.flat.moves import MOVES
from hlsexplore.importers.flat.names import layer_name, says_something
from hlsexplore.importers.flat.normalisation import NORMALISATIONS
from hlsexplore.importers.flat.patterns import find_patterns
from hlsexplore.importers.flat.pointwise import POINTWISE
from hlsexplore.importers.flat.pools import POOLS
from hlsexplore.importers.flat.products import PRODUCTS
from hlsexplore.importers.flat.quant import QUANTIZERS, whole_numbers
from hlsexplore.importers.flat.recurrent import RECURRENT, samples_of_sequences
from hlsexplore.importers.flat.sketch import FakeQuant, Sketch
from hlsexplore.importers.flat.transposed import TRANSPOSED
from hlsexplore.importers.flat.value import SAMPLES, Constant, FlatValue, Masked, mixed, stored
from hlsexplore.importers.inspection import LayerInfo
from hlsexplore.importers.layer import ImportedTensor
from hlsexplore.ops import Input, weights

CONVERTERS: Mapping[str, Converter] = MappingProxyType(
    {
        **PRODUCTS,
        **CONTRACTIONS,
        **TRANSPOSED,
        **POOLS,
        **POINTWISE,
        **JOINS,
        **CONCATENATIONS,
        **MOVES,
        **MASKS,
        **INTERPOLATIONS,
        **NORMALISATIONS,
        **BLOCKS,
        **RECURRENT,
        **QUANTIZERS,
    }
)
"""How each op becomes layers."""


@dataclass(slots=True, kw_only=True)
class FlatWalk:
    """The state of a conversion: mutable, because ops are converted one after another.

    Attributes:
        graph: The flat graph.
        sketch: The network so far.
        items: Tensors so far, by name.
        problems: What does not fit so far.
        infos: The layers so far.
        is_guessing: Whether a shape had to be guessed behind an unsupported op; later mismatches are then no news.
        read: Names of the tensors that an op or an output of the graph needs.
    """

    graph: FlatGraph
    sketch: Sketch = field(default_factory=Sketch)
    items: dict[str, Item] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    infos: list[LayerInfo] = field(default_factory=list)
    is_guessing: bool = False
    read: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What became of a flat graph.

    Attributes:
        sketch: The network; incomplete where there are problems.
        outputs: Its output tensors, in the source's own layout.
        problems: Everything that does not fit, a sentence each.
        infos: The layers.
        notes: What people should know, a sentence each.
    """

    sketch: Sketch
    outputs: tuple[ImportedTensor, ...]
    problems: tuple[str, ...]
    infos: tuple[LayerInfo, ...]
    notes: tuple[str, ...] = ()


def walk(graph: FlatGraph) -> Walked:
    """Convert a flat graph.

    Args:
        graph: The flat graph.

    Raises:
        ModelError: If it is damaged.
    """
    graph, notes = hardware_part(find_patterns(write_out(samples_of_sequences(graph))))
    needed = needed_nodes(graph)
    state = FlatWalk(graph=graph, read=frozenset(graph.outputs).union(*(node.inputs for node in needed)))
    for item in graph.inputs:
        _input(state, item)
    for node in needed:
        _convert(state, node)
    fixed = _constant_outputs(state)
    named = [name for name in graph.outputs if name not in fixed]
    outputs = tuple(tensor for name in named if (tensor := _output(state, name)) is not None)
    notes += tuple(f"the output {name[:60]!r} is left out: it is the same for every input." for name in fixed)
    problems = tuple(dict.fromkeys(state.problems))
    return Walked(sketch=state.sketch, outputs=outputs, problems=problems, infos=tuple(state.infos), notes=notes)


def _input(state: FlatWalk, item: FlatInput) -> None:
    """Append an input; its samples come first."""
    name = layer_name(item.name if says_something(item.name) else "", "input")
    axis = item.shape.index(BATCH) if BATCH in item.shape else None
    shape = tuple(size for size in item.shape if size != BATCH) or (1,)
    tensor = state.sketch.add(name, Input(), (), shape, f"{name} (input)")
    state.sketch.drafts[tensor.node] = replace(state.sketch.drafts[tensor.node], known=item.known)
    value = stored(tensor, axis)
    if len(item.shape) == 1 and axis == 0:
        value = value.with_axes([(SAMPLES,)])
    state.items[item.name] = value
    state.infos.append(
        LayerInfo(name=tensor.node, cls="input", shape=shape, num_parameters=0, nodes=(tensor.node,), problem=None)
    )


def _constant_outputs(state: FlatWalk) -> tuple[str, ...]:
    """Return the outputs that are constants, as the spread of a policy is; none if all are, unless by a guess."""
    names = state.graph.outputs
    found = tuple(n for n in names if n in state.graph.constants or isinstance(state.items.get(n), Constant))
    return found if state.is_guessing or len(set(found)) < len(set(names)) else ()


def _output(state: FlatWalk, name: str) -> ImportedTensor | None:
    """Bring an output to the source's own layout; None where it depends on what does not fit."""
    item = state.items.get(name)
    if item is None and name in state.graph.constants:
        item = Constant(values=state.graph.constants[name])
    if item is None:
        raise ModelError(f"{state.graph.label!r}: nothing makes the output {name[:60]!r}. The file is damaged.")
    if isinstance(item, Constant):
        problem = f"the output {name[:60]!r} does not depend on the input. Leave it out."
        state.problems.append(problem)
        return None
    source = f"output {name[:60]!r}"
    context = FlatContext(
        node=FlatNode(op="Output", inputs=(), outputs=(), label=name, kind="output"),
        name=source,
        items=(),
        sketch=state.sketch,
        version=0,
        batch=None,
    )
    try:
        if isinstance(item, Masked):
            raise context.refuse("a mask hides some of it.", "Put a Softmax behind it.")
        if isinstance(item, FlatValue):
            value = item
        else:
            value = whole_numbers(replace(context, name=layer_name(name, "output")), item)
        groups = [atoms for atoms in value.axes if atoms != (SAMPLES,)]
        if any(SAMPLES in atoms for atoms in groups):
            raise mixed(source)
        return context.arrange(value, groups)
    except UnsupportedError as error:
        state.problems.extend(error.problems)
        return None


def _convert(state: FlatWalk, node: FlatNode) -> None:
    """Convert one op; what does not fit is noted and replaced by a placeholder."""
    items = tuple(_found(state, node, name) for name in node.inputs)
    context = FlatContext(
        node=node,
        name=_name(state, node),
        items=items,
        sketch=state.sketch,
        version=state.graph.version,
        batch=next((item.batch for item in state.graph.inputs if item.batch is not None), None),
    )
    start, problem = len(state.sketch.drafts), None
    try:
        with np.errstate(all="ignore"):  # what is NaN or infinite is found when the network is made
            result = _result(context)
        _check_outputs(state, context, result if isinstance(result, tuple) else (result,))
    except UnsupportedError as error:
        problem = " ".join(error.problems)
        state.problems.extend(error.problems)
        result = _placeholder(state, context)
    except ModelError:
        if not state.is_guessing:
            raise
        result = _placeholder(state, context)
    made = result if isinstance(result, tuple) else (result,)
    for name, item in zip(node.outputs, made, strict=False):
        if name and item is not None:
            state.items[name] = item
    if problem is not None or any(isinstance(item, FlatValue) for item in made):
        _note(state, context, start, next((item for item in made if isinstance(item, FlatValue)), None), problem)


def _check_outputs(state: FlatWalk, context: FlatContext, made: tuple[Item | None, ...]) -> None:
    """Refuse an op of which something is read that it does not make here, such as the memory of an LSTM.

    Raises:
        UnsupportedError: If there is such an output.
    """
    for index, name in enumerate(context.node.outputs):
        if name and name in state.read and (index >= len(made) or made[index] is None):
            raise context.refuse(f"its output number {index + 1} is read, which is not supported.", "Use the others.")


def _found(state: FlatWalk, node: FlatNode, name: str) -> Item | None:
    if not name:
        return None
    if name in state.items:
        return state.items[name]
    if name in state.graph.constants:
        return Constant(values=state.graph.constants[name])
    raise ModelError(
        f"{state.graph.label!r}: {node.kind} {node.label[:60]!r} reads {name[:60]!r}, which nothing before it makes. "
        "The file is damaged."
    )


def _name(state: FlatWalk, node: FlatNode) -> str:
    """Return a free name for the layer of an op: after its weight, its label, its output or its class."""
    return layer_name(node.label, node.op.rpartition(".")[2].lower())


def _result(context: FlatContext) -> Item | tuple[Item | None, ...]:
    """Fold or convert an op.

    Raises:
        UnsupportedError: If it or one of its options is not supported.
    """
    operation = context.node.op
    is_constant = all(item is None or isinstance(item, Constant) for item in context.items)
    if is_constant and (operation in FOLDS or operation in MOVING or operation == "Split"):
        return fold(context)
    converter = CONVERTERS.get(operation)
    if converter is None:
        raise context.refuse("this operation is not supported.", ADVICE.get(operation, DEFAULT_ADVICE))
    return converter(context)


DEFAULT_ADVICE = "Use one of the operations in docs/importers.md, or compute it outside of the network."
ADVICE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("aten.gru_cell", "aten.lstm_cell"), "Save program.run_decompositions() in place of it."),
        "Loop": "Unroll it before the export.",
        "If": "Export the branch that inference takes.",
        "Scan": "Unroll it before the export.",
        "MultiThreshold": "Export the model before FINN's own passes turn quantizers into thresholds.",
        "FloatQuant": "Use integer quantizers; minifloats are not built.",
        **dict.fromkeys(WRITTEN_OUT, "Quantise with QuantFormat.QDQ in place of QOperator."),
        **dict.fromkeys(
            ("DynamicQuantizeLinear", "ConvInteger", "MatMulInteger"),
            "Hardware needs fixed scales: use quantize_static with QuantFormat.QDQ.",
        ),
        **dict.fromkeys(
            ("ArgMax", "ai.onnx.ml.ArrayFeatureExtractor"),
            "Choose the class outside: onnx.utils.extract_model(FILE, NEW, INPUTS, OUTPUTS) keeps the scores.",
        ),
        "com.microsoft.MatMulNBits": "Read the model as it was before ONNX Runtime optimised it.",
    }
)
"""Ways out for operations that are known but not built."""


def _placeholder(state: FlatWalk, context: FlatContext) -> Item | tuple[Item | None, ...]:
    """Stand in for an unsupported op, so that everything behind it is checked too."""
    state.is_guessing = True
    value = next((item for item in context.items if isinstance(item, FlatValue)), None)
    stand_in: Item = Constant(values=np.zeros(1)) if value is None else value
    return (stand_in,) * max(len(context.node.outputs), 1)


def _note(state: FlatWalk, context: FlatContext, start: int, value: FlatValue | None, problem: str | None) -> None:
    """Note what became of an op."""
    drafts = list(state.sketch.drafts.values())[start:]
    count = sum(
        array.size for draft in drafts if not isinstance(draft.op, FakeQuant) for array in weights(draft.op).values()
    )
    shape = None if problem or value is None else tuple(size for size in value.dims if size != BATCH)
    names = tuple(draft.name for draft in drafts)
    state.infos.append(
        LayerInfo(
            name=context.name, cls=context.node.kind, shape=shape, num_parameters=count, nodes=names, problem=problem
        )
    )
