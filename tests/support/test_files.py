"""What is said of files that cannot be read."""

import zipfile
from pathlib import Path

import pytest

from hlsexplore.support.files import reason_of


def test_an_archive_that_ends_before_its_entry_does_has_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"12345678")
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 20 : place + 28] = (10**6).to_bytes(4, "little") * 2  # sizes of the entry in the directory
    path.write_bytes(data)
    with zipfile.ZipFile(path) as archive, pytest.raises((EOFError, zipfile.BadZipFile)) as caught:
        archive.read("a")
    # Newer Pythons see from the directory that the entry reaches beyond its place, older ones find no more bytes.
    is_early = isinstance(caught.value, EOFError)
    assert reason_of(caught.value) == ("it ends too early" if is_early else str(caught.value))
