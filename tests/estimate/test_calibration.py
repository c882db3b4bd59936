"""Learning from the user's reports."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.errors import ConfigError
from hlsexplore.estimate import Calibration, calibrate, calibration_path
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input
from hlsexplore.report import Figures, Report

PART = "xcvu13p-flga2577-2-e"


def design(bits: int, seed: int = 0, part: str = PART) -> hx.Design:
    kernel = np.random.default_rng(seed).normal(0, 0.3, (12, 8))
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(12,)),
        Node(name="fc", op=Dense(kernel=kernel, bias=np.zeros(8)), inputs=("x",), shape=(8,)),
    )
    graph = Graph(name="net", nodes=nodes, outputs=("fc",))
    target = hx.Target(tool="vivado_hls", part=part)
    return hx.Design.default(graph, target=target).with_layer("fc", weight=f"fixed<{bits},2>")


def reported(item: hx.Design, factor: float) -> Report:
    total = hx.estimate(item).total
    return Report(
        source="csynth",
        tool="vivado_hls",
        design_key=item.key,
        total=Figures(lut=total.lut * factor, ff=total.ff, dsp=total.dsp),
    )


def test_reports_of_the_same_network_move_the_estimate_and_narrow_the_interval() -> None:
    learnt = calibrate([(design(bits), reported(design(bits), 1.5)) for bits in (6, 8, 10, 14)])
    before, after = hx.estimate(design(12)), hx.estimate(design(12), calibration=learnt)
    assert 1.3 < after.total.lut / before.total.lut < 1.5
    widths = [report.bounds[0].upper.lut / report.bounds[0].lower.lut for report in (before, after)]
    assert widths[1] < widths[0]
    assert after.bounds[0].lower.lut <= after.total.lut <= after.bounds[0].upper.lut


def test_other_networks_and_families_count_less() -> None:
    reports = [(design(bits), reported(design(bits), 1.5)) for bits in (6, 8)]
    learnt = calibrate(reports)
    same = hx.estimate(design(12), calibration=learnt).total.lut / hx.estimate(design(12)).total.lut
    other = design(12, seed=1, part="xc7z020clg400-1")
    far = hx.estimate(other, calibration=learnt).total.lut / hx.estimate(other).total.lut
    assert 1 < far < same


def test_reports_never_move_an_interval_below_a_cycle() -> None:
    """A report of 0 (a damaged or combinational one) and estimates of 1: the next design still takes an input a cycle."""
    item = design(8)
    report = Report(source="csynth", tool="vivado_hls", design_key=item.key, total=Figures(ii_cycles=0.0, lut=1.0))
    found = hx.estimate(design(12), calibration=calibrate([(item, report)]))
    assert found.total.ii_cycles == 1
    assert all(bounds.lower.ii_cycles == 1 for bounds in found.bounds)


def test_a_design_that_was_synthesised_has_its_measured_figures() -> None:
    report = reported(design(8), 1.7)
    found = hx.estimate(design(8), calibration=calibrate([(design(8), report)]))
    assert found.total.lut == report.total.lut
    assert found.provenance["lut"] == "measured"
    assert found.provenance["ii_cycles"] != "measured"
    assert (
        report.total.lut is not None and found.bounds[1].lower.lut is not None and found.bounds[1].upper.lut is not None
    )
    assert report.total.lut - 1 < found.bounds[1].lower.lut <= found.bounds[1].upper.lut < report.total.lut + 1


def test_reports_of_another_tool_change_nothing() -> None:
    other = replace(reported(design(8), 1.7), tool="vitis_hls")
    learnt = calibrate([(design(8), other)])
    assert hx.estimate(design(8), calibration=learnt) == hx.estimate(design(8))


@pytest.mark.parametrize("family", ["xc7", "xcup", "ecp5"])
def test_a_count_of_one_family_is_learnt_for_that_family_and_no_other(family: str) -> None:
    own = design(8).with_target(tool="yosys")
    expected = hx.estimate(own, family=family)
    report = Report(
        source="yosys",
        tool="yosys",
        tool_version=f"0.70, {family}",
        family=family,
        total=expected.total,
        design_key="k",
    )
    learnt = calibrate([(own, replace(report, total=replace(expected.total, lut=2 * expected.total.lut)))])
    assert learnt.observations[0].family == family
    for other in ("xc7", "xcup", "ecp5"):
        before, after = (hx.estimate(own, family=other, calibration=item).total.lut for item in (None, learnt))
        assert (after != before) == (other == family), other


def test_a_newer_report_of_a_design_replaces_the_older_one() -> None:
    first = calibrate([(design(8), reported(design(8), 1.7))])
    second = calibrate([(design(8), reported(design(8), 1.2))], first)
    assert len(second.observations) == 1


def test_a_calibration_survives_its_file(tmp_path: Path) -> None:
    learnt = calibrate([(design(8), reported(design(8), 1.7))])
    assert Calibration.load(learnt.save(tmp_path / "deep" / "calibration.json")) == learnt


def test_an_absent_file_is_an_empty_calibration(tmp_path: Path) -> None:
    assert Calibration.load(tmp_path / "none.json") == Calibration()


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"observations": [{"tool": 1}]}', '{"observations": [3]}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "calibration.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="Delete it to start anew"):
        Calibration.load(file)


def test_the_path_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HLSEXPLORE_CALIBRATION", str(tmp_path / "own.json"))
    assert calibration_path() == tmp_path / "own.json"
    monkeypatch.delenv("HLSEXPLORE_CALIBRATION")
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(tmp_path / "cache"))
    assert calibration_path() == tmp_path / "cache" / "calibration.json"
    monkeypatch.delenv("HLSEXPLORE_CACHE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert calibration_path() == tmp_path / "hlsexplore" / "calibration.json"
