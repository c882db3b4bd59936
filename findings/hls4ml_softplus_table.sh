#!/bin/sh
# Guess: softplus of a large number is about that number, as every framework has it.
# Seen (hls4ml 1.3.0): the table ends at 8, and beyond it its last entry is given: softplus(20) is 7.98. There is no
#   message.
# What hlsexplore does: its tables have the same range, so that numbers agree; docs/ir.md, Tables, says so.
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
layer = {"class_name": "Activation", "name": "y", "inputs": ["x"], "activation": "softplus", "n_in": 3}
got = results(build([source, layer], {}), [[4, 10, 20]])
print("softplus of 4, 10, 20:", *[round(float(value), 2) for value in got])
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^softplus')
echo "$seen"
test "$seen" = "softplus of 4, 10, 20: 4.02 7.98 7.98"
