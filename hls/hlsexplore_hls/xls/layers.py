"""Layers as DSLX: one file and one public function each, from flat bits to flat bits."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from hlsexplore.coverage import Executor, no_answer
from hlsexplore.design import Design
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node
from hlsexplore.handlers import Handlers
from hlsexplore.ops import (
    MOVES,
    Activation,
    Affine,
    Clip,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    LayerNorm,
    Lookup,
    Merge,
    Pool,
    PRelu,
    Quantize,
    Requantize,
    Softmax,
)
from hlsexplore.rtl_plan.lower.moves import source_elements
from hlsexplore_hls.names import comment
from hlsexplore_hls.xls.code import DslxCall, DslxCode
from hlsexplore_hls.xls.element_types import cast_elements, own_table
from hlsexplore_hls.xls.elementwise import activation, affine, clip, prelu
from hlsexplore_hls.xls.folded import folded
from hlsexplore_hls.xls.joins import concatenate, dot, merge
from hlsexplore_hls.xls.layer import DslxLayer
from hlsexplore_hls.xls.products import product_of, unrolled
from hlsexplore_hls.xls.softmax import layer_norm, softmax
from hlsexplore_hls.xls.text import type_of
from hlsexplore_hls.xls.windows import pool


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerText:
    """A layer in DSLX.

    Attributes:
        name: Identifier of the function, of its file, and of the Verilog module.
        text: The file.
        input_bits: Bits of each argument; element i at bits [i * width +: width].
        output_bits: Bits of the result.
        reuse: Cycles between two inputs. The module is made of the function `<name>_elements`, and with reuse above 1
            of the proc `<name>_shared`.
    """

    name: str
    text: str
    input_bits: tuple[int, ...]
    output_bits: int
    reuse: int = 1

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of the arguments, which are ports of the module."""
        return argument_names(len(self.input_bits))


def argument_names(count: int) -> tuple[str, ...]:
    """Name the arguments of a layer's function."""
    return ("data",) if count == 1 else tuple(f"data{i}" for i in range(count))


def is_wires(node: Node) -> bool:
    """Whether a layer only moves elements."""
    return isinstance(node.op, MOVES)


def layer_text(design: Design, node: Node, name: str) -> LayerText:
    """Write a layer.

    Args:
        design: The design.
        node: The layer.
        name: Identifier of the function.

    Raises:
        NoModelError: If the XLS flow has no such layer or option; names the layer.
    """
    sources, result = design.input_types(node.name), design.result_type(node.name)
    counts = [prod(design.graph[source].shape) for source in node.inputs]
    input_bits = tuple(count * type_.width for count, type_ in zip(counts, sources, strict=True))
    output_bits = prod(node.shape) * result.width
    code, reuse = DslxCode(), 1
    if isinstance(node.op, Dense | Conv | DepthwiseConv) and design.layers[node.name].reuse > 1:
        reuse = design.layers[node.name].reuse
        body = folded(code, node, product_of(design, node), input_bits[0], name)
    elif is_wires(node):
        body = _moved(design, node, name)
    else:
        body = _called(
            WRITERS(DslxLayer(code=code, design=design, node=node), node.op),
            sources,
            result,
            name,
            input_bits,
            output_bits,
        )
    shape = " x ".join(map(str, node.shape))
    what = ", ".join(f"{count} elements of {type_}" for count, type_ in zip(counts, sources, strict=True))
    head = f"// Layer '{comment(node.name)}' ({node.kind}): {what} to {shape} of {result}."
    text = "\n".join([head, *code.helpers.values(), "", *body])
    return LayerText(name=name, text=text, input_bits=input_bits, output_bits=output_bits, reuse=reuse)


def _matrix(layer: DslxLayer, op: Dense | Conv | DepthwiseConv) -> list[DslxCall]:
    return unrolled(layer.code, layer.node, product_of(layer.design, layer.node))


WRITERS = (
    Handlers[DslxLayer, list[DslxCall]](refuse=lambda layer, op: no_answer(Executor.XLS, layer.node))
    .on(Activation, activation)
    .on(Affine, affine)
    .on(Requantize, affine)
    .on(Clip, clip)
    .on(Concatenate, concatenate)
    .on(Conv, _matrix)
    .on(Dense, _matrix)
    .on(DepthwiseConv, _matrix)
    .on(Dot, dot)
    .on(LayerNorm, layer_norm)
    .on(Lookup, own_table)
    .on(Merge, merge)
    .on(Pool, pool)
    .on(PRelu, prelu)
    .on(Quantize, cast_elements)
    .on(Softmax, softmax)
)
"""How each op that computes something is written."""


def _called(
    calls: Sequence[DslxCall],
    sources: Sequence[Fixed],
    result: Fixed,
    name: str,
    input_bits: Sequence[int],
    output_bits: int,
) -> list[str]:
    """Write the function of a layer: elements out of the bits, calls, results into bits."""
    arguments = argument_names(len(sources))
    parameters = ", ".join(f"{argument}: uN[{bits}]" for argument, bits in zip(arguments, input_bits, strict=True))
    # The module is made of a tuple: XLS 0.1 takes exponential time for the values of a word joined from tables.
    types = ", ".join([f"uN[{result.width}]"] * (output_bits // result.width))
    lines = [f"pub fn {name}_elements({parameters}) -> ({types},) {{"]
    letters = ["x"] if len(sources) == 1 else [f"x{i}_" for i in range(len(sources))]
    used = [sorted({place for call in calls for place in call.arguments[i]}) for i in range(len(sources))]
    for letter, argument, type_, needed in zip(letters, arguments, sources, used, strict=True):
        lines += [
            f"    let {letter}{place} = {argument}[{place * type_.width} +: uN[{type_.width}]] as {type_of(type_)};"
            for place in needed
            if place >= 0
        ]
    outputs: dict[int, str] = {}
    for index, call in enumerate(calls):
        passed = []
        for letter, type_, places in zip(letters, sources, call.arguments, strict=True):
            items = [f"{letter}{place}" if place >= 0 else f"{type_of(type_)}:0" for place in places]
            if items:
                passed.append(items[0] if call.is_scalar else f"[{', '.join(items)}]")
        lines.append(f"    let y{index} = {call.function}({', '.join(passed)});")
        for place, output in enumerate(call.outputs):
            outputs[output] = f"y{index}" if call.is_scalar else f"y{index}[u32:{place}]"
    packed = ", ".join(f"{outputs[place]} as uN[{result.width}]" for place in sorted(outputs, reverse=True))
    words = [f"e{place}" for place in sorted(outputs, reverse=True)]
    return [
        *lines,
        f"    ({packed},)",
        "}",
        "",
        f"pub fn {name}({parameters}) -> uN[{output_bits}] {{",
        f"    let ({', '.join(words)},) = {name}_elements({', '.join(arguments)});",
        f"    {' ++ '.join(words)}",
        "}",
        "",
    ]


def _moved(design: Design, node: Node, name: str) -> list[str]:
    """Write a layer that only moves elements."""
    shape, width = design.graph[node.inputs[0]].shape, design.result_type(node.name).width
    parts = [
        f"data[{place * width} +: uN[{width}]]" if place >= 0 else f"uN[{width}]:0"
        for place in source_elements(node, shape).tolist()
    ]
    bits = prod(shape) * width
    return [
        f"pub fn {name}(data: uN[{bits}]) -> uN[{len(parts) * width}] {{",
        f"    {' ++ '.join(reversed(parts))}",
        "}",
        "",
    ]
