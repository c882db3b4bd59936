"""The build script in a real Tcl interpreter, with commands that play the vendor's tool and record what they are told."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from agreement.networks import mlp

from hlsexplore_hls import Project, export

TCLSH = shutil.which("tclsh")
pytestmark = pytest.mark.skipif(TCLSH is None, reason="needs tclsh")

COMMANDS = [
    "open_project",
    "set_top",
    "add_files",
    "set_part",
    "create_clock",
    "config_array_partition",
    "config_compile",
    "csim_design",
    "csynth_design",
    "cosim_design",
    "export_design",
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose path has characters that Tcl treats specially."""
    return export(mlp(), tmp_path_factory.mktemp("a [b] $c") / "out {1}", golden_x=[[0.5, 1.0, -1.0, 0.0]])


def run(
    project: Project, tmp_path: Path, *words: str, variable: str = "", is_vivado: bool = False, failing: str = ""
) -> tuple[int, list[str], str]:
    """Run the script as the tool does; return its exit code, the commands that it gave, and its messages."""
    log = tmp_path / "log.txt"
    log.unlink(missing_ok=True)
    lines = [f"set log [open {{{log}}} w]"]
    for name in COMMANDS:
        fail = 'error "no license"' if name == failing else ""
        lines.append(f"proc {name} {{args}} {{ puts $::log [concat {name} $args]; flush $::log; {fail} }}")
    # Vivado HLS does not know -flow_target.
    refuse = 'if {[lsearch $args -flow_target] >= 0} { error "unknown option" };' if is_vivado else ""
    lines.append(f"proc open_solution {{args}} {{ {refuse} puts $::log [concat open_solution $args]; flush $::log }}")
    lines.append("source build.tcl")
    prelude = tmp_path / "tool.tcl"
    prelude.write_text("\n".join(lines))
    done = subprocess.run(
        [str(TCLSH), str(prelude), *words],
        cwd=project.path,
        env={**os.environ, "HLSEXPLORE_BUILD": variable},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, log.read_text().splitlines() if log.is_file() else [], done.stdout + done.stderr


def test_default_build_synthesizes(project: Project, tmp_path: Path) -> None:
    code, commands, text = run(project, tmp_path)
    assert code == 0
    assert commands == [
        "open_project -reset hls",
        "set_top mlp",
        "add_files ../src/mlp.cpp -cflags -std=c++11",
        "add_files -tb ../tb/testbench.cpp -cflags {-std=c++11 -Wno-unknown-pragmas}",
        "add_files -tb ../tb/golden_inputs.dat",
        "add_files -tb ../tb/golden_outputs.dat",
        "open_solution -flow_target vivado solution1",
        "set_part xcvu13p-flga2577-2-e",
        "create_clock -period 5.0 -name default",
        "config_array_partition -maximum_size 65536",
        "config_compile -name_max_length 80",
        "csynth_design",
    ]
    assert "HLSEXPLORE STAGE csynth\nHLSEXPLORE DONE" in text
    assert (project.path / "build").is_dir()


def test_options_choose_steps_part_and_clock(project: Project, tmp_path: Path) -> None:
    options = ("csim=1", "cosim=1", "export=1", "vsynth=1", "samples=7", "part=xc7z020clg400-1", "clock=10", "reset=0")
    code, commands, _ = run(project, tmp_path, *options)
    assert code == 0
    assert commands[0] == "open_project hls"
    assert commands[7:9] == ["set_part xc7z020clg400-1", "create_clock -period 10 -name default"]
    assert commands[11:] == [
        "csim_design -argv 7",
        "csynth_design",
        "cosim_design -rtl verilog -argv 20",
        "export_design -format ip_catalog",
        "export_design -flow syn -rtl verilog -format ip_catalog",
    ]


def test_options_also_come_from_the_environment(project: Project, tmp_path: Path) -> None:
    _, commands, _ = run(project, tmp_path, variable="csim=1 synth=0")
    assert commands[11:] == ["csim_design"]


def test_vivado_hls_opens_the_solution_without_a_flow(project: Project, tmp_path: Path) -> None:
    code, commands, _ = run(project, tmp_path, is_vivado=True)
    assert (code, commands[6]) == (0, "open_solution solution1")


def test_unknown_option_is_refused(project: Project, tmp_path: Path) -> None:
    code, commands, text = run(project, tmp_path, "csyn=1")
    assert (code, commands) == (2, [])
    assert "unknown option 'csyn'; valid options: clock cosim" in text


def test_hostile_option_values_are_no_options(project: Project, tmp_path: Path) -> None:
    code, commands, _ = run(project, tmp_path, "part=[exec touch y]", "clock=5;exit")
    assert code == 0
    assert commands[7:9] == ["set_part xcvu13p-flga2577-2-e", "create_clock -period 5.0 -name default"]
    assert not list(project.path.rglob("y"))


def test_failing_step_ends_with_its_name_and_reason(project: Project, tmp_path: Path) -> None:
    code, _, text = run(project, tmp_path, failing="csynth_design")
    assert code == 1
    assert "HLSEXPLORE FAILED csynth: no license" in text


def test_kernel_is_packed_for_the_linker_and_by_vivado_hls_as_an_ip(tmp_path: Path) -> None:
    kernel = export(mlp(), tmp_path / "kernel", golden_x=[[0.5, 1.0, -1.0, 0.0]], interface="kernel")
    code, told, _ = run(kernel, tmp_path, "export=1", "vsynth=1")
    packing = [line for line in told if line.startswith("export_design")]
    file = (kernel.path / "build" / f"{kernel.top}.xo").resolve()
    assert code == 0 and any("-flow_target vitis" in line for line in told)
    assert packing == [
        f"export_design -format xo -output {file}",
        f"export_design -flow syn -rtl verilog -format xo -output {file}",
    ]
    code, told, _ = run(kernel, tmp_path, "export=1", is_vivado=True)
    assert code == 0 and told[-1] == "export_design -format ip_catalog"
