# ruff: noqa: PTH110, PTH123, PTH208
"""Guardian of one external tool: run as a process of its own, it ends every descendant of the tool.

`guard.start` starts this file with `python -I -S`; it imports only the standard library and nothing of this package.
It makes itself the "child subreaper" (Linux), so processes that leave the tool's process group or session, or whose
parent dies, stay its descendants and are found. Without a subreaper (macOS) the descendants seen in repeated `ps`
listings are remembered, which is best effort. Three descriptors connect it to its caller: a control pipe whose end of
file means "stop", a result pipe that gets one JSON line at the end, and the tool's output, which is just inherited.
"""

import contextlib
import json
import os
import resource
import select
import signal
import sys
import time
from typing import Any

POLL_S = 0.2
GIVE_UP_S = 15.0
"""Once everything was killed, it waits no longer than this for processes that the system cannot end."""
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

Table = dict[int, tuple[int, int, str]]
"""Parent, resident bytes and start time of each process by its id."""


def main() -> None:
    """Run the tool that the command line names.

    Its words: control fd, result fd, memory limit in MB (0: none), grace in s, whether it is a server, then the argv.
    """
    control, result = int(sys.argv[1]), int(sys.argv[2])
    memory_mb, grace_s, is_server = float(sys.argv[3]), float(sys.argv[4]), sys.argv[5] == "1"
    argv = sys.argv[6:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    reaper = _prctl(PR_SET_CHILD_SUBREAPER, 1)
    started = _start(argv, control, result)
    if isinstance(started, str):
        _answer(result, {"error": started})
        return
    _answer(result, _watch(started, control, memory_mb, grace_s, is_server, reaper))


def _prctl(option: int, value: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def _start(argv: list[str], control: int, result: int) -> int | str:
    """Start the tool; return its process id, or the reason why it cannot be started."""
    read_end, write_end = os.pipe()
    guardian = os.getpid()
    child = os.fork()
    if child:
        os.close(write_end)
        reason = os.read(read_end, 4096).decode(errors="replace")
        os.close(read_end)
        if reason:
            os.waitpid(child, 0)
        return reason or child
    try:
        os.close(control)
        os.close(result)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guardian:
            os._exit(127)
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(write_end, (error.strerror or str(error)).encode())
    finally:
        os._exit(127)


def _watch(child: int, control: int, memory_mb: float, grace_s: float, is_server: bool, reaper: bool) -> dict[str, Any]:
    """Wait for the tool's end, a stop or too much memory; then end whatever is left of its descendants."""
    known: dict[int, str] = {}
    reason = ""
    peak = 0
    next_poll = 0.0
    wake, wake_end = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wake_end, False)
    signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    status = _reap(child)
    while status is None and not reason:
        ready = select.select([control, wake], [], [], max(0.0, next_poll - time.monotonic()))[0]
        if wake in ready:
            os.read(wake, 4096)
        if control in ready:
            reason = "stopped"
        status = _reap(child)
        now = time.monotonic()
        if now >= next_poll:
            used = _look(known)
            peak = max(peak, used)
            if memory_mb and used > memory_mb * 1e6:
                reason = "memory"
            # A machine with many processes is polled less often: at most some 2 % of a core goes into listing them.
            next_poll = now + max(POLL_S, 50 * (time.monotonic() - now))
    if is_server and status is None:
        status, grace_s = _end_server(child, grace_s), 0.0
    late = _end_all(child, known, grace_s, reaper)
    status = late if status is None else status
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    largest = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "exit_code": -int(signal.SIGKILL) if status is None else status,
        "reason": reason,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mb": max(peak, largest) / 1e6,
    }


def _look(known: dict[int, str]) -> int:
    """Remember the descendants that live now and return their memory in bytes."""
    table = processes()
    found = descendants(table, known)
    known.update((pid, table[pid][2]) for pid in found)
    return sum(table[pid][1] for pid in found)


def _reap(child: int) -> int | None:
    """Collect every ended child; return the tool's own exit code when it is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == child:
            code = os.waitstatus_to_exitcode(status)


def _end_server(child: int, grace_s: float) -> int | None:
    """Ask a server to end, which ends its own children in order; return its exit code if it does so in time."""
    start = time.monotonic()
    _signal(child, signal.SIGTERM)
    while time.monotonic() - start < grace_s:
        code = _reap(child)
        if code is not None:
            return code
        time.sleep(0.01)
    return None


def _end_all(child: int, known: dict[int, str], grace_s: float, reaper: bool) -> int | None:
    """End all descendants: politely first, then for sure; return the tool's exit code when it ends meanwhile."""
    code = None
    start = time.monotonic()
    sent: set[int] = set()
    while time.monotonic() - start < grace_s + GIVE_UP_S:
        ended = _reap(child)
        code = code if ended is None else ended
        table = processes()
        found = descendants(table, known)
        known.update((pid, table[pid][2]) for pid in found)
        if not found and not (reaper and _has_children()):
            break
        late = time.monotonic() - start > grace_s
        for pid in found:
            if late or pid not in sent:
                sent.add(pid)
                _signal(pid, signal.SIGKILL if late else signal.SIGTERM)
        time.sleep(0.01)
    return code


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
        os.kill(pid, signal.SIGCONT)


def descendants(table: Table, known: dict[int, str]) -> list[int]:
    """List the descendants of this process, and the known ones that still live with the same start time."""
    children: dict[int, list[int]] = {}
    for pid, (parent, _, _) in table.items():
        children.setdefault(parent, []).append(pid)
    pending = [
        *children.get(os.getpid(), ()),
        *(pid for pid, start in known.items() if pid in table and table[pid][2] == start),
    ]
    found: dict[int, None] = {}
    while pending:
        pid = pending.pop()
        if pid not in found:
            found[pid] = None
            pending += children.get(pid, ())
    return list(found)


def processes() -> Table:
    """List all processes that are not zombies."""
    return _processes_proc() if os.path.exists("/proc/self/stat") else _processes_ps()


def _processes_proc() -> Table:
    page = resource.getpagesize()
    table: Table = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                values = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        # Fields after the name (proc(5)): 0 state, 1 parent, 19 start time, 21 resident pages.
        if values[0] != b"Z":
            table[int(name)] = (int(values[1]), int(values[21]) * page, values[19].decode())
    return table


def _processes_ps() -> Table:
    import subprocess

    with subprocess.Popen(
        ["ps", "-axo", "pid=,ppid=,rss=,stat=,lstart="], stdout=subprocess.PIPE, text=True
    ) as listing:
        text = listing.communicate()[0]
    table: Table = {}
    for line in text.splitlines():
        values = line.split(None, 4)
        if len(values) == 5 and int(values[0]) != listing.pid and not values[3].startswith("Z"):
            table[int(values[0])] = (int(values[1]), int(values[2]) * 1024, values[4])
    return table


def _answer(result: int, data: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        os.write(result, json.dumps(data).encode())


if __name__ == "__main__":
    main()
