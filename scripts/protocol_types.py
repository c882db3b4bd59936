"""Write what the kernel says to the browser as TypeScript, for the types of the JavaScript: `static/protocol.d.ts`.

The payloads are the TypedDicts of `protocol` and those beside it, the traits the annotations of the widgets.

    python scripts/protocol_types.py [--check]
"""

import argparse
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from hlsexplore_widgets import components, protocol, protocol_jobs, protocol_messages

FILE = Path(protocol.__file__).parent / "static" / "protocol.d.ts"
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
MODULES = (protocol, protocol_jobs, protocol_messages)
HEAD = (
    "// What the kernel says to the browser. Written by scripts/protocol_types.py from protocol*.py and components.py."
)


def type_text(hint: Any) -> str:
    """Return a type of Python as TypeScript.

    Raises:
        TypeError: If JSON has no such value.
    """
    origin, parts = get_origin(hint), get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if is_typeddict(hint):
        return str(hint.__name__)
    if origin is Literal:
        return " | ".join(f'"{part}"' for part in parts)
    if origin in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(map(type_text, parts)))
    if origin is tuple:
        return f"[{', '.join(map(type_text, parts))}]"
    if origin in (list, Sequence):
        inner = type_text(parts[0])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if origin is dict and parts[0] is str:
        return f"Record<string, {type_text(parts[1])}>"
    raise TypeError(f"{hint!r} has no form in the browser.")


def interface(name: str, hints: dict[str, Any], base: str = "") -> str:
    """Return an interface with a key for each hint."""
    lines = []
    for key, hint in hints.items():
        is_optional = get_origin(hint) is NotRequired
        text = type_text(get_args(hint)[0] if is_optional else hint)
        lines.append(f"  {key}{'?' if is_optional else ''}: {text};\n")
    return f"export interface {name}{f' extends {base}' if base else ''} {{\n{''.join(lines)}}}\n"


def traits() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each widget's name with the hints of the traits that the browser sees, what all of them have first."""
    found = [item for item in vars(components).values() if isinstance(item, type)]
    for widget in sorted(
        (item for item in found if issubclass(item, components.Component)), key=lambda item: item.__name__
    ):
        own = {key for key, trait in widget.class_own_traits(sync=True).items() if not key.startswith("_")}
        hints = get_type_hints(widget, include_extras=True)
        yield widget.__name__, {key: hints[key] for key in vars(widget) if key in own}


def rendered() -> str:
    """Return the text of the file."""
    parts = [HEAD]
    for name, item in (pair for module in MODULES for pair in vars(module).items()):
        if is_typeddict(item):
            text = interface(name, get_type_hints(item, include_extras=True))
            parts.append(text if item.__annotations__ else f"export type {name} = Record<string, undefined>;\n")
        elif not name.startswith("_") and get_origin(item) in (tuple, dict, types.UnionType, Union):
            parts.append(f"export type {name} = {type_text(item)};\n")
    for name, hints in traits():
        parts.append(interface(f"{name}Traits", hints, "" if name == "Component" else "ComponentTraits"))
    return "\n".join(parts)


def main() -> int:
    """Write the file, or with --check only say whether it would change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if the file would change")
    is_check = parser.parse_args().check
    text = rendered()
    if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
        return 0
    if is_check:
        sys.stdout.write(
            f"{FILE.name} is not what protocol*.py and components.py say. Run python scripts/protocol_types.py.\n"
        )
        return 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
