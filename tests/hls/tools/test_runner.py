"""The runner leaves nothing behind, whatever the tool does."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from processes import is_alive

from hlsexplore.errors import CancelledError, ToolError
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.log import Listeners
from hlsexplore_hls.tools.runner import run


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def cancel_when(path: Path, cancel: threading.Event) -> threading.Thread:
    def wait() -> None:
        for _ in range(500):
            if path.exists() and path.read_text().strip():
                break
            time.sleep(0.01)
        cancel.set()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_run_returns_output_exit_code_and_costs(tmp_path: Path) -> None:
    lines: list[str] = []
    code = "import sys; print('one'); print('two', file=sys.stderr); b = bytearray(60_000_000); sum(range(10**6))"
    done = run(python(code), cwd=tmp_path, listeners=Listeners(on_line=lines.append))
    assert sorted(lines) == ["one", "two"]
    assert (done.exit_code, done.num_lines, sorted(done.tail)) == (0, 2, ["one", "two"])
    assert done.cpu_s is not None and 0.005 < done.cpu_s < 5
    assert done.peak_mb is not None and 60 < done.peak_mb < 200


def test_run_passes_arguments_untouched_by_a_shell(tmp_path: Path) -> None:
    nasty = ["$(touch evil)", "; touch evil", "a b", "'\"", "*"]
    done = run([*python("import sys; print(sys.argv[1:])"), *nasty], cwd=tmp_path)
    assert done.tail == (repr(nasty),)
    assert list(tmp_path.iterdir()) == []


def test_run_uses_directory_environment_and_empty_input(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), os.environ['FLAVOUR'], repr(sys.stdin.read()))"
    done = run(python(code), cwd=tmp_path, env={"FLAVOUR": "plain"})
    assert done.tail == (f"{tmp_path} plain ''",)


def test_failing_program_is_an_error_with_the_end_of_its_output(tmp_path: Path) -> None:
    code = "print('reading'); print('no such net'); raise SystemExit(3)"
    with pytest.raises(ToolError) as error:
        run(python(code), cwd=tmp_path, what="checker")
    assert (
        str(error.value) == "'checker' failed with exit code 3.\nThe end of its output:\n    reading\n    no such net"
    )
    assert run(python(code), cwd=tmp_path, check=False).exit_code == 3


def test_program_ended_by_a_signal_names_the_signal(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as error:
        run(python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"), cwd=tmp_path, what="checker")
    assert str(error.value) == "'checker' was ended by SIGSEGV."


def test_missing_program_and_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as error:
        run(["no-such-program"], cwd=tmp_path)
    assert str(error.value) == "'no-such-program' cannot be started from 'no-such-program': No such file or directory."
    with pytest.raises(ToolError) as error:
        run(["ls"], cwd=tmp_path / "nowhere")
    assert str(error.value) == f"'ls' cannot run in the folder '{tmp_path / 'nowhere'}': there is no such folder."
    with pytest.raises(ToolError, match="cannot be started: embedded null byte"):
        run(["ls", "a\0b"], cwd=tmp_path)


def test_time_out_stops_the_program(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(ToolError) as error:
        run(
            python("import time; print('start', flush=True); time.sleep(60)"),
            cwd=tmp_path,
            limits=Limits.after(0.3),
            what="checker",
        )
    assert time.monotonic() - start < 5
    assert str(error.value).startswith(
        "'checker' did not finish within 0.3 s and was stopped. Allow more time with timeout_s"
    )


def test_memory_limit_stops_the_program(tmp_path: Path) -> None:
    code = "import time; b = bytearray(200_000_000); time.sleep(60)"
    with pytest.raises(ToolError) as error:
        run(python(code), cwd=tmp_path, limits=Limits.after(30, memory_mb=100), what="checker")
    assert str(error.value).startswith("'checker' used more than 100 MB of memory and was stopped.")


def test_memory_limit_counts_all_processes_together(tmp_path: Path) -> None:
    code = "import os, time\nfor _ in range(3): os.fork()\nb = bytearray(30_000_000); time.sleep(60)"
    with pytest.raises(ToolError, match="used more than 150 MB"):
        run(python(code), cwd=tmp_path, limits=Limits.after(30, memory_mb=150))


ESCAPING = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    os.environ.clear()
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open(sys.argv[1], "w").write(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
os.wait()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has a child subreaper")
def test_cancel_ends_a_grandchild_that_left_its_session_and_ignores_sigterm(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    cancel = threading.Event()
    thread = cancel_when(note, cancel)
    start = time.monotonic()
    with pytest.raises(CancelledError) as error:
        run(
            [*python(ESCAPING + "time.sleep(60)"), str(note)],
            cwd=tmp_path,
            limits=Limits.after(cancel=cancel),
            what="checker",
        )
    thread.join()
    assert str(error.value).startswith("'checker' was cancelled after ")
    assert time.monotonic() - start < 10
    assert not is_alive(int(note.read_text()))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has a child subreaper")
def test_end_of_the_program_ends_its_background_processes(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = ESCAPING + "while not os.path.exists(sys.argv[1]): time.sleep(0.01)"
    done = run([*python(code), str(note)], cwd=tmp_path, limits=Limits.after(30))
    assert done.exit_code == 0
    assert not is_alive(int(note.read_text()))


def test_death_of_the_caller_ends_the_program(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    tool = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = f"import sys; from hlsexplore_hls.tools.runner import run; run({python(tool)!r}, cwd={str(tmp_path)!r})"
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ)
    for _ in range(1000):
        if note.exists() and note.read_text():
            break
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for _ in range(500):
        if not is_alive(int(note.read_text())):
            return
        time.sleep(0.01)
    pytest.fail("the program outlived its caller")


def test_cancel_before_the_start_starts_nothing(tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError) as error:
        run(python("open('x', 'w')"), cwd=tmp_path, limits=Limits.after(cancel=cancel), what="checker")
    assert str(error.value) == "'checker' was cancelled before it started."
    assert list(tmp_path.iterdir()) == []


def test_error_of_a_callback_ends_the_program(tmp_path: Path) -> None:
    def fail(line: str) -> None:
        raise ZeroDivisionError(line)

    start = time.monotonic()
    with pytest.raises(ZeroDivisionError, match="start"):
        run(
            python("import time; print('start', flush=True); time.sleep(60)"),
            cwd=tmp_path,
            listeners=Listeners(on_line=fail),
        )
    assert time.monotonic() - start < 5


def test_flood_of_lines_is_thinned_for_the_panel_but_scanned_whole(tmp_path: Path) -> None:
    lines: list[str] = []
    scanned: list[str] = []
    code = "import sys\nfor i in range(100_000): sys.stdout.write(f'line {i}\\n')"
    done = run(
        python(code),
        cwd=tmp_path,
        listeners=Listeners(on_line=lines.append, scan=scanned.append, log_file=tmp_path / "log"),
    )
    assert scanned == [f"line {index}" for index in range(100_000)]
    assert (tmp_path / "log").read_text().splitlines() == scanned
    assert done.num_lines == 100_000 and done.tail[-1] == "line 99999" and len(done.tail) == 200
    shown = [line for line in lines if line.startswith("line")]
    assert 200 <= len(shown) <= 200 * (done.wall_s + 1)
    skipped = sum(int(line.split()[1].replace(",", "")) for line in lines if line.startswith("..."))
    assert len(shown) + skipped == 100_000


def test_program_that_closes_its_output_is_waited_for_within_its_time(tmp_path: Path) -> None:
    code = "import os, sys, time; print('bye', flush=True); os.close(1); os.close(2); time.sleep({}); sys.exit(3)"
    done = run(python(code.format(0.4)), cwd=tmp_path, check=False)
    assert (done.exit_code, done.tail) == (3, ("bye",)) and done.wall_s > 0.4
    with pytest.raises(ToolError, match=r"did not finish within 0\.3 s"):
        run(python(code.format(60)), cwd=tmp_path, limits=Limits.after(0.3))
