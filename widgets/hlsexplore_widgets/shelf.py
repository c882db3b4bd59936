"""Designs that the user gave a name, and those that lie side by side in the comparison."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import RLock

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError

MAX_COMPARED = 4
"""Designs that are compared at once: more do not fit beside each other."""
MAX_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDesign:
    """A design under a name.

    Attributes:
        name: What the user calls it.
        design: The design.
    """

    name: str
    design: Design


class Shelf:
    """Named designs and the comparison. It is mutable: the user puts designs on it and takes them away."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Begin empty.

        Args:
            changed: Called after every change, from the thread that made it.
        """
        self._changed = changed
        self._lock = RLock()
        self._named: dict[str, Design] = {}
        self._compared: tuple[NamedDesign, ...] = ()

    @property
    def named(self) -> Mapping[str, Design]:
        """Designs by the user's names, in the order in which they were named."""
        return dict(self._named)

    @property
    def compared(self) -> tuple[NamedDesign, ...]:
        """The designs of the comparison, in the order in which they were added."""
        return self._compared

    def name_of(self, design: Design) -> str:
        """Return the user's name of a design, or an empty text."""
        return next((name for name, item in self._named.items() if item == design), "")

    def name(self, name: str, design: Design) -> None:
        """Give a design a name; a design that had it loses it.

        Raises:
            ConfigError: If the name is empty or too long.
        """
        name = " ".join(name.split())
        if not 0 < len(name) <= MAX_NAME:
            raise ConfigError(f"the name of a design must have 1 to {MAX_NAME} characters, not {len(name)}.")
        with self._lock:
            self._named = {known: item for known, item in self._named.items() if item != design} | {name: design}
        self._changed()

    def forget(self, name: str) -> None:
        """Take a name away; the design stays where it is otherwise kept."""
        with self._lock:
            self._named.pop(name, None)
        self._changed()

    def compare(self, *designs: NamedDesign) -> None:
        """Put designs into the comparison; those that are in it already stay where they are.

        Raises:
            ConfigError: If there is no room for them; none of them is added then.
        """
        with self._lock:
            known = [item.design for item in self._compared]
            new = tuple(item for item in designs if item.design not in known)
            if len(known) + len(new) > MAX_COMPARED:
                raise ConfigError(
                    f"{MAX_COMPARED} designs are compared at once, and {len(known)} are there. Remove some first."
                )
            self._compared = (*self._compared, *new)
        self._changed()

    def remove(self, design_key: str) -> None:
        """Take a design out of the comparison."""
        with self._lock:
            self._compared = tuple(item for item in self._compared if item.design.key != design_key)
        self._changed()

    def clear(self) -> None:
        """Empty the comparison."""
        with self._lock:
            self._compared = ()
        self._changed()
