"""Samples of which a design decides otherwise than the float network: `explorer.flipped`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError
from hlsexplore.fixed import RealArray
from hlsexplore.merit import Outputs
from hlsexplore.metrics import decisions
from hlsexplore.study.trial import Evaluator
from hlsexplore.task import TaskKind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flipped:
    """Decisions that flip, those with the clearest float decision first.

    Attributes:
        output: The output that decides.
        samples: The sample of each decision; one with several decisions may occur more than once.
        before: What the float network decides, class numbers.
        after: What the design decides.
        labels: What is right, or None without labels.
        clearness: How far apart the float network's two best values were, or how far from its threshold its value was.
        inputs: The samples' inputs by name, shape (len(samples), *input_shape).
    """

    output: str
    samples: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    labels: NDArray[np.int64] | None
    clearness: RealArray
    inputs: Mapping[str, RealArray] = field(repr=False)

    def __len__(self) -> int:
        """Count the decisions that flip."""
        return len(self.samples)


def flipped(evaluator: Evaluator, outputs: Outputs, index: int = 0) -> Flipped:
    """Find the decisions that flip.

    Args:
        evaluator: Holds samples, labels and the float network's outputs.
        outputs: Outputs of a design on the same samples.
        index: Which output.

    Raises:
        ConfigError: If the output decides nothing.
    """
    goal, reference = evaluator.goals[index], evaluator.reference[index]
    if not goal.task.decides:
        raise ConfigError(f"output {goal.output!r} is for {goal.task}, which decides nothing.")
    before, after = (decisions(values, goal.task).ravel() for values in (reference, outputs[index]))
    if goal.task.kind is TaskKind.MULTICLASS:
        top = np.sort(reference.reshape(len(before), -1), axis=1)
        clearness = top[:, -1] - top[:, -2]
    else:
        clearness = np.abs(reference.ravel() - goal.task.threshold)
    places = np.flatnonzero(before != after)
    places = places[np.argsort(-clearness[places], kind="stable")]
    samples = places // max(len(before) // len(reference), 1)
    labels = None if goal.labels is None else np.asarray(goal.labels).ravel()[places].astype(np.int64)
    return Flipped(
        output=goal.output,
        samples=samples,
        before=before[places],
        after=after[places],
        labels=labels,
        clearness=clearness[places],
        inputs={name: values[samples] for name, values in evaluator.emulator.inputs.items()},
    )
