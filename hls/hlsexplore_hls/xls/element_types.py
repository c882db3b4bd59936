"""Casts of single elements and tables of the model as DSLX (docs/ir.md, sections Element types and Lookup)."""

from math import prod

import numpy as np

from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import requantize
from hlsexplore.layer_config import own_types
from hlsexplore.ops import Lookup, Quantize
from hlsexplore_hls.xls.code import DslxCall, element, function, parameter
from hlsexplore_hls.xls.elementwise import each
from hlsexplore_hls.xls.layer import DslxLayer
from hlsexplore_hls.xls.text import type_of


def cast_elements(layer: DslxLayer, op: Quantize) -> list[DslxCall]:
    """Write a cast of each element to its own type, then to the result type: a function for each type."""
    (source,), result = layer.sources, layer.result
    types = own_types(layer.node, layer.config)
    types = ElementTypes.uniform(result) if types is None else types
    x = [parameter("x", source, None)]
    zero = function("nothing", x, type_of(result), [f"{type_of(result)}:0"])
    names = [""] * prod(layer.node.shape)
    for index, (type_, mask) in enumerate(types.groups(layer.node.shape)):
        own = layer.code.requantize(element("x", source), type_, f"own_{index}")
        lines = [layer.code.cast(own, result, f"result_{index}")]
        name = layer.code.add(f"element_{index}", function(f"element_{index}", x, type_of(result), lines))
        for place in np.flatnonzero(mask).tolist():
            names[place] = name
    if not all(names):
        names = [name or layer.code.add("nothing", zero) for name in names]
    return [
        DslxCall(function=name, arguments=((place,),), outputs=(place,), is_scalar=True)
        for place, name in enumerate(names)
    ]


def own_table(layer: DslxLayer, op: Lookup) -> list[DslxCall]:
    """Write a table of the model, addressed by the bits of the input in the table's source type.

    Where the input has no more bits than that, the table is written out by its bits, so that no bit of the address is
    the same for all inputs.
    """
    (source,), result = layer.sources, layer.result
    entries = requantize(op.entries, op.type.fraction, result)
    if source.width <= op.source.width:
        places = np.arange(1 << source.width)
        if source.signed:
            places = np.where(places >= 1 << (source.width - 1), places - (1 << source.width), places)
        entries = entries[requantize(places, source.fraction, op.source) & (len(entries) - 1)]
        address = f"x as uN[{source.width}]"
    else:
        address = f"{layer.code.cast(element('x', source), op.source, 'address')} as uN[{op.source.width}]"
    table = layer.code.table("TABLE", entries.tolist(), type_of(result))
    text = function("look_up", [parameter("x", source, None)], type_of(result), [f"{table}[{address}]"])
    return each(layer.code.add("look_up", text), prod(layer.node.shape))
