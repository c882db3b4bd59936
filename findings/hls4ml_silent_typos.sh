#!/bin/sh
# Guess: a layer, a key, a tensor or a strategy that does not exist is an error of the configuration, or at least a
#   warning.
# Seen (hls4ml 1.3.0): none of these says anything; the layer is built as if the line were not there.
# What hlsexplore does: reading such a configuration names every layer and key that nothing reads (hlsexplore init
#   --hls4ml).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import contextlib
import io
import warnings

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


def dense(weights):
    layer = {"class_name": "Dense", "name": "y", "inputs": ["x"], "n_in": len(weights), "n_out": len(weights[0])}
    layer |= {"weight_data": np.array(weights), "bias_data": np.zeros(len(weights[0]))}
    return layer | {"weight_quantizer": None, "bias_quantizer": None}


log = io.StringIO()
with (
    contextlib.redirect_stdout(log),
    contextlib.redirect_stderr(log),
    warnings.catch_warnings(record=True) as caught,
):
    warnings.simplefilter("always")
    source = {"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [4]}
    seen = {
        "layer": build([source, dense(np.eye(4))], {"yy": {"ReuseFactor": 4}}),
        "key": build([source, dense(np.eye(4))], {"y": {"ReuseFacter": 4}}),
        "tensor": build([source, dense(np.eye(4))], {"y": {"Precision": {"wieght": "fixed<8,2>"}}}),
        "strategy": build([source, dense(np.eye(4))], {"y": {"Strategy": "Resorce"}}),
    }
for name, model in seen.items():
    layer = model.graph["y"]
    print(
        f"{name}:",
        layer.get_attr("reuse_factor"),
        layer.get_attr("strategy"),
        layer.weights["weight"].type.precision.width,
    )
print("messages:", len(log.getvalue()) + len(caught))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(layer|key|tensor|strategy|messages):')
echo "$seen"
test "$seen" = "layer: 1 latency 16
key: 1 latency 16
tensor: 1 latency 16
strategy: 1 latency 16
messages: 0"
