"""The C++ executor: many small designs in one program, each in a namespace of its own.

That is for speed: all headers of the library come before all designs, so it cannot tell whether a project compiles as a
user gets it. `test_cpp_exported.py` can.
"""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from agreement.kit import input_raws

from hlsexplore.design import Design
from hlsexplore.errors import NoModelError, ToolError
from hlsexplore.support.progress import ignore
from hlsexplore_hls.cpp.compiler import compiled, find_headers
from hlsexplore_hls.cpp.generate import generate
from hlsexplore_hls.cpp.testbench import sample_rows
from hlsexplore_hls.tools.compiler import find_compiler
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.runner import run


def is_available() -> bool:
    """Whether a compiler and the headers of the fixed-point types are there."""
    try:
        find_compiler()
        find_headers()
    except ToolError:
        return False
    return True


def is_refused(design: Design) -> bool:
    """Whether the C++ flow says that it cannot build a design."""
    try:
        generate(design)
    except NoModelError:
        return True
    return False


def run_designs(
    items: Sequence[tuple[Design, object]], folder: Path, as_vendor: bool = False
) -> list[list[np.ndarray]]:
    """Compile designs together and run each on its data.

    Args:
        items: Designs with their inputs.
        folder: An empty folder for the program.
        as_vendor: Whether our own files see `__SYNTHESIS__` and `__VITIS_HLS__`, as in the vendor's synthesis; the
            fixed-point headers refuse the former, so they come first.

    Returns:
        For each design its outputs as raw integers, (samples, *shape).
    """
    calls = []
    headers: set[str] = set()
    for index, (design, x) in enumerate(items):
        generated = generate(design)
        root = folder / f"case_{index}"
        for name, content in generated.files.items():
            if name.startswith("src/nnet/"):
                file = folder / name.removeprefix("src/")
                headers.add(file.name)
            elif name.startswith(("src/", "sim/")):
                file = root / name
            else:
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        main = root / "sim" / "main.cpp"
        text = "\n".join(line for line in main.read_text().splitlines() if not line.startswith("#include <"))
        main.write_text(text.replace("int main(", "int simulate("))
        raws = input_raws(design, x)
        sample_rows(raws).astype("<i8").tofile(folder / f"inputs_{index}.bin")
        calls.append((index, len(raws[0])))
    (folder / "main.cpp").write_text(_main(sorted(headers), len(items), as_vendor))
    sources = [file for file in folder.rglob("*") if file.suffix in (".cpp", ".h")]
    program, _ = compiled(sources, folder / "main.cpp", folder, ignore, threading.Event(), include=(".",))
    run([program, *(str(count) for _, count in calls)], cwd=folder, limits=Limits.after(300))
    return [_outputs(design, folder / f"outputs_{index}.bin") for index, (design, _) in enumerate(items)]


def _main(headers: Sequence[str], num_cases: int, as_vendor: bool) -> str:
    lines = [f"#include <{name}>" for name in ("cstdio", "cstdlib", "ap_fixed.h", "hls_stream.h", "ap_axi_sdata.h")]
    lines += ["#define __SYNTHESIS__", "#define __VITIS_HLS__"] if as_vendor else []
    lines += [f'#include "nnet/{name}"' for name in headers]
    for index in range(num_cases):
        lines += [f"namespace case_{index} {{", f'#include "case_{index}/sim/main.cpp"', "}"]
    lines.append("int main(int, char **argv) {")
    for index in range(num_cases):
        words = f'argv[0], argv[{index + 1}], (char *)"inputs_{index}.bin", (char *)"outputs_{index}.bin"'
        lines.append(f"    {{ char *words[] = {{{words}}}; if (case_{index}::simulate(4, words)) return 1; }}")
    return "\n".join([*lines, "    return 0;", "}", ""])


def _outputs(design: Design, file: Path) -> list[np.ndarray]:
    shapes = [design.graph[name].shape for name in design.graph.outputs]
    sizes = [int(np.prod(shape)) for shape in shapes]
    rows = np.fromfile(file, dtype="<i8").reshape(-1, sum(sizes))
    parts = np.split(rows, np.cumsum(sizes)[:-1], axis=1)
    return [part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]
