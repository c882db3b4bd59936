"""Downloads a data set from OpenML once, checks it, and reads the ARFF format."""

import hashlib
import io
import json
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import DataError
from hlsexplore.fixed import RealArray
from hlsexplore.support.cache import cache_directory
from hlsexplore.support.files import open_regular, read_text, reason_of

API = "https://www.openml.org/api/v1/json"
"""OpenML's REST interface: `data/list/data_name/NAME` finds the number, `data/NUMBER` the file and its MD5."""
MAX_DOWNLOAD_BYTES = 2 << 30
_TIMEOUT_S = 60
_CHUNK = 1 << 20

Opener = Callable[[str], BinaryIO]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenmlTable:
    """A table of real columns and a class.

    Attributes:
        x: Values, shape (rows, columns).
        labels: Classes as integers, shape (rows,).
    """

    x: RealArray
    labels: NDArray[np.int64]


def open_url(url: str) -> BinaryIO:
    """Open an https address for reading.

    Raises:
        DataError: If it is no https address.
    """
    if urlsplit(url).scheme != "https":
        raise DataError(f"{url!r} is no https address and is not opened.")
    request = Request(url, headers={"User-Agent": "hlsexplore", "Accept-Encoding": "identity"})
    response: BinaryIO = urlopen(request, timeout=_TIMEOUT_S)
    return response


def fetch(name: str, cache: Path | None = None, opener: Opener = open_url) -> Path:
    """Return the local copy of an OpenML data set, downloaded the first time.

    A copy counts only with its checksum beside it; an interrupted download leaves none.

    Args:
        name: Name of the data set.
        cache: Folder of the cache; None for the user's.
        opener: Opens an address.

    Raises:
        DataError: If there is no connection, no such data set, or the file does not match its checksum.
    """
    folder = cache if cache is not None else cache_directory()
    file, note = folder / f"{name}.arff", folder / f"{name}.sha256"
    if file.is_file() and note.is_file():
        if _sha256(file) == read_text(note, 1000).strip():
            return file
        raise DataError(f"the cached file {str(file)!r} does not match its checksum. Delete it to download it again.")
    try:
        number = _json(opener, f"{API}/data/list/data_name/{name}/limit/2/status/active")["data"]["dataset"][0]["did"]
        info = _json(opener, f"{API}/data/{int(number)}")["data_set_description"]
        address, checksum = str(info["url"]), str(info["md5_checksum"])
        return _download(opener, address, checksum, file, note)
    except (URLError, TimeoutError, OSError) as error:
        raise DataError(
            f"the data set {name!r} could not be downloaded from OpenML ({error}). Connect to the internet, "
            "or download its ARFF file elsewhere and pass its path."
        ) from None
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise DataError(f"OpenML's answer about the data set {name!r} was not understood ({error!r}).") from None


def _json(opener: Opener, url: str) -> Any:
    with opener(url) as response:
        return json.loads(response.read(_CHUNK))


def _download(opener: Opener, address: str, checksum: str, file: Path, note: Path) -> Path:
    """Download to a temporary file, check it, and move it to its place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    md5, total = hashlib.md5(usedforsecurity=False), 0
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as target:
        temporary = Path(target.name)
        try:
            with opener(address) as response:
                while block := response.read(_CHUNK):
                    total += len(block)
                    if total > MAX_DOWNLOAD_BYTES:
                        raise DataError(f"{address!r} has more than {MAX_DOWNLOAD_BYTES} bytes and was not kept.")
                    md5.update(block)
                    target.write(block)
            if md5.hexdigest() != checksum.lower():
                raise DataError(
                    f"the download of {address!r} has the MD5 {md5.hexdigest()}, but OpenML states {checksum}. "
                    "It was not kept; try again."
                )
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    note.write_text(_sha256(temporary) + "\n", encoding="utf-8")
    temporary.replace(file)
    return file


def _sha256(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_arff(path: Path, features: tuple[str, ...], classes: tuple[str, ...]) -> OpenmlTable:
    """Read a dense ARFF file with numeric columns and one class column.

    Args:
        path: The file.
        features: Names of the numeric columns, in the order wanted.
        classes: Values of the class column, in the order of their numbers.

    Raises:
        DataError: If a column is missing, or a row cannot be read; names the row.
    """
    try:
        with io.TextIOWrapper(open_regular(path), encoding="utf-8") as file:
            names = _header(file, path)
            rows = [line.split(",") for line in file if line.strip() and not line.startswith("%")]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{str(path)!r} cannot be read ({reason_of(error)}).") from None
    missing = [name for name in features if name not in names]
    target = [name for name in names if name not in features]
    if missing or len(target) != 1:
        raise DataError(
            f"{path.name!r} has the columns {', '.join(names)}, expected {', '.join(features)} and one class column."
        )
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise DataError(f"{path.name!r}: data row {number} has {len(row)} values, expected {len(names)}.")
    order, column = [names.index(name) for name in features], names.index(target[0])
    numbers = {name: index for index, name in enumerate(classes)}
    try:
        x = np.array([[row[index] for index in order] for row in rows], dtype=np.float64).reshape(-1, len(features))
        labels = np.array([numbers[row[column].strip().strip("'\"")] for row in rows], dtype=np.int64)
    except (ValueError, KeyError) as error:
        raise DataError(f"{path.name!r} holds a value that is no number or no known class: {error}.") from None
    if not np.isfinite(x).all():
        raise DataError(f"{path.name!r} holds values that are NaN or infinite.")
    return OpenmlTable(x=x, labels=labels)


def _header(lines: Iterable[str], path: Path) -> list[str]:
    """Read the column names of an ARFF file up to its `@data` line."""
    names: list[str] = []
    for line in lines:
        words = line.split()
        if not words or words[0].startswith("%"):
            continue
        if words[0].lower() == "@attribute" and len(words) > 2:
            names.append(words[1].strip("'\""))
        if words[0].lower() == "@data":
            return names
    raise DataError(f"{path.name!r} is no ARFF file: it has no '@data' line.")
