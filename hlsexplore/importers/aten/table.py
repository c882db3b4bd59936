"""The table of aten operations: what each is in a flat graph."""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np

from hlsexplore.importers.aten.call import AtenCall, Program, Ref, argument, compute, made, measure, refs
from hlsexplore.importers.aten.layers import LAYERS, Translate, each
from hlsexplore.importers.flat.graph import FlatNode

END = 1 << 62
"""An end of a slice that means: to the last element."""


def flat_nodes(program: Program, nodes: Sequence[Mapping[str, Any]]) -> list[FlatNode]:
    """Translate the operations of a program; unknown ones keep their name, so that the walk lists them.

    Args:
        program: What they refer to; gets constants and numbers.
        nodes: The operations as the program's JSON holds them.
    """
    found: list[FlatNode] = []
    for node in nodes:
        target = str(node["target"]).removeprefix("torch.ops.")
        if target.startswith("_operator."):
            compute(program, target, node)
            continue
        arguments = {item["name"]: argument(program, item["arg"]) for item in node["inputs"]}
        if any("as_sym_int" in item or "as_sym_bool" in item for item in node["outputs"]):
            measure(program, target, arguments, node)
            continue
        outputs = tuple(name for item in node["outputs"] for name in made(item))
        if not outputs:
            continue  # checks of types and sizes
        call = AtenCall(program=program, target=target, arguments=arguments, outputs=outputs)
        translate = TABLE.get(target) or TABLE.get(call.kind) or _unknown
        translate(call)
        found += call.nodes
    return found


def _unknown(call: AtenCall) -> None:
    call.emit(call.kind, [item.name for value in call.arguments.values() for item in refs(value)], call.outputs)


def plain(op: str, **names: str) -> Translate:
    """Return the translation of an elementwise function.

    Args:
        op: Its name in ONNX.
        names: Options: name in ONNX -> name in aten.
    """

    def translate(call: AtenCall) -> None:
        options = {key: call.get(name) for key, name in names.items()}
        call.emit(op, (call.ref("self", "input"),), **options)

    return translate


def binary(op: str) -> Translate:
    """Return the translation of an arithmetic function; `alpha` scales the second operand."""

    def translate(call: AtenCall) -> None:
        alpha = call.get("alpha", default=1)
        first, second = call.operand("self", "input"), call.operand("other")
        if call.get("rounding_mode") is not None:
            _unknown(call)
            return
        if alpha != 1:
            second = call.between("Mul", (second, call.constant(np.float32(alpha))))
        call.emit(op, (first, second))

    return translate


def masked_fill(call: AtenCall) -> None:
    """Translate the filling of what a mask chooses."""
    call.emit("Where", (call.ref("mask"), call.operand("value"), call.ref("self")))


def triangle(is_upper: bool) -> Callable[[AtenCall], None]:
    """Translate the triangle of a matrix."""

    def translate(call: AtenCall) -> None:
        shift = call.constant(np.int64(call.get("diagonal", default=0)))
        call.emit("Trilu", (call.ref("self"), shift), upper=int(is_upper))

    return translate


def where(call: AtenCall) -> None:
    """Translate a choice by a condition."""
    call.emit("Where", (call.ref("condition"), call.operand("self"), call.operand("other")))


def flip(call: AtenCall) -> None:
    """Translate the reversal of axes."""
    call.emit("Flip", (call.ref("self"),), axes=tuple(call.get("dims")))


def reversed_sub(call: AtenCall) -> None:
    """Translate other - alpha * self."""
    alpha = call.get("alpha", default=1)
    own = call.ref("self")
    if alpha != 1:
        own = call.between("Mul", (own, call.constant(np.float32(alpha))))
    call.emit("Sub", (call.operand("other"), own))


def clamp(call: AtenCall) -> None:
    """Translate a clip between numbers, or by tensors."""
    low, high = call.get("min", "min_val"), call.get("max", "max_val")
    if isinstance(low, Ref) or isinstance(high, Ref):
        own = call.ref("self")
        if isinstance(low, Ref):
            own = call.between("Max", (own, low.name)) if high is not None else call.emit("Max", (own, low.name))[0]
        if isinstance(high, Ref):
            call.emit("Min", (own, high.name))
        return
    call.emit(
        "Clip", (call.ref("self"),), min=-inf if low is None else float(low), max=inf if high is None else float(high)
    )


def relu6(call: AtenCall) -> None:
    """Translate ReLU6 and Hardtanh."""
    is_relu6 = "relu6" in call.target
    low, high = (0.0, 6.0) if is_relu6 else (call.get("min_val", default=-1.0), call.get("max_val", default=1.0))
    call.emit("Clip", (call.ref("self"),), min=float(low), max=float(high))


def prelu(call: AtenCall) -> None:
    """Translate PReLU, whose slopes are those of channels."""
    call.emit("PRelu", (call.ref("self"), call.ref("weight")), along_channels=1)


def random_relu(call: AtenCall) -> None:
    """Translate RReLU, whose slope is the middle one at inference."""
    slope = (float(call.get("lower", default=1 / 8)) + float(call.get("upper", default=1 / 3))) / 2
    call.emit("LeakyRelu", (call.ref("self"),), alpha=slope)


def prelu_kernel(call: AtenCall) -> None:
    """Translate PReLU with slopes that are broadcast already."""
    call.emit("PRelu", (call.ref("self"), call.ref("weight")))


def hard_sigmoid(call: AtenCall) -> None:
    """Translate Hardsigmoid: clip(x / 6 + 1/2, 0, 1)."""
    call.emit("HardSigmoid", (call.ref("self"),), alpha=1 / 6, beta=0.5)


def elu(call: AtenCall) -> None:
    """Translate ELU; SELU and CELU are decomposed to it with other scales: of the result, of negative inputs."""
    scale, slope = call.get("scale", default=1), call.get("input_scale", default=1)
    alpha = call.get("alpha", default=1)
    if slope == 1 and scale == 1:
        call.emit("Elu", (call.ref("self"),), alpha=float(alpha))
    elif slope == 1:
        inner = call.between("Elu", (call.ref("self"),), alpha=float(alpha))
        call.emit("Mul", (inner, call.constant(np.float64(scale))))
    elif scale == 1 and abs(slope * alpha - 1) < FLOAT32_DIGITS:
        call.emit("Celu", (call.ref("self"),), alpha=float(alpha))
    else:
        _unknown(call)


FLOAT32_DIGITS = 1e-6
"""How far 1 / alpha and a scale may be apart to be the same number."""


def gelu(call: AtenCall) -> None:
    """Translate GELU, exact or by tanh."""
    call.emit("Gelu", (call.ref("self"),), approximate=call.get("approximate", default="none"))


def shrink(call: AtenCall) -> None:
    """Translate Softshrink and Hardshrink."""
    limit = float(call.get("lambd", default=0.5))
    call.emit("Shrink", (call.ref("self"),), lambd=limit, bias=limit if "soft" in call.kind else 0.0)


def threshold(call: AtenCall) -> None:
    """Translate Threshold: x above a limit, else a value."""
    call.emit("Threshold", (call.ref("self"),), limit=float(call.get("threshold")), value=float(call.get("value")))


def gated(call: AtenCall) -> None:
    """Translate GLU: the first half of an axis times the sigmoid of the second."""
    halves = tuple(f"{call.outputs[0]} {part}" for part in ("half", "gate"))
    call.emit("Split", (call.ref("self"),), halves, axis=call.get("dim", default=-1), num_outputs=2)
    call.emit("Mul", (halves[0], call.between("Sigmoid", halves[1:])))


def softplus(call: AtenCall) -> None:
    """Translate Softplus."""
    beta, threshold = float(call.get("beta", default=1)), float(call.get("threshold", default=20))
    call.emit("Softplus", (call.ref("self"),), beta=beta, threshold=threshold)


CUTTING_TYPES = {1: 2, 2: 3, 3: 5, 4: 6, 5: 7, 12: 9, 28: 4, 29: 17, 30: 19, 31: 18, 32: 20, 33: 24, 34: 12, 35: 13}
"""Numbers in ONNX of integers, truth values and floats of 8 bits, by those in programs of torch.export 2.13."""


def cast(call: AtenCall) -> None:
    """Translate a change of type; between real types nothing changes."""
    dtype = call.get("dtype")
    to = CUTTING_TYPES.get(dtype) if isinstance(dtype, int) else None
    call.emit("Identity" if to is None else "Cast", (call.ref("self"),), to=to)


def dropout(call: AtenCall) -> None:
    """Translate dropout."""
    call.emit("Dropout", (call.ref("input", "self"),), train=int(bool(call.get("train", default=False))))


def permute(call: AtenCall) -> None:
    """Translate a transposition of all axes."""
    rank = call.rank(call.ref("self"))
    call.emit("Transpose", (call.ref("self"),), perm=tuple(axis % rank for axis in call.get("dims")))


def swap(call: AtenCall) -> None:
    """Translate a transposition of two axes."""
    rank = call.rank(call.ref("self", "input"))
    order = list(range(rank))
    first, second = (0, 1) if call.kind == "aten.t" else (call.get("dim0") % rank, call.get("dim1") % rank)
    if rank > 1:
        order[first], order[second] = order[second], order[first]
    call.emit("Transpose", (call.ref("self", "input"),), perm=tuple(order))


def view(call: AtenCall) -> None:
    """Translate a reshape."""
    shape = call.constant(np.asarray(call.get("size", "shape"), dtype=np.int64))
    call.emit("Reshape", (call.ref("self"), shape), allowzero=1)


def flatten(call: AtenCall) -> None:
    """Translate the joining of axes."""
    first, last = call.get("start_dim", default=0), call.get("end_dim", default=-1)
    call.emit("Flatten", (call.ref("self"),), axis=first, end=last)


def unflatten(call: AtenCall) -> None:
    """Translate the division of an axis."""
    call.emit("Unflatten", (call.ref("self"),), axis=call.get("dim"), sizes=tuple(call.get("sizes")))


def squeeze(call: AtenCall) -> None:
    """Translate the removal of axes of size 1."""
    axes = call.get("dim")
    axes = None if axes is None else tuple(each(axes, 1))
    call.emit("Squeeze", (call.ref("self"),), axes=axes, only_ones=1)


def unsqueeze(call: AtenCall) -> None:
    """Translate a new axis."""
    call.emit("Unsqueeze", (call.ref("self"),), axes=(call.get("dim"),))


def expand(call: AtenCall) -> None:
    """Translate a repetition along axes of size 1."""
    shape = call.constant(np.asarray(call.get("size"), dtype=np.int64))
    call.emit("Expand", (call.ref("self"), shape))


def cat(call: AtenCall) -> None:
    """Translate a concatenation."""
    call.emit("Concat", [item.name for item in call.get("tensors")], axis=call.get("dim", default=0))


def stack(call: AtenCall) -> None:
    """Translate the stacking along a new axis."""
    call.emit("Stack", [item.name for item in call.get("tensors")], axis=call.get("dim", default=0))


def split(call: AtenCall) -> None:
    """Translate the cutting into pieces."""
    axis, size = call.get("dim", default=0), call.get("split_size", "split_sizes")
    options = {"split": tuple(size)} if isinstance(size, list) else {"step": size}
    call.emit("Split", (call.ref("self"),), call.outputs, axis=axis, **options)


def chunk(call: AtenCall) -> None:
    """Translate the cutting into equal pieces."""
    call.emit("Split", (call.ref("self"),), call.outputs, axis=call.get("dim", default=0))


def unbind(call: AtenCall) -> None:
    """Translate the cutting into single elements, whose axis disappears."""
    call.emit("Split", (call.ref("self"),), call.outputs, axis=call.get("dim", default=0), step=1, drops_axis=1)


def slices(call: AtenCall) -> None:
    """Translate a slice."""
    end = call.get("end", default=END)
    call.emit(
        "Slice",
        (call.ref("self"),),
        starts=(call.get("start", default=0),),
        ends=(min(end, END),),
        axes=(call.get("dim", default=0),),
        steps=(call.get("step", default=1),),
    )


def narrow(call: AtenCall) -> None:
    """Translate a piece of a given length."""
    start = call.get("start", default=0)
    call.emit(
        "Slice", (call.ref("self"),), starts=(start,), ends=(start + call.get("length"),), axes=(call.get("dim"),)
    )


def select(call: AtenCall) -> None:
    """Translate the choice of one element."""
    call.emit("Select", (call.ref("self"),), axis=call.get("dim", default=0), index=call.get("index", default=0))


def pad(call: AtenCall) -> None:
    """Translate padding, which PyTorch gives from the last axis on."""
    amounts = list(call.get("pad", default=[]))
    rank = call.rank(call.ref("self"))
    axes = tuple(rank - 1 - index for index in range(len(amounts) // 2))
    pads = (*amounts[0::2], *amounts[1::2])
    value = call.get("value", default=0)
    call.emit("Pad", (call.ref("self"),), pads=pads, axes=axes, mode=call.get("mode", default="constant"), value=value)


def resize(call: AtenCall) -> None:
    """Translate repetition of pixels, or linear interpolation between them."""
    sizes, scales = call.get("output_size"), call.get("scale_factors", "scales")
    own = [call.get("scales")] if "linear1d" in call.target else [call.get("scales_h"), call.get("scales_w")]
    if scales is None and None not in own:
        scales = list(own)
    options: dict[str, Any] = {"scales": np.asarray(each(scales, 1), dtype=np.float64)} if scales else {}
    if not options and sizes is not None:
        options = {"sizes": tuple(each(sizes, 1))}
    if "linear" in call.target:
        corners = call.get("align_corners", default=False)
        options["coordinate_transformation_mode"] = "align_corners" if corners else "pytorch_half_pixel"
    mode = "linear" if "linear" in call.target else "nearest"
    call.emit("Resize", (call.ref("self", "input"),), mode=mode, **options)


def running_sum(call: AtenCall) -> None:
    """Translate a running sum."""
    call.emit("CumSum", (call.ref("self"),), axis=call.get("dim", default=0))


def repeat(call: AtenCall) -> None:
    """Translate the repetition of a tensor."""
    call.emit("Tile", (call.ref("self"),), repeats=tuple(call.get("repeats", "dims", default=[])))


def filled(call: AtenCall) -> None:
    """Translate a tensor of one value."""
    value = {"zeros": 0.0, "new_zeros": 0.0, "ones": 1.0, "new_ones": 1.0}.get(call.kind.split(".")[1])
    value = call.get("fill_value", "s", default=0.0) if value is None else value
    shape = call.constant(np.asarray(call.get("size", default=[]), dtype=np.int64))
    call.emit("ConstantOfShape", (shape,), value=np.asarray([value], dtype=np.float32))


def filled_like(call: AtenCall) -> None:
    """Translate a tensor of one value in the shape of another one."""
    value = {"zeros_like": 0.0, "ones_like": 1.0}.get(call.kind.split(".")[1])
    value = call.get("fill_value", default=0.0) if value is None else value
    shape = call.constant(np.asarray(call.program.sizes[call.ref("self")], dtype=np.int64))
    call.emit("ConstantOfShape", (shape,), value=np.asarray([value], dtype=np.float32))


def power(call: AtenCall) -> None:
    """Translate a power with a constant exponent."""
    call.emit("Pow", (call.ref("self"), call.operand("exponent")))


def square(call: AtenCall) -> None:
    """Translate a square."""
    call.emit("Pow", (call.ref("self"), call.constant(np.float32(2))))


def inverse_root(call: AtenCall) -> None:
    """Translate 1 / sqrt(x)."""
    call.emit("Reciprocal", (call.between("Sqrt", (call.ref("self"),)),))


def shuffle(call: AtenCall) -> None:
    """Translate channels that become blocks of pixels, or the other way round."""
    op, name = ("SpaceToDepth", "downscale_factor") if "unshuffle" in call.kind else ("DepthToSpace", "upscale_factor")
    call.emit(op, (call.ref("self"),), blocksize=call.get(name), mode="CRD")


def softmax(call: AtenCall) -> None:
    """Translate a softmax."""
    call.emit("Softmax", (call.ref("self"),), axis=call.get("dim", default=-1))


def _names(translate: Translate, *names: str) -> dict[str, Translate]:
    return {f"aten.{name}": translate for name in names}


TABLE: dict[str, Callable[[AtenCall], None]] = {
    **LAYERS,
    **_names(plain("Relu"), "relu", "relu_"),
    **_names(plain("Sigmoid"), "sigmoid", "sigmoid_"),
    **_names(plain("Tanh"), "tanh", "tanh_"),
    **_names(plain("Silu"), "silu", "silu_"),
    **_names(plain("HardSwish"), "hardswish", "hardswish_"),
    **_names(plain("Softsign"), "softsign"),
    **_names(plain("Selu"), "selu", "selu_"),
    **_names(gelu, "gelu", "gelu_"),
    **_names(plain("LogSigmoid"), "log_sigmoid", "log_sigmoid_forward"),
    **_names(plain("Celu", alpha="alpha"), "celu", "celu_"),
    **_names(shrink, "softshrink", "hardshrink"),
    **_names(threshold, "threshold", "threshold_"),
    **_names(gated, "glu"),
    **_names(plain("Mish"), "mish", "mish_"),
    **_names(plain("Abs"), "abs"),
    **_names(plain("Neg"), "neg"),
    **_names(plain("Exp"), "exp"),
    **_names(plain("Erf"), "erf"),
    **_names(plain("Log"), "log"),
    **_names(plain("Log1p"), "log1p"),
    **_names(plain("Sqrt"), "sqrt"),
    **_names(plain("Reciprocal"), "reciprocal"),
    **_names(plain("LeakyRelu", alpha="negative_slope"), "leaky_relu", "leaky_relu_"),
    **_names(plain("LogSoftmax"), "log_softmax", "_log_softmax"),
    **_names(plain("Identity"), "clone", "contiguous", "detach", "detach_", "alias", "lift_fresh_copy", "lift"),
    **_names(plain("Identity"), "view_as_real", "positive", "type_as"),
    **_names(cast, "to", "_to_copy"),
    **_names(inverse_root, "rsqrt"),
    **_names(softmax, "softmax", "_softmax"),
    **_names(hard_sigmoid, "hardsigmoid", "hardsigmoid_"),
    **_names(relu6, "relu6", "relu6_", "hardtanh", "hardtanh_"),
    **_names(clamp, "clamp", "clamp_", "clamp_min", "clamp_max", "clip"),
    **_names(prelu, "prelu"),
    **_names(random_relu, "rrelu", "rrelu_"),
    **_names(plain("Sign"), "sign", "sgn"),
    **_names(prelu_kernel, "_prelu_kernel"),
    **_names(elu, "elu", "elu_"),
    **_names(softplus, "softplus"),
    **_names(dropout, "dropout", "dropout_", "feature_dropout", "alpha_dropout", "native_dropout"),
    **_names(binary("Add"), "add", "add_"),
    **_names(binary("Sub"), "sub", "sub_"),
    **_names(binary("Mul"), "mul", "mul_"),
    **_names(binary("Div"), "div", "div_"),
    **_names(binary("Max"), "maximum"),
    **_names(binary("Min"), "minimum"),
    "aten.max.other": binary("Max"),
    "aten.min.other": binary("Min"),
    **_names(binary("Greater"), "gt"),
    **_names(binary("GreaterOrEqual"), "ge"),
    **_names(binary("Less"), "lt"),
    **_names(binary("LessOrEqual"), "le"),
    **_names(binary("Equal"), "eq"),
    **_names(plain("Not"), "logical_not"),
    **_names(plain("ReduceMax"), "any"),
    **_names(plain("Expm1"), "expm1"),
    **_names(where, "where"),
    **_names(masked_fill, "masked_fill", "masked_fill_"),
    **_names(triangle(True), "triu"),
    **_names(triangle(False), "tril"),
    **_names(flip, "flip"),
    **_names(shuffle, "pixel_shuffle", "pixel_unshuffle"),
    **_names(reversed_sub, "rsub"),
    **_names(power, "pow"),
    **_names(square, "square"),
    **_names(permute, "permute"),
    **_names(swap, "t", "transpose", "swapaxes"),
    **_names(view, "view", "reshape", "_unsafe_view"),
    **_names(flatten, "flatten"),
    **_names(unflatten, "unflatten"),
    **_names(squeeze, "squeeze", "squeeze_"),
    **_names(unsqueeze, "unsqueeze"),
    **_names(expand, "expand"),
    **_names(cat, "cat", "concat"),
    **_names(stack, "stack"),
    **_names(split, "split", "split_with_sizes"),
    **_names(chunk, "chunk"),
    **_names(unbind, "unbind"),
    **_names(slices, "slice"),
    **_names(narrow, "narrow"),
    **_names(select, "select"),
    **_names(pad, "constant_pad_nd", "pad"),
    **_names(resize, "upsample_nearest1d", "upsample_nearest2d", "upsample_linear1d", "upsample_bilinear2d"),
    **_names(running_sum, "cumsum"),
    **_names(repeat, "repeat", "tile"),
    **_names(filled, "zeros", "ones", "full", "new_zeros", "new_ones", "new_full", "scalar_tensor"),
    **_names(filled_like, "zeros_like", "ones_like", "full_like"),
}
"""Translations by operation, with overload where overloads differ."""
