"""Resources and latency of a design as the vendor's tool will report them, from the weights (docs/estimates.md)."""

from hlsexplore.estimate.calibration import Calibration, Observation, calibration_path, observe
from hlsexplore.estimate.compare import ToolEstimate, compare_tools
from hlsexplore.estimate.devices import Device, device, devices, family_of, misfits, utilisation
from hlsexplore.estimate.estimator import estimate, estimate_many, estimate_record, estimate_totals
from hlsexplore.estimate.forecast import Forecast, forecast
from hlsexplore.estimate.learning import calibrate
from hlsexplore.estimate.sweep import Choice, estimate_columns
from hlsexplore.support.callable_package import make_callable

__all__ = [
    "Calibration",
    "Choice",
    "Device",
    "Forecast",
    "Observation",
    "ToolEstimate",
    "calibrate",
    "calibration_path",
    "compare_tools",
    "device",
    "devices",
    "estimate",
    "estimate_columns",
    "estimate_many",
    "estimate_record",
    "estimate_totals",
    "family_of",
    "forecast",
    "misfits",
    "observe",
    "utilisation",
]

make_callable(__name__, estimate)
