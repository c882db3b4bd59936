"""When work on a project must be done: a time limit over all of its steps, and a cancel."""

import math
import threading
import time
from dataclasses import dataclass

from hlsexplore.errors import CancelledError, ConfigError, ToolError


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A time limit that began to run, and an event that cancels.

    Attributes:
        timeout_s: Time that all of the work may take, or None.
        end: Value of `time.monotonic` at which it is over, or None.
        cancel: Stops the work when set.
    """

    timeout_s: float | None = None
    end: float | None = None
    cancel: threading.Event | None = None

    @classmethod
    def after(cls, timeout_s: float | None, cancel: threading.Event | None = None) -> "Deadline":
        """Let the time begin now.

        Raises:
            ConfigError: If the time is not above 0.
        """
        if timeout_s is None:
            return cls(cancel=cancel)
        if not (isinstance(timeout_s, int | float) and timeout_s > 0 and math.isfinite(timeout_s)):
            raise ConfigError(f"timeout_s must be a number of seconds above 0, not {timeout_s!r}.")
        return cls(timeout_s=float(timeout_s), end=time.monotonic() + timeout_s, cancel=cancel)

    @property
    def is_cancelled(self) -> bool:
        """Whether the work was cancelled."""
        return self.cancel is not None and self.cancel.is_set()

    @property
    def is_over(self) -> bool:
        """Whether the time has passed."""
        return self.end is not None and time.monotonic() > self.end

    def check(self, name: str) -> None:
        """Go on if there is time left.

        Args:
            name: What works, for the sentence.

        Raises:
            CancelledError: If the work was cancelled.
            ToolError: If the time has passed.
        """
        if self.is_cancelled:
            raise CancelledError(f"{name!r} was cancelled.")
        if self.is_over:
            raise ToolError(self.sentence(name))

    def sentence(self, name: str) -> str:
        """Say that the time has passed."""
        return (
            f"{name!r} did not finish within {self.timeout_s:g} s and was stopped. Allow more time with timeout_s, or "
            "choose a smaller design."
        )


NO_DEADLINE = Deadline()
"""Neither a limit nor a cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one program may take.

    Attributes:
        deadline: Limit of all the work that the program is a part of.
        memory_mb: Most resident memory of all its processes together, or None; checked 5 times a second.
    """

    deadline: Deadline = NO_DEADLINE
    memory_mb: float | None = None

    @classmethod
    def after(
        cls, timeout_s: float | None = None, *, cancel: threading.Event | None = None, memory_mb: float | None = None
    ) -> "Limits":
        """Let the time of a program begin now.

        Args:
            timeout_s: Longest wall time, or None.
            cancel: Set it from any thread to stop the program.
            memory_mb: As the attribute.

        Raises:
            ConfigError: If the time is not above 0.
        """
        return cls(deadline=Deadline.after(timeout_s, cancel), memory_mb=memory_mb)


NO_LIMITS = Limits()
"""A program may take all it wants."""
