"""Configurations with random damage: whatever happens, nothing but a typed error comes out."""

import contextlib
import copy
import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hlsexplore.errors import HlsExploreError
from hlsexplore.importers import read_model
from hlsexplore.importers.content import look
from hlsexplore.importers.files import read_archive, read_hdf5
from hlsexplore.importers.keras import inspect_keras

FOLDER = Path(__file__).parents[1] / "data" / "models"
NAMES = ("functional", "image", "sequence")
VALUES = [
    None, True, False, 0, -1, 1, 2, 3.5, 1e308, float("nan"), "", "x", "same", "relu", "quantized_bits(2)", "a" * 500,
    [], [1], [1, 2], [None, 3], [[1, 2], [3, 4]], {}, {"class_name": "Dense"},
    {"class_name": "quantized_bits", "config": {}}, 2**70, -(2**70),
]  # fmt: skip
"""What is put in the place of something else."""


def places(value, path=()):
    """Every place in nested objects and lists; initialisers and regularisers are never read."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if not str(key).endswith(("initializer", "regularizer", "constraint")):
            yield (*path, key)
            yield from places(inner, (*path, key))


def damage(config, rng: np.random.Generator):
    """A copy with one to three places replaced or removed."""
    config = copy.deepcopy(config)
    everywhere = list(places(config))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        *above, last = rng.choice(everywhere)
        with contextlib.suppress(KeyError, IndexError, TypeError):
            owner = config
            for key in above:
                owner = owner[key]
            if isinstance(owner, dict) and rng.random() < 0.15:
                owner.pop(last, None)
            else:
                owner[last] = copy.deepcopy(rng.choice(VALUES))
    return config


def survive(name, kind, seed, count) -> None:
    content = look(FOLDER / f"keras2_{name}.{kind}")
    source = read_archive(content) if kind == "keras" else read_hdf5(content)
    rng = random.Random(seed)
    for _ in range(count):
        with contextlib.suppress(HlsExploreError):
            inspect_keras(replace(source, config=damage(source.config, rng)))


@pytest.mark.parametrize("name", NAMES)
def test_damaged_configuration_raises_typed_errors_only(name) -> None:
    survive(name, "keras", seed=1, count=25)
    survive(name, "h5", seed=2, count=25)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", NAMES)
def test_many_damaged_configurations_raise_typed_errors_only(name, seed) -> None:
    survive(name, "keras", seed=100 + seed, count=300)
    survive(name, "h5", seed=200 + seed, count=300)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("layers", 1, "inbound_nodes"), [{"args": [], "kwargs": 3.5}]),
        (("layers", 1, "inbound_nodes"), [{"args": [], "kwargs": "x"}]),
        (("layers", 1, "config", "activation"), {"class_name": [1], "config": {}}),
        (("layers", 1, "config", "activation"), {"class_name": {}, "config": {}}),
        (("output_layers",), {}),
        (("input_layers",), []),
    ],
)
def test_damage_that_once_escaped_is_a_typed_error(tmp_path: Path, craft: SimpleNamespace, path, value) -> None:
    config, groups = craft.dense_net()
    owner = config["config"]
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = value
    file = craft.write_keras(tmp_path / "m.keras", config, groups)
    with pytest.raises(HlsExploreError):
        read_model(file)
