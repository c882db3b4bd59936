"""XLS' own just-in-time compiler as one more executor of a design: DSLX to machine code, no Verilog in between."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from hlsexplore.design import Design
from hlsexplore.fixed import RawArray
from hlsexplore_hls.names import identifiers
from hlsexplore_hls.rtl.packing import pack, unpack
from hlsexplore_hls.xls.compiler import xls_version
from hlsexplore_hls.xls.generate import check
from hlsexplore_hls.xls.layers import LayerText, layer_text


def run_jit(design: Design, raw_inputs: Sequence[RawArray]) -> tuple[RawArray, ...]:
    """Compute a design with the JIT, layer after layer, in this process.

    Args:
        design: A design that the XLS flow can build.
        raw_inputs: Raw integers of each input, shape (samples, *shape).

    Returns:
        Raw integers of each output, shape (samples, *shape).

    Raises:
        NoModelError: If the XLS flow cannot build it.
        ToolError: If xls-python is missing.
    """
    names = identifiers(design.graph)
    layers = [layer_text(design, node, f"xls_{names[node.name]}") for node in check(design)]
    xls_version()
    rows: dict[str, list[bytes]] = {}
    for node, raw in zip(design.graph.inputs, raw_inputs, strict=True):
        words = pack(raw.reshape(len(raw), -1), design.result_type(node.name).width)
        rows[node.name] = [row.astype("<u4").tobytes() for row in words]
    for node, layer in zip(design.graph.layers, layers, strict=True):
        function = _compile(layer)
        arguments = zip(*(rows[name] for name in node.inputs), strict=True)
        rows[node.name] = [_call(function, layer, argument) for argument in arguments]
    return tuple(_unpacked(design, name, rows[name]) for name in design.graph.outputs)


def _unpacked(design: Design, name: str, rows: Sequence[bytes]) -> RawArray:
    shape, type_ = design.graph[name].shape, design.result_type(name)
    elements = int(np.prod(shape))
    count = 4 * (-(-elements * type_.width // 32))
    data = np.frombuffer(b"".join(row.ljust(count, b"\0")[:count] for row in rows), dtype="<u4")
    return unpack(data.reshape(len(rows), -1).astype(np.uint32), elements, type_).reshape(-1, *shape)


def _compile(layer: LayerText) -> Any:
    xls = import_module("xls")
    standard = import_module("xls.c_api").DSLX_STDLIB_PATH
    ir = xls.convert_dslx_to_ir(layer.text, f"{layer.name}.x", layer.name, standard, [])
    top = xls.mangle_dslx_name(layer.name, layer.name)
    # As it was written, without XLS' optimizer, which unrolls loops.
    package = xls.Package.parse_ir(ir)
    # The package must outlive its function.
    return xls, package, package.get_function(top).to_jit()


def _call(function: Any, layer: LayerText, rows: Sequence[bytes]) -> bytes:
    xls, _, jit = function
    values = []
    for bits, row in zip(layer.input_bits, rows, strict=True):
        count = -(-bits // 8)
        values.append(xls.Value.from_bits(xls.Bits.from_bytes(bits, row.ljust(count, b"\0")[:count])))
    return bytes(jit.run(values).get_bits().to_bytes())
