"""Rows that mypy must refuse: `make check` reads this file, and an ignored error that is none fails it.

Nothing runs this file: a row with the function of another op cannot be told at run time.
"""

from collections.abc import Mapping

from hlsexplore.emulate.plan import BUILDERS
from hlsexplore.emulate.spatial import build_conv, build_pool
from hlsexplore.estimate.kinds import Kind
from hlsexplore.estimate.layers import MODELS, Model
from hlsexplore.estimate.rtl.layers import RTL_MODELS, RtlModel
from hlsexplore.ops import Conv, Dense, Dot, Pool
from hlsexplore.reference import layers
from hlsexplore.reference.forward import FORWARD
from hlsexplore.rtl_plan.layers import LOWERINGS
from hlsexplore.rtl_plan.lower.joins import lower_dot
from hlsexplore.rtl_plan.stream.beats import PLANNERS
from hlsexplore_hls.cpp import shape_ops
from hlsexplore_hls.cpp.layers import WRITERS as CPP
from hlsexplore_hls.xls.joins import dot
from hlsexplore_hls.xls.layers import WRITERS as XLS

BUILDERS.on(Conv, build_conv).on(Pool, build_pool)
BUILDERS.on(Conv, build_pool)  # type: ignore[arg-type]
BUILDERS.on(Dense, build_conv)  # type: ignore[arg-type]
BUILDERS.on(Dense, lambda context, op: context)  # type: ignore[arg-type,return-value]
BUILDERS.on(int, build_pool)  # type: ignore[arg-type,type-var]
FORWARD.on(Dense, layers.pool)  # type: ignore[arg-type]
LOWERINGS.on(Pool, lower_dot)  # type: ignore[arg-type]
PLANNERS.on(Dot, lower_dot)  # type: ignore[arg-type]
CPP.on(Dot, shape_ops.pool)  # type: ignore[arg-type]
CPP.on(Dot, dot)  # type: ignore[arg-type]
XLS.on(Pool, dot)  # type: ignore[arg-type]

NO_KIND: Mapping[Kind, Model] = {"relu": MODELS[Kind.RELU]}  # type: ignore[dict-item]
NO_MODEL: Mapping[Kind, Model] = {Kind.RELU: RTL_MODELS[Kind.RELU]}  # type: ignore[dict-item]
NO_RTL_MODEL: Mapping[Kind, RtlModel] = {Kind.DENSE: MODELS[Kind.DENSE]}  # type: ignore[dict-item]
