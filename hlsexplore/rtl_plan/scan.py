"""Layers that apply a matrix to several positions one after another, with the whole tensor at hand (io parallel).

The padded image is held in a register that slides past the multipliers: step by step along a row of positions, then to
the next row. `parallel` positions are computed at once.
"""

from dataclasses import dataclass, replace

import numpy as np

from hlsexplore.coverage import PARTS_OF_ROWS
from hlsexplore.design import Design
from hlsexplore.graph import Node
from hlsexplore.ops import Conv, Dense, DepthwiseConv, Pair, Pool
from hlsexplore.rtl_plan.layer_plan import LayerPlan, Scan
from hlsexplore.rtl_plan.tensor import BusTensor, any_position, repeated, with_zero
from hlsexplore.rtl_plan.walk import Walk, image_of, plain_walk, window_walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """Where a layer computes the same of other elements.

    Attributes:
        walk: Walk over the padded image.
        out: Positions (rows, columns).
        stride: Steps between them.
        reach: Rows and columns of a window.
        taps: Places (row, column) in a window.
    """

    walk: Walk
    out: Pair
    stride: Pair
    reach: Pair
    taps: tuple[Pair, ...]


def num_positions(node: Node) -> int:
    """Count the positions of a layer's output."""
    return node.num_elements // node.shape[-1]


def is_scanned(design: Design, node: Node) -> bool:
    """Whether a layer computes its positions one after another (io parallel)."""
    config, positions = design.layers[node.name], num_positions(node)
    if isinstance(node.op, Conv | DepthwiseConv):
        return config.reuse > 1 or config.parallel < positions
    return isinstance(node.op, Dense) and config.reuse > 1 and positions > 1


def window_tensor(source: BusTensor, channels: int, positions: Positions) -> BusTensor:
    """Return the tensor of a window, whatever its position; it is held for all steps of the matrix."""
    one = any_position(source, channels)
    if not positions.walk.takes(0).all():
        one = with_zero(one)
    return replace(repeated(one, len(positions.taps)), arrival_ns=0.0, is_held=True)


def positions_of(node: Node, shape: tuple[int, ...]) -> Positions:
    """Return where a convolution, pooling or dense layer computes.

    Args:
        node: The layer.
        shape: Shape of its input.
    """
    op = node.op
    match op:
        case Conv() | DepthwiseConv():
            (rows, columns), (down, right) = op.kernel.shape[:2], op.dilation
        case Pool():
            (rows, columns), (down, right) = op.size, (1, 1)
        case _:
            count = num_positions(node)
            return Positions(walk=plain_walk(count), out=(1, count), stride=(1, 1), reach=(1, 1), taps=((0, 0),))
    image, out = image_of(shape)[0], image_of(node.shape)[0]
    reach = ((rows - 1) * down + 1, (columns - 1) * right + 1)
    return Positions(
        walk=window_walk(image, out, reach, op.stride, op.padding),
        out=out,
        stride=op.stride,
        reach=reach,
        taps=tuple((row * down, column * right) for row in range(rows) for column in range(columns)),
    )


def make_scan(design: Design, node: Node, core: LayerPlan, positions: Positions, pixel_bits: int) -> Scan:
    """Plan a scan.

    Args:
        design: The design.
        node: The layer.
        core: The matrix at one position.
        positions: Where it is applied.
        pixel_bits: Bits of a pixel of the input.

    Raises:
        NoModelError: If the positions that are computed at once are neither parts of a row nor whole rows.
    """
    copies, columns = design.layers[node.name].parallel, positions.out[1]
    if columns % copies and copies % columns:
        total = num_positions(node)
        valid = [
            count for count in range(1, total + 1) if not total % count and not (columns % count and count % columns)
        ]
        raise PARTS_OF_ROWS.error(node, columns=columns, parallel=copies, valid=", ".join(map(str, valid)))
    width = positions.walk.columns.length
    places = [divmod(copy, columns) for copy in range(copies)]
    row_steps = max(columns // copies, 1)
    step = copies * positions.stride[1]
    rows = max(copies // columns, 1) * positions.stride[0]
    taken = np.where(positions.walk.takes(0), np.cumsum(positions.walk.takes(0)) - 1, -1)
    return Scan(
        core=core,
        steps=num_positions(node) // copies,
        copies=copies,
        elements=tuple(taken.tolist()),
        pixel_bits=pixel_bits,
        taps=tuple(
            tuple(
                (row * positions.stride[0] + down) * width + column * positions.stride[1] + right
                for down, right in positions.taps
            )
            for row, column in places
        ),
        row_steps=row_steps,
        step_pixels=step,
        row_pixels=rows * width - (row_steps - 1) * step,
        results=num_positions(node) // copies,
    )


def sequence_scan(core: LayerPlan, steps: int, pixel_bits: int, is_sequence: bool, is_backward: bool) -> Scan:
    """Plan the scan of a sequence, step by step.

    Args:
        core: What computes a step.
        steps: Steps.
        pixel_bits: Bits of a step's input.
        is_sequence: Whether every step has a result, or the last one only.
        is_backward: Whether the sequence is read from its end.
    """
    places = tuple(range(steps))
    return Scan(
        core=core,
        steps=steps,
        copies=1,
        elements=places[::-1] if is_backward else places,
        pixel_bits=pixel_bits,
        taps=((0,),),
        row_steps=1,
        step_pixels=1,
        row_pixels=1,
        results=steps if is_sequence else 1,
        is_backward=is_backward,
    )
