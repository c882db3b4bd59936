"""Transposed convolutions: the layout of the phases, and ConvTranspose against its definition."""

from itertools import product

import numpy as np
import pytest
from importers.onnx_models import floats, model, node, problems

import hlsexplore as hx
from hlsexplore.design import Design
from hlsexplore.importers.phases import phases


def scattered(x, w, strides, dilations, groups=1):
    """Return every x[i] * w[t] added at i * stride + t * dilation.

    Args:
        x: Shape (samples, channels, rows, columns).
        w: Shape (channels, filters / groups, rows, columns).
    """
    channels, each, *size = w.shape
    full = [(x.shape[2 + a] - 1) * strides[a] + (size[a] - 1) * dilations[a] + 1 for a in (0, 1)]
    y = np.zeros((len(x), each * groups, *full))
    for i, j, t, u in product(*map(range, (*x.shape[2:], *size))):
        row, column = i * strides[0] + t * dilations[0], j * strides[1] + u * dilations[1]
        for group, part in enumerate(np.split(np.arange(channels), groups)):
            terms = x[:, part, i, j] @ w[part, :, t, u]
            y[:, group * each : (group + 1) * each, row, column] += terms
    return y


CASES = {
    "plain": ((3, 3), (1, 1), (1, 1), 1, (0, 0, 0, 0), (0, 0)),
    "stride": ((4, 4), (2, 2), (1, 1), 1, (1, 1, 1, 1), (0, 0)),
    "uneven": ((3, 2), (2, 3), (1, 1), 1, (1, 0, 0, 1), (1, 2)),
    "dilated": ((3, 2), (2, 1), (2, 3), 1, (1, 2, 3, 0), (0, 0)),
    "groups": ((2, 3), (3, 2), (1, 1), 2, (0, 1, 0, 1), (0, 1)),
    "depthwise": ((3, 3), (2, 2), (1, 1), 4, (1, 1, 1, 1), (1, 1)),
    "cut_deep": ((5, 5), (1, 2), (1, 1), 1, (4, 3, 2, 4), (0, 0)),
}


@pytest.mark.parametrize("name", CASES)
def test_convtranspose_is_its_definition(name):
    size, strides, dilations, groups, pads, extra = CASES[name]
    w, b, x = floats(4, 3, *size), floats(3 * groups), floats(2, 4, 3, 4)
    options = {"strides": strides, "dilations": dilations, "group": groups, "pads": pads, "output_padding": extra}
    graph = hx.read_model(model([node("ConvTranspose", "x w b", **options)], {"x": ["n", 4, 3, 4]}, {"w": w, "b": b}))
    full = np.pad(scattered(x, w, strides, dilations, groups), ((0, 0), (0, 0), (0, extra[0]), (0, extra[1])))
    rows, columns = (slice(pads[a], full.shape[2 + a] - pads[a + 2]) for a in (0, 1))
    wanted = full[:, :, rows, columns] + b.reshape(-1, 1, 1)
    found = hx.predict(graph, x)
    assert found.shape == wanted.shape
    assert np.allclose(found, wanted, atol=1e-5)


def test_a_sequence_is_an_image_of_one_row():
    w, x = floats(3, 2, 4), floats(2, 3, 5)
    graph = hx.read_model(model([node("ConvTranspose", "x w", strides=[3])], {"x": ["n", 3, 5]}, {"w": w}))
    wanted = scattered(x[:, :, None], w[:, :, None], (1, 3), (1, 1))[:, :, 0]
    assert np.allclose(hx.predict(graph, x), wanted, atol=1e-5)


@pytest.mark.parametrize(("mode", "first"), [("SAME_UPPER", 1), ("SAME_LOWER", 2), ("NOTSET", 2)])
def test_odd_padding_of_a_given_size_goes_where_onnx_says(mode, first):
    w, x = floats(1, 1, 5), floats(2, 1, 4)
    options = {"auto_pad": mode, "output_shape": [8], "strides": [2]}
    graph = hx.read_model(model([node("ConvTranspose", "x w", **options)], {"x": ["n", 1, 4]}, {"w": w}))
    full = scattered(x[:, :, None], w[:, :, None], (1, 2), (1, 1))[:, :, 0]
    assert np.allclose(hx.predict(graph, x), full[:, :, first : first + 8], atol=1e-5)


def test_a_size_on_which_onnx_and_its_runtime_disagree_is_refused():
    options = {"auto_pad": "SAME_UPPER", "strides": [3]}
    assert problems(model([node("ConvTranspose", "x w", **options)], {"x": ["n", 1, 4]}, {"w": floats(1, 1, 2)})) == (
        "layer 'y' (ConvTranspose): its kernel is smaller than its stride under auto_pad='SAME_UPPER': the specification "
        "of ONNX has 12 elements there, ONNX Runtime 11. Give pads.",
    )


def test_no_product_with_an_inserted_zero_is_left():
    layout = phases((4, 4), (4, 4), (2, 2), (1, 1), (1, 1), (8, 8))
    assert layout.kernel(np.ones((4, 4, 3, 5))).shape == (2, 2, 3, 20)
    assert layout.cropping == ((1, 1), (1, 1))
    assert layout.count == (5, 5)


def test_the_emulator_computes_it_in_the_types_of_its_layer():
    w, x = np.round(floats(2, 1, 3, 3) * 4) / 4, np.round(floats(6, 2, 3, 3) * 4) / 4
    options = {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}
    proto = model([node("ConvTranspose", "x w", **options)], {"x": ["n", 2, 3, 3]}, {"w": w.astype(np.float32)})
    design = Design.default(hx.read_model(proto), type="fixed<24,12>")
    full = np.pad(scattered(x, w, (2, 2), (1, 1)), ((0, 0), (0, 0), (0, 1), (0, 1)))
    assert np.array_equal(hx.emulate(design, x), full[:, :, 1:-1, 1:-1])
