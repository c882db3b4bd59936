"""Casts of single elements and tables of the model as DSLX (docs/ir.md, sections Element types and Lookup)."""

from math import prod

import numpy as np

from hlsexplore.design import Design
from hlsexplore.element_types import ElementTypes
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import requantize
from hlsexplore.graph import Node
from hlsexplore.layer_config import own_types
from hlsexplore.ops import Lookup, Quantize
from hlsexplore_hls.xls.code import Call, Code, element, function, parameter
from hlsexplore_hls.xls.elementwise import each
from hlsexplore_hls.xls.text import type_of


def cast_elements(code: Code, design: Design, node: Node) -> list[Call]:
    """Write a cast of each element to its own type, then to the result type: a function for each type."""
    (source,), result = design.input_types(node.name), design.result_type(node.name)
    if not isinstance(node.op, Quantize):
        raise NoModelError(f"layer {node.name!r}: {node.kind!r} casts no elements.")
    types = own_types(node, design.layers[node.name])
    types = ElementTypes.uniform(result) if types is None else types
    x = [parameter("x", source, None)]
    zero = function("nothing", x, type_of(result), [f"{type_of(result)}:0"])
    names = [""] * prod(node.shape)
    for index, (type_, mask) in enumerate(types.groups(node.shape)):
        own = code.settle(element("x", source), type_, f"own_{index}")
        lines = [code.cast(own, result, f"result_{index}")]
        name = code.add(f"element_{index}", function(f"element_{index}", x, type_of(result), lines))
        for place in np.flatnonzero(mask).tolist():
            names[place] = name
    if not all(names):
        names = [name or code.add("nothing", zero) for name in names]
    return [
        Call(function=name, arguments=((place,),), outputs=(place,), is_scalar=True) for place, name in enumerate(names)
    ]


def own_table(code: Code, design: Design, node: Node) -> list[Call]:
    """Write a table of the model, addressed by the bits of the input in the table's source type.

    Where the input has no more bits than that, the table is written out by its bits, so that no bit of the address is
    the same for all inputs.
    """
    op, (source,), result = node.op, design.input_types(node.name), design.result_type(node.name)
    if not isinstance(op, Lookup):
        raise NoModelError(f"layer {node.name!r}: {node.kind!r} has no table.")
    entries = requantize(op.entries, op.type.fraction, result)
    if source.width <= op.source.width:
        places = np.arange(1 << source.width)
        if source.signed:
            places = np.where(places >= 1 << (source.width - 1), places - (1 << source.width), places)
        entries = entries[requantize(places, source.fraction, op.source) & (len(entries) - 1)]
        address = f"x as uN[{source.width}]"
    else:
        address = f"{code.cast(element('x', source), op.source, 'address')} as uN[{op.source.width}]"
    table = code.table("TABLE", entries.tolist(), type_of(result))
    text = function("look_up", [parameter("x", source, None)], type_of(result), [f"{table}[{address}]"])
    return each(code.add("look_up", text), prod(node.shape))
