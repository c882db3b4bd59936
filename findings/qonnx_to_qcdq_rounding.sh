#!/bin/sh
# Guess: qonnx' QuantToQCDQ leaves a quantizer alone that QuantizeLinear cannot express, as it does with 9 bits or a
#   zero point.
# Seen (qonnx 1.0.0, onnx 1.23.2, onnxruntime 1.32.0): the rounding mode is not looked at. FLOOR and CEIL become
#   QuantizeLinear, which rounds to the nearest, without any message; half of the results change by a step.
# What hlsexplore does: it reads Quant itself, with all its roundings; no conversion is needed.
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
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.qonnx_to_qcdq import QuantToQCDQ

x = (np.arange(-60, 60, dtype="float32") / 64 + 0.01)[None]


def attempt(mode, bits=4.0):
    shape = list(x.shape)
    options = {"domain": "qonnx.custom_op.general", "rounding_mode": mode, "signed": 1, "narrow": 0}
    node = helper.make_node("Quant", ["x", "s", "z", "b"], ["y"], **options)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy"]
    values = {"s": 0.125, "z": 0.0, "b": bits}
    stored = [numpy_helper.from_array(np.array(value, "float32"), name) for name, value in values.items()]
    graph = helper.make_graph([node], "net", ends[:1], ends[1:], stored)
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("qonnx.custom_op.general", 1)]
    before = ModelWrapper(helper.make_model(graph, opset_imports=opsets)).transform(InferShapes())
    after = before.transform(QuantToQCDQ()).transform(InferShapes())
    results = [execute_onnx(model, {"x": x})["y"] for model in (before, after)]
    return int((results[0] != results[1]).sum()), "of", x.size, "differ", after.graph.node[-1].op_type


for mode in ("ROUND", "FLOOR", "CEIL"):
    print(f"{mode}:", *attempt(mode))
print("9 bits:", *attempt("ROUND", 9.0))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(ROUND|FLOOR|CEIL|9 bits):')
echo "$seen"
test "$seen" = "ROUND: 0 of 120 differ DequantizeLinear
FLOOR: 60 of 120 differ DequantizeLinear
CEIL: 56 of 120 differ DequantizeLinear
9 bits: 0 of 120 differ Quant"
