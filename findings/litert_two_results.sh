#!/bin/sh
# Guess: a network whose weights and values are all 8-bit integers with stored scales has one result, whatever runs
#   it: LiteRT's own reference kernels and those that it takes by default give the same integers.
# Seen (ai-edge-litert 2.3.0, tensorflow-cpu 2.21.0): they differ by a step in over a twentieth of the values behind
#   GlobalAveragePooling2D and LeakyReLU; AveragePooling2D and a Dense layer differ in none. Which of them an FPGA is
#   to equal must be said.
# What hlsexplore does: it reads no .tflite; a network is read before its conversion.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow-cpu==2.21.0 keras==3.15.1 \
    ai-edge-litert==2.3.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
import tensorflow
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from keras import layers

random = np.random.default_rng(0)


def integers(content, x, kernels):
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    source, end = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = source["quantization"]
    rows = []
    for row in np.clip(np.round(x / scale) + zero, -128, 127).astype("int8"):
        interpreter.set_tensor(source["index"], row[None])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(end["index"]).astype(int))
    return np.array(rows)


for name, shape, stack in (
    ("Dense", (16,), [layers.Dense(32, activation="relu"), layers.Dense(8)]),
    ("AveragePooling2D", (8, 8, 3), [layers.AveragePooling2D(3)]),
    ("GlobalAveragePooling2D", (8, 8, 3), [layers.GlobalAveragePooling2D()]),
    ("LeakyReLU", (16,), [layers.Dense(5), layers.LeakyReLU(0.3)]),
):
    keras.utils.set_random_seed(1)
    x = random.normal(size=(100, *shape)).astype("float32")
    converter = tensorflow.lite.TFLiteConverter.from_keras_model(keras.Sequential([keras.Input(shape), *stack]))
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([x[k : k + 1]] for k in range(len(x)))
    converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tensorflow.int8
    content = converter.convert()
    default, reference = (integers(content, x, kind) for kind in (OpResolverType.AUTO, OpResolverType.BUILTIN_REF))
    share = (default != reference).mean()
    print(
        f"{name}:",
        "equal" if share == 0 else "over 5 % differ" if share > 0.05 else share,
        "largest",
        abs(default - reference).max(),
    )
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(Dense|Aver|Global|Leaky)')
echo "$seen"
test "$seen" = "Dense: equal largest 0
AveragePooling2D: equal largest 0
GlobalAveragePooling2D: over 5 % differ largest 1
LeakyReLU: over 5 % differ largest 1"
