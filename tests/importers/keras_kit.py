"""What comparisons with Keras and QKeras share: models with random weights, and the comparison itself."""

from pathlib import Path

import numpy as np

from hlsexplore.design import Design
from hlsexplore.emulate import emulate, float_forward
from hlsexplore.graph import Graph
from hlsexplore.importers import read_model
from hlsexplore.layer_config import knobs
from hlsexplore.ops import tensor_keys

SAMPLES = 16


def fill(model, seed: int = 3):
    """Random weights everywhere, moving statistics and biases included."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        shape, name = tuple(variable.shape), variable.name
        if np.issubdtype(np.dtype(str(variable.dtype)), np.floating):
            values = rng.uniform(0.5, 1.5, shape) if "variance" in name else rng.normal(0, 0.5, shape)
            variable.assign(values.astype("float32"))
    return model


def data(model, seed: int = 5, grid=None) -> list[np.ndarray]:
    """Random inputs; multiples of `grid` if it is given, so that sums are exact in float32."""
    rng = np.random.default_rng(seed)
    values = [rng.normal(0, 1, (SAMPLES, *item.shape[1:])) for item in model.inputs]
    return [(np.round(item / grid) * grid if grid else item).astype("float32") for item in values]


def results(value) -> list[np.ndarray]:
    return [np.asarray(item) for item in (value if isinstance(value, list | tuple) else [value])]


def check(tf, model, tmp_path: Path, exact: bool = False) -> Graph:
    """Compare results, and that live model, `.keras` and `.h5` give one and the same graph."""
    x = data(model, grid=1 / 16 if exact else None)
    wanted = results(model(x if len(x) > 1 else x[0], training=False))
    graph = read_model(model)
    got = float_forward(graph, x[0].astype(float) if len(x) == 1 else tuple(item.astype(float) for item in x))
    for want, have in zip(wanted, results(got), strict=True):
        assert have.shape == want.shape
        if exact:
            np.testing.assert_array_equal(have.astype("float32"), want)
        else:
            np.testing.assert_allclose(have, want, rtol=2e-5, atol=2e-5 * max(1.0, float(np.abs(want).max())))
    check_emulator(graph, x, got)
    for name in ("m.keras", "m.h5"):
        path = tmp_path / name
        model.save(path)
        assert read_model(path).digest == graph.digest, name
    return graph


def check_emulator(graph, x, wanted) -> None:
    """Compare the emulator with wide types and large tables with the float reference; a table's step remains."""
    design = Design.default(graph, type="fixed<44,10>")
    wide = {"table": "fixed<32,10,RND,SAT>", "table_size": 1 << 16}
    for node in graph:
        keys = {*tensor_keys(node.op), *knobs(node)} - {*node.types}
        design = design.with_layer(node.name, **{key: value for key, value in wide.items() if key in keys})
    got = emulate(design, x[0].astype(float) if len(x) == 1 else tuple(item.astype(float) for item in x))
    has_table = any("table_size" in knobs(node) for node in graph)
    has_cell = any("activation" in tensor_keys(node.op) for node in graph)
    # A quantizer behind a table may round to the next value.
    step = max((node.types[key].step for node in graph for key in node.types if has_table or has_cell), default=0.0)
    for want, have in zip(results(wanted), results(got), strict=True):
        reach = max(1.0, float(np.abs(want).max()))
        bound = 5e-3 * reach if has_table else 1e-5 * reach
        assert np.abs(want - have).max() <= max(bound, 2 * step)


def sequential(tf, shape, *layers):
    return fill(tf.keras.Sequential([tf.keras.Input(shape), *layers]))
