"""What a training is told and what it tells: settings, progress and result, kept in a folder of its own."""

from dataclasses import dataclass

from hlsexplore.errors import ConfigError, quoted
from hlsexplore.support.values import whole

STOP = "stop"
"""File in a job's folder that ends the training after the current epoch."""
MAX_EPOCHS = 100_000
MAX_BATCH = 1 << 20
MAX_MIXED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a network is trained.

    Attributes:
        epochs: Passes over the training samples, at most.
        batch_size: Samples of a step.
        learning_rate: Step of Adam at the beginning; it falls to a hundredth as half a cosine.
        validation: Share of the training samples that chooses the best epoch and trains nothing.
        patience: Epochs without a better one until training stops; never while weights are still being dropped.
        distill: Share of the loss that compares with the float network's outputs instead of the labels, 0 to 1.
        gradual: Whether `density` falls to its value over the first half of the epochs, the smallest weights chosen
            anew in each; else what the design drops at the beginning stays dropped.
        mixed: Samples that are made of each training sample, for data sets of a few hundred: weighted means of two
            (mixup: Zhang et al., 2018), for which the float network's outputs are wanted.
        seed: Seed of the split, of the order of samples, and of mixed ones.
    """

    epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 2e-3
    validation: float = 0.15
    patience: int = 15
    distill: float = 0.5
    gradual: bool = True
    mixed: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ConfigError: If one is out of its range.
        """
        for name, low, high in (
            ("epochs", 1, MAX_EPOCHS),
            ("batch_size", 1, MAX_BATCH),
            ("patience", 1, MAX_EPOCHS),
            ("mixed", 0, MAX_MIXED),
            ("seed", 0, (1 << 32) - 1),
        ):
            whole(getattr(self, name), name, low, high)
        for name, limit in (("learning_rate", 10.0), ("validation", 1.0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < limit:
                raise ConfigError(f"{name} must be above 0 and below {limit:g}, not {quoted(value)}.")
        if isinstance(self.distill, bool) or not isinstance(self.distill, int | float) or not 0 <= self.distill <= 1:
            raise ConfigError(f"distill must be a share from 0 to 1, not {quoted(self.distill)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One pass over the training samples.

    Attributes:
        number: From 1; 0 is the design before training.
        loss: Mean loss of the training samples; None before training.
        score: Score of the validation samples, the higher the better: accuracy, or less the RMSE.
        density: Share of the weights that is left.
    """

    number: int
    loss: float | None
    score: float
    density: float
