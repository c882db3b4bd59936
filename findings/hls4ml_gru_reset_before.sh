#!/bin/sh
# Guess: GRU(reset_after=False), the equations of the original paper and of older files, is computed as such, or
#   refused.
# Seen (hls4ml 1.3.0, keras 3.15.1): it is converted without a message. Keras has one bias vector there, and two with
#   reset_after=True; hls4ml takes the first two numbers of the one for the two vectors, so that the written arrays
#   have one number each, of which the C++ reads twelve; and the project is the same but for that: nothing in it says
#   where the reset gate is.
# What hlsexplore does: both forms are computed; the flow hls4ml refuses the one that hls4ml does not have
#   (docs/ir.md).
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

settings = []
for after in (True, False):
    model = keras.Sequential([keras.Input((6, 3)), keras.layers.GRU(4, reset_after=after, name="gru")])
    options = {"default_precision": "fixed<24,8>", "granularity": "name", "backend": "Vitis"}
    config = hls4ml.utils.config_from_keras_model(model, **options)
    folder = Path(f"prj_{after}")
    hls = hls4ml.converters.convert_from_keras_model(model, hls_config=config, backend="Vitis", output_dir=str(folder))
    hls.write()
    settings.append([(folder / "firmware" / name).read_text() for name in ("parameters.h", "nnet_utils/nnet_recurrent.h")])
    sizes = [re.findall(rf"{name}\[(\d+)\]", (folder / f"firmware/weights/{name}.h").read_text())[0] for name in ("b2", "br2")]
    print(f"reset_after={after}: Keras has", model.layers[-1].cell.bias.shape, "hls4ml", *sizes)
print("projects differ beside the weights:", settings[0] != settings[1])
PY
seen=$(cd "$folder" && KERAS_BACKEND=jax venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(reset_after|projects)')
echo "$seen"
test "$seen" = "reset_after=True: Keras has (2, 12) hls4ml 12 12
reset_after=False: Keras has (12,) hls4ml 1 1
projects differ beside the weights: False"
