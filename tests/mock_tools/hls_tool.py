# ruff: noqa: T201, W291
"""Pretends to be vitis_hls, vitis-run or vivado_hls on a script of hlsexplore."""

import os
import re
import signal
import sys
import time
from pathlib import Path

LATENCY = """
+ Latency: 
    * Summary: 
    +---------+---------+-----------+-----------+-----+-----+---------+
    |  Latency (cycles) |   Latency (absolute)  |  Interval | Pipeline|
    |   min   |   max   |    min    |    max    | min | max |   Type  |
    +---------+---------+-----------+-----------+-----+-----+---------+
    |       11|       12|  55.000 ns|  60.000 ns|    1|    2|      yes|
    +---------+---------+-----------+-----------+-----+-----+---------+
"""
REPORT = """

================================================================
== {tool} HLS Report for '{top}'
================================================================
* Version:        {version} (Build 1)
* Target device:  {part}

================================================================
== Performance Estimates
================================================================
+ Timing: 
    * Summary: 
    +--------+---------+----------+------------+
    |  Clock |  Target | Estimated| Uncertainty|
    +--------+---------+----------+------------+
    |ap_clk  |  5.00 ns|  3.561 ns|     1.35 ns|
    +--------+---------+----------+------------+
{latency}
================================================================
== Utilization Estimates
================================================================
* Summary: 
+---------------------+---------+-------+---------+---------+------+
|         Name        | BRAM_18K|  {dsp}  |    FF   |   LUT   | URAM |
+---------------------+---------+-------+---------+---------+------+
|Total                |        4|     50|     2674|    16512|     0|
+---------------------+---------+-------+---------+---------+------+

+ Detail: 
    * Instance: 
    +---------+---------+---------+-------+------+-------+-----+
    | Instance|  Module | BRAM_18K|  {dsp}|  FF  |  LUT  | URAM|
    +---------+---------+---------+-------+------+-------+-----+
    |grp_a    |dense_ap_fixed_dense_1_s  |  0|  35|  956|  8169|  0|
    |grp_b    |relu_ap_fixed_relu_s      |  0|   0|    0|   490|  0|
    +---------+---------+---------+-------+------+-------+-----+
"""
XML = """<profile><ReportVersion><Version>{version}</Version></ReportVersion>
<UserAssignments><Part>{part}</Part><TopModelName>{top}</TopModelName>
<TargetClockPeriod>5.00</TargetClockPeriod></UserAssignments>
<PerformanceEstimates><SummaryOfTimingAnalysis><EstimatedClockPeriod>3.561</EstimatedClockPeriod></SummaryOfTimingAnalysis>
<SummaryOfOverallLatency><Best-caseLatency>11</Best-caseLatency><Worst-caseLatency>12</Worst-caseLatency>
<Interval-min>1</Interval-min><Interval-max>2</Interval-max></SummaryOfOverallLatency></PerformanceEstimates>
<AreaEstimates><Resources><BRAM_18K>4</BRAM_18K><{dsp}>50</{dsp}><FF>2674</FF><LUT>16512</LUT><URAM>0</URAM></Resources>
</AreaEstimates></profile>
"""
COSIM = """
|   RTL    |  Status  |  min |  avg |  max |  min |  avg |  max |
|      VHDL|        NA|    NA|    NA|    NA|    NA|    NA|    NA|
|   Verilog|    {status}|    14|    14|    15|     1|     1|     2|
"""
EXPORT = """Implementation tool: Xilinx Vivado v.2023.2
Device target:       {part}

#=== Post-Synthesis Resource usage ===
SLICE:            0
LUT:           7945
FF:            8073
DSP:             12
BRAM:             5
URAM:             0
SRL:            678

#=== Final timing ===
CP required:                     5.000
CP achieved post-synthesis:      3.605
Timing met
"""


def main() -> None:
    mode = os.environ.get("MOCK_MODE", "succeed")
    arguments = sys.argv[1:]
    if Path(sys.argv[0]).name == "vitis-run":
        assert arguments[:3] == ["--mode", "hls", "--tcl"], arguments
    else:
        assert arguments[0] == "-f", arguments
    script = Path(arguments[-1]).read_text()
    top = re.search(r"set_top (\w+)", script).group(1)
    part = re.search(r"part (xc\S+)", script).group(1)
    options = dict(item.split("=") for item in os.environ["HLSEXPLORE_BUILD"].split())
    print("****** Vitis HLS - High-Level Synthesis from C, C++ and OpenCL v2023.2 (64-bit)", flush=True)
    if mode == "hang":
        time.sleep(600)
    if mode == "flood":
        for index in range(200_000):
            print(f"INFO: [HLS 200-10] Analyzing design file number {index} ...")
    if mode == "fork" and os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        Path("grandchild").write_text(str(os.getpid()))
        time.sleep(600)
    solution = Path("build/hls/solution1")
    for option, step in (
        ("csim", "csim"),
        ("synth", "csynth"),
        ("cosim", "cosim"),
        ("export", "export"),
        ("vsynth", "vsynth"),
    ):
        if options[option] == "1":
            print(f"HLSEXPLORE STAGE {step}", flush=True)
            run(step, solution, top, part, mode)
            if mode == "fork":
                time.sleep(600)
    if mode == "quiet_end":
        return
    print("HLSEXPLORE DONE", flush=True)


def run(step: str, solution: Path, top: str, part: str, mode: str) -> None:
    is_vivado = Path(sys.argv[0]).name == "vivado_hls"
    values = {
        "top": top,
        "part": part,
        "tool": "Vivado" if is_vivado else "Vitis",
        "version": "2019.2" if is_vivado else "2023.2",
        "dsp": "DSP48E" if is_vivado else "DSP",
        "latency": LATENCY,
    }
    if step == "csynth":
        if mode == "fail":
            print("INFO: [HLS 200-10] Analyzing design file '../src/net.cpp' ...")
            print("ERROR: [HLS 207-3337] type 'unknown_t' does not provide a call operator (../src/net.cpp:12:5)")
            print(
                "HLSEXPLORE FAILED csynth: ERROR: [HLS 200-1715] Encountered problem during source synthesis",
                flush=True,
            )
            sys.exit(1)
        if mode == "lie":
            print("HLSEXPLORE FAILED csynth: disk full")
        if mode == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        reports = solution / "syn" / "report"
        reports.mkdir(parents=True)
        xml = XML.format(**values)
        if mode == "no_report":
            return
        (reports / f"{top}_csynth.xml").write_text(xml[: len(xml) // 2] if mode == "partial" else xml)
        (reports / f"{top}_csynth.rpt").write_text(REPORT.format(**values))
        if mode == "old":
            for file in reports.iterdir():
                os.utime(file, (1_500_000_000, 1_500_000_000))
    if step == "export" and re.search(r"flow vitis$", Path(sys.argv[-1]).read_text(), re.MULTILINE):
        Path(f"build/{top}.xo").write_bytes(b"kernel")
    if step == "cosim" and mode != "no_cosim":
        folder = solution / "sim" / "report"
        folder.mkdir(parents=True)
        (folder / f"{top}_cosim.rpt").write_text(COSIM.format(status="Fail" if mode == "cosim_fails" else "Pass"))
    if step == "vsynth":
        folder = solution / "impl" / "report" / "verilog"
        folder.mkdir(parents=True)
        name = f"{top}_export.rpt" if is_vivado else "export_syn.rpt"
        (folder / name).write_text(EXPORT.format(**values))


if __name__ == "__main__":
    main()
