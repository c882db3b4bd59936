#!/bin/sh
# Guess: where types are inferred ('auto'), a Dense layer behind a Flatten gets an accumulator for the type that arrives.
# Seen (hls4ml 1.3.0): a Reshape (Flatten) without a precision of its own is given the model's default type, though its
#   data stays in the variable of its input. The accumulator is inferred from that type: 33 bits where 48 arrive, and
#   sums wrap in silence. Configurations by name set 'auto' on a Reshape; by model or type they do not.
# What hlsexplore does: it reads the types of the C++, and its own accumulators hold every sum.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from hls4ml.backends import get_backend
from hls4ml.model.graph import ModelGraph


def accumulator(with_auto):
    config = get_backend("Vitis").create_initial_config()
    auto = ("weight", "bias", "accum", "result")
    names = ["wide", "fc", *(["flat"] if with_auto else [])]
    hls = {"Model": {"Precision": {"default": "fixed<14,6>"}, "ReuseFactor": 1, "Strategy": "Latency"}}
    hls["LayerName"] = {name: {"Precision": dict.fromkeys(auto, "auto")} for name in names}
    config |= {"OutputDir": "prj", "ProjectName": "p", "Backend": "Vitis", "HLSConfig": hls}

    def dense(name, source, n_in, n_out):
        layer = {"class_name": "Dense", "name": name, "inputs": [source], "n_in": n_in, "n_out": n_out}
        layer |= {"weight_data": np.ones((n_in, n_out)), "bias_data": np.zeros(n_out)}
        return layer | {"weight_quantizer": None, "bias_quantizer": None}

    layers = [
        {"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [4]},
        dense("wide", "x", 4, 16),
        {"class_name": "Reshape", "name": "flat", "inputs": ["wide"], "target_shape": [16]},
        dense("fc", "flat", 16, 4),
    ]
    model = ModelGraph.from_layer_list(config, layers, inputs=["x"], outputs=["fc"])
    arrives = model.graph["wide"].get_output_variable().type.precision.width
    return arrives, model.graph["fc"].types["accum_t"].precision.width


print("with auto: %d bits arrive, accumulator of %d" % accumulator(True))
print("without: %d bits arrive, accumulator of %d" % accumulator(False))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep 'bits arrive')
echo "$seen"
test "$seen" = "with auto: 31 bits arrive, accumulator of 50
without: 31 bits arrive, accumulator of 33"
