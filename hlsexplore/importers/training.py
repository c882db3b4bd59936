"""Which layers compute otherwise in training mode, so that a call with `training=True` cannot be read."""

from typing import Any

from hlsexplore.importers.preprocessing import IN_TRAINING_ONLY
from hlsexplore.importers.structure import Json, class_of

_RATES = ("rate", "stddev", "factor", "dropout", "recurrent_dropout")
"""Options of noise: at 0 there is none."""
_WRAPPED = ("layer", "forward_layer", "backward_layer", "cell")


def differs_in_training(cls: str, config: Json) -> bool:
    """Whether a layer, or one that it wraps, computes otherwise in training mode.

    Batch normalisations use the mean and variance of the batch at hand, dropout and noise draw numbers.

    Args:
        cls: Its class.
        config: Its options.
    """
    inner = [config[key] for key in _WRAPPED if isinstance(config.get(key), dict)]
    if any(_differs(item) for item in inner):
        return True
    if cls.lower().endswith(("batchnorm", "batchnormalization")):
        return True
    if cls in IN_TRAINING_ONLY and cls != "ActivityRegularization":
        return all(config.get(key) != 0 for key in _RATES[:3])
    return any(config.get(key) for key in _RATES[3:])


def _differs(item: Json) -> bool:
    body: Any = item.get("config")
    return isinstance(body, dict) and differs_in_training(class_of(item, "a wrapped layer")[0], body)
