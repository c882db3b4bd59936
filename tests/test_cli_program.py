"""The command line as a program: streams, signals, full disks."""

import json
import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from cli_kit import command, run

from hlsexplore.study.store import Store


def test_the_module_runs_as_a_program_with_clean_streams(work: Path) -> None:
    done = subprocess.run(command("inspect", "m.keras", "--json"), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["is_supported"] is True
    done = subprocess.run(command("inspect", "none.keras"), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("hlsexplore inspect: the model file 'none.keras' does not exist.")


def test_a_closed_pipe_ends_quietly(work: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command("inspect", "m.keras"), stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(
    ("argv", "limit", "message"),
    [
        (["export", "m.keras", "--to", "out", "--flow", "rtl"], 4096, "cannot write the project 'out': "),
        (["export", "m.keras", "--to", "old", "--flow", "vitis"], 4096, "cannot write the project 'old': "),
        (["emulate", "m.keras", "--data", "X.npz", "--out", "Y.npz"], 512, "cannot write Y.npz: File too large."),
        (["init", "m.keras", "-o", "d.yaml"], 100, "cannot write d.yaml: File too large."),
        (
            ["sweep", "m.keras", "--data", "X.npz", "--study", "S.db", "--trials", "5"],
            4096,
            "the study 'S.db' could not",
        ),
        (["simulate", "old"], 1024, "File too large"),
    ],
    ids=["export", "export again", "emulate", "init", "sweep", "simulate"],
)
def test_a_full_disk_is_one_clear_error_and_nothing_is_lost(
    work: Path, capsys: pytest.CaptureFixture[str], argv: list[str], limit: int, message: str
) -> None:
    assert run(capsys, "export", "m.keras", "--to", "old", "--flow", "rtl")[0] == 0
    (work / "d.yaml").unlink(missing_ok=True)
    before = {path: path.read_bytes() for path in work.rglob("*") if path.is_file()}

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(command(*argv), capture_output=True, text=True, timeout=120, preexec_fn=limited)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"hlsexplore {argv[0]}: ") and message in done.stderr
    assert "Traceback" not in done.stderr
    after = {path: path.read_bytes() for path in before}
    assert after == before
    new = {path.name for path in work.iterdir()} - {path.relative_to(work).parts[0] for path in before}
    assert {name for name in new if not name.startswith("S.db")} == set()


SWEEP = ["sweep", "m.keras", "--data", "X.npz", "--space", "S.yaml", "--study", "S.db", "--progress"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_cancels_a_sweep_and_keeps_what_was_found(work: Path, number, code: int) -> None:
    widths = list(range(2, 34))
    (work / "S.yaml").write_text(yaml.safe_dump({"per_layer": {"weight": widths}, "uniform": {"result": widths}}))
    with subprocess.Popen(
        command(*SWEEP, "--trials", 20000), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr:
            if "/20000 designs" in line:
                break
        process.send_signal(number)
        rest = process.communicate(timeout=60)
    assert process.returncode == code
    assert rest[0] == ""
    last = rest[1].rstrip().splitlines()[-1]
    count = int(
        re.fullmatch(
            r"hlsexplore sweep: the sweep was cancelled after (\d+) of 20000 designs; all of them are kept\.", last
        )[1]
    )
    with Store(work / "S.db", must_exist=True) as store:
        assert len(store) == count > 0


def test_progress_is_silent_without_a_terminal(work: Path) -> None:
    (work / "S.yaml").write_text(yaml.safe_dump({"per_layer": {"weight": list(range(2, 22))}}))
    arguments = [item for item in SWEEP if item != "--progress"]
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    start = time.monotonic()
    done = subprocess.run(command("doctor", "--json"), capture_output=True, text=True, timeout=120)
    assert json.loads(done.stdout)
    assert time.monotonic() - start < 60


@pytest.mark.parametrize(
    "argv",
    [["--help"], ["inspect", "m.keras"], ["inspect", "m.keras", "--json"], ["doctor"], ["inspect", "none.keras"]],
)
def test_output_that_a_full_disk_does_not_take_is_one_error(work: Path, argv: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command(*argv), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("hlsexplore")
    assert "No space left on device" in done.stderr or "does not exist" in done.stderr


@pytest.mark.parametrize("argv", [["--help"], ["inspect", "m.keras", "--json"], ["inspect", "none.keras", "--json"]])
def test_reader_that_has_gone_ends_the_command_quietly(work: Path, argv: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command(*argv), stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_no_harm(work: Path, closed: str) -> None:
    """A file that is opened later would take the place of a closed stream, and get what is meant for it."""
    sweep = command("sweep", "m.keras", "--data", "X.npz", "--study", "S.db", "--trials", "3")
    words = " ".join(f"'{word}'" for word in sweep)
    done = subprocess.run(["sh", "-c", f"{words} {closed}"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    with Store("S.db", must_exist=True) as store:
        assert len(store) == 3
    missing = " ".join(f"'{word}'" for word in command("inspect", "none.keras"))
    done = subprocess.run(["sh", "-c", f"{missing} {closed}"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
