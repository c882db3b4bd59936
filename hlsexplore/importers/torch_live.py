"""Reads a live PyTorch module: torch.export writes it to memory, and the reader of `.pt2` files reads that."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np

from hlsexplore.errors import ModelError
from hlsexplore.importers.flat.graph import FlatGraph
from hlsexplore.importers.pt2 import parse_pt2

_LABEL = "the live model"


def read_module(module: Any, example: Any) -> FlatGraph:
    """Read a live module or an exported program.

    Args:
        module: A `torch.nn.Module`, whose forward pass torch.export runs, or a `torch.export.ExportedProgram`.
        example: An input of the module with its batch axis, or a tuple of them; only shapes matter. None where the
            module says it (`example_input_array`) or begins with a linear layer.

    Raises:
        ModelError: If the module cannot be exported, or its input is not known.
    """
    torch = sys.modules["torch"]
    program = module
    if isinstance(module, torch.nn.Module):
        _refuse_brevitas(module)
        program = _exported(torch, module, _examples(torch, module, example))
    if not isinstance(program, torch.export.ExportedProgram):
        raise ModelError(
            f"a {type(module).__name__!r} is no whole model. Pass a torch.nn.Module or a torch.export.ExportedProgram."
        )
    buffer = BytesIO()
    torch.export.save(program, buffer)
    return parse_pt2(buffer.getvalue(), f"{type(module).__name__}.pt2")


def _refuse_brevitas(module: Any) -> None:
    """Send quantised modules through their own export, which says what their quantizers do.

    Raises:
        ModelError: If Brevitas made a part of the module.
    """
    if any(type(part).__module__.split(".")[0] == "brevitas" for part in module.modules()):
        raise ModelError(
            "the model holds Brevitas layers, which are read from their QONNX export:\n"
            "    from brevitas.export import export_qonnx\n"
            '    export_qonnx(model.eval(), example_input, "NAME.onnx")'
        )


def _examples(torch: Any, module: Any, example: Any) -> tuple[Any, ...]:
    """Return two samples of each input.

    Raises:
        ModelError: If nothing says what an input looks like.
    """
    given = getattr(module, "example_input_array", None) if example is None else example
    if given is None:
        return (torch.zeros(2, _features(torch, module)),)
    items: Sequence[Any] = given if isinstance(given, tuple | list) else (given,)
    shapes = [tuple(np.shape(item)) for item in items]
    if not all(shapes):
        raise ModelError("an example input is an array with a batch axis, such as torch.zeros(1, 16).")
    return tuple(torch.zeros(2, *shape[1:]) for shape in shapes)


def _features(torch: Any, module: Any) -> int:
    """Return the inputs of the first layer with weights, if it is linear."""
    first = next((part for part in module.modules() if list(part.parameters(recurse=False))), None)
    if isinstance(first, torch.nn.Linear):
        return int(first.in_features)
    if isinstance(first, torch.nn.BatchNorm1d) and not any(
        isinstance(part, torch.nn.Conv1d) for part in module.modules()
    ):
        return int(first.num_features)
    raise ModelError(
        f"the input shape of the {type(module).__name__} is not known. Pass an example with a batch axis: "
        "hx.read_model(model, example=torch.zeros(1, 3, 32, 32))."
    )


def _exported(torch: Any, module: Any, examples: tuple[Any, ...]) -> Any:
    """Export a module, with a free batch axis where that works.

    Raises:
        ModelError: If torch.export cannot trace it.
    """
    batch = torch.export.Dim("batch")
    with _evaluating(module):
        for dynamic in (tuple({0: batch} for _ in examples), None):
            try:
                return torch.export.export(module, examples, dynamic_shapes=dynamic)
            except Exception as error:  # the forward pass is the user's own code and may raise anything
                problem = error
    text = " ".join(str(problem).split())[:160]
    raise ModelError(
        f"torch.export cannot trace the {type(module).__name__} ({type(problem).__name__}: {text}). "
        "Make its forward pass free of choices that depend on data."
    )


@contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """Put a module into evaluation mode, and every part back into its own mode afterwards."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
