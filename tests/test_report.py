import json

import pytest

from hlsexplore.errors import ConfigError
from hlsexplore.report import Bounds, Figures, Report


def test_report_survives_json() -> None:
    figures = Figures(lut=100, dsp=0, latency_cycles_min=5)
    report = Report(
        source="estimate",
        tool="vitis_hls",
        total=figures,
        layers={"dense_1": figures},
        bounds=(Bounds(level=80, lower=Figures(lut=90), upper=Figures(lut=120)),),
        layer_bounds={"dense_1": (Bounds(level=80, lower=Figures(lut=90), upper=Figures(lut=120)),)},
        missing=("gru: no model",),
    )
    assert Report.from_dict(json.loads(json.dumps(report.to_dict()))) == report


def test_unknown_figures_are_none_and_never_zero() -> None:
    assert Figures().lut is None
    assert Figures(dsp=0).dsp == 0


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"total": {"luts": 1}, "source": "x", "tool": "y"},
        {"total": None},
        {"total": {"lut": "x"}, "source": "x", "tool": "y"},
        {"total": {"lut": True}, "source": "x", "tool": "y"},
        {"total": {}, "source": 1, "tool": "y"},
        {"total": {}, "source": "x", "tool": "y", "details": {"d": {"depth": []}}},
    ],
)
def test_foreign_data_is_no_report(data) -> None:
    with pytest.raises(ConfigError, match="this is no report"):
        Report.from_dict(data)
