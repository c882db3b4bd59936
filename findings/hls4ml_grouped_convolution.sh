#!/bin/sh
# Guess: a convolution with groups is refused where the C++ knows no groups, as Keras' own layers without a handler
#   are.
# Seen (hls4ml 1.3.0, keras 3.15.1): Conv2D(groups=2) is converted and compiled without a message. The C++ multiplies
#   every channel by a kernel of all channels, and the stored kernel has half as many numbers as it reads: results
#   have nothing to do with the network's.
# What hlsexplore does: groups are blocks of one kernel; the flow hls4ml writes them as one kernel with zeros.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 keras==3.15.1 jax==0.10.2 numpy==2.4.6 2>/dev/null
cat > "$folder/try.py" <<'PY'
import re
from pathlib import Path

import hls4ml
import keras
import numpy as np

model = keras.Sequential([keras.Input((4, 4, 4)), keras.layers.Conv2D(4, 3, groups=2, use_bias=False, name="c")])
options = {"default_precision": "fixed<24,12>", "granularity": "name", "backend": "Vitis"}
config = hls4ml.utils.config_from_keras_model(model, **options)
hls = hls4ml.converters.convert_from_keras_model(model, hls_config=config, backend="Vitis", output_dir="prj")
hls.write()
settings = dict(re.findall(r"static const unsigned (\w+) = (\d+);", Path("prj/firmware/parameters.h").read_text()))
reads = np.prod([int(settings[key]) for key in ("filt_height", "filt_width", "n_chan", "n_filt")])
print("numbers: stored", model.layers[-1].kernel.shape, model.layers[-1].count_params(), "read", reads)
PY
seen=$(cd "$folder" && KERAS_BACKEND=jax venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^numbers:')
echo "$seen"
test "$seen" = "numbers: stored (3, 3, 2, 4) 72 read 144"
