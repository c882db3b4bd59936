"""Shapes of an op's arrays and of its result, which every part that reads a graph relies on."""

from collections.abc import Sequence
from math import prod
from typing import Any, assert_never

import numpy as np

from hlsexplore.element_types import Shape
from hlsexplore.errors import ModelError, quoted
from hlsexplore.op_facts import GATES, kind
from hlsexplore.ops import (
    WEIGHT_FIELDS,
    Activation,
    Affine,
    Clip,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    Input,
    LayerNorm,
    Lookup,
    Merge,
    Op,
    Pad,
    Pair,
    Permute,
    Pool,
    PRelu,
    Quantize,
    Recurrent,
    Requantize,
    Reshape,
    Softmax,
    Upsample,
)


def check_shapes(op: Op, inputs: Sequence[Shape], shape: Shape) -> None:
    """Check the arrays of an op, the tensors that it reads and the shape that its result is said to have.

    Args:
        op: The op.
        inputs: Shapes of the tensors that it reads, without the batch axis.
        shape: Shape of its result, without the batch axis.

    Raises:
        ModelError: If they do not fit together. The sentence begins with what it is about; the caller names the layer.
    """
    if not isinstance(shape, tuple) or not all(isinstance(size, int | np.integer) and size > 0 for size in shape):
        raise ModelError(f"a shape is a tuple of whole numbers above 0, not {quoted(shape)}.")
    for name in WEIGHT_FIELDS.values():
        values = getattr(op, name, None)
        if values is not None and (not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf"):
            came = getattr(values, "dtype", type(values).__name__)
            raise ModelError(f"{name!r} must be a numpy array of real numbers, not of {came}.")
    _check_inputs(op, inputs, shape)
    made = _result(op, inputs, shape)
    if shape not in made:
        came, makes = " and ".join(map(str, inputs)), " or ".join(map(str, made))
        raise ModelError(f"{kind(op)!r} makes {makes} of {came}, but the layer's shape is said to be {shape}.")


def _check_inputs(op: Op, inputs: Sequence[Shape], shape: Shape) -> None:
    """Check how many tensors an op reads, and that those that it joins fit."""
    match op:
        case Input():
            return
        case Merge() if len(inputs) < 2 or any(each != shape for each in inputs):
            wanted = "two or more tensors of one shape"
        case Concatenate() if len(inputs) < 2:
            wanted = "two or more tensors"
        case Dot() if len(inputs) != 2 or inputs[0] != inputs[1] or len(inputs[0]) != 1:
            wanted = "two vectors of one length"
        case Merge() | Concatenate() | Dot():
            return
        case _:
            if len(inputs) != 1:
                raise ModelError(f"{kind(op)!r} reads one tensor, not {len(inputs)}.")
            return
    raise ModelError(f"{kind(op)!r} joins {wanted}, not {', '.join(map(str, inputs)) or 'nothing'}.")


def _result(op: Op, inputs: Sequence[Shape], shape: Shape) -> tuple[Shape, ...]:
    """Shapes that the result may have."""
    match op:
        case Input():
            return (shape,)
        case Quantize() | Lookup() | Activation() | Clip() | PRelu() | Softmax() | Merge():
            return (tuple(inputs[0]),)
        case Affine() | Requantize() | LayerNorm():
            channels = _channels(inputs[0])
            _need("kernel", op.kernel, (channels,))
            _need("bias", op.bias, (channels,))
            return (tuple(inputs[0]),)
        case Dense():
            _need("kernel", op.kernel, (_channels(inputs[0]), -1))
            _need("bias", op.bias, op.kernel.shape[1:])
            return ((*inputs[0][:-1], op.kernel.shape[1]),)
        case Conv() | DepthwiseConv():
            return _convolution(op, inputs[0])
        case Pool():
            rows, columns, channels = _image(inputs[0], op.rank)
            pixels = _windows((rows, columns), op.size, op.stride, op.padding)
            return (_of_image((*pixels, channels), op.rank), *(((channels,),) if pixels == (1, 1) else ()))
        case Concatenate():
            if not 0 <= op.axis < len(shape):
                raise ModelError(f"axis {op.axis} is none of a tensor of {len(shape)} axes.")
            others = {(*each[: op.axis], *each[op.axis + 1 :]) for each in inputs}
            if len(others) > 1 or len({len(each) for each in inputs}) > 1 or len(inputs[0]) != len(shape):
                raise ModelError(f"tensors of {' and '.join(map(str, inputs))} cannot be joined on axis {op.axis}.")
            total = sum(each[op.axis] for each in inputs)
            return ((*inputs[0][: op.axis], total, *inputs[0][op.axis + 1 :]),)
        case Dot():
            return ((1,),)
        case Reshape() | Permute() | Pad() | Crop() | Upsample():
            return (_moved(op, inputs[0], shape),)
        case Recurrent():
            return _recurrent(op, inputs[0])
        case _:
            assert_never(op)


def _convolution(op: Conv | DepthwiseConv, source: Shape) -> tuple[Shape, ...]:
    rows, columns, channels = _image(source, op.rank)
    _need("kernel", op.kernel, (-1, -1, channels, -1))
    count = op.kernel.shape[3] if isinstance(op, Conv) else channels * op.kernel.shape[3]
    _need("bias", op.bias, (count,))
    reach = ((op.kernel.shape[0] - 1) * op.dilation[0] + 1, (op.kernel.shape[1] - 1) * op.dilation[1] + 1)
    return (_of_image((*_windows((rows, columns), reach, op.stride, op.padding), count), op.rank),)


def _windows(image: Pair, reach: Pair, stride: Pair, padding: tuple[Pair, Pair]) -> Pair:
    """Positions of a window, as (rows, columns)."""
    padded = (image[0] + sum(padding[0]), image[1] + sum(padding[1]))
    if padded[0] < reach[0] or padded[1] < reach[1]:
        raise ModelError(f"a window of {reach} does not fit into an image of {padded}, padding included.")
    return (padded[0] - reach[0]) // stride[0] + 1, (padded[1] - reach[1]) // stride[1] + 1


def _moved(op: Reshape | Permute | Pad | Crop | Upsample, source: Shape, shape: Shape) -> Shape:
    """Shape of a tensor whose elements changed places."""
    if isinstance(op, Reshape):
        if prod(shape) != prod(source):
            raise ModelError(f"{prod(source)} elements of {source} cannot have the shape {shape}.")
        return shape
    if isinstance(op, Permute):
        if sorted(op.axes) != list(range(len(source))):
            raise ModelError(f"axes {op.axes} are no order of the {len(source)} axes of {source}.")
        return tuple(source[axis] for axis in op.axes)
    rows, columns, channels = _image(source, op.rank)
    if isinstance(op, Upsample):
        return _of_image((rows * op.size[0], columns * op.size[1], channels), op.rank)
    sign, ends = (1, op.padding) if isinstance(op, Pad) else (-1, op.cropping)
    return _of_image((rows + sign * sum(ends[0]), columns + sign * sum(ends[1]), channels), op.rank)


def _recurrent(op: Recurrent, source: Shape) -> tuple[Shape, ...]:
    if len(source) != 2:
        raise ModelError(f"a sequence has the shape (steps, channels), not {source}.")
    _need("recurrent_kernel", op.recurrent_kernel, (-1, -1))
    units = op.recurrent_kernel.shape[0]
    columns = GATES[op.cell] * units
    _need("recurrent_kernel", op.recurrent_kernel, (units, columns))
    _need("kernel", op.kernel, (source[1], columns))
    _need("bias", op.bias, (columns,))
    _need("recurrent_bias", op.recurrent_bias, (columns,))
    return ((source[0], units) if op.return_sequences else (units,),)


def _channels(shape: Shape) -> int:
    if not shape:
        raise ModelError("the tensor that it reads has no axis.")
    return shape[-1]


def _image(shape: Shape, rank: int) -> tuple[int, int, int]:
    """(rows, columns, channels) of an image of one or two dimensions."""
    if rank not in (1, 2) or len(shape) != rank + 1:
        raise ModelError(f"an image of {rank} dimensions and its channels have {rank + 1} axes, not those of {shape}.")
    return (1, *shape) if rank == 1 else shape  # type: ignore[return-value]


def _of_image(image: tuple[int, int, int], rank: int) -> Shape:
    return image[1:] if rank == 1 else image


def _need(name: str, values: np.ndarray[Any, Any] | None, wanted: Shape) -> None:
    """Check the shape of an array; -1 stands for any size."""
    if values is None:
        return
    if values.ndim != len(wanted) or any(
        size not in (-1, came) for came, size in zip(values.shape, wanted, strict=True)
    ):
        text = ", ".join("any" if size < 0 else str(size) for size in wanted)
        raise ModelError(f"{name!r} must have the shape ({text}{',' if len(wanted) == 1 else ''}), not {values.shape}.")
