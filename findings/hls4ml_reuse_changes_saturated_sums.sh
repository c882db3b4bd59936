#!/bin/sh
# Guess: the reuse factor decides on hardware and time; the numbers of a layer stay.
# Seen (hls4ml 1.3.0): with the strategy Resource it changes the order of the sum. Where the accumulator saturates (or
#   rounds and overflows), the results change: here about a third of them.
# What hlsexplore does: its sums have the same order (docs/ir.md, Dense), so that it equals the C++ for every reuse
#   factor.
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


def dense(weights):
    layer = {"class_name": "Dense", "name": "y", "inputs": ["x"], "n_in": len(weights), "n_out": len(weights[0])}
    layer |= {"weight_data": np.array(weights), "bias_data": np.zeros(len(weights[0]))}
    return layer | {"weight_quantizer": None, "bias_quantizer": None}


random = np.random.default_rng(0)
weights, x = random.normal(size=(16, 4)), random.normal(size=(200, 16))
source = {"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [16]}
types = {"weight": "fixed<16,6>", "bias": "fixed<16,6>"}
types |= dict.fromkeys(("accum", "result"), "fixed<10,3,RND,SAT>")
first = None
for reuse, strategy in ((1, "Latency"), (4, "Resource"), (8, "Resource")):
    names = {"y": {"Precision": types, "ReuseFactor": reuse, "Strategy": strategy}}
    got = results(build([source, dense(weights)], names, f"prj{reuse}"), x)
    first = got if first is None else first
    print(f"reuse {reuse}:", round(100 * float((got != first).mean())), "% differ")
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^reuse')
echo "$seen"
test "$seen" = "reuse 1: 0 % differ
reuse 4: 31 % differ
reuse 8: 30 % differ"
