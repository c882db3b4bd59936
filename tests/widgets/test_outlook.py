"""What the build panel says before a synthesis starts."""

from pathlib import Path

import pytest

from hlsexplore import Design
from hlsexplore.graph import Graph
from hlsexplore_widgets.outlook import missing, outlook


def test_yosys_has_time_and_memory_and_no_warning(small_graph: Graph) -> None:
    found = outlook(Design.default(small_graph), "yosys")
    assert found.text.startswith("yosys: about ") and "processor time" in found.text and found.warnings == ()


def test_run_that_is_known_not_to_finish_is_warned_of(
    small_graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    import numpy as np

    from hlsexplore.graph import Graph, Node
    from hlsexplore.ops import Dense, Input

    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(80,)),
        Node(name="fc", op=Dense(kernel=np.ones((80, 60)), bias=np.zeros(60)), inputs=("x",), shape=(60,)),
    )
    found = outlook(Design.default(Graph(name="wide", nodes=nodes, outputs=("fc",))), "vitis_hls")
    assert len(found.warnings) == 2
    assert "'vitis_hls' was not found" in found.warnings[0] and "HLSEXPLORE_VITIS_HLS" in found.warnings[0]
    assert "known to fail or not to finish" in found.warnings[1]


@pytest.mark.parametrize("tool", ["vitis_hls", "vivado_hls", "vivado"])
def test_missing_tool_names_the_way_out(tool: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing(tool).startswith(f"'{tool}' was not found. Put it on PATH or set HLSEXPLORE_")


def test_a_tool_by_its_other_name_or_on_another_host_is_not_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program = tmp_path / "vitis-run"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert missing("vitis_hls") == "" and missing("vivado_hls") != ""
    monkeypatch.setenv("HLSEXPLORE_REMOTE", "ssh -tt build01")
    assert missing("vivado_hls") == ""
    monkeypatch.setenv("HLSEXPLORE_VIVADO_HLS", str(tmp_path / "none"))
    assert missing("vivado_hls").startswith("HLSEXPLORE_VIVADO_HLS is set to ")


def test_tool_without_forecasts_says_so(small_graph: Graph) -> None:
    assert outlook(Design.default(small_graph), "vivado").text == "vivado: run times were not measured"
