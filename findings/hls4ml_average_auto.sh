#!/bin/sh
# Guess: with the precision "auto", the average of two tensors gets a type that holds every half.
# Seen (hls4ml 1.3.0): it is the type of their sum: one integer bit more than needed and one fraction bit too few. The
#   average of 0.0625 and 0 in ufixed<8,4> is 0.
# What hlsexplore does: docs/ir.md, Merges, has one cast at the end, and its default type keeps the half.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from hls4ml.backends import get_backend
from hls4ml.model.graph import ModelGraph


def average():
    config = get_backend("Vitis").create_initial_config()
    hls = {"Model": {"Precision": {"default": "fixed<16,6>"}, "ReuseFactor": 1, "Strategy": "Latency"}}
    hls["LayerName"] = {name: {"Precision": {"result": "ufixed<8,4>"}} for name in "ab"}
    hls["LayerName"]["y"] = {"Precision": {"result": "auto"}}
    config |= {"OutputDir": "prj", "ProjectName": "p", "Backend": "Vitis", "HLSConfig": hls}
    layers = [{"class_name": "InputLayer", "name": name, "inputs": [], "input_shape": [2]} for name in "ab"]
    layers.append({"class_name": "Merge", "op": "average", "name": "y", "inputs": ["a", "b"]})
    model = ModelGraph.from_layer_list(config, layers, inputs=["a", "b"], outputs=["y"])
    model.config.backend.writer.write_yml = lambda model: None
    return model


model = average()
model.compile()
print("type:", str(model.graph["y"].get_output_variable().type.precision))
print("average:", *np.asarray(model.predict([np.array([[0.0625, 1.0]]), np.array([[0.0, 1.0625]])])).tolist())
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(type|average):')
echo "$seen"
test "$seen" = "type: ufixed<9,5,TRN,WRAP,0>
average: 0.0 1.0"
