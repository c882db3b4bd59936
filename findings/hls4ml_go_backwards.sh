#!/bin/sh
# Guess: a recurrent layer with go_backwards=True reads its sequence from the end, or is refused.
# Seen (hls4ml 1.3.0, keras 3.15.1): LSTM and GRU are converted and read it from the start, without a message: the
#   result is that of the reversed sequence in Keras. (Within a Bidirectional layer the backward half is right.)
# What hlsexplore does: the reader says what it takes; the flow hls4ml refuses a backward layer by name (docs/ir.md).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 keras==3.15.1 jax==0.10.2 numpy==2.4.6 2>/dev/null
cat > "$folder/try.py" <<'PY'
import hls4ml
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.random.default_rng(0).integers(-16, 16, (20, 6, 3)).astype("float32") / 16
for kind in (keras.layers.LSTM, keras.layers.GRU):
    model = keras.Sequential([keras.Input((6, 3)), kind(4, go_backwards=True)])
    options = {"default_precision": "fixed<24,8>", "granularity": "name", "backend": "Vitis"}
    config = hls4ml.utils.config_from_keras_model(model, **options)
    hls = hls4ml.converters.convert_from_keras_model(
        model, hls_config=config, backend="Vitis", output_dir=f"prj_{kind.__name__}"
    )
    hls.compile()
    found = hls.predict(x)
    as_keras, reversed_ = (np.abs(found - model.predict(values, verbose=0)).max() for values in (x, x[:, ::-1]))
    print(f"{kind.__name__}: differs from Keras", bool(as_keras > 0.1), "and from it reversed", bool(reversed_ > 0.1))
PY
seen=$(cd "$folder" && KERAS_BACKEND=jax venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(LSTM|GRU):')
echo "$seen"
test "$seen" = "LSTM: differs from Keras True and from it reversed False
GRU: differs from Keras True and from it reversed False"
