#!/bin/sh
# Guess: a batch normalisation behind a depthwise convolution is folded into its kernel, one factor for each channel.
# Seen (hls4ml 1.3.0): the kernel (3, 3, 2, 1) times the factors (2,) becomes (3, 3, 2, 2), since the channels are the last
#   axis but one. The C++ gets 36 numbers and reads the first 18 of them: sums of 1 to 9, once and twice, are 25 and 50 in
#   place of 45 and 90, without a message. So for every depthwise or separable convolution with a normalisation behind it.
# What hlsexplore does: each layer is computed as it is; such a project is refused for its kernel's size.
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


taps = np.arange(1.0, 10.0).reshape(3, 3, 1, 1) * np.ones((1, 1, 2, 1))
depthwise = {"class_name": "DepthwiseConv2D", "name": "d", "inputs": ["x"], "data_format": "channels_last", "n_chan": 2}
depthwise |= {"in_height": 4, "in_width": 4, "out_height": 2, "out_width": 2, "n_filt": 2, "padding": "valid"}
depthwise |= {"filt_height": 3, "filt_width": 3, "stride_height": 1, "stride_width": 1, "depth_multiplier": 1}
depthwise |= {"pad_top": 0, "pad_bottom": 0, "pad_left": 0, "pad_right": 0, "depthwise_data": taps}
depthwise |= {"bias_data": np.zeros(2), "depthwise_quantizer": None, "weight_quantizer": None, "bias_quantizer": None}
norm = {"class_name": "BatchNormalization", "name": "y", "inputs": ["d"], "n_in": 8, "n_filt": 2, "epsilon": 0.0}
norm |= {"gamma_data": np.array([1.0, 2.0]), "beta_data": np.zeros(2)}
norm |= {"mean_data": np.zeros(2), "variance_data": np.ones(2)}
auto = {"Precision": {"result": "auto", "accum": "auto"}}
source = {"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [4, 4, 2]}
model = build([source, depthwise, norm], names={"d": auto, "y": auto})
model.compile()
found = np.asarray(model.predict(np.ones((1, 4, 4, 2)))).ravel()[:2]
print("kernel:", list(model.get_layers())[1].weights["weight"].data.size)
print("sums:", *found.tolist())
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(kernel|sums):')
echo "$seen"
test "$seen" = "kernel: 36
sums: 25.0 50.0"
