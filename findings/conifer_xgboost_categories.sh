#!/bin/sh
# Guess: a tree with a split by categories is converted as a set of values, or refused.
# Seen (conifer 1.11, xgboost-cpu 3.2.0): it becomes the comparison "less than 0" without a message, since the table
#   of the trees that conifer reads has the categories in another column than the thresholds. Nearly half of the
#   scores are wrong. (The side that a missing value takes is passed over as well.)
# What hlsexplore does: it reads no trees; whoever compares a network with trees made by conifer meets this.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check conifer==1.11 xgboost-cpu==3.2.0 pandas==3.0.0 \
    scikit-learn==1.9.1 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
import pandas
import xgboost
from conifer.converters.xgboost import convert
from conifer.model import make_model

random = np.random.default_rng(0)
kinds = random.integers(0, 4, 400)
x = pandas.DataFrame({"kind": kinds, "size": random.normal(size=400).astype("float32")})
y = (np.isin(kinds, [1, 3]) ^ (x["size"] > 0)).astype(int)
for name, table in (("numbers", x), ("categories", x.assign(kind=pandas.Categorical(kinds)))):
    model = xgboost.XGBClassifier(n_estimators=5, max_depth=3, tree_method="hist", enable_categorical=True)
    model.fit(table, y)
    made = convert(model)
    splits = {
        t for trees in made["trees"] for tree in trees for t, f in zip(tree["threshold"], tree["feature"]) if f == 0
    }
    scores = np.asarray(make_model(made).decision_function(np.asarray(x)))
    differ = (np.abs(scores - model.predict(table, output_margin=True)) > 0.1).mean()
    print(
        f"{name}: thresholds {sorted(splits)}",
        "right" if differ < 0.02 else "over a third wrong" if differ > 0.33 else differ,
    )
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(numbers|categories)')
echo "$seen"
test "$seen" = "numbers: thresholds [1.0, 2.0, 3.0] right
categories: thresholds [0.0] over a third wrong"
