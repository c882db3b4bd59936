#!/bin/sh
# Guess: a weight quantizer that wraps keeps every weight within its range, as one that saturates does.
# Seen (HGQ2 0.2.0, keras 3.15.1): with the overflow mode WRAP weights are rounded but not wrapped: 5.3 in a type from
#   -2 to 1.75 is 5.25. Only the quantizer "kbi" with another rounding than RND wraps (1.25). SAT saturates.
# What hlsexplore does: its reader gives each of them the value that HGQ2 computes with, and a type that holds it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check HGQ2==0.2.0 keras==3.15.1 tensorflow-cpu==2.21.0 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from hgq.config import QuantizerConfig
from hgq.layers import QDense


def kept(**options):
    source = keras.Input((1,))
    config = QuantizerConfig(place="weight", k0=1, i0=1, **options)
    layer = QDense(1, kq_conf=config, enable_iq=False, enable_ebops=False)
    layer(source)
    layer.kernel.assign([[5.3]])
    return float(np.array(layer.qkernel)[0, 0])


for kind, extra in (("kif", {"f0": 2}), ("kbi", {"b0": 3})):
    for overflow, rounding in (("SAT", "RND"), ("WRAP", "RND"), ("WRAP", "TRN")):
        print(kind, overflow, rounding, kept(q_type=kind, overflow_mode=overflow, round_mode=rounding, **extra))
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^k[bi][if]')
echo "$seen"
test "$seen" = "kif SAT RND 1.75
kif WRAP RND 5.25
kif WRAP TRN 5.25
kbi SAT RND 1.75
kbi WRAP RND 5.25
kbi WRAP TRN 1.25"
