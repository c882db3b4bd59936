"""Names of layers: short, printable, and after what the author called them where the source still knows it."""

import re

MAX_NAME = 80
_WEIGHT = re.compile(r"(.+)[./](?:weight|kernel|bias|weight_ih_l0|W)$")
_MADE_UP = re.compile(r"(?:onnx::\w+_)?\d+|getitem(?:_\d+)?|_symbolic\w*|val_\w+")


def layer_name(text: str, fallback: str) -> str:
    """Return a usable layer name.

    Args:
        text: What the source calls it.
        fallback: Name where that says nothing.

    Examples:
        >>> layer_name("/features/features.0/Conv", "conv"), layer_name("", "relu")
        ('features/features.0/Conv', 'relu')
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


def says_something(name: str) -> bool:
    """Whether a tensor's name is more than a number that an exporter made up.

    Examples:
        >>> says_something("onnx::Gemm_12"), says_something("12"), says_something("getitem_3"), says_something("relu_1")
        (False, False, False, True)
    """
    return not _MADE_UP.fullmatch(name)
