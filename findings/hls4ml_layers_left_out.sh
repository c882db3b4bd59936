#!/bin/sh
# Guess: a layer that a back end does not have is an error when the model is converted, or when its project is written.
# Seen (hls4ml 1.3.0): the layer is left out of the C++, without a message. A SimpleRNN for Vitis is declared and never
#   written, so that the next layer reads memory that nobody filled; the project compiles and predicts. The same becomes of
#   croppings for Quartus, oneAPI and Catapult, depthwise convolutions for Quartus, streamed LSTMs for oneAPI.
# What hlsexplore does: the flow hls4ml refuses such layers at export, by name; in a project the missing layer is named.
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


rnn = {"class_name": "SimpleRNN", "name": "rnn", "inputs": ["x"], "n_in": 3, "n_out": 4, "n_timesteps": 5}
rnn |= {"activation": "tanh", "return_sequences": False, "return_state": False, "time_major": False}
rnn |= {"weight_data": np.ones((3, 4)), "recurrent_weight_data": np.ones((4, 4)), "bias_data": np.zeros(4)}
rnn |= {"direction": "forward", "recurrent_bias_data": np.zeros(4)}
dense = {"class_name": "Dense", "name": "y", "inputs": ["rnn"], "n_in": 4, "n_out": 2, "weight_data": np.ones((4, 2))}
dense |= {"bias_data": np.zeros(2), "weight_quantizer": None, "bias_quantizer": None}
source = {"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [5, 3]}
build([source, rnn, dense]).write()
with open("prj/firmware/p.cpp", encoding="utf-8") as file:
    calls = [line.split("<")[0].strip() for line in file if "nnet::" in line and "load_weights" not in line]
print("calls:", *calls)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(calls):')
echo "$seen"
test "$seen" = "calls: nnet::dense"
