#!/bin/sh
# Guess: a constant that is made with signed=True is a signed number where it meets a wider signal: 1 plus -1 is 0.
# Seen (PyRTL 1.0.3): the option only lets the number in; every sum, comparison and product of PyRTL is unsigned and
#   extends with zeros: 1 + Const(-1, 4, signed=True) is 16, and -1 < 1 is false. signed_add, signed_lt and
#   signed_mult do it as expected. There is no message.
# What hlsexplore does: it uses no PyRTL; whoever puts a block written in it beside our RTL meets this.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyrtl==1.0.3 2>/dev/null
cat > "$folder/try.py" <<'PY'
import pyrtl


def value(make, number):
    pyrtl.reset_working_block()
    result = make(pyrtl.Input(8, "x"), pyrtl.Const(-1, 4, signed=True))
    end = pyrtl.Output(len(result), "y")
    end <<= result
    simulation = pyrtl.Simulation()
    simulation.step({"x": number})
    return simulation.inspect("y")


print("x + c:", value(lambda x, c: x + c, 1))
print("signed_add:", value(pyrtl.signed_add, 1) % 256)
print("c < x:", value(lambda x, c: c < x, 1))
print("signed_lt:", value(lambda x, c: pyrtl.signed_lt(c, x), 1))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E ': [0-9]+$')
echo "$seen"
test "$seen" = "x + c: 16
signed_add: 0
c < x: 0
signed_lt: 1"
