"""Formats that are known but not read: what a file is, and the way from it to one that is read."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from hlsexplore.importers.content import MAX_FILE_BYTES, Content

_SAVE = "Save the model as one file in Keras: model.save('NAME.keras')."
_SAVED_MODEL_HEAD = re.compile(rb"\x08\x01\x12[\x80-\xff]")
"""TensorFlow's SavedModel: schema version 1, then meta graphs of 128 bytes or more (saved_model.proto)."""
_CHECKPOINT = re.compile(r".*\.(index|data-\d{5}-of-\d{5})|checkpoint")
"""Files of a TensorFlow checkpoint, which have no common beginning."""
_PICKLE_HEAD = re.compile(rb"\x80[\x02-\x05]")
_EXPORT = """
    program = torch.export.export(model.eval(), (example_input,))
    torch.export.save(program, "NAME.pt2")"""
_PICKLE = "which is Python code that is never executed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A format that is not read.

    Attributes:
        name: What people call it, with an article.
        recognises: Whether a content is of this format.
        way_out: What to do.
    """

    name: str
    recognises: Callable[[Content], bool]
    way_out: str


def _starts(*heads: bytes) -> Callable[[Content], bool]:
    return lambda content: content.head.startswith(heads)


def _has(*leaves: str) -> Callable[[Content], bool]:
    return lambda content: any(content.has_member(leaf) for leaf in leaves)


def _is_configuration(content: Content) -> bool:
    return bool(re.search(r"^(HLSConfig|KerasJson|KerasH5|KerasModel|OnnxModel|PytorchModel)\s*:", content.text, re.M))


def _is_checkpoint(content: Content) -> bool:
    names = content.members if content.is_folder else {content.path.name}
    return any(_CHECKPOINT.fullmatch(name) for name in names)


def _is_safetensors(content: Content) -> bool:
    return content.head[8:10] == b'{"' and int.from_bytes(content.head[:8], "little") < MAX_FILE_BYTES


def _is_arrays(content: Content) -> bool:
    return bool(content.members) and all(name.endswith(".npy") for name in content.members)


FOREIGN: tuple[Foreign, ...] = (
    Foreign(
        name="a TensorFlow SavedModel",
        recognises=lambda content: "saved_model.pb" in content.members or bool(_SAVED_MODEL_HEAD.match(content.head)),
        way_out="Load it in Keras 2 (tf_keras.models.load_model) and save it as one file: model.save('NAME.h5').",
    ),
    Foreign(
        name="an hls4ml configuration",
        recognises=_is_configuration,
        way_out="Give the trained model that it names (KerasModel, or KerasJson and KerasH5).",
    ),
    Foreign(
        name="a TensorFlow Lite model",
        recognises=lambda content: content.head[4:8] == b"TFL3",
        way_out=f"Its weights are rounded already; give the model that it was converted from. {_SAVE}",
    ),
    Foreign(
        name="a program that PyTorch before 2.7 exported, whose weights are pickles",
        recognises=_has("serialized_exported_program.json"),
        way_out=f"Export it again: {_EXPORT}",
    ),
    Foreign(
        name="a compiled PyTorch package (AOTInductor), which holds no network",
        recognises=_has("archive_format"),
        way_out=f"Export the module itself: {_EXPORT}",
    ),
    Foreign(
        name="a TorchScript archive, which holds code that is never executed",
        recognises=_has("constants.pkl"),
        way_out=f"Export the module itself: {_EXPORT}",
    ),
    Foreign(
        name=f"a PyTorch pickle (torch.save), {_PICKLE}",
        recognises=_has("data.pkl"),
        way_out=f"Load it into its module in Python, and export that: {_EXPORT}",
    ),
    Foreign(
        name="a TensorFlow checkpoint, weights without the model's structure",
        recognises=_is_checkpoint,
        way_out=f"Load it in Keras with model.load_weights, then save the whole model. {_SAVE}",
    ),
    Foreign(
        name="a safetensors file, weights without the model's structure",
        recognises=_is_safetensors,
        way_out="Load it into its model in Python and export that.",
    ),
    Foreign(
        name="an archive of numpy arrays (.npz), no model",
        recognises=_is_arrays,
        way_out="Give the model file instead.",
    ),
    Foreign(name=f"a Python pickle, {_PICKLE}", recognises=lambda c: bool(_PICKLE_HEAD.match(c.head)), way_out=_SAVE),
    Foreign(
        name="a Git LFS pointer, not the model itself",
        recognises=_starts(b"version https://git-lfs"),
        way_out="Fetch the file with: git lfs pull.",
    ),
    Foreign(
        name="a web page, not the model itself",
        recognises=lambda content: content.text[:15].lower().startswith(("<!doctype html", "<html")),
        way_out="Download the raw file.",
    ),
)
"""Formats in the order in which they are tried."""

_OBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "hls4ml": "hls4ml's models are not read. Give the Keras model that it was converted from.",
    }
)
"""What to do with objects of other frameworks, by their package."""


def foreign_format(content: Content) -> str:
    """Say what a file is that no reader recognises, and the way out.

    Args:
        content: The file or folder.
    """
    known = next((item for item in FOREIGN if item.recognises(content)), None)
    if known is not None:
        return f"{content.label!r} is {known.name}. {known.way_out}"
    if content.is_folder:
        return f"{str(content.path)!r} is a folder. Save the model as one file: model.save('NAME.keras')."
    if content.is_zip and not content.members:
        return f"{content.label!r} is damaged or incomplete and cannot be read. Copy or save the model again."
    if content.is_zip:
        return f"{content.label!r} is a ZIP archive without 'config.json', so it is no Keras model. {_SAVE}"
    return (
        f"{content.label!r} is no Keras, ONNX or PyTorch model that can be read, or it is damaged. Save it again: "
        "model.save('NAME.keras'), torch.onnx.export(..., 'NAME.onnx') or torch.export.save(..., 'NAME.pt2')."
    )


def foreign_object(source: Any, packages: Sequence[str]) -> str:
    """Say what an object is that no reader recognises, and the way out.

    Args:
        source: The object.
        packages: Packages of its class and of the bases of that.
    """
    known = next((_OBJECTS[name] for name in packages if name in _OBJECTS), None)
    kind = type(source).__name__
    if known is not None and not isinstance(source, type):
        return f"the {kind} cannot be used: {known}"
    return (
        f"a model is a path of a .keras, .h5, .onnx or .pt2 file, or a live Keras or PyTorch model, not {kind!r}. "
        "Pass the path as text, or the model object itself."
    )
