"""One operation of an exported PyTorch program (aten): its arguments, and the flat nodes that it becomes."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from hlsexplore.errors import ModelError
from hlsexplore.importers.flat.graph import Array, FlatNode
from hlsexplore.importers.flat.names import weight_owner


@dataclass(slots=True, kw_only=True)
class Program:
    """What the operations of a program refer to. Mutable because operations add constants and numbers.

    Attributes:
        sizes: Shapes of tensors by name, with `BATCH`; -1 where unknown.
        constants: Arrays by tensor name.
        parameters: Names of weights in the module, such as `fc.weight`, by tensor name.
        label: What to call the program in messages.
        numbers: Integers that operations compute from shapes, by name.
        owners: Modules that stored constants belong to, by name.
    """

    sizes: Mapping[str, tuple[int, ...]]
    constants: dict[str, Array]
    parameters: Mapping[str, str]
    label: str
    numbers: dict[str, int] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class AtenCall:
    """One operation while it is translated. Mutable because it collects the flat nodes.

    Attributes:
        program: The program.
        target: Its name, such as `aten.linear.default`.
        arguments: Its arguments by name: tensor names as `Ref`, numbers, lists.
        outputs: Names of the tensors that it makes.
        nodes: Flat nodes so far.
    """

    program: Program
    target: str
    arguments: Mapping[str, Any]
    outputs: tuple[str, ...]
    nodes: list[FlatNode] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Its class for people, such as `aten.linear`."""
        return ".".join(self.target.split(".")[:2])

    def get(self, *names: str, default: Any = None) -> Any:
        """Return the first argument of these names that is given."""
        for name in names:
            if name in self.arguments and self.arguments[name] is not None:
                return self.arguments[name]
        return default

    def ref(self, *names: str) -> str:
        """Return the name of a tensor argument; an empty text if it is absent."""
        found = self.get(*names)
        return found.name if isinstance(found, Ref) else ""

    def operand(self, *names: str) -> str:
        """Return the name of a tensor argument, numbers stored as constants."""
        found = self.get(*names)
        return found.name if isinstance(found, Ref) else self.constant(np.float32(0 if found is None else found))

    def rank(self, name: str) -> int:
        """Return the number of axes of a tensor."""
        if name in self.program.sizes:
            return len(self.program.sizes[name])
        return self.program.constants[name].ndim

    def constant(self, values: Any) -> str:
        """Store a constant and return its name."""
        name = f"constant {len(self.program.constants)}"
        self.program.constants[name] = np.asarray(values)
        return name

    def emit(
        self, op: str, inputs: Sequence[str], outputs: Sequence[str] | None = None, **options: Any
    ) -> tuple[str, ...]:
        """Append a flat node; returns the names of its outputs (those of the operation unless given)."""
        made = tuple(self.outputs[:1] if outputs is None else outputs)
        given = {key: value for key, value in options.items() if value is not None}
        label = self._label(inputs)
        self.nodes.append(
            FlatNode(op=op, inputs=tuple(inputs), outputs=made, options=given, label=label, kind=self.kind)
        )
        return made

    def between(self, op: str, inputs: Sequence[str], **options: Any) -> str:
        """Append a flat node whose only output is new, and return its name."""
        name = f"{self.outputs[0]} {len(self.nodes)}"
        return self.emit(op, inputs, (name,), **options)[0]

    def _label(self, inputs: Sequence[str]) -> str:
        paths = (self.program.parameters.get(name, "") for name in inputs[1:])
        owners = (self.program.owners.get(name) for name in inputs[1:])
        owner = next((found for path in paths if (found := weight_owner(path)) is not None), None)
        owner = owner or next((found for found in owners if found), None)
        return owner or (self.outputs[0] if self.outputs else self.kind)


@dataclass(frozen=True, slots=True)
class Ref:
    """A tensor argument."""

    name: str


def made(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the tensors that an output of an operation holds."""
    if "as_tensor" in item:
        return (str(item["as_tensor"]["name"]),)
    if "as_tensors" in item:
        return tuple(str(part["name"]) for part in item["as_tensors"])
    return ("",) if "as_none" in item else ()


def argument(program: Program, item: Mapping[str, Any]) -> Any:
    """Return an argument as a `Ref`, number, text or list."""
    ((kind, value),) = item.items()
    match kind:
        case "as_tensor":
            return Ref(str(value["name"]))
        case "as_tensors":
            return [Ref(str(part["name"])) for part in value]
        case "as_optional_tensors":
            return [Ref(str(part["as_tensor"]["name"])) if "as_tensor" in part else None for part in value]
        case "as_sym_int" | "as_sym_float" | "as_sym_bool":
            return _symbolic(program, value)
        case "as_sym_ints" | "as_sym_floats":
            return [_symbolic(program, part) for part in value]
        case "as_none":
            return None
        case _:
            return value


def _symbolic(program: Program, item: Mapping[str, Any]) -> Any:
    if "as_name" in item:
        name = str(item["as_name"])
        if name not in program.numbers:
            raise ModelError(f"{program.label!r} uses the number {name[:40]!r}, which nothing before it computes.")
        return program.numbers[name]
    return next(iter(item.values()))


_ARITHMETIC: Mapping[str, Callable[[int, int], int]] = MappingProxyType(
    {
        "add": operator.add,
        "sub": operator.sub,
        "mul": operator.mul,
        "floordiv": operator.floordiv,
        "mod": operator.mod,
        "truediv": operator.floordiv,
    }
)


def compute(program: Program, target: str, node: Mapping[str, Any]) -> None:
    """Compute with sizes."""
    name = target.rpartition(".")[2]
    values = [argument(program, item["arg"]) for item in node["inputs"]]
    for output in node["outputs"]:
        if "as_sym_int" in output and name in _ARITHMETIC and len(values) == 2:
            program.numbers[str(output["as_sym_int"]["as_name"])] = int(_ARITHMETIC[name](*values))


def measure(program: Program, target: str, arguments: Mapping[str, Any], node: Mapping[str, Any]) -> None:
    """Look up a size of a tensor."""
    source = arguments.get("self")
    for output in node["outputs"]:
        if "as_sym_int" not in output:
            continue
        name = str(output["as_sym_int"]["as_name"])
        if isinstance(source, Ref) and target.startswith("aten.sym_size"):
            program.numbers[name] = program.sizes[source.name][int(arguments.get("dim", 0))]
        elif isinstance(source, Ref) and target.startswith("aten.sym_numel"):
            program.numbers[name] = int(np.prod(program.sizes[source.name]))


def refs(value: Any) -> list[Ref]:
    """Return the tensors in an argument."""
    if isinstance(value, Ref):
        return [value]
    return [item for item in value if isinstance(item, Ref)] if isinstance(value, list) else []
