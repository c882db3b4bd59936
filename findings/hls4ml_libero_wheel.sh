#!/bin/sh
# Guess: a model that hls4ml converts for its back end Libero can be written, as for every other back end.
# Seen (hls4ml 1.3.0 from PyPI): writing ends in FileNotFoundError, for the wheel lacks templates/libero/build_lib.sh.
#   Before that, Dense refuses the strategy 'Latency', which all other back ends and the documentation spell so, and
#   takes 'latency'.
# What hlsexplore does: its flow for hls4ml writes small letters for Libero, and the document says that it needs a checkout.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from hls4ml.backends import get_backend
from hls4ml.model.graph import ModelGraph


def attempt(strategy):
    config = get_backend("Libero").create_initial_config(smarthls_path="SmartHLS")
    hls = {"Model": {"Precision": {"default": "fixed<16,6>"}, "ReuseFactor": 1, "Strategy": strategy}}
    hls["LayerName"] = {"fc": {"Strategy": strategy}}
    config |= {"OutputDir": "prj", "ProjectName": "p", "Backend": "Libero", "HLSConfig": hls}
    dense = {"class_name": "Dense", "name": "fc", "inputs": ["x"], "n_in": 2, "n_out": 2}
    dense |= {"weight_data": np.eye(2), "bias_data": np.zeros(2), "weight_quantizer": None, "bias_quantizer": None}
    layers = [{"class_name": "InputLayer", "name": "x", "inputs": [], "input_shape": [2]}, dense]
    try:
        model = ModelGraph.from_layer_list(config, layers, inputs=["x"], outputs=["fc"])
        model.config.backend.writer.write_yml = lambda model: None
        model.write()
        return "written"
    except FileNotFoundError as error:
        return f"FileNotFoundError {error.filename.partition('templates/')[2]}"
    except Exception as error:
        return f"refused: {str(error)[:55]}"


print("Latency:", attempt("Latency"))
print("latency:", attempt("latency"))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep '^[Ll]atency:')
echo "$seen"
echo "$seen" | grep -q '^Latency: refused: Unexpected value of attribute "strategy"'
echo "$seen" | grep -q '^latency: FileNotFoundError libero/build_lib.sh'
