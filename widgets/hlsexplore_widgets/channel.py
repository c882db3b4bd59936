"""How panels hear of changes, and the notes that the user sees."""

import logging
import threading
from collections.abc import Callable
from typing import Final, Literal

from hlsexplore_widgets.live import Message

Topic = Literal[
    "design",
    "score",
    "live",
    "plan",
    "detail",
    "baseline",
    "study",
    "build",
    "sweep",
    "tune",
    "messages",
    "view",
    "shelf",
]
Level = Literal["error", "done", "note"]
MAX_MESSAGES = 5
logger = logging.getLogger(__name__)


class Channel:
    """Tells subscribers what changed, under one lock, from the thread that made the change.

    It is mutable, for panels come and notes come and go. All methods may be called from any thread.

    Attributes:
        lock: Held while subscribers run; hold it to change several things at once.
    """

    def __init__(self) -> None:
        """Begin without subscribers and notes."""
        self.lock: Final = threading.RLock()
        self._subscribers: list[tuple[Callable[[Topic], None], frozenset[Topic]]] = []
        self._messages: tuple[Message, ...] = ()
        self._num_messages = 0

    @property
    def messages(self) -> tuple[Message, ...]:
        """Notes that are not closed yet."""
        return self._messages

    def subscribe(self, callback: Callable[[Topic], None], *topics: Topic) -> None:
        """Let a function know about changes.

        Args:
            callback: Called with the topic, under the lock; short and never waiting for another thread.
            *topics: The topics it wants.
        """
        with self.lock:
            self._subscribers.append((callback, frozenset(topics)))

    def notify(self, topic: Topic) -> None:
        """Tell subscribers that something of a topic changed. One that fails is named in a note, the others hear it."""
        with self.lock:
            for callback, topics in self._subscribers:
                if topic in topics:
                    try:
                        callback(topic)
                    except Exception as error:
                        logger.exception("a panel failed to show %r", topic)
                        if topic != "messages":
                            self.say("error", f"a panel failed to show the {topic} ({type(error).__name__}: {error}).")

    def say(self, level: Level, text: str) -> None:
        """Show a note; one that is there already is not repeated."""
        with self.lock:
            if any(item.text == text for item in self._messages):
                return
            self._num_messages += 1
            message = Message(number=self._num_messages, level=level, text=text)
            self._messages = (*self._messages, message)[-MAX_MESSAGES:]
            self.notify("messages")

    def dismiss(self, number: int) -> None:
        """Close a note."""
        with self.lock:
            self._messages = tuple(item for item in self._messages if item.number != number)
            self.notify("messages")
