import pytest

from hlsexplore.errors import ConfigError
from hlsexplore.target import Target


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"part": "xc7; exec touch y"}, "is no device name"),
        ({"part": "[exec touch y]"}, "is no device name"),
        ({"clock_ns": 0}, "clock_ns must be a period in ns above 0, not 0."),
        ({"clock_ns": float("nan")}, "clock_ns must be a period"),
        ({"clock_ns": "5"}, "clock_ns must be a period"),
        ({"io": "io_parallel"}, "unknown io 'io_parallel'. Valid values: 'parallel', 'stream'."),
        ({"tool": "quartus"}, "Valid values: 'vitis_hls', 'vivado_hls', 'yosys'."),
    ],
)
def test_bad_targets_are_refused(values, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Target(**values)
    assert message in str(caught.value)
