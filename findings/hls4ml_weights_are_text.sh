#!/bin/sh
# Guess: a weight is cast to its type as any other value: 0.46 in fixed<7,6>, whose step is 0.5, is cut off to 0.
# Seen (hls4ml 1.3.0): weights are first written as decimal text with as many digits as the type has fraction bits,
#   here one. That rounds: 0.46 becomes 0.5 and stays it; 0.96 becomes 1.0 where the cast alone gives 0.5.
# What hlsexplore does: it casts the weight itself, and feeds hls4ml weights on the grid; docs/ir.md, Where hls4ml
#   differs.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from hls4ml.backends import get_backend
from hls4ml.model.graph import ModelGraph


def build(layers, names, folder="prj"):
    """Convert layers, whose input is x and whose output is y."""
    config = get_backend("Vitis").create_initial_config()
    hls = {"Model": {"Precision": {"default": "fixed<16,6>"}, "ReuseFactor": 1, "Strategy": "Latency"}}
    hls["LayerName"] = names
    config |= {"OutputDir": folder, "ProjectName": "p", "Backend": "Vitis", "HLSConfig": hls}
    model = ModelGraph.from_layer_list(config, layers, inputs=["x"], outputs=["y"])
    model.config.backend.writer.write_yml = lambda model: None
    return model


def results(model, x):
    """Compile hls4ml's own C++ and run it."""
    model.compile()
    return np.asarray(model.predict(np.ascontiguousarray(x, dtype="float64")))


def dense(weights):
    layer = {"class_name": "Dense", "name": "y", "inputs": ["x"], "n_in": len(weights), "n_out": len(weights[0])}
    layer |= {"weight_data": np.array(weights), "bias_data": np.zeros(len(weights[0]))}
    return layer | {"weight_quantizer": None, "bias_quantizer": None}


source = {"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [2]}
types = {"weight": "fixed<7,6>", "result": "fixed<16,6>", "accum": "fixed<16,6>", "bias": "fixed<16,6>"}
model = build([source, dense(np.diag([0.46, 0.96]))], {"y": {"Precision": types}})
print("network:", *results(model, [[1, 1]]).tolist())
print("text:", *[text.strip() for text in open("prj/firmware/weights/w2.txt").read().split(",")][::3])
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(text|network):')
echo "$seen"
test "$seen" = "network: 0.5 1.0
text: 0.5 1.0"
