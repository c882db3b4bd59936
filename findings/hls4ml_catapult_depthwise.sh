#!/bin/sh
# Guess: a depthwise convolution has its padding and stride with every back end.
# Seen (hls4ml 1.3.0): Catapult's for io_parallel has neither, without a message. With padding the results of a row begin one
#   window late, and those that the loop does not reach are never written; a stride is passed over as well.
# What hlsexplore does: the flow hls4ml refuses such convolutions for Catapult, by layer.
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


depthwise = {"class_name": "DepthwiseConv2D", "name": "y", "inputs": ["x"], "data_format": "channels_last", "n_chan": 1}
depthwise |= {"in_height": 3, "in_width": 4, "out_height": 3, "out_width": 4, "n_filt": 1, "padding": "same"}
depthwise |= {"filt_height": 1, "filt_width": 3, "stride_height": 1, "stride_width": 1, "depth_multiplier": 1}
depthwise |= {"pad_top": 0, "pad_bottom": 0, "pad_left": 1, "pad_right": 1, "depthwise_data": np.ones((1, 3, 1, 1))}
depthwise |= {"bias_data": np.zeros(1), "depthwise_quantizer": None, "weight_quantizer": None, "bias_quantizer": None}
source = {"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [3, 4, 1]}
for backend in ("Vitis", "Catapult"):
    model = build([source, depthwise], backend=backend)
    model.compile()
    found = np.asarray(model.predict(np.arange(12.0).reshape(1, 3, 4, 1))).reshape(3, 4)[:, :2].ravel()  # those that are written
    print(f"{backend}:", *found.astype(int).tolist())
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(Vitis|Catapult):')
echo "$seen"
test "$seen" = "Vitis: 1 3 9 15 17 27
Catapult: 3 6 15 18 27 30"
