#!/bin/sh
# Guess: conifer adds the starting score that XGBoost adds before the first tree, for every objective.
# Seen (conifer 1.11, xgboost-cpu 3.2.0): it takes the logarithm of the odds for "multi:softprob", whose scores need
#   none: a score outside of 0 to 1 becomes not a number, and with it a whole class for every sample. For
#   "count:poisson" it takes none, where XGBoost takes the logarithm: all results are off by one constant. There is
#   no error.
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

x = np.random.default_rng(0).normal(size=(400, 4)).astype("float32")


def error(model, wanted):
    model.fit(x, wanted)
    return np.asarray(make_model(convert(model)).decision_function(x)) - model.predict(x, output_margin=True)


options = {"n_estimators": 5, "max_depth": 3}
three = (x[:, 0] + x[:, 1] > 0.5).astype(int) + (x[:, 2] > 0)
wrong = error(xgboost.XGBClassifier(**options), three)
print("three classes, of 400 not a number:", *np.isnan(wrong).sum(axis=0).tolist())
counts = np.round(np.exp(x[:, 0]))
wrong = error(xgboost.XGBRegressor(objective="count:poisson", **options), counts)
print("counts, median error:", round(float(np.median(wrong)), 3))
print("mean less its logarithm:", round(float(counts.mean() - np.log(counts.mean())), 3))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(three|counts|mean)')
echo "$seen"
test "$seen" = "three classes, of 400 not a number: 0 0 400
counts, median error: 1.108
mean less its logarithm: 1.108"
