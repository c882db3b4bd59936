"""Names of layers: short, printable, and after what the author called them where the source still knows it."""

import re

MAX_NAME = 80
_WEIGHT = re.compile(r"(.+)[./](?:weight|kernel|bias|weight_ih_l0|W)$")
_QUANTIZER = re.compile(r"(?:(.+?)\.)?(\w+)_quant(?:\.|$)")
_OF_WEIGHTS = frozenset({"weight", "bias", "gate_weight"})
_MADE_UP = re.compile(r"(?:onnx::\w+_)?\d+|getitem(?:_\d+)?|_symbolic\w*|val_\w+")


def layer_name(text: str, fallback: str) -> str:
    """Return a usable layer name.

    Args:
        text: What the source calls it.
        fallback: Name where that says nothing.

    Examples:
        >>> layer_name(" features.0 ", "conv"), layer_name("", "relu")
        ('features.0', 'relu')
    """
    name = "".join(letter for letter in text.strip().strip("/") if letter.isprintable() and letter != "\\")
    return name[:MAX_NAME] if name.strip() else fallback


def weight_owner(name: str) -> str | None:
    """Return the module that a weight's name begins with, or None.

    Examples:
        >>> weight_owner("features.0.weight"), weight_owner("onnx::MatMul_12")
        ('features.0', None)
    """
    match = _WEIGHT.fullmatch(name)
    return match[1] if match else None


def quantizer_owner(name: str) -> tuple[str, bool] | None:
    """Return the module that a quantizer of Brevitas belongs to, and whether it quantises that module's weights.

    Args:
        name: Name of a module, or of a number that the module holds.

    Examples:
        >>> quantizer_owner("fc1.weight_quant.export_handler.lifted_tensor_3")
        ('fc1', True)
        >>> quantizer_owner("block.relu.act_quant.export_handler"), quantizer_owner("block.relu")
        (('block.relu', False), None)
    """
    match = _QUANTIZER.match(name)
    if match is None or (match[2] == "act" and not match[1]):
        return None
    kind = match[2]
    owner = match[1] or ""
    if kind in _OF_WEIGHTS:
        return owner, True
    return (owner if kind == "act" else f"{owner}.{kind}" if owner else kind), False


def path_name(path: str) -> str:
    """Return the module behind the path of an operation in PyTorch's exporter, or the operation where there is none.

    Examples:
        >>> path_name("/features/features.0/Conv"), path_name("/block/relu/Relu"), path_name("/Relu_1")
        ('features.0', 'block.relu', 'Relu_1')
    """
    parts = [part for part in path.split("/") if part]
    kept = parts[:-1] if len(parts) > 1 else parts
    found: list[str] = []
    for part in kept:
        if found and part.startswith(f"{found[-1]}."):
            found.pop()
        found.append(part)
    return ".".join(found)


def says_something(name: str) -> bool:
    """Whether a tensor's name is more than a number that an exporter made up.

    Examples:
        >>> says_something("onnx::Gemm_12"), says_something("12"), says_something("getitem_3"), says_something("relu_1")
        (False, False, False, True)
    """
    return not _MADE_UP.fullmatch(name)
