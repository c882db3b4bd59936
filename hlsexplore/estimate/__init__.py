"""Resources and latency of a design as the vendor's tool will report them, from the weights (docs/estimates.md)."""

import sys
from types import ModuleType
from typing import Any

from hlsexplore.estimate.calibration import Calibration, Observation, calibrate, calibration_path, observe
from hlsexplore.estimate.devices import Device, device, devices, family_of, misfits, utilisation
from hlsexplore.estimate.estimator import estimate, estimate_many, estimate_record
from hlsexplore.estimate.forecast import Forecast, forecast
from hlsexplore.estimate.sweep import Choice, estimate_columns
from hlsexplore.report import Report

__all__ = [
    "Calibration",
    "Choice",
    "Device",
    "Forecast",
    "Observation",
    "calibrate",
    "calibration_path",
    "device",
    "devices",
    "estimate",
    "estimate_columns",
    "estimate_many",
    "estimate_record",
    "family_of",
    "forecast",
    "misfits",
    "observe",
    "utilisation",
]


class _Callable(ModuleType):
    """Lets `hlsexplore.estimate(design)` work also where this package was imported before that name was used."""

    def __call__(self, *args: Any, **kwargs: Any) -> Report:
        return estimate(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
