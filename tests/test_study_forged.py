"""Study files whose values are damaged or forged: one `StudyError`, never a traceback, and no endless message."""

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.errors import HlsExploreError, StudyError
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input

RNG = np.random.default_rng(0)
GRAPH = Graph(
    name="t",
    nodes=(
        Node(name="x", op=Input(), inputs=(), shape=(2,)),
        Node(name="d", op=Dense(kernel=RNG.normal(size=(2, 2))), inputs=("x",), shape=(2,)),
    ),
    outputs=("d",),
)
X, Y = RNG.normal(size=(20, 2)), RNG.integers(0, 2, 20)
USES = {
    "columns": lambda study: study.columns(["lut", "mine"]),
    "front": lambda study: study.front(),
    "to_frame": lambda study: study.to_frame(),
    "design": lambda study: [study.design(trial) for trial in study.trials()],
    "reports": lambda study: study.reports(hx.Design.default(GRAPH)),
    "sweep": lambda study: study.sweep({"uniform": {"weight": [3, 5]}}),
}
DEEP = "[" * 100_000


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("study") / "s.db"
    with hx.Study(path, GRAPH, X, Y) as study:
        study.sweep({"uniform": {"weight": [3, 4]}})
        study.evaluate(hx.Design.default(GRAPH))
    return path


def forged(original, tmp_path: Path, statement) -> Path:
    path = tmp_path / "s.db"
    shutil.copy(original, path)
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()
    return path


def use(path, name) -> None:
    with hx.Study(path, GRAPH, X, Y) as study:
        USES[name](study)


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {table} SET {column}={value}"
        for table, columns in {
            "trials": ("lut", "extra", "status", "parts", "error", "note", "wall_s", "created_s"),
            "parts": ("config", "name"),
            "reports": ("report", "source"),
            "meta": ("value",),
        }.items()
        for column in columns
        for value in ("'abc'", "x'0011'", "'[1]'", '\'{"mine": "x"}\'', "'null'", "1e999", f"'{DEEP}'")
        if not (column in ("name", "source") and value == f"'{DEEP}'")
    ],
    ids=lambda text: text[7:60],
)
def test_no_value_of_a_study_file_ends_in_a_traceback(original, tmp_path: Path, statement, name) -> None:
    try:
        path = forged(original, tmp_path, statement)
    except sqlite3.IntegrityError:
        return  # the file's own rules refuse it
    try:
        use(path, name)
    except HlsExploreError as error:
        assert len(str(error)) < 700


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("UPDATE trials SET lut='abc'", "front"),
        ("UPDATE trials SET extra='[1]'", "columns"),
        (f"UPDATE trials SET extra='{DEEP}'", "to_frame"),
        ("UPDATE parts SET config=id", "to_frame"),
        ("UPDATE trials SET note=x'00'", "design"),
        ('UPDATE reports SET report=\'{"total": {"lut": "x"}, "source": "a", "tool": "b"}\'', "reports"),
    ],
    ids=lambda text: text[7:40],
)
def test_damage_is_named_and_the_file_left_as_it_is(original, tmp_path: Path, statement: str, name: str) -> None:
    path = forged(original, tmp_path, statement)
    before = path.read_bytes()
    with pytest.raises(StudyError, match=r"s\.db' is damaged \(.*\) and was left as it is\. Move it away"):
        use(path, name)
    assert path.read_bytes() == before
