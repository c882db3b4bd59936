"""XLS' own just-in-time compiler as one more executor of a design: DSLX to machine code, no Verilog in between."""

from importlib import import_module
from typing import Any

import numpy as np

from hlsexplore.design import Design
from hlsexplore.fixed import RawArray
from hlsexplore_hls.names import identifiers
from hlsexplore_hls.rtl.packing import pack, unpack
from hlsexplore_hls.xls.compiler import xls_version
from hlsexplore_hls.xls.generate import chain
from hlsexplore_hls.xls.layers import LayerText, is_wires, layer_text


def run_jit(design: Design, raw: RawArray) -> RawArray:
    """Compute a design with the JIT, layer after layer, in this process.

    Args:
        design: A design that the XLS flow can build.
        raw: Raw integers of the input, shape (samples, *input_shape).

    Returns:
        Raw integers of the output, shape (samples, *output_shape).

    Raises:
        NoModelError: If the XLS flow cannot build it.
        ToolError: If xls-python is missing.
    """
    names = identifiers(design.graph)
    layers = [layer_text(design, node, names[node.name]) for node in chain(design) if not is_wires(node)]
    xls_version()
    source, result = design.graph.inputs[0].name, design.graph.outputs[0]
    words = pack(raw.reshape(len(raw), -1), design.result_type(source).width)
    rows = [row.astype("<u4").tobytes() for row in words]
    for layer in layers:
        function = _compile(layer)
        rows = [_call(function, layer, row) for row in rows]
    shape = design.graph[result].shape
    count = 4 * (-(-layers[-1].output_bits // 32)) if layers else len(rows[0])
    data = np.frombuffer(b"".join(row.ljust(count, b"\0")[:count] for row in rows), dtype="<u4").reshape(len(raw), -1)
    return unpack(data.astype(np.uint32), int(np.prod(shape)), design.result_type(result)).reshape(-1, *shape)


def _compile(layer: LayerText) -> Any:
    xls = import_module("xls")
    standard = import_module("xls.c_api").DSLX_STDLIB_PATH
    ir = xls.convert_dslx_to_ir(layer.text, f"{layer.name}.x", layer.name, standard, [])
    top = xls.mangle_dslx_name(layer.name, layer.name)
    package = xls.Package.parse_ir(xls.optimize_ir(ir, top))
    # The package must outlive its function.
    return xls, package, package.get_function(top).to_jit()


def _call(function: Any, layer: LayerText, row: bytes) -> bytes:
    xls, _, jit = function
    count = -(-layer.input_bits // 8)
    value = xls.Value.from_bits(xls.Bits.from_bytes(layer.input_bits, row.ljust(count, b"\0")[:count]))
    return bytes(jit.run([value]).get_bits().to_bytes())
