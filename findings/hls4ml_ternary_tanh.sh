#!/bin/sh
# Guess: ternary_tanh gives the sign of x where abs(x) is above the threshold, for any type of x.
# Seen (hls4ml 1.3.0): it doubles x in the type of x, which overflows: with an input of fixed<8,1>, 0.5 gives -1, and
#   0.6 and 0.9 give 0.
# What hlsexplore does: it compares exactly, as QKeras does; docs/ir.md, Where hls4ml differs.
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


source = {"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [5]}
layer = {"class_name": "Activation", "name": "y", "inputs": ["x"], "activation": "ternary_tanh", "n_in": 5}
for name, type_ in (("wide", "fixed<9,2>"), ("narrow", "fixed<8,1>")):
    types = {"x": {"Precision": {"result": type_}}, "y": {"Precision": {"result": "fixed<2,2>"}}}
    got = results(build([source, layer], types, name), [[0.25, 0.5, 0.625, 0.875, -0.625]])
    print(f"{name}:", *got.astype(int).tolist())
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(narrow|wide):')
echo "$seen"
test "$seen" = "wide: 0 0 1 1 -1
narrow: 0 -1 0 0 0"
