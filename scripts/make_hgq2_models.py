"""Makes the small HGQ2 networks of `tests/data/models/hgq2`, each with inputs and what Keras predicts for them.

HGQ2's wheel overwrites the package `qkeras`, so that it never enters the environment of the tests: this script makes an
environment of its own, in a folder that it is given, and runs itself there.

    python scripts/make_hgq2_models.py ENVIRONMENT [NAME...]

Bit widths differ by element, some elements have none. A third of the samples is like the calibration data, a third has
three times its spread, so that what wraps does wrap, and a third lies on ties.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hgq2_environment import compress, is_inside, run_inside

FOLDER = Path(__file__).parents[1] / "tests" / "data" / "models" / "hgq2"
ROUNDINGS = ("TRN", "RND", "RND_CONV", "TRN_ZERO", "RND_ZERO", "RND_MIN_INF", "RND_INF", "S_RND")
OVERFLOWS = ("WRAP", "SAT", "SAT_SYM")
FUNCTIONS = (
    "tanh sigmoid elu selu softplus softsign gelu silu exponential hard_sigmoid mish leaky_relu relu6 celu squareplus"
)
NUM_SAMPLES = 24
"""Samples of each kind."""


def main() -> None:
    """Make the environment if it is not there, and the networks inside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environment", type=Path, help="folder of the environment with HGQ2, made if it is missing")
    parser.add_argument("names", nargs="*", help="networks to make, all when none is named")
    arguments = parser.parse_args()
    if is_inside(arguments.environment):
        make(arguments.names)
        return
    run_inside(arguments.environment, __file__, [str(arguments.environment), *arguments.names])


def make(names: Sequence[str]) -> None:
    """Build, calibrate, save and predict each network."""
    import keras
    import numpy as np
    from hgq.config import LayerConfigScope
    from hgq.utils import trace_minmax

    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (build, shape) in NETWORKS.items():
        if names and name not in names:
            continue
        keras.backend.clear_session()
        keras.utils.set_random_seed(7)
        rng = np.random.default_rng(7)
        with LayerConfigScope(enable_ebops=True, beta0=1e-5):
            x = keras.Input(shape)
            model = keras.Model(x, build(x), name=name)
        spread(model, rng)
        usual = rng.normal(0, 1, (512, *shape)).astype("float32")
        if name != "untraced":
            trace_minmax(model, usual)
        wide, ties = rng.normal(0, 3, (NUM_SAMPLES, *shape)), rng.integers(-512, 512, (NUM_SAMPLES, *shape)) / 128
        data = np.concatenate([usual[:NUM_SAMPLES], wide, ties]).astype("float32")
        outputs = model.predict(data, verbose=0)
        model.save(FOLDER / f"{name}.keras")
        compress(FOLDER / f"{name}.keras")
        found = outputs if isinstance(outputs, list) else [outputs]
        arrays = {f"y{index}": np.asarray(item, "float32") for index, item in enumerate(found)}
        np.savez_compressed(FOLDER / f"{name}.npz", x=data, **arrays)
        sizes = [(FOLDER / f"{name}.{ending}").stat().st_size for ending in ("keras", "npz")]
        sys.stdout.write(f"{name}: {sizes[0]} and {sizes[1]} bytes\n")


def spread(model: Any, rng: Any) -> None:
    """Give each quantizer widths of its own by element, some of them none, and normalisations figures of their own."""
    import numpy as np

    for part in model._flatten_layers():
        for name, low, high, dead, share in (("_b", 2, 7, 0.0, 0.15), ("_f", 1, 7, -6.0, 0.08)):
            widths = getattr(part, name, None)
            if widths is None or not hasattr(part, "_round_mode") or np.prod(widths.shape) < 2:
                continue
            new = rng.uniform(low, high, widths.shape)
            widths.assign(np.where(rng.random(widths.shape) < share, dead, new).astype("float32"))
        for name in ("moving_mean", "moving_variance", "bn_gamma", "bn_beta", "bias", "scale"):
            values = getattr(part, name, None)
            if hasattr(values, "assign"):
                is_moving = name.startswith("moving")
                new = rng.uniform(0.3, 1.7, values.shape) if is_moving else rng.normal(0.4, 0.6, values.shape)
                values.assign(new.astype("float32"))


def with_modes(places: Any, modes: Sequence[tuple[str, str, str]], build: Callable[[], Any]) -> list[Any]:
    """Build something once for each quantizer type, rounding and overflow mode of some places."""
    from hgq.config import QuantizerConfigScope

    parts = []
    for q_type, rounding, overflow in modes:
        with ExitStack() as stack:
            options = {"default_q_type": q_type, "round_mode": rounding, "overflow_mode": overflow}
            stack.enter_context(QuantizerConfigScope(place=places, **options))
            parts.append(build())
    return parts


def modes(x: Any) -> Any:
    """Every rounding and overflow mode of inputs."""
    from hgq.layers import QDense

    chosen = [("kif", rounding, overflow) for rounding in ROUNDINGS for overflow in OVERFLOWS]
    chosen += [("kbi", "RND", overflow) for overflow in OVERFLOWS]
    return with_modes("datalane", chosen, lambda: QDense(2)(QDense(3, activation="relu")(x)))


def early(x: Any) -> Any:
    """Layers of Keras on real data before the first quantizers, which saturate or wrap."""
    from hgq.layers import QDense
    from keras import layers

    relu, largest = layers.ReLU()(x), layers.MaxPooling1D(2)(x)
    both = layers.Concatenate(axis=1)([relu, largest])
    return [
        *with_modes("datalane", [("kif", "RND_CONV", "SAT")], lambda: QDense(3)(layers.Flatten()(relu))),
        *with_modes("datalane", [("kif", "RND", "SAT_SYM")], lambda: QDense(3)(layers.Flatten()(both))),
    ]


def weight_modes(x: Any) -> Any:
    """Every rounding and overflow mode of weights, in both kinds of quantizers."""
    from hgq.layers import QDense

    chosen = [(kind, mode, overflow) for kind in ("kbi", "kif") for mode in ROUNDINGS for overflow in OVERFLOWS]
    return with_modes(("weight", "bias"), chosen, lambda: QDense(3)(x))


def untraced(x: Any) -> Any:
    """A network whose ranges were never traced, with types by channel and for all elements alike."""
    from hgq.config import QuantizerConfig
    from hgq.layers import QDense
    from keras.layers import Flatten

    def config(kind: str, place: str, axes: tuple[int, ...]) -> Any:
        return QuantizerConfig(kind, place, heterogeneous_axis=axes, homogeneous_axis=None)

    y = QDense(6, activation="relu", iq_conf=config("kif", "datalane", (2,)), kq_conf=config("kbi", "weight", (1,)))(x)
    y = QDense(4, iq_conf=config("kif", "datalane", ()), bq_conf=config("kbi", "bias", ()), enable_oq=True)(y)
    return QDense(3, enable_ebops=False)(Flatten()(y))


def conv1d(x: Any) -> Any:
    """One-dimensional convolutions with all paddings and strides, dilated and in groups."""
    from hgq.layers import QConv1D, QDense
    from keras.layers import Concatenate, Flatten

    parts = [
        QConv1D(2, 3, padding=padding, strides=stride, activation="relu")(x)
        for padding in ("valid", "same")
        for stride in (1, 2, 3)
    ]
    parts += [QConv1D(2, 3, dilation_rate=2, padding="same")(x), QConv1D(4, 2, groups=2)(x)]
    return QDense(3)(Concatenate()([Flatten()(part) for part in parts]))


def conv2d(x: Any) -> Any:
    """Two-dimensional convolutions and poolings, averages of five and of numbers that differ at the border."""
    from hgq import layers

    y = layers.QConv2D(3, (3, 2), padding="same", activation="relu")(x)
    parts = [
        layers.QAveragePooling2D((5, 1), strides=2)(y),
        layers.QAveragePooling2D((3, 2), padding="same")(y),
        layers.QMaxPooling2D(2, strides=1)(y),
        layers.QConv2D(6, 2, groups=3, strides=(2, 1))(y),
        layers.QGlobalAveragePooling2D()(y),
        layers.QGlobalMaxPooling2D(keepdims=True)(y),
    ]
    from keras.layers import AveragePooling2D, Concatenate, Flatten

    parts.append(AveragePooling2D(3)(y))
    return layers.QDense(3)(Concatenate()([Flatten()(part) for part in parts]))


def merges(x: Any) -> Any:
    """Merges of two and three tensors, with and without quantizers, and sums over axes."""
    from hgq import layers
    from keras.layers import Add, Concatenate

    a, b, c = layers.QDense(4, activation="relu")(x), layers.QDense(4)(x), layers.QDense(4, enable_oq=True)(x)
    parts = [
        layers.QAdd()([a, b, c]),
        layers.QSubtract()([a, b]),
        layers.QMultiply(enable_oq=True)([b, c]),
        layers.QMaximum()([a, b, c]),
        layers.QMinimum()([b, c]),
        layers.QAveragePow2()([a, b, c]),
        layers.QDot()([a, b]),
        layers.QSum(keepdims=True, scale=0.5)(a),
        layers.QMeanPow2(keepdims=True)(b),
        Add()([c, layers.Quantizer("kif", "datalane", round_mode="RND_CONV", overflow_mode="SAT")(b)]),
    ]
    return layers.QDense(3, enable_oq=True)(Concatenate()(parts))


def repeats(x: Any) -> Any:
    """Merges of tensors of different shapes, as networks over sets of particles have them, and slices."""
    from hgq import layers
    from keras.layers import Flatten

    y = layers.QEinsumDenseBatchnorm("bnc,cd->bnd", (5, 4), bias_axes="d", activation="relu")(x)
    whole = layers.QDense(4)(layers.QSum(axes=1, scale=0.25, keepdims=True)(y))
    gate = layers.QUnaryFunctionLUT("sigmoid", allow_heterogeneous_table=False)(layers.QDense(1)(y))
    z = layers.QMultiply()([layers.QAdd()([layers.QDense(4)(y), whole]), gate])
    z = layers.QMaximum()([z, layers.QDense(4)(layers.QSum(axes=1)(z))])
    z = layers.QSubtract()([z[:, 1:, :], y[:, :1, :]]) + whole
    return [layers.QDense(3)(Flatten()(z)), layers.QEinsumDense("bnc,n->bc", 4)(z)]


def einsums(x: Any) -> Any:
    """Einsum layers: shared and own kernels, several axes, batch normalisations, sums over axes."""
    from hgq import layers
    from keras.layers import Concatenate, Flatten

    parts = [
        layers.QEinsumDense("bnc,ncd->bnd", (5, 3), bias_axes="nd", activation="relu")(x),
        layers.QEinsumDense("...c,cd->...d", 3, bias_axes="d", enable_ebops=False)(x),
        layers.QEinsumDense("bnc,nm->bmc", (3, 4), bias_axes="m")(x),
        layers.QEinsumDense("bnc,cde->bden", (2, 2, 5), bias_axes="dn")(x),
        layers.QEinsumDense("bnc,ncd->bd", (3,))(x),
        layers.QEinsumDenseBatchnorm("bnc,nm->bmc", (3, 4), bias_axes="m", activation="relu")(x),
        layers.QEinsumDenseBatchnorm("bnc,ncd->bnd", (5, 2), bias_axes="nd", scale=False)(x),
        layers.QSum(axes=(1, 2))(x),
        layers.QMeanPow2(axes=1, keepdims=True)(x),
    ]
    flat = [Flatten()(part) if len(part.shape) > 2 else part for part in parts[:-2]]
    total = layers.QDense(2)(Flatten()(parts[-1]))
    return layers.QDense(3)(Concatenate()([*flat, total]))


def norms(x: Any) -> Any:
    """Batch normalisations of all kinds."""
    from hgq import layers
    from keras.layers import Flatten

    y = layers.QBatchNormDense(6, activation="relu")(x)
    y = layers.QBatchNormalization(axis=1)(y)
    y = layers.QBatchNormalization(center=False, enable_oq=True)(y)
    y = layers.QBatchNormDense(4, scale=False)(layers.QBatchNormalization(scale=False)(y))
    return layers.QDense(3)(Flatten()(y))


def tables(x: Any) -> Any:
    """Functions as tables."""
    from hgq import layers
    from keras.layers import Concatenate

    own = {"allow_heterogeneous_table": False}
    parts = [layers.QUnaryFunctionLUT(name, **own)(layers.QDense(2)(x)) for name in FUNCTIONS.split()]
    parts.append(layers.QUnaryFunctionLUT("tanh", allow_heterogeneous_input=False, **own)(layers.QDense(2)(x)))
    parts.append(layers.QAffinedUnaryFunctionLUT("tanh", **own)(layers.QDense(2)(x)))
    return layers.QDense(3)(Concatenate()(parts))


def softmaxes(x: Any) -> Any:
    """Softmax over one and two axes, with and without the largest logit subtracted."""
    from hgq.config import QuantizerConfig
    from hgq.layers import QDense, QSoftmax

    narrow = QuantizerConfig("kif", "datalane", f0=4, heterogeneous_axis=(), homogeneous_axis=None)
    return [
        QSoftmax()(QDense(5)(x)),
        QSoftmax(axis=1, enable_iq=True, enable_oq=True)(QDense(4)(x)),
        QSoftmax(axis=(1, 2), input_scaler=0.5)(QDense(3)(x)),
        QSoftmax(stable=False, enable_iq=True, iq_conf=narrow)(QDense(3)(x)),
    ]


def recurrent(x: Any) -> Any:
    """Recurrent layers: both kinds of GRU, sequences, backwards, without biases."""
    from hgq.layers import QGRU, QDense, QSimpleRNN

    return [
        QDense(3)(QGRU(4)(x)),
        QGRU(3, reset_after=False, return_sequences=True, activation="relu")(x),
        QGRU(3, go_backwards=True, use_bias=False)(x),
        QSimpleRNN(3, return_sequences=True, go_backwards=True)(x),
    ]


def attention(x: Any) -> Any:
    """Attention with projections of their own and with shared quantizers, and einsums of two activations."""
    from hgq.layers import QDense, QDot, QEinsum, QMultiHeadAttention

    y = QMultiHeadAttention(2, 3, value_dim=2)(x, x)
    a, b = QDense(3)(x), QDense(3, activation="relu")(x)
    return [
        QDense(2)(y),
        QMultiHeadAttention(1, 3, fuse="qkv", use_bias=False)(x, x),
        QMultiHeadAttention(2, 2, fuse="kv", output_shape=5)(a, b),
        QEinsum("bnc,bmc->bnm")([a, b]),
        QEinsum("bnc,bnc->bc")([a, b]),
        QDot(axes=(1, 1))([a, b]),
    ]


def options(x: Any) -> Any:
    """Scalers, affine maps, hard functions as quantizers, nested and shared models, moves and plain activations."""
    import keras
    from hgq.config import HardSigmoidConfig, HardTanhConfig, QuantizerConfig
    from hgq.layers import QDense
    from keras import layers

    scaled = QDense(6, iq_conf=QuantizerConfig("kif", "datalane", scaler=0.25), activation="relu6")(x)
    affine = QDense(6, iq_conf=QuantizerConfig("kif", "datalane", affine=(0.5, 0.25)), activation="hard_tanh")(scaled)
    weights = QuantizerConfig("kbi", "weight", scaler=4.0)
    hard = QDense(6, iq_conf=HardTanhConfig(), kq_conf=weights)(QDense(6, iq_conf=HardSigmoidConfig())(affine))
    start = keras.Input((6,))
    inner = keras.Model(start, QDense(6, activation="relu")(QDense(6)(start)), name="inner")
    chain = keras.Sequential([QDense(8), layers.LeakyReLU(negative_slope=0.25), layers.Dropout(0.5)])
    y = chain(inner(inner(hard)))
    y = layers.Permute((2, 1))(layers.Reshape((2, 4))(y))
    return [QDense(3)(y), QDense(2, activation="relu", enable_oq=True)(layers.Flatten()(y))]


NETWORKS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "modes": (modes, (4,)),
    "early": (early, (4, 2)),
    "weight_modes": (weight_modes, (4,)),
    "untraced": (untraced, (3, 4)),
    "conv1d": (conv1d, (9, 2)),
    "conv2d": (conv2d, (7, 6, 2)),
    "merges": (merges, (6,)),
    "repeats": (repeats, (5, 3)),
    "einsums": (einsums, (5, 4)),
    "norms": (norms, (4, 5)),
    "tables": (tables, (4,)),
    "softmaxes": (softmaxes, (4, 3)),
    "recurrent": (recurrent, (4, 3)),
    "attention": (attention, (4, 3)),
    "options": (options, (6,)),
}
"""Networks and the shapes of their inputs."""

if __name__ == "__main__":
    main()
