import hashlib
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest

from hlsexplore.errors import DataError
from hlsexplore.examples.jets import CLASSES, FEATURES, OPENML_NAME, load_jets, synthetic_jets
from hlsexplore.examples.openml import API, fetch, open_url, read_arff


def arff(rows, features=FEATURES) -> str:
    lines = ["% a comment", "@RELATION jets", ""]
    lines += [f"@ATTRIBUTE {name} REAL" for name in features]
    lines += ["@ATTRIBUTE class {g, q, t, w, z}", "@DATA"]
    return "\n".join([*lines, *rows, ""])


def rows(count, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [",".join([*(f"{v:.6f}" for v in rng.normal(size=16)), CLASSES[i % 5]]) for i in range(count)]


class Server:
    """Answers like OpenML's interface, from memory."""

    def __init__(self, content, checksum=None) -> None:
        self.content = content.encode()
        self.checksum = checksum or hashlib.md5(self.content).hexdigest()
        self.asked = []

    def __call__(self, url):
        self.asked.append(url)
        if "/list/" in url:
            return io.BytesIO(json.dumps({"data": {"dataset": [{"did": 42468, "version": 1}]}}).encode())
        if url == f"{API}/data/42468":
            info = {"url": "https://example.org/jets.arff", "md5_checksum": self.checksum}
            return io.BytesIO(json.dumps({"data_set_description": info}).encode())
        return io.BytesIO(self.content)


def test_real_jets_file_is_read_split_and_standardised(tmp_path: Path) -> None:
    path = tmp_path / "jets.arff"
    path.write_text(arff(rows(50)))
    data = load_jets(path)
    assert data.x_train.shape == (40, 16)
    assert data.x.shape == (10, 16)
    assert data.classes == CLASSES
    np.testing.assert_allclose(data.x_train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.x_train.std(axis=0), 1, atol=1e-12)
    assert sorted(np.concatenate([data.y_train, data.labels])) == sorted([0, 1, 2, 3, 4] * 10)


def test_arff_columns_may_come_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "jets.arff"
    path.write_text(arff([",".join([*map(str, range(16)), "'t'"])], features=FEATURES[::-1]))
    table = read_arff(path, FEATURES, CLASSES)
    np.testing.assert_array_equal(table.x[0], np.arange(16)[::-1])
    np.testing.assert_array_equal(table.labels, [2])


def test_download_is_checked_cached_and_not_repeated(tmp_path: Path) -> None:
    server = Server(arff(rows(10)))
    path = fetch(OPENML_NAME, tmp_path, server)
    assert path.read_bytes() == server.content
    assert len(server.asked) == 3
    assert fetch(OPENML_NAME, tmp_path, server) == path
    assert len(server.asked) == 3
    assert len(load_jets(cache=tmp_path).x_train) == 8


def test_download_with_wrong_checksum_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"has the MD5 [0-9a-f]{32}, but OpenML states 00\. It was not kept; try again\."
    ):
        fetch(OPENML_NAME, tmp_path, Server(arff(rows(10)), checksum="00"))
    assert list(tmp_path.iterdir()) == []


def test_changed_cache_is_noticed(tmp_path: Path) -> None:
    path = fetch(OPENML_NAME, tmp_path, Server(arff(rows(10))))
    path.write_text("changed")
    with pytest.raises(DataError, match="does not match its checksum. Delete it to download it again."):
        fetch(OPENML_NAME, tmp_path, Server(arff(rows(10))))


def test_no_connection_says_how_to_go_on(tmp_path: Path) -> None:
    def offline(url) -> None:
        raise OSError("no route to host")

    with pytest.raises(DataError, match=r"could not be downloaded from OpenML \(no route to host\)\. Connect"):
        fetch(OPENML_NAME, tmp_path, offline)
    assert list(tmp_path.iterdir()) == []


def test_strange_answer_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="OpenML's answer about the data set 'hls4ml_lhc_jets_hlf' was not understood"):
        fetch(OPENML_NAME, tmp_path, lambda url: io.BytesIO(b'{"data": {}}'))


def test_only_https_is_opened() -> None:
    with pytest.raises(DataError, match=re.escape("'file:///etc/passwd' is no https address")):
        open_url("file:///etc/passwd")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("hello", "it has no '@data' line"),
        (arff(["1,2,g"]), "data row 1 has 3 values, expected 17"),
        (arff([",".join(["1"] * 16 + ["b"])]), "no known class: 'b'"),
        (arff([",".join(["x"] * 16 + ["g"])]), "holds a value that is no number"),
        (arff([",".join(["nan"] * 16 + ["g"])]), "NaN or infinite"),
        (arff([], features=("a", "b")), r"has the columns a, b, class, expected zlogz"),
    ],
)
def test_broken_arff_is_one_clear_error(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "jets.arff"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_arff(path, FEATURES, CLASSES)


def test_synthetic_jets_are_the_same_every_time() -> None:
    data = synthetic_jets()
    assert data.x_train.shape == (40_000, 16)
    assert data.x.shape == (20_000, 16)
    assert float(data.x[0, 0]) == synthetic_jets.__wrapped__().x[0, 0]
    assert np.bincount(data.labels, minlength=5).min() > 3800
