#!/bin/sh
# Guess: an HGQ2 model that was saved comes back from its file.
# Seen (HGQ2 0.2.0, keras 3.15.1): a QEinsumDenseBatchnorm without scale does not: the class has no get_config of its
#   own, so scale, center, epsilon and the normalised axes are not in the file, and loading expects other variables.
# What hlsexplore does: it reads the file all the same, and tells the options from the variables that are there.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check HGQ2==0.2.0 keras==3.15.1 tensorflow-cpu==2.21.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
from hgq.layers import QEinsumDenseBatchnorm

source = keras.Input((5, 4))
layer = QEinsumDenseBatchnorm("bnc,cd->bnd", (5, 2), bias_axes="d", scale=False)
keras.Model(source, layer(source)).save("m.keras")
print("scale in the configuration:", "scale" in layer.get_config())
try:
    keras.models.load_model("m.keras")
    print("loaded")
except ValueError as error:
    print("ValueError:", str(error).partition("expected ")[2][:44])
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(scale|loaded|ValueError)')
echo "$seen"
test "$seen" = "scale in the configuration: False
ValueError: 7 variables, but received 6 variables during"
