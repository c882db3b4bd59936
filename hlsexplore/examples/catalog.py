"""The bundled examples by name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore.examples.dataset import Dataset
from hlsexplore.examples.jets import synthetic_jets
from hlsexplore.examples.packaged import digits, shuttle, vowels
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph
from hlsexplore.importers import read_model

VARIANTS = ("keras", "qkeras")
"""Each example exists as a plain Keras network and as one that QKeras trained with 6 bits."""
HGQ2 = "hgq2"
"""Some exist also as a network of which HGQ2 has learned the width of each weight and each element."""
BREVITAS = "brevitas"
"""Some exist also as a network that Brevitas trained, with 4 bits and real scales."""
FOLDER = Path(__file__).parent / "models"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What an example is made of.

    Attributes:
        data: Returns its data.
        description: What it is, in a sentence or two.
        is_synthetic: Whether the data comes from a generator.
        variants: How it was trained: those that all examples have, and more.
    """

    data: Callable[[], Dataset]
    description: str
    is_synthetic: bool = False
    variants: tuple[str, ...] = VARIANTS


RECIPES = {
    "shuttle": Recipe(
        data=shuttle,
        description=(
            "Anomaly trigger on 9 sensors of the space shuttle (Statlog, 49,097 real readings, 7 % anomalies): "
            "an MLP 9-64-32-32-2 with softmax."
        ),
        variants=(*VARIANTS, BREVITAS),
    ),
    "digits": Recipe(
        data=digits,
        description="Handwritten digits (1,797 real images of 8x8 pixels): an MLP 64-64-32-32-10 with softmax.",
        variants=(*VARIANTS, HGQ2),
    ),
    "jets": Recipe(
        data=synthetic_jets,
        description=(
            "SYNTHETIC stand-in of the LHC jet tagger 16-64-32-32-5: generated data, so that speed and resources can "
            "be compared with published designs; its accuracy says nothing about physics."
        ),
        is_synthetic=True,
        variants=(*VARIANTS, HGQ2),
    ),
    "digits_cnn": Recipe(
        data=lambda: digits(True),
        description=(
            "Handwritten digits (1,797 real images of 8x8 pixels): a CNN of two convolutions, pooling and two dense "
            "layers."
        ),
    ),
    "vowels_cnn": Recipe(
        data=vowels,
        description=(
            "Speaker recognition from Japanese vowels (640 real utterances of 25 steps and 12 coefficients, 9 "
            "speakers): a one-dimensional CNN."
        ),
    ),
    "vowels_gru": Recipe(
        data=vowels,
        description=(
            "Speaker recognition from Japanese vowels (640 real utterances of 25 steps and 12 coefficients, 9 "
            "speakers): a GRU of 16 units."
        ),
    ),
    "shuttle_branched": Recipe(
        data=shuttle,
        description=(
            "Anomaly trigger on the space shuttle's sensors (real readings): two branches, a residual sum and a "
            "concatenation."
        ),
    ),
}
NAMES = tuple(RECIPES)
"""Names of the bundled examples."""
PAIRS = tuple((name, variant) for name, recipe in RECIPES.items() for variant in recipe.variants)
"""Every example in each of its variants."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """A trained network with data to evaluate it on.

    Attributes:
        name: Its name, such as `shuttle`.
        variant: One of its recipe's variants.
        path: The model file.
        graph: The network.
        x: Evaluation samples that training never saw, shape (samples, *graph.input_shape).
        labels: Their classes, integers from 0.
        classes: Names of the classes.
        is_synthetic: Whether the data comes from a generator.
        description: What it is.
    """

    name: str
    variant: str
    path: Path
    graph: Graph
    x: RealArray
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    is_synthetic: bool
    description: str


def load(name: str, variant: str = "keras") -> Example:
    """Load a bundled example.

    Args:
        name: One of `NAMES`.
        variant: One of `VARIANTS`; jets and digits also as `hgq2`, the shuttle also as `brevitas`, an MLP 9-32-16-2
            in an `.onnx` file (read with the package onnx).

    Raises:
        ConfigError: If the name or variant is unknown.
        DataError: If the package that ships the data is not installed.
        ModelError: If the package that reads the file is not installed.

    Examples:
        >>> example = load("jets", "qkeras")
        >>> example.graph.input_shape, example.is_synthetic
        ((16,), True)
    """
    if name not in RECIPES:
        raise ConfigError(unknown_name("example", name, NAMES, "hlsexplore"))
    recipe = RECIPES[name]
    if variant not in recipe.variants:
        raise ConfigError(unknown_name("variant", variant, recipe.variants, f"The example {name!r}"))
    data = recipe.data()
    path = FOLDER / f"{name}_{variant}{'.onnx' if variant == BREVITAS else '.keras'}"
    return Example(
        name=name,
        variant=variant,
        path=path,
        graph=read_model(path),
        x=data.x,
        labels=data.labels,
        classes=data.classes,
        is_synthetic=recipe.is_synthetic,
        description=recipe.description,
    )
