"""Trains the bundled examples of the variant `hgq2` with HGQ2 and writes their model files, with fixed seeds.

    python scripts/train_hgq2_examples.py ENVIRONMENT [NAME...] [--to FOLDER]

ENVIRONMENT is the folder of an environment with HGQ2, which is made if it is missing; the training runs inside it.
`shuttle` and `vowels_cnn` are no bundled files: give a folder for them, which `benchmarks/compression.py --hgq2` takes.
HGQ2 learns a width for each weight and each element between layers. How much a bit costs (`beta`) grows during the
training, so that many weights and some elements end with no bits at all.
"""

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hgq2_environment import compress, is_inside, run_inside

FOLDER = Path(__file__).parents[1] / "hlsexplore" / "examples" / "models"
SEED = 7


@dataclass(frozen=True)
class Training:
    """How an example is trained.

    Attributes:
        hidden: Units of the hidden layers, or channels of the convolutions.
        classes: Units of the last layer.
        epochs: Passes over the data.
        batch: Samples of a step.
        beta: Cost of a bit at the end, as HGQ2 counts them.
        window: Steps of a convolution's window, each with a pool of two behind it; 0 for Dense layers.
        is_bundled: Whether the file belongs to the package.
    """

    hidden: tuple[int, ...]
    classes: int
    epochs: int
    batch: int
    beta: float
    window: int = 0
    is_bundled: bool = True


TRAININGS = {
    "jets": Training((64, 32, 32), 5, epochs=240, batch=512, beta=4e-6),
    "digits": Training((64, 32, 32), 10, epochs=400, batch=64, beta=3e-6),
    "shuttle": Training((64, 32, 32), 2, epochs=60, batch=512, beta=3e-6, is_bundled=False),
    "vowels_cnn": Training((16, 16), 9, epochs=400, batch=32, beta=2e-7, window=3, is_bundled=False),
}


def main() -> None:
    """Hand the data to the environment with HGQ2, or train if this is inside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environment", type=Path, help="folder of the environment with HGQ2, made if it is missing")
    parser.add_argument("names", nargs="*", help="examples to train, all when none is named")
    parser.add_argument("--to", type=Path, default=FOLDER, help="folder of the model files")
    parser.add_argument("--beta", type=float, help="another cost of a bit at the end")
    parser.add_argument("--data", type=Path, help="folder of the data, for the run inside")
    arguments = parser.parse_args()
    names = arguments.names or [name for name, training in TRAININGS.items() if training.is_bundled]
    if is_inside(arguments.environment):
        for name in names:
            training = TRAININGS[name]
            beta = training.beta if arguments.beta is None else arguments.beta
            train(name, replace(training, beta=beta), arguments.data / f"{name}.npz", arguments.to)
        return
    with TemporaryDirectory() as folder:
        for name in names:
            save_data(name, Path(folder) / f"{name}.npz")
        options = ["--data", folder, "--to", str(arguments.to)]
        options += [] if arguments.beta is None else ["--beta", str(arguments.beta)]
        run_inside(arguments.environment, __file__, [str(arguments.environment), *names, *options])


def save_data(name: str, path: Path) -> None:
    """Write an example's data for the training."""
    import numpy as np

    from hlsexplore.examples.catalog import RECIPES
    from hlsexplore.examples.packaged import read_vowels

    data = read_vowels() if name == "vowels_cnn" else RECIPES[name].data()
    np.savez(path, x_train=data.x_train, y_train=data.y_train, x=data.x, labels=data.labels)


def build(name: str, training: Training, shape: tuple[int, ...]) -> Any:
    """Build Dense layers or convolutions with ReLU; the largest output is the class."""
    import keras
    from hgq.config import LayerConfigScope, QuantizerConfigScope
    from hgq.layers import QConv1D, QDense, QMaxPool1D

    with (
        QuantizerConfigScope(place="weight", b0=5),
        QuantizerConfigScope(place="datalane", f0=4),
        LayerConfigScope(enable_ebops=True, beta0=training.beta / 100),
    ):
        inputs = x = keras.Input(shape, name="features")
        for index, units in enumerate(training.hidden, start=1):
            if not training.window:
                x = QDense(units, activation="relu", name=f"fc{index}")(x)
                continue
            x = QConv1D(units, training.window, activation="relu", name=f"conv{index}")(x)
            x = QMaxPool1D(2, name=f"pool{index}")(x)
        if training.window:
            x = keras.layers.Flatten(name="flatten")(x)
        return keras.Model(inputs, QDense(training.classes, name="output")(x), name=f"{name}_hgq2")


def train(name: str, training: Training, path: Path, folder: Path) -> None:
    """Train one example, set the ranges of its wrapping quantizers from the training data, and write its file."""
    import keras
    import numpy as np
    from hgq.utils import trace_minmax
    from hgq.utils.sugar import BetaScheduler, FreeEBOPs, PieceWiseSchedule

    with np.load(path) as stored:
        data = {key: stored[key] for key in stored.files}
    x_train = data["x_train"].astype("float32")
    keras.utils.set_random_seed(SEED)
    model = build(name, training, x_train.shape[1:])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    steps = training.epochs * -(-len(x_train) // training.batch)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    beta = PieceWiseSchedule([(0, training.beta / 100, "log"), (training.epochs * 3 // 4, training.beta, "constant")])
    model.fit(
        x_train,
        data["y_train"],
        batch_size=training.batch,
        epochs=training.epochs,
        verbose=0,
        callbacks=[BetaScheduler(beta), FreeEBOPs()],
    )
    trace_minmax(model, x_train, batch_size=4096)
    y = model.predict(data["x"].astype("float32"), batch_size=4096, verbose=0)
    accuracy = float((y.argmax(axis=-1) == data["labels"]).mean())
    bits = sum(float(layer.ebops) for layer in model.layers if hasattr(layer, "ebops"))
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}_hgq2.keras"
    plain = build(name, training, x_train.shape[1:])  # never compiled, so that the file holds no state of an optimizer
    plain.set_weights(model.get_weights())
    plain.save(target)
    compress(target)
    sys.stdout.write(f"{name}: accuracy {accuracy:.4f}, {bits:.0f} EBOPs, {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
