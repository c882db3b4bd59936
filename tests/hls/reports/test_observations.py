"""Reports beside their estimates, on hls4ml projects made here: what `hlsexplore calibrate` learns from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.cli import main
from hlsexplore.errors import ConfigError, ToolError
from hlsexplore.estimate import Calibration, estimate_record
from hlsexplore.estimate.coefficients import own_coefficients, read_coefficients
from hlsexplore.estimate.logic import after_synthesis
from hlsexplore.estimate.record import DesignRecord
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input
from hlsexplore_hls import export
from hlsexplore_hls.reports.hls4ml_project import read_hls4ml_project
from hlsexplore_hls.reports.observations import collect, observations_of, pairs_of

PART = "xcvu13p-flga2577-2-e"
REPORTS = "myproject_prj/solution1/syn/report"
FILES = {
    "firmware/defines.h": """
typedef ap_fixed<16,6> input_t;
typedef ap_fixed<16,6> model_default_t;
typedef ap_fixed<16,6> layer2_t;
typedef ap_fixed<8,2> weight2_t;
""",
    "firmware/parameters.h": """
struct config2 : nnet::dense_config {
    static const unsigned n_in = 16;
    static const unsigned n_out = 8;
    static const unsigned strategy = nnet::latency;
    static const unsigned reuse_factor = 1;
    typedef model_default_t accum_t;
    typedef weight2_t weight_t;
};
""",
    "firmware/myproject.cpp": """
void myproject(input_t x[16], layer2_t layer2_out[8]) {
    #pragma HLS PIPELINE
    nnet::dense<input_t, layer2_t, config2>(x, layer2_out, w2, b2); // fc1
}
""",
    "firmware/weights/w2.txt": ",".join(f"{value / 64}" for value in np.random.default_rng(0).integers(-99, 99, 128)),
    "project.tcl": f'set part "{PART}"\nset clock_period 5\nset backend "Vivado"\nset project_name "myproject"\n',
}
XML = f"""<profile>
<ReportVersion><Version>2020.1</Version></ReportVersion>
<UserAssignments><Part>{PART}</Part><TopModelName>myproject</TopModelName></UserAssignments>
<PerformanceEstimates><SummaryOfOverallLatency><Best-caseLatency>2</Best-caseLatency>
<Worst-caseLatency>2</Worst-caseLatency><Interval-min>1</Interval-min><Interval-max>1</Interval-max>
</SummaryOfOverallLatency></PerformanceEstimates>
<AreaEstimates><Resources><BRAM_18K>0</BRAM_18K><DSP48E>60</DSP48E><FF>700</FF><LUT>4321</LUT><URAM>0</URAM></Resources>
</AreaEstimates>
</profile>
"""
TEXT = f"""================================================================
== Vitis HLS Report for 'myproject'
================================================================
* Version:        2023.2 (Build 4023990)
* Target device:  {PART}

== Utilization Estimates
* Summary:
+-----------------+---------+------+--------+--------+-----+
|       Name      | BRAM_18K|  DSP |   FF   |   LUT  | URAM|
+-----------------+---------+------+--------+--------+-----+
|Total            |        0|    61|     650|    3999|    0|
+-----------------+---------+------+--------+--------+-----+
"""
VIVADO = f"""| Tool Version : Vivado v.2020.1 (lin64)
| Device       : {PART}
| Design State : Synthesized
+-----------------+------+-------+-----------+-------+
|    Site Type    | Used | Fixed | Available | Util% |
+-----------------+------+-------+-----------+-------+
| CLB LUTs*       | 2100 |     0 |   1728000 |  0.12 |
| CLB Registers   |  420 |     0 |   3456000 |  0.01 |
| Block RAM Tile  |    0 |     0 |      2688 |  0.00 |
| DSPs            |   60 |     0 |     12288 |  0.49 |
+-----------------+------+-------+-----------+-------+
"""


def project(root: Path, **reports: str) -> Path:
    """Write an hls4ml project; keys of `reports` are `xml`, `rpt` and `vivado`."""
    places = {"xml": f"{REPORTS}/myproject_csynth.xml", "rpt": f"{REPORTS}/myproject_csynth.rpt"}
    texts = FILES | {places.get(key, "vivado_synth.rpt"): text for key, text in reports.items()}
    for name, text in texts.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("kind", "text", "tool", "lut"), [("xml", XML, "vivado_hls", 4321), ("rpt", TEXT, "vitis_hls", 3999)]
)
def test_an_hls4ml_project_becomes_an_observation_of_the_tool_that_reported(
    tmp_path: Path, kind: str, text: str, tool: str, lut: int
) -> None:
    (found,) = observations_of(project(tmp_path, **{kind: text}))
    assert (found.tool, found.family, found.model, found.design_key) == (tool, "virtexuplus", "hls4ml myproject", "")
    assert found.report["lut"] == lut
    assert found.estimate["dsp"] > 0
    assert 0.5 < found.estimate["lut"] / lut < 2


def test_the_report_decides_the_version_that_is_estimated(tmp_path: Path) -> None:
    root = project(tmp_path, xml=XML.replace("2020.1", "2019.2"))
    newest = estimate_record(read_hls4ml_project(root).design)
    assert observations_of(root)[0].estimate["lut"] < newest.total.lut


def test_a_utilisation_report_is_an_observation_of_vivado(tmp_path: Path) -> None:
    hls, logic = observations_of(project(tmp_path, xml=XML, vivado=VIVADO))
    assert (hls.tool, logic.tool) == ("vivado_hls", "vivado")
    assert (logic.report["lut"], logic.report["ff"], logic.report["dsp"]) == (2100, 420, 60)
    assert logic.estimate["lut"] < hls.estimate["lut"]


def test_a_utilisation_report_alone_is_enough(tmp_path: Path) -> None:
    (found,) = observations_of(project(tmp_path, vivado=VIVADO))
    assert (found.tool, found.report["lut"]) == ("vivado", 2100)
    design = read_hls4ml_project(tmp_path).design
    assert found.estimate["lut"] == after_synthesis(estimate_record(design), design).total.lut


SIMULATED = """| Verilog | Pass | 3 | 3 | 4 | 1 | 1 | 2 |"""


@pytest.mark.parametrize("place", ["myproject_prj/solution1", "solution1"])
def test_check_sets_every_report_beside_its_estimate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    root = project(tmp_path, xml=XML, vivado=VIVADO)
    (root / "myproject_prj" / "solution1" / "sim" / "report").mkdir(parents=True)
    (root / "myproject_prj" / "solution1" / "sim" / "report" / "myproject_cosim.rpt").write_text(SIMULATED)
    if place == "solution1":
        (root / "myproject_prj" / "solution1").rename(root / "solution1")
    hls, logic = observations_of(root)
    # The array of biases has no file: the record needs none, the graph does.
    (root / "firmware" / "weights" / "b2.txt").write_text(",".join(["0.5"] * 8))
    assert main(["hls4ml", "check", str(root), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["report"]["total"]["lut"], found["report"]["total"]["dsp"]) == (4321, 60)
    assert found["estimate"]["total"]["dsp"] == pytest.approx(hls.estimate["dsp"])
    assert (found["logic"]["report"]["total"]["lut"], found["simulated"]["latency_cycles_max"]) == (2100, 4)
    assert found["logic"]["estimate"]["total"]["dsp"] == logic.estimate["dsp"]
    assert main(["hls4ml", "check", str(root)]) == 0
    text = capsys.readouterr().out
    assert "report of vivado_hls 2020.1" in text and "/ 4,321" in text and "/ 2,100" in text
    assert "Co-simulation: passed, latency 3 to 4 cycles, II 2" in text


def test_a_project_opened_in_the_explorer_shows_its_report(tmp_path: Path) -> None:
    from hlsexplore_widgets import explore

    root = project(tmp_path, xml=XML, vivado=VIVADO)
    (root / "firmware" / "weights" / "b2.txt").write_text(",".join(["0.5"] * 8))
    x = np.random.default_rng(1).normal(size=(64, 16))
    explorer = explore(root, x)
    assert explorer.state.wait(60)
    lut = next(item for item in explorer.tiles.view.shown["tiles"] if item["id"] == "lut")
    assert (lut["value"], lut["source"]) == ("4,321", "vivado_hls")
    (root / REPORTS / "myproject_csynth.xml").unlink()
    (root / "vivado_synth.rpt").unlink()
    without = explore(root, x)
    assert without.state.wait(60)
    assert without.state.live.reports == () and without.design == explorer.design


def test_sizes_by_name_and_types_in_place_are_read_as_older_versions_write_them(tmp_path: Path) -> None:
    newer = estimate_record(read_hls4ml_project(project(tmp_path / "new")).design)
    old = project(tmp_path / "old")
    defines, parameters = old / "firmware/defines.h", old / "firmware/parameters.h"
    defines.write_text("#define N_INPUT_1_1 16\n#define N_LAYER_2 8\n" + defines.read_text())
    text = parameters.read_text().replace("n_in = 16", "n_in = N_INPUT_1_1").replace("n_out = 8", "n_out = N_LAYER_2")
    parameters.write_text(text.replace("typedef model_default_t accum_t", "typedef ap_fixed<16,6> accum_t"))
    assert estimate_record(read_hls4ml_project(old).design).total == newer.total


def test_a_report_file_leads_to_its_project(tmp_path: Path) -> None:
    root = project(tmp_path, xml=XML)
    assert observations_of(root / REPORTS / "myproject_csynth.xml") == observations_of(root)


def test_several_projects_are_learnt_and_the_same_report_counts_once(tmp_path: Path) -> None:
    paths = [project(tmp_path / "a", xml=XML), project(tmp_path / "b", rpt=TEXT)]
    once = Calibration().with_observations(collect(paths).observations)
    assert [item.tool for item in once.observations] == ["vivado_hls", "vitis_hls"]
    assert once.with_observations(collect(paths).observations) == once


def test_reports_that_were_copied_elsewhere_are_found(tmp_path: Path) -> None:
    """A kernel's folder holds the report of its wrapper, which is not the network's, beside the network's own."""
    root = project(tmp_path, xml=XML)
    wrapper = XML.replace(">myproject<", ">kernel_wrapper<").replace("4321", "9999")
    kernel = root / "build/xo/kernel/a/b/solution/syn/report"
    kernel.mkdir(parents=True)
    (root / REPORTS / "myproject_csynth.xml").rename(kernel / "myproject_csynth.xml")
    (kernel / "kernel_wrapper_csynth.xml").write_text(wrapper)
    (kernel.parent.parent / "hls.app").write_text('<project xmlns="" top="kernel_wrapper"/>')
    (root / "build/reports").mkdir()
    (root / "build/reports/kernel_wrapper_csynth.xml").write_text(wrapper)
    assert observations_of(root)[0].report["lut"] == 4321


def test_a_report_kept_beside_the_only_project_is_found(tmp_path: Path) -> None:
    root = project(tmp_path / "hls")
    results = tmp_path / "results"
    results.mkdir()
    (results / "myproject_csynth.rpt").write_text(TEXT)
    (found,) = observations_of(root)
    assert (found.tool, found.report["lut"], found.report["dsp"]) == ("vitis_hls", 3999, 61)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "myproject_csynth.xml").write_text(XML)
    with pytest.raises(ToolError, match="has no report of C synthesis"):  # two places: nobody knows which
        observations_of(root)


def test_a_report_beside_several_projects_or_of_another_function_is_not_taken(tmp_path: Path) -> None:
    root = project(tmp_path / "hls")
    (tmp_path / "elsewhere_csynth.rpt").write_text(TEXT.replace("myproject", "elsewhere"))
    with pytest.raises(ToolError, match="has no report of C synthesis"):
        observations_of(root)
    (tmp_path / "myproject_csynth.rpt").write_text(TEXT)
    assert len(observations_of(root)) == 1
    project(tmp_path / "hls_2")
    with pytest.raises(ToolError, match="has no report of C synthesis"):
        observations_of(root)


def test_clock_and_wrapper_are_those_of_the_report(tmp_path: Path) -> None:
    slow = XML.replace("</TopModelName>", "</TopModelName><TargetClockPeriod>2.00</TargetClockPeriod>")
    wrapped = XML.replace(">myproject<", ">myproject_axi<")
    plain, fast, axi = (
        observations_of(project(tmp_path / name, xml=text))[0].estimate
        for name, text in (("plain", XML), ("fast", slow), ("axi", wrapped))
    )
    assert fast["latency_cycles_max"] > plain["latency_cycles_max"] and fast["ff"] > plain["ff"]
    assert axi["latency_cycles_max"] >= plain["latency_cycles_max"] + 16 + 8
    assert axi["ii_cycles"] == axi["latency_cycles_max"] + 1


def test_the_part_of_the_clock_that_is_kept_free_is_that_of_the_report(tmp_path: Path) -> None:
    """A kernel's report says 1.35 of 5 ns, the project 0.625; a report that says 0.63 means the same as the project."""
    free = "</TopModelName><TargetClockPeriod>5.00</TargetClockPeriod><ClockUncertainty>{}</ClockUncertainty>"
    texts = {name: XML.replace("</TopModelName>", free.format(name)) for name in ("0.63", "1.35")}
    designs = [pairs_of(project(tmp_path / name, xml=text))[0].design for name, text in texts.items()]
    assert [item.budget_ns for item in designs] == [4.375, 3.65]
    timing = "== Utilization Estimates\n"
    rows = "+ Timing:\n    * Summary:\n    |  Clock |  Target | Estimated| Uncertainty|\n"
    text = TEXT.replace(timing, f"{rows}    |ap_clk  |  5.00 ns|  2.347 ns|     1.35 ns|\n\n{timing}")
    assert pairs_of(project(tmp_path / "text", rpt=text))[0].design.budget_ns == 3.65


def test_a_project_without_a_report_says_so(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="has no report of C synthesis"):
        observations_of(project(tmp_path))


def test_a_folder_outside_any_project_says_so(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="is in no project of hlsexplore or hls4ml"):
        observations_of(tmp_path)


def jets() -> hx.Design:
    kernel = np.random.default_rng(1).normal(0, 0.4, (16, 8))
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(16,)),
        Node(name="fc", op=Dense(kernel=kernel, bias=np.zeros(8)), inputs=("x",), shape=(8,)),
    )
    target = hx.Target(tool="vivado_hls", part=PART)
    return hx.Design.default(Graph(name="net", nodes=nodes, outputs=("fc",)), target=target)


def test_a_project_of_ours_without_a_report_says_so(tmp_path: Path) -> None:
    export(jets(), tmp_path / "out", flow="vitis")
    with pytest.raises(ToolError, match="has no report of its present files"):
        observations_of(tmp_path / "out")


def test_calibrate_command_moves_the_next_estimates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HLSEXPLORE_CALIBRATION", str(tmp_path / "calibration.json"))
    root = project(tmp_path / "hls4ml", xml=XML, vivado=VIVADO)
    assert main(["calibrate", str(root), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["observations"], data["new"]) == (2, 2)
    learnt, item = Calibration.load(), jets()
    seen = {found.tool: found for found in learnt.observations}
    for level, tool in (("hls", "vivado_hls"), ("logic", "vivado")):
        before, after = hx.estimate(item, level=level), hx.estimate(item, level=level, calibration=learnt)
        assert after.tool == tool
        rises = seen[tool].report["lut"] > seen[tool].estimate["lut"]
        assert (after.total.lut > before.total.lut) == rises
        bounds = [report.bounds[0].upper.lut / report.bounds[0].lower.lut for report in (before, after)]
        assert bounds[1] < bounds[0]


def test_all_projects_below_a_folder_are_read_and_a_bad_one_is_named(tmp_path: Path) -> None:
    for index in range(12):
        project(
            tmp_path / f"user{index % 3}" / f"run{index}" / "hls4ml_prj", xml=XML.replace("4321", str(4000 + index))
        )
    project(tmp_path / "user0" / "empty")
    broken = project(tmp_path / "user1" / "broken", xml="<profile><unclosed>")
    partial = project(tmp_path / "user2" / "partial", xml=XML)
    (partial / "firmware/parameters.h").write_text("struct {")
    found = collect([tmp_path])
    assert sorted(item.report["lut"] for item in found.observations) == [4000 + index for index in range(12)]
    assert [Path(where).name for where, _ in found.left_out] == ["empty", "broken", "partial"]
    reasons = dict(found.left_out)
    assert "not of the whole design" in reasons[str(partial)]
    assert "has no report of C synthesis" in reasons[str(tmp_path / "user0" / "empty")]
    assert reasons[str(broken)]


def test_functions_of_a_branch_are_checked_and_not_learnt(tmp_path: Path) -> None:
    root = project(tmp_path / "branch", xml=XML)
    file = root / "firmware/myproject.cpp"
    file.write_text(file.read_text().replace("nnet::dense<", "nnet::dense_ss<"))
    assert [pair.variants for pair in pairs_of(root)] == [("dense_ss",)], "hls4ml check still sets them side by side"
    project(tmp_path / "plain", xml=XML)
    found = collect([tmp_path])
    assert found.roots == (str(tmp_path / "plain"),)
    ((left_out, reason),) = found.left_out
    assert left_out == str(root) and reason.startswith(
        "dense_ss: of a branch of hls4ml, whose functions cost otherwise"
    )


def test_only_bad_projects_are_an_error(tmp_path: Path) -> None:
    project(tmp_path / "a" / "empty")
    with pytest.raises(ToolError, match="has no report of C synthesis"):
        collect([tmp_path])


def test_a_fit_writes_own_coefficients_which_estimates_then_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HLSEXPLORE_CALIBRATION", str(tmp_path / "calibration.json"))
    monkeypatch.setenv("HLSEXPLORE_COEFFICIENTS", str(tmp_path / "own.toml"))
    plain = estimate_record(observed(tmp_path / "probe")).total.lut
    assert plain is not None
    for index in range(5):
        project(tmp_path / "runs" / f"run{index}", xml=XML.replace("4321", f"{1.5 * plain + index:.0f}"))
    project(tmp_path / "runs" / "empty")
    assert main(["calibrate", str(tmp_path / "runs"), "--fit", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["fit"]["file"], data["fit"]["designs"]) == (str(tmp_path / "own.toml"), 5)
    assert data["fit"]["errors"]["lut"]["fitted"] < data["fit"]["errors"]["lut"]["shipped"]
    assert [Path(item["project"]).name for item in data["left_out"]] == ["empty"]
    own = own_coefficients()
    assert own is not None and own.name
    assert plain * 1.1 < estimate_record(observed(tmp_path / "probe"), own).total.lut < plain * 1.6
    report = hx.estimate(jets(), coefficients=own)
    assert "Estimated with your own coefficients, fitted to 5 designs." in report.notes
    # What was learnt beside the shipped coefficients does not correct estimates of others a second time.
    learnt = Calibration.load()
    assert {item.coefficients for item in learnt.observations} == {"", own.name}


def observed(root: Path) -> DesignRecord:
    design = read_hls4ml_project(project(root, xml=XML)).design
    return replace(design, tool="vivado_hls", version="2020.1")


def test_a_fit_to_one_project_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HLSEXPLORE_CALIBRATION", str(tmp_path / "calibration.json"))
    assert main(["calibrate", str(project(tmp_path / "one", xml=XML)), "--fit"]) != 0
    assert "at least 3 hls4ml projects, and here are 1" in capsys.readouterr().err


def test_damaged_coefficients_are_named(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    for text in ("[models", "[models]\nunrolled = 3\n", "[other]\n"):
        file.write_text(text)
        with pytest.raises(ConfigError, match=r"the coefficients '.*own.toml' cannot be read"):
            read_coefficients(file)
