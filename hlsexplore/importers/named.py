"""Weights that are stored under the names of layers: whole `.h5` models, and `.h5` files of weights of Keras 2."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hlsexplore.importers.hdf5 import Opener, child, list_attribute, readable, reference
from hlsexplore.importers.operations import is_bare_function
from hlsexplore.importers.source import EMPTY, LayerPath, LayerWeights, Lookup
from hlsexplore.importers.structure import ModelSpec


def named_weights(label: str, reopen: Opener, root: str, spec: ModelSpec) -> Lookup:
    """Return a function that finds the weights of a layer.

    Args:
        label: The file's name.
        reopen: Opens the file.
        root: Group that holds the layers; empty for the file itself.
        spec: The model.
    """
    with readable(label), reopen() as file:
        renamed = _renamed(spec, list_attribute(_root(file, root), "layer_names"))
    slashed = [path for path in _paths(spec) if "/" in path[-1]]

    def find(path: LayerPath) -> LayerWeights:
        others = [other for other in slashed if other[0] == path[0] and other != path]
        return _find(label, reopen, root, (renamed.get(path[0], path[0]), *path[1:]), others)

    return find


def _paths(spec: ModelSpec, above: LayerPath = ()) -> Iterator[LayerPath]:
    """List the layers of a model and of those in it."""
    for name, layer in spec.layers.items():
        yield (*above, name)
        if layer.model is not None:
            yield from _paths(layer.model, (*above, name))


def _root(file: Any, root: str) -> Any:
    return child(file, root) if root else file


def _renamed(spec: ModelSpec, stored: list[str]) -> Mapping[str, str]:
    """Return the stored name of each layer; where names differ, the order counts, as it does in Keras.

    Functions that are applied without a layer have no place in the file.
    """
    names = [name for name, layer in spec.layers.items() if not is_bare_function(layer)]
    plain = [name for name in names if spec.layers[name].cls != "InputLayer"]
    if set(plain) <= set(stored):
        return {}
    for candidates in (names, plain):
        if len(candidates) == len(stored):
            return dict(zip(candidates, stored, strict=True))
    return {}


def _find(label: str, reopen: Opener, root: str, path: LayerPath, others: Sequence[LayerPath]) -> LayerWeights:
    """Find a layer's weights; those of nested models lie in the outermost one's group.

    Args:
        label: The file's name.
        reopen: Opens the file.
        root: Group that holds the layers.
        path: The layer.
        others: Layers whose names have slashes, which may begin with this one's: `Conv` and `Conv/BatchNorm`.
    """
    with readable(label), reopen() as file:
        top = _root(file, root)
        if path[0] not in top:
            return EMPTY
        group = child(top, path[0])
        refs = [reference(child(group, name), reopen, name) for name in list_attribute(group, "weight_names")]
    if len(path) > 1:
        scores = [_agreement(ref.path, path) for ref in refs]
        best = max(scores, default=0)
        refs = [ref for ref, score in zip(refs, scores, strict=True) if score == best > 0]
        refs = [ref for ref in refs if all(_agreement(ref.path, other) <= best for other in others)]
    return LayerWeights(named=tuple(refs))


def _agreement(stored: str, path: LayerPath) -> int:
    """Count how many names, from the layer's own outwards, a weight's path has in a row."""
    folders = stored.split("/")[:-1]
    own, parts = path[-1].split("/"), "/".join(path).split("/")
    best = 0
    for end in range(len(own), len(folders) + 1):
        if folders[end - len(own) : end] != own:
            continue
        count = len(own)
        while count < min(end, len(parts)) and folders[end - 1 - count] == parts[-1 - count]:
            count += 1
        best = max(best, count)
    return best
