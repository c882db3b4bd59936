#!/bin/sh
# Guess: the ap_fixed headers that hls4ml and da4ml bring are plain C++11 for simulation, so clang with its own library (libc++, the one
#   of macOS) compiles what g++ compiles.
# Seen (hls4ml 1.3.0, da4ml 0.6.0, ziglang 0.17.1 as clang with libc++): they declare std::complex themselves in place of including
#   <complex>; libc++ has it in an inline namespace, and each use of the name is ambiguous, so that nothing that includes ap_fixed.h compiles.
#   With the guards of the two headers for complex numbers defined beforehand it does.
# What hlsexplore does: its simulations define them, and the command in an exported project's README names them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps hls4ml==1.3.0 da4ml==0.6.0 ziglang==0.17.1 2>/dev/null
site=$("$folder/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cat > "$folder/t.cpp" <<'C'
#include "ap_fixed.h"
ap_fixed<16, 6> twice(ap_fixed<16, 6> x) { return x + x; }
C
ZIG_GLOBAL_CACHE_DIR=$folder/zig
export ZIG_GLOBAL_CACHE_DIR
compile() {
    "$folder/venv/bin/python" -m ziglang c++ -std=c++11 -w -c "$@" "$folder/t.cpp" -o "$folder/t.o" > "$folder/log" 2>&1 && echo compiles && return
    grep -c "reference to 'complex' is ambiguous" "$folder/log" > "$folder/count" && echo "complex is ambiguous" || cat "$folder/log"
}
guards="-D__AP_INT_SPECIAL_H__ -D__AP_FIXED_SPECIAL_H__"
seen=$(
    for headers in hls4ml/templates/vivado/ap_types da4ml/codegen/hls/source/ap_types/include; do
        compile -isystem "$site/$headers"
        compile $guards -isystem "$site/$headers"
    done
)
echo "$seen"
test "$seen" = "complex is ambiguous
compiles
complex is ambiguous
compiles"
