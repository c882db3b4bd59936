"""Process that compiles one DSLX file with XLS: `worker.py NAME REUSE PERIOD_PS DELAY_MODEL`, in a folder with NAME.x.

It leaves NAME.v and NAME.ir. XLS ends its process when something inside it fails, so it never runs in the user's.
"""

import re
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Compile the file that the command line names."""
    import xls
    from xls.c_api import DSLX_STDLIB_PATH

    name, reuse, period_ps, delay_model = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    text = Path(f"{name}.x").read_text(encoding="utf-8")
    _tell("converting")
    ir = xls.convert_dslx_to_ir(text, f"{name}.x", name, DSLX_STDLIB_PATH, [])
    top, options = _function(xls, name) if reuse == 1 else _proc(ir)
    _tell("optimizing")
    optimized = xls.optimize_ir(ir, top)
    Path(f"{name}.ir").write_text(optimized, encoding="utf-8")
    _tell("scheduling")
    result = xls.Package.parse_ir(optimized).schedule_and_codegen(
        with_delay_model=True,
        generator="pipeline",
        top=top,
        module_name=name,
        clock_period_ps=period_ps,
        delay_model=delay_model,
        flop_inputs=False,
        flop_outputs=True,
        reset="rst",
        use_system_verilog=False,
        **options,
    )
    Path(f"{name}.v").write_text(result.get_verilog_text(), encoding="utf-8")
    _tell("done")


def _function(xls: Any, name: str) -> tuple[str, dict[str, Any]]:
    """Return the function of a layer and how a pipeline is made of it."""
    options = {"input_valid_signal": "in_valid", "output_valid_signal": "out_valid"}
    return xls.mangle_dslx_name(name, f"{name}_elements"), options


def _proc(ir: str) -> tuple[str, dict[str, Any]]:
    """Return the proc of a layer that shares multipliers and how a state machine is made of it.

    A step that takes longer than the period, as a chain of saturating sums can, gets the shortest period that it needs.
    """
    found = re.search(r"^(?:top )?proc (\w+)", ir, re.MULTILINE)
    if found is None:
        raise SystemExit("the DSLX file holds no proc")
    return found.group(1), {
        "streaming_channel_data_suffix": "",
        "streaming_channel_valid_suffix": "_valid",
        "streaming_channel_ready_suffix": "_ready",
        "worst_case_throughput": 1,
        "minimize_clock_on_failure": True,
        "recover_after_minimizing_clock": True,
    }


def _tell(stage: str) -> None:
    sys.stdout.write(f"@stage {stage}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
