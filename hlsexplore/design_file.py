"""Designs as YAML files, written and read by one function each."""

import logging
from pathlib import Path
from typing import Any

import yaml

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore.files import replace_text
from hlsexplore.graph import Graph
from hlsexplore.target import Target

FORMAT = 1
logger = logging.getLogger(__name__)


def save_design(design: Design, path: Path) -> None:
    """Write a design as YAML, atomically: a full disk or a crash never leaves half a file.

    Raises:
        ConfigError: If the file cannot be written.
    """
    data = {
        "hlsexplore": FORMAT,
        "model": {"name": design.graph.name, "digest": design.graph.digest},
        **design.to_dict(),
    }
    write_atomic(path, yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120))


def load_design(path: Path, graph: Graph) -> Design:
    """Read a design for a graph; what the file leaves out gets its default.

    Raises:
        ConfigError: If the file is unreadable or has an unknown key, layer or value.
    """
    data = read_yaml(path)
    try:
        return design_from_dict(data, graph)
    except ConfigError as error:
        raise ConfigError(f"{path.name}: {error}") from None


def design_from_dict(data: dict[str, Any], graph: Graph) -> Design:
    """Build a design from the plain data of a design file.

    Raises:
        ConfigError: If a key, layer or value is not valid.
    """
    valid = ("hlsexplore", "model", "target", "layers")
    for key in data:
        if key not in valid:
            raise ConfigError(unknown_name("key", key, valid, "A design file"))
    if data.get("hlsexplore", FORMAT) != FORMAT:
        raise ConfigError(f"this design file has format {data['hlsexplore']!r}; this version reads {FORMAT}.")
    digest = _mapping(data, "model").get("digest")
    if digest is not None and digest != graph.digest:
        logger.warning("the design was saved for other weights or another model than %r", graph.name)
    target = _mapping(data, "target")
    for key in target:
        if key not in Target.__slots__:
            raise ConfigError(unknown_name("key", key, Target.__slots__, "A target"))
    layers = _mapping(data, "layers")
    for name, changes in layers.items():
        if not isinstance(changes, dict):
            raise ConfigError(f"layer {name!r}: expected keys with values, not {changes!r}.")
    return Design.default(graph, Target(**target)).with_layers(layers)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping, without building anything but plain data.

    Raises:
        ConfigError: If the file is missing, is no YAML or holds no mapping.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path.name} is not valid YAML: {error}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path.name} must hold keys with values, not {type(data).__name__}.")
    return data


def write_atomic(path: Path, text: str) -> None:
    """Write a text file that the user named, atomically.

    Raises:
        ConfigError: If the file cannot be written.
    """
    try:
        replace_text(path, text)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}.") from None


def _mapping(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key) or {}
    if not isinstance(value, dict):
        raise ConfigError(f"{key!r} must hold keys with values, not {value!r}.")
    return value
