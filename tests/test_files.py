"""Files that are replaced at once."""

import os
import resource
from pathlib import Path

import numpy as np
import pytest

from hlsexplore.support.files import (
    read_json,
    read_regular,
    read_text,
    reason_of,
    replace_arrays,
    replace_bytes,
    replace_text,
)


def test_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    old = os.umask(0o022)
    try:
        replace_text(file, "é\n")
    finally:
        os.umask(old)
    assert file.read_bytes() == "é\n".encode() and file.stat().st_mode & 0o777 == 0o644
    file.chmod(0o600)
    replace_text(file, "b")
    assert file.read_text() == "b" and file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_failure_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            replace_bytes(file, b"x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert file.read_text() == "old" and [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_links_are_followed_and_devices_written_to(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    replace_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    replace_text(pipe, "through")
    assert os.read(reader, 100) == b"through" and pipe.is_fifo()
    os.close(reader)


def test_arrays_are_read_back_and_a_failure_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "data"
    replace_arrays(file, {"x": np.arange(6).reshape(2, 3), "file": np.array([1.5])})
    with np.load(file) as found:
        np.testing.assert_array_equal(found["x"], [[0, 1, 2], [3, 4, 5]])
        np.testing.assert_array_equal(found["file"], [1.5])
    with pytest.raises(FileNotFoundError):
        replace_arrays(tmp_path / "no folder" / "data", {"x": np.zeros(1)})
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("kind", ["pipe", "device", "loop", "folder", "missing"])
def test_only_regular_files_are_read_and_none_is_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "folder":
        path.mkdir()
    reason = {
        "pipe": "it is no regular file",
        "device": "it is no regular file",
        "loop": "Too many levels of symbolic links",
        "folder": "it is a folder",
        "missing": "No such file or directory",
    }
    with pytest.raises(OSError, match=reason[kind]):
        read_regular(path, 10)


def test_link_to_a_regular_file_is_read_and_its_size_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("é" * 5)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert read_text(tmp_path / "b", 10) == "é" * 5
    with pytest.raises(OSError, match="it is larger than 9 bytes"):
        read_regular(tmp_path / "b", 9)


def test_json_nested_without_end_is_a_value_error(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="it is nested too deeply"):
        read_json(path, 1 << 20)
    path.write_text('{"a": 1}')
    assert read_json(path, 1 << 20) == {"a": 1}


def test_reasons_are_short() -> None:
    assert len(reason_of(ValueError("x" * 10_000))) == 200
