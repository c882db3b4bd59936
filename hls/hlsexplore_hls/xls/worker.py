"""Process that compiles one DSLX file with XLS: `worker.py NAME PERIOD_PS DELAY_MODEL`, in a folder with NAME.x.

It leaves NAME.v and NAME.ir. XLS ends its process when something inside it fails, so it never runs in the user's.
"""

import sys
from pathlib import Path


def main() -> None:
    """Compile the file that the command line names."""
    import xls
    from xls.c_api import DSLX_STDLIB_PATH

    name, period_ps, delay_model = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    text = Path(f"{name}.x").read_text(encoding="utf-8")
    _tell("converting")
    ir = xls.convert_dslx_to_ir(text, f"{name}.x", name, DSLX_STDLIB_PATH, [])
    top = xls.mangle_dslx_name(name, name)
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
        input_valid_signal="in_valid",
        output_valid_signal="out_valid",
        use_system_verilog=False,
    )
    Path(f"{name}.v").write_text(result.get_verilog_text(), encoding="utf-8")
    _tell("done")


def _tell(stage: str) -> None:
    sys.stdout.write(f"@stage {stage}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
