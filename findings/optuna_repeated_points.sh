#!/bin/sh
# Guess: in a small space of whole numbers (widths and a reuse factor), a sampler spends each trial on a point that
#   was not evaluated before, as long as there are such points: a trial may be a synthesis of an hour.
# Seen (optuna 5.0.0): none of the samplers below looks. Of 100 trials in a space of 147 points the default for two
#   objectives repeats nearly half, and even the quasi-random one repeats 21. best_trials lists the repetitions, too:
#   42 entries for 8 different points. BruteForceSampler, which repeats none, stops by itself.
# What hlsexplore does: a point that a study knows is not computed again, whatever sampler proposes it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check optuna==5.0.0 numpy==2.3.5 scipy==1.17.1 2>/dev/null
cat > "$folder/try.py" <<'PY'
import optuna
from optuna import samplers

optuna.logging.set_verbosity(optuna.logging.ERROR)


def point(trial):
    return tuple(sorted(trial.params.items()))


def objective(trial):
    first, second = (trial.suggest_int(name, 2, 8) for name in ("first", "second"))
    reuse = trial.suggest_categorical("reuse", [1, 2, 4])
    return abs(first - 6) + abs(second - 5) / 2 + reuse / 10, (first + second) / reuse


for kind in (
    samplers.TPESampler,
    samplers.NSGAIISampler,
    samplers.QMCSampler,
    samplers.RandomSampler,
    samplers.BruteForceSampler,
):
    study = optuna.create_study(directions=["minimize"] * 2, sampler=kind(seed=0))
    study.optimize(objective, n_trials=200 if kind is samplers.BruteForceSampler else 100)
    best = study.best_trials
    print(f"{kind.__name__}: {len(study.trials)} trials, {len({point(t) for t in study.trials})} points,", end=" ")
    print(f"best_trials {len(best)}, {len({point(t) for t in best})} points")
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E 'Sampler:')
echo "$seen"
test "$seen" = "TPESampler: 100 trials, 53 points, best_trials 42, 8 points
NSGAIISampler: 100 trials, 64 points, best_trials 16, 7 points
QMCSampler: 100 trials, 79 points, best_trials 10, 8 points
RandomSampler: 100 trials, 78 points, best_trials 11, 7 points
BruteForceSampler: 147 trials, 147 points, best_trials 10, 10 points"
