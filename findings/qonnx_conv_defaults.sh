#!/bin/sh
# Guess: an attribute that has a default in ONNX may be left out: a Conv without strides, pads and group is one with
#   strides of 1 and none.
# Seen (qonnx 1.0.0, onnx 1.23.2): qonnx executes such a node, but LowerConvsToMatMul ends in AttributeError and
#   ConvertToChannelsLastAndClean in "Required attribute strides unspecified". Both are steps on the way to hls4ml and
#   FINN.
# What hlsexplore does: it reads Conv with ONNX' own defaults; no conversion is needed.
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
from qonnx.transformation.lower_convs_to_matmul import LowerConvsToMatMul

node = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3])
ends = [
    helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, size, size])
    for name, size in (("x", 4), ("y", 2))
]
stored = [numpy_helper.from_array(np.ones((1, 1, 3, 3), "float32"), "w")]
graph = helper.make_graph([node], "net", ends[:1], ends[1:], stored)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
wrapper = ModelWrapper(model).transform(InferShapes()).transform(GiveUniqueNodeNames())
print(
    "executed:", *execute_onnx(wrapper, {"x": np.ones((1, 1, 4, 4), "float32")})["y"].ravel().astype(int).tolist()
)
for step in (LowerConvsToMatMul, ConvertToChannelsLastAndClean):
    try:
        wrapper.transform(step())
        print(f"{step.__name__}: done")
    except Exception as error:
        print(f"{step.__name__}:", type(error).__name__, " ".join(str(error).split())[:29])
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(executed|LowerConvsToMatMul|ConvertToChannelsLastAndClean):')
echo "$seen"
test "$seen" = "executed: 9 9 9 9
LowerConvsToMatMul: AttributeError 'NoneType' object has no attr
ConvertToChannelsLastAndClean: Exception Required attribute strides un"
