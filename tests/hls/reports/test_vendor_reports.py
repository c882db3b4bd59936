"""Reports of the vendor's tools: figures read exactly, everything else unknown or refused."""

import os
import shutil
import time
from pathlib import Path

import pytest

from hlsexplore.errors import ToolError
from hlsexplore.report import Figures
from hlsexplore_hls.reports.cosim import Cosim, parse_cosim_rpt
from hlsexplore_hls.reports.csynth import parse_csynth_rpt, parse_csynth_xml
from hlsexplore_hls.reports.files import read_report
from hlsexplore_hls.reports.folder import read_report_folder, read_reports
from hlsexplore_hls.reports.numbers import cells, number
from hlsexplore_hls.reports.vivado import parse_timing, parse_utilization

DATA = Path(__file__).parents[2] / "data" / "reports"
SYN = "myproject_prj/solution1/syn/report"
DENSE = "dense_latency_ap_fixed_16_6_5_3_0_ap_fixed_16_6_5_3_0_config2_s"


def text(name: str) -> str:
    return (DATA / name).read_text()


@pytest.mark.parametrize(
    ("folder", "tool", "version", "ff", "latency", "clock"),
    [
        ("vivado_hls_2019_2", "vivado_hls", "2019.2", 5941, 9, 4.371),
        ("vitis_hls_2024_1", "vitis_hls", "2024.1", 3736, 13, 3.561),
    ],
)
def test_csynth_xml_and_text_agree(folder: str, tool: str, version: str, ff: int, latency: int, clock: float) -> None:
    expected = Figures(
        lut=23983,
        ff=ff,
        dsp=468,
        bram18=4,
        uram=0,
        latency_cycles_min=latency,
        latency_cycles_max=latency,
        ii_cycles=1,
        clock_ns=clock,
    )
    xml = parse_csynth_xml(text(f"{folder}/{SYN}/myproject_csynth.xml"))
    rpt = parse_csynth_rpt(text(f"{folder}/{SYN}/myproject_csynth.rpt"))
    for report in (xml, rpt):
        assert (report.module, report.tool, report.version) == ("myproject", tool, version)
        assert (report.part, report.clock_target_ns) == ("xcu250-figd2104-2L-e", 5)
        assert report.figures == expected
    assert len(rpt.instances) == 4
    assert rpt.instances[DENSE] == Figures(
        lut=18843, ff=1960, dsp=349, bram18=0, uram=0, latency_cycles_min=2, latency_cycles_max=2, ii_cycles=1
    )


def test_csynth_text_of_2018_has_no_uram_and_other_columns() -> None:
    report = parse_csynth_rpt(text(f"vivado_hls_2018_3/{SYN}/myproject_csynth.rpt"))
    assert report.figures == Figures(
        lut=23983,
        ff=5941,
        dsp=468,
        bram18=4,
        uram=None,
        latency_cycles_min=9,
        latency_cycles_max=12,
        ii_cycles=3,
        clock_ns=4.371,
    )
    assert report.instances[DENSE].latency_cycles_max == 2


@pytest.mark.parametrize("value", ["undef", "-", "?", "", "~0", "nan", "1e9", "9" * 40, "0x10", "12 34"])
def test_unknown_values_are_none_never_zero(value: str) -> None:
    xml = (
        text(f"vivado_hls_2019_2/{SYN}/myproject_csynth.xml")
        .replace(">9<", f">{value}<")
        .replace(">23983<", f">{value}<")
    )
    figures = parse_csynth_xml(xml).figures
    assert (figures.lut, figures.latency_cycles_min, figures.latency_cycles_max, figures.ff) == (None, None, None, 5941)


def test_missing_elements_are_none() -> None:
    report = parse_csynth_xml("<profile><UserAssignments><TopModelName>top</TopModelName></UserAssignments></profile>")
    assert (report.module, report.tool, report.version, report.figures) == ("top", None, None, Figures())


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><profile>&c;</profile>'


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (BOMB, "the report of C synthesis declares a document type, which no tool writes, so it is not read."),
        ("<a>" * 100, "the report of C synthesis is nested too deeply, so it is not read."),
        ("<profile></profile>", "this XML file is no report of C synthesis: it names no top module."),
        (
            "<profile><Version>",
            "the report of C synthesis is damaged: no element found: line 1, column 18. Run the synthesis again.",
        ),
        ("", "the report of C synthesis is damaged: no element found: line 1, column 0. Run the synthesis again."),
    ],
)
def test_hostile_or_damaged_xml_is_refused(damaged: str, message: str) -> None:
    with pytest.raises(ToolError) as error:
        parse_csynth_xml(damaged)
    assert str(error.value) == message


def test_external_entities_are_never_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("42")
    xml = f'<!DOCTYPE a SYSTEM "{tmp_path}/secret"><profile/>'
    with pytest.raises(ToolError, match="declares a document type"):
        parse_csynth_xml(xml)


def test_truncated_text_report_gives_what_it_has() -> None:
    whole = text(f"vitis_hls_2024_1/{SYN}/myproject_csynth.rpt")
    for end in range(0, len(whole), 97):
        try:
            figures = parse_csynth_rpt(whole[:end]).figures
        except ToolError:
            assert end < 200
            continue
        assert figures.lut in (None, 23983) and figures.latency_cycles_max in (None, 13)
    assert parse_csynth_rpt(whole[:3000]).figures.lut is None


def test_text_that_is_no_report_is_refused() -> None:
    for parse in (parse_csynth_rpt, parse_cosim_rpt, parse_utilization, parse_timing):
        with pytest.raises(ToolError, match="this text file is no "):
            parse("| a | b |\n" * 10)


def test_cosim_reads_both_forms() -> None:
    old = parse_cosim_rpt(text("vivado_hls_2019_2/myproject_prj/solution1/sim/report/myproject_cosim.rpt"))
    assert old == Cosim(
        language="Verilog",
        has_passed=True,
        latency_cycles_min=10,
        latency_cycles_max=10,
        ii_cycles_max=1,
        total_cycles=None,
    )
    new = text("vitis_hls_2024_1/myproject_prj/solution1/sim/report/myproject_cosim.rpt")
    assert parse_cosim_rpt(new).total_cycles == 1011 and parse_cosim_rpt(new).ii_cycles_max == 2
    assert not parse_cosim_rpt(new.replace("Pass", "Fail")).has_passed


def test_vivado_utilization_and_timing() -> None:
    report = parse_utilization(text("vitis_hls_2024_1/vivado_synth.rpt"))
    assert (report.version, report.device, report.state) == ("2024.1", "xcu250-figd2104-2L-e", "Optimized")
    assert report.figures == Figures(lut=8565, ff=4864, dsp=467, bram18=25, uram=0)
    older = parse_utilization(text("vivado/utilization_2019_2_7series.rpt"))
    assert older.figures == Figures(lut=23011, ff=19842, dsp=126, bram18=22, uram=None)
    timing = parse_timing(text("vivado/timing_summary_2024_1.rpt"))
    assert (timing.wns_ns, timing.whs_ns, timing.failing_endpoints, timing.period_ns) == (-0.421, 0.022, 57, 5)
    assert timing.reached_ns == 5.421


@pytest.mark.parametrize("start", ["", "myproject_prj", "myproject_prj/solution1", SYN])
@pytest.mark.parametrize("folder", ["vivado_hls_2019_2", "vitis_hls_2024_1"])
def test_hls4ml_project_is_read_with_its_layers(folder: str, start: str) -> None:
    report = read_report_folder(DATA / folder / start)
    assert (report.source, report.tool, report.design_key) == ("csynth", folder[:-7], None)
    assert report.total.lut == 23983
    assert {name: figures.lut for name, figures in report.layers.items()} == {
        "fc1": 18843,
        "fc1_relu": 896,
        "output": 3392,
        "output_softmax": 664,
    }
    assert report.layers["output"].latency_cycles_max == 1
    assert report.layers["fc1"].clock_ns in (4.301, 3.301), "the module's own report completes the top's table"
    assert report.layers["output"].clock_ns is None
    assert report.missing == ()


def test_folder_without_top_source_has_a_total_only() -> None:
    report = read_report_folder(DATA / "vivado_hls_2018_3")
    assert (report.tool, report.tool_version, report.total.lut, report.layers) == ("vivado_hls", "2018.3", 23983, {})


def test_layers_can_be_named_by_a_word_of_their_modules() -> None:
    report = read_report_folder(DATA / "vivado_hls_2018_3", layers={"first": "config2", "other": "config9"})
    assert report.layers["first"].lut == 18843
    assert report.missing == ("The report does not tell which modules belong to the layer 'other'.",)


def test_read_reports_finds_cosim_and_logic_synthesis() -> None:
    reports = read_reports(DATA / "vitis_hls_2024_1")
    assert reports.cosim is not None and reports.cosim.latency_cycles_max == 14
    assert reports.vsynth is not None and reports.vsynth.figures.lut == 8565
    assert read_reports(DATA / "vivado_hls_2018_3").cosim is None


def test_folder_without_reports_says_so(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as error:
        read_report_folder(tmp_path)
    assert str(error.value) == (
        f"the folder {str(tmp_path)!r} has no report of C synthesis (no file '*_csynth.xml' or '.rpt')."
    )
    with pytest.raises(ToolError, match="is no folder"):
        read_report_folder(tmp_path / "nowhere")


def test_several_outermost_modules_need_a_name(tmp_path: Path) -> None:
    shutil.copytree(DATA / "vivado_hls_2018_3" / SYN, tmp_path / "report")
    rpt = (tmp_path / "report" / "myproject_csynth.rpt").read_text()
    (tmp_path / "report" / "other_csynth.rpt").write_text(rpt.replace("'myproject'", "'other'"))
    with pytest.raises(ToolError, match=r"it could be 'myproject', 'other'\. Name it with top="):
        read_report_folder(tmp_path / "report")
    assert read_report_folder(tmp_path / "report", top="other").total.lut == 23983


def test_old_and_huge_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.rpt"
    file.write_text("x" * 100)
    with pytest.raises(ToolError, match="is larger than 0 MB"):
        read_report(file, max_bytes=99)
    start = time.time_ns()
    os.utime(file, ns=(start - 1, start - 1))
    with pytest.raises(ToolError, match=r"is older than this run: the tool left no report\. Run it again\."):
        read_report(file, newer_than_ns=start)
    assert read_report(file) == "x" * 100


def test_table_cells_and_numbers() -> None:
    assert cells("  | a |  12|") == ["a", "12"]
    assert cells("+---+") is None and cells("|") is None and cells("a | b") is None
    assert cells("|" + "x|" * 1000) is None
    assert number("12.5") == 12.5 and number("-0.421") == -0.421 and number("  7 ns ") == 7
