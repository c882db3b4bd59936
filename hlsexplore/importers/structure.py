"""The structure of a Keras model, in one form for Keras 2 and 3: layers, calls and tensors."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hlsexplore.errors import ModelError, quoted

Json = dict[str, Any]

MAX_LAYERS = 10_000
"""Most layers of a model, and of what it becomes when the models in it are expanded at each use."""
MAX_DEPTH = 20
MAX_NAME = 256
MODEL_CLASSES = ("Functional", "Sequential", "Model")
_FRAMEWORKS = ("keras", "qkeras", "tf_keras", "builtins", "tensorflow", "tensorflow_model_optimization")
_LIBRARIES = ("hgq",)
"""Modules whose classes count as registered by them: HGQ2 until 0.1.4 registered its `Quantizer` without a package."""
WRAPPERS = ("PruneLowMagnitude", "SpectralNormalization")
"""Wrappers that are taken off: they act in training only, but for the masks of pruning."""
_OPERATIONS = ("TFOpLambda", "SlicingOpLambda")


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorRef:
    """A tensor: the output of one call of a layer.

    Attributes:
        layer: Name of the layer.
        call: Which of its calls, from 0.
        index: Which of its outputs.
        shape: Shape without the batch axis, where the file says it.
    """

    layer: str
    call: int
    index: int
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a tensor among the arguments of a call.

    Attributes:
        index: Which of the call's inputs it is.
    """

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCall:
    """One use of a layer or function.

    Attributes:
        inputs: The tensors that it reads, in order.
        arguments: Positional arguments: constants and lists, with a `Slot` for each tensor.
        keywords: Named arguments likewise, without `training` and masks that are None.
        is_training: Whether it asks for training mode or for inference; None if it says neither.
    """

    inputs: tuple[TensorRef, ...] = ()
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    is_training: bool | None = None

    @property
    def constants(self) -> tuple[str, ...]:
        """Arguments that are no tensors and that matter, as text for messages."""
        named = ((key, value) for key, value in self.keywords.items() if value is not False)
        found = [quoted(value) for value in self.arguments if _is_constant(value)]
        return (*found, *(f"{key}={quoted(value)}" for key, value in named if _is_constant(value)))


def _is_constant(value: Any) -> bool:
    match value:
        case list() | tuple():
            return any(_is_constant(item) for item in value)
        case dict() if "class_name" not in value:
            return any(_is_constant(item) for item in value.values())
    return value is not None and not isinstance(value, Slot)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSpec:
    """A layer as the file describes it.

    Attributes:
        name: Its name, unique in its model.
        cls: Its class without package, such as `QDense`.
        package: Registered package of a custom class (`qkeras` for QKeras), or an empty text.
        module: Python module that the file names, or an empty text.
        config: Its options.
        calls: Its uses.
        wrapper: Class of the wrapper that it was in and that acts in training only, or an empty text.
        title: What it is called in the graph: its name, or without its wrapper its own one.
        is_shared: Whether the file says that it is one object with a layer of the same name in another model.
        input_shape: Input shape without the batch axis, where the file says it.
        model: The structure, if the layer is itself a model.
    """

    name: str
    cls: str
    config: Json
    package: str = ""
    module: str = ""
    calls: tuple[LayerCall, ...] = ()
    is_shared: bool = False
    wrapper: str = ""
    title: str = ""

    @property
    def is_operation(self) -> bool:
        """Whether it is a function that is applied without a layer."""
        return self.module.startswith(("keras.src.ops", "keras.ops")) or self.cls in _OPERATIONS

    input_shape: tuple[int, ...] | None = None
    model: "ModelSpec | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """The structure of a model.

    Attributes:
        name: Its name.
        layers: Its layers, by name, in the file's order.
        inputs: Its input tensors.
        outputs: Its output tensors.
    """

    name: str
    layers: dict[str, LayerSpec] = field(default_factory=dict)
    inputs: tuple[TensorRef, ...]
    outputs: tuple[TensorRef, ...]


def parse_model(config: Json, label: str, depth: int = 0) -> ModelSpec:
    """Read the structure of a model from its configuration.

    Args:
        config: `{"class_name": ..., "config": {...}}`.
        label: What to call the model in messages.
        depth: How many models enclose this one.

    Raises:
        ModelError: If the configuration is damaged or is no Sequential or Functional model.
    """
    cls, package, _ = class_of(config, label)
    body = config.get("config")
    if cls == "Sequential" and isinstance(body, list):  # Keras before 2.2
        body = {"name": "sequential", "layers": body}
    is_model = cls in MODEL_CLASSES and not package and isinstance(body, dict) and isinstance(body.get("layers"), list)
    if not is_model or not isinstance(body, dict):
        raise ModelError(
            f"{label} is a {cls!r}, expected a Sequential or Functional model. Subclassed models hold their structure "
            "in Python code, which is never executed; rebuild the network with keras.Sequential or keras.Model(x, y)."
        )
    if depth > MAX_DEPTH or len(body["layers"]) > MAX_LAYERS:
        raise ModelError(f"{label} nests more than {MAX_DEPTH} models or has more than {MAX_LAYERS} layers.")
    name = checked_name(body.get("name", cls.lower()), label)
    specs = _layers(body["layers"], label, depth)
    return _sequential(name, body, specs, label) if cls == "Sequential" else _functional(name, body, specs, label)


def expanded_layers(spec: ModelSpec) -> int:
    """Count the layers of a model when the models in it are expanded at each of their uses."""
    return sum(
        max(len(layer.calls), 1) * (1 if layer.model is None else expanded_layers(layer.model))
        for layer in spec.layers.values()
    )


def class_of(item: Json, label: str) -> tuple[str, str, str]:
    """Return class, package and module of a serialised object.

    The package is empty for the frameworks' own classes; a user's class gets its package, or `custom`.
    """
    raw = item.get("class_name") if isinstance(item, dict) else None
    if not isinstance(raw, str) or not raw or len(raw) > MAX_NAME or not raw.isprintable():
        raise ModelError(f"{label}: an object without a usable 'class_name'. The file is damaged.")
    package, _, cls = raw.rpartition(">")
    module = item.get("module") or ""
    registered = item.get("registered_name")
    if not isinstance(module, str):
        raise ModelError(f"{label}: the module of {cls!r} is {quoted(module)}, expected a text. The file is damaged.")
    root = module.split(".")[0]
    if not package and isinstance(registered, str) and ">" in registered:
        package = registered.rpartition(">")[0]
    if not package and root not in ("", *_FRAMEWORKS):
        package = root if root in _LIBRARIES else "custom"
    if not package and root == "builtins" and isinstance(registered, str) and cls not in ("function",):
        package = "custom"
    return cls, package, module


def checked_name(name: Any, label: str) -> str:
    """Return a layer's name.

    Raises:
        ModelError: If it is no printable text of bounded length.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        shown = repr(name)[:60]
        raise ModelError(
            f"{label}: the name {shown} of a layer is not usable. Rename it with 1 to {MAX_NAME} printable characters."
        )
    return name


def shape_of(value: Any, label: str) -> tuple[int, ...] | None:
    """Return a shape without its batch axis; None if it is not given.

    Raises:
        ModelError: If an axis other than the batch axis is unknown or not positive.
    """
    if not isinstance(value, list | tuple) or not value:
        return None
    for size in value[1:]:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ModelError(
                f"{label}: the shape {tuple(value)} has an axis of unknown or no size. Hardware needs fixed sizes: "
                "build the model with keras.Input(shape=(...)) that gives every axis but the batch."
            )
    return tuple(value[1:])


def _layers(items: list[Any], label: str, depth: int) -> dict[str, LayerSpec]:
    specs: dict[str, LayerSpec] = {}
    for item in items:
        cls, package, module = class_of(item, label)
        config = item.get("config")
        if not isinstance(config, dict):
            raise ModelError(f"{label}: a layer of class {cls!r} has no configuration. The file is damaged.")
        name = checked_name(item.get("name") or config.get("name"), label)
        if name in specs:
            raise ModelError(f"{label}: the layer name {name!r} occurs twice. Give each layer a name of its own.")
        wrapper = cls if cls in WRAPPERS and not package else ""
        if wrapper:
            inner = config.get("layer")
            cls, package, module = class_of(inner, f"{label}: what {name!r} wraps")  # type: ignore[arg-type]
            config = _unwrapped(config, inner, label)
        model = None
        if cls in MODEL_CLASSES and not package and isinstance(config.get("layers"), list):
            model = parse_model(item, f"the nested model {name!r}", depth + 1)
        build = item.get("build_config")
        shape = build.get("input_shape") if isinstance(build, dict) else None
        is_plain = isinstance(shape, list) and all(size is None or isinstance(size, int) for size in shape)
        specs[name] = LayerSpec(
            name=name,
            cls=cls,
            package=package,
            module=module,
            config=config,
            calls=_calls(item.get("inbound_nodes"), label, name),
            is_shared=item.get("shared_object_id") is not None,
            wrapper=wrapper,
            title=name,
            input_shape=_hint(shape) if is_plain else None,
            model=model,
        )
    return _titled(specs)


def _unwrapped(config: Json, inner: Any, label: str) -> Json:
    """Return the options of a wrapped layer, with what the wrapper says of its input."""
    if not isinstance(inner.get("config"), dict):
        raise ModelError(f"{label}: a wrapped layer has no configuration. The file is damaged.")
    given = {key: config[key] for key in ("batch_input_shape", "batch_shape") if key in config}
    return {**given, **inner["config"]}


def _titled(specs: dict[str, LayerSpec]) -> dict[str, LayerSpec]:
    """Call wrapped layers by their own names, where these are free."""
    titles = {name: str(spec.config.get("name", name)) if spec.wrapper else name for name, spec in specs.items()}
    used = Counter(titles.values())
    return {
        name: replace(spec, title=checked_name(titles[name], name)) if used[titles[name]] == 1 else spec
        for name, spec in specs.items()
    }


def _hint(shape: Any) -> tuple[int, ...] | None:
    """Return a shape without its batch axis if all of it is known."""
    if not isinstance(shape, list | tuple) or not all(isinstance(size, int) and size > 0 for size in shape[1:]):
        return None
    return tuple(shape[1:])


def _calls(nodes: Any, label: str, name: str) -> tuple[LayerCall, ...]:
    if nodes is None:
        return ()
    if not isinstance(nodes, list):
        raise ModelError(f"{label}: 'inbound_nodes' of layer {name!r} is no list. The file is damaged.")
    return tuple(_call3(node, label, name) if isinstance(node, dict) else _call2(node, label) for node in nodes)


def _call3(node: Json, label: str, name: str) -> LayerCall:
    """Read a call as Keras 3 writes it: arguments with tensors among them."""
    inputs: list[TensorRef] = []
    arguments = _arguments(node.get("args", []), inputs, label)
    extra = node.get("kwargs") or {}
    if not isinstance(extra, dict) or not isinstance(arguments, list):
        raise ModelError(f"{label}: the arguments of layer {name!r} are no object. The file is damaged.")
    used = {key: value for key, value in extra.items() if key != "training" and not _is_no_mask(key, value)}
    keywords = {key: _arguments(value, inputs, label) for key, value in used.items()}
    training = _training(extra.get("training"))
    return LayerCall(inputs=tuple(inputs), arguments=tuple(arguments), keywords=keywords, is_training=training)


def _is_no_mask(key: str, value: Any) -> bool:
    """Whether an argument is a mask that is None, or one for each input that is."""
    masks = value if isinstance(value, list | tuple) else [value]
    return key == "mask" and all(item is None or item is False for item in masks)


def _training(value: Any) -> bool | None:
    """Read the argument `training`; one that is a tensor may be true."""
    return None if value is None else bool(value)


def _arguments(item: Any, inputs: list[TensorRef], label: str, depth: int = 0) -> Any:
    """Turn the arguments of a Keras 3 call into plain data, and gather their tensors."""
    if depth > MAX_DEPTH:
        raise ModelError(f"{label}: the arguments of a layer are nested too deeply. The file is damaged.")
    if isinstance(item, list | tuple):
        return [_arguments(value, inputs, label, depth + 1) for value in item]
    if not isinstance(item, dict):
        return item
    if "class_name" not in item:
        return {str(key): _arguments(value, inputs, label, depth + 1) for key, value in item.items()}
    body = item.get("config")
    match item["class_name"]:
        case "__keras_tensor__":
            if not isinstance(body, dict):
                raise ModelError(f"{label}: a tensor without description. The file is damaged.")
            inputs.append(_reference(body.get("keras_history"), label, _hint(body.get("shape"))))
            return Slot(len(inputs) - 1)
        case "__numpy__" | "__tensor__" if isinstance(body, dict):
            return body.get("value")
        case "__slice__" if isinstance(body, dict):
            return {key: body.get(key) for key in ("start", "stop", "step")}
    return item


def _call2(node: Any, label: str) -> LayerCall:
    """Read a call as Keras 2 writes it: [[layer, call, index, keywords], ...] or one such list."""
    inputs: list[TensorRef] = []
    arguments: list[Any] = []
    keywords: dict[str, Any] = {}
    training: bool | None = None
    if isinstance(node, list) and node and isinstance(node[0], str):
        node = [node]
    if not isinstance(node, list):
        raise ModelError(f"{label}: a call of a layer is described by {str(node)[:60]!r}. The file is damaged.")
    for item in node:
        tensor, extra = item, {}
        if isinstance(item, list) and len(item) == 4 and isinstance(item[3], dict):
            tensor, extra = item[:3], item[3]
        match tensor:
            case ["_CONSTANT_VALUE", -1, value]:
                arguments.append(value)
            case _:
                inputs.append(_reference(tensor, label))
                arguments.append(Slot(len(inputs) - 1))
        training = _training(extra.get("training")) if training is None else training
        for key, value in extra.items():
            match value:
                case [str(), int(), int()]:
                    inputs.append(_reference(value, label))
                    keywords[key] = Slot(len(inputs) - 1)
                case _ if key not in ("name", "training") and not _is_no_mask(key, value):
                    keywords[key] = value
    return LayerCall(inputs=tuple(inputs), arguments=tuple(arguments), keywords=keywords, is_training=training)


def _reference(item: Any, label: str, shape: tuple[int, ...] | None = None) -> TensorRef:
    match item:
        case [str(layer), int(call), int(index)]:
            return TensorRef(layer=layer, call=call, index=index, shape=shape)
    raise ModelError(
        f"{label}: {str(item)[:60]!r} describes no tensor, expected [layer, call, index]. The file is damaged."
    )


def _references(item: Any, label: str, depth: int = 0) -> tuple[TensorRef, ...]:
    """Read the inputs or outputs of a Functional model: one tensor, a list of them, or a dict by name."""
    match item:
        case [str(), int(), int()]:
            return (_reference(item, label),)
        case list() | dict() if depth < MAX_DEPTH:
            parts = item.values() if isinstance(item, dict) else item
            return tuple(ref for part in parts for ref in _references(part, label, depth + 1))
    raise ModelError(f"{label}: {str(item)[:60]!r} describes no tensors. The file is damaged.")


def _functional(name: str, body: Json, specs: dict[str, LayerSpec], label: str) -> ModelSpec:
    inputs = _references(body.get("input_layers"), label)
    outputs = _references(body.get("output_layers"), label)
    if not inputs or not outputs:
        raise ModelError(f"{label} has no inputs or no outputs. The file is damaged.")
    if any(
        isinstance(item.get("inbound_nodes"), list) and _is_keras3(item["inbound_nodes"]) for item in body["layers"]
    ):
        is_model = {key: int(spec.cls != "Sequential") for key, spec in specs.items() if spec.model is not None}
        return ModelSpec(name=name, layers=specs, inputs=inputs, outputs=_shift_all(outputs, is_model))
    offsets = _call_offsets(specs, outputs)
    fixed = {
        key: replace(spec, calls=tuple(replace(call, inputs=_shift_all(call.inputs, offsets)) for call in spec.calls))
        for key, spec in specs.items()
    }
    return ModelSpec(name=name, layers=fixed, inputs=inputs, outputs=_shift_all(outputs, offsets))


def _is_keras3(nodes: list[Any]) -> bool:
    return bool(nodes) and isinstance(nodes[0], dict)


def _call_offsets(specs: dict[str, LayerSpec], outputs: tuple[TensorRef, ...]) -> dict[str, int]:
    """Find the nested models whose calls Keras 2 counts from 1, because call 0 is their own definition.

    Keras 3 does so too, but for the outputs of the enclosing model only.
    """
    last: dict[str, int] = {}
    for ref in (*outputs, *(ref for spec in specs.values() for call in spec.calls for ref in call.inputs)):
        last[ref.layer] = max(last.get(ref.layer, 0), ref.call)
    return {
        name: last[name] - len(spec.calls) + 1
        for name, spec in specs.items()
        if spec.model is not None and spec.calls and last.get(name, 0) >= len(spec.calls)
    }


def _shift_all(refs: tuple[TensorRef, ...], offsets: dict[str, int]) -> tuple[TensorRef, ...]:
    return tuple(replace(ref, call=max(ref.call - offsets.get(ref.layer, 0), 0)) for ref in refs)


def _sequential(name: str, body: Json, specs: dict[str, LayerSpec], label: str) -> ModelSpec:
    """Chain the layers; a Sequential model without an InputLayer gets one from the recorded input shape."""
    items = list(specs.values())
    if not items:
        raise ModelError(f"{label} has no layers.")
    if items[0].cls != "InputLayer":
        first = items[0].config
        shape = first.get("batch_input_shape") or first.get("batch_shape") or body.get("build_input_shape")
        if shape is None and items[0].input_shape is not None:
            shape = [None, *items[0].input_shape]
        if shape is None and items[0].model is not None and len(items[0].model.inputs) == 1:
            inner = items[0].model
            shape = inner.layers[inner.inputs[0].layer].config.get("batch_shape")
        entry = "input" if "input" not in specs else f"{name}_input"
        items.insert(0, LayerSpec(name=entry, cls="InputLayer", config={"batch_shape": shape}, title=entry))
    chained: dict[str, LayerSpec] = {}
    previous: str | None = None
    for spec in items:
        refs = () if previous is None else (LayerCall(inputs=(TensorRef(layer=previous, call=0, index=0),)),)
        chained[spec.name] = replace(spec, calls=refs)
        previous = spec.name
    first_name, last_name = items[0].name, items[-1].name
    return ModelSpec(
        name=name,
        layers=chained,
        inputs=(TensorRef(layer=first_name, call=0, index=0),),
        outputs=(TensorRef(layer=last_name, call=0, index=0),),
    )
