#!/bin/sh
# Guess: a project that conifer makes of an XGBoost model predicts what the model predicts, also where training was
#   stopped early.
# Seen (conifer 1.11, xgboost-cpu 3.2.0): XGBoost keeps the trees behind the best round and leaves them out of its
#   predictions; conifer converts them all. Every score differs, and the hardware has trees that nobody asked for.
#   Sliced to the best round first, the model gives the same.
# What hlsexplore does: it reads no trees; whoever compares a network with trees made by conifer meets this.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check conifer==1.11 xgboost-cpu==3.2.0 pandas==3.0.0 \
    scikit-learn==1.9.1 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
import xgboost
from conifer.converters.xgboost import convert
from conifer.model import make_model

random = np.random.default_rng(0)
x = random.normal(size=(400, 4)).astype("float32")
y = (x[:, 0] + x[:, 1] + random.normal(size=400) > 0).astype(int)
model = xgboost.XGBClassifier(n_estimators=60, max_depth=3, early_stopping_rounds=5)
model.fit(x[:200], y[:200], eval_set=[(x[200:], y[200:])], verbose=False)
best = model.best_iteration + 1
wanted = model.predict(x, output_margin=True)
for name, source in (("as it is", model), ("sliced", model.get_booster()[:best])):
    made = make_model(convert(source))
    differ = (np.abs(np.asarray(made.decision_function(x)) - wanted) > 0.01).mean()
    print(f"{name}: {made.n_trees - best} trees too many, share that differs: {differ:.1f}")
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(as it|sliced)')
echo "$seen"
test "$seen" = "as it is: 5 trees too many, share that differs: 1.0
sliced: 0 trees too many, share that differs: 0.0"
