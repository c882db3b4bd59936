"""Turns a Keras or QKeras model into a graph."""

from dataclasses import dataclass, field

from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.graph import Graph, Shape
from hlsexplore.importers import hgq
from hlsexplore.importers.inspection import Inspection, LayerInfo
from hlsexplore.importers.layer import Builder, ImportedLayer, ImportedTensor
from hlsexplore.importers.operations import is_operation, operation
from hlsexplore.importers.options import Options
from hlsexplore.importers.registry import CONVERTERS, advice
from hlsexplore.importers.source import Lookup, Source
from hlsexplore.importers.stripped import stripped_weights
from hlsexplore.importers.structure import (
    MAX_LAYERS,
    LayerCall,
    LayerSpec,
    ModelSpec,
    TensorRef,
    expanded_layers,
    parse_model,
    shape_of,
)
from hlsexplore.importers.training import differs_in_training
from hlsexplore.ops import Activation, Function, Input, weights


def inspect_keras(source: Source) -> Inspection:
    """List a network's layers and everything in it that is not supported, and make its graph.

    Args:
        source: The model as read.

    Raises:
        ModelError: If it is damaged or no model, or weights are NaN or infinite.
    """
    spec = parse_model(source.config, repr(source.label))
    if expanded_layers(spec) > MAX_LAYERS:
        raise ModelError(
            f"{source.label!r}: its models expand to more than {MAX_LAYERS} layers, which is beyond any FPGA "
            "and beyond what is read."
        )
    walk = _Walk(source=source, weights=source.weights(spec))
    _reserve(walk, spec, "")
    made = {(ref.layer, ref.call): _input(walk, spec, ref) for ref in spec.inputs}
    outputs = _convert(walk, _Place(spec=spec), made)
    graph = None
    if not walk.problems:
        nodes = hgq.finish(walk.builder.nodes) if walk.has_hgq else tuple(walk.builder.nodes)
        graph = Graph(name=spec.name, nodes=nodes, outputs=tuple(tensor.node for tensor in outputs))
    problems = tuple(dict.fromkeys(walk.problems))
    return Inspection(name=spec.name, layers=tuple(walk.infos), problems=problems, graph=graph)


@dataclass(slots=True, kw_only=True)
class _Walk:
    """The state of a conversion: mutable, because layers are converted one after another.

    Attributes:
        source: The model.
        weights: Finds the weights of a layer.
        builder: The nodes so far.
        problems: What is not supported so far.
        infos: The layers so far.
        is_guessing: Whether a shape had to be guessed behind an unsupported layer; later mismatches are then no news.
        has_hgq: Whether a layer of HGQ2 came so far.
    """

    source: Source
    weights: Lookup
    builder: Builder = field(default_factory=Builder)
    problems: list[str] = field(default_factory=list)
    infos: list[LayerInfo] = field(default_factory=list)
    is_guessing: bool = False
    has_hgq: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One use of a model.

    Attributes:
        spec: The model.
        names: Names of the layers that lead to it from the outside; empty for the outermost model.
        prefix: What the names of its nodes begin with.
        is_training: Whether it is called in training mode.
    """

    spec: ModelSpec
    names: tuple[str, ...] = ()
    prefix: str = ""
    is_training: bool = False

    def trains(self, call: LayerCall) -> bool:
        """Whether a call in it runs in training mode: its own argument counts before that of the model around it."""
        return self.is_training if call.is_training is None else call.is_training


_Made = dict[tuple[str, int], tuple[ImportedTensor, ...]]


def _reserve(walk: _Walk, spec: ModelSpec, prefix: str) -> None:
    """Take the names of all layers before any name is made up."""
    for name, layer in spec.layers.items():
        walk.builder.taken.add(f"{prefix}{layer.title}")
        if layer.model is not None:
            _reserve(walk, layer.model, f"{prefix}{name}/")


def _input(walk: _Walk, spec: ModelSpec, ref: TensorRef) -> tuple[ImportedTensor, ...]:
    layer = _layer_of(spec, ref.layer)
    where = f"{walk.source.label}: the input {ref.layer!r}"
    shape = shape_of(layer.config.get("batch_shape") or layer.config.get("batch_input_shape"), where)
    if not shape or layer.cls != "InputLayer":
        raise ModelError(f"{where} has no fixed shape. Build the model with keras.Input(shape=(...)) before saving it.")
    tensor = walk.builder.add(ref.layer, Input(), (), shape, {}, f"{ref.layer} (InputLayer)")
    walk.infos.append(
        LayerInfo(name=ref.layer, cls=layer.cls, shape=shape, num_parameters=0, nodes=(tensor.node,), problem=None)
    )
    return (tensor,)


def _layer_of(spec: ModelSpec, name: str) -> LayerSpec:
    if name not in spec.layers:
        inner = next((item.name for item in spec.layers.values() if item.model and name in item.model.layers), None)
        if inner is not None:
            raise ModelError(
                f"the model {spec.name!r} reads {name!r}, which belongs to the model {inner!r} inside it. Keras 2 "
                "writes such files for layers that are shared with an inner model, and cannot load them either. "
                "Save it as .keras, or give the two models layers of their own."
            )
        raise ModelError(
            f"the model {spec.name!r} refers to a layer {name!r} that it does not have. The file is damaged."
        )
    return spec.layers[name]


def _convert(walk: _Walk, place: _Place, made: _Made) -> tuple[ImportedTensor, ...]:
    """Convert what the outputs of a model need, depth first.

    Args:
        walk: The conversion.
        place: The use of the model.
        made: Tensors that exist already, at first the inputs; filled.

    Returns:
        The output tensors.

    Raises:
        ModelError: If the layers form a cycle or refer to what does not exist.
    """
    spec = place.spec
    hints = {(ref.layer, ref.call): ref.shape for ref in _references(spec) if ref.shape is not None}
    behind = _shapes_behind(spec)
    stack = [(ref.layer, ref.call) for ref in reversed(spec.outputs)]
    waiting: set[tuple[str, int]] = set()
    while stack:
        name, call = key = stack[-1]
        if key in made:
            stack.pop()
            continue
        layer = _layer_of(spec, name)
        if not 0 <= call < len(layer.calls):
            raise ModelError(f"the model {spec.name!r} has no call {call} of the layer {name!r}. The file is damaged.")
        refs = layer.calls[call].inputs
        missing = [(ref.layer, ref.call) for ref in reversed(refs) if (ref.layer, ref.call) not in made]
        if missing and key in waiting:
            raise ModelError(f"the layers of the model {spec.name!r} form a cycle at {name!r}. The file is damaged.")
        if missing:
            waiting.add(key)
            stack.extend(missing)
            continue
        inputs = tuple(_pick(walk, spec, made, ref) for ref in refs)
        made[key] = _convert_call(walk, place, layer, call, inputs, hints.get(key) or behind.get(name))
        stack.pop()
    return tuple(_pick(walk, spec, made, ref) for ref in spec.outputs)


def _references(spec: ModelSpec) -> list[TensorRef]:
    return [ref for layer in spec.layers.values() for call in layer.calls for ref in call.inputs]


def _shapes_behind(spec: ModelSpec) -> dict[str, Shape | None]:
    """Return for each layer the recorded input shape of the one behind it, a hint for unsupported layers."""
    shapes: dict[str, Shape | None] = {}
    for layer in spec.layers.values():
        if len(layer.calls) == 1 and len(layer.calls[0].inputs) == 1:
            shapes.setdefault(layer.calls[0].inputs[0].layer, layer.input_shape)
    return shapes


def _pick(walk: _Walk, spec: ModelSpec, made: _Made, ref: TensorRef) -> ImportedTensor:
    tensors = made[ref.layer, ref.call]
    if 0 <= ref.index < len(tensors):
        return tensors[ref.index]
    cls = spec.layers[ref.layer].cls
    walk.problems.append(
        f"layer {ref.layer!r} ({cls}): its output number {ref.index + 1} is used, but only the first one is supported. "
        "Use return_state=False."
    )
    return tensors[-1]


def _convert_call(
    walk: _Walk, place: _Place, spec: LayerSpec, call: int, inputs: tuple[ImportedTensor, ...], hint: Shape | None
) -> tuple[ImportedTensor, ...]:
    """Convert one use of a layer; what is not supported is noted and replaced by a placeholder."""
    path = f"{place.prefix}{spec.title}"
    is_reserved = call == 0 and place.prefix == "".join(f"{name}/" for name in place.names)
    name = path if is_reserved else walk.builder.unique(path if call == 0 else f"{path}_{call + 1}")
    if spec.model is not None:
        return _convert_nested(walk, place, spec, call, name, inputs)
    start, problem = len(walk.builder.nodes), None
    try:
        output = _converted(walk, place, spec, call, name, inputs)
    except UnsupportedError as error:
        problem = " ".join(error.problems)
        walk.problems.extend(error.problems)
        output = _placeholder(walk, name, inputs, hint)
    except ModelError:
        if not walk.is_guessing:
            raise
        output = _placeholder(walk, name, inputs, hint)
    nodes = walk.builder.nodes[start:]
    count = sum(values.size for node in nodes for values in weights(node.op).values())
    shape = None if problem else output.shape
    names = tuple(node.name for node in nodes)
    walk.infos.append(
        LayerInfo(name=name, cls=spec.cls, shape=shape, num_parameters=count, nodes=names, problem=problem)
    )
    return (output,)


def _convert_nested(
    walk: _Walk, place: _Place, spec: LayerSpec, call: int, name: str, inputs: tuple[ImportedTensor, ...]
) -> tuple[ImportedTensor, ...]:
    """Convert a model that is used as a layer: its layers take the place of it."""
    model = spec.model
    if model is None or len(model.inputs) != len(inputs):
        raise ModelError(
            f"the nested model {name!r} is used with {len(inputs)} inputs, which it does not have. The file is damaged."
        )
    made: _Made = {(ref.layer, ref.call): (tensor,) for ref, tensor in zip(model.inputs, inputs, strict=True)}
    try:
        _check_call(spec.calls[call], f"model {name!r}", is_function=False)
    except UnsupportedError as error:
        walk.problems.extend(error.problems)
    trains = place.trains(spec.calls[call])
    inner = _Place(spec=model, names=(*place.names, spec.name), prefix=f"{name}/", is_training=trains)
    return _convert(walk, inner, made)


def _converted(
    walk: _Walk, place: _Place, spec: LayerSpec, call: int, name: str, inputs: tuple[ImportedTensor, ...]
) -> ImportedTensor:
    """Convert one use of one layer.

    Raises:
        UnsupportedError: If the layer or one of its options is not supported.
    """
    label = f"layer {name!r} ({spec.cls})"
    is_hgq = spec.package in hgq.PACKAGES
    is_function = not is_hgq and is_operation(spec, call)
    is_known = is_function or spec.cls in CONVERTERS
    if not is_hgq and (spec.package not in ("", "qkeras") or not is_known):
        raise UnsupportedError([f"{label}: {advice(spec.cls, spec.package)}"])
    _check_call(spec.calls[call], label, is_function)
    if place.trains(spec.calls[call]) and (is_hgq or spec.wrapper or differs_in_training(spec.cls, spec.config)):
        raise UnsupportedError(
            [
                f"{label}: it runs in training mode (it or a model around it is called with training=True), in which "
                "its outputs depend on the batch or on chance. Call it without training=True."
            ]
        )
    policy = spec.config.get("dtype")
    if isinstance(policy, dict) and policy.get("class_name", "DTypePolicy") != "DTypePolicy":
        raise UnsupportedError(
            [
                f"{label}: its weights are stored quantised ({str(policy['class_name'])[:40]}). "
                "Save the model before model.quantize()."
            ]
        )
    weights = walk.weights((*place.names, spec.name))
    layer = ImportedLayer(
        name=name,
        cls=spec.cls,
        config=Options(spec.config),
        builder=walk.builder,
        weights=stripped_weights(weights, spec.wrapper, spec.cls) if spec.wrapper else weights,
        is_keras2=walk.source.is_keras2,
        call=spec.calls[call],
        package=spec.package,
    )
    walk.has_hgq |= is_hgq
    converter = hgq.convert if is_hgq else operation if is_function else CONVERTERS[spec.cls]
    output = converter(layer, inputs)
    if output not in inputs:
        layer.require_all_read()
    return output


def _check_call(call: LayerCall, label: str, is_function: bool) -> None:
    """Refuse arguments that no converter reads.

    Raises:
        UnsupportedError: If a layer gets constants, or anything gets a mask.
    """
    if call.constants and not is_function:
        raise UnsupportedError(
            [f"{label}: it is called with the constant {call.constants[0]}. Use a layer without it."]
        )
    if "mask" in call.keywords:
        raise UnsupportedError([f"{label}: it is called with a mask. Use a layer without it."])


def _placeholder(walk: _Walk, name: str, inputs: tuple[ImportedTensor, ...], hint: Shape | None) -> ImportedTensor:
    """Stand in for an unsupported layer, so that everything behind it is checked too."""
    walk.is_guessing |= hint is None
    shape = hint or (inputs[0].shape if inputs else (1,))
    node = walk.builder.unique(f"{name}_unsupported")
    return walk.builder.add(node, Activation(function=Function.LINEAR), inputs[:1], shape, {}, name)
