"""The store of results."""

import os
from pathlib import Path

import pytest

from hlsexplore.support import cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(folder))
    return folder


def test_store_and_load_by_key(own_cache: Path) -> None:
    assert cache.load("yosys", "k") is None
    cache.store("yosys", "k", {"a": 1})
    assert cache.load("yosys", "k") == {"a": 1}
    assert [path.name for path in (own_cache / "yosys").iterdir()] == ["k.json"]


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00"])
def test_damaged_entry_is_no_entry(own_cache: Path, text: str) -> None:
    cache.store("yosys", "k", {"a": 1})
    (own_cache / "yosys" / "k.json").write_text(text)
    assert cache.load("yosys", "k") is None


def test_unwritable_cache_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(tmp_path / "file"))
    cache.store("yosys", "k", {"a": 1})
    assert cache.load("yosys", "k") is None


def test_oldest_entries_go_when_there_are_too_many(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_ENTRIES", 10)

    for index in range(10):
        cache.store("yosys", f"k{index}", {})
        os.utime(own_cache / "yosys" / f"k{index}.json", (index, index))
    cache.load("yosys", "k0")
    cache.store("yosys", "new", {})
    left = {path.stem for path in (own_cache / "yosys").iterdir()}
    assert "new" in left and "k0" in left and "k1" not in left and len(left) <= 10


def test_directory_follows_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HLSEXPLORE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert cache.cache_directory() == tmp_path / "hlsexplore"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.cache_directory() == Path.home() / ".cache" / "hlsexplore"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache.cache_directory() == Path.home() / "Library" / "Caches" / "hlsexplore"


def test_keys_tell_pieces_apart() -> None:
    assert cache.content_key(["ab", "c"]) != cache.content_key(["a", "bc"])
    assert cache.content_key(["ab", b"c"]) == cache.content_key(["ab", "c"])
