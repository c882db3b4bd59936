"""Exported projects of HGQ2 networks, as exported: their outputs are Keras' to the bit, in every flow."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from agreement.cpp_runner import is_available as has_cpp
from agreement.rtl_runner import is_available as has_rtl

import hlsexplore as hx
from hlsexplore_hls import export

FOLDER = Path(__file__).parents[1] / "data" / "models" / "hgq2"
FLOWS = {"vitis": has_cpp, "rtl": has_rtl, "xls": lambda: has_rtl() and find_spec("xls") is not None}
QUICK = (("untraced", "vitis"), ("untraced", "rtl"), ("softmaxes", "rtl"))
NAMES = sorted(file.stem for file in FOLDER.glob("*.keras"))


def check(name: str, flow: str, folder: Path) -> None:
    if not FLOWS[flow]():
        pytest.skip(f"needs the tools of the flow {flow}")
    with np.load(FOLDER / f"{name}.npz") as stored:
        x, expected = stored["x"], [stored[f"y{index}"] for index in range(len(stored.files) - 1)]
    project = export(hx.Design.default(hx.read_model(FOLDER / f"{name}.keras")), folder / "project", flow=flow)
    simulated = project.simulate(x)
    outputs = simulated.y if isinstance(simulated.y, tuple) else (simulated.y,)
    for mine, theirs in zip(outputs, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs.astype(np.float64))
    assert project.simulate().differing == 0
    assert (simulated.latency_cycles, simulated.ii_cycles) == (project.latency_cycles, project.ii_cycles)


@pytest.mark.parametrize(("name", "flow"), QUICK)
def test_a_project_gives_what_keras_predicts_to_the_bit(name: str, flow: str, tmp_path: Path) -> None:
    check(name, flow, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("name", NAMES)
def test_every_project_gives_what_keras_predicts_to_the_bit(name: str, flow: str, tmp_path: Path) -> None:
    check(name, flow, tmp_path)
