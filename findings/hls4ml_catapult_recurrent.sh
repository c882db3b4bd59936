#!/bin/sh
# Guess: hls4ml's back end Catapult writes LSTM and GRU layers, for which its nnet_utils has the C++.
# Seen (hls4ml 1.3.0): its writer ends with an UnboundLocalError about a variable of its own, for every LSTM and GRU.
# What hlsexplore does: the flow hls4ml refuses recurrent layers for Catapult, by layer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from hls4ml.backends import get_backend
from hls4ml.model.graph import ModelGraph


def build(layers, backend="Vitis", names=None, **options):
    """Convert layers, whose input is x and whose output is y."""
    config = get_backend(backend).create_initial_config(**options)
    hls = {"Model": {"Precision": {"default": "fixed<24,10>"}, "ReuseFactor": 1, "Strategy": "Latency"}}
    hls["LayerName"] = names or {}
    config |= {"OutputDir": "prj", "ProjectName": "p", "Backend": backend, "HLSConfig": hls}
    model = ModelGraph.from_layer_list(config, layers, inputs=["x"], outputs=["y"])
    model.config.backend.writer.write_yml = lambda model: None
    return model


gru = {"class_name": "GRU", "name": "y", "inputs": ["x"], "n_in": 3, "n_out": 4, "n_timesteps": 5}
gru |= {"activation": "tanh", "recurrent_activation": "sigmoid", "return_sequences": False, "return_state": False}
gru |= {"time_major": False, "apply_reset_gate": "after", "weight_data": np.ones((3, 12))}
gru |= {"recurrent_weight_data": np.ones((4, 12)), "bias_data": np.zeros(12), "recurrent_bias_data": np.zeros(12)}
source = {"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [5, 3]}
try:
    build([source, gru], backend="Catapult").write()
except Exception as error:
    print("error:", type(error).__name__, error)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(error):')
echo "$seen"
test "$seen" = "error: UnboundLocalError cannot access local variable 'out_0' where it is not associated with a value"
