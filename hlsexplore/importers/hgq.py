"""HGQ2 (0.2): which converter reads which of its layers, what is refused, and what is done with the whole network."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from hlsexplore.graph import Node
from hlsexplore.importers.exact import prescribe_results
from hlsexplore.importers.hgq_attention import attention, dot, einsum
from hlsexplore.importers.hgq_einsum import einsum_dense, summed
from hlsexplore.importers.hgq_layers import (
    average_pow2,
    batch_normalization,
    batchnorm_dense,
    conv,
    dense,
    lone_quantizer,
    merged,
    pooled,
)
from hlsexplore.importers.hgq_quantizers import check_quantizers
from hlsexplore.importers.hgq_recurrent import gru, simple_rnn
from hlsexplore.importers.hgq_tables import softmax, unary
from hlsexplore.importers.input_types import prescribe_inputs
from hlsexplore.importers.layer import Converter, ImportedLayer, ImportedTensor

PACKAGES = ("hgq", "hgq2")
"""Packages under which HGQ2 registers its classes."""

_POOLINGS = tuple(
    f"Q{where}{kind}Pooling{rank}D" for where in ("", "Global") for kind in ("Max", "Average") for rank in (1, 2)
)

CONVERTERS: Mapping[str, Converter] = MappingProxyType(
    {
        "QDense": dense,
        "QBatchNormDense": batchnorm_dense,
        "QConv1D": conv,
        "QConv2D": conv,
        "QEinsumDense": einsum_dense,
        "QEinsumDenseBatchnorm": einsum_dense,
        "QBatchNormalization": batch_normalization,
        **dict.fromkeys(("QAdd", "QSubtract", "QMultiply", "QMaximum", "QMinimum"), merged),
        "QDot": dot,
        "QEinsum": einsum,
        "QMultiHeadAttention": attention,
        "QAveragePow2": average_pow2,
        **dict.fromkeys(("QSum", "QMeanPow2"), summed),
        **dict.fromkeys(_POOLINGS, pooled),
        "QUnaryFunctionLUT": unary,
        "QAffinedUnaryFunctionLUT": unary,
        "QSoftmax": softmax,
        "QGRU": gru,
        "QSimpleRNN": simple_rnn,
        "Quantizer": lone_quantizer,
    }
)
"""Converter of each supported layer class."""

_TABLES = ("tables of networks are not supported.", "Use QDense, QConv1D or QConv2D.")
_SPIKES = ("spiking layers are not supported.", "Use QDense or QGRU.")
_ATTENTION = ("this kind of attention is not supported.", "Use QMultiHeadAttention.")
_VOLUMES = ("three-dimensional images are not supported.", "Use the two-dimensional layer with the depth as channels.")
_REFUSED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("QDenseT", "QEinsumDenseT", "QConvT1D", "QConvT2D"), _TABLES),
        **dict.fromkeys(("QLIF", "QLIFCell", "QSimpleSNN", "QSimpleSNNCell"), _SPIKES),
        **dict.fromkeys(("QMultiHeadAttentionT", "QLinformerAttention", "QLinformerAttentionT"), _ATTENTION),
        **dict.fromkeys(
            ("QConv3D", *(f"Q{where}{kind}Pooling3D" for where in ("", "Global") for kind in ("Max", "Average"))),
            _VOLUMES,
        ),
        **dict.fromkeys(("QGRUCell", "QSimpleRNNCell", "QRNN"), ("cells of their own are not supported.", "Use QGRU.")),
    }
)
"""Classes that are refused: why, and the way out."""


_HARMLESS = (
    *("allow_heterogeneous_input", "beta0", "ebops_factor", "enable_ebops", "enable_iq", "enable_oq"),
    *("parallelization_factor", "num_heads", "key_dim", "value_dim", "output_shape", "use_bias"),
    *("softmax_iq_conf", "softmax_oq_conf"),
    *(f"softmax_{table}_{end}_conf" for table in ("exp", "inv") for end in ("iq", "oq")),
)
"""Options that matter in training only, that stored weights or other options say as well, or that attention renames."""


def convert(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert a layer of HGQ2.

    Raises:
        UnsupportedError: If the layer or some of its options are not supported; lists all of them.
        ModelError: If the file is damaged or of another version.
    """
    if layer.cls not in CONVERTERS:
        unknown = ("this class of HGQ2 is not supported.", "docs/importers.md lists the supported ones.")
        raise layer.refuse(*_REFUSED.get(layer.cls, unknown))
    if layer.weights.groups is None:
        raise layer.refuse("its bit widths can only be read from a .keras file.", "Save it: model.save('NAME.keras').")
    for option in _HARMLESS:
        layer.config.get(option)
    check_quantizers(layer)
    return CONVERTERS[layer.cls](layer, inputs)


def finish(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Give the nodes of a network with layers of HGQ2 types that lose nothing between its quantizers.

    Args:
        nodes: All nodes, in topological order.
    """
    return prescribe_results(prescribe_inputs(nodes))
