"""The registry of agreement cases: one small design per op and situation, run through every executor.

Executors are the emulator, our compiled C++, our simulated RTL and, as the outside oracle, hls4ml's compiled C++.
Each compares raw integers with the emulator's, exactly. Add a case in a file beside this one and every executor runs it:

    from agreement.cases import CASES, Case
"""

import re
from dataclasses import replace

from agreement.cases_dense import dense_cases, mlp_case, pointwise_cases
from agreement.cases_elements import element_cases
from agreement.cases_joins import join_cases
from agreement.cases_scales import scale_cases
from agreement.cases_spatial import spatial_cases
from agreement.kit import Case

REPEATED = re.compile(r".*_[1-9]|(?!global).*pool.*_wide|conv.*_stream_exact|depthwise.*_same_.*_exact")
"""Further draws and easier variants of cases that run by default: these run when slow tests do."""

CASES: tuple[Case, ...] = tuple(
    replace(case, is_slow=case.is_slow or REPEATED.fullmatch(case.name) is not None)
    for case in (
        *dense_cases(),
        *(Case(f"mlp_{i}", mlp_case(i)) for i in range(8)),
        *pointwise_cases(),
        *spatial_cases(),
        *join_cases(),
        *element_cases(),
        *scale_cases(),
    )
)

__all__ = ["CASES", "Case"]
