"""Which module of a Verilog project instantiates which, so that each can be synthesized on its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hlsexplore.errors import ToolError

_NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_MODULE = re.compile(r"\bmodule\s+([A-Za-z_][A-Za-z0-9_$]*)(.*?)\bendmodule\b", re.DOTALL)
_INSTANCE = re.compile(r"\b([A-Za-z_][A-Za-z0-9_$]*)\s*(#\s*\(|\s[A-Za-z_][A-Za-z0-9_$]*\s*\()")
_SYSTEM_FILE = re.compile(r'\$readmem[hb]\s*\(\s*"([^"\n]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A Verilog module.

    Attributes:
        name: Its identifier.
        file: File that defines it.
        instances: Names of the modules that it instantiates, one entry for each instance.
        has_parameters: Whether an instance in it sets parameters.
        ports: Text of a module with the same ports and nothing inside, or of the whole one.
    """

    name: str
    file: str
    instances: tuple[str, ...]
    has_parameters: bool
    ports: str


def find_modules(sources: Mapping[str, str]) -> dict[str, Module]:
    """Read the modules of some Verilog files.

    Only instances of modules that these files define count; primitives of a vendor are no modules here.

    Args:
        sources: Text by file name.

    Raises:
        ToolError: If a module is defined twice.
    """
    bodies: dict[str, tuple[str, str]] = {}
    for file, text in sources.items():
        for name, body in _MODULE.findall(_NOISE.sub(" ", text)):
            if name in bodies:
                raise ToolError(f"the Verilog module {name!r} is defined in {bodies[name][0]!r} and in {file!r}.")
            bodies[name] = (file, body)
    found: dict[str, Module] = {}
    for name, (file, body) in bodies.items():
        used = [(kind, rest) for kind, rest in _INSTANCE.findall(body) if kind in bodies and kind != name]
        found[name] = Module(
            name=name,
            file=file,
            instances=tuple(kind for kind, _ in used),
            has_parameters=any(rest.startswith("#") for _, rest in used),
            ports=_ports(name, body),
        )
    return found


def _ports(name: str, body: str) -> str:
    header = re.match(r"\s*\(.*?\)\s*;", body, re.DOTALL)
    # Ports without a direction in the header (Verilog-1995) are declared further down: keep all of it then.
    inside = body if header is None or not re.search(r"\b(input|output)\b", header.group()) else header.group()
    return f"module {name}{inside}\nendmodule\n"


def closure(modules: Mapping[str, Module], name: str) -> list[str]:
    """List a module and everything below it, each once, the module itself first.

    Raises:
        ToolError: If the module is not defined.
    """
    if name not in modules:
        raise ToolError(f"the Verilog module {name!r} is not defined in this project. Export the design again.")
    found: dict[str, None] = {}
    pending = [name]
    while pending:
        item = pending.pop(0)
        if item not in found:
            found[item] = None
            pending += modules[item].instances
    return list(found)


def memory_files(text: str) -> list[str]:
    """List the files that a Verilog text loads memories from."""
    return sorted(set(_SYSTEM_FILE.findall(text)))
