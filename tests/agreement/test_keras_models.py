"""Real Keras and QKeras models of every layer and option, imported, designed by default and built as C++: exact."""

from pathlib import Path

import pytest
from agreement.cpp_runner import is_available, run_designs
from agreement.kit import mismatches
from importers.conftest import tf
from importers.keras_kit import data
from importers.test_against_keras import FLOAT, FUNCTIONAL, functional
from importers.test_against_qkeras import QUANTIZED, SCALED

from hlsexplore.design import Design
from hlsexplore.emulate.run import raw_outputs
from hlsexplore.errors import NoModelError
from hlsexplore.importers import read_model
from hlsexplore.target import Target
from hlsexplore_hls.cpp.generate import generate

__all__ = ["tf"]

pytestmark = [
    pytest.mark.skipif(not is_available(), reason="needs a C++ compiler and the package da4ml"),
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
]

MODELS = {
    **FLOAT,
    **QUANTIZED,
    **SCALED,
    **{build.__name__: lambda t, build=build: functional(t, build) for build in FUNCTIONAL},
}
NAMES = tuple(MODELS)
BATCH = 24
"""Models compiled together."""

REFUSED: dict[tuple[str, str], str] = {}
"""(model, io) -> part of the sentence with which the C++ flow refuses it."""


def check(tf, names: tuple[str, ...], io: str, folder: Path) -> list[str]:
    """Build models with their default designs and describe each that differs from the emulator."""
    items, kept, problems = [], [], []
    for name in names:
        model = MODELS[name](tf)
        x = tuple(item.astype(float) for item in data(model))
        design = Design.default(read_model(model), target=Target(io=io))
        try:
            generate(design)
        except NoModelError as error:
            if REFUSED.get((name, io), "nothing") not in str(error):
                problems.append(f"{name}: {error}")
            continue
        items.append((design, x if len(x) > 1 else x[0]))
        kept.append(name)
    for name, (design, x), outputs in zip(kept, items, run_designs(items, folder), strict=True):
        problems += mismatches(name, raw_outputs(design, x), outputs, "C++")
    return problems


@pytest.mark.parametrize("io", ["parallel", "stream"])
def test_cpp_of_keras_models_equals_the_emulator(tf, io, tmp_path):
    first = 0 if io == "parallel" else 14
    assert check(tf, NAMES[first::28], io, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("io", ["parallel", "stream"])
@pytest.mark.parametrize("start", range(0, len(NAMES), BATCH))
def test_cpp_of_every_keras_model_equals_the_emulator(tf, io, start, tmp_path):
    assert check(tf, NAMES[start : start + BATCH], io, tmp_path) == []
