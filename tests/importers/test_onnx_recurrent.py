"""Recurrent layers of ONNX files made by hand: their axes, states and further outputs."""

import numpy as np
import pytest
from importers.onnx_models import floats, model, node, problems

import hlsexplore as hx


def test_a_time_major_sequence_keeps_its_open_axis_as_batch():
    weights = {"w": floats(1, 12, 3), "r": floats(1, 12, 4), "b": floats(1, 24)}
    gru = node("GRU", "x w r b", "seq last", hidden_size=4, linear_before_reset=1)
    nodes = [gru, node("Squeeze", "last axis", "y")]
    graph = hx.read_model(model(nodes, {"x": [6, "n", 3]}, {**weights, "axis": np.array([0])}))
    assert graph.input_shape == (6, 3)
    assert graph.output_shape == (4,)
    # of fixed size, as PyTorch writes it without dynamic axes: steps come first all the same
    fixed = hx.read_model(model(nodes, {"x": [6, 2, 3]}, {**weights, "axis": np.array([0])}))
    x = floats(5, 6, 3)
    assert np.array_equal(hx.predict(fixed, x), hx.predict(graph, x))


@pytest.mark.parametrize(("units", "memory"), [(2, 2), (2, 4), (4, 2)])
def test_an_initial_memory_has_the_units_of_the_weights(units, memory):
    weights = {"w": floats(1, 8, 3), "r": floats(1, 8, 2), "b": floats(1, 16)}
    weights |= {"h": np.zeros((1, 1, units), np.float32), "c": np.zeros((1, 1, memory), np.float32)}
    proto = model([node("LSTM", "x w r b  h c", hidden_size=2)], {"x": [6, "n", 3]}, weights)
    if units == memory == 2:
        assert hx.read_model(proto).output_shape == (6, 1, 2)
        return
    what, found = ("state", units) if units != 2 else ("memory", memory)
    assert problems(proto) == (
        f"layer 'y' (LSTM): its initial {what} and its weights have {found} and 2 units, as PyTorch exports an LSTM with "
        "projections. Use one without proj_size.",
    )


@pytest.mark.parametrize("behind", [False, True])
def test_the_memory_of_an_lstm_and_the_mask_of_a_dropout_are_refused_where_they_are_read(behind):
    weights = {"w": floats(1, 8, 3), "r": floats(1, 8, 2), "b": floats(1, 16)}
    for made, shape, stored, text in (
        (node("LSTM", "x w r b", "a last c", hidden_size=2), [6, "n", 3], weights, "layer 'a' (LSTM)"),
        (node("Dropout", "x", "a c"), ["n", 4], {}, "layer 'a' (Dropout)"),
    ):
        nodes = [made, *([node("Relu", "c", "y")] if behind else [])]
        number = 3 if stored else 2
        found = problems(model(nodes, {"x": shape}, stored, outputs=("y" if behind else "c",)))
        assert found[0] == f"{text}: its output number {number} is read, which is not supported. Use the others."
        hx.read_model(model([made], {"x": shape}, stored, outputs=("a",)))
