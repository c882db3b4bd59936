"""Weights that Keras' saving code numbers by class: in `.keras` archives and in `.weights.h5` files.

A layer's group is called after its class and a counter, `layers/dense_1/vars/0`. Which number a layer has depends on
the version that wrote the file (`saving_lib.py` of each); later ones store the layer's name beside it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations, islice, product
from typing import Any

from hlsexplore.importers.hdf5 import Opener, child, readable, reference
from hlsexplore.importers.source import EMPTY, LayerPath, LayerWeights, Lookup, WeightRef
from hlsexplore.importers.structure import MAX_DEPTH, LayerSpec, ModelSpec

LAYERS, DEPENDENCIES = "layers", "_layer_checkpoint_dependencies"
CONTAINERS = (LAYERS, DEPENDENCIES)
"""Where a model keeps its layers: Keras 2.15 and later, and Keras 2.12 to 2.14."""
_COUNTED_TWICE = ("2.12.", "2.13.")
"""Versions that count a layer with weights twice, because they list it twice."""
MAX_COMPONENTS = 4
"""How deep the parts of a layer are nested (a wrapper's layer, its cell, the cell's part)."""
MAX_TRIES = 64
"""Choices of layers that may be one which are tried: all of up to 6 repeated layers."""


def stored_weights(label: str, reopen: Opener, spec: ModelSpec, version: str) -> Lookup:
    """Return a function that finds the weights of a layer.

    Args:
        label: The file's name.
        reopen: Opens the file.
        spec: The model.
        version: Version of Keras that wrote the file, or an empty text.
    """
    with readable(label), reopen() as file:
        groups = _places(file, spec, version)

    def find(path: LayerPath) -> LayerWeights:
        if path not in groups:
            return EMPTY
        parts: dict[str, tuple[WeightRef, ...]] = {}
        with readable(label), reopen() as file:
            _collect(child(file, groups[path]), "", reopen, parts)
        return LayerWeights(groups=parts)

    return find


def _places(file: Any, spec: ModelSpec, version: str) -> dict[LayerPath, str]:
    """Find the group of each layer.

    A layer that is shared with a nested model is stored once, where the walk meets it first. `.keras` files mark it as
    shared, but in some of its places only; architectures that are stored apart do not mark it at all. There, layers of
    equal name and options may be one or several: what accounts for all groups of the file is right.
    """
    filled = list(_filled(file, (), ""))
    marked = {_content(layer) for layer in _all_layers(spec) if layer.is_shared}
    counts = Counter(_content(layer) for layer in _all_layers(spec))
    open_ = [content for content, count in counts.items() if count > 1 and content not in marked]
    usual = version.startswith(_COUNTED_TWICE)
    counting = (usual, not usual) if DEPENDENCIES in file else (False,)
    best: tuple[int, _Walk] | None = None
    for chosen, twice in product(islice(_subsets(open_), MAX_TRIES), counting):
        walk = _Walk(file=file, is_keras2=version.startswith("2."), twice=twice, shared=marked.union(chosen))
        _walk(walk, spec, "", ())
        wrong = len(walk.missing) + len({place for _, place in filled}.difference(walk.groups.values()))
        if best is None or wrong < best[0]:
            best = (wrong, walk)
        if wrong == 0:
            break
    if best is None:
        return {}
    for path in best[1].missing:
        found = _elsewhere(filled, path)
        if found is not None:
            best[1].groups[path] = found
    return best[1].groups


def _subsets(items: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """List all choices of items, small ones first."""
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


@dataclass(slots=True, kw_only=True)
class _Walk:
    """The state of a walk over a model in the order of Keras' saving code. Mutable, because it counts and remembers.

    Attributes:
        file: The weights.
        is_keras2: Whether Keras 2 wrote them.
        twice: Whether layers with weights are counted twice.
        shared: Content of the layers that are one object wherever they occur.
        groups: Group of each layer so far.
        seen: Group of each shared layer so far, by content.
        missing: Layers whose group is not where the counters put it.
    """

    file: Any
    is_keras2: bool
    twice: bool
    shared: set[str]
    groups: dict[LayerPath, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    missing: list[LayerPath] = field(default_factory=list)


def _walk(walk: _Walk, spec: ModelSpec, where: str, above: LayerPath) -> None:
    """Place the layers of a model whose group is `where`."""
    group = child(walk.file, where) if where else walk.file
    container = next((name for name in CONTAINERS if name in group), None)
    if container is None:
        walk.missing += [(*above, name) for name in spec.layers]
        return
    layers = child(group, container)
    stored = {item: _stored_name(child(layers, item)) for item in layers}
    prefix = f"{where}/{container}".lstrip("/")
    used: dict[str, int] = {}
    for layer in spec.layers.values():
        if layer.is_operation:
            continue
        path, content = (*above, layer.name), _content(layer)
        place = walk.seen.get(content)
        # Keras 2.14 to tf_keras do not count a layer that was saved before; Keras 3 does.
        if place is None or not walk.is_keras2 or walk.twice:
            number = _number(snake_case(layer.wrapper or layer.cls), used)
            found = _named_child(stored, layer.name, number) if place is None else None
            place = place or (None if found is None else f"{prefix}/{found}")
        if place is None:
            walk.missing.append(path)
            continue
        if walk.twice and _holds_values(child(walk.file, place)):
            _number(snake_case(layer.wrapper or layer.cls), used)
        walk.groups[path] = place
        if content in walk.shared:
            walk.seen.setdefault(content, place)
        if layer.model is not None:
            _walk(walk, layer.model, place, path)


def _content(layer: LayerSpec) -> str:
    """Return what two layers have in common if they are one: name, class and options."""
    return json.dumps([layer.name, layer.cls, _unmarked(layer.config)], sort_keys=True)


def _unmarked(value: Any) -> Any:
    """Leave out the marks of shared objects, such as initializers, that are set in some places only."""
    if isinstance(value, dict):
        return {key: _unmarked(item) for key, item in value.items() if key != "shared_object_id"}
    return [_unmarked(item) for item in value] if isinstance(value, list) else value


def _all_layers(spec: ModelSpec) -> Iterator[LayerSpec]:
    """List the layers of a model and of those in it."""
    for layer in spec.layers.values():
        yield layer
        if layer.model is not None:
            yield from _all_layers(layer.model)


def _number(name: str, used: dict[str, int]) -> str:
    """Number a group the way Keras' saving code does (`_get_unique_name`)."""
    if name in used:
        used[name] += 1
        return f"{name}_{used[name]}"
    used[name] = 0
    return name


def snake_case(name: str) -> str:
    """Name a class the way Keras does.

    Examples:
        >>> snake_case("QConv2DBatchnorm"), snake_case("ReLU")
        ('q_conv2d_batchnorm', 're_lu')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _named_child(stored: dict[str, str | None], name: str, numbered: str) -> str | None:
    """Return the group whose stored layer name is `name`; files without names are numbered by class."""
    if stored.get(numbered) == name:
        return numbered
    matches = [item for item, value in stored.items() if value == name]
    if len(matches) == 1:
        return matches[0]
    return numbered if numbered in stored and stored[numbered] is None else None


def _stored_name(group: Any) -> str | None:
    value = child(group, "vars").attrs.get("name") if "vars" in group else None
    return str(value) if isinstance(value, str) else None


def _holds_values(group: Any) -> bool:
    """Whether a layer's group, one of its parts or a layer in it has arrays."""
    return any(
        bool(len(child(group, name))) if name == "vars" else _holds_values(child(group, name))
        for name in group
        if hasattr(child(group, name), "keys")
    )


def _filled(group: Any, above: LayerPath, where: str) -> Iterator[tuple[LayerPath, str]]:
    """List the groups of layers that have arrays of their own, with the stored names that lead to them."""
    container = next((name for name in CONTAINERS if name in group), None)
    if container is None or len(above) > MAX_DEPTH:
        return
    layers = child(group, container)
    for item in layers:
        layer, place = child(layers, item), f"{where}/{container}/{item}".lstrip("/")
        path = (*above, _stored_name(layer) or "")
        inner = next((name for name in CONTAINERS if name in layer), None)
        if inner is None and _holds_values(layer):
            yield path, place
        yield from _filled(layer, path, place)


def _elsewhere(filled: list[tuple[LayerPath, str]], path: LayerPath) -> str | None:
    """Find a layer that is shared with another model, where Keras met it first; None if that is not certain.

    The only group whose stored names end as the path does, with as many names as possible.
    """
    for length in range(len(path), 0, -1):
        found = [place for names, place in filled if names[-length:] == path[-length:]]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _collect(group: Any, component: str, reopen: Opener, into: dict[str, tuple[WeightRef, ...]]) -> None:
    """Gather the arrays of a layer and of its parts (cells, wrapped layers)."""
    for name in group:
        if name in CONTAINERS:
            continue
        part = child(group, name)
        if name != "vars":
            if hasattr(part, "keys") and component.count("/") < MAX_COMPONENTS:
                _collect(part, f"{component}/{name}".lstrip("/"), reopen, into)
            continue
        numbers = sorted((item for item in part if item.isdigit() and len(item) < 6), key=int)
        into[component] = tuple(reference(child(part, item), reopen) for item in numbers)
