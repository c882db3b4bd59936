"""Casts of single elements and tables of the model as cells (docs/ir.md, sections Element types and Lookup)."""

import numpy as np

from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import RawArray, requantize
from hlsexplore.layer_config import own_types
from hlsexplore.ops import Lookup, Quantize
from hlsexplore.rtl_plan.lower.layer import LoweredLayer
from hlsexplore.rtl_plan.netlist.casts import cast
from hlsexplore.rtl_plan.netlist.cells import Value, bits_of
from hlsexplore.rtl_plan.netlist.zeros import known_zeros


def lower_quantize(layer: LoweredLayer, op: Quantize) -> list[Value]:
    """Add the cast of each element to its own type, then to the result type."""
    types = own_types(layer.node, layer.config)
    types = ElementTypes.uniform(layer.result) if types is None else types
    outputs = [layer.net.const(0)] * layer.node.num_elements
    for type_, mask in types.groups(layer.node.shape):
        for index in np.flatnonzero(mask).tolist():
            value = cast(layer.net, layer.values[0][index], layer.fraction, type_)
            outputs[index] = layer.finish(value, type_.fraction)
    return outputs


def lower_lookup(layer: LoweredLayer, op: Lookup) -> list[Value]:
    """Add a table for each element, as small as the element's own range and step allow."""
    net = layer.net
    entries = requantize(op.entries, op.type.fraction, layer.result)
    outputs: list[Value] = []
    for value in layer.values[0]:
        place = cast(net, value, layer.fraction, op.source)
        cell = net.cells[place]
        if cell.low == cell.high:
            outputs.append(net.const(int(entries[cell.low & (len(entries) - 1)])))
            continue
        zeros = known_zeros(net, place)
        low, high = cell.low >> zeros, cell.high >> zeros
        width = bits_of(low, high)
        address = net.slice(net.shift(place, -zeros), 0, width, signed=False)
        outputs.append(net.rom(address, _addressed(entries, width, zeros, low < 0)))
    return outputs


def _addressed(entries: RawArray, width: int, zeros: int, is_signed: bool) -> list[int]:
    """Return the entries of a narrower address, in the order of its bits.

    Args:
        entries: Entries by the bits of the full address.
        width: Bits of the narrower address.
        zeros: Low bits of the full address that are always 0.
        is_signed: Whether the narrower address is two's complement.
    """
    places = np.arange(1 << width)
    if is_signed:
        places = np.where(places >> (width - 1), places - (1 << width), places)
    return [int(entry) for entry in entries[(places << zeros) & (len(entries) - 1)]]
