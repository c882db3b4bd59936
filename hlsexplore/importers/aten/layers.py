"""Products, normalisations, poolings and recurrent layers of aten."""

from collections.abc import Callable, Sequence

import numpy as np

from hlsexplore.errors import UnsupportedError
from hlsexplore.importers.aten.call import AtenCall, Ref, refs
from hlsexplore.importers.flat.graph import Array

Translate = Callable[[AtenCall], None]


def linear(call: AtenCall) -> None:
    """Translate a linear layer."""
    call.emit("Linear", (call.ref("input"), call.ref("weight"), call.ref("bias")))


def addmm(call: AtenCall) -> None:
    """Translate bias + x @ weight."""
    inputs = (call.ref("mat1"), call.ref("mat2"), call.ref("self", "input"))
    call.emit("Gemm", inputs, alpha=float(call.get("alpha", default=1)), beta=float(call.get("beta", default=1)))


def matmul(call: AtenCall) -> None:
    """Translate a matrix product."""
    call.emit("MatMul", (call.ref("self", "input"), call.ref("mat2", "other", "vec")))


def einsum(call: AtenCall) -> None:
    """Translate an einsum."""
    call.emit("Einsum", [item.name for item in refs(call.get("tensors"))], equation=call.get("equation", default=""))


def attention(call: AtenCall) -> None:
    """Translate attention; tensors of three axes have one head."""
    inputs = [call.ref(name) for name in ("query", "key", "value", "attn_mask")]
    heads = 1 if call.rank(inputs[0]) == 3 else None
    causal = int(bool(call.get("is_causal", default=False)))
    call.emit("Attention", inputs, is_causal=causal, scale=call.get("scale"), q_num_heads=heads, kv_num_heads=heads)


def group_norm(call: AtenCall) -> None:
    """Translate the normalisation of groups of channels, or of each channel."""
    if call.get("running_mean") is not None and not call.get("use_input_stats", default=True):
        inputs = [call.ref(name) for name in ("input", "weight", "bias", "running_mean", "running_var")]
        call.emit("BatchNormalization", inputs, epsilon=call.get("eps", default=1e-5))
        return
    groups = call.get("num_groups", "group")
    op = "GroupNormalization" if groups else "InstanceNormalization"
    inputs = [call.ref(name) for name in ("input", "weight", "bias")]
    call.emit(op, inputs, num_groups=groups, epsilon=call.get("eps", default=1e-5))


def conv(call: AtenCall) -> None:
    """Translate a convolution in any of its forms."""
    rank = call.rank(call.ref("weight")) - 2
    if call.get("transposed", default=False) or "transpose" in call.target:
        call.emit(
            "ConvTranspose",
            (call.ref("input"), call.ref("weight"), call.ref("bias")),
            strides=tuple(each(call.get("stride", default=1), rank)),
            dilations=tuple(each(call.get("dilation", default=1), rank)),
            group=call.get("groups", default=1),
            pads=tuple(each(call.get("padding", default=0), rank)) * 2,
            output_padding=tuple(each(call.get("output_padding", default=0), rank)),
        )
        return
    padding = call.get("padding", default=0)
    pads, mode = None, None
    if isinstance(padding, str):
        mode = {"same": "SAME_UPPER", "valid": "VALID"}.get(padding, padding)
    else:
        pads = tuple(each(padding, rank)) * 2
    call.emit(
        "Conv",
        (call.ref("input"), call.ref("weight"), call.ref("bias")),
        strides=tuple(each(call.get("stride", default=1), rank)),
        dilations=tuple(each(call.get("dilation", default=1), rank)),
        group=call.get("groups", default=1),
        pads=pads,
        auto_pad=mode,
    )


def each(value: int | Sequence[int], count: int) -> list[int]:
    """Return one number for each axis, where PyTorch may give one for all."""
    values = list(value) if isinstance(value, list | tuple) else [int(value)]  # type: ignore[arg-type]
    return values * count if len(values) == 1 else values


def batch_norm(call: AtenCall) -> None:
    """Translate a batch normalisation in any of its forms."""
    mean, variance = call.ref("running_mean"), call.ref("running_var")
    trains = bool(call.get("training", default="no_training" not in call.target)) or not mean or not variance
    size = call.program.sizes.get(call.ref("input"), (0, 1))[1]
    gamma = call.ref("weight") or call.constant(np.ones(size))
    beta = call.ref("bias") or call.constant(np.zeros(size))
    mean, variance = mean or call.constant(np.zeros(size)), variance or call.constant(np.ones(size))
    inputs = (call.ref("input"), gamma, beta, mean, variance)
    call.emit("BatchNormalization", inputs, epsilon=call.get("eps", default=1e-5), training_mode=int(trains))


def layer_norm(call: AtenCall) -> None:
    """Translate a layer normalisation."""
    shape = call.get("normalized_shape", default=[1])
    inputs = (call.ref("input"), call.ref("weight"), call.ref("bias"))
    call.emit("LayerNormalization", inputs, axis=-len(shape), epsilon=call.get("eps", default=1e-5))


def pool(op: str, rank: int) -> Translate:
    """Return the translation of a pooling of a number of axes."""

    def translate(call: AtenCall) -> None:
        size = each(call.get("kernel_size"), rank)
        stride = call.get("stride") or size
        if call.get("divisor_override") is not None:
            raise UnsupportedError([f"layer {call.outputs[0]!r} ({call.kind}): divisor_override is not supported."])
        call.emit(
            op,
            (call.ref("self"),),
            kernel_shape=tuple(size),
            strides=tuple(each(stride, rank)),
            pads=tuple(each(call.get("padding", default=0), rank)) * 2,
            dilations=tuple(each(call.get("dilation", default=1), rank)),
            ceil_mode=int(call.get("ceil_mode", default=False)),
            count_include_pad=int(call.get("count_include_pad", default=True)),
        )

    return translate


def adaptive(op: str) -> Translate:
    """Return the translation of an adaptive pooling."""

    def translate(call: AtenCall) -> None:
        size = call.get("output_size")
        call.emit(op, (call.ref("self"),), output_size=tuple(each(size, 1)))

    return translate


def reduction(op: str) -> Translate:
    """Return the translation of a reduction."""

    def translate(call: AtenCall) -> None:
        axes = call.get("dim")
        axes = [axes] if isinstance(axes, int) else axes
        keeps = int(call.get("keepdim", default=False))
        call.emit(op, (call.ref("self"),), axes=tuple(axes) if axes else None, keepdims=keeps)

    return translate


_GATES = {
    "gru": ("GRU", (1, 0, 2)),
    "lstm": ("LSTM", (0, 3, 1, 2)),
    "rnn_tanh": ("RNN", (0,)),
    "rnn_relu": ("RNN", (0,)),
}
"""Op, and which of PyTorch's gates (GRU r, z, n; LSTM i, f, g, o) each of ONNX' (GRU z, r, h; LSTM i, o, f, c) is."""


def recurrent(call: AtenCall) -> None:
    """Translate the layers of a GRU, LSTM or RNN, one op for each."""
    name = call.target.split(".")[1]
    op, order = _GATES[name]
    weights = [item.name for item in call.get("params", default=[])]
    count = 2 if call.get("bidirectional", default=False) else 1
    width = 4 if call.get("has_biases", default=True) else 2
    states = [item.name for item in _listed(call.get("hx"))]
    layers = int(call.get("num_layers", default=1))
    if len(weights) != layers * count * width or call.get("train", default=False):
        raise UnsupportedError(
            [
                f"layer {call.outputs[0]!r} ({call.kind}): projections and training mode are not supported. "
                "Use the plain layer and model.eval()."
            ]
        )
    x = call.ref("input")
    if call.get("batch_first", default=False):
        x = call.between("Transpose", (x,), perm=(1, 0, 2))
    finals: list[str] = []
    memories: list[str] = []
    for layer in range(layers):
        parts = [weights[(layer * count + index) * width :][:width] for index in range(count)]
        initial = [
            call.between("Slice", (state,), starts=(layer * count,), ends=((layer + 1) * count,), axes=(0,))
            for state in states
        ]
        stem = f"{call.outputs[0]} layer {layer}"
        inputs = (x, *_stacked(call, parts, order), "", *initial)
        outputs = (stem, f"{stem} final", f"{stem} memory")
        call.emit(
            op,
            inputs,
            outputs,
            direction="bidirectional" if count == 2 else "forward",
            linear_before_reset=1,
            activations=("Relu",) * count if name == "rnn_relu" else None,
        )
        finals.append(outputs[1])
        memories.append(outputs[2])
        x = call.between("Transpose", (stem,), perm=(0, 2, 1, 3))
        x = call.between("Flatten", (x,), axis=2, end=3)
    call.emit("Transpose", (x,), perm=(1, 0, 2) if call.get("batch_first", default=False) else (0, 1, 2))
    for index, parts_of in ((1, finals), (2, memories)):
        if len(call.outputs) > index and call.outputs[index]:
            call.emit("Concat", parts_of, (call.outputs[index],), axis=0)


def _listed(value: object) -> list[Ref]:
    found = value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, Ref)]


def _stacked(call: AtenCall, parts: Sequence[Sequence[str]], order: Sequence[int]) -> tuple[str, str, str]:
    """Return the weights of all directions as ONNX stores them."""
    arrays = [[call.program.constants[name] for name in part] for part in parts]
    label = call.program.parameters.get(parts[0][0], "").rpartition(".")[0]
    kernel, state = (np.stack([_ordered(item[index], order) for item in arrays]) for index in (0, 1))
    names = [call.constant(kernel), call.constant(state), ""]
    if len(parts[0]) == 4:
        both = [np.concatenate([_ordered(item[2], order), _ordered(item[3], order)]) for item in arrays]
        names[2] = call.constant(np.stack(both))
    for name in names:
        call.program.owners[name] = label
    return names[0], names[1], names[2]


def _ordered(values: Array, order: Sequence[int]) -> Array:
    parts = np.split(values, len(order))
    return np.concatenate([parts[index] for index in order])


LAYERS: dict[str, Translate] = {
    "aten.linear": linear,
    "aten.addmm": addmm,
    "aten.mm": matmul,
    "aten.bmm": matmul,
    "aten.mv": matmul,
    "aten.matmul": matmul,
    "aten.einsum": einsum,
    "aten.group_norm": group_norm,
    "aten.native_group_norm": group_norm,
    "aten.instance_norm": group_norm,
    "aten.scaled_dot_product_attention": attention,
    "aten._scaled_dot_product_flash_attention_for_cpu": attention,
    **dict.fromkeys(
        (
            "aten.conv1d",
            "aten.conv2d",
            "aten.conv3d",
            "aten.convolution",
            "aten.conv_transpose1d",
            "aten.conv_transpose2d",
        ),
        conv,
    ),
    **dict.fromkeys(
        (
            "aten.batch_norm",
            "aten.native_batch_norm",
            "aten._native_batch_norm_legit_no_training",
            "aten._native_batch_norm_legit_functional",
            "aten.cudnn_batch_norm",
        ),
        batch_norm,
    ),
    "aten.layer_norm": layer_norm,
    "aten.native_layer_norm": layer_norm,
    "aten.max_pool1d": pool("MaxPool", 1),
    "aten.max_pool2d": pool("MaxPool", 2),
    "aten.max_pool1d_with_indices": pool("MaxPool", 1),
    "aten.max_pool2d_with_indices": pool("MaxPool", 2),
    "aten.avg_pool1d": pool("AveragePool", 1),
    "aten.avg_pool2d": pool("AveragePool", 2),
    **dict.fromkeys(
        ("aten.adaptive_avg_pool1d", "aten.adaptive_avg_pool2d", "aten._adaptive_avg_pool2d"),
        adaptive("AdaptiveAveragePool"),
    ),
    **dict.fromkeys(("aten.adaptive_max_pool1d", "aten.adaptive_max_pool2d"), adaptive("AdaptiveMaxPool")),
    "aten.mean": reduction("ReduceMean"),
    "aten.sum": reduction("ReduceSum"),
    "aten.amax": reduction("ReduceMax"),
    "aten.amin": reduction("ReduceMin"),
    "aten.max.dim": reduction("ReduceMax"),
    "aten.min.dim": reduction("ReduceMin"),
    "aten.gru.input": recurrent,
    "aten.lstm.input": recurrent,
    "aten.rnn_tanh.input": recurrent,
    "aten.rnn_relu.input": recurrent,
}
"""Translations of layers with weights, poolings and reductions."""
