"""Matrix products as DSLX: which elements meet which weights, and the unrolled form (docs/ir.md, section Dense)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from hlsexplore.coverage import MANY_PRODUCTS
from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, Overflow, RawArray, requantize
from hlsexplore.graph import Node
from hlsexplore.layer_config import Strategy
from hlsexplore.ops import Conv, DepthwiseConv
from hlsexplore.rtl_plan.lower.spatial import window_elements
from hlsexplore.weights import raw_weights
from hlsexplore_hls.xls.code import DslxCall, DslxCode, DslxValue, element, function, parameter
from hlsexplore_hls.xls.text import signed_bits, type_of

MAX_PRODUCTS = 50_000
"""Most multiplications of an unrolled layer. XLS takes some 3 ms for each (docs/adr/0003-rtl-route.md)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DslxProduct:
    """Matrix products of one layer.

    Attributes:
        kernels: Raw weights, shape (n_in, n_out) each: one, or one for each channel of a depthwise convolution.
        starts: Bias of each kernel's outputs in the accumulator's type.
        rows: For each product its kernel, the elements that it reads (-1 for a zero) and the outputs that it computes.
        source: Type of the elements.
        weight: Type of the weights.
        accum: Type of each product and of the sums.
        result: Type of the outputs.
        reuse: Cycles that share a multiplier.
        is_interleaved: Whether step r of `reuse` takes the inputs r, r + reuse, ..., else neighbours.
    """

    kernels: tuple[RawArray, ...]
    starts: tuple[tuple[int, ...], ...]
    rows: tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...]
    source: Fixed
    weight: Fixed
    accum: Fixed
    result: Fixed
    reuse: int
    is_interleaved: bool

    @property
    def num_products(self) -> int:
        """Multiplications by weights that are not zero."""
        nonzero = [int(np.count_nonzero(kernel)) for kernel in self.kernels]
        return sum(nonzero[kernel] for kernel, _, _ in self.rows)

    @property
    def product_fraction(self) -> int:
        """Fraction bits of an element times a weight."""
        return self.source.fraction + self.weight.fraction


def product_of(design: Design, node: Node) -> DslxProduct:
    """Collect the matrix products of a Dense layer or a convolution."""
    config, raw, op = design.layers[node.name], raw_weights(design, node.name), node.op
    kernel, types = raw["weight"], config.types
    (source,) = design.input_types(node.name)
    shape = design.graph[node.inputs[0]].shape
    bias = raw.get("bias", np.zeros(node.shape[-1], dtype=np.int64))
    start = [int(value) for value in requantize(bias, types["bias"].fraction, types["accum"])]
    if isinstance(op, Conv | DepthwiseConv):
        taps = window_elements(shape, op.rank, kernel.shape[:2], op.stride, op.padding, op.dilation)
    else:
        taps = np.arange(prod(shape)).reshape(-1, 1, shape[-1])
    if isinstance(op, DepthwiseConv):
        channels, each = kernel.shape[2], kernel.shape[3]
        kernels = tuple(kernel[:, :, channel, :].reshape(-1, each) for channel in range(channels))
        starts = tuple(tuple(start[channel * each : (channel + 1) * each]) for channel in range(channels))
        rows = [(channel, window[:, channel]) for window in taps for channel in range(channels)]
    else:
        kernels, starts = (kernel.reshape(-1, kernel.shape[-1]),), (tuple(start),)
        rows = [(0, window.ravel()) for window in taps]
    counts = kernels[0].shape[1]
    return DslxProduct(
        kernels=kernels,
        starts=starts,
        rows=tuple(
            (index, tuple(elements.tolist()), tuple(range(place * counts, (place + 1) * counts)))
            for place, (index, elements) in enumerate(rows)
        ),
        source=source,
        weight=types["weight"],
        accum=types["accum"],
        result=types["result"],
        reuse=config.reuse,
        is_interleaved=config.strategy is Strategy.RESOURCE and 1 < config.reuse <= kernels[0].shape[0],
    )


def unrolled(code: DslxCode, node: Node, product: DslxProduct) -> list[DslxCall]:
    """Write a function for each kernel that multiplies with all weights at once.

    Raises:
        NoModelError: If there are more multiplications than XLS handles in minutes.
    """
    if product.num_products > MAX_PRODUCTS:
        raise MANY_PRODUCTS.error(node, count=product.num_products, most=MAX_PRODUCTS)
    names = [_kernel_function(code, product, index) for index in range(len(product.kernels))]
    return [
        DslxCall(function=names[kernel], arguments=(elements,), outputs=outputs)
        for kernel, elements, outputs in product.rows
    ]


def _kernel_function(code: DslxCode, product: DslxProduct, index: int) -> str:
    kernel, starts = product.kernels[index], product.starts[index]
    n_in, n_out = kernel.shape
    name = "product" if len(product.kernels) == 1 else f"channel_{index}"
    lines = [f"let x{i} = x[u32:{i}];" for i in range(n_in) if kernel[i].any()]
    inputs = [element(f"x{i}", product.source) for i in range(n_in)]
    for o in range(n_out):
        terms = []
        for i in range(n_in):
            if weight := int(kernel[i, o]):
                full = code.times(inputs[i], weight)
                full = DslxValue(text=full.text, bits=full.bits, fraction=product.product_fraction)
                terms.append(code.cast(full, product.accum, "accum"))
        lines += accumulated(code, f"y{o}", starts[o], terms, product.accum)
    outputs = finished(code, [f"y{o}" for o in range(n_out)], product.accum, product.result)
    lines.append(f"[{', '.join(outputs)}]")
    text = function(name, [parameter("x", product.source, n_in)], f"{type_of(product.result)}[{n_out}]", lines)
    return code.add(name, text)


def finished(code: DslxCode, names: Sequence[str], accum: Fixed, result: Fixed) -> list[str]:
    """Write the casts of accumulators to the result."""
    return [code.cast(element(name, accum), result, "result") for name in names]


def accumulated(code: DslxCode, name: str, start: int | str, terms: Sequence[str], accum: Fixed) -> list[str]:
    """Write the sum of terms of the accumulator's type, each partial sum cast to it.

    Args:
        code: Gets the helper functions.
        name: Variable that gets the sum.
        start: Raw integer or expression that the sum starts from.
        terms: What is added, in order.
        accum: The accumulator.
    """
    first = [f"{type_of(accum)}:{start}" if isinstance(start, int) else start] if start else []
    terms = [*first, *terms] or [f"{type_of(accum)}:0"]
    if accum.overflow is Overflow.WRAP:
        # Modulo its range in any order; XLS balances the sum.
        return [f"let {name} = {' + '.join(terms)};"]
    bits = signed_bits(accum) + 1
    add = code.cast(DslxValue(text="?", bits=bits, fraction=accum.fraction), accum, "sum").split("(")[0]
    lines = [f"let {name} = {terms[0]};"]
    return lines + [f"let {name} = {add}(({name} as sN[{bits}]) + ({term} as sN[{bits}]));" for term in terms[1:]]
