"""Designs that come from outside the page: design cards, design files, and links."""

import base64
import binascii
import json
import zlib
from pathlib import Path
from typing import Any

from hlsexplore.design import Design, design_from_dict
from hlsexplore.errors import ConfigError
from hlsexplore.graph import Graph
from hlsexplore.support.yaml_file import parse_yaml, read_yaml

MAX_LINK = 1 << 16
"""Characters of a link; a design of a hundred layers has a tenth of that."""
MAX_TEXT = 1 << 22
"""Characters that a link or a dropped file may stand for."""
DIGEST = 16


def design_of_path(path: str, graph: Graph) -> Design:
    """Read a design card or a design file.

    Raises:
        ConfigError: If the file cannot be read, or is of another network.
    """
    return design_of_data(read_yaml(Path(path).expanduser()), Path(path).name, graph)


def design_of_text(text: str, name: str, graph: Graph) -> Design:
    """Read a design card or a design file from its text.

    Raises:
        ConfigError: If it cannot be read, or is of another network.
    """
    if len(text) > MAX_TEXT:
        raise ConfigError(f"{name} is larger than a design card can be and is not read.")
    return design_of_data(parse_yaml(text, name), name, graph)


def design_of_data(data: dict[str, Any], name: str, graph: Graph) -> Design:
    """Build the design of a card or a design file.

    Args:
        data: What the file holds.
        name: Its name, for messages.
        graph: The network that it must be of.

    Raises:
        ConfigError: If it is of another network, or a key or value is not valid.
    """
    model = data.get("model")
    digest = model.get("digest") if isinstance(model, dict) else None
    if digest is not None and digest != graph.digest:
        raise ConfigError(
            f"{name} is of another network or other weights (digest {str(digest)[:12]}) than {graph.name!r} "
            f"(digest {graph.digest[:12]}). Open it with its own model."
        )
    plain = data
    if "hlsexplore_card" in data:
        plain = data.get("design", {})
        if not isinstance(plain, dict):
            raise ConfigError(f"{name}: the design of a card must hold keys with values.")
        plain = {key: value for key, value in plain.items() if key != "key"}
    try:
        return design_from_dict(plain, graph)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from None


def link_of(design: Design) -> str:
    """Return a design as the part of a link behind `#design=`."""
    text = json.dumps({"graph": design.graph.digest[:DIGEST], **design.to_dict()}, separators=(",", ":"))
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def design_of_link(code: str, graph: Graph) -> Design:
    """Return the design of a link.

    Raises:
        ConfigError: If the link is damaged, or of another network.
    """
    damaged = ConfigError("the link to a design is damaged or not whole. Copy it again from the page.")
    if len(code) > MAX_LINK:
        raise damaged
    try:
        packed = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MAX_TEXT)
        if not unpacker.eof:
            raise damaged
        data = json.loads(text)
    except (binascii.Error, ValueError, zlib.error, RecursionError):
        raise damaged from None
    if not isinstance(data, dict):
        raise damaged
    if data.pop("graph", None) != graph.digest[:DIGEST]:
        raise ConfigError(f"the link is to a design of another network than {graph.name!r}.")
    return design_from_dict(data, graph)
