"""Private folders for tools: plain names, closed to others, removed also after a kill."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hlsexplore.errors import ToolError
from hlsexplore.support.work_folder import is_plain, work_base, work_folder

HOLD = """
import sys, time
from hlsexplore.support.work_folder import work_folder
with work_folder() as where:
    (where / "netlist.v").write_text("module")
    print(where, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.setenv("HLSEXPLORE_WORK", str(folder))
    return folder


def test_folder_is_empty_private_and_gone_afterwards(base: Path) -> None:
    with work_folder() as where:
        assert where.is_relative_to(base) and is_plain(where) and list(where.iterdir()) == []
        assert stat.S_IMODE(where.parent.stat().st_mode) == 0o700
        (where / "a" / "b").mkdir(parents=True)
        (where / "a" / "b" / "c").write_text("x")
        (where / "a" / "b").chmod(0o500)
    assert list(base.iterdir()) == []


def test_folder_is_gone_after_an_error(base: Path) -> None:
    with pytest.raises(ZeroDivisionError), work_folder() as where:
        (where / "x").write_text("x")
        raise ZeroDivisionError
    assert list(base.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next_and_what_another_uses_is_not(base: Path) -> None:
    children = [subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        folders = [Path(child.stdout.readline().strip()) for child in children if child.stdout is not None]
        children[0].send_signal(signal.SIGKILL)
        children[0].wait()
        assert folders[0].exists() and folders[1].exists()
        with work_folder() as own:
            assert not folders[0].parent.exists()
            assert (folders[1] / "netlist.v").read_text() == "module" and own.exists()
    finally:
        for child in children:
            child.kill()
            child.communicate()
    assert [path.name for path in base.iterdir()] == [folders[1].parent.name]


def test_folders_of_others_and_other_names_are_left_alone(base: Path) -> None:
    for name in ("thesis", "hlsexplore-work-young", "hlsexplore-work-old"):
        (base / name).mkdir()
        (base / name / "x").write_text("x")
    outside = base.parent / "outside"
    outside.mkdir()
    (base / "hlsexplore-work-link").symlink_to(outside)
    os.utime(base / "hlsexplore-work-old", (time.time() - 7200,) * 2)
    with work_folder():
        pass
    # Without a lock file only its age tells that a folder was left.
    assert sorted(path.name for path in base.iterdir()) == ["hlsexplore-work-link", "hlsexplore-work-young", "thesis"]
    assert outside.exists()


def test_usual_folder_for_temporary_files_is_taken_only_if_its_name_is_plain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HLSEXPLORE_WORK")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert work_base() == tmp_path.resolve()
    odd = tmp_path / "my $tmp"
    odd.mkdir()
    monkeypatch.setenv("TMPDIR", str(odd))
    assert is_plain(work_base()) and work_base() != odd
    (tmp_path / "link").symlink_to(odd)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "link"))
    assert is_plain(work_base().resolve())


@pytest.mark.parametrize("name", ["my work", "missing", "100%", "a\nb", "-a", "file"])
def test_variable_must_name_a_plain_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    if name == "file":
        (tmp_path / name).write_text("x")
    elif name != "missing":
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HLSEXPLORE_WORK", str(tmp_path / name))
    with pytest.raises(ToolError) as error, work_folder():
        pass
    assert str(error.value) == (
        f"HLSEXPLORE_WORK is set to {str(tmp_path / name)!r}, where tools cannot work: it must be a folder that you may "
        "write to and run programs in, its path of letters, digits, '_', '-', '.' and '/'."
    )
