"""Which converter reads which layer class, and what to do instead of an unsupported one."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from hlsexplore.importers.activations import ACTIVATION_LAYERS
from hlsexplore.importers.attention import ATTENTION_LAYERS
from hlsexplore.importers.conv import CHANNELWISE_LAYERS, CONV_LAYERS
from hlsexplore.importers.dense import DENSE_LAYERS
from hlsexplore.importers.layer import Converter
from hlsexplore.importers.merge import concatenate, dot, merge
from hlsexplore.importers.pool import POOL_LAYERS
from hlsexplore.importers.preprocessing import PREPROCESSING_LAYERS
from hlsexplore.importers.recurrent import bidirectional, recurrent
from hlsexplore.importers.reshape import cropping, flatten, permute, repeat_vector, reshape, zero_padding
from hlsexplore.importers.resizing import upsampling
from hlsexplore.importers.transposed import TRANSPOSED_LAYERS
from hlsexplore.importers.wrappers import time_distributed

_RECURRENT = ("SimpleRNN", "LSTM", "GRU", "QSimpleRNN", "QLSTM", "QGRU")

CONVERTERS: Mapping[str, Converter] = MappingProxyType(
    {
        **ACTIVATION_LAYERS,
        **PREPROCESSING_LAYERS,
        **DENSE_LAYERS,
        **CONV_LAYERS,
        **CHANNELWISE_LAYERS,
        **TRANSPOSED_LAYERS,
        **ATTENTION_LAYERS,
        **POOL_LAYERS,
        **dict.fromkeys(_RECURRENT, recurrent),
        "Bidirectional": bidirectional,
        "QBidirectional": bidirectional,
        "TimeDistributed": time_distributed,
        **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), merge),
        "Concatenate": concatenate,
        "Dot": dot,
        "Flatten": flatten,
        "Reshape": reshape,
        "Permute": permute,
        "RepeatVector": repeat_vector,
        "ZeroPadding1D": zero_padding,
        "ZeroPadding2D": zero_padding,
        "Cropping1D": cropping,
        "Cropping2D": cropping,
        "UpSampling1D": upsampling,
        "UpSampling2D": upsampling,
    }
)
"""Converter of each supported layer class."""

_HGQ_1 = "it is a layer of HGQ 1, which is not read. Train with HGQ2 or QKeras."
_ADVICE = {
    "AutoContrast": "it acts at inference too, by the image at hand. Apply it to the data before.",
    "Equalization": "it acts at inference too, by the image at hand. Apply it to the data before.",
    "QuantizeWrapper": "quantisation-aware wrappers are not supported. Train with QKeras.",
    "QuantizeWrapperV2": "quantisation-aware wrappers are not supported. Train with QKeras.",
    "QuantizeLayer": "quantisation-aware wrappers are not supported. Train with QKeras.",
    "ClusterWeights": "it is a training wrapper. Strip it with tfmot.clustering.keras.strip_clustering before saving.",
    "BinaryDense": "it is no layer of Keras. Use QDense(kernel_quantizer='binary(alpha=1)') of QKeras.",
    "TernaryDense": "it is no layer of Keras. Use QDense(kernel_quantizer='ternary(alpha=1)') of QKeras.",
    "FixedPointQuantizer": _HGQ_1,
    "Lambda": "it holds Python code, which is never executed. Replace it by layers that compute the same.",
    "Embedding": "lookup by index is not supported. Feed the embedded vectors to the network instead.",
    "Masking": "masks are not supported. Use sequences of full length.",
    "AdditiveAttention": "additive attention is not supported. Use MultiHeadAttention or Attention.",
    "GroupQueryAttention": "its heads share keys and values. Use MultiHeadAttention.",
    "Conv3D": "three-dimensional convolutions are not supported. Use Conv2D with the depth as channels.",
    "GroupNormalization": "group normalisation is not supported. Use BatchNormalization.",
    "UnitNormalization": "unit normalisation is not supported. Use BatchNormalization or LayerNormalization.",
    "ConvLSTM1D": "convolutional recurrent layers are not supported. Use LSTM or GRU.",
    "ConvLSTM2D": "convolutional recurrent layers are not supported. Use LSTM or GRU.",
    "RNN": "recurrent layers of custom cells are not supported. Use SimpleRNN, LSTM or GRU.",
    "QAdaptiveActivation": "its integer bits are running averages. Replace it by QActivation with the bits found.",
}


def advice(cls: str, package: str) -> str:
    """Say why a layer class is not supported and what to do.

    Args:
        cls: The class.
        package: Package of a user's own class, or an empty text.
    """
    if package == "HGQ":
        return _HGQ_1
    if package not in ("", "qkeras"):
        return (
            "it is a class of your own, whose code is never executed. "
            "Build the network from the layers of Keras or QKeras."
        )
    if cls in _ADVICE:
        return _ADVICE[cls]
    near = get_close_matches(cls, CONVERTERS, n=1)
    hint = f" The nearest supported one is {near[0]!r}." if near else ""
    return f"this class is not supported.{hint} docs/importers.md lists the supported ones."
