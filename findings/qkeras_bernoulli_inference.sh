#!/bin/sh
# Guess: predict gives the same result twice: as stochastic_ternary and stochastic_binary do, the quantizer bernoulli
#   takes its mean or its sign at inference.
# Seen (qkeras-v3 1.2.1, tensorflow 2.21.0): it draws anew at each call of predict, as an activation and as a kernel
#   quantizer: all ones and all zeros occur for an input whose probability is a half. The other two give one value.
# What hlsexplore does: it refuses bernoulli by name; the other two take their form of inference (docs/importers.md,
#   Quantizers).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qkeras-v3==1.2.1 tensorflow==2.21.0 keras==3.15.1 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from qkeras import QActivation

x = np.full((4, 64), 0.01, "float32")
for name in ("bernoulli", "stochastic_binary", "stochastic_ternary"):
    source = keras.Input((64,))
    model = keras.Model(source, QActivation(f"{name}()")(source))
    results = [model.predict(x, verbose=0) for _ in range(3)]
    print(name, "repeats" if all((r == results[0]).all() for r in results) else "changes", np.unique(results).tolist())
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(bernoulli|stochastic)')
echo "$seen"
test "$seen" = "bernoulli changes [0.0, 1.0]
stochastic_binary repeats [1.0]
stochastic_ternary repeats [0.0]"
