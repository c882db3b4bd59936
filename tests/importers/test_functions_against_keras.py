"""Functions without layers, preparation of data, adapters and training wrappers, against Keras 3 and Keras 2 (tf_keras).

Each model is read live, from `.keras` and from `.h5`, and must give what the framework itself computes.
"""

import os
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.importers import read_model
from hlsexplore.importers.keras import inspect_keras
from hlsexplore.importers.live import read_live

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")

VECTOR, SEQUENCE, IMAGE = (5,), (4, 3), (6, 6, 3)
CHANNELS = np.array([1.0, 2.0, 3.0], "f4")
PIXELS = np.random.default_rng(1).normal(size=IMAGE).astype("f4")


@pytest.fixture(scope="module", params=["keras3", "keras2"])
def kit(request):
    """A framework: its models and layers, and its functions under Keras 3's names."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if request.param == "keras3":
            import keras

            return SimpleNamespace(name="keras3", keras=keras, L=keras.layers, ops=keras.ops)
        import tensorflow as tf
        import tf_keras as keras
    ops = SimpleNamespace(
        concatenate=tf.concat, reshape=tf.reshape, expand_dims=tf.expand_dims, squeeze=tf.squeeze, relu=tf.nn.relu,
        transpose=tf.transpose, softmax=tf.nn.softmax, sigmoid=tf.math.sigmoid, tanh=tf.math.tanh, elu=tf.nn.elu,
        stop_gradient=tf.stop_gradient, matmul=tf.matmul, maximum=tf.math.maximum, minimum=tf.math.minimum, clip=tf.clip_by_value, square=tf.math.square,
        relu6=tf.nn.relu6, cast=tf.cast, sum=tf.reduce_sum, abs=tf.math.abs,
    )  # fmt: skip
    return SimpleNamespace(name="keras2", keras=keras, L=keras.layers, ops=ops)


def model_of(kit, shape, build):
    x = kit.keras.Input(shape)
    return kit.keras.Model(x, build(kit, x))


def forms(model, folder, kinds=("keras", "h5")):
    """The live model, and the files that the framework can write of it."""
    yield "live", model
    for kind in kinds:
        path = folder / f"m.{kind}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.save(path)
        yield kind, path


def check(model, folder, kinds=("keras", "h5"), scale=2.0):
    x = (np.random.default_rng(5).normal(size=(8, *model.inputs[0].shape[1:])) * scale).astype("f4")
    wanted = np.asarray(model(x, training=False))
    for kind, source in forms(model, folder, kinds):
        got = hx.predict(read_model(source), x)
        assert got.shape == wanted.shape, kind
        np.testing.assert_allclose(got, wanted, rtol=2e-5, atol=2e-5 * (1 + np.abs(wanted).max()), err_msg=kind)


FUNCTIONS = {
    "divided": (VECTOR, lambda k, x: x / 255.0),
    "scaled": (VECTOR, lambda k, x: 2.0 * x - 1.0),
    "subtracted": (VECTOR, lambda k, x: 1.0 - x),
    "negated": (VECTOR, lambda k, x: -x),
    "channels": (IMAGE, lambda k, x: x * CHANNELS + CHANNELS),
    "pixels": (IMAGE, lambda k, x: x * PIXELS - 0.5),
    "steps": (SEQUENCE, lambda k, x: x - PIXELS[0, :4, :1]),
    "self": (VECTOR, lambda k, x: x * x + x - x * 0.5),
    "slice": (VECTOR, lambda k, x: x[:, 1:-1]),
    "step": (SEQUENCE, lambda k, x: x[:, -1]),
    "features": (SEQUENCE, lambda k, x: x[:, :, 1:]),
    "plane": (IMAGE, lambda k, x: x[:, 1:4, :, 0]),
    "window": (IMAGE, lambda k, x: x[:, 2:, 1:5]),
    "axis": (VECTOR, lambda k, x: x[:, None]),
    "joined": (VECTOR, lambda k, x: k.ops.concatenate([x, x * 2.0], axis=1)),
    "reshaped": (SEQUENCE, lambda k, x: k.ops.reshape(x, (-1, 2, 6))),
    "expanded": (SEQUENCE, lambda k, x: k.ops.expand_dims(x, 1)),
    "squeezed": ((4, 1), lambda k, x: k.ops.squeeze(x, -1)),
    "turned": (SEQUENCE, lambda k, x: k.ops.transpose(x, [0, 2, 1])),
    "relu": (VECTOR, lambda k, x: k.ops.relu(x)),
    "relu6": (VECTOR, lambda k, x: k.ops.relu6(x * 4.0)),
    "positive": (VECTOR, lambda k, x: k.ops.maximum(x, 0.0)),
    "clipped": (VECTOR, lambda k, x: k.ops.clip(x, -0.3, 0.8)),
    "limited": (VECTOR, lambda k, x: k.ops.minimum(k.ops.maximum(x, -0.5), 1.5)),
    "softmax": (VECTOR, lambda k, x: k.ops.softmax(x)),
    "sigmoid": (VECTOR, lambda k, x: k.ops.sigmoid(k.ops.tanh(k.ops.elu(x)))),
    "kept": (VECTOR, lambda k, x: k.ops.cast(k.ops.stop_gradient(x * 1.5), "float32")),
    "matrix": (VECTOR, lambda k, x: k.ops.matmul(x, np.arange(10, dtype="f4").reshape(5, 2))),
    "rescaling": (IMAGE, lambda k, x: k.L.Rescaling(1 / 127.5, offset=-1)(x)),
    "rescaling_channels": (IMAGE, lambda k, x: k.L.Rescaling([0.1, 0.2, 0.3], offset=[1.0, 2.0, 3.0])(x)),
    "repeated": (VECTOR, lambda k, x: k.L.RepeatVector(3)(x)),
    "cropped": (IMAGE, lambda k, x: k.L.CenterCrop(5, 4)(x)),
    "same_size": (IMAGE, lambda k, x: k.L.Resizing(6, 6)(x)),
    "normalized": (VECTOR, lambda k, x: k.L.Normalization(mean=[1.0, 2, 3, 4, 5], variance=[1.0, 4, 9, 16, 25])(x)),
    "no_variance": (VECTOR, lambda k, x: k.L.Normalization(mean=2.0, variance=0.0)(x * 1e-6)),
    "augmented": (
        IMAGE,
        lambda k, x: k.keras.Sequential(
            [k.L.RandomFlip("horizontal"), k.L.RandomRotation(0.1), k.L.RandomZoom(0.1), k.L.RandomContrast(0.1)]
        )(x),
    ),
    "in_training": (
        IMAGE,
        lambda k, x: k.L.SpatialDropout2D(0.5)(
            k.L.GaussianNoise(0.5)(k.L.AlphaDropout(0.5)(k.L.ActivityRegularization(l1=0.1)(k.L.Dropout(0.5)(x))))
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_what_the_framework_computes(kit, tmp_path, name):
    shape, build = FUNCTIONS[name]
    check(model_of(kit, shape, lambda k, x: k.L.Activation("linear")(build(k, x))), tmp_path)


@pytest.mark.parametrize(("axis", "shape"), [(-1, VECTOR), (-1, IMAGE), (1, IMAGE), ((1, 3), IMAGE), (None, IMAGE)])
@pytest.mark.parametrize("invert", [False, True])
def test_adapted_normalization_uses_what_it_found(kit, tmp_path, axis, shape, invert):
    layer = kit.L.Normalization(axis=axis, invert=invert)
    layer.adapt(np.random.default_rng(0).normal(2, 3, size=(50, *shape)).astype("f4"))
    check(model_of(kit, shape, lambda k, x: layer(x)), tmp_path)


REFUSED = {
    "power": (VECTOR, lambda k, x: x**2, "the function '(Power|math.pow)' is not supported"),
    "remainder": (VECTOR, lambda k, x: x % 2.0, "the function '(Mod|math.floormod)' is not supported"),
    "square": (VECTOR, lambda k, x: k.ops.square(x), "the function '(Square|math.square)' is not supported"),
    "absolute": (VECTOR, lambda k, x: k.ops.abs(x), "the function '(Absolute|math.abs)' is not supported"),
    "inverse": (VECTOR, lambda k, x: 255.0 / x, "division by a tensor, or by 0, is not supported"),
    "quotient": (VECTOR, lambda k, x: x / (x + 9.0), "divide of 2 tensors is not supported"),
    "limit": (VECTOR, lambda k, x: k.ops.maximum(x, np.ones(5, "f4")), r"the maximum with the constant .* is not"),
    "bounds": (VECTOR, lambda k, x: k.ops.clip(x, 2.0, 1.0), "its bounds 2 and 1 are in the wrong order"),
    "every_second": (VECTOR, lambda k, x: x[:, ::2], "the slice .* of 5 elements is not supported. Use slices of step 1"),
    "number": (VECTOR, lambda k, x: x[:, 0], "a sample would have no axis left. Take a slice of one element"),
    "samples": (SEQUENCE, lambda k, x: k.ops.reshape(x, (-1, 3)), r"reshape of \(4, 3\) to \[-1, 3\] joins samples"),
    "integers": (VECTOR, lambda k, x: k.ops.cast(x, "int32"), "a cast to 'int32' is not supported"),
    "reduced": (SEQUENCE, lambda k, x: k.ops.sum(x, axis=1), "the function '(Sum|math.reduce_sum)' is not supported"),
    "other_axis": (IMAGE, lambda k, x: k.ops.softmax(x, axis=1), "a softmax over another axis than the last"),
    "resized": (IMAGE, lambda k, x: k.L.Resizing(3, 3)(x), "images of 6x6 would be scaled to 3x3. Scale the data"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_function_that_is_not_supported_is_named(kit, tmp_path, name):
    shape, build, message = REFUSED[name]
    with pytest.raises(UnsupportedError, match=message):
        read_model(model_of(kit, shape, build))


def test_lambda_is_refused_and_not_executed(kit, tmp_path):
    layer = kit.L.Lambda(lambda x: x * 2.0, output_shape=VECTOR)
    with pytest.raises(UnsupportedError, match="it holds Python code, which is never executed"):
        read_model(model_of(kit, VECTOR, lambda k, x: layer(x)))


AUGMENTATION = (
    ("AugMix", ()), ("CutMix", ()), ("MixUp", ()), ("RandAugment", ()), ("RandomBrightness", (0.1,)),
    ("RandomColorDegeneration", (0.1,)), ("RandomColorJitter", ()), ("RandomElasticTransform", ()),
    ("RandomErasing", ()), ("RandomGaussianBlur", ()), ("RandomGrayscale", ()), ("RandomHue", (0.1,)),
    ("RandomInvert", ()), ("RandomPerspective", ()), ("RandomPosterization", (4,)), ("RandomSaturation", (0.1,)),
    ("RandomSharpness", (0.1,)), ("RandomShear", (0.1, 0.1)), ("RandomTranslation", (0.1, 0.1)), ("Solarization", ()),
)  # fmt: skip


@pytest.fixture(scope="module")
def k3():
    """Keras 3, with QKeras."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
        import qkeras
    return SimpleNamespace(name="keras3", keras=keras, L=keras.layers, ops=keras.ops, q=qkeras)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_functions_take_no_place_among_the_stored_weights(kit, tmp_path, count):
    """The file lists layers alone; as many functions as inputs made the order of its names look like the model's."""

    def build(k, x):
        for index in range(2):
            x = k.L.Dense(4, name=f"d{index}")(x)
        for _ in range(count):
            x = k.ops.maximum(x, 0.25)
        return x

    check(model_of(kit, VECTOR, build), tmp_path)


def test_augmentation_returns_its_input_at_inference(k3, tmp_path):
    for cls, arguments in AUGMENTATION:
        layer = getattr(k3.L, cls)(*arguments)
        model = k3.keras.Sequential([k3.keras.Input(IMAGE), layer, k3.L.Flatten(), k3.L.Dense(2)])
        check(model, tmp_path, ("keras",))


def test_pipeline_is_read_layer_by_layer(k3, tmp_path):
    inner = [k3.L.RandomFlip(), k3.L.Rescaling(0.5, offset=1.0), k3.L.CenterCrop(4, 4)]
    check(model_of(k3, IMAGE, lambda k, x: k.L.Pipeline(inner)(x)), tmp_path, ("keras",))
    with pytest.raises(UnsupportedError, match=r"it acts at inference too, by the image at hand"):
        read_model(model_of(k3, IMAGE, lambda k, x: k.L.AutoContrast()(x)))


def randomize(model, seed=0):
    rng = np.random.default_rng(seed)
    values = []
    for variable, value in zip(model.weights, model.get_weights(), strict=True):
        name = str(getattr(variable, "path", variable.name))
        if "mask" in name:
            values.append((rng.random(value.shape) < 0.5).astype("f4"))
        elif any(word in name for word in ("threshold", "pruning_step")):
            values.append(value)
        else:
            draw = rng.uniform(0.5, 1.5, value.shape) if "variance" in name else rng.normal(0, 0.5, value.shape)
            values.append(draw.astype("f4"))
    model.set_weights(values)
    return model


ADAPTED = {
    "dense": (VECTOR, lambda k: k.L.Dense(3, name="a")),
    "dense_no_bias": (VECTOR, lambda k: k.L.Dense(3, use_bias=False, activation="relu", name="a")),
    "conv1d": (SEQUENCE, lambda k: k.L.Conv1D(2, 3, name="a")),
    "conv2d": (IMAGE, lambda k: k.L.Conv2D(2, 3, padding="same", name="a")),
}  # fmt: skip


@pytest.mark.parametrize("alpha", [None, 5])
@pytest.mark.parametrize("name", ADAPTED)
def test_lora_adapter_is_part_of_the_kernel(k3, tmp_path, name, alpha):
    shape, make = ADAPTED[name]
    layer = make(k3)
    model = model_of(k3, shape, lambda k, x: layer(x))
    layer.enable_lora(2, **({} if alpha is None else {"lora_alpha": alpha}))
    check(randomize(model), tmp_path)


def test_quantized_kernels_of_keras_are_refused_with_and_without_adapter(k3, tmp_path):
    for rank in (None, 2):
        model = model_of(k3, VECTOR, lambda k, x: k.L.Dense(4, name="fc")(x))
        model.quantize("int8")
        if rank:
            model.get_layer("fc").enable_lora(rank)
        for _, source in forms(model, tmp_path, ("keras",)):
            with pytest.raises(UnsupportedError, match="its weights are stored quantised .* Save the model before"):
                read_model(source)


def test_spectral_normalization_is_taken_off(k3, tmp_path):
    layer = k3.L.SpectralNormalization(k3.L.Dense(3, name="fc"), name="normed")
    model = randomize(model_of(k3, VECTOR, lambda k, x: layer(x)))
    check(model, tmp_path)
    assert [node.name for node in read_model(model).layers] == ["fc"]


@pytest.mark.parametrize("bound", [None, 1.5, 99.0])
@pytest.mark.parametrize("clip", [True, False])
def test_upper_bound_of_a_quantizer_counts_as_in_qkeras(k3, tmp_path, bound, clip):
    quantizer = k3.q.quantized_relu(4, 2, relu_upper_bound=bound, is_quantized_clip=clip)
    model = model_of(k3, VECTOR, lambda k, x: k.q.QActivation(quantizer)(x))
    check(model, tmp_path, (), scale=4.0)
    text = f"quantized_relu(4,2,relu_upper_bound={bound},is_quantized_clip={clip})"
    check(model_of(k3, VECTOR, lambda k, x: k.q.QActivation(text)(x)), tmp_path, (), scale=4.0)


def test_bound_off_the_grid_is_refused(k3):
    quantizer = k3.q.quantized_relu(4, 2, relu_upper_bound=1.3, is_quantized_clip=False)
    with pytest.raises(UnsupportedError, match=r"has a bound between two of its values\. Use a multiple of 0\.25\."):
        read_model(model_of(k3, VECTOR, lambda k, x: k.q.QActivation(quantizer)(x)))


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("symmetric", [0, 1, 3, True])
def test_least_value_of_a_quantized_sigmoid_is_that_of_qkeras(k3, tmp_path, symmetric, real):
    quantizer = k3.q.quantized_sigmoid(4, symmetric=symmetric, use_real_sigmoid=real)
    check(model_of(k3, VECTOR, lambda k, x: k.q.QActivation(quantizer)(x)), tmp_path, scale=4.0)


def test_options_that_quantizers_do_not_save_are_read_from_the_live_model(k3):
    quantizer = k3.q.quantized_bits(4, 1, alpha="auto_po2", scale_axis=0)
    layers = (
        k3.q.QDense(3, kernel_quantizer=quantizer, bias_quantizer="quantized_bits(8,2,alpha=1)", name="fc"),
        k3.L.TimeDistributed(k3.q.QDense(3, kernel_quantizer=quantizer, bias_quantizer="quantized_bits(8,2)")),
        k3.q.QGRU(3, kernel_quantizer=quantizer, recurrent_quantizer=quantizer, bias_quantizer=None),
    )
    for layer in layers:
        with pytest.raises(UnsupportedError, match="quantized_bits has scale_axis='0', expected None"):
            read_model(model_of(k3, SEQUENCE, lambda k, x, layer=layer: layer(x)))


def test_variances_a_little_below_zero_are_read_as_keras_computes_them(k3, tmp_path):
    model = model_of(k3, VECTOR, lambda k, x: k.L.BatchNormalization(name="bn")(x))
    model.get_layer("bn").moving_variance.assign([-1e-8, -9e-4, 0.0, 1.0, 127.0])
    check(model, tmp_path)
    model.get_layer("bn").moving_variance.assign([-348.0, -1e-3, 0.0, 1.0, 127.0])
    with pytest.raises(
        ModelError,
        match=r"layer 'bn' \(BatchNormalization\): 2 of 5 variances are too small, the least is -348, so that the network",
    ):
        read_model(model)


@pytest.mark.parametrize("place", ["layer", "time_distributed", "bidirectional"])
def test_options_that_no_converter_reads_are_refused(k3, place):
    layer = {
        "layer": lambda k: k.L.Dense(3, name="a"),
        "time_distributed": lambda k: k.L.TimeDistributed(k.L.Dense(3), name="a"),
        "bidirectional": lambda k: k.L.Bidirectional(k.L.GRU(3), name="a"),
    }[place](k3)
    model = model_of(k3, SEQUENCE, lambda k, x: layer(x))
    assert read_model(model).layers
    source = read_live(model)
    config = source.config["config"]["layers"][1]["config"]
    (config if place == "layer" else config["layer"]["config"])["sparsity_of_the_future"] = 0.5
    found = inspect_keras(source)
    assert len(found.problems) == 1
    assert found.problems[0].startswith("layer 'a")
    assert found.problems[0].endswith(
        ": the option sparsity_of_the_future=0.5 is not known. Build the layer without it."
    )


@pytest.fixture(scope="module")
def pruned():
    """Networks in the wrappers of tensorflow_model_optimization, with masks of half the weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tf_keras as keras
        from tensorflow_model_optimization.python.core.sparsity.keras.pruning_schedule import ConstantSparsity
        from tensorflow_model_optimization.python.core.sparsity.keras.pruning_wrapper import PruneLowMagnitude
    kit = SimpleNamespace(name="keras2", keras=keras, L=keras.layers)

    def wrap(layer):
        return PruneLowMagnitude(layer, pruning_schedule=ConstantSparsity(0.5, 0))

    return kit, wrap


PRUNED = {
    "mlp": (VECTOR, lambda k: [k.L.Dense(4, name="fc1"), k.L.Activation("relu", name="act"), k.L.Dense(3, name="fc2")]),
    "cnn": (IMAGE, lambda k: [k.L.Conv2D(4, 3), k.L.BatchNormalization(), k.L.ReLU(), k.L.Flatten(), k.L.Dense(2)]),
    "separable": (IMAGE, lambda k: [k.L.SeparableConv2D(4, 3)]),
    "lstm": (SEQUENCE, lambda k: [k.L.LSTM(4)]),
}  # fmt: skip


@pytest.mark.parametrize("name", PRUNED)
def test_pruning_wrappers_are_taken_off_with_their_masks(pruned, tmp_path, name):
    kit, wrap = pruned
    shape, make = PRUNED[name]
    model = randomize(
        kit.keras.Sequential([kit.keras.Input(shape), *map(wrap, make(kit)), kit.L.Dense(2, name="last")])
    )
    check(model, tmp_path, ("keras",) if name == "lstm" else ("keras", "h5"))
    if name == "mlp":
        graph = read_model(model)
        assert [node.name for node in graph.layers] == ["fc1", "act", "fc2", "last"]
        assert 0.2 < np.mean(graph["fc1"].op.kernel == 0) < 0.8
        (tmp_path / "m.json").write_text(model.to_json())
        model.save_weights(tmp_path / "w.h5")
        assert read_model(tmp_path / "m.json", tmp_path / "w.h5").digest == graph.digest
