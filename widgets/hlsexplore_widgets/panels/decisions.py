"""What the design decides or answers: against the float network, against the labels, by class, and sample by sample."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError
from hlsexplore.merit import Outputs
from hlsexplore.study.trial import Evaluator
from hlsexplore_widgets.figures import decision_figure, decision_info, value_figure, value_info
from hlsexplore_widgets.figures.classes import class_figure, class_info, class_names, num_classes, roc_figure, roc_info
from hlsexplore_widgets.figures.samples import sample_figure, sample_info
from hlsexplore_widgets.flips import Flipped, flipped
from hlsexplore_widgets.protocol import Item

VIEWS = (
    ("flips", "against float"),
    ("labels", "against labels"),
    ("classes", "accuracy of each class"),
    ("roc", "ROC"),
)

MAX_LISTED = 12
MAX_CHOICES = 60
Drawn = tuple[Any, list[Item], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user wants to see.

    Attributes:
        output: Which output.
        view: One of `VIEWS`.
        cell: Row and column of the matrix whose samples are listed; all that flip when None.
        sample: A sample that is seen from near, or None.
    """

    output: int = 0
    view: str = "flips"
    cell: tuple[int, int] | None = None
    sample: int | None = None


def decisions(evaluator: Evaluator, outputs: Outputs, wish: Wish, classes: tuple[str, ...] | None) -> Drawn:
    """Return figure, controls and label of what is wished for.

    Args:
        evaluator: Holds samples, labels and the float network's outputs.
        outputs: Outputs of the design.
        wish: What to show.
        classes: Names of the classes, or None.
    """
    goal, reference, y = evaluator.goals[wish.output], evaluator.reference[wish.output], outputs[wish.output]
    items = _outputs(evaluator, wish)
    if wish.sample is not None:
        return _sample(evaluator, outputs, wish, classes, items)
    if not goal.task.decides:
        values = value_info(reference, y)
        worst = list(dict.fromkeys(values.worst[: 4 * MAX_CHOICES].tolist()))[:MAX_CHOICES]
        items.append(_chooser([[str(number), f"sample {number}"] for number in worst], "worst first"))
        text = f"Samples with the largest errors, the worst first: {_listed(values.worst)}"
        items.append({"id": "worst", "kind": "text", "label": text})
        return value_figure(values), items, "Error of each value of the fixed-point network"
    has_labels = goal.labels is not None
    views = [[name, words] for name, words in VIEWS if has_labels or name == "flips"]
    if has_labels:
        items.append({"id": "view", "kind": "select", "label": "show", "values": views, "value": wish.view})
    if wish.view == "classes" and has_labels:
        return class_figure(class_info(goal, reference, y, classes)), items, "Right decisions of each class"
    if wish.view == "roc" and has_labels:
        curves = (roc_info(goal, values, classes) for values in (reference, y))
        return roc_figure(*curves), items, "Hits against false alarms of each class"
    found = flipped(evaluator, outputs, wish.output)
    labels = goal.labels if wish.view == "labels" and has_labels else None
    info = decision_info(reference, y, classes, goal.task, labels)
    items += _flips(found, wish, class_names(classes, num_classes(reference, goal.task)))
    against = "the labels" if labels is not None else "the float network"
    return decision_figure(info), items, f"Decisions of the fixed-point network against {against}"


def chosen(wish: Wish, name: str, value: Any, num_outputs: int) -> Wish:
    """Return the wish after a control was used.

    Raises:
        ConfigError: If there is no such control or value.
    """
    text = str(value)
    match name:
        case "output" if text in {str(index) for index in range(num_outputs)}:
            return Wish(output=int(text), view=wish.view)
        case "view" if text in dict(VIEWS):
            return Wish(output=wish.output, view=text)
        case "sample" if text.isdigit():
            return Wish(output=wish.output, view=wish.view, cell=wish.cell, sample=int(text))
        case "sample" | "back":
            return Wish(output=wish.output, view=wish.view, cell=wish.cell)
    raise ConfigError(f"the analysis has no choice {name!r} = {value!r}.")


def clicked(wish: Wish, cell: Any) -> Wish:
    """Return the wish after a click on a cell of the matrix, `row:column`; on its diagonal everything is listed."""
    row, _, column = str(cell).partition(":")
    if not (row.isdigit() and column.isdigit()):
        return wish
    place = (int(row), int(column))
    return Wish(output=wish.output, view=wish.view, cell=None if place[0] == place[1] else place)


def _outputs(evaluator: Evaluator, wish: Wish) -> list[Item]:
    names = [[str(index), item.output] for index, item in enumerate(evaluator.goals)]
    if len(names) == 1:
        return []
    return [{"id": "output", "kind": "select", "label": "output", "values": names, "value": str(wish.output)}]


def _chooser(values: list[list[str]], words: str, value: str = "") -> Item:
    return {
        "id": "sample",
        "kind": "select",
        "label": "see sample",
        "values": [["", words], *values],
        "value": value,
    }


def _flips(found: Flipped, wish: Wish, names: tuple[str, ...]) -> list[Item]:
    """The samples that flip, of the cell that was clicked if any, and how many there are."""
    rows = _of_cell(found, wish)
    where = ""
    if wish.cell is not None:
        first, second = (names[index] if index < len(names) else str(index) for index in wish.cell)
        where = f" from {first} to {second}" if wish.view == "flips" else f" that are {first} and decided {second}"
    values = [
        [str(found.samples[row]), f"{found.samples[row]}: {names[found.before[row]]} → {names[found.after[row]]}"]
        for row in rows[:MAX_CHOICES].tolist()
    ]
    if not len(found):
        return [{"id": "flipped", "kind": "text", "label": "No decision flips."}]
    text = f"Samples that flip{where}, the clearest first: {_listed(found.samples[rows])}"
    return [_chooser(values, f"{len(rows):,} that flip{where}"), {"id": "flipped", "kind": "text", "label": text}]


def _of_cell(found: Flipped, wish: Wish) -> NDArray[np.intp]:
    if wish.cell is None:
        return np.arange(len(found))
    first = found.labels if wish.view == "labels" and found.labels is not None else found.before
    return np.flatnonzero((first == wish.cell[0]) & (found.after == wish.cell[1]))


def _sample(
    evaluator: Evaluator, outputs: Outputs, wish: Wish, classes: tuple[str, ...] | None, items: list[Item]
) -> Drawn:
    """A sample from near."""
    number = min(wish.sample or 0, evaluator.emulator.num_samples - 1)
    goal = evaluator.goals[wish.output]
    inputs = {name: values[number] for name, values in evaluator.emulator.inputs.items()}
    before, after = evaluator.reference[wish.output][number], outputs[wish.output][number]
    label = "" if goal.given is None else f"; its label is {np.asarray(goal.given)[number]!s}"
    items += [
        {"id": "back", "kind": "button", "label": "‹ all samples", "title": "Back to all samples"},
        {"id": "seen", "kind": "text", "label": f"Sample {number}{label}"},
    ]
    info = sample_info(number, inputs, before, after, classes)
    return sample_figure(info), items, f"Inputs and outputs of sample {number}"


def _listed(samples: NDArray[np.int64]) -> str:
    """Print the first samples, each once."""
    found = list(dict.fromkeys(samples[: 4 * MAX_LISTED].tolist()))
    return f"{', '.join(map(str, found[:MAX_LISTED]))}{' …' if len(found) > MAX_LISTED else ''}"
