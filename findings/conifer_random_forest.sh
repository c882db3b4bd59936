#!/bin/sh
# Guess: conifer's conversion of a random forest gives a score for each class, and for two classes that of the second
#   one, as its conversion of gradient boosting does.
# Seen (conifer 1.11, scikit-learn 1.9.1): only the probability of the first class is kept. With three classes the
#   others are 0 in every project; with two the score falls where the forest's answer is the second class. There is
#   no message.
# What hlsexplore does: it reads no trees; whoever compares a network with a forest made by conifer meets this.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check conifer==1.11 scikit-learn==1.9.1 numpy==2.3.5 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from conifer.converters.sklearn import convert
from conifer.model import make_model
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

x = np.random.default_rng(0).normal(size=(300, 4)).astype("float32")
two = (x[:, 0] + x[:, 1] > 0).astype(int)
three = two + (x[:, 2] > 0)


def score(kind, classes):
    model = kind(n_estimators=10, max_depth=3, random_state=0).fit(x, classes)
    return model, np.asarray(make_model(convert(model)).decision_function(x))


forest, scores = score(RandomForestClassifier, three)
print(
    "three classes:",
    [bool(scores[:, k].any()) for k in range(3)],
    "first",
    np.allclose(scores[:, 0], forest.predict_proba(x)[:, 0]),
)
for kind in (GradientBoostingClassifier, RandomForestClassifier):
    model, scores = score(kind, two)
    scores = scores[:, 0] if scores.ndim == 2 else scores
    higher = scores[model.predict(x) == 1].mean() > scores[model.predict(x) == 0].mean()
    print(kind.__name__ + ":", "higher" if higher else "lower", "scores for the second class")
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(three|Grad|Random)')
echo "$seen"
test "$seen" = "three classes: [True, False, False] first True
GradientBoostingClassifier: higher scores for the second class
RandomForestClassifier: lower scores for the second class"
