"""Tables of HGQ2: QUnaryFunctionLUT, and QSoftmax as a graph of a maximum, two tables, a sum and a product."""

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import Fixed, least_type, quantize
from hlsexplore.graph import MAX_ADDRESS_BITS
from hlsexplore.importers.activations import activation_name
from hlsexplore.importers.exact import reach_of
from hlsexplore.importers.float32 import FUNCTIONS
from hlsexplore.importers.hgq_parts import (
    apply_quantizer,
    own_weight,
    quantized_input,
    quantized_output,
    read_axes,
)
from hlsexplore.importers.hgq_quantizers import HgqQuantizer, read_quantizer
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.importers.reshape import moved, reshaped
from hlsexplore.ops import Dense, Lookup, Merge, MergeFunction, Pool, Upsample

Float32 = NDArray[np.float32]
Real = Callable[[Float32], Float32]
"""A function in float32."""
KERAS_EPSILON = np.float32(1e-7)


def unary(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QUnaryFunctionLUT and QAffinedUnaryFunctionLUT."""
    x, name = only(layer, inputs), activation_name(layer.config.get("activation"))
    if name is None or name not in FUNCTIONS:
        known = ", ".join(FUNCTIONS)
        raise layer.refuse(f"its function {str(name)[:40]!r} is not supported.", f"Supported ones: {known}.")
    if layer.config.get("oq_conf") is None:
        raise layer.refuse("it has no output quantizer, so that its results are real numbers.", "Set enable_oq=True.")
    function: Real = FUNCTIONS[name]
    if layer.cls == "QAffinedUnaryFunctionLUT":
        scale, bias = (
            np.float32(own_weight(layer, leaf, place, (1,))[0]) for place, leaf in enumerate(("scale", "bias"))
        )
        plain = function

        def function(values: Float32) -> Float32:
            return plain(values * scale + bias)

    output = read_quantizer(layer, "oq_conf", "oq")
    return table(layer, quantized_input(layer, x), function, output, "")


def table(layer: ImportedLayer, x: ImportedTensor, function: Real, output: HgqQuantizer, suffix: str) -> ImportedTensor:
    """Append a table with an entry for every value that a tensor can have.

    Args:
        layer: The layer.
        x: The tensor.
        function: The function that the table holds.
        output: Quantizer of the entries; one type for all elements.
        suffix: Suffix of the node's name.

    Raises:
        UnsupportedError: If elements have tables of their own, or the table would be too large.
    """
    source = _address(layer, x)
    entries, type_ = _entries(layer, source, function, output)
    return layer.add(Lookup(source=source, entries=entries, type=type_), (x,), x.shape, suffix)


def _address(layer: ImportedLayer, x: ImportedTensor) -> Fixed:
    """Return the type of a tensor's values, whose bits address a table.

    Raises:
        UnsupportedError: If they are real numbers, or have too many bits.
    """
    reach = reach_of(layer.builder.nodes, x.node)
    if reach is None:
        raise layer.refuse("its table has an entry for each value, but its input is a real number.", "Quantise it.")
    type_ = reach.type()
    if type_.width > MAX_ADDRESS_BITS:
        raise layer.refuse(
            f"its table would have 2**{type_.width} entries, for inputs of {type_}.",
            f"Give its input quantizer fewer bits: at most {MAX_ADDRESS_BITS} from the largest to the finest.",
        )
    return type_


def _entries(
    layer: ImportedLayer, source: Fixed, function: Real, output: HgqQuantizer
) -> tuple[NDArray[np.int64], Fixed]:
    """Return the raw entries of a table by address, and their type."""
    first = output.signed.ravel()[:1], output.integer.ravel()[:1], output.fraction.ravel()[:1]
    widths = (output.signed, output.integer, output.fraction)
    if any((array != one).any() for array, one in zip(widths, first, strict=True)):
        raise layer.refuse(
            "its elements have tables of their own (heterogeneous output types).",
            "Set allow_heterogeneous_table=False.",
        )
    one = replace(output, signed=first[0], integer=first[1], fraction=first[2])
    places = np.arange(1 << source.width)
    raw = np.where(places > source.max_raw, places - (1 << source.width), places) if source.signed else places
    with np.errstate(all="ignore"):
        values = function(np.ldexp(raw.astype(np.float64), -source.fraction).astype(np.float32))
    if np.isnan(values).any():
        raise layer.refuse(
            "its function is undefined for some of its inputs.", "Keep them out with the input quantizer."
        )
    limit = np.finfo(np.float32).max
    quantised = one.values(np.clip(values, -limit, limit).astype(np.float64))
    type_ = least_type(quantised)
    return quantize(quantised, type_), type_


def softmax(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QSoftmax over one or several axes."""
    x = quantized_input(layer, only(layer, inputs))
    places = read_axes(layer, len(x.shape) + 1, "a softmax over the axes {axes} is not supported.")
    kept = [place for place in range(len(x.shape)) if place not in places]
    order = (*kept, *places)
    count = prod(x.shape[place] for place in places)
    y = moved(layer, x, order, "classes_last")
    middle = y.shape
    y = reshaped(layer, y, (prod(x.shape[place] for place in kept), count), "rows")
    y = _softmax_rows(layer, y)
    y = reshaped(layer, y, middle, "axes")
    return quantized_output(layer, moved(layer, y, tuple(int(place) for place in np.argsort(order)), "back"))


def _softmax_rows(layer: ImportedLayer, x: ImportedTensor) -> ImportedTensor:
    """Append a softmax of each row of (rows, classes)."""
    scaler = np.float32(layer.number("input_scaler", 1.0))
    exp_output = read_quantizer(layer, "exp_oq_conf", "exp_table/oq")
    if layer.flag("stable", True):
        distance = layer.add(Merge(function=MergeFunction.SUBTRACT), (_largest(layer, x), x), x.shape, "distance")
        cast = _cast(layer, distance, "exp_iq_conf", "exp_table/iq", "exp_iq")
        e = table(layer, cast, lambda v: _exp(-v * scaler), exp_output, "exp")
    else:
        e = table(layer, x, lambda v: _exp(v * scaler), exp_output, "exp")
    ones = np.ones((x.shape[1], 1))
    total = layer.add(Dense(kernel=ones), (e,), (x.shape[0], 1), "sum", {"weight": least_type(ones)})
    total = _cast(layer, total, "inv_iq_conf", "inv_table/iq", "inv_iq")
    inverse = table(
        layer,
        total,
        lambda v: np.float32(1) / (v + KERAS_EPSILON),
        read_quantizer(layer, "inv_oq_conf", "inv_table/oq"),
        "inv",
    )
    return layer.add(Merge(function=MergeFunction.MULTIPLY), (e, _spread(layer, inverse, x, "inv")), x.shape)


def _exp(values: Float32) -> Float32:
    result: Float32 = np.exp(values.astype(np.float64)).astype(np.float32)
    return result


def _cast(layer: ImportedLayer, x: ImportedTensor, key: str, component: str, suffix: str) -> ImportedTensor:
    """Append a quantizer of a table's input, whose widths are of the layer's own shape with all axes shared."""
    quantizer = read_quantizer(layer, key, component)
    if quantizer.signed.size != 1:
        raise layer.refuse(
            f"the quantizer {component!r} has types for single elements.", "Set allow_heterogeneous_table=False."
        )
    shape = (1,) * (len(x.shape) + 1)
    shared = replace(
        quantizer,
        signed=quantizer.signed.reshape(shape),
        integer=quantizer.integer.reshape(shape),
        fraction=quantizer.fraction.reshape(shape),
    )
    return apply_quantizer(layer, x, shared, suffix)


def _largest(layer: ImportedLayer, x: ImportedTensor) -> ImportedTensor:
    """Append the largest value of each row, in each place of the row."""
    rows, classes = x.shape
    image = reshaped(layer, x, (rows, classes, 1), "image")
    pool = Pool(average=False, size=(1, classes), stride=(1, classes))
    return _spread(layer, layer.add(pool, (image,), (rows, 1, 1), "max"), x, "max")


def _spread(layer: ImportedLayer, one: ImportedTensor, x: ImportedTensor, suffix: str) -> ImportedTensor:
    """Append the repetition of a value of each row, (rows, 1) or (rows, 1, 1), in each place of the row."""
    rows, classes = x.shape
    image = reshaped(layer, one, (rows, 1, 1), f"{suffix}_image")
    image = layer.add(Upsample(size=(1, classes)), (image,), (rows, classes, 1), f"{suffix}_each")
    return reshaped(layer, image, x.shape, f"{suffix}_rows")
