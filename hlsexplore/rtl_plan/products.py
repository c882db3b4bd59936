"""The constant matrix product of a dense layer or convolution at one position."""

from dataclasses import replace

from hlsexplore.coverage import SHARED_CHANNELS
from hlsexplore.design import Design
from hlsexplore.fixed import RawArray
from hlsexplore.graph import Node
from hlsexplore.layer_config import Strategy
from hlsexplore.ops import DepthwiseConv
from hlsexplore.rtl_plan.folded import fold_order
from hlsexplore.rtl_plan.lower.matmul import MatrixProduct, is_order_free, make_product
from hlsexplore.weights import depthwise_matrix, raw_weights


def layer_product(design: Design, node: Node) -> MatrixProduct:
    """Return the product of a dense layer or convolution; a depthwise one has zeros between channels.

    Args:
        design: The design.
        node: The layer. The rows of its product are the elements of a window: row, column, channel.
    """
    raw = raw_weights(design, node.name)
    kernel = raw["weight"]
    matrix = depthwise_matrix(kernel) if isinstance(node.op, DepthwiseConv) else kernel.reshape(-1, kernel.shape[-1])
    return _product(design, node, matrix, raw.get("bias"))


def channel_products(design: Design, node: Node) -> tuple[MatrixProduct, ...]:
    """Return the product of each channel of a depthwise convolution.

    Raises:
        NoModelError: If multipliers would have to serve several channels.
    """
    raw, reuse = raw_weights(design, node.name), design.layers[node.name].reuse
    kernel = raw["weight"]
    height, width, channels, multiplier = kernel.shape
    area = height * width
    if reuse > area and multiplier % (reuse // area):
        valid = [count for count in range(1, area + 1) if area % count == 0]
        valid += [area * count for count in range(2, multiplier + 1) if multiplier % count == 0]
        raise SHARED_CHANNELS.error(node, reuse=reuse, valid=", ".join(map(str, valid)))
    bias = raw["bias"].reshape(channels, multiplier) if "bias" in raw else None
    return tuple(
        _product(
            design, node, kernel[:, :, channel, :].reshape(area, multiplier), None if bias is None else bias[channel]
        )
        for channel in range(channels)
    )


def is_interleaved(design: Design, node: Node, n_in: int) -> bool:
    """Whether step r of a product with reuse takes inputs r, r + reuse, ... instead of neighbours."""
    config = design.layers[node.name]
    return config.strategy is Strategy.RESOURCE and config.reuse <= n_in


def in_order(product: MatrixProduct, reuse: int) -> MatrixProduct:
    """Return a product that takes its inputs in their own order, some in each of `reuse` steps."""
    return replace(product, order=fold_order(product.weight.shape[0], reuse, False))


def accumulates(design: Design, node: Node, beats: int) -> bool:
    """Tell whether a dense layer can take its input in some beats, with the same result and as many steps as ever.

    Args:
        design: The design.
        node: A dense layer with one position.
        beats: Beats of its input.
    """
    reuse = design.layers[node.name].reuse
    n_in = raw_weights(design, node.name)["weight"].shape[0]
    size = n_in // beats
    if reuse == 1 or reuse > n_in or reuse % beats or size % (reuse // beats):
        return False
    source = design.input_types(node.name)[0]
    product = in_order(layer_product(design, node), reuse)
    ranges = ((source.min_raw, source.max_raw),) * n_in
    return all(is_order_free(ranges, product, column) for column in range(product.weight.shape[1]))


def _product(design: Design, node: Node, matrix: RawArray, bias: RawArray | None) -> MatrixProduct:
    config = design.layers[node.name]
    types, n_in = config.types, matrix.shape[0]
    source = design.input_types(node.name)[0]
    return make_product(
        matrix,
        bias,
        (source, types["weight"], types["bias"], types["accum"], types["result"]),
        fold_order(n_in, config.reuse, is_interleaved(design, node, n_in)),
    )
