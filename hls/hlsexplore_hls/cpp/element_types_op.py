"""The C++ of casts where each element has a type of its own, and of tables that belong to the model."""

import numpy as np

from hlsexplore.coverage import TYPES_BY_POSITION
from hlsexplore.element_types import ElementTypes
from hlsexplore.layer_config import own_types
from hlsexplore.ops import Lookup, Quantize
from hlsexplore_hls.cpp.code import LayerCode, constant, cpp_type, rom, rom_type, typedef
from hlsexplore_hls.cpp.op_context import OpContext, beats, lane_members


def quantize(context: OpContext, op: Quantize) -> LayerCode:
    """Return the C++ of a cast of each element, or of each channel of a stream.

    Raises:
        NoModelError: If elements of a stream have other types at other positions.
    """
    node, (num_beats, size) = context.node, beats(context.node.shape)
    types = own_types(node, context.config)
    types = ElementTypes.uniform(context.config.types["result"]) if types is None else types
    full = types.broadcast_to(node.shape)
    shape = node.shape
    members: tuple[str, ...] = (constant("num_elements", node.num_elements),)
    if context.is_stream:
        channels = full.per_channel()
        if channels is None:
            raise TYPES_BY_POSITION.error(node)
        full, shape = channels, (size,)
        members = (constant("num_beats", num_beats), constant("num_channels", size))
    return LayerCode(
        header=context.header("elements"),
        function="nnet::cast_elements",
        summary=f"{node.num_elements} elements, {full.spread(shape)}",
        members=(*members, *_casts(full, shape)),
        ii_cycles=num_beats if context.is_stream else 1,
    )


def _casts(types: ElementTypes, shape: tuple[int, ...]) -> list[str]:
    """Return the types that occur, and a function with a line for each element."""
    lines: list[str] = []
    casts = ["nnet::zero<Out>()"] * int(np.prod(shape))
    for index, (type_, mask) in enumerate(types.groups(shape)):
        lines.append(typedef(f"own_{index}_t", cpp_type(type_)))
        for element in np.flatnonzero(mask).tolist():
            casts[element] = f"nnet::cast<own_{index}_t>(x[{element}])"
    return [
        *lines,
        f"template <typename In, typename Out> static void cast_each(const In x[{len(casts)}], Out y[{len(casts)}]) {{",
        "#pragma HLS INLINE",
        *(f"    y[{element}] = nnet::cast<Out>({text});" for element, text in enumerate(casts)),
        "}",
    ]


def lookup(context: OpContext, op: Lookup) -> LayerCode:
    """Return the C++ of a table that belongs to the model."""
    lanes, cycles = lane_members(context)
    return LayerCode(
        header=context.header("table", "activation_stream"),
        function="nnet::look_up",
        template=("nnet::own_table",),
        summary=f"{context.node.num_elements} elements, {len(op.entries)} entries",
        members=(
            *lanes,
            constant("table_bits", op.source.width),
            typedef("source_t", cpp_type(op.source)),
            typedef("table_t", cpp_type(op.type)),
            typedef("table_rom", rom_type(op.type)),
        ),
        roms=(rom(context.node.name, "table", op.entries, op.type),),
        ii_cycles=cycles,
    )
