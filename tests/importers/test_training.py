"""Calls with `training=True`: refused where training mode computes otherwise, in every form of a model."""

import warnings

import pytest

from hlsexplore.errors import UnsupportedError
from hlsexplore.importers import inspect_model, read_model
from hlsexplore.importers.training import differs_in_training

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module", params=["keras", "tf_keras"])
def keras(request):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(request.param)


def _inner(keras):
    return keras.Sequential([keras.Input((4, 3)), keras.layers.Dense(3), keras.layers.BatchNormalization(name="bn")])


SENTENCE = (
    "it runs in training mode (it or a model around it is called with training=True), in which its outputs depend on the "
    "batch or on chance. Call it without training=True."
)
REFUSED = {
    "norm": ("'a' (BatchNormalization)", lambda k, x: k.layers.BatchNormalization(name="a")(x, training=True)),
    "dropout": ("'a' (Dropout)", lambda k, x: k.layers.Dropout(0.3, name="a")(x, training=True)),
    "noise": ("'a' (GaussianNoise)", lambda k, x: k.layers.GaussianNoise(0.3, name="a")(x, training=True)),
    "gru": ("'a' (GRU)", lambda k, x: k.layers.GRU(2, dropout=0.2, name="a")(x, training=True)),
    "both_ways": (
        "'a' (Bidirectional)",
        lambda k, x: k.layers.Bidirectional(k.layers.LSTM(2, recurrent_dropout=0.2), name="a")(x, training=True),
    ),
    "steps": (
        "'a' (TimeDistributed)",
        lambda k, x: k.layers.TimeDistributed(k.layers.BatchNormalization(), name="a")(x, training=True),
    ),
    "model": ("/bn' (BatchNormalization)", lambda k, x: _inner(k)(x, training=True)),
}
READ = {
    "inference": lambda k, x: k.layers.BatchNormalization()(k.layers.Dropout(0.5)(x, training=False), training=False),
    "none": lambda k, x: k.layers.BatchNormalization()(x, training=None),
    "no_noise": lambda k, x: k.layers.Dropout(0.0)(x, training=True),
    "same": lambda k, x: k.layers.GRU(2)(k.layers.LayerNormalization()(x), training=True),
    "model": lambda k, x: _inner(k)(x, training=False),
}


def _forms(keras, build, folder):
    x = keras.Input((4, 3))
    model = keras.Model(x, keras.layers.Dense(2)(build(keras, x)))
    yield model, None
    for name in ("m.keras", "m.h5"):
        model.save(folder / name)
        yield folder / name, None
    (folder / "m.json").write_text(model.to_json())
    weights = folder / "m.weights.h5"
    model.save_weights(weights)
    yield folder / "m.json", weights


@pytest.mark.parametrize("name", REFUSED)
def test_training_mode_is_refused_where_it_computes_otherwise(keras, tmp_path, name):
    where, build = REFUSED[name]
    for form, weights in _forms(keras, build, tmp_path):
        problems = inspect_model(form, weights).problems
        assert len(problems) == 1
        assert problems[0].startswith("layer '")
        assert problems[0].endswith(f"{where}: {SENTENCE}")
        with pytest.raises(UnsupportedError, match="training=True"):
            read_model(form, weights)


@pytest.mark.parametrize("name", READ)
def test_a_mode_that_changes_nothing_is_read(keras, tmp_path, name):
    digests = {read_model(*form).digest for form in _forms(keras, READ[name], tmp_path)}
    assert len(digests) == 1


@pytest.mark.parametrize("cls", ["QBatchNormalization", "QDenseBatchnorm", "QConv2DBatchnorm", "SpatialDropout1D"])
def test_layers_of_qkeras_and_dropout_differ(cls):
    assert differs_in_training(cls, {"rate": 0.5})
    assert not differs_in_training("QDense", {"units": 3})
