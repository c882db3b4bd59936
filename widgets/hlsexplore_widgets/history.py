"""Undo and redo as a frozen value."""

from dataclasses import dataclass, replace

from hlsexplore.design import Design

MAX_STEPS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The current design and what came before and, after an undo, behind it.

    Attributes:
        past: Earlier designs, oldest first.
        design: The current one.
        future: Undone designs, next redo first.
        gesture: Gesture that made the current design; more of the same gesture is no new step.
    """

    past: tuple[Design, ...] = ()
    design: Design
    future: tuple[Design, ...] = ()
    gesture: str | None = None


def push(history: History, design: Design, gesture: str | None = None) -> History:
    """Make a design the current one.

    Args:
        history: Where to add it.
        design: The design.
        gesture: Identifier of a drag or a run of key presses; its changes together are one step.
    """
    if design == history.design:
        return history
    if gesture is not None and gesture == history.gesture:
        return replace(history, design=design, future=())
    past = (*history.past, history.design)[-MAX_STEPS:]
    return History(past=past, design=design, gesture=gesture)


def undo(history: History) -> History:
    """Go one step back, if there is one."""
    if not history.past:
        return history
    return History(past=history.past[:-1], design=history.past[-1], future=(history.design, *history.future))


def redo(history: History) -> History:
    """Take the last undo back, if there is one."""
    if not history.future:
        return history
    return History(past=(*history.past, history.design), design=history.future[0], future=history.future[1:])


def jump(history: History, by: int) -> History:
    """Go so many steps forward, or back where that is negative; not beyond the ends."""
    for _ in range(min(abs(by), MAX_STEPS)):
        history = redo(history) if by > 0 else undo(history)
    return history
