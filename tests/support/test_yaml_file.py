"""Design and space files of users: whatever is in them, one clear error comes out."""

import re
from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.errors import ConfigError, HlsExploreError
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input
from hlsexplore.space import Space, read_axes
from hlsexplore.support.yaml_file import read_yaml

GRAPH = Graph(
    name="t",
    nodes=(
        Node(name="x", op=Input(), inputs=(), shape=(2,)),
        Node(name="d", op=Dense(kernel=np.ones((2, 1))), inputs=("x",), shape=(1,)),
    ),
    outputs=("d",),
)
SPACE = """
uniform: {weight: [4, 6]}
per_layer: {result: {width: {min: 2, max: 5}, integer: [auto, 2], signed: [true]}}
layers: {d: {strategy: [latency], reuse: [1, 2]}}
input: [fixed<8,2>]
target: {clock_ns: [5.0], io: [parallel]}
"""
SCALARS = (
    "2001-01-01", "2001-99-99", "!!bool x", "!!int ''", "!!float abc", "!!binary x", "!!timestamp x", "!!set {a, b}",
    "!!omap [a: 1]", "9" * 4000, "9" * 5000, "1e999", ".nan", "-.inf", "0x", "1:60:99", "~", "{}", "[[[]]]",
    "{[1, 2]: 3}", "{? {a: 1} : 2}", "&a [*a]", "&a {x: *a}", "*z", "'" + "x" * 10**5 + "'", "true", "-1",
    "!!python/object:os.system x", "fixed<99999,1>", "[1,2", "%TAG", "<<: [1]", "\x07", "2001-01-01T00:00:00+99:99",
)  # fmt: skip
"""What no key means, what is no YAML, and what PyYAML's own conversions stumble over."""


def survive(path, text, read) -> None:
    """Read a damaged file: a typed error of one bounded message, or a value that was valid after all."""
    path.write_text(text)
    try:
        read(path)
    except HlsExploreError as error:
        assert len(str(error)) < 600


def test_no_scalar_of_a_design_file_ends_in_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    hx.Design.default(GRAPH).save(path)
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        key = line.partition(":")[0]
        for value in SCALARS:
            text = "\n".join([*lines[:number], f"{key}: {value}", *lines[number + 1 :]])
            survive(path, text, lambda file: hx.Design.load(file, GRAPH))


def test_no_scalar_of_a_space_file_ends_in_a_traceback(tmp_path: Path) -> None:
    for place in re.finditer(r"[A-Za-z_0-9.<>,]+", SPACE):
        for value in SCALARS:
            text = SPACE[: place.start()] + value + SPACE[place.end() :]
            survive(tmp_path / "s.yaml", text, lambda file: read_axes(Space.load(file), GRAPH))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 2001-99-99", r"^d\.yaml is not valid YAML: 'month must be in 1\.\.12' at a value of it\.$"),
        ("a: " + "9" * 5000, "^d.yaml is not valid YAML: 'Exceeds the limit"),
        ("a: &a [*a]", "^d.yaml is not valid YAML: "),
        ("a: {h: 1, h: 2}", "^d.yaml is not valid YAML: the key 'h' occurs twice\n"),
        ("a: 1\n'a': 2", "^d.yaml is not valid YAML: the key 'a' occurs twice\n"),
        ("[1, 2]", "^d.yaml must hold keys with values, not list"),
        (b"\xff\xfe", "^d.yaml is not valid YAML: "),
    ],
)
def test_what_is_no_yaml_is_one_sentence(tmp_path: Path, text, message: str) -> None:
    path = tmp_path / "d.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=message):
        read_yaml(path)


def test_aliases_that_stand_for_very_much_are_refused(tmp_path: Path) -> None:
    """Nine lists of nine aliases each: 400 bytes that stand for 400 million values."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    (tmp_path / "d.yaml").write_text("\n".join(lines))
    with pytest.raises(ConfigError, match="d.yaml stands for more than 1000000 values and is not read"):
        read_yaml(tmp_path / "d.yaml")


def test_large_files_are_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hlsexplore.support.yaml_file.MAX_BYTES", 10)
    (tmp_path / "d.yaml").write_text("a: 12345678")
    with pytest.raises(ConfigError, match="it is larger than 10 bytes"):
        read_yaml(tmp_path / "d.yaml")


@pytest.mark.parametrize("section", ["layers", "target"])
@pytest.mark.parametrize("value", ["false", "0", "''", "[]", "!!binary ''"])
def test_a_section_of_a_design_that_holds_no_keys_is_refused(tmp_path: Path, section: str, value: str) -> None:
    (tmp_path / "d.yaml").write_text(f"hlsexplore: 1\n{section}: {value}\n")
    with pytest.raises(ConfigError, match=f"^d.yaml: '{section}' must hold keys with values, not "):
        hx.Design.load(tmp_path / "d.yaml", GRAPH)


def test_keys_that_are_merged_may_be_given_again(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text("a: &a {h: 1, k: 2}\nb: {<<: *a, h: 3}\n")
    assert read_yaml(tmp_path / "d.yaml")["b"] == {"h": 3, "k": 2}
