"""A trained network as a folder that every command opens: its graph, and its design."""

import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError
from hlsexplore.importers.graph_file import ARRAYS, DESIGN, GRAPH, graph_to_plain
from hlsexplore.support.files import replace_arrays, replace_text


def check_writable(folder: str | Path) -> None:
    """Check that a network can be written into a folder, before time is spent on it; nothing is left there.

    Raises:
        ConfigError: If the folder cannot be made, is a file, or cannot be written into.
    """
    path = Path(folder)
    made = [item for item in (path, *path.parents) if not item.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path):
            pass
    except FileExistsError:
        raise ConfigError(f"cannot write {str(path)!r}: it is a file, and a folder is needed.") from None
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror or error}.") from None
    finally:
        for item in made:
            with suppress(OSError):
                item.rmdir()


def save_network(design: Design, folder: str | Path) -> Path:
    """Write a network with its design; `read_model` and `read_design` open the folder, and so does every command.

    Args:
        design: The design; its graph is written too.
        folder: Folder to write, made when missing.

    Raises:
        ConfigError: If a file cannot be written.
    """
    path = Path(folder)
    data, arrays = graph_to_plain(design.graph)
    try:
        path.mkdir(parents=True, exist_ok=True)
        replace_arrays(path / ARRAYS, arrays)
        replace_text(path / GRAPH, json.dumps(data))
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror or error}.") from None
    design.save(path / DESIGN)
    return path
