"""Numbers that users give: numpy's count as Python's, truth values and what is no number do not."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.errors import ConfigError, DataError, quoted, unknown_name
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input, Softmax
from hlsexplore.support.values import plain, real_array, whole

RNG = np.random.default_rng(0)
GRAPH = Graph(
    name="t",
    nodes=(
        Node(name="x", op=Input(), inputs=(), shape=(4,)),
        Node(name="d", op=Dense(kernel=RNG.normal(size=(4, 4))), inputs=("x",), shape=(4,)),
        Node(name="s", op=Softmax(), inputs=("d",), shape=(4,)),
    ),
    outputs=("s",),
)
X = RNG.normal(size=(20, 4))
Y = RNG.integers(0, 4, 20)
DESIGN = hx.Design.default(GRAPH)


def study() -> hx.Study:
    return hx.Study(Path(tempfile.mkdtemp()) / "s.db", GRAPH, X, Y)


def swept(space, **options) -> list[Any]:
    with study() as made:
        made.sweep(space, **options)
        return [trial.design_key for trial in made.trials()]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (lambda i, f: hx.Fixed(i(8), i(2)), hx.Fixed(8, 2)),
        (lambda i, f: DESIGN.with_layer("d", reuse=i(4)).key, DESIGN.with_layer("d", reuse=4).key),
        (lambda i, f: DESIGN.with_layer("s", table_size=i(64)).key, DESIGN.with_layer("s", table_size=64).key),
        (lambda i, f: hx.Target(clock_ns=f(2.5)), hx.Target(clock_ns=2.5)),
        (lambda i, f: hx.Target(clock_ns=i(5)), hx.Target(clock_ns=5.0)),
        (lambda i, f: DESIGN.with_target(clock_ns=f(2.5)).key, DESIGN.with_target(clock_ns=2.5).key),
    ],
)
@pytest.mark.parametrize("integer", [int, np.int64, np.int32, np.uint8])
@pytest.mark.parametrize("real", [float, np.float32, np.float64])
def test_numpy_numbers_are_numbers_of_designs(given, wanted, integer, real) -> None:
    assert given(integer, real) == wanted


@pytest.mark.parametrize(
    "choices",
    [
        [np.int64(3), np.int64(5)],
        np.arange(3, 6, 2),
        range(3, 6, 2),
        {"width": {"min": np.int64(3), "max": 5, "step": 2}},
    ],
)
def test_numpy_numbers_are_choices_of_spaces(choices) -> None:
    assert swept({"uniform": {"weight": choices}}) == swept({"uniform": {"weight": [3, 5]}})


def test_numpy_numbers_choose_sweeps_and_trials() -> None:
    space = {"uniform": {"weight": [3, 4, 5]}, "target": {"clock_ns": np.array([2.5, 5.0], dtype=np.float32)}}
    numbers = {"trials": np.int64(4), "seed": np.int32(7), "workers": np.int64(1)}
    assert swept(space, sampler="random", **numbers) == swept(space, sampler="random", trials=4, seed=7)
    with study() as made:
        made.sweep({"uniform": {"weight": [3]}})
        made.set_note(np.int64(1), "mine")
        assert made.design(np.int64(1)).key == made.design(1).key
        assert made.trials()[0].note == "mine"


@pytest.mark.parametrize("truth", [True, np.True_])
@pytest.mark.parametrize(
    "use",
    [
        lambda truth: hx.Fixed(truth, 1),
        lambda truth: DESIGN.with_layer("d", reuse=truth),
        lambda truth: DESIGN.with_layer("s", table_size=truth),
        lambda truth: hx.Target(clock_ns=truth),
        lambda truth: swept({"uniform": {"weight": [truth]}}),
        lambda truth: swept({"uniform": {"weight": [3]}}, trials=truth),
        lambda truth: swept({"uniform": {"weight": [3]}}, seed=truth),
        lambda truth: swept({"uniform": {"weight": [3]}}, workers=truth),
    ],
)
def test_truth_values_are_no_numbers(use, truth) -> None:
    with pytest.raises(ConfigError, match="True"):
        use(truth)


@pytest.mark.parametrize(
    "run", [lambda x: hx.emulate(DESIGN, x), lambda x: hx.predict(GRAPH, x), lambda x: hx.trace(DESIGN, x)]
)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X + 0j, r"^input 'x': real numbers are needed, not complex numbers \(complex128\)\. Convert them first\.$"),
        ([[1, 2, 3, 4j]], "not complex numbers"),
        (X.astype(str), "not texts"),
        ([[1, 2, 3, "4"]], "not texts"),
        (X.astype("S"), "not texts"),
        (X.astype(object), "not Python objects"),
        (None, "not Python objects"),
        (np.zeros((3, 4), "M8[s]"), "not dates"),
        (np.zeros((3, 4), "m8[s]"), "not durations"),
        (np.zeros(3, [("a", "f4", 4)]), "not records"),
        ([[1, 2, 3, 4], [1]], "^input 'x': this is no array of numbers"),
        (np.ma.masked_array(X, mask=X > 0), "some values are masked"),
        (X * np.nan, "80 of 80 values are NaN or infinite"),
        (np.full((1, 4), np.inf), "4 of 4 values are NaN or infinite"),
    ],
)
def test_samples_that_are_no_real_numbers_are_one_sentence(run, x, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        run(x)
    assert len(str(caught.value)) < 200
    with pytest.raises(DataError):
        hx.Study(Path(tempfile.mkdtemp()) / "s.db", GRAPH, x)


@pytest.mark.parametrize("labels", [3, Y + 0j, [[1], [1, 2]] * 10, Y * np.nan, [], ["a"] * 20])
def test_labels_that_do_not_fit_are_a_data_error(labels) -> None:
    with pytest.raises(DataError):
        hx.Study(Path(tempfile.mkdtemp()) / "s.db", GRAPH, X, labels)


def test_real_numbers_of_every_kind_are_samples() -> None:
    for kind in ("f2", "f4", "f8", "i1", "u2", "?"):
        x = np.ones((2, 4), dtype=kind)
        assert real_array(x, "x").dtype == x.dtype
        assert np.array_equal(hx.predict(GRAPH, x), hx.predict(GRAPH, np.ones((2, 4))))


def test_whole_says_what_was_expected() -> None:
    assert whole(np.uint8(3), "the seed", 0) == 3
    with pytest.raises(ConfigError, match=r"^the seed must be a whole number of 0 or above, not -1\.$"):
        whole(-1, "the seed", 0)
    with pytest.raises(ConfigError, match=r"^the seed must be a whole number from 0 to 9, not np\.float64\(2\.0\)\.$"):
        whole(np.float64(2), "the seed", 0, 9)


def test_plain_leaves_no_numpy() -> None:
    assert plain({"a": (np.int8(1), np.array([[2.5]])), np.int64(3): "x"}) == {"a": [1, [[2.5]]], 3: "x"}


def test_messages_quote_in_short() -> None:
    endless: list = []
    endless.append(endless)
    for value in ("x" * 10**6, [1] * 10**5, 10**5000, endless, {"a": "b" * 500}):
        assert len(quoted(value)) <= 80
    assert len(unknown_name("layer", "y" * 10**6, [f"layer_{index}" for index in range(10**4)], "This graph")) < 700
    assert unknown_name("key", 10**5000, ["a"], "X") == "unknown key 'a huge int'. X has 'a'."
