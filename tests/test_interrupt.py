"""Ctrl-C and SIGTERM end every command at once, with one sentence, and leave no process behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from processes import own_cache

from hlsexplore.commands.interrupt import Interrupt
from hlsexplore.design import Design
from hlsexplore.errors import CancelledError
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input
from hlsexplore.support.cancel import cancellable, check_cancelled, run_compiled
from hlsexplore_hls import export

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
SENTENCES = {signal.SIGINT: 130, signal.SIGTERM: 143}
SLOW_TOOL = """#!{python}
import os, sys, time
if "--version" in sys.argv or "-V" in sys.argv:
    print("Yosys 0.70 (tool 1.2.3)"); sys.exit()
if os.fork() == 0:
    os.setsid()
print("working", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network whose plan takes minutes, designs and data for it, and small projects."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(400,)),
        Node(name="fc", op=Dense(kernel=rng.normal(0, 0.1, (400, 96))), inputs=("x",), shape=(96,)),
    )
    graph = Graph(name="large", nodes=nodes, outputs=("fc",))
    design = Design.default(graph).with_target(tool="yosys")
    export(design, folder / "large", flow="hls4ml", golden_x=np.zeros((1, 400)))
    design.save(folder / "d.yaml")
    np.savez(folder / "X.npz", x=rng.normal(size=(20_000, 400)))
    nodes = (nodes[0], Node(name="fc", op=Dense(kernel=rng.normal(size=(400, 1))), inputs=("x",), shape=(1,)))
    small = Design.default(Graph(name="small", nodes=nodes, outputs=("fc",)), type="fixed<3,2>")
    export(small, folder / "cpp", flow="vitis")
    export(small, folder / "rtl", flow="rtl")
    tool = folder / "slow_tool"
    tool.write_text(SLOW_TOOL.format(python=sys.executable))
    tool.chmod(0o755)
    return folder


@pytest.fixture
def start(files: Path, tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    started: list[subprocess.Popen[str]] = []
    (tmp_path / "work").mkdir()
    cache = own_cache(tmp_path / "cache")

    def run(*argv: str, **variables: str) -> "subprocess.Popen[str]":
        own = {"HLSEXPLORE_CACHE": str(cache), "HLSEXPLORE_WORK": str(tmp_path / "work")}
        process = subprocess.Popen(
            [sys.executable, "-m", "hlsexplore", *argv],
            cwd=files,
            env={**os.environ, **own, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def wait_for(what: Callable[[], object], timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def handles_signals(process: "subprocess.Popen[str]") -> bool:
    """Whether the command line's handlers are installed: Python itself handles SIGINT only."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def cpu_s(process: "subprocess.Popen[str]") -> float:
    times = psutil.Process(process.pid).cpu_times()
    return times.user + times.system


def tools_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """The descendants that run the slow tool, their guardians included."""
    found = []
    for item in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.Error):
            found += [item] if "slow_tool" in " ".join(item.cmdline()) else []
    return found


def end(process: "subprocess.Popen[str]", number: signal.Signals, command: str, within_s: float = 8.0) -> str:
    """Send a signal, once; return what came to stderr."""
    family = psutil.Process(process.pid).children(recursive=True)
    start = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    took = time.monotonic() - start
    assert process.returncode == SENTENCES[number], errors
    assert "Traceback" not in errors
    last = errors.rstrip().splitlines()[-1]
    assert last.startswith(f"hlsexplore {command}: ") or last == "hlsexplore: cancelled.", errors
    assert took < within_s, f"{took:.1f} s"
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
    return errors


@pytest.mark.parametrize("number", SENTENCES)
@pytest.mark.parametrize("delay_s", [0.0, 0.1, 0.3])
def test_command_can_be_ended_while_it_starts(start, number, delay_s) -> None:
    process = start("estimate", "large", "--level", "plan", "--design", "d.yaml")
    wait_for(lambda: handles_signals(process))
    time.sleep(delay_s)
    errors = end(process, number, "estimate")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    "argv",
    [
        ("export", "large", "--to", "out", "--flow", "rtl", "--design", "d.yaml"),
        ("estimate", "large", "--level", "plan", "--design", "d.yaml"),
        ("emulate", "large", "--data", "X.npz", "--design", "d.yaml"),
    ],
    ids=["export", "estimate", "emulate"],
)
def test_long_computation_ends_at_once(start, files, argv) -> None:
    process = start(*argv)
    wait_for(lambda: process.poll() is not None or cpu_s(process) > 1.5)
    if process.poll() is None:
        errors = end(process, signal.SIGINT, argv[0])
        assert errors.count("\n") == 1
    assert not (files / "out").exists() and [path.name for path in files.glob(".out*")] == []


@pytest.mark.parametrize(
    ("argv", "variable"),
    [
        (("simulate", "cpp"), "HLSEXPLORE_CXX"),
        (("simulate", "rtl"), "HLSEXPLORE_CXX"),
        (("synth", "rtl", "--tool", "yosys"), "HLSEXPLORE_YOSYS"),
        (("synth", "cpp", "--tool", "vitis_hls"), "HLSEXPLORE_VITIS_HLS"),
    ],
    ids=["simulate C++", "simulate RTL", "yosys", "vendor"],
)
def test_running_tools_end_with_their_grandchildren(start, files, tmp_path, argv, variable) -> None:
    process = start(*argv, **{variable: str(files / "slow_tool")})
    wait_for(lambda: len(tools_of(process)) >= 3)  # guardian, tool and its child
    end(process, signal.SIGTERM, argv[0])
    assert list((tmp_path / "work").iterdir()) == []
    left = [path for path in files.rglob("build/*/*") if path.is_file()]
    assert left == []


def test_killed_command_takes_its_tools_with_it_and_the_next_one_clears_up(start, files, tmp_path) -> None:
    process = start("synth", "rtl", "--tool", "yosys", HLSEXPLORE_YOSYS=str(files / "slow_tool"))
    wait_for(lambda: tools_of(process))
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    assert psutil.wait_procs(family, timeout=20)[1] == []
    assert len(list((tmp_path / "work").iterdir())) == 1
    again = start("synth", "rtl", "--tool", "yosys", "--timeout", "120")
    _, errors = again.communicate(timeout=150)
    assert again.returncode == 0, errors
    assert list((tmp_path / "work").iterdir()) == []
    assert sorted(path.name for path in (files / "rtl/build/yosys").iterdir()) == ["report.json"]
    (files / "rtl/build/yosys/report.json").unlink()


@pytest.mark.parametrize("is_early", [True, False])
@pytest.mark.parametrize("command", ["lab", "app"])
def test_one_ctrl_c_ends_a_server(start, files, tmp_path, command, is_early) -> None:
    argv = {"lab": ("lab",), "app": ("app", "large", "--data", "X.npz")}[command]
    process = start(*argv, "--no-browser", JUPYTER_PREFER_ENV_PATH="1")
    wait_for(lambda: handles_signals(process))
    if is_early:
        time.sleep(0.5)
    else:
        for line in process.stderr:
            if "Press Ctrl-C" in line:
                break
        assert process.poll() is None
    errors = end(process, signal.SIGINT, command, within_s=20)
    assert list((tmp_path / "work").iterdir()) == []
    if not is_early:
        name = {"lab": "JupyterLab", "app": "The explorer"}[command]
        assert errors.endswith(f"hlsexplore {command}: {name} was ended.\n")


def test_demo_ends_at_once(start, tmp_path) -> None:
    process = start("demo", "--example", "shuttle", "--to", str(tmp_path / "demo"))
    for line in process.stdout:
        if "default design" in line:
            break
    end(process, signal.SIGINT, "demo")


def test_exit_code_stays_when_the_interrupt_passes_an_exec(tmp_path) -> None:
    """Python remembers a KeyboardInterrupt that passes an exec, and ends a module by SIGINT whatever its exit code."""
    code = (
        "import sys, time\nfrom hlsexplore import cli\nfrom hlsexplore.commands import machine\n"
        "def doctor(args, session):\n    print('on', flush=True)\n    exec('time.sleep(600)')\n"
        "machine.doctor = doctor\nsys.argv = ['hlsexplore', 'doctor']\nsys.exit(cli.main())"
    )
    (tmp_path / "program.py").write_text(code)
    for number, expected in SENTENCES.items():
        with subprocess.Popen(
            [sys.executable, "-m", "program"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None and process.stdout.readline() == "on\n"
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (expected, "hlsexplore doctor: cancelled.\n")


def test_second_signal_interrupts_work_that_ends_in_order(start) -> None:
    code = (
        "import sys, time\nfrom hlsexplore import cli\nfrom hlsexplore.commands import machine, outcome\n"
        "def doctor(args, session):\n    session.cancel\n    print('on', flush=True)\n    time.sleep(600)\n"
        "machine.doctor = doctor\nsys.argv = ['hlsexplore', 'doctor']\nsys.exit(cli.main())"
    )
    for count in (1, 2):
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None and process.stdout.readline() == "on\n"
            begun = time.monotonic()
            for _ in range(count):
                process.send_signal(signal.SIGINT)
                time.sleep(0.2)
            _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (130, "hlsexplore doctor: cancelled.\n")
        assert (time.monotonic() - begun < 2.5) == (count == 2)


def test_compiled_code_that_never_returns_does_not_keep_the_process(start) -> None:
    """Python's handlers run in the main thread only, and not while it waits in C."""
    code = (
        "import ctypes, sys\nfrom hlsexplore import cli\nfrom hlsexplore.commands import machine\n"
        "def doctor(args, session):\n    print('on', flush=True)\n"
        "    mutex = ctypes.create_string_buffer(64)\n"
        "    for _ in range(2):\n        ctypes.CDLL(None).pthread_mutex_lock(mutex)\n"
        "machine.doctor = doctor\nsys.argv = ['hlsexplore', 'doctor']\nsys.exit(cli.main())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "on\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (143, "hlsexplore: cancelled.\n")


def test_signals_are_given_back_and_other_threads_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    interrupt = Interrupt()
    with interrupt.handled(lambda number: None, is_program=False):
        assert signal.getsignal(signal.SIGTERM) != before[1]
        os.kill(os.getpid(), signal.SIGTERM) if interrupt.cancel is None else None
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    found: list[object] = []

    def elsewhere() -> None:
        with Interrupt().handled(lambda number: None, is_program=False):
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [before[1]]


def test_cancel_reaches_work_that_was_not_handed_it() -> None:
    cancel = threading.Event()
    with cancellable(cancel):
        check_cancelled()
        with cancellable(None):
            cancel.set()
            with pytest.raises(CancelledError):
                check_cancelled()
    check_cancelled()


def test_compiled_work_is_told_to_stop() -> None:
    cancel = threading.Event()
    stops: list[np.ndarray] = []

    def work(stop: np.ndarray) -> int:
        stops.append(stop)
        while not stop[0]:
            time.sleep(0.01)
        return 1

    threading.Timer(0.2, cancel.set).start()
    with cancellable(cancel), pytest.raises(CancelledError):
        run_compiled(work)
    assert stops[0][0] == 1
    assert run_compiled(lambda stop: 7) == 7
    with pytest.raises(ZeroDivisionError):
        run_compiled(lambda stop: 1 // int(stop[0]))
