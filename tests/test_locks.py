"""Lock files: one holder, freed by the system, no file left."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hlsexplore.support.locks import held, try_lock

HOLD = """
import sys, time
from pathlib import Path
from hlsexplore.support.locks import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_holder_is_refused_and_no_file_stays(tmp_path: Path) -> None:
    with held(tmp_path / "lock"):
        with pytest.raises(BlockingIOError, match="another process holds it"), held(tmp_path / "lock"):
            pass
        assert (tmp_path / "lock").exists()
    assert list(tmp_path.iterdir()) == []
    with held(tmp_path / "lock"):
        pass


def test_waiting_holder_gets_it_when_it_is_free(tmp_path: Path) -> None:
    order: list[str] = []

    def wait() -> None:
        with held(tmp_path / "lock", wait_s=30):
            order.append("second")

    with held(tmp_path / "lock"):
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"] and list(tmp_path.iterdir()) == []


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(file)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"held\n"
        assert try_lock(file) is None
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert file.exists()
    with held(file):
        pass
    assert not file.exists()


def test_many_holders_at_once_never_overlap(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(20):
            with held(tmp_path / "lock", wait_s=60):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1 and len(most) == 80


def test_lock_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), held(tmp_path / "nowhere" / "lock"):
        pass
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        try_lock(tmp_path / "link")
    assert not (tmp_path / "victim").exists()
