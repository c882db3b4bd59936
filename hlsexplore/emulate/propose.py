"""Types that look at values: safe for every input, or safe on some data with a margin, and no wider than useful."""

from dataclasses import replace
from math import ceil, log2
from threading import Event as CancelEvent
from typing import Any, Literal

from hlsexplore.defaults.bounds import accum_type, signed_integer_bits
from hlsexplore.defaults.cells import cell_accum, cell_table
from hlsexplore.defaults.exact import cast_at_once, given_result
from hlsexplore.defaults.tables import function_table, norm_table_size, norm_types, softmax_types
from hlsexplore.design import Design, check_design
from hlsexplore.emulate.blame import BLAME_SAMPLES, softmax_step
from hlsexplore.emulate.emulator import Emulator
from hlsexplore.emulate.plan import plan_design
from hlsexplore.emulate.quality import Quality, make_quality, some_goals
from hlsexplore.emulate.ranges import (
    FloatRun,
    Range,
    has_product,
    is_recurrent,
    observed_accum,
    run_float,
)
from hlsexplore.emulate.run import check_cancelled
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed, Overflow, RealArray
from hlsexplore.graph import Node
from hlsexplore.layer_config import SoftmaxMode
from hlsexplore.merit import Chosen
from hlsexplore.ops import MOVES, Activation, Input, LayerNorm, Recurrent, Softmax, tensor_keys, weights
from hlsexplore.reference.samples import Inputs, check_inputs

Safety = Literal["data", "inputs"]

SOFTMAX_STEP = 1 / 16
"""Largest step of a softmax's exponential table that is proposed: neighbouring entries differ by 6 %."""
MAX_SOFTMAX_TABLE = 4096
MIN_FRACTION = -8


def propose_types(
    design: Design,
    x: Inputs,
    labels: Any = None,
    safety: Safety = "data",
    margin: float = 2.0,
    tolerance: float | None = None,
    max_samples: int = BLAME_SAMPLES,
    cancel: CancelEvent | None = None,
    *,
    task: Any = None,
    metric: Chosen | None = None,
) -> Design:
    """Return the design with types that fit the values that really occur.

    Integer bits of results come from the float network on the data; weights from their values; accumulators lose no
    fraction bits and hold every sum. The widths of weights and results stay the design's, or shrink with `tolerance`.
    A result that a softmax reads gets no more integer bits than its logits need, and the table grows until its step is
    at most 1/16.

    Args:
        design: The design to start from; types that the model itself prescribes are kept.
        x: Real inputs as for `emulate`.
        labels: Labels as in `task.find_goals`; outputs without are compared with the float network's.
        safety: `data`: safe on this data with the margin. `inputs`: accumulators and results hold every value that any
            input of the input's type can cause (often much wider); logits that a softmax reads stay as on the data.
        margin: Factor on the range that was seen; 2 is one bit.
        tolerance: What may be lost for narrower weights and results, such as 0.005: of accuracy or agreement, for
            regression of the spread of the wanted values, of a metric of one's own as a share of the float network's;
            every output keeps to it. None keeps the widths.
        max_samples: Samples to look at when widths shrink.
        cancel: Set it from another thread to stop.
        task: What the outputs are for, as in `task.find_goals`; found from last layers and labels when None.
        metric: What counts, as in `merit.chosen_metric`; the figure that fits the task when None.

    Raises:
        ConfigError: If `safety`, `margin`, `tolerance`, task or metric is not valid.
        DataError: If data or labels do not fit the network.
        CancelledError: If `cancel` was set.
    """
    check_design(design)
    if safety not in ("data", "inputs"):
        raise ConfigError(f"unknown safety {safety!r}. Valid values: 'data', 'inputs'.")
    if not margin >= 1.0 or (tolerance is not None and not 0.0 <= tolerance < 1.0):
        raise ConfigError(f"margin must be 1 or more and tolerance from 0 to 1, not {margin!r} and {tolerance!r}.")
    inputs = check_inputs(design.graph, x)
    goals, rows = some_goals(design.graph, len(next(iter(inputs.values()))), labels, task, max_samples)
    run = run_float(design.graph, inputs)
    design = _place(design, run, safety, margin)
    if tolerance is None:
        return design
    quality = make_quality(goals, metric, tuple(values[rows] for values in run.outputs))
    emulator = Emulator(design.graph, {name: values[rows] for name, values in inputs.items()})
    return _shrink(design, emulator, quality, tolerance, run, safety, margin, cancel)


def _place(design: Design, run: FloatRun, safety: Safety, margin: float) -> Design:
    """Put the binary points where the values are, layer by layer in the graph's order."""
    for node in design.graph:
        if not isinstance(node.op, MOVES):
            design = _place_layer(design, node, run, safety, margin)
    return design


def _place_layer(design: Design, node: Node, run: FloatRun, safety: Safety, margin: float) -> Design:
    types, kept = design.layers[node.name].types, node.types
    reach = run.results[node.name].scaled(margin)
    changes: dict[str, Fixed | str | int] = {}
    for key, values in weights(node.op).items():
        if key not in kept and key in tensor_keys(node.op):
            integer = signed_integer_bits(float(values.min(initial=0.0)), float(values.max(initial=0.0)))
            changes[key] = Fixed(types[key].width, integer, rounding=types[key].rounding, overflow=types[key].overflow)
    if isinstance(node.op, Softmax):
        changes |= softmax_types(node.shape[-1], design.layers[node.name].softmax is not SoftmaxMode.LATENCY)
    design = design.with_layer(node.name, **changes)
    if has_product(node):
        design = design.with_layer(node.name, accum=_accum(design, node, reach, safety))
    is_input = isinstance(node.op, Input)
    given = cast_at_once(design.graph, node) if is_input else given_result(node)
    if given is not None or (is_input and safety == "inputs"):
        return design
    result = _result(design, node, reach)
    if (
        safety == "inputs"
        and not isinstance(node.op, Softmax)
        and not is_recurrent(node)
        and not _feeds_softmax(design, node)
    ):
        every = _every_input(design, node)
        wider = max(every.integer - int(not result.signed) - result.integer, 0)
        result = replace(result, width=result.width + wider, integer=result.integer + wider)
    return _place_inner(design.with_layer(node.name, result=result), node, run, margin)


def _place_inner(design: Design, node: Node, run: FloatRun, margin: float) -> Design:
    """Fit tables, and accumulators that are no plain sum of products, to a layer whose result is placed."""
    types, source = design.layers[node.name].types, design.input_types(node.name)
    match node.op:
        case Softmax():
            return _finer_softmax(design, node)
        case Activation() if "table" in types:
            return design.with_layer(node.name, table=function_table(node.op, types["result"]))
        case Recurrent():
            changes = {"table": cell_table(node.op)} if "table" in types else {}
            return design.with_layer(node.name, accum=cell_accum(node, types, source[0]), **changes)
        case LayerNorm():
            usual, top = run.norms[node.name]
            found = norm_types(node.op.epsilon, top * margin)
            size = norm_table_size(found["accum"], usual + node.op.epsilon)
            return design.with_layer(node.name, **found, table_size=size)
    return design


def _feeds_softmax(design: Design, node: Node) -> bool:
    """Whether a softmax reads the result, so that idle integer bits would starve its table."""
    return any(isinstance(reader.op, Softmax) for reader in design.graph.consumers(node.name))


def _accum(design: Design, node: Node, reach: Range, safety: Safety) -> Fixed:
    types, source = design.layers[node.name].types, design.input_types(node.name)[0]
    safe = accum_type(node, types["weight"], types["bias"], source)
    if safety == "inputs" or reach.integer >= safe.integer:
        return safe
    return observed_accum(node, design, reach)


def _every_input(design: Design, node: Node) -> Range:
    """Return the range of a result before its cast, for every input."""
    roomy = Fixed(60, 40, overflow=Overflow.SAT)
    span = plan_design(design.with_layer(node.name, result=roomy)).spans[node.name]
    return Range(span.low * 2.0**-span.fraction, span.high * 2.0**-span.fraction)


def _result(design: Design, node: Node, reach: Range) -> Fixed:
    """Return the result's type: as wide as now, but without bits that never carry anything."""
    current = design.layers[node.name].types["result"]
    is_positive = reach.low >= 0.0 and not current.signed
    integer = reach.integer - int(is_positive)
    fraction = current.width - integer
    if has_product(node):
        fraction = min(fraction, design.layers[node.name].types["accum"].fraction)
    elif node.kind in ("relu", "linear"):
        fraction = min(fraction, design.input_types(node.name)[0].fraction)
    fraction = max(fraction, 1 - integer)
    overflow = Overflow.SAT if current.overflow is Overflow.WRAP else current.overflow
    return Fixed(integer + fraction, integer, not is_positive, current.rounding, overflow)


def _finer_softmax(design: Design, node: Node) -> Design:
    """Grow the table of a softmax until its step is fine enough, if the logits have the bits."""
    config = design.layers[node.name]
    if config.softmax is SoftmaxMode.ARGMAX:
        return design
    step, _ = softmax_step(design, node)
    if step <= SOFTMAX_STEP:
        return design
    size = min(config.table_size << ceil(log2(step / SOFTMAX_STEP)), max(MAX_SOFTMAX_TABLE, config.table_size))
    return design.with_layer(node.name, table_size=size)


def _shrink(
    design: Design,
    emulator: Emulator,
    quality: Quality,
    tolerance: float,
    run: FloatRun,
    safety: Safety,
    margin: float,
    cancel: CancelEvent | None,
) -> Design:
    """Take fraction bits away: from each tensor alone as far as its share of the tolerance goes, then all together."""
    most = quality.losses(emulator.run(design)) + tolerance
    tensors = _shrinkable(design)
    share = tolerance / max(len(tensors), 1)
    spare: dict[tuple[str, str], int] = {}
    for name, key in tensors:
        check_cancelled(cancel)
        spare[name, key] = _most(design, name, key, emulator, quality, most - tolerance + share)
    for back in range(max(spare.values(), default=0) + 1):
        check_cancelled(cancel)
        narrow = design
        for (name, key), bits in spare.items():
            narrow = narrow.with_layer(name, **{key: narrower(design.type(name, key), max(bits - back, 0))})
        for node in design.graph:
            if has_product(node):
                reach = run.results[node.name].scaled(margin)
                narrow = narrow.with_layer(node.name, accum=_accum(narrow, node, reach, safety))
        if (quality.losses(emulator.run(narrow)) <= most).all():
            return narrow
    return design


def _shrinkable(design: Design) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for node in design.graph:
        if isinstance(node.op, MOVES):
            continue
        keys = list(weights(node.op))
        if node.name not in design.graph.outputs and not isinstance(node.op, Softmax):
            keys.append("result")
        found += [(node.name, key) for key in keys if key not in node.types]
    return found


def _most(design: Design, name: str, key: str, emulator: Emulator, quality: Quality, most: RealArray) -> int:
    """Return how many fraction bits a tensor can lose by itself (bisection), with no figure losing more than it may."""
    type_ = design.type(name, key)
    low, high = 0, max(min(type_.width - 1, type_.fraction - MIN_FRACTION), 0)
    while low < high:
        middle = (low + high + 1) // 2
        trial = design.with_layer(name, **{key: narrower(type_, middle)})
        if (quality.losses(emulator.run(trial)) <= most).all():
            low = middle
        else:
            high = middle - 1
    return low


def narrower(type_: Fixed, bits: int) -> Fixed:
    """Return a type with fewer fraction bits."""
    return Fixed(type_.width - bits, type_.integer, type_.signed, type_.rounding, type_.overflow)
