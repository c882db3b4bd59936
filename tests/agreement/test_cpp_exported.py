"""C++ as a user gets it: each op's project as `export` writes it, each header alone, and the vendor's view of the files."""

import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from agreement.cases_modes import mode_case
from agreement.cpp_runner import is_available, is_refused, run_designs
from agreement.draws import DRAWS
from agreement.kit import Case, mismatches

from hlsexplore.emulate.run import raw_outputs
from hlsexplore.fixed import Overflow, Rounding
from hlsexplore_hls import export
from hlsexplore_hls.cpp.compiler import FLAGS, find_headers, own_headers
from hlsexplore_hls.tools.compiler import find_compiler

pytestmark = pytest.mark.skipif(not is_available(), reason="needs a C++ compiler and the package da4ml")

NNET = Path(str(files("hlsexplore_hls.cpp"))) / "nnet"


def cases() -> list[Case]:
    """One small design for each op and io."""
    return [
        Case(f"exported_{name}_{io}", mode_case(name, draw, io, "latency", Rounding.RND, Overflow.SAT))
        for name, draw in DRAWS.items()
        for io in ("parallel", "stream")
    ]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_exported_project_compiles_and_equals_the_emulator(case: Case, tmp_path: Path) -> None:
    design, x = case.make()
    assert export(design, tmp_path / "out", golden_x=x).simulate().differing == 0


def check_as_vendor(chosen: list[Case], tmp_path: Path) -> None:
    assert not [case.name for case in chosen if is_refused(case.make()[0])]
    outputs = run_designs([case.make() for case in chosen], tmp_path, as_vendor=True)
    problems = []
    for case, theirs in zip(chosen, outputs, strict=True):
        problems += mismatches(case.name, raw_outputs(*case.make()), theirs, "C++ with __SYNTHESIS__")
    assert not problems, "\n".join(problems)


def test_vendors_view_of_the_files_computes_the_same(tmp_path: Path) -> None:
    items = cases()
    check_as_vendor([items[i] for i in range(len(items)) if i % 4 in (0, 3)], tmp_path)  # each op in one io


@pytest.mark.slow
def test_vendors_view_of_the_files_computes_the_same_in_the_other_io(tmp_path: Path) -> None:
    items = cases()
    check_as_vendor([items[i] for i in range(len(items)) if i % 4 in (1, 2)], tmp_path)


@pytest.mark.parametrize("name", sorted(path.name for path in NNET.iterdir() if path.suffix == ".h"))
def test_header_of_the_library_compiles_alone(name: str, tmp_path: Path) -> None:
    main = tmp_path / "alone.cpp"
    main.write_text(f'#include "nnet/{name}"\n#include "nnet/{name}"\n')
    folders = [f"-I{folder}" for folder in (NNET.parent, find_headers(), own_headers())]
    words = [*find_compiler().argv, *FLAGS, "-fsyntax-only", *folders, str(main)]
    found = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stderr
