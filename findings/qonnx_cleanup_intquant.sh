#!/bin/sh
# Guess: qonnx' cleanup, which every reader of QONNX files asks for, treats IntQuant as it treats Quant: it is the
#   new name of the same operation, and qonnx executes both alike.
# Seen (qonnx 1.0.0, onnx 1.23.2): the quantizer of a constant stays if it is called Quant or BipolarQuant; called
#   IntQuant it is computed and replaced by its floats. So weights lose their scale and width, without a message, and
#   what comes behind sees a network with float weights.
# What hlsexplore does: it reads files as they are, and IntQuant as Quant.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qonnx==1.0.0 onnx==1.23.2 onnxruntime==1.32.0 \
    numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.cleanup import cleanup_model

DOMAIN = "qonnx.custom_op.general"
stored = {"w": np.arange(12).reshape(4, 3) / 8, "scale": 0.25, "zero": 0, "bits": 4}
for kind in ("Quant", "IntQuant"):
    options = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"}
    nodes = [
        helper.make_node(kind, ["w", "scale", "zero", "bits"], ["q"], domain=DOMAIN, **options),
        helper.make_node("MatMul", ["x", "q"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]) for name, size in (("x", 4), ("y", 3))]
    constants = [numpy_helper.from_array(np.array(value, "float32"), name) for name, value in stored.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], constants)
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, 1)]
    made = cleanup_model(ModelWrapper(helper.make_model(graph, opset_imports=opsets, ir_version=8)))
    print(f"{kind}:", *(node.op_type for node in made.graph.node))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(Int)?Quant:')
echo "$seen"
test "$seen" = "Quant: Quant MatMul
IntQuant: MatMul"
