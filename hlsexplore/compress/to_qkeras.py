"""A design as a QKeras model, for those who train elsewhere (docs/compression.md)."""

import json
import os
import pickle
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from hlsexplore.compress.trainable import is_lossless
from hlsexplore.design import Design, check_design
from hlsexplore.errors import ConfigError, ToolError, UnsupportedError
from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.graph import Node
from hlsexplore.ops import (
    Activation,
    Concatenate,
    Conv,
    Dense,
    Function,
    Input,
    Merge,
    MergeFunction,
    Pool,
    Reshape,
    Softmax,
)
from hlsexplore.support import guard
from hlsexplore.support.work_folder import work_folder

ERROR_BYTES = 4000


def to_qkeras(design: Design, path: str | Path) -> Path:
    """Write a design as a Keras model with QKeras' layers and quantizers, which computes what the design computes.

    The file opens in Keras with QKeras, and `read_model` reads it; a process of its own writes it.

    Args:
        design: The design; `with_qkeras_modes` gives it the only modes that QKeras has.
        path: File to write, such as `net.keras`.

    Raises:
        UnsupportedError: If a layer or a mode has no equivalent in QKeras; names all of them.
        ToolError: If QKeras is missing or fails.
        ConfigError: If the file cannot be written.
    """
    check_design(design)
    target = Path(path).absolute()
    if target.suffix != ".keras":
        raise ConfigError(f"a Keras model is written to a file that ends in .keras, not {target.name!r}.")
    if not target.parent.is_dir():
        raise ConfigError(f"cannot write {str(target)!r}: there is no folder {str(target.parent)!r}.")
    obstacles = [text for node in design.graph if (text := _obstacle(design, node))]
    if obstacles:
        raise UnsupportedError(obstacles)
    if find_spec("qkeras") is None or find_spec("tensorflow") is None:
        raise ToolError("this needs QKeras and TensorFlow. Install them with: pip install 'hlsexplore[train]'")
    with work_folder() as folder:
        with (folder / "design.pickle").open("wb") as file:
            pickle.dump(design, file)
        paths = os.pathsep.join(item for item in sys.path if item)
        env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": paths}
        argv = [sys.executable, "-m", "hlsexplore.compress.qkeras_model", json.dumps([str(folder), str(target)])]
        with (folder / "errors.txt").open("wb") as errors:
            process = guard.start(argv, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=errors)
            if process.process.stdout is not None:
                process.process.stdout.read()
            answer = process.finish()
        if answer.get("exit_code") != 0:
            text = (folder / "errors.txt").read_bytes()[-ERROR_BYTES:].decode(errors="replace").strip()
            raise ToolError(f"QKeras cannot write the model ({text.splitlines()[-1] if text else 'no message'}).")
    return target


def with_qkeras_modes(design: Design) -> Design:
    """Return a design whose casts round half to even and saturate, as QKeras' quantizers do; weights stay."""
    changes = {}
    for node in design.graph:
        types = design.layers[node.name].types
        if "result" in types and needs_cast(design, node):
            result = types["result"]
            if not _is_expressible(result):
                changes[node.name] = {"result": result.with_modes(Rounding.RND_CONV, Overflow.SAT)}
    return design.with_layers(changes)


def needs_cast(design: Design, node: Node) -> bool:
    """Whether a layer's result has fewer values than what it is made of."""
    if isinstance(node.op, Softmax | Reshape):
        return False
    types = design.layers[node.name].types
    result = types["result"]
    if isinstance(node.op, Dense | Conv):
        return not (is_lossless(design, node) and _holds(result, types["accum"]))
    if isinstance(node.op, Pool | Concatenate):
        return not all(_holds(result, source) for source in design.input_types(node.name))
    return True


def _holds(result: Fixed, source: Fixed) -> bool:
    """Whether a type holds all values of another one."""
    return result.fraction >= source.fraction and result.low <= source.low and result.high >= source.high


def _is_expressible(type_: Fixed) -> bool:
    return type_.rounding is Rounding.RND_CONV and type_.overflow in (Overflow.SAT, Overflow.SAT_SYM)


def _obstacle(design: Design, node: Node) -> str:
    """Say why a layer has no equivalent; nothing if it has one."""
    op, where = node.op, f"layer {node.name!r}"
    match op:
        case Softmax() if node.name in design.graph.outputs:
            return ""
        case Input() if op.types is None and op.encoding is None:
            pass
        case Dense() | Conv() if is_lossless(design, node):
            pass
        case Dense() | Conv():
            return f"{where}: its accumulator loses bits or range, which no Keras layer does. Make it wide enough."
        case Activation() if op.function is Function.LINEAR or (op.function is Function.RELU and op.max_value is None):
            pass
        case Pool() if not op.average and not any(map(any, op.padding)):
            pass
        case Merge() if op.function is MergeFunction.ADD:
            pass
        case Concatenate() | Reshape():
            pass
        case _:
            return f"{where}: a {node.kind} layer with these options has no equivalent in QKeras that is exact."
    if not isinstance(op, Reshape) and needs_cast(design, node):
        result = design.layers[node.name].types["result"]
        if not _is_expressible(result):
            return (
                f"{where}: QKeras rounds half to even and saturates, {result} does not. "
                "with_qkeras_modes(design) changes that."
            )
    return ""
