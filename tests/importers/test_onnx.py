"""ONNX files made by hand: what a reader must find out by itself, what it refuses, and what it never touches."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from importers.onnx_models import floats, model, node, problems
from onnx import TensorProto, helper

import hlsexplore as hx
from hlsexplore.errors import ModelError
from hlsexplore.importers import inspect_model


def write(folder, proto):
    path = folder / "m.onnx"
    onnx.save(proto, path)
    return path


def test_a_live_model_and_its_file_are_one_network(tmp_path):
    proto = model([node("Gemm", "x w b")], {"x": ["n", 3]}, {"w": floats(3, 2), "b": floats(2)})
    assert hx.read_model(proto).digest == hx.read_model(write(tmp_path, proto)).digest


def test_initializers_that_are_also_inputs_are_no_inputs():
    proto = model([node("MatMul", "x w")], {"x": [1, 3], "w": [3, 2]}, {"w": floats(3, 2)})
    assert [item.name for item in hx.read_model(proto).inputs] == ["x"]


@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_a_shape_computed_with_the_batch_size_leaves_it_free(batch):
    w = floats(12, 2)
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s zero", "n", axis=0),
        node("Unsqueeze", "n axis", "n1"),
        node("Concat", "n1 rest", "shape", axis=0),
        node("Reshape", "x shape", "flat"),
        node("MatMul", "flat w"),
    ]
    weights = {"zero": np.array(0), "axis": np.array([0]), "rest": np.array([-1]), "w": w}
    graph = hx.read_model(model(nodes, {"x": [batch, 3, 4]}, weights))
    x = floats(7, 3, 4)
    assert np.allclose(hx.predict(graph, x), x.reshape(7, 12) @ w, atol=1e-5)


@pytest.mark.parametrize("target", [[1, 12], [1, -1], [-1, 12], [0, 12], [0, -1]])
def test_a_batch_size_of_1_written_into_a_reshape_is_freed(target):
    w = floats(12, 2)
    nodes = [node("Reshape", "x shape", "flat"), node("MatMul", "flat w")]
    graph = hx.read_model(model(nodes, {"x": [1, 1, 3, 4]}, {"shape": np.array(target), "w": w}))
    x = floats(5, 1, 3, 4)
    assert np.allclose(hx.predict(graph, x), x.reshape(5, 12) @ w, atol=1e-5)


def test_a_vector_of_fixed_size_is_one_sample():
    w = floats(3, 2)
    graph = hx.read_model(model([node("MatMul", "x w")], {"x": [3]}, {"w": w}))
    x = floats(4, 3)
    assert np.allclose(hx.predict(graph, x), x @ w, atol=1e-5)


def test_a_batch_normalisation_of_single_steps_is_one_scale_and_offset():
    mean, var, gamma, beta = floats(3), np.abs(floats(3)) + 1, floats(3), floats(3)
    nodes = [
        node("MatMul", "x w", "a"),
        node("Sub", "a mean", "b"),
        node("Add", "var eps", "v"),
        node("Pow", "v half", "s"),
        node("Div", "b s", "c"),
        node("Mul", "c gamma", "d"),
        node("Add", "d beta"),
    ]
    weights = {"mean": mean, "var": var, "gamma": gamma, "beta": beta, "w": floats(4, 3)}
    weights |= {"eps": np.float32(1e-5), "half": np.float32(0.5)}
    graph = hx.read_model(model(nodes, {"x": [1, 4]}, weights))
    assert [item.kind for item in graph] == ["input", "dense"]
    x = floats(6, 4)
    expected = ((x @ weights["w"]) - mean) / np.sqrt(var + 1e-5) * gamma + beta
    assert np.allclose(hx.predict(graph, x), expected, atol=1e-5)


def test_constants_along_any_axes_are_scales_of_their_elements():
    for shape in ((3, 1, 1), (1, 4, 1), (5,), (3, 4, 5), (3, 1, 5), ()):
        factor, summand = floats(*shape), floats(*shape)
        proto = model([node("Mul", "x f", "a"), node("Sub", "s a")], {"x": [1, 3, 4, 5]}, {"f": factor, "s": summand})
        x = floats(2, 3, 4, 5)
        assert np.allclose(hx.predict(hx.read_model(proto), x), summand - x * factor, atol=1e-5), shape


def test_functions_of_the_file_are_written_out():
    inner = [helper.make_node("Relu", ["a"], ["b"])]
    function = helper.make_function("mine", "Twice", ["a"], ["b"], inner, [helper.make_opsetid("", 17)])
    proto = model([node("Twice", "x", domain="mine")], {"x": ["n", 3]}, {}, domains=("mine",))
    proto.functions.append(function)
    assert [item.kind for item in hx.read_model(proto)] == ["input", "relu"]


def test_all_that_does_not_fit_is_listed_at_once():
    nodes = [
        node("Gemm", "x w", "a"),
        node("Erf", "a", "b"),
        node("Secret", "b", "c", domain="mine"),
        node("LogSoftmax", "c", "d"),
        node("Neg", "d"),
        node("TopK", "x k", "unused i"),
    ]
    proto = model(nodes, {"x": ["n", 3]}, {"w": floats(3, 3), "k": np.array([1])}, domains=("mine",))
    assert problems(proto) == (
        "layer 'b' (Erf): an error function outside GELU is not supported. Use GELU, or Tanh.",
        "layer 'c' (mine.Secret): this operation is not supported. Use one of the operations in docs/importers.md, or "
        "compute it outside of the network.",
        "layer 'd' (LogSoftmax): logarithms are not built in hardware. Use Softmax, or end the network with the logits.",
    )


ENDINGS = {
    "logsoftmax": [node("LogSoftmax", "z", axis=1)],
    "two_ops": [node("Softmax", "z", "p", axis=1), node("Log", "p")],
    "views": [node("LogSoftmax", "z", "l", axis=-1), node("Unsqueeze", "l one", "u"), node("Identity", "u")],
}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_logarithm_of_probabilities_at_the_end_leaves_the_logits(name):
    w = floats(3, 4)
    proto = model([node("MatMul", "x w", "z"), *ENDINGS[name]], {"x": ["n", 3]}, {"w": w, "one": np.array([1])})
    found = inspect_model(proto)
    assert found.notes == (
        "the output 'y' holds the logits: the LogSoftmax that ends the network is left out. The order of the classes is "
        "the same, and so is the softmax of the output.",
    )
    x = floats(5, 3)
    assert np.allclose(hx.predict(found.graph, x).reshape(5, 4), x @ w, atol=1e-5)


def test_a_logarithm_of_probabilities_that_another_layer_reads_is_refused():
    nodes = [node("LogSoftmax", "x", "l"), node("MatMul", "l w")]
    proto = model(nodes, {"x": ["n", 3]}, {"w": floats(3, 2)}, outputs=("y", "l"))
    assert [text[:44] for text in problems(proto)] == ["layer 'l' (LogSoftmax): logarithms are not b"]


def test_open_axes_besides_the_batch_are_named():
    proto = model([node("Relu", "x")], {"x": ["n", 3, "h", "w"]}, {})
    assert problems(proto) == (
        "'the ONNX model': the input 'x' leaves the axes [0, 2, 3] open. Hardware needs fixed sizes: leave only the "
        "batch axis open.",
    )


@pytest.mark.parametrize("open_size", ["features", -3, 0])
def test_a_product_along_the_only_open_axis_says_so(open_size):
    proto = model([node("MatMul", "x w")], {"x": [1, open_size]}, {"w": floats(3, 2)})
    assert problems(proto) == (
        "layer 'y' (MatMul): it multiplies along axis 1, which is the axis of the samples: the one of open size, or the "
        "first. Export the model with every size fixed but that of the samples.",
    )


def test_mixing_samples_is_refused():
    proto = model([node("ReduceMean", "x", axes=[0])], {"x": ["n", 3]}, {}, opset=13)
    assert problems(proto) == ("layer 'y' (ReduceMean): it reduces over samples. Reduce over other axes.",)
    proto = model(
        [node("Transpose", "x", "t", perm=[1, 0]), node("Reshape", "t s")], {"x": ["n", 4]}, {"s": np.array([-1, 2])}
    )
    assert "mixes the batch axis" in problems(proto)[0]


def test_a_fixed_batch_of_any_size_is_freed():
    graph = hx.read_model(model([node("Relu", "x")], {"x": [789444, 3]}, {}))
    assert graph.input_shape == (3,)


def test_a_flattened_batch_of_one_is_a_sample_in_a_row():
    w = floats(12, 2)
    proto = model([node("Flatten", "x", "f", axis=0), node("MatMul", "f w")], {"x": [1, 3, 4]}, {"w": w})
    x = floats(5, 3, 4)
    assert np.allclose(hx.predict(hx.read_model(proto), x), x.reshape(5, 12) @ w, atol=1e-5)


def test_a_normalisation_along_the_batch_axis_is_refused():
    nodes = [node("Transpose", "x", "t", perm=[1, 0]), node("BatchNormalization", "t g g g g")]
    assert problems(model(nodes, {"x": ["n", 4]}, {"g": np.ones(4, np.float32)})) == (
        "layer 'y' (BatchNormalization): its channels are the batch axis. Put samples first.",
    )


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_channels_that_become_blocks_of_pixels_come_back(mode):
    nodes = [node("DepthToSpace", "x", "s", blocksize=2, mode=mode), node("Relu", "s")]
    x = floats(2, 8, 3, 5)
    divided = (2, 2, 2, 2, 3, 5)
    order = (0, 3, 4, 1, 5, 2) if mode == "DCR" else (0, 1, 4, 2, 5, 3)
    expected = np.maximum(x.reshape(divided).transpose(order).reshape(2, 2, 6, 10), 0)
    assert (hx.predict(hx.read_model(model(nodes, {"x": ["n", 8, 3, 5]}, {})), x) == expected).all()
    back = [*nodes, node("SpaceToDepth", "y", "z", blocksize=2)]
    z = hx.predict(hx.read_model(model(back, {"x": ["n", 8, 3, 5]}, {}, ("z",))), x)
    blocks = expected.reshape(2, 2, 3, 2, 5, 2).transpose(0, 3, 5, 1, 2, 4).reshape(2, 8, 3, 5)
    assert (z == blocks).all()


def test_a_constant_behind_a_product_is_its_bias():
    weights = {"w": floats(4, 3), "b": floats(3), "k": floats(3, 2, 1, 1), "c": floats(3, 1, 1)}
    graph = hx.read_model(model([node("MatMul", "x w", "a"), node("Add", "b a")], {"x": ["n", 4]}, weights))
    assert [item.kind for item in graph] == ["input", "dense"]
    assert np.allclose(graph.nodes[1].op.bias, weights["b"])
    graph = hx.read_model(model([node("Conv", "x k", "a"), node("Sub", "a c")], {"x": ["n", 2, 3, 3]}, weights))
    assert [item.kind for item in graph][:3] == ["input", "permute", "conv2d"]
    assert np.allclose(graph.nodes[2].op.bias, -weights["c"].ravel())
    both = model([node("MatMul", "x w", "a"), node("Add", "a b", "y")], {"x": ["n", 4]}, weights, ("a", "y"))
    graph = hx.read_model(both)
    x = floats(3, 4)
    first, second = hx.predict(graph, x)
    assert np.allclose(second - first, weights["b"], atol=1e-6)


def test_layers_are_named_after_modules_and_paths():
    weights = {"w": floats(4, 4), "features.0.weight": floats(4, 4)}
    nodes = [
        node("MatMul", "x features.0.weight", "/features/features.0/MatMul_output_0"),
        node("Relu", "/features/features.0/MatMul_output_0", "/features/features.1/Relu_output_0"),
        node("MatMul", "/features/features.1/Relu_output_0 w", "12"),
        node("Sigmoid", "12", "y"),
    ]
    for item, name in zip(nodes, ["a", "/features/features.1/Relu", "/MatMul_1", "n"], strict=True):
        item.name = name
    scopes = nodes[3].metadata_props.add()
    scopes.key, scopes.value = "pkg.torch.onnx.name_scopes", "['', 'head', 'head.gate', 'sigmoid']"
    graph = hx.read_model(model(nodes, {"x": ["n", 4]}, weights))
    assert [item.name for item in graph] == ["x", "features.0", "features.1", "MatMul_1", "head.gate"]


def external(folder, location, **entries):
    proto = model([node("MatMul", "x w")], {"x": [1, 3]}, {"w": floats(3, 2)})
    weight = proto.graph.initializer[0]
    data = weight.raw_data
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        entry = weight.external_data.add()
        entry.key, entry.value = key, str(value)
    path = folder / "m.onnx"
    path.write_bytes(proto.SerializeToString())
    return path, data


def test_weights_in_a_plain_file_of_the_folder_are_read(tmp_path):
    path, data = external(tmp_path, "weights.bin", offset=8, length=24)
    (tmp_path / "weights.bin").write_bytes(bytes(8) + data + bytes(5))
    kernel = hx.read_model(path).nodes[1].op.kernel
    assert kernel.astype(np.float32).tobytes() == data


@pytest.mark.parametrize("location", ["../w.bin", "/etc/hostname", "a/b", "..", "", "c:\\w", "\\\\host\\w", "w\x00"])
def test_weights_outside_of_the_folder_are_not_read(tmp_path, location):
    (tmp_path / "inner").mkdir()
    (tmp_path / "w.bin").write_bytes(bytes(24))
    path, _ = external(tmp_path / "inner", location)
    with pytest.raises(ModelError, match="Only plain file names in the model's own folder are read|cannot be read"):
        hx.read_model(path)


def test_links_pipes_and_short_files_are_not_read(tmp_path):
    path, data = external(tmp_path, "w.bin", length=24)
    (tmp_path / "elsewhere").write_bytes(data)
    (tmp_path / "w.bin").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match="which is no regular file"):
        hx.read_model(path)
    (tmp_path / "w.bin").unlink()
    os.mkfifo(tmp_path / "w.bin")
    with pytest.raises(ModelError, match="which is no regular file"):
        hx.read_model(path)
    (tmp_path / "w.bin").unlink()
    with pytest.raises(ModelError, match="which is not beside the model"):
        hx.read_model(path)
    (tmp_path / "w.bin").write_bytes(data[:20])
    with pytest.raises(ModelError, match="reaches beyond the end of 'w.bin'"):
        hx.read_model(path)


def test_a_weight_larger_than_its_data_is_refused(tmp_path):
    proto = model([node("MatMul", "x w")], {"x": [1, 3]}, {"w": floats(3, 2)})
    proto.graph.initializer[0].dims[0] = 1 << 40
    with pytest.raises(ModelError, match="the weight 'w' has the shape"):
        hx.read_model(write(tmp_path, proto))


def test_a_truncated_file_is_one_clear_error(tmp_path):
    data = model([node("Gemm", "x w b")], {"x": ["n", 30]}, {"w": floats(30, 20), "b": floats(20)}).SerializeToString()
    for size in range(20, len(data), 97):
        (tmp_path / "m.onnx").write_bytes(data[:size])
        with pytest.raises(ModelError):
            hx.read_model(tmp_path / "m.onnx")


def test_changed_bytes_are_an_error_or_a_network(tmp_path):
    nodes = [
        node("Conv", "x w", "a", pads=[1, 1, 1, 1]),
        node("MaxPool", "a", "b", kernel_shape=[2, 2]),
        node("Flatten", "b"),
    ]
    data = bytearray(model(nodes, {"x": [1, 2, 6, 6]}, {"w": floats(3, 2, 3, 3)}).SerializeToString())
    generator = np.random.default_rng(2)
    for place in generator.choice(len(data), 150, replace=False):
        changed = bytearray(data)
        changed[place] ^= 1 << generator.integers(8)
        (tmp_path / "m.onnx").write_bytes(changed)
        try:
            hx.read_model(tmp_path / "m.onnx")
        except ModelError as error:
            assert str(error)


def test_texts_of_the_author_are_not_shown():
    proto = model([node("Erf", "x", name="/home/author/net.py")], {"x": ["n", 3]}, {})
    entry = proto.graph.node[0].metadata_props.add()
    entry.key, entry.value = "pkg.torch.onnx.stack_trace", "File /home/author/secret.py"
    proto.graph.node[0].doc_string = "/home/author/secret.py"
    assert "secret" not in repr(inspect_model(proto))


def test_without_the_package_the_way_out_is_told(tmp_path, monkeypatch):
    path = write(tmp_path, model([node("Relu", "x")], {"x": ["n", 3]}, {}))
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(
        ModelError, match=r"the package 'onnx' is missing. Install it: pip install hlsexplore\[onnx\]\."
    ):
        hx.read_model(Path(path))


@pytest.mark.parametrize(
    ("shape", "scales", "repeats"),
    [((2, 3, 4), (1, 1, 2, 3), {2: 2, 3: 3}), ((3, 4, 2), (1, 2, 3, 1), {1: 2, 2: 3}), ((2, 5), (1, 1, 4), {2: 4})],
)
def test_resize_repeats_the_axes_that_it_names(shape, scales, repeats):
    proto = model([node("Resize", "x  s", mode="nearest")], {"x": [1, *shape]}, {"s": np.asarray(scales, np.float32)})
    x = floats(3, *shape).astype(np.float64)
    expected = x
    for axis, count in repeats.items():
        expected = np.repeat(expected, count, axis)
    assert (hx.predict(hx.read_model(proto), x) == expected).all()


@pytest.mark.parametrize("name", ["INT8", "INT4", "UINT4", "FLOAT8E4M3FN", "FLOAT8E5M2", "FLOAT4E2M1"])
@pytest.mark.parametrize("kind", ["data", "constants"])
def test_a_cast_that_changes_numbers_is_refused(name, kind):
    narrow = getattr(TensorProto, name)
    source = "x" if kind == "data" else "w"
    nodes = [node("Cast", source, "n", to=narrow), node("Cast", "n", "f", to=TensorProto.FLOAT), node("Add", "x f")]
    proto = model(nodes, {"x": ["n", 4]}, {"w": np.array([1.9, -1.9, 6.4, 7.9], np.float32)}, opset=21)
    if (kind, name) == ("constants", "INT8"):  # cut off alike by all runtimes
        added = hx.predict(hx.read_model(proto), np.zeros((1, 4)))
        assert added.tolist() == [[1, -1, 6, 7]]
    else:
        assert ("it cuts data" if source == "x" and "INT" in name else "it rounds") in problems(proto)[0]


def test_stored_whole_numbers_may_be_cast_to_four_bits():
    nodes = [
        node("Cast", "w", "n", to=TensorProto.INT4),
        node("Cast", "n", "f", to=TensorProto.FLOAT),
        node("Add", "x f"),
    ]
    proto = model(nodes, {"x": ["n", 4]}, {"w": np.array([1, -1, 6, 7], np.float32)}, opset=21)
    assert hx.predict(hx.read_model(proto), np.zeros((1, 4))).tolist() == [[1, -1, 6, 7]]


def test_resize_by_channels_is_refused():
    proto = model(
        [node("Resize", "x  s", mode="nearest")],
        {"x": [1, 2, 3, 4]},
        {"s": np.asarray((1, 2, 2, 2), np.float32)},
    )
    assert problems(proto) == (
        "layer 'y' (Resize): it repeats channels, with the factors [1, 2, 2, 2]. Resize images only.",
    )


def laughing(levels, width, last="f0"):
    """Make a model of functions each of which calls the one below several times."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    functions = [helper.make_function("local", "f0", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], opsets)]
    for level in range(1, levels):
        names = ["a", *(f"t{index}" for index in range(1, width)), "b"]
        calls = [
            helper.make_node(f"f{level - 1}" if level > 1 else last, [first], [second], domain="local")
            for first, second in pairwise(names)
        ]
        functions.append(helper.make_function("local", f"f{level}", ["a"], ["b"], calls, opsets))
    proto = model([node(f"f{levels - 1}", "x", domain="local")], {"x": [1, 3]}, {}, domains=("local",))
    proto.functions.extend(functions)
    return proto


def test_functions_that_grow_without_end_are_not_written_out():
    assert len(hx.read_model(laughing(3, 4)).nodes) == 1 + 16
    with pytest.raises(
        ModelError, match=r"has 211111111111 nodes with its functions written out; more than 100000 are"
    ):
        hx.read_model(laughing(12, 10))
    with pytest.raises(ModelError, match=r"its function 'f\d' uses itself"):
        hx.read_model(laughing(3, 2, last="f2"))


@pytest.mark.parametrize(
    ("nodes", "weights"),
    [
        ([node("MatMul", "u v", "m")], {}),
        ([node("Add", "u v", "m")], {}),
        ([node("Where", "u v v", "m")], {}),
        ([node("Gather", "v i", "k"), node("Gather", "k i", "m", axis=1)], {"i": np.zeros(1 << 15, np.int64)}),
        ([node("ConstantOfShape", "s", "k"), node("Exp", "k", "k2"), node("ReduceSum", "k2", "m")], {}),
        ([node("Range", "zero end one", "m")], {"zero": np.int64(0), "one": np.int64(1), "end": np.int64(1 << 50)}),
        ([node("Quant", "u v zero bits", "m", domain="onnx.brevitas")], {"zero": np.float32(0), "bits": np.float32(4)}),
    ],
)
def test_constants_are_bounded_before_they_are_made(nodes, weights):
    size = 1 << 15
    fixed = {"u": np.ones((size, 1), np.float32), "v": np.ones((1, size), np.float32)}
    fixed["s"] = np.asarray([size, size], np.int64)
    proto = model([*nodes, node("Add", "x m")], {"x": [1, 3]}, {**fixed, **weights}, domains=("onnx.brevitas",))
    with pytest.raises(ModelError, match=r"a constant of shape \(.*\) is not made; at most 134217728 elements are"):
        hx.read_model(proto)


def test_a_file_above_the_limit_is_not_read(tmp_path, monkeypatch):
    path = write(tmp_path, model([node("Relu", "x")], {"x": [1, 3]}, {}))
    monkeypatch.setattr("hlsexplore.importers.onnx.MAX_ONNX_BYTES", 10)
    with pytest.raises(ModelError, match=r"bytes; more than 10 are not read"):
        hx.read_model(path)


@pytest.mark.parametrize("classes", [np.asarray([3, 5], np.int64), np.asarray(["cat", "dog"], dtype=object)])
def test_a_classifier_keeps_its_values_and_leaves_the_label_out(classes):
    nodes = [
        node("Scaler", "x", "scaled", domain="ai.onnx.ml", offset=[1.0, 2.0, 3.0], scale=[0.5, 1.0, 2.0]),
        node(
            "LinearRegressor", "scaled", "logits", "ai.onnx.ml", targets=2, coefficients=[*range(6)], intercepts=[1, 2]
        ),
        node("Softmax", "logits", "softmax"),
        node("ZipMap", "softmax", "p", domain="ai.onnx.ml", classlabels_int64s=[3, 5]),
        node("ArgMax", "softmax", "index", axis=1),
        node("ArrayFeatureExtractor", "classes index", "label", domain="ai.onnx.ml"),
    ]
    proto = model(nodes, {"x": ["n", 3]}, {"classes": classes}, ("label", "p"), domains=("ai.onnx.ml",))
    found = inspect_model(proto)
    assert found.notes == ("the output 'label' is left out: it only names the class of the largest value.",)
    x = floats(20, 3).astype(np.float64)
    logits = (x - [1, 2, 3]) * [0.5, 1, 2] @ np.arange(6.0).reshape(2, 3).T + [1, 2]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(hx.predict(found.graph, x), expected)


def test_outputs_that_are_constants_are_left_out():
    w, spread = floats(3, 4), floats(4)
    nodes = [node("MatMul", "x w"), node("Exp", "spread", "deviation"), node("Identity", "spread", "log_std")]
    names = ("log_std", "y", "deviation")
    found = inspect_model(model(nodes, {"x": ["n", 3]}, {"w": w, "spread": spread}, names))
    assert found.notes == tuple(
        f"the output {name!r} is left out: it is the same for every input." for name in ("log_std", "deviation")
    )
    x = floats(5, 3)
    assert np.allclose(hx.predict(found.graph, x), x @ w, atol=1e-5)
    assert problems(model(nodes[1:], {"x": ["n", 3]}, {"spread": spread}, ("log_std",))) == (
        "the output 'log_std' does not depend on the input. Leave it out.",
    )
