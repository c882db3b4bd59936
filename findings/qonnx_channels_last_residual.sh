#!/bin/sh
# Guess: ConvertToChannelsLastAndClean, which hls4ml asks for, converts a network with a residual connection, or
#   leaves it.
# Seen (qonnx 1.0.0, onnx 1.23.2, onnxruntime 1.32.0): the Add then reads one tensor of each layout, so the result is
#   no valid model ("Incompatible dimensions"), found when it runs; the conversion itself is silent. Without the Add
#   it works.
# What hlsexplore does: it turns the layout by itself, branches included; no conversion is needed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qonnx==1.0.0 onnx==1.23.2 onnxruntime==1.32.0 \
    numpy==2.3.5 setuptools==80.9.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
from qonnx.transformation.general import GiveUniqueNodeNames
from qonnx.transformation.infer_shapes import InferShapes

random = np.random.default_rng(0)
x = random.normal(size=(1, 2, 6, 6)).astype("float32")
options = {"kernel_shape": [3, 3], "strides": [1, 1], "pads": [1] * 4, "group": 1, "dilations": [1, 1]}


def attempt(name, middle):
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], **options), helper.make_node("Relu", ["c"], ["r"])]
    nodes += [middle, helper.make_node("Flatten", ["a"], ["y"])]
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 6, 6])]
    ends.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 108]))
    stored = [numpy_helper.from_array(random.normal(size=(3, 2, 3, 3)).astype("float32"), "w")]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    wrapper = ModelWrapper(model).transform(InferShapes()).transform(GiveUniqueNodeNames())
    expected = execute_onnx(wrapper, {"x": x})["y"]
    changed = wrapper.transform(ConvertToChannelsLastAndClean())
    source, result = changed.graph.input[0].name, changed.graph.output[0].name
    given = x if changed.get_tensor_shape(source) == list(x.shape) else x.transpose(0, 2, 3, 1)
    try:
        same = np.allclose(execute_onnx(changed, {source: given})[result], expected, atol=1e-4)
        print(f"{name}: converted, equal {same}")
    except Exception as error:
        print(f"{name}: converted, cannot run,", "Incompatible dimensions" in str(error))


attempt("chain", helper.make_node("Relu", ["r"], ["a"]))
attempt("residual", helper.make_node("Add", ["c", "r"], ["a"]))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(chain|residual)')
echo "$seen"
test "$seen" = "chain: converted, equal True
residual: converted, cannot run, True"
