#!/bin/sh
# Guess: qonnx' GemmToMatMul, which hls4ml's readers ask for, takes every Gemm: without a bias, as
#   QuantLinear(bias=False) becomes, and with the factors alpha and beta.
# Seen (qonnx 1.0.0, onnx 1.23.2, onnxruntime 1.32.0): without a bias IndexError; with a factor the result is no valid
#   model, since the factor is stored in double precision beside floats.
# What hlsexplore does: it reads Gemm itself, with all of its options.
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
from qonnx.transformation.gemm_to_matmul import GemmToMatMul
from qonnx.transformation.infer_shapes import InferShapes


def attempt(inputs, **options):
    node = helper.make_node("Gemm", inputs, ["y"], **options)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in "xy"]
    values = {"w": np.eye(4, dtype="float32"), "b": np.ones(4, "float32")}
    stored = [numpy_helper.from_array(values[name], name) for name in inputs[1:]]
    graph = helper.make_graph([node], "net", ends[:1], ends[1:], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    try:
        changed = ModelWrapper(model).transform(InferShapes()).transform(GemmToMatMul())
        return execute_onnx(changed, {"x": np.ones((1, 4), "float32")})["y"].ravel().tolist()
    except IndexError as error:
        return f"IndexError {error}"
    except Exception as error:
        return f"cannot run, {'tensor(double)' in str(error)}"


print("with bias:", attempt(["x", "w", "b"]))
print("without bias:", attempt(["x", "w"]))
print("alpha:", attempt(["x", "w", "b"], alpha=0.5))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(with bias|without bias|alpha):')
echo "$seen"
test "$seen" = "with bias: [2.0, 2.0, 2.0, 2.0]
without bias: IndexError list index out of range
alpha: cannot run, True"
