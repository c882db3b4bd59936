#!/bin/sh
# Guess: with the precision "auto", hls4ml gives the result of a ReLU a type that holds what its input holds.
# Seen (hls4ml 1.3.0): for activations nothing is inferred, "auto" is the model's default type. Behind an input of
#   fixed<20,12> a ReLU has fixed<16,6>: 40 comes out as -24, without a message.
# What hlsexplore does: reading a configuration, "auto" follows hls4ml's rules; its own default types hold the values.
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
relu = {"class_name": "Activation", "name": "y", "inputs": ["x"], "activation": "relu", "n_in": 3}
model = build(
    [source, relu], {"x": {"Precision": {"result": "fixed<20,12>"}}, "y": {"Precision": {"result": "auto"}}}
)
print("type:", str(model.graph["y"].get_output_variable().type.precision))
print("result:", *results(model, [[1, 40, 100]]).tolist())
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(type|result):')
echo "$seen"
test "$seen" = "type: fixed<16,6,TRN,WRAP,0>
result: 1.0 -24.0 -28.0"
