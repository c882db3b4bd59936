"""Every error that hlsexplore raises on purpose; catch `HlsExploreError` for all of them."""

from collections.abc import Iterable
from difflib import get_close_matches


class HlsExploreError(Exception):
    """Root of all errors; its text says where, what came, what was expected and the way out."""


class ModelError(HlsExploreError):
    """A model file or object cannot be read (corrupt, not a model, NaN weights)."""


class UnsupportedError(ModelError):
    """A model was read but holds layers or options that hlsexplore does not support; lists all of them."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Collect the problems.

        Args:
            problems: One sentence for each unsupported layer or option.
        """
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 thing in this model is" if count == 1 else f"{count} things in this model are"
        super().__init__("\n".join([f"{head} not supported:", *(f"  - {problem}" for problem in self.problems)]))


class ConfigError(HlsExploreError):
    """A type, key, value or file of a configuration is wrong."""


class DataError(HlsExploreError):
    """Input data does not fit the model (shape, NaN, missing key)."""


class NoModelError(HlsExploreError):
    """No emulator, estimate or generator exists for an op (never answered with a zero)."""


class ToolError(HlsExploreError):
    """An external tool is missing, failed, hung or left no usable report."""


class CancelledError(HlsExploreError):
    """The user cancelled the work."""


class StudyError(HlsExploreError):
    """A study's store is unreadable, locked or belongs to another model."""


MAX_QUOTED = 80
MAX_LISTED = 24


def quoted(value: object) -> str:
    """Show a value in a message, however large it is.

    Examples:
        >>> quoted("abc"), len(quoted("x" * 1000))
        ("'abc'", 80)
    """
    try:
        text = " ".join(map(str.strip, repr(value).split("\n")))  # arrays have lines
    except (ValueError, RecursionError):  # an integer of more digits than Python prints, an endless structure
        text = f"a huge {type(value).__name__}"
    return text if len(text) <= MAX_QUOTED else f"{text[: MAX_QUOTED - 3]}..."


def unknown_name(kind: str, name: object, valid: Iterable[str], owner: str) -> str:
    """Build the sentence for an unknown name, with the valid names and the nearest one.

    Args:
        kind: What the name names, such as `layer` or `key`.
        name: The name that came.
        valid: The names that exist.
        owner: The thing that has these names, such as `This graph`.

    Returns:
        One sentence, or two when a name is near.

    Examples:
        >>> unknown_name("layer", "dens_2", ["dense_1", "dense_2"], "This graph")
        "unknown layer 'dens_2'. This graph has 'dense_1', 'dense_2'. Did you mean 'dense_2'?"
    """
    names = [str(item) for item in valid]
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    word = str(name) if isinstance(name, str) else quoted(name)
    text = f"unknown {kind} {quoted(word)}. {owner} has {', '.join(map(quoted, names[:MAX_LISTED])) or 'none'}{more}."
    near = get_close_matches(word[:MAX_QUOTED], names, n=1)
    return f"{text} Did you mean {near[0]!r}?" if near else text
