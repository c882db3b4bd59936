"""Results of the latest calls, in memory: one store for the plans, casts and analyses that are asked for again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Results by key, the least recently used ones forgotten; safe to use from several threads.

    `functools.lru_cache` where a key is not what the result is made from.
    """

    def __init__(self, size: int) -> None:
        """Make an empty store.

        Args:
            size: Most results that stay.
        """
        self._size = size
        self._items: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def find(self, key: K, make: Callable[[], V]) -> V:
        """Return the result of a key, made where it is not there.

        Threads that ask for a missing result at the same time each make it, and all get the first one.

        Args:
            key: Equal keys mean equal results.
            make: Makes the result; called without a lock, so that it may use the same store.
        """
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
                return self._items[key]
        made = make()
        with self._lock:
            found = self._items.setdefault(key, made)
            while len(self._items) > self._size:
                self._items.popitem(last=False)
        return found

    def get(self, key: K) -> V | None:
        """Return the result of a key, or None where it is not there."""
        with self._lock:
            return self._items.get(key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._items.clear()
