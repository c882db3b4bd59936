#!/bin/sh
# Guess: padding never wins a maximum pooling, whatever the type of the values.
# Seen (hls4ml 1.3.0): padding is the least number of a signed type. With unsigned values, as behind a ReLU, it is
#   half of the largest one and wins; in the type of 8 bits it comes out as shown below.
# What hlsexplore does: padding never wins; docs/ir.md, Where hls4ml differs.
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


source = {"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [4, 1]}
pool = {"class_name": "MaxPooling1D", "name": "y", "inputs": ["x"], "n_in": 4, "n_out": 3, "n_filt": 1}
pool |= {"pool_width": 2, "stride_width": 2, "pad_left": 1, "pad_right": 1, "padding": "same", "count_pad": False}
pool |= {"data_format": "channels_last"}
for number, type_ in enumerate(("fixed<9,9>", "ufixed<8,8>")):
    types = {name: {"Precision": {"result": type_, "accum": type_}} for name in "xy"}
    got = results(build([source, pool], types, f"prj{number}"), np.array([3.0, 4, 5, 6]).reshape(1, 4, 1))
    print(f"{type_}:", *got.ravel().astype(int).tolist())
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^u?fixed')
echo "$seen"
test "$seen" = "fixed<9,9>: 3 5 6
ufixed<8,8>: 128 5 128"
