#!/bin/sh
# Guess: emlearn, which turns forests of scikit-learn into C, decides as the forest does unless it is told to
#   quantise.
# Seen (emlearn 0.23.2, scikit-learn 1.9.1): its default type is int16_t, and features and thresholds are cut to
#   whole numbers: with features of mean 0 and variance 1, as a network is given them, over half of the classes
#   change. With dtype="float", or with features that were multiplied by 1000 before the training, it decides as the
#   forest. There is no message.
# What hlsexplore does: it reads no trees; types that data do not fit are found by its counts of overflow and
#   underflow.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check emlearn==0.23.2 scikit-learn==1.9.1 numpy==2.3.5 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import emlearn
import numpy as np
from sklearn.ensemble import RandomForestClassifier

x = np.random.default_rng(0).normal(size=(400, 4)).astype("float32")
y = (x[:, 0] + x[:, 1] > 0.5).astype(int) + (x[:, 2] > 0)
for name, factor, options in (
    ("default", 1, {}),
    ("float", 1, {"dtype": "float"}),
    ("default, features times 1000", 1000, {}),
):
    forest = RandomForestClassifier(10, max_depth=5, random_state=0).fit(x * factor, y)
    made = emlearn.convert(forest, method="inline", **options)
    same = (made.predict(x * factor) == forest.predict(x * factor)).mean()
    print(f"{name}: same class for", "all but a few" if same > 0.95 else "less than half" if same < 0.5 else same)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E ': same class')
echo "$seen"
test "$seen" = "default: same class for less than half
float: same class for all but a few
default, features times 1000: same class for all but a few"
