# ruff: noqa: T201
"""Pretends to be vivado on the scripts of hlsexplore."""

import os
import re
import sys
import time
from pathlib import Path

UTILIZATION = """
| Tool Version : Vivado v.2023.2 (lin64) Build 1
| Device       : xcvu13p
| Design State : {state}

+-------------------------+------+-------+------------+-----------+-------+
|        Site Type        | Used | Fixed | Prohibited | Available | Util% |
+-------------------------+------+-------+------------+-----------+-------+
| CLB LUTs*               |  300 |     0 |          0 |   1728000 |  0.50 |
| CLB Registers           |  420 |     0 |          0 |   3456000 |  0.14 |
| Block RAM Tile          |  1.5 |     0 |          0 |      2688 |  0.45 |
| URAM                    |    0 |     0 |          0 |      1280 |  0.00 |
| DSPs                    |    7 |     0 |          0 |     12288 |  3.80 |
+-------------------------+------+-------+------------+-----------+-------+
"""
HIERARCHY = """
+----------------+-----------+------------+------------+---------+------+-----+--------+--------+------+------------+
|    Instance    |   Module  | Total LUTs | Logic LUTs | LUTRAMs | SRLs | FFs | RAMB36 | RAMB18 | URAM | DSP Blocks |
+----------------+-----------+------------+------------+---------+------+-----+--------+--------+------+------------+
| net_top        |     (top) |        300 |        300 |       0 |    0 | 420 |      1 |      1 |    0 |          7 |
|   (net_top)    |     (top) |         10 |         10 |       0 |    0 |  24 |      0 |      0 |    0 |          0 |
|   first        |    net_fc |        280 |        280 |       0 |    0 | 350 |      1 |      1 |    0 |          7 |
|     sub        |   net_sub |        100 |        100 |       0 |    0 | 150 |      0 |      0 |    0 |          7 |
|   half_0       |  net_relu |         10 |         10 |       0 |    0 |  46 |      0 |      0 |    0 |          0 |
+----------------+-----------+------------+------------+---------+------+-----+--------+--------+------+------------+
"""
TIMING = """
| Design Timing Summary
| ---------------------

    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints      WHS(ns)      THS(ns)
    -------      -------  ---------------------  -------------------      -------      -------
      1.250        0.000                      0                  723        0.022        0.000

Clock   Waveform(ns)         Period(ns)      Frequency(MHz)
-----   ------------         ----------      --------------
clk     {0.000 2.500}        5.000           200.000
"""


def main() -> None:
    mode = os.environ.get("MOCK_MODE", "succeed")
    assert sys.argv[1:-1] == ["-mode", "batch", "-nojournal", "-notrace", "-log", "vivado.log", "-source"], sys.argv
    script = Path(sys.argv[-1]).read_text()
    for source in re.findall(r"read_verilog -sv (\S+)", script):
        assert Path(source).is_file(), source
    print("****** Vivado v2023.2 (64-bit)", flush=True)
    if mode == "hang":
        time.sleep(600)
    for step in re.findall(r"^step (\w+) \{", script, re.MULTILINE):
        print(f"HLSEXPLORE STAGE {step}", flush=True)
        if mode == "fail" and step == "synth":
            print("ERROR: [Synth 8-439] module 'net_fc' not found [net_top.v:5]")
            print("HLSEXPLORE FAILED synth: ERROR: [Common 17-69] Command failed: Synthesis failed", flush=True)
            sys.exit(1)
    state = "Routed" if "route_design" in script else "Optimized"
    for name, text in (
        ("utilization", UTILIZATION.replace("{state}", state)),
        ("hierarchy", HIERARCHY),
        ("timing", TIMING),
    ):
        if mode != f"no_{name}":
            Path(f"{name}.rpt").write_text(text[:90] if mode == "partial" else text)
        if mode == "old":
            os.utime(f"{name}.rpt", (1_500_000_000, 1_500_000_000))
    for file in re.findall(r"(?:write_bitstream -force|file copy -force \S+) (\S+\.bit)", script):
        Path(file).write_bytes(b"\x00bits")
    if mode != "quiet_end":
        print("HLSEXPLORE DONE", flush=True)


if __name__ == "__main__":
    main()
