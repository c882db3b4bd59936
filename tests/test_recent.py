"""The store of recent results."""

from threading import Barrier, Thread

import pytest

from hlsexplore.support.recent import Recent


def test_result_is_made_once_and_the_least_recently_used_is_forgotten() -> None:
    made: list[str] = []
    store: Recent[str, str] = Recent(2)

    def find(key: str) -> str:
        return store.find(key, lambda: made.append(key) or key.upper())

    assert [find(key) for key in "abacab"] == list("ABACAB")
    assert made == list("abcb")
    store.clear()
    assert find("a") == "A" and made == list("abcba")


def test_result_is_looked_up_without_being_made() -> None:
    store: Recent[str, int] = Recent(2)
    assert store.get("a") is None
    store.find("a", lambda: 1)
    assert store.get("a") == 1


def test_failed_result_is_not_kept() -> None:
    store: Recent[str, float] = Recent(2)
    with pytest.raises(ZeroDivisionError):
        store.find("a", lambda: 1 / 0)
    assert store.find("a", lambda: 2.0) == 2.0


def test_threads_that_make_one_result_all_get_the_first() -> None:
    store: Recent[str, object] = Recent(2)
    barrier, found = Barrier(2), []

    def make() -> object:
        barrier.wait(10)
        return object()

    threads = [Thread(target=lambda: found.append(store.find("a", make))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2 and found[0] is found[1]
