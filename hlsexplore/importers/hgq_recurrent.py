"""Recurrent layers of HGQ2, unrolled: the products of the input for all steps at once, then a copy of the cell a step.

Elements of states and gates have types of their own, which are the same at every step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hlsexplore.element_types import quantize_elements
from hlsexplore.fixed import RealArray, least_type, to_real
from hlsexplore.importers.activations import apply_activation
from hlsexplore.importers.hgq_parts import QuantizedWeight, apply_quantizer, own_weight, quantized_weight
from hlsexplore.importers.hgq_quantizers import HgqQuantizer, read_types
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.ops import (
    Activation,
    Affine,
    Concatenate,
    Crop,
    Dense,
    Function,
    Merge,
    MergeFunction,
    Reshape,
)

MAX_STEPS = 64
"""Most steps that are unrolled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """A cell that is being unrolled.

    Attributes:
        layer: The layer; its component is the cell.
        units: Size of the state.
        recurrent: State weights, shape (units, gates * units).
        recurrent_bias: Quantised bias added to their product, shape (gates * units,).
        quantizers: Quantizers of states and functions, by name.
    """

    layer: ImportedLayer
    units: int
    recurrent: QuantizedWeight
    recurrent_bias: RealArray
    quantizers: dict[str, HgqQuantizer]

    def cast(self, x: ImportedTensor, name: str, suffix: str) -> ImportedTensor:
        """Append a cast by one of the quantizers."""
        return apply_quantizer(self.layer, x, self.quantizers[name], suffix)

    def apply(self, x: ImportedTensor, key: str, suffix: str) -> ImportedTensor:
        """Append one of the layer's functions."""
        return apply_activation(self.layer.renamed(suffix), x, self.layer.config.get(key))

    def product(self, x: ImportedTensor, first: int, last: int, suffix: str) -> ImportedTensor:
        """Append the product with some columns of the state weights."""
        recurrent, columns = self.recurrent, slice(first, last)
        kernel, bias = recurrent.values[:, columns], self.recurrent_bias[columns]
        types = {"weight": least_type(kernel), "bias": least_type(bias)}
        of_weights = recurrent.types
        if of_weights is not None:
            of_weights = of_weights.broadcast_to(recurrent.values.shape).moved(lambda array: array[:, columns])
        op = Dense(kernel=kernel, bias=bias, types=of_weights)
        return self.layer.add(op, (x,), (last - first,), suffix, types)

    def merge(self, function: MergeFunction, a: ImportedTensor, b: ImportedTensor, suffix: str) -> ImportedTensor:
        """Append the sum or product of two tensors."""
        return self.layer.add(Merge(function=function), (a, b), a.shape, suffix)

    def part(self, x: ImportedTensor, first: int, last: int, suffix: str) -> ImportedTensor:
        """Append the choice of some elements of a vector."""
        (size,) = x.shape
        if (first, last) == (0, size):
            return x
        column = self.layer.add(Reshape(), (x,), (size, 1), f"{suffix}_column")
        cropping = ((0, 0), (first, size - last))
        column = self.layer.add(Crop(cropping=cropping, rank=1), (column,), (last - first, 1), suffix)
        return self.layer.add(Reshape(), (column,), (last - first,), f"{suffix}_row")

    def affine(self, x: ImportedTensor, factor: RealArray, offset: RealArray, suffix: str) -> ImportedTensor:
        """Append x * factor + offset by element."""
        types = {"weight": least_type(factor), "bias": least_type(offset)}
        return self.layer.add(Affine(kernel=factor, bias=offset), (x,), x.shape, suffix, types)


Step = Callable[[_Cell, str, ImportedTensor, ImportedTensor | None, str], ImportedTensor]
"""Appends a step from its name, the products of the input, the state (None is 0) and the suffix of its last node."""


def gru(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QGRU."""
    reset_after = layer.flag("reset_after", True)
    names = {"sq": 1, "paq": 1, "praq": 2, "rhq": 1}
    cell, x = _cell(layer, only(layer, inputs), 3, names, has_two_biases=reset_after)
    return _unrolled(cell, x, _gru_after if reset_after else _gru_before)


def simple_rnn(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QSimpleRNN."""
    names = {"sq": 1, "paq": 1} if layer.config.get("sq_conf") is not None else {"paq": 1}
    cell, x = _cell(layer, only(layer, inputs), 1, names, has_two_biases=False)
    return _unrolled(cell, x, _simple_step)


def _cell(
    layer: ImportedLayer, x: ImportedTensor, gates: int, names: dict[str, int], has_two_biases: bool
) -> tuple[_Cell, Sequence[ImportedTensor]]:
    """Read a cell and append the products of the input; return them step by step.

    Raises:
        UnsupportedError: If it keeps its state between samples, has an output quantizer or too many steps.
    """
    if layer.flag("stateful", False):
        raise layer.refuse("it keeps its state from one batch to the next.", "Use stateful=False.")
    if layer.config.get("oq_conf") is not None:
        raise layer.refuse("an output quantizer of a recurrent layer is not supported.", "Use a Quantizer behind it.")
    if len(x.shape) != 2:
        raise layer.damaged("name", f"an input of two axes, but it reads one of shape {x.shape}")
    steps, features = x.shape
    if steps > MAX_STEPS:
        raise layer.refuse(f"it would be unrolled into {steps} steps.", f"Use at most {MAX_STEPS} steps.")
    units, inner = layer.integer("units"), replace(layer, component="cell")
    kernel = own_weight(inner, "kernel", 0, (features, gates * units))
    recurrent = own_weight(inner, "recurrent_kernel", 1, (units, gates * units))
    of_kernel = quantized_weight(inner, "kq_conf", "kq", kernel)
    of_state = quantized_weight(inner, "rkq_conf", "rkq", recurrent)
    biases = np.zeros((2, gates * units))
    if layer.flag("use_bias", True):
        shape = (2, gates * units) if has_two_biases else (gates * units,)
        biases[: 2 if has_two_biases else 1] = quantized_weight(
            inner, "bq_conf", "bq", own_weight(inner, "bias", 2, shape)
        ).values
    quantizers = {name: read_types(inner, f"{name}_conf", name, (count * units,))[1] for name, count in names.items()}
    for name in ("sq", "rhq"):
        if name in quantizers and quantizers[name].spec.affine is not None:
            raise layer.refuse(f"the quantizer {name!r} has an affine map, so that 0 is no 0.", "Leave affine out.")
    if layer.config.get("iq_conf") is not None:
        cast = read_types(inner, "iq_conf", "iq", (features,))[1]
        x = apply_quantizer(layer, x, _for_steps(cast), "iq")
    types = {"weight": of_kernel.type, "bias": least_type(biases[0])}
    op = Dense(kernel=of_kernel.values, bias=biases[0], types=of_kernel.types)
    products = layer.add(op, (x,), (steps, gates * units), "x", types)
    cell = _Cell(layer=inner, units=units, recurrent=of_state, recurrent_bias=biases[1], quantizers=quantizers)
    return cell, [_step_of(layer, products, step) for step in range(steps)]


def _for_steps(quantizer: HgqQuantizer) -> HgqQuantizer:
    """Return the quantizer of a step's input for all steps: the same types at each."""
    return replace(
        quantizer,
        signed=quantizer.signed[:, None],
        integer=quantizer.integer[:, None],
        fraction=quantizer.fraction[:, None],
    )


def _step_of(layer: ImportedLayer, products: ImportedTensor, step: int) -> ImportedTensor:
    """Append the choice of a step."""
    steps, size = products.shape
    row = layer.add(Crop(cropping=((0, 0), (step, steps - 1 - step)), rank=1), (products,), (1, size), f"x{step}")
    return layer.add(Reshape(), (row,), (size,), f"x{step}_row")


def _unrolled(cell: _Cell, steps: Sequence[ImportedTensor], step: Step) -> ImportedTensor:
    """Append a copy of a cell for each step; the last node has the layer's own name."""
    layer, state = cell.layer, None
    count, is_sequence = len(steps), layer.flag("return_sequences", False)
    rows = []
    for index, x in enumerate(reversed(steps) if layer.flag("go_backwards", False) else steps):
        is_last = index == count - 1 and not is_sequence
        state = step(cell, f"t{index}", x, state, "" if is_last else f"t{index}")
        if is_sequence:
            suffix = "" if count == 1 else f"t{index}_row"
            rows.append(layer.add(Reshape(), (state,), (1, cell.units), suffix))
    if len(rows) > 1:
        return layer.add(Concatenate(axis=0), tuple(rows), (count, cell.units))
    return rows[0] if rows or state is None else state


def _gru_after(cell: _Cell, name: str, x: ImportedTensor, state: ImportedTensor | None, last: str) -> ImportedTensor:
    """Append a step of a GRU that resets behind the product."""
    n, columns = cell.units, 3 * cell.units
    from_x = cell.part(x, 0, 2 * n, f"{name}_xzr")
    if state is None:
        hidden = None
        gates = cell.affine(from_x, np.ones(2 * n), cell.recurrent_bias[: 2 * n], f"{name}_zr")
    else:
        hidden = cell.cast(state, "sq", f"{name}_state")
        from_h = cell.product(hidden, 0, columns, f"{name}_h")
        gates = cell.merge(MergeFunction.ADD, from_x, cell.part(from_h, 0, 2 * n, f"{name}_hzr"), f"{name}_zr")
    z, r = _gates(cell, gates, name)
    if state is None:
        reset = cell.affine(r, _constant(cell, cell.recurrent_bias[2 * n :]), np.zeros(n), f"{name}_reset")
    else:
        inner = cell.cast(cell.part(from_h, 2 * n, columns, f"{name}_hh"), "rhq", f"{name}_rhq")
        reset = cell.merge(MergeFunction.MULTIPLY, r, inner, f"{name}_reset")
    return _mixed(cell, name, (x, reset), (z, hidden), last)


def _gru_before(cell: _Cell, name: str, x: ImportedTensor, state: ImportedTensor | None, last: str) -> ImportedTensor:
    """Append a step of a GRU that resets before the product."""
    n, columns = cell.units, 3 * cell.units
    gates, hidden, reset = cell.part(x, 0, 2 * n, f"{name}_xzr"), None, None
    if state is not None:
        hidden = cell.cast(state, "sq", f"{name}_state")
        gates = cell.merge(MergeFunction.ADD, gates, cell.product(hidden, 0, 2 * n, f"{name}_hzr"), f"{name}_zr")
    z, r = _gates(cell, gates, name)
    if hidden is not None:
        masked = cell.cast(cell.merge(MergeFunction.MULTIPLY, r, hidden, f"{name}_masked"), "rhq", f"{name}_rhq")
        reset = cell.product(masked, 2 * n, columns, f"{name}_reset")
    return _mixed(cell, name, (x, reset), (z, hidden), last)


def _gates(cell: _Cell, gates: ImportedTensor, name: str) -> tuple[ImportedTensor, ImportedTensor]:
    """Append the function of the gates; return the update and the reset gate."""
    n = cell.units
    both = cell.cast(cell.apply(gates, "recurrent_activation", f"{name}_gate"), "praq", f"{name}_praq")
    return cell.part(both, 0, n, f"{name}_z"), cell.part(both, n, 2 * n, f"{name}_r")


def _mixed(
    cell: _Cell,
    name: str,
    parts: tuple[ImportedTensor, ImportedTensor | None],
    old: tuple[ImportedTensor, ImportedTensor | None],
    last: str,
) -> ImportedTensor:
    """Append the candidate, and the new state: z * old + (1 - z) * candidate, which nothing rounds."""
    (x, reset), (z, hidden), n = parts, old, cell.units
    candidate = cell.part(x, 2 * n, 3 * n, f"{name}_xh")
    if reset is not None:
        candidate = cell.merge(MergeFunction.ADD, candidate, reset, f"{name}_candidate")
    candidate = cell.cast(cell.apply(candidate, "activation", f"{name}_act"), "paq", f"{name}_paq")
    rest = cell.affine(z, -np.ones(n), np.ones(n), f"{name}_rest")
    if hidden is None:
        return cell.merge(MergeFunction.MULTIPLY, rest, candidate, last)
    new = cell.merge(MergeFunction.MULTIPLY, rest, candidate, f"{name}_new")
    kept = cell.merge(MergeFunction.MULTIPLY, z, hidden, f"{name}_kept")
    return cell.merge(MergeFunction.ADD, kept, new, last)


def _constant(cell: _Cell, values: RealArray) -> RealArray:
    """Return what the quantizer of the reset product makes of constants."""
    types = cell.quantizers["rhq"].types()
    constants: RealArray = to_real(quantize_elements(values[None], types), types.hull())[0]
    return constants


def _simple_step(cell: _Cell, name: str, x: ImportedTensor, state: ImportedTensor | None, last: str) -> ImportedTensor:
    """Append a step of a simple cell: the function comes behind the cast."""
    total = x
    if state is not None:
        hidden = cell.cast(state, "sq", f"{name}_state") if "sq" in cell.quantizers else state
        total = cell.merge(MergeFunction.ADD, x, cell.product(hidden, 0, cell.units, f"{name}_h"), f"{name}_sum")
    cast = cell.cast(total, "paq", f"{name}_paq")
    y = cell.apply(cast, "activation", f"{name}_act")
    return cell.layer.add(Activation(function=Function.LINEAR), (y,), y.shape, last)
