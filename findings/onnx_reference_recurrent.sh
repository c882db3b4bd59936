#!/bin/sh
# Guess: ONNX' reference evaluator, which is there to say what an operator means, computes every option of GRU and
#   LSTM, or raises an error for those that it lacks, as it does for unknown activations of RNN.
# Seen (onnx 1.23.2, onnxruntime 1.32.0): clip, activations, the lengths of sequences and LSTM's input_forget are
#   passed over without a message: the result is that of the plain layer. ONNX Runtime computes all of them.
# What hlsexplore does: it reads activations and refuses the other three by name; its tests compare with ONNX
#   Runtime.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.3.5 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

random = np.random.default_rng(0)
GATES = {"GRU": 3, "LSTM": 4}


def equal(kind, lengths=None, **options):
    gates = GATES[kind]
    shapes = {"x": (6, 2, 4), "w": (1, 5 * gates, 4), "r": (1, 5 * gates, 5), "b": (1, 10 * gates)}
    values = {name: random.normal(size=shape).astype("float32") for name, shape in shapes.items()}
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    if lengths is not None:
        values["n"] = np.array(lengths, dtype="int32")
        ends.append(helper.make_tensor_value_info("n", TensorProto.INT32, [2]))
    node = helper.make_node(kind, list(values), ["y"], hidden_size=5, **options)
    graph = helper.make_graph([node], "g", ends, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    runtime = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return bool(np.allclose(ReferenceEvaluator(model).run(None, values)[0], runtime.run(None, values)[0], atol=1e-4))


for kind in GATES:
    print(kind, "plain:", equal(kind))
    print(kind, "clip:", equal(kind, clip=0.5))
    print(kind, "lengths:", equal(kind, lengths=[3, 6]))
print("GRU activations:", equal("GRU", activations=["HardSigmoid", "Relu"]))
print("LSTM input_forget:", equal("LSTM", input_forget=1))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(GRU|LSTM)')
echo "$seen"
test "$seen" = "GRU plain: True
GRU clip: False
GRU lengths: False
LSTM plain: True
LSTM clip: False
LSTM lengths: False
GRU activations: False
LSTM input_forget: False"
