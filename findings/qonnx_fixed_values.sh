#!/bin/sh
# Guess: the data type FIXED<8,4> of qonnx, 8 bits of which 4 are integer ones, has 256 possible values, as INT8 has.
# Seen (qonnx 1.0.0): get_num_possible_values says 16: 2 to the power of the integer bits. Its bounds, -8 to 7.9375,
#   are right. Besides, a type with more integer bits than bits, which ap_fixed has, cannot be made.
# What hlsexplore does: it counts by the width; its types may have more integer bits than bits, or less than none.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qonnx==1.0.0 onnx==1.23.2 onnxruntime==1.32.0 \
    numpy==2.3.5 setuptools==80.9.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
from qonnx.core.datatype import DataType

for name in ("INT8", "FIXED<8,4>", "FIXED<4,8>"):
    try:
        kind = DataType[name]
        print(
            f"{name}:",
            kind.min(),
            "to",
            kind.max(),
            "bits",
            kind.bitwidth(),
            "values",
            kind.get_num_possible_values(),
        )
    except Exception as error:
        print(f"{name}:", type(error).__name__, error)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(INT|FIXED)')
echo "$seen"
test "$seen" = "INT8: -128 to 127 bits 8 values 256
FIXED<8,4>: -8.0 to 7.9375 bits 8 values 16
FIXED<4,8>: AssertionError FixedPointType violates intwidth < bitwidth"
