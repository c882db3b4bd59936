"""Which weights to drop: the same share everywhere, or most where the least accuracy pays for the most LUTs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event as CancelEvent
from typing import Any

from hlsexplore.compress.costs import known_lut
from hlsexplore.design import Design, check_design
from hlsexplore.emulate import Emulator, float_forward
from hlsexplore.errors import ConfigError, quoted
from hlsexplore.masks import Pattern, can_prune
from hlsexplore.merit import as_outputs, bind, find_measures
from hlsexplore.metrics import relative_error
from hlsexplore.op_facts import matmul_shape
from hlsexplore.reference.samples import Inputs
from hlsexplore.task import find_goals
from hlsexplore.weights import raw_weights

STEP = 0.75
"""Share of a layer's weights that one step of `prune_by_saliency` keeps."""

GAP_WEIGHT = 1e-3
"""What a distance from the float network's outputs, in units of their spread, counts beside the figure of merit."""


def prunable(design: Design) -> tuple[str, ...]:
    """List the layers whose weights can be dropped."""
    return tuple(node.name for node in design.graph if can_prune(node.op))


def prune(
    design: Design, density: float, layers: Sequence[str] | None = None, pattern: Pattern | str = Pattern.WEIGHTS
) -> Design:
    """Keep a share of the weights of some layers, the largest ones.

    Args:
        design: The design.
        density: Share of each layer's weights that is kept.
        layers: Names of the layers; all that can be pruned when None.
        pattern: What is dropped as a whole.

    Raises:
        ConfigError: If a layer is unknown or cannot be pruned like that.
    """
    check_design(design)
    names = prunable(design) if layers is None else layers
    if not names:
        raise ConfigError(f"the network {design.graph.name!r} has no weights to drop.")
    return design.with_layers({name: {"density": density, "pattern": pattern} for name in names})


def kept_share(design: Design) -> float:
    """Return the share of the weights of all prunable layers that a design keeps and that are not 0 in its types."""
    kept = total = 0
    for name in prunable(design):
        for key, raw in raw_weights(design, name).items():
            if "bias" not in key:
                kept, total = kept + int((raw != 0).sum()), total + raw.size
    return kept / max(1, total)


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneStep:
    """One step of a pruning by saliency.

    Attributes:
        layer: The layer that lost weights.
        density: Share of its weights that is left.
        merit: What the design's figure of merit is then.
        lut: Estimated LUTs of the design then.
    """

    layer: str
    density: float
    merit: float
    lut: float


def prune_by_saliency(
    design: Design,
    x: Inputs,
    labels: Any = None,
    *,
    density: float,
    layers: Sequence[str] | None = None,
    pattern: Pattern | str = Pattern.WEIGHTS,
    task: Any = None,
    on_step: Callable[[PruneStep], None] | None = None,
    cancel: CancelEvent | None = None,
) -> Design:
    """Drop weights layer by layer, each time where a LUT costs the least accuracy, by emulator and estimator.

    Accuracy comes in steps, so the distance of the outputs from the float network's decides between equal ones.

    Args:
        design: The design; what it drops already stays dropped.
        x: Samples as for `emulate`.
        labels: Their labels, as for `Study`; agreement with the float network counts where there are none.
        density: Share of the weights of all these layers that is kept at the end.
        layers: Names of the layers; all that can be pruned when None.
        pattern: What is dropped as a whole.
        task: What the outputs are for, as for `Study`.
        on_step: Gets every step.
        cancel: Set it from another thread to stop.

    Raises:
        ConfigError: If the density is out of range, a layer cannot be pruned, or the LUTs of one have no estimate.
        DataError: If the data does not fit the network.
        CancelledError: If `cancel` was set.
    """
    check_design(design)
    if isinstance(density, bool) or not isinstance(density, int | float) or not 0 < density <= 1:
        raise ConfigError(f"density must be above 0 and at most 1, not {quoted(density)}.")
    names = list(prunable(design) if layers is None else layers)
    judge = _judge(design, x, labels, task, cancel)
    sizes = {name: _size(design, name) for name in names}
    shares = {name: design.layers[name].density for name in names}
    found = prune(design, 1.0, names, pattern).with_layers({name: {"density": shares[name]} for name in names})
    loss, lut = judge(found)[:2]
    while sum(shares[name] * sizes[name] for name in names) > density * sum(sizes.values()):
        tried: dict[str, tuple[float, float, float, Design]] = {}
        for name in names:
            if shares[name] * sizes[name] > 1:
                changed = found.with_layer(name, density=shares[name] * STEP)
                tried[name] = (*judge(changed), changed)
        if not tried:
            break
        best = min(tried, key=lambda name: (tried[name][0] - loss) / max(lut - tried[name][1], 1e-9))
        loss, lut, merit, found = tried[best]
        shares[best] *= STEP
        if on_step is not None:
            on_step(PruneStep(layer=best, density=shares[best], merit=merit, lut=lut))
    return found


def _size(design: Design, name: str) -> int:
    shape = matmul_shape(design.graph[name].op)
    if shape is None:
        raise ConfigError(f"layer {name!r}: a {design.graph[name].kind} layer has no matrix of weights to prune.")
    return shape[0] * shape[1]


def _judge(
    design: Design, x: Inputs, labels: Any, task: Any, cancel: CancelEvent | None
) -> Callable[[Design], tuple[float, float, float]]:
    """Return the function from designs to what is lost, LUTs, and the figure of merit."""
    emulator = Emulator(design.graph, x)
    goals = find_goals(design.graph, emulator.num_samples, labels, task)
    reference = as_outputs(float_forward(design.graph, x))
    merit = bind(find_measures(goals)[0], goals, reference)
    is_better_high = merit.metric.is_maximized

    def judge(changed: Design) -> tuple[float, float, float]:
        outputs = as_outputs(emulator.run(changed, cancel))
        value = merit.of(outputs)
        gap = sum(relative_error(mine, real) for mine, real in zip(outputs, reference, strict=True))
        lost = (-value if is_better_high else value) + GAP_WEIGHT * gap
        return lost, known_lut(changed), value

    return judge
