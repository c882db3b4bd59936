"""Plans of convolutions and poolings (docs/ir.md, sections Convolution and Pooling)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hlsexplore.emulate.accumulate import accumulate, tree
from hlsexplore.emulate.carrier import Carrier, Span, cast, cast_span, convert, dtype_for, rectify, repays_kernel
from hlsexplore.emulate.dense import multiply, plan_matrix, raw_weights_of
from hlsexplore.emulate.direct import plan_direct
from hlsexplore.emulate.narrow_conv import NarrowConv, plan_conv
from hlsexplore.emulate.product import PlannedProduct
from hlsexplore.emulate.step import PlanContext, Probe, Run, Step, Window, cast_probed, result_step
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Shape
from hlsexplore.ops import Conv, DepthwiseConv, Pool
from hlsexplore.reference.windows import as_image, pad_image, windows
from hlsexplore.target import Io
from hlsexplore.weights import depthwise_matrix


def build_conv(context: PlanContext, op: Conv | DepthwiseConv) -> Step:
    """Plan a convolution as a matrix product over windows, or directly where that is faster."""
    raw = raw_weights_of(context)
    kernel = raw["weight"]
    height, width = kernel.shape[:2]
    matrix = depthwise_matrix(kernel) if isinstance(op, DepthwiseConv) else kernel.reshape(-1, kernel.shape[3])
    product, exact = plan_matrix(context, matrix, raw.get("bias"))
    if isinstance(op, DepthwiseConv) and product.inner is not None:
        product = replace(product, inner=replace(product.inner, num_terms=height * width))
    dtype = product.weight.dtype if product.weight.dtype.kind == "f" else None
    out_shape = context.node.shape
    type_, shapes = context.config.types["result"], (context.shapes[0], out_shape)
    direct = plan_direct(op, product, context.spans[0], shapes, type_)
    narrow = _plan_narrow(op, product, shapes)

    def rows(x: Carrier) -> Carrier:
        x = x if dtype is None else convert(x, dtype)
        view = windows(np.ascontiguousarray(pad_image(x, op.padding)), (height, width), op.stride, op.dilation)
        return view.reshape(-1, matrix.shape[0])

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        x = as_image(inputs[0], op.rank)
        if direct is not None and probe is None:
            acc, accum = direct.apply(x, direct.sums), context.config.types["accum"]
            return acc if product.span is product.sums else cast(acc, product.sums, accum, owned=True)[0]
        return multiply(product, exact, context, rows(x), probe).reshape(-1, *out_shape)

    step = result_step(context, compute, product.span)

    def run(inputs: Sequence[Carrier], probe: Probe | None, is_rectified: bool = False) -> Carrier:
        x = as_image(inputs[0], op.rank)
        if probe is None and narrow is not None and repays_kernel(x):
            epilogue = narrow.product.epilogue(type_, is_rectified)
            if epilogue is not None:
                return narrow.apply(x, epilogue).reshape(-1, *out_shape)
        if probe is None and direct is None:
            return product.apply_cast(rows(x), step.type, is_rectified).reshape(-1, *out_shape)
        if probe is None and direct is not None and (fused := direct.result) is not None:
            return direct.apply(x, replace(fused, low=max(fused.low, 0)) if is_rectified else fused)
        result = step.run(inputs, probe)
        return rectify(result) if is_rectified else result

    def pooled(window: Window, is_rectified: bool) -> Run | None:
        """Return the largest results of windows, which are the casts of the largest sums."""
        epilogue = None if narrow is None else narrow.product.epilogue(type_, is_rectified)
        if narrow is None or epilogue is None or not epilogue.keeps_order:
            return None

        def largest(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
            x = as_image(inputs[0], op.rank)
            return narrow.apply_largest(x, epilogue, window.size, window.image).reshape(-1, *window.shape)

        return largest

    return replace(
        step,
        run=run,
        rectified=lambda inputs, probe: run(inputs, probe, is_rectified=True),
        pooled=None if narrow is None else pooled,
    )


def _plan_narrow(op: Conv | DepthwiseConv, product: PlannedProduct, shapes: tuple[Shape, Shape]) -> NarrowConv | None:
    """Plan a convolution of narrow integers, or None where it is none or loses something in its sums."""
    if isinstance(op, Conv) and product.narrow is not None and product.span is product.sums:
        return plan_conv(op, product.narrow, shapes)
    return None


def build_pool(context: PlanContext, op: Pool) -> Step:
    """Plan a pooling."""
    return _build_average(context, op) if op.average else _build_max(context, op)


def _taps(x: Carrier, op: Pool, value: Any) -> list[Carrier]:
    """Return one strided view for each element of the window, row by row."""
    view = windows(pad_image(as_image(x, op.rank), op.padding, value), op.size, op.stride)
    return [view[:, :, :, i, j] for i in range(op.size[0]) for j in range(op.size[1])]


def _build_max(context: PlanContext, op: Pool) -> Step:
    """Plan a maximum; padding never wins. A stream casts to the accumulator before it compares."""
    accum, span, out_shape = context.config.types["accum"], context.spans[0], context.node.shape
    is_early = context.io is Io.STREAM
    early = cast_span(span, accum) if is_early else span

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        x = cast(inputs[0], span, accum)[0] if is_early else inputs[0]
        terms = _taps(x, op, early.low)
        best = np.maximum(terms[0], terms[-1])  # in the order of the input's memory, unlike a copy
        for term in terms[1:-1]:
            np.maximum(best, term, out=best)
        best = best.reshape(-1, *out_shape)
        return best if is_early else cast_probed(best, span, accum, "accum", probe)

    step = result_step(context, compute, cast_span(span, accum))
    is_plain = op.size == op.stride and not np.any(op.padding) and step.span == span == cast_span(span, accum)
    image = (*(1,) * (3 - len(out_shape)), *out_shape)
    return replace(step, window=Window(size=op.size, image=image, shape=out_shape)) if is_plain else step


def _build_average(context: PlanContext, op: Pool) -> Step:
    """Plan an average: a sum in the accumulator, then a division that truncates toward zero.

    A stream casts each element to the accumulator first, and adds those of a window as a tree.
    """
    accum, span, out_shape = context.config.types["accum"], context.spans[0].with_zero(), context.node.shape
    counts = _counts(op, context.shapes[0])
    is_early = context.io is Io.STREAM
    early = cast_span(span, accum) if is_early else span

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        terms = _taps(cast(inputs[0], span, accum)[0] if is_early else inputs[0], op, 0)
        total = _tree_sum(terms, accum) if is_early and not op.is_global else accumulate(terms, early, accum)
        return divide(total, counts).reshape(-1, *out_shape)

    return result_step(context, compute, Span.of(accum))


def _tree_sum(terms: list[Carrier], accum: Fixed) -> Carrier:
    full = Span.of(accum)
    doubled = Span(full.fraction, 2 * full.low, 2 * full.high)
    dtype = dtype_for(doubled.magnitude)
    return tree(
        [convert(term, dtype) for term in terms],
        lambda a, b: convert(cast(a + b, doubled, accum, owned=True)[0], dtype),
    )


def _counts(op: Pool, shape: Shape) -> Carrier:
    """Return how many elements of each window are not padding, shape (1, out_height, out_width, 1)."""
    height, width = (1, shape[0]) if op.rank == 1 else shape[:2]
    ones = pad_image(np.ones((1, height, width, 1)), op.padding)
    return np.asarray(windows(ones, op.size, op.stride).sum(axis=(3, 4)))


def divide(total: Carrier, counts: Carrier) -> Carrier:
    """Divide integers, truncating toward zero; exact because a quotient is never closer to an integer than its step."""
    if total.dtype.kind == "f":
        result: Carrier = np.trunc(total / counts.astype(total.dtype))
        return result
    whole = counts.astype(np.int64).astype(total.dtype)
    quotient: Carrier = np.where(total < 0, -(-total // whole), total // whole)
    return quotient
