#!/bin/sh
# Guess: a logit far below the largest one has a probability of 0 from a stable softmax; that is what stable means.
# Seen (hls4ml 1.3.0): the difference wraps where it reaches the range of the logits' type, 32 for fixed<16,6>: logits
#   20, -11.9 and -12.5 have probabilities of about 0.67, 0 and 0.4. There is no message.
# What hlsexplore does: the difference saturates; the flow hls4ml sets the key that makes hls4ml's saturate, too
#   (docs/ir.md).
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


source = {"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [3]}
layer = {"class_name": "Softmax", "name": "y", "inputs": ["x"], "activation": "softmax", "n_in": 3, "axis": -1}
got = results(build([source, layer], {}), [[15, -11.9, -12.5], [20, -11.9, -12.5]])
for largest, row in zip((15, 20), got):
    print(f"probabilities with {largest}:", *[round(float(value), 1) for value in row])
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(difference|probabilities)')
echo "$seen"
test "$seen" = "probabilities with 15: 1.0 0.0 0.0
probabilities with 20: 0.7 0.0 0.4"
