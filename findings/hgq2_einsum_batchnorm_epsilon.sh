#!/bin/sh
# Guess: the option epsilon of QEinsumDenseBatchnorm is what it adds to the variance.
# Seen (HGQ2 0.2.0, keras 3.15.1): it adds Keras' global 1e-7 whatever the option says. At a variance of 0.01,
#   epsilon=0.03 should give a scale of 5; it gives 10.
# What hlsexplore does: it adds Keras' global epsilon as HGQ2 does, so that outputs equal HGQ2's; docs/importers.md
#   says so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check HGQ2==0.2.0 keras==3.15.1 tensorflow-cpu==2.21.0 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from hgq.config import QuantizerConfig
from hgq.layers import QEinsumDenseBatchnorm

source = keras.Input((1,))
plain = keras.Model(source, keras.layers.BatchNormalization(epsilon=0.03)(source))
wide = QuantizerConfig(q_type="kif", place="weight", k0=1, i0=8, f0=4, overflow_mode="SAT", round_mode="RND")
options = {"kq_conf": wide, "enable_iq": False, "enable_ebops": False}
joined = keras.Model(
    source, QEinsumDenseBatchnorm("ba,ac->bc", (1,), bias_axes="c", epsilon=0.03, **options)(source)
)
for model in (plain, joined):
    for weight in model.weights:
        if weight.path.endswith(("variance", "kernel")):
            weight.assign(np.full(weight.shape, 1.0 if weight.path.endswith("kernel") else 0.01))
at_one = np.ones((1, 1), "float32")
print("Keras:", round(float(plain.predict(at_one, verbose=0)[0, 0])))
print("HGQ2:", round(float(joined.predict(at_one, verbose=0)[0, 0])))
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(Keras|HGQ2):')
echo "$seen"
test "$seen" = "Keras: 5
HGQ2: 10"
