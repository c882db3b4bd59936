#!/bin/sh
# Guess: hls4ml's back end Libero builds the networks that its other back ends build, as the list of its layers says.
# Seen (hls4ml 1.3.0): it has dense layers and activations without parameters. All other layers are left out of the C++ without
#   a message: of a dense layer and a softmax only the dense one is there, and the array that leaves the network is never
#   written. (One template that its wheel lacks is made here first, see hls4ml_libero_wheel.sh.)
# What hlsexplore does: the flow hls4ml refuses such layers for Libero, by name.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 numpy==2.3.5 2>/dev/null
touch "$(echo "$folder"/venv/lib/python3*/site-packages/hls4ml/templates/libero)/build_lib.sh"
cat > "$folder/try.py" <<'PY'
import numpy as np
from hls4ml.backends import get_backend
from hls4ml.model.graph import ModelGraph

config = get_backend("Libero").create_initial_config(smarthls_path="SmartHLS")
hls = {"Model": {"Precision": {"default": "fixed<16,6>"}, "ReuseFactor": 1, "Strategy": "latency"}}
config |= {"OutputDir": "prj", "ProjectName": "p", "Backend": "Libero", "HLSConfig": hls}
dense = {"class_name": "Dense", "name": "fc", "inputs": ["x"], "n_in": 4, "n_out": 3, "weight_data": np.ones((4, 3))}
dense |= {"bias_data": np.zeros(3), "weight_quantizer": None, "bias_quantizer": None}
softmax = {"class_name": "Softmax", "name": "y", "inputs": ["fc"], "activation": "softmax", "n_in": 3, "axis": -1}
softmax |= {"n_outer": 1, "n_inner": 1}
source = {"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [4]}
model = ModelGraph.from_layer_list(config, [source, dense, softmax], inputs=["x"], outputs=["y"])
model.config.backend.writer.write_yml = lambda model: None
model.write()
with open("prj/firmware/p.cpp", encoding="utf-8") as file:
    calls = [line.split("<")[0].strip() for line in file if "nnet::" in line and "load_weights" not in line]
print("calls:", *calls)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^calls:')
echo "$seen"
test "$seen" = "calls: nnet::dense_latency"
