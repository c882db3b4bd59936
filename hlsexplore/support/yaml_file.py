"""YAML files of plain data, read and written by one function each."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

from hlsexplore.errors import ConfigError, quoted
from hlsexplore.support.files import read_text, replace_text

MAX_BYTES = 1 << 26
"""Largest file that is parsed (64 MiB); a design of a large network has some 100 KiB."""
MAX_VALUES = 1_000_000
"""Most values that a file may stand for: aliases let a short file stand for any number."""
_NEXT_LINE = "\x85"
"""The one character that PyYAML writes as it is and reads back as a space, unless it escapes all beyond ASCII."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping, without building anything but plain data.

    Raises:
        ConfigError: If the file is missing, is no YAML or holds no mapping.
    """
    try:
        text = read_text(path, MAX_BYTES)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}.") from None
    except ValueError as error:
        raise ConfigError(f"{path.name} is not valid YAML: {quoted(str(error))} at a value of it.") from None
    return parse_yaml(text, path.name)


def parse_yaml(text: str, name: str) -> dict[str, Any]:
    """Read YAML that holds a mapping, as `read_yaml` does.

    Args:
        text: The YAML.
        name: What it is called in messages.

    Raises:
        ConfigError: If it is no YAML or holds no mapping.
    """
    import yaml  # takes as long as the rest of the package

    class _Unique(yaml.SafeLoader):
        """Refuses a key that occurs twice, of which PyYAML keeps the last one without a word."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
            seen: set[tuple[str, str]] = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                if (key.tag, key.value) in seen:
                    problem = f"the key {quoted(key.value)} occurs twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add((key.tag, key.value))
            return super().construct_mapping(node, deep=deep)

    try:
        data = yaml.load(text, Loader=_Unique)
        count = _count(data, {})
    except yaml.YAMLError as error:
        raise ConfigError(f"{name} is not valid YAML: {error}") from None
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        # PyYAML lets the errors of its conversions out: dates and numbers that are none, tags that do not fit
        raise ConfigError(f"{name} is not valid YAML: {quoted(str(error))} at a value of it.") from None
    if count > MAX_VALUES:
        raise ConfigError(f"{name} stands for more than {MAX_VALUES} values and is not read.")
    if not isinstance(data, dict):
        raise ConfigError(f"{name} must hold keys with values, not {type(data).__name__}.")
    return data


def _count(value: Any, known: dict[int, int]) -> int:
    """Count the values that parsed data stands for, what an alias repeats as often as it does.

    Raises:
        RecursionError: If the data contains itself.
    """
    if not isinstance(value, dict | list | set | tuple):
        return 1
    if id(value) not in known:
        items = [*value, *value.values()] if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_count(item, known) for item in items)
    return known[id(value)]


def write_yaml(path: Path, data: dict[str, Any]) -> None:
    """Write plain data as a YAML file, atomically.

    Raises:
        ConfigError: If the file cannot be written.
    """
    import yaml

    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
    if _NEXT_LINE in text:
        text = yaml.safe_dump(data, sort_keys=False, width=120)
    write_atomic(path, text)


def write_atomic(path: Path, text: str) -> None:
    """Write a text file that the user named, atomically.

    Raises:
        ConfigError: If the file cannot be written.
    """
    try:
        replace_text(path, text)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}.") from None
