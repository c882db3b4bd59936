"""Layers as DSLX: one file and one public function each, from flat bits to flat bits."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import Fixed, Overflow
from hlsexplore.graph import Node
from hlsexplore.ops import Activation, Affine, Dense, Function, Reshape
from hlsexplore.weights import raw_weights
from hlsexplore_hls.names import comment
from hlsexplore_hls.xls.text import cast_function, signed_bits, times_function, type_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerText:
    """A layer in DSLX.

    Attributes:
        name: Identifier of the function, of its file, and of the Verilog module.
        text: The file.
        input_bits: Bits of the argument; element i at bits [i * width +: width].
        output_bits: Bits of the result.
    """

    name: str
    text: str
    input_bits: int
    output_bits: int


def is_wires(node: Node) -> bool:
    """Whether a layer only passes its elements on, in their order."""
    return isinstance(node.op, Reshape)


def layer_text(design: Design, node: Node, name: str) -> LayerText:
    """Write a layer.

    Args:
        design: The design.
        node: The layer.
        name: Identifier of the function.

    Raises:
        NoModelError: If the XLS flow has no such layer or option; names the layer.
    """
    (source,) = design.input_types(node.name)
    result = design.result_type(node.name)
    n_in = prod(design.graph[node.inputs[0]].shape)
    match node.op:
        case Dense():
            body = _dense(design, node, source)
        case Affine():
            body = _affine(design, node, source)
        case Activation(function=Function.RELU, max_value=None) | Activation(function=Function.LINEAR):
            body = _activation(node, source, result)
        case _:
            raise NoModelError(
                f"layer {node.name!r}: the XLS flow has no {node.kind} layer of this kind. Use the flow 'rtl'."
            )
    functions, lines, outputs = body
    bits = n_in * source.width
    unpack = [
        f"    let x{i} = data[{i * source.width} +: uN[{source.width}]] as {type_of(source)};" for i in range(n_in)
    ]
    packed = " ++ ".join(f"({output} as uN[{result.width}])" for output in reversed(outputs))
    shape = " x ".join(map(str, node.shape))
    text = "\n".join(
        [
            f"// Layer '{comment(node.name)}' ({node.kind}): {n_in} elements of {source} to {shape} of {result}.",
            *functions,
            "",
            f"pub fn {name}(data: uN[{bits}]) -> uN[{len(outputs) * result.width}] {{",
            *unpack,
            *lines,
            f"    {packed}",
            "}",
            "",
        ]
    )
    return LayerText(name=name, text=text, input_bits=bits, output_bits=len(outputs) * result.width)


Body = tuple[Sequence[str], Sequence[str], Sequence[str]]
"""Helper functions, statements, and the expressions of the outputs."""


def _activation(node: Node, source: Fixed, result: Fixed) -> Body:
    bits = signed_bits(source)
    helper = cast_function("to_result", bits, source.fraction, result)
    is_relu = isinstance(node.op, Activation) and node.op.function is Function.RELU
    lines = []
    for i in range(prod(node.shape)):
        value = f"x{i} as sN[{bits}]"
        if is_relu and source.signed:
            value = f"if x{i} < {type_of(source)}:0 {{ sN[{bits}]:0 }} else {{ x{i} as sN[{bits}] }}"
        lines.append(f"    let y{i} = to_result({value});")
    return [helper], lines, [f"y{i}" for i in range(prod(node.shape))]


def _affine(design: Design, node: Node, source: Fixed) -> Body:
    types, raw = design.layers[node.name].types, raw_weights(design, node.name)
    scales, biases = raw["weight"].tolist(), raw["bias"].tolist()
    products = source.fraction + types["weight"].fraction
    fraction = max(products, types["bias"].fraction)
    bias_shift = fraction - types["bias"].fraction
    bits = 2 + max(
        signed_bits(source) + max(scales, key=abs).bit_length() + fraction - products,
        max(biases, key=abs).bit_length() + bias_shift,
    )
    lines = []
    for i in range(prod(node.shape)):
        product = f"({_product(f'x{i} as sN[{bits}]', scales[i % len(scales)], bits)})"
        if fraction > products:
            product = f"({product} << u32:{fraction - products})"
        offset = biases[i % len(biases)] << bias_shift
        lines.append(f"    let y{i} = to_result({product} + sN[{bits}]:{offset});")
    functions = [*_times(scales, bits), cast_function("to_result", bits, fraction, types["result"])]
    return functions, lines, [f"y{i}" for i in range(prod(node.shape))]


def _dense(design: Design, node: Node, source: Fixed) -> Body:
    config = design.layers[node.name]
    if config.reuse != 1:
        raise NoModelError(
            f"layer {node.name!r}: the XLS flow has no reuse, and this layer has reuse={config.reuse}. Set it to 1, or "
            "use the flow 'rtl'."
        )
    types, accum = config.types, config.types["accum"]
    raw = raw_weights(design, node.name)
    kernel = raw["weight"]
    n_in, n_out = kernel.shape
    positions = prod(node.shape[:-1])
    bits = signed_bits(source) + types["weight"].width + 1
    accum_bits = signed_bits(accum)
    biases = raw["bias"].tolist() if "bias" in raw else None
    functions = [
        *_times(kernel.ravel().tolist(), bits),
        cast_function("to_accum", bits, source.fraction + types["weight"].fraction, accum),
        cast_function("to_result", accum_bits, accum.fraction, types["result"]),
    ]
    add = _wrapped_sum if accum.overflow is Overflow.WRAP else _ordered_sum
    if add is _ordered_sum:
        functions.append(cast_function("add_accum", accum_bits + 1, accum.fraction, accum))
    if biases is not None:
        bias_bits = signed_bits(types["bias"])
        functions.append(cast_function("bias", bias_bits, types["bias"].fraction, accum))
    lines = [f"    let w{i} = x{i} as sN[{bits}];" for i in range(positions * n_in)]
    for position in range(positions):
        for o in range(n_out):
            column = kernel[:, o].tolist()
            terms = [f"bias(sN[{bias_bits}]:{biases[o]})"] if biases is not None and biases[o] else []
            terms += [
                f"to_accum({_product(f'w{position * n_in + i}', int(weight), bits)})"
                for i, weight in enumerate(column)
                if weight
            ]
            lines += add(f"y{position * n_out + o}", terms, accum)
    outputs = [f"to_result(y{i} as sN[{accum_bits}])" for i in range(positions * n_out)]
    return functions, lines, outputs


def _wrapped_sum(name: str, terms: Sequence[str], accum: Fixed) -> list[str]:
    """Add in any order: a wrapping accumulator computes modulo its range. XLS balances the sum."""
    zero = f"{type_of(accum)}:0"
    return [f"    let {name} = {(chr(10) + '        + ').join(terms) or zero};"]


def _ordered_sum(name: str, terms: Sequence[str], accum: Fixed) -> list[str]:
    """Add one by one, each sum cast to the accumulator."""
    bits = signed_bits(accum) + 1
    lines = [f"    let {name} = {terms[0] if terms else f'{type_of(accum)}:0'};"]
    lines += [f"    let {name} = add_accum(({name} as sN[{bits}]) + ({term} as sN[{bits}]));" for term in terms[1:]]
    return lines


def _times(factors: Sequence[int], bits: int) -> list[str]:
    """Write the multiplications by each distinct magnitude above 1."""
    return [times_function(factor, bits) for factor in sorted({abs(int(factor)) for factor in factors}) if factor > 1]


def _product(value: str, factor: int, bits: int) -> str:
    if factor == 0:
        return f"sN[{bits}]:0"
    inner = f"({value})" if abs(factor) == 1 else f"times_{abs(factor)}({value})"
    return f"-{inner}" if factor < 0 else inner
