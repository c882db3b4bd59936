#!/bin/sh
# Guess: the board "alveo-u50" is linked with v++ to a platform of that card.
# Seen (hls4ml 1.3.0): the option `platform` is the one of the U250 for every card, whatever `board` is, without a message.
# What hlsexplore does: the flow hls4ml gives each card its own platform.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
from hls4ml.backends import get_backend

for board in ("alveo-u50", "alveo-u200", "alveo-u280"):
    config = get_backend("VivadoAccelerator").create_initial_config(board=board)
    print(f"{board}:", config["AcceleratorConfig"]["Platform"])
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(alveo-u[0-9]*):')
echo "$seen"
test "$seen" = "alveo-u50: xilinx_u250_xdma_201830_2
alveo-u200: xilinx_u250_xdma_201830_2
alveo-u280: xilinx_u250_xdma_201830_2"
