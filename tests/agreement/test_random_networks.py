"""Random networks of every op through C++, RTL and XLS: raw integers, exactly equal to the emulator's."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from agreement import cpp_runner, rtl_runner
from agreement.kit import Built, Case, mismatches
from agreement.random_networks import network

from hlsexplore.emulate.run import raw_outputs
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import quantize
from hlsexplore.reference.samples import check_inputs
from hlsexplore_hls import export
from hlsexplore_hls.xls.jit import run_jit

IO = ("parallel", "stream")
QUICK = (2, 3, 4, 12, 24, 36, 45)
"""Networks that run by default; each had shown a fault of a generator."""
NETWORKS, BATCH = 300, 25

needs_cpp = pytest.mark.skipif(not cpp_runner.is_available(), reason="needs a C++ compiler and the package da4ml")
needs_rtl = pytest.mark.skipif(not rtl_runner.is_available(), reason="needs verilator and a C++ compiler")
needs_xls = pytest.mark.skipif(find_spec("xls") is None, reason="needs xls-python (pip install 'hlsexplore[xls]')")


def built(seed: int, io: str) -> Built:
    return network(np.random.default_rng([seed, io == "stream"]), io)


def cases(seeds: range | tuple[int, ...], io: str) -> list[Case]:
    return [Case(f"random_{seed}_{io}", lambda rng, seed=seed: built(seed, io)) for seed in seeds]


def check_exported(seed: int, io: str, folder: Path) -> None:
    design, x = built(seed, io)
    assert export(design, folder / "out", golden_x=x).simulate().differing == 0


def check_xls(seed: int) -> None:
    design, x = built(seed, "parallel")
    raws = [quantize(array, design.result_type(name)) for name, array in check_inputs(design.graph, x).items()]
    try:
        outputs = run_jit(design, raws)
    except NoModelError:
        return
    assert not (problems := mismatches(f"random_{seed}", raw_outputs(design, x), outputs, "XLS")), problems


@needs_cpp
@pytest.mark.parametrize("io", IO)
@pytest.mark.parametrize("seed", QUICK)
def test_exported_cpp_equals_the_emulator(seed: int, io: str, tmp_path: Path) -> None:
    check_exported(seed, io, tmp_path)


@needs_rtl
@pytest.mark.parametrize("io", IO)
def test_rtl_equals_the_emulator(io: str, tmp_path: Path) -> None:
    assert not (problems := rtl_runner.compare(cases(QUICK, io), tmp_path)), "\n".join(problems)


@needs_xls
@pytest.mark.parametrize("seed", QUICK)
def test_xls_equals_the_emulator(seed: int) -> None:
    check_xls(seed)


@pytest.mark.slow
@needs_cpp
@pytest.mark.parametrize("io", IO)
@pytest.mark.parametrize("seed", range(NETWORKS))
def test_exported_cpp_of_many_networks_equals_the_emulator(seed: int, io: str, tmp_path: Path) -> None:
    check_exported(seed, io, tmp_path)


@pytest.mark.slow
@needs_rtl
@pytest.mark.parametrize("io", IO)
@pytest.mark.parametrize("first", range(0, NETWORKS, BATCH))
def test_rtl_of_many_networks_equals_the_emulator(first: int, io: str, tmp_path: Path) -> None:
    chosen = cases(range(first, first + BATCH), io)
    assert not (problems := rtl_runner.compare(chosen, tmp_path)), "\n".join(problems)


@pytest.mark.slow
@needs_xls
@pytest.mark.parametrize("seed", range(NETWORKS))
def test_xls_of_many_networks_equals_the_emulator(seed: int) -> None:
    check_xls(seed)
