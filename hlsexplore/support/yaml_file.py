"""YAML files of plain data, read and written by one function each."""

from pathlib import Path
from typing import Any

from hlsexplore.errors import ConfigError
from hlsexplore.support.files import replace_text

_NEXT_LINE = "\x85"
"""The one character that PyYAML writes as it is and reads back as a space, unless it escapes all beyond ASCII."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping, without building anything but plain data.

    Raises:
        ConfigError: If the file is missing, is no YAML or holds no mapping.
    """
    import yaml  # takes as long as the rest of the package

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path.name} is not valid YAML: {error}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path.name} must hold keys with values, not {type(data).__name__}.")
    return data


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
